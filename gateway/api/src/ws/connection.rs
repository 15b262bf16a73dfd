//! One socket: a reader that takes requests in the order of their arrival, and a writer that empties the outbox. Neither
//! waits for the other, so a peer that does not read cannot keep the reader from noticing that it is gone, and answers that
//! are slow to come do not hold up the requests behind them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cx_identity::{Principal, Revoked};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::broadcast::Receiver;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};

use super::handshake::Socket;
use super::messages;
use super::methods::Session;
use super::outbox::{Close, Outbox, Outgoing, Turn};
use super::sockets::Bucket;
use crate::state::AppState;
use crate::venue::{ConnectionId, wall_nanos};

/// How long, and how much, a peer's last words are listened to after the farewell.
const LINGER_MAX: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 1 << 20;

/// Serves a socket until it ends. `owner` is the user that authenticated at the upgrade, if any.
pub(super) async fn serve(
    state: AppState,
    socket: Socket,
    (id, outbox): (ConnectionId, Arc<Outbox>),
    owner: Option<Principal>,
    revocations: Receiver<Revoked>,
) {
    let (sink, mut stream) = socket.split();
    let mut writer = tokio::spawn(write(state.clone(), sink, id, Arc::clone(&outbox)));
    let mut session = Session::new(state.clone(), id, Arc::clone(&outbox));
    if let Some(owner) = owner
        && !session.claim(owner)
    {
        outbox.close(Close::TOO_MANY_CONNECTIONS);
    }
    tokio::select! {
        close = read(&mut session, &mut stream, &state, revocations) => outbox.close(close),
        () = outbox.ended() => {}
    }
    state.venue.leave_all(id);
    // The writer ends by itself, unless the peer does not read.
    let written = timeout(state.sockets.limits().farewell_max * 2, &mut writer).await;
    state.sockets.leave(id);
    match written {
        Ok(Ok(sink)) => linger(sink, stream).await,
        Ok(Err(error)) => tracing::warn!(%error, "a WebSocket writer ended badly"),
        Err(_) => writer.abort(),
    }
}

/// Takes requests until the connection ends; gives the reason.
async fn read(
    session: &mut Session,
    stream: &mut SplitStream<Socket>,
    state: &AppState,
    mut revocations: Receiver<Revoked>,
) -> Close {
    let limits = *state.sockets.limits();
    let mut bucket = Bucket::new(limits.messages_per_second, limits.messages_burst, Instant::now());
    loop {
        let next = tokio::select! {
            next = timeout(limits.idle_max, stream.next()) => next,
            revoked = revocations.recv() => {
                if session.is_hit_by(revoked) {
                    return Close::REVOKED;
                }
                continue;
            }
            () = state.sockets.stopping() => {
                // Commands that were taken are still answered.
                drop(timeout(limits.farewell_max, session.settled()).await);
                return Close::SHUTDOWN;
            }
        };
        let Ok(next) = next else { return Close::IDLE };
        let time_in = wall_nanos();
        match next {
            None | Some(Ok(Message::Close(_))) => return Close::NORMAL,
            Some(Ok(Message::Text(text))) => {
                if !bucket.take(Instant::now()) {
                    return Close::TOO_MANY_MESSAGES;
                }
                session.request(text.as_str(), time_in).await;
            }
            Some(Ok(Message::Binary(_))) => return Close::NOT_TEXT,
            // Pings are answered by the library; what arrives at all shows that the peer is alive.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => return reason_for(&error),
        }
    }
}

fn reason_for(error: &WsError) -> Close {
    match error {
        WsError::Capacity(CapacityError::MessageTooLong { .. }) => Close::TOO_BIG,
        WsError::Utf8(_) => Close::NOT_UTF8,
        WsError::Protocol(_) => Close::PROTOCOL,
        _ => Close::NORMAL,
    }
}

/// Closing a socket with unread bytes in it makes the system tell the peer "reset", which may overtake the close frame. So
/// what the peer still sends is read and dropped until it is done, within bounds.
async fn linger(sink: SplitSink<Socket, Message>, stream: SplitStream<Socket>) {
    let Ok(mut socket) = sink.reunite(stream) else { return };
    let io = socket.get_mut();
    let drain = async {
        let (mut buffer, mut left) = (vec![0; 8 << 10], LINGER_BYTES_MAX);
        io.shutdown().await?;
        while left > 0 {
            match io.read(&mut buffer).await? {
                0 => break,
                count => left = left.saturating_sub(count),
            }
        }
        std::io::Result::Ok(())
    };
    drop(timeout(LINGER_MAX, drain).await);
}

/// Empties the outbox until the connection ends, then says why. Gives the sink back.
async fn write(
    state: AppState,
    mut sink: SplitSink<Socket, Message>,
    id: ConnectionId,
    outbox: Arc<Outbox>,
) -> SplitSink<Socket, Message> {
    let limits = *state.sockets.limits();
    let close = match write_all(&state, &mut sink, id, &outbox).await {
        Ok(close) => close,
        Err(error) => {
            tracing::debug!(%error, "a WebSocket could not be written to");
            outbox.close(Close::NORMAL);
            return sink;
        }
    };
    let frame = CloseFrame { code: close.code.into(), reason: Utf8Bytes::from_static(close.reason) };
    // A peer that does not read cannot be told; it is dropped after a while.
    let farewell = async {
        sink.send(Message::Close(Some(frame))).await?;
        sink.close().await
    };
    if let Ok(Err(error)) = timeout(limits.farewell_max, farewell).await {
        tracing::debug!(%error, "a WebSocket ended without a farewell");
    }
    sink
}

async fn write_all(
    state: &AppState,
    sink: &mut SplitSink<Socket, Message>,
    id: ConnectionId,
    outbox: &Outbox,
) -> Result<Close, WsError> {
    let mut ping = interval(state.sockets.limits().ping_every);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ping.tick().await; // the first tick is immediate
    loop {
        let turn = tokio::select! {
            turn = outbox.next() => turn,
            _ = ping.tick() => Turn { messages: vec![Outgoing::Ping], snapshots_due: false, close: None },
        };
        tokio::select! {
            biased;
            () = outbox.cut() => return Ok(outbox.closing().unwrap_or(Close::NORMAL)),
            written = write_turn(sink, turn.messages) => written?,
        }
        if turn.snapshots_due {
            state.venue.catch_up(id);
        }
        if let Some(close) = turn.close {
            return Ok(close);
        }
    }
}

async fn write_turn(sink: &mut SplitSink<Socket, Message>, messages: Vec<Outgoing>) -> Result<(), WsError> {
    for message in messages {
        let message = match message {
            Outgoing::Text(text) => Message::Text(text),
            Outgoing::Book(view) => Message::Text(messages::book_snapshot(&view)),
            Outgoing::Ping => Message::Ping(Bytes::new()),
        };
        sink.feed(message).await?;
    }
    sink.flush().await
}
