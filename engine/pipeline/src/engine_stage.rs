//! The engine stage: applies commands one after another and hands their events to the output stage.
//!
//! It runs beside the journal stage on the same ring and may be ahead of it; the ack gate behind it holds events back
//! until their commands are durable. Buffers come back from the output stage, so nothing is allocated per order.

use crate::batch::EventBatch;
use crate::fatal::{FatalKind, Stage};
use crate::ring::{RingReader, Slot};
use crate::shared::{EVENT_BATCH_MAX, Shared};
use crate::waiting::{Step, Waiter};
use cx_engine::Event;
use cx_engine::Exchange;
use disruptor::Polling;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Most commands between two looks at the output stage.
const TAKE_MAX: usize = 256;

/// The engine stage.
pub(crate) struct EngineStage {
    shared: Arc<Shared>,
    reader: RingReader,
    engine: Engine,
    /// The batch being filled.
    open: EventBatch,
}

/// The exchange and what is needed to apply one command to it.
struct Engine {
    exchange: Exchange,
    audit_every: Option<NonZeroU64>,
    events: Vec<Event>,
}

impl Engine {
    fn next_due(&self) -> u64 {
        self.exchange.next_due().map_or(u64::MAX, cx_engine::units::Timestamp::nanos)
    }

    /// Applies the next command. An error is a failed audit.
    fn apply(&mut self, slot: &Slot, into: &mut EventBatch) -> Result<(), String> {
        let seq = self.exchange.seq().next();
        self.events.clear();
        let time = self.exchange.apply(seq, slot.record.stamp, &slot.record.command, &mut self.events);
        into.push(seq, time, slot.token, &self.events);
        match self.audit_every {
            Some(every) if seq.get() % every == 0 => {
                self.exchange.audit().map_err(|error| format!("the audit after seq {} found: {error}", seq.get()))
            }
            _ => Ok(()),
        }
    }
}

impl EngineStage {
    pub(crate) fn new(
        shared: Arc<Shared>,
        reader: RingReader,
        exchange: Exchange,
        audit_every: Option<NonZeroU64>,
    ) -> Self {
        let engine = Engine { exchange, audit_every, events: Vec::with_capacity(1_024) };
        shared.next_due.store(engine.next_due(), Ordering::Relaxed);
        Self { shared, reader, engine, open: EventBatch::with_capacity(256, 1_024) }
    }

    /// Runs until the ring is closed and drained, or something fails. Gives the exchange back.
    pub(crate) fn run(mut self, waiter: &Waiter) -> Exchange {
        loop {
            match self.step() {
                Step::Worked => {}
                Step::Idle => self.wait_for_work(waiter),
                Step::Done => return self.into_exchange(),
            }
        }
    }

    /// The exchange as it is.
    pub(crate) fn into_exchange(self) -> Exchange {
        self.engine.exchange
    }

    /// Applies what is in the ring, at most as much as fits the open batch, and hands over what it has.
    pub(crate) fn step(&mut self) -> Step {
        if self.shared.failed() {
            return Step::Done;
        }
        let worked = match self.take() {
            Ok(worked) => worked,
            Err(Polling::NoEvents) => false,
            Err(Polling::Shutdown) => {
                self.drain();
                return Step::Done;
            }
        };
        if self.hand_over() || worked { Step::Worked } else { Step::Idle }
    }

    fn take(&mut self) -> Result<bool, Polling> {
        let Self { shared, reader, engine, open } = self;
        let room = EVENT_BATCH_MAX - open.len();
        if room == 0 {
            return Ok(false);
        }
        let mut slots = reader.take(room.min(TAKE_MAX) as u64)?;
        for slot in &mut slots {
            if let Err(cause) = engine.apply(slot, open) {
                shared.fail(Stage::Engine, FatalKind::Audit, cause);
                return Ok(true);
            }
        }
        drop(slots);
        shared.next_due.store(engine.next_due(), Ordering::Relaxed);
        shared.applied.store(engine.exchange.seq());
        Ok(true)
    }

    fn wait_for_work(&self, waiter: &Waiter) {
        let Self { shared, reader, open, .. } = self;
        waiter.wait_until(|| {
            let has_room = open.len() < EVENT_BATCH_MAX;
            (has_room && (reader.has_available() || shared.gate.is_closed()))
                || shared.failed()
                || (!open.is_empty() && !shared.empty.is_empty())
        });
    }

    /// Passes the open batch on if an empty one is there to go on with; otherwise keeps filling it. Says whether it did.
    fn hand_over(&mut self) -> bool {
        let next = if self.open.is_empty() { None } else { self.shared.empty.pop() };
        next.map(|empty| self.pass_on(empty)).is_some()
    }

    fn pass_on(&mut self, next: EventBatch) {
        let full = std::mem::replace(&mut self.open, next);
        // The queue has one place more than there are buffers in circulation.
        assert!(self.shared.full.push(full).is_ok(), "more event batches in circulation than were made");
        self.shared.output_bell.notify();
    }

    /// The ring is at its end: passes on what is left and says so.
    fn drain(&mut self) {
        if !self.open.is_empty() {
            self.pass_on(EventBatch::default());
        }
        self.shared.engine_done.store(true, Ordering::Release);
        self.shared.output_bell.notify();
    }
}

#[cfg(test)]
mod tests;
