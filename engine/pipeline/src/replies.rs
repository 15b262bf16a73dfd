//! Answers: who waits for which command.
//!
//! The sender of an answer is put into a slab before its command enters the ring, and the ring carries the place in the
//! slab. So whoever reads the ring finds the sender there, however fast it is, and slots stay small and `Copy`.

use crossbeam::queue::ArrayQueue;
use cx_engine::Event;
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio_sync::sync::oneshot;

/// What became of a command: it is durable and this is what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The command's position in the journal.
    pub seq: Seq,
    /// Engine time of the command.
    pub time: Timestamp,
    /// What happened, in order; at least one event.
    pub events: Vec<Event>,
}

impl Reply {
    /// The events that the command itself brought about, without what had become due before it; at least one.
    pub fn own(&self) -> &[Event] {
        cx_engine::event::own(&self.events)
    }
}

/// The pipeline ended before the answer came. The command may or may not be in the journal: after the restart, ask for
/// it by its client order id or reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the exchange stopped before it answered: the command may or may not have taken effect")]
pub struct Lost;

/// An answer that is on its way. Dropping it does not take the command back.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Reply>);

impl Pending {
    /// Blocks the calling thread until the answer is there. Not for use inside an async runtime: await it there.
    pub fn wait(self) -> Result<Reply, Lost> {
        self.0.blocking_recv().map_err(|_| Lost)
    }
}

impl Future for Pending {
    type Output = Result<Reply, Lost>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.map_err(|_| Lost))
    }
}

/// A place in the [`ReplyTable`], or none when nobody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token(u32);

impl Token {
    /// Nobody waits.
    pub const NONE: Self = Self(u32::MAX);
}

/// A slab of senders with a fixed number of places.
pub(crate) struct ReplyTable {
    places: Box<[Mutex<Option<oneshot::Sender<Reply>>>]>,
    free: ArrayQueue<Token>,
}

impl ReplyTable {
    /// A table for at most `places` waiters.
    pub(crate) fn new(places: usize) -> Self {
        let places = u32::try_from(places.max(1)).expect("in-flight limits are far below 2^32");
        let free = ArrayQueue::new(places as usize);
        for place in 0..places {
            free.push(Token(place)).expect("the queue has one entry per place");
        }
        Self { places: (0..places).map(|_| Mutex::new(None)).collect(), free }
    }

    /// Takes a place for a new waiter; `None` when all are taken.
    pub(crate) fn register(&self) -> Option<(Token, Pending)> {
        let token = self.free.pop()?;
        let (sender, receiver) = oneshot::channel();
        *self.place(token) = Some(sender);
        Some((token, Pending(receiver)))
    }

    /// Answers and frees the place. The answer is made only if somebody waits still.
    pub(crate) fn complete(&self, token: Token, reply: impl FnOnce() -> Reply) {
        if token == Token::NONE {
            return;
        }
        let sender = self.place(token).take();
        if let Some(sender) = sender {
            if !sender.is_closed() {
                // A waiter that leaves right now is as good as one that left before.
                drop(sender.send(reply()));
            }
            self.release(token);
        }
    }

    /// Frees the place of a command that was not taken.
    pub(crate) fn forget(&self, token: Token) {
        if token != Token::NONE && self.place(token).take().is_some() {
            self.release(token);
        }
    }

    /// Tells all waiters that no answer will come.
    pub(crate) fn abandon_all(&self) {
        for place in &self.places {
            drop(place.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.places.len() - self.free.len()
    }

    fn place(&self, token: Token) -> MutexGuard<'_, Option<oneshot::Sender<Reply>>> {
        self.places[token.0 as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self, token: Token) {
        self.free.push(token).expect("a token is freed once, so the queue has room for it");
    }
}

#[cfg(test)]
mod tests;
