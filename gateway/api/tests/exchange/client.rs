//! A WebSocket client on the loopback, and a copy of a book that it keeps from the `book` channel.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use cx_api::router;
use futures_util::{SinkExt, StreamExt};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::venue::{TestVenue, Trader};

/// Nothing on the loopback takes this long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

impl TestVenue {
    /// Serves the API on a free port of the loopback.
    pub async fn listen(&self) -> SocketAddr {
        self.serve(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// Like [`TestVenue::listen`], with small buffers, so that a slow reader is felt soon.
    pub fn listen_narrow(&self) -> SocketAddr {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_send_buffer_size(NARROW).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        self.serve(socket.listen(16).unwrap())
    }

    fn serve(&self, listener: TcpListener) -> SocketAddr {
        let address = listener.local_addr().unwrap();
        let service = router(self.state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        address
    }
}

/// Bytes of the socket buffers of a narrow connection.
const NARROW: u32 = 4_096;

/// A connection.
pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
    next_id: u64,
    unasked: VecDeque<Value>,
}

impl Client {
    pub async fn open(address: SocketAddr) -> Self {
        Self::try_open(address, None).await.unwrap()
    }

    /// Connects and authenticates.
    pub async fn of(address: SocketAddr, trader: &Trader) -> Self {
        let mut client = Self::open(address).await;
        client.ok("auth", json!({ "token": trader.token })).await;
        client
    }

    /// Connects and authenticates, with small buffers.
    pub async fn narrow(address: SocketAddr, trader: &Trader) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(NARROW).unwrap();
        let stream = socket.connect(address).await.unwrap();
        let (socket, _) = client_async(format!("ws://{address}/ws"), stream).await.unwrap();
        let mut client = Self { socket, next_id: 1, unasked: VecDeque::new() };
        client.ok("auth", json!({ "token": trader.token })).await;
        client
    }

    /// Connects, with a token in the header if there is one.
    pub async fn try_open(address: SocketAddr, token: Option<&str>) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/ws").into_client_request()?;
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let stream = TcpStream::connect(address).await?;
        let (socket, _) = client_async(request, stream).await?;
        Ok(Self { socket, next_id: 1, unasked: VecDeque::new() })
    }

    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    /// Sends a request and gives its id.
    pub async fn send(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send_text(json!({ "id": id, "method": method, "params": params }).to_string()).await;
        id
    }

    /// The next text, whatever it is; pings are answered on the way.
    pub async fn next(&mut self) -> Value {
        // One deadline for the whole wait: the server's pings must not prolong it.
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.socket.next()).await.expect("a message in time") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits for the answer to `id`; what else comes is kept. Answers may overtake each other, so it may be here already.
    pub async fn answer(&mut self, id: u64) -> Value {
        if let Some(place) = self.unasked.iter().position(|message| message["id"] == id) {
            return self.unasked.remove(place).unwrap();
        }
        loop {
            let message = self.next().await;
            if message["id"] == id {
                return message;
            }
            self.unasked.push_back(message);
        }
    }

    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        self.answer(id).await
    }

    /// The result of a call that must succeed.
    #[track_caller]
    pub fn ok(&mut self, method: &str, params: Value) -> impl Future<Output = Value> {
        let shown = format!("{method} {params}");
        async move {
            let answer = self.call(method, params).await;
            assert_eq!(answer["ok"], true, "{shown}: {answer}");
            for time in ["time_in", "time_out"] {
                let nanos: u64 = answer[time].as_str().unwrap().parse().unwrap();
                assert!(nanos > 1_700_000_000_000_000_000, "{answer}");
            }
            answer["result"].clone()
        }
    }

    /// The error code of a call that must be refused.
    pub async fn refused(&mut self, method: &str, params: Value) -> Value {
        let answer = self.call(method, params).await;
        assert_eq!(answer["ok"], false, "{answer}");
        answer["error"].clone()
    }

    /// The next message of a channel.
    pub async fn on(&mut self, channel: &str) -> Value {
        if let Some(place) = self.unasked.iter().position(|message| message["channel"] == channel) {
            return self.unasked.remove(place).unwrap();
        }
        loop {
            let message = self.next().await;
            if message["channel"] == channel {
                return message;
            }
            self.unasked.push_back(message);
        }
    }

    /// Reads until the connection ends: every text, and the server's close frame.
    pub async fn until_closed(&mut self) -> (Vec<Value>, Option<CloseFrame>) {
        let (mut texts, mut frame) = (Vec::new(), None);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.socket.next()).await.expect("an end in time") {
                Some(Ok(Message::Text(text))) => texts.push(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(closed))) => frame = closed,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (texts, frame),
            }
        }
    }

    /// The code and reason with which the server ends the connection.
    pub async fn closed(&mut self) -> (u16, String) {
        let frame = self.until_closed().await.1.expect("a close frame");
        (frame.code.into(), frame.reason.to_string())
    }
}

