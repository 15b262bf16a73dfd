//! The entrance: any thread submits commands; each gets the next position of the journal or a refusal at once.

use crate::eventcount::EventCount;
use crate::ports::Clock;
use crate::replies::{Pending, Token};
use crate::ring::{RingProducer, Slot};
use crate::shared::Shared;
use crossbeam::utils::CachePadded;
use cx_engine::ids::Seq;
use cx_engine::{Command, CommandRecord};
use disruptor::Producer;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// Why a command was not taken. Nothing of it remains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The ring is full, or as many commands as the settings allow await their answers.
    #[error("the exchange is overloaded: try again in a moment")]
    Overloaded,
    /// The exchange is shutting down, or has failed.
    #[error("the exchange is shutting down")]
    ShuttingDown,
}

/// Submits commands. Cheap to clone; all clones feed the same ring.
#[derive(Clone)]
pub struct Sequencer {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
}

impl Sequencer {
    pub(crate) fn new(shared: Arc<Shared>, clock: Arc<dyn Clock>) -> Self {
        Self { shared, clock }
    }

    /// Stamps the command, gives it the next position and returns its answer to come. Never waits for the stages.
    pub fn submit(&self, command: Command) -> Result<Pending, SubmitError> {
        let shared = &*self.shared;
        let Some((token, pending)) = shared.replies.register() else {
            return Err(self.refuse());
        };
        match self.publish(command, token) {
            Ok(_) => Ok(pending),
            Err(refusal) => {
                shared.replies.forget(token);
                Err(refusal)
            }
        }
    }

    /// [`Sequencer::submit`] for a command whose answer nobody waits for. Gives the position it took.
    pub fn submit_unanswered(&self, command: Command) -> Result<Seq, SubmitError> {
        self.publish(command, Token::NONE)
    }

    /// Submits several commands at once: they take positions without a gap between them, in their order and with one stamp,
    /// or none of them is taken. Never waits for the stages. More commands than the ring has slots are always refused.
    pub fn submit_batch(&self, commands: &[Command]) -> Result<Vec<Pending>, SubmitError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let shared = &*self.shared;
        cx_failpoint::pass(cx_failpoint::Point::Parsed);
        let stamp = self.clock.now();
        let mut slots = Vec::with_capacity(commands.len());
        let mut answers = Vec::with_capacity(commands.len());
        for &command in commands {
            let Some((token, pending)) = shared.replies.register() else { break };
            slots.push(Slot { record: CommandRecord { stamp, command }, token });
            answers.push(pending);
        }
        let published = if slots.len() == commands.len() { shared.gate.publish_all(&slots) } else { Some(Err(NoRoom)) };
        match published {
            Some(Ok(_)) => {
                EventCount::notify_each(&[&shared.journal_bell, &shared.engine_bell]);
                return Ok(answers);
            }
            Some(Err(NoRoom)) | None => slots.iter().for_each(|slot| shared.replies.forget(slot.token)),
        }
        Err(if published.is_none() { SubmitError::ShuttingDown } else { self.refuse() })
    }

    fn publish(&self, command: Command, token: Token) -> Result<Seq, SubmitError> {
        let shared = &*self.shared;
        cx_failpoint::pass(cx_failpoint::Point::Parsed);
        let record = CommandRecord { stamp: self.clock.now(), command };
        match shared.gate.publish(&Slot { record, token }) {
            Some(Ok(seq)) => {
                EventCount::notify_each(&[&shared.journal_bell, &shared.engine_bell]);
                Ok(seq)
            }
            Some(Err(disruptor::RingBufferFull)) => Err(self.refuse()),
            None => Err(SubmitError::ShuttingDown),
        }
    }

    #[cold]
    fn refuse(&self) -> SubmitError {
        if self.shared.gate.is_closed() {
            return SubmitError::ShuttingDown;
        }
        self.shared.refused.fetch_add(1, Ordering::Relaxed);
        SubmitError::Overloaded
    }
}

/// The ring has fewer free slots than were wanted.
struct NoRoom;

/// The producers of the ring, one behind each door. A thread takes its own door, or the next that is free, so threads
/// meet at a lock only when there are more of them at work than doors.
pub(crate) struct Gate {
    doors: Box<[CachePadded<Door>]>,
    base: Seq,
    closed: AtomicBool,
}

struct Door {
    /// Gone once the gate is closed: nothing can enter the ring then.
    producer: Mutex<Option<RingProducer>>,
    /// The last position taken here.
    last: AtomicU64,
}

thread_local! {
    static OWN_DOOR: Cell<usize> = Cell::new({
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    });
}

impl Gate {
    pub(crate) fn new(producer: RingProducer, base: Seq) -> Self {
        let doors = std::thread::available_parallelism().map_or(4, usize::from).clamp(2, 16);
        let door = |producer| {
            CachePadded::new(Door { producer: Mutex::new(Some(producer)), last: AtomicU64::new(base.get()) })
        };
        let mut all: Vec<_> = (1..doors).map(|_| door(producer.clone())).collect();
        all.push(door(producer));
        Self { doors: all.into_boxed_slice(), base, closed: AtomicBool::new(false) }
    }

    /// Puts a slot into the ring: its position, or an error when the ring is full. `None` when the gate is closed.
    fn publish(&self, slot: &Slot) -> Option<Result<Seq, disruptor::RingBufferFull>> {
        let (door, mut producer) = self.enter();
        let published = producer.as_mut()?.try_publish(|place| *place = *slot);
        Some(published.map(|position| {
            let seq = self.seq_at(position);
            door.last.store(seq.get(), Ordering::Release);
            seq
        }))
    }

    /// Puts several slots into the ring, one right after the other: the last one's position, or an error when not all of
    /// them have room. `None` when the gate is closed.
    fn publish_all(&self, slots: &[Slot]) -> Option<Result<Seq, NoRoom>> {
        let (door, mut producer) = self.enter();
        let published = producer.as_mut()?.try_batch_publish(slots.len(), |places| {
            for (place, slot) in places.zip(slots) {
                *place = *slot;
            }
        });
        Some(published.map_err(|_| NoRoom).map(|position| {
            let seq = self.seq_at(position);
            door.last.store(seq.get(), Ordering::Release);
            seq
        }))
    }

    fn seq_at(&self, position: disruptor::Sequence) -> Seq {
        let position = u64::try_from(position).expect("ring positions count from 0");
        Seq::new(self.base.get() + position + 1)
    }

    fn enter(&self) -> (&Door, MutexGuard<'_, Option<RingProducer>>) {
        let own = OWN_DOOR.with(Cell::get) % self.doors.len();
        let (before, from_own) = self.doors.split_at(own);
        for door in from_own.iter().chain(before) {
            match door.producer.try_lock() {
                Ok(producer) => return (door, producer),
                Err(TryLockError::Poisoned(poisoned)) => return (door, poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let door = &self.doors[own];
        (door, door.producer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the producers away. What entered before stays; the readers then find the end of the ring.
    pub(crate) fn close(&self) {
        for door in &self.doors {
            drop(door.producer.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
        self.closed.store(true, Ordering::Release);
    }

    /// Whether the gate is closed and all readers can see the end of the ring.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The last position that was taken.
    pub(crate) fn sequenced(&self) -> Seq {
        let last = self.doors.iter().map(|door| door.last.load(Ordering::Acquire)).max();
        Seq::new(last.unwrap_or(self.base.get()))
    }
}
