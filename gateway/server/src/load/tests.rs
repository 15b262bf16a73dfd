//! One connection against a server that does what the test says, over real sockets on loopback.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::acks::Acks;
use super::client::socket;
use super::flow::{Action, NewOrder, Planned, Side};
use super::measure::{Kind, Meter, Outcome};
use super::session::{self, Quote, Run};

type Peer = WebSocketStream<TcpStream>;

/// A run with a connection to a server under the test's control.
struct Bench {
    run: Run,
    lane: mpsc::Sender<Planned>,
    session: JoinHandle<bool>,
    peer: Peer,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new(sweep: bool) -> Self {
        Self::with_patience(sweep, Duration::from_mins(1)).await
    }

    async fn with_patience(sweep: bool, patience: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accepted = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            tokio_tungstenite::accept_async(stream).await.unwrap()
        });
        let halves = socket::open(&url, "token").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let quote = Quote { symbol: "VCS-1-2020-USD".into(), tick: Decimal::new(1, 2), lot: Decimal::ONE };
        let run = Run {
            name: "r".into(),
            start: Instant::now(),
            contracts: vec![quote].into(),
            meter: Meter::new(Duration::from_mins(1), Duration::ZERO),
            acks: Some(Arc::new(Acks::create(&folder.path().join("acks")).unwrap())),
            patience,
        };
        let (lane, planned) = mpsc::channel(64);
        let session = tokio::spawn(session::run(run.clone(), halves, planned, sweep));
        Self { run, lane, session, peer: accepted.await.unwrap(), folder }
    }

    async fn plan(&self, action: Action) -> Duration {
        let due = self.run.start.elapsed();
        self.lane.send(Planned { due, seat: 0, action }).await.unwrap();
        due
    }

    async fn request(&mut self) -> Value {
        let message = self.peer.next().await.unwrap().unwrap();
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    async fn answer(&mut self, request: &Value, code: Option<&str>) {
        let answer = match code {
            None => json!({"id": request["id"], "ok": true, "result": {}}),
            Some(code) => json!({"id": request["id"], "ok": false, "error": {"code": code, "message": ""}}),
        };
        self.peer.send(Message::text(answer.to_string())).await.unwrap();
    }

    /// Ends the schedule; gives whether the connection lasted, and the lines of the file of acknowledged orders.
    async fn finish(self) -> (bool, Vec<String>) {
        drop(self.lane);
        let goodbye = tokio::spawn(async move {
            let mut peer = self.peer;
            while let Some(Ok(_)) = peer.next().await {}
        });
        let lasted = self.session.await.unwrap();
        goodbye.await.unwrap();
        self.run.acks.unwrap().finish().unwrap();
        let text = std::fs::read_to_string(self.folder.path().join("acks")).unwrap();
        (lasted, text.lines().map(str::to_owned).collect())
    }
}

fn place(number: u64) -> Action {
    Action::Place(NewOrder { number, contract: 0, side: Side::Buy, ticks: 2_550, lots: 10, ioc: false })
}

fn counts(run: &Run, kind: Kind) -> ([u64; 3], u64) {
    let all = run.meter.lock();
    (all.kinds[&kind].outcomes, all.kinds[&kind].latency.len())
}

#[tokio::test]
async fn orders_are_written_in_decimals_and_acknowledged_ones_go_to_the_file() {
    let mut bench = Bench::new(false).await;
    let run = bench.run.clone();
    bench.plan(place(1)).await;
    bench.plan(place(2)).await;
    let (one, two) = (bench.request().await, bench.request().await);
    assert_eq!(
        one["params"],
        json!({"symbol": "VCS-1-2020-USD", "side": "buy", "order_type": "limit", "time_in_force": "GTC",
               "price": "25.50", "quantity": "10", "client_order_id": "r-1"})
    );
    bench.answer(&two, None).await;
    bench.answer(&one, Some("insufficient_funds")).await;
    let (lasted, acks) = bench.finish().await;
    assert!(lasted);
    assert_eq!(acks, ["r-2"]);
    assert_eq!(counts(&run, Kind::Place), ([1, 1, 0], 2));
}