/// One side of a book from the best: price and quantity.
pub type Levels = Vec<(Decimal, Decimal)>;

/// A book kept from snapshots and updates, as a client would.
#[derive(Debug, Default)]
pub struct BookCopy {
    pub bids: BTreeMap<Decimal, Decimal>,
    pub asks: BTreeMap<Decimal, Decimal>,
    pub seq: u64,
    pub epoch: u64,
    pub snapshots: usize,
    pub updates: usize,
    tick: Decimal,
    lot: Decimal,
}

impl BookCopy {
    /// Takes a message of the channel: sequence numbers must chain and the checksum must be that of the copy.
    pub fn take(&mut self, message: &Value) {
        match message["type"].as_str().unwrap() {
            "snapshot" => {
                self.bids.clear();
                self.asks.clear();
                self.epoch = message["epoch"].as_u64().unwrap();
                self.tick = decimal(&message["tick_size"]);
                self.lot = decimal(&message["lot_size"]);
                self.snapshots += 1;
            }
            "update" => {
                assert_eq!(message["prev_seq"], self.seq, "no hole: {message}");
                assert_eq!(message["epoch"], self.epoch);
                self.updates += 1;
            }
            other => panic!("{other}"),
        }
        self.seq = message["seq"].as_u64().unwrap();
        for (side, levels) in [("bids", &mut self.bids), ("asks", &mut self.asks)] {
            for level in message[side].as_array().unwrap() {
                let (price, quantity) = (decimal(&level[0]), decimal(&level[1]));
                if quantity.is_zero() {
                    levels.remove(&price).expect("only a known level is removed");
                } else {
                    levels.insert(price, quantity);
                }
            }
        }
        if let Some(checksum) = message["checksum"].as_u64() {
            assert_eq!(checksum, u64::from(crc32(self.checksum_text().as_bytes())), "{message}\n{self:?}");
        }
    }

    /// The text under the checksum, made as `docs/websocket.md` says.
    fn checksum_text(&self) -> String {
        let level = |(price, quantity): (&Decimal, &Decimal)| {
            format!("{}:{}", (price / self.tick).normalize(), (quantity / self.lot).normalize())
        };
        let bids: Vec<_> = self.bids.iter().rev().take(10).map(level).collect();
        let asks: Vec<_> = self.asks.iter().take(10).map(level).collect();
        format!("{}|{}", bids.join(","), asks.join(","))
    }

    /// Both sides from the best, as pairs of texts.
    pub fn levels(&self) -> (Levels, Levels) {
        let pair = |(price, quantity): (&Decimal, &Decimal)| (*price, *quantity);
        (self.bids.iter().rev().map(pair).collect(), self.asks.iter().map(pair).collect())
    }
}

pub fn decimal(value: &Value) -> Decimal {
    match value {
        Value::String(text) => text.parse().unwrap(),
        Value::Number(number) => number.to_string().parse().unwrap(),
        other => panic!("{other} is no number"),
    }
}

/// CRC-32 as in zlib (polynomial 0xEDB88320), bit by bit, so that the test does not lean on the server's library.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[test]
fn the_crc_is_the_usual_one() {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
}
