//! What waits to be written to one socket. The exchange's output thread, request handlers and the connection itself put
//! messages in; only the connection's writer takes them out. Putting never waits: a full queue either drops a book update
//! (a fresh snapshot follows when there is room) or closes the socket, because trades and private streams may not have
//! holes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::venue::BookView;

/// A message on its way out.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// Ready to be written; shared by all subscribers of a channel.
    Text(Utf8Bytes),
    /// A book snapshot, taken in the order of the updates and written out by the connection that asked for it.
    Book(Box<BookView>),
    /// A ping, to see whether the peer is alive.
    Ping,
}

impl Outgoing {
    /// An estimate of the bytes that the message will take.
    fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Book(view) => 256 + 40 * (view.bids.len() + view.asks.len()),
            Self::Ping => 2,
        }
    }
}

/// Why and how the server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// The WebSocket close code.
    pub code: u16,
    /// The reason text in the close frame.
    pub reason: &'static str,
    /// Whether what is queued is dropped instead of being written first.
    pub at_once: bool,
}

impl Close {
    /// The reader is too slow for streams that may not have holes.
    pub const SLOW_READER: Self = Self { code: 4000, reason: "slow_reader", at_once: true };
    /// The session behind the socket was revoked: logout, suspension, password or role change.
    pub const REVOKED: Self = Self { code: 4001, reason: "session_revoked", at_once: true };
    /// Nothing was heard from the peer for too long.
    pub const IDLE: Self = Self { code: 4002, reason: "idle_timeout", at_once: true };
    /// The account has as many connections as it may have.
    pub const TOO_MANY_CONNECTIONS: Self = Self { code: 4003, reason: "too_many_connections", at_once: false };
    /// More messages a second than permitted.
    pub const TOO_MANY_MESSAGES: Self = Self { code: 4004, reason: "too_many_messages", at_once: false };
    /// The server stops; it will be back.
    pub const SHUTDOWN: Self = Self { code: 1012, reason: "server_shutdown", at_once: false };
    /// A message longer than permitted.
    pub const TOO_BIG: Self = Self { code: 1009, reason: "message_too_big", at_once: false };
    /// The frame was not text.
    pub const NOT_TEXT: Self = Self { code: 1003, reason: "text_only", at_once: false };
    /// The text was not UTF-8.
    pub const NOT_UTF8: Self = Self { code: 1007, reason: "not_utf8", at_once: false };
    /// The peer broke the WebSocket protocol.
    pub const PROTOCOL: Self = Self { code: 1002, reason: "protocol_error", at_once: false };
    /// The peer asked for it, or is gone.
    pub const NORMAL: Self = Self { code: 1000, reason: "", at_once: false };
}

/// Bounds of one connection's queue.
#[derive(Debug, Clone, Copy)]
pub struct OutboxLimits {
    /// Most messages waiting; the next that may not be dropped closes the socket.
    pub messages_max: usize,
    /// Most bytes waiting.
    pub bytes_max: usize,
    /// From so many waiting messages on, book updates are left out until there is room again.
    pub conflate_from: usize,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self { messages_max: 4_096, bytes_max: 4 << 20, conflate_from: 256 }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It waits to be written.
    Queued,
    /// There was no room for an update that may be left out; a snapshot is due.
    LeftOut,
    /// The connection is ending.
    Closed,
}

/// What the writer does next.
#[derive(Debug)]
pub struct Turn {
    /// Messages to write, in order.
    pub messages: Vec<Outgoing>,
    /// Whether book updates were left out since the last turn.
    pub snapshots_due: bool,
    /// Set when the connection ends after these messages.
    pub close: Option<Close>,
}

#[derive(Debug, Default)]
struct Waiting {
    queue: VecDeque<Outgoing>,
    bytes: usize,
    snapshots_due: bool,
    close: Option<Close>,
}

/// One connection's queue of outgoing messages.
#[derive(Debug)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
    limits: OutboxLimits,
    wake: Notify,
    cut: Notify,
    ended: Notify,
}

/// Messages that the writer takes in one turn, so that it flushes once for many.
const TURN_MAX: usize = 64;

impl Outbox {
    /// An empty queue.
    pub fn new(limits: OutboxLimits) -> Self {
        Self { waiting: Mutex::default(), limits, wake: Notify::new(), cut: Notify::new(), ended: Notify::new() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here can panic half-way, so a poisoned queue is still whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a message that may not be lost: a reply, a trade, a private report, a snapshot. A full queue closes the
    /// connection as a slow reader.
    pub fn put(&self, message: Outgoing) -> Put {
        let waiting = self.waiting();
        if waiting.close.is_some() {
            return Put::Closed;
        }
        if waiting.queue.len() >= self.limits.messages_max || waiting.bytes >= self.limits.bytes_max {
            drop(waiting);
            self.close(Close::SLOW_READER);
            return Put::Closed;
        }
        self.queue(waiting, message);
        Put::Queued
    }

    /// Puts a book update, which a later snapshot can stand in for.
    pub fn put_update(&self, message: Outgoing) -> Put {
        let mut waiting = self.waiting();
        if waiting.close.is_some() {
            return Put::Closed;
        }
        if waiting.queue.len() >= self.limits.conflate_from || waiting.bytes >= self.limits.bytes_max {
            waiting.snapshots_due = true;
            return Put::LeftOut;
        }
        self.queue(waiting, message);
        Put::Queued
    }

    fn queue(&self, mut waiting: MutexGuard<'_, Waiting>, message: Outgoing) {
        waiting.bytes += message.weight();
        waiting.queue.push_back(message);
        drop(waiting);
        self.wake.notify_one();
    }

    /// Ends the connection; the first call's reason stands.
    pub fn close(&self, close: Close) {
        let mut waiting = self.waiting();
        if waiting.close.is_some() {
            return;
        }
        waiting.close = Some(close);
        if close.at_once {
            waiting.queue.clear();
            waiting.bytes = 0;
        }
        drop(waiting);
        if close.at_once {
            self.cut.notify_one();
        }
        self.ended.notify_one();
        self.wake.notify_one();
    }

    /// Waits until the connection ends for whatever reason. Only the connection's reader may call it.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Why the connection ends, once it does.
    pub fn closing(&self) -> Option<Close> {
        self.waiting().close
    }

    /// Waits until the connection is to end at once, even in the middle of a write.
    pub async fn cut(&self) {
        self.cut.notified().await;
    }

    /// Waits for something to do. Only the connection's writer may call it.
    pub async fn next(&self) -> Turn {
        loop {
            if let Some(turn) = self.take() {
                return turn;
            }
            self.wake.notified().await;
        }
    }

    /// What there is to do right now.
    pub(crate) fn take(&self) -> Option<Turn> {
        let mut waiting = self.waiting();
        let count = waiting.queue.len().min(TURN_MAX);
        let messages: Vec<_> = waiting.queue.drain(..count).collect();
        waiting.bytes -= messages.iter().map(Outgoing::weight).sum::<usize>().min(waiting.bytes);
        let drained = waiting.queue.is_empty();
        let snapshots_due = drained && std::mem::take(&mut waiting.snapshots_due);
        let close = if drained { waiting.close } else { None };
        (!messages.is_empty() || snapshots_due || close.is_some()).then_some(Turn { messages, snapshots_due, close })
    }
}

#[cfg(test)]
mod tests;