#[tokio::test]
async fn changes_wait_until_their_order_is_known_and_their_clock_starts_then() {
    let mut bench = Bench::new(false).await;
    let run = bench.run.clone();
    let placed = bench.plan(place(1)).await;
    bench.plan(Action::Amend { number: 1, contract: 0, ticks: 2_551, lots: 12 }).await;
    bench.plan(Action::Cancel { number: 1 }).await;
    bench.plan(place(2)).await;
    let (one, two) = (bench.request().await, bench.request().await);
    assert_eq!([&one["method"], &two["method"]], ["order.place", "order.place"], "the changes are held");
    bench.answer(&two, None).await;
    while run.start.elapsed() < placed + Duration::from_millis(50) {
        tokio::task::yield_now().await;
    }
    let known = run.start.elapsed();
    bench.answer(&one, None).await;
    let (amend, cancel) = (bench.request().await, bench.request().await);
    assert_eq!(amend["params"], json!({"client_order_id": "r-1", "price": "25.51", "quantity": "12"}));
    assert_eq!((&cancel["method"], &cancel["params"]), (&json!("order.cancel"), &json!({"client_order_id": "r-1"})));
    bench.answer(&amend, None).await;
    bench.answer(&cancel, Some("order_not_open")).await;
    assert!(bench.finish().await.0);
    let end = run.start.elapsed();
    assert_eq!((counts(&run, Kind::Amend), counts(&run, Kind::Cancel)), (([1, 0, 0], 1), ([0, 1, 0], 1)));
    // The place is charged from its schedule, the amend only from the answer to the place.
    let longest = |kind| Duration::from_nanos(run.meter.lock().kinds[&kind].latency.max());
    assert!(longest(Kind::Place) >= Duration::from_millis(49));
    assert!(longest(Kind::Amend) <= end.saturating_sub(known));
}

#[tokio::test]
async fn latency_counts_from_the_schedule_however_late_the_message_went_out() {
    let mut bench = Bench::new(false).await;
    let run = bench.run.clone();
    // Due at the very start, handed over 30 ms later: the delay is the message's, not the clock's.
    while run.start.elapsed() < Duration::from_millis(30) {
        tokio::task::yield_now().await;
    }
    bench.lane.send(Planned { due: Duration::ZERO, seat: 0, action: place(1) }).await.unwrap();
    let request = bench.request().await;
    bench.answer(&request, None).await;
    assert!(bench.finish().await.0);
    let figured = run.meter.lock();
    assert!(figured.kinds[&Kind::Place].latency.min() >= 29_000_000);
    assert!(figured.delay.min() >= 29_000_000);
}

#[tokio::test]
async fn a_lost_connection_counts_everything_that_is_open_once() {
    let mut bench = Bench::new(true).await;
    let run = bench.run.clone();
    bench.plan(place(1)).await;
    bench.plan(place(2)).await;
    bench.plan(Action::Cancel { number: 2 }).await;
    let one = bench.request().await;
    bench.request().await;
    bench.answer(&one, None).await;
    let Bench { session, peer, lane, .. } = bench;
    drop(peer); // as a killed server does
    assert!(!session.await.unwrap());
    assert!(lane.is_closed());
    let figured = run.meter.lock();
    assert_eq!(figured.total(Outcome::Error) + figured.total(Outcome::Ok), 3);
    assert_eq!(figured.kinds[&Kind::Cancel].codes.get("not_sent"), Some(&1));
    let lost = figured.kinds[&Kind::Place].codes.get("connection_lost").copied().unwrap_or_default();
    assert_eq!(lost + figured.total(Outcome::Ok), 2);
}

#[tokio::test]
async fn a_sweep_cancels_everything_after_the_last_answer_and_is_not_measured() {
    let mut bench = Bench::new(true).await;
    let run = bench.run.clone();
    bench.plan(place(1)).await;
    let one = bench.request().await;
    let Bench { session, mut peer, lane, .. } = bench;
    drop(lane);
    let (answered, wait) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        peer.send(Message::text(json!({"id": one["id"], "ok": true}).to_string())).await.unwrap();
        answered.send(()).unwrap();
        let sweep = peer.next().await.unwrap().unwrap();
        let sweep: Value = serde_json::from_str(sweep.to_text().unwrap()).unwrap();
        assert_eq!(sweep["method"], "order.cancel_all");
        peer.send(Message::text(json!({"id": sweep["id"], "ok": true}).to_string())).await.unwrap();
        while let Some(Ok(_)) = peer.next().await {}
    });
    wait.await.unwrap();
    assert!(session.await.unwrap());
    server.await.unwrap();
    assert_eq!(counts(&run, Kind::Cancel), ([0, 0, 0], 0));
}

#[tokio::test]
async fn a_server_that_goes_away_during_the_sweep_fails_no_message() {
    let mut bench = Bench::new(true).await;
    let run = bench.run.clone();
    bench.plan(place(1)).await;
    let one = bench.request().await;
    bench.answer(&one, None).await;
    let Bench { session, mut peer, lane, .. } = bench;
    drop(lane);
    peer.next().await.unwrap().unwrap();
    drop(peer);
    assert!(!session.await.unwrap());
    assert_eq!(run.meter.lock().total(Outcome::Error), 0);
}

#[tokio::test]
async fn answers_that_never_come_are_given_up_in_bounded_time() {
    let mut bench = Bench::with_patience(false, Duration::from_millis(20)).await;
    let run = bench.run.clone();
    bench.plan(place(1)).await;
    bench.request().await;
    assert!(bench.finish().await.0, "the connection was there to the end");
    assert_eq!(run.meter.lock().kinds[&Kind::Place].codes["no_answer"], 1);
}
