//! Every open WebSocket: who owns it, and how to end it from outside (revoked session, shutdown).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cx_identity::Principal;
use tokio::sync::{Notify, watch};

use super::messages;
use super::outbox::{Outbox, OutboxLimits, Outgoing};
use crate::venue::ConnectionId;

/// Bounds of sockets; all can be configured.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    /// The longest message that is read, in bytes.
    pub message_bytes_max: usize,
    /// Connections of one account.
    pub connections_per_account: usize,
    /// Connections of all, those without an account included.
    pub connections_max: usize,
    /// Subscriptions of one connection.
    pub subscriptions_max: usize,
    /// Commands of one connection that await their answers; more wait in the client's socket.
    pub in_flight_max: usize,
    /// Messages a second that one connection may send, in the long run.
    pub messages_per_second: u32,
    /// Messages that it may send at once.
    pub messages_burst: u32,
    /// How often the server pings.
    pub ping_every: Duration,
    /// How long a peer may be silent.
    pub idle_max: Duration,
    /// How long the server waits for a peer to take the last messages of a connection that ends.
    pub farewell_max: Duration,
    /// Bounds of what waits to be written.
    pub outbox: OutboxLimits,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            message_bytes_max: 64 << 10,
            connections_per_account: 10,
            connections_max: 10_000,
            subscriptions_max: 200,
            in_flight_max: 1_024,
            messages_per_second: 5_000,
            messages_burst: 10_000,
            ping_every: Duration::from_secs(20),
            idle_max: Duration::from_mins(1),
            farewell_max: Duration::from_secs(5),
            outbox: OutboxLimits::default(),
        }
    }
}

#[derive(Debug)]
struct Entry {
    outbox: Arc<Outbox>,
    owner: Option<Principal>,
}

/// The open sockets.
#[derive(Debug)]
pub struct Sockets {
    limits: SocketLimits,
    next: AtomicU64,
    closing: AtomicBool,
    open: Mutex<HashMap<ConnectionId, Entry>>,
    none_left: Notify,
    stop: watch::Sender<bool>,
}

impl Sockets {
    /// None open yet.
    pub fn new(limits: SocketLimits) -> Self {
        Self {
            limits,
            next: AtomicU64::new(1),
            closing: AtomicBool::new(false),
            open: Mutex::default(),
            none_left: Notify::new(),
            stop: watch::Sender::new(false),
        }
    }

    /// The bounds in force.
    pub const fn limits(&self) -> &SocketLimits {
        &self.limits
    }

    /// Whether the server is shutting down: commands are refused.
    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.open().len()
    }

    /// Tells everybody that the server stops, lets each socket write the answers to the commands that it has in flight,
    /// ends it, and waits until none is left. No socket opens from here on. The pipeline must still be running, or be drained.
    pub async fn shut_down(&self) {
        self.announce_shutdown();
        self.stop.send_replace(true);
        loop {
            let none_left = self.none_left.notified();
            tokio::pin!(none_left);
            none_left.as_mut().enable();
            if self.count() == 0 {
                return;
            }
            none_left.await;
        }
    }

    /// Tells everybody that the server is about to stop, and refuses commands from here on; sockets stay open for the
    /// answers that are still to come. First half of [`Sockets::shut_down`].
    pub fn announce_shutdown(&self) {
        if self.closing.swap(true, Ordering::AcqRel) {
            return;
        }
        let notice = messages::server_shutdown();
        for entry in self.open().values() {
            entry.outbox.put(Outgoing::Text(notice.clone()));
        }
    }

    /// Waits until the sockets are to end.
    pub(super) async fn stopping(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives in here, so waiting cannot fail before it is told.
        drop(stop.wait_for(|stop| *stop).await);
    }

    /// Opens one; `None` when there are too many, or none may open any more.
    pub(super) fn enter(&self) -> Option<(ConnectionId, Arc<Outbox>)> {
        let mut open = self.open();
        if self.is_closing() || open.len() >= self.limits.connections_max {
            return None;
        }
        let id = ConnectionId(self.next.fetch_add(1, Ordering::Relaxed));
        let outbox = Arc::new(Outbox::new(self.limits.outbox));
        open.insert(id, Entry { outbox: Arc::clone(&outbox), owner: None });
        Some((id, outbox))
    }

    /// Notes whose socket it is; `false` when the account has as many as it may have.
    pub(super) fn claim(&self, id: ConnectionId, owner: Principal) -> bool {
        let mut open = self.open();
        let of_account = |entry: &Entry| entry.owner.is_some_and(|other| other.account == owner.account);
        let others = open.iter().filter(|&(&other, entry)| other != id && of_account(entry)).count();
        if others >= self.limits.connections_per_account {
            return false;
        }
        if let Some(entry) = open.get_mut(&id) {
            entry.owner = Some(owner);
        }
        true
    }

    pub(super) fn leave(&self, id: ConnectionId) {
        let mut open = self.open();
        open.remove(&id);
        if open.is_empty() {
            self.none_left.notify_waiters();
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<ConnectionId, Entry>> {
        // Nothing in here can panic half-way, so a poisoned map is still whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Messages a second, as a bucket of tokens that refills evenly.
#[derive(Debug)]
pub(super) struct Bucket {
    /// Billionths of a token.
    level: u128,
    full: u128,
    per_nano: u128,
    at: std::time::Instant,
}

const TOKEN: u128 = 1_000_000_000;

impl Bucket {
    /// A full bucket.
    pub(super) fn new(per_second: u32, burst: u32, now: std::time::Instant) -> Self {
        let full = u128::from(burst.max(1)) * TOKEN;
        Self { level: full, full, per_nano: u128::from(per_second), at: now }
    }

    /// Takes a token; `false` when there is none.
    pub(super) fn take(&mut self, now: std::time::Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_nanos();
        self.at = now;
        self.level = (self.level + passed * self.per_nano).min(self.full);
        let enough = self.level >= TOKEN;
        if enough {
            self.level -= TOKEN;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(2, 3, start);
        assert_eq!((0..5).filter(|_| bucket.take(start)).count(), 3);
        assert!(!bucket.take(start + Duration::from_millis(499)));
        assert!(bucket.take(start + Duration::from_millis(500)));
        assert_eq!((0..9).filter(|_| bucket.take(start + Duration::from_hours(1))).count(), 3);
    }
}
