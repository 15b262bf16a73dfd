//! The journal stage: takes whatever is in the ring, makes it durable as one batch, moves the durable cursor.
//!
//! There is no timer: what arrives during a sync is the next batch, so batches grow with load by themselves.

use crate::fatal::{FatalKind, Stage};
use crate::ports::Journal;
use crate::ring::RingReader;
use crate::shared::Shared;
use crate::waiting::{Step, Waiter};
use cx_engine::CommandRecord;
use cx_engine::ids::Seq;
use cx_failpoint::Point;
use disruptor::Polling;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// The journal stage.
pub(crate) struct JournalStage {
    shared: Arc<Shared>,
    reader: RingReader,
    journal: Box<dyn Journal>,
    batch: Vec<CommandRecord>,
    batch_max: usize,
    /// The last command that was appended.
    last: Seq,
}

impl JournalStage {
    pub(crate) fn new(shared: Arc<Shared>, reader: RingReader, journal: Box<dyn Journal>, batch_max: usize) -> Self {
        let last = shared.base;
        Self { shared, reader, journal, batch: Vec::with_capacity(batch_max), batch_max, last }
    }

    /// Runs until the ring is closed and drained, or something fails.
    pub(crate) fn run(mut self, waiter: &Waiter) {
        loop {
            match self.step() {
                Step::Worked => {}
                Step::Idle => {
                    let (shared, reader) = (&self.shared, &self.reader);
                    waiter.wait_until(|| reader.has_available() || shared.gate.is_closed() || shared.failed());
                }
                Step::Done => return,
            }
        }
    }

    /// Makes what is in the ring durable. Waits for nothing but the journal.
    pub(crate) fn step(&mut self) -> Step {
        if self.shared.failed() {
            return Step::Done;
        }
        let Self { shared, reader, journal, batch, batch_max, last } = self;
        batch.clear();
        cx_failpoint::pass_if(Point::InRing, || reader.has_available());
        // The slots are free again as soon as they are copied: the ring takes new work during the sync.
        let taken = reader.take(*batch_max as u64);
        match taken.map(|mut slots| batch.extend((&mut slots).map(|slot| slot.record))) {
            Ok(()) => {}
            Err(Polling::NoEvents) => return Step::Idle,
            Err(Polling::Shutdown) => return self.close(),
        }
        let first = last.next();
        *last = Seq::new(last.get() + batch.len() as u64);
        shared.journal.taken.store(last.get(), Ordering::Relaxed);
        let began = Instant::now();
        if let Err(error) = journal.append(first, batch) {
            let (first, last) = (first.get(), last.get());
            let cause = format!("cannot append seqs {first} to {last} to the journal: {error}");
            shared.fail(Stage::Journal, FatalKind::Storage, cause);
            return Step::Done;
        }
        shared.journal.note(batch.len() as u64, began.elapsed());
        cx_failpoint::pass(Point::Synced);
        shared.durable.store(*last);
        shared.output_bell.notify();
        Step::Worked
    }

    fn close(&mut self) -> Step {
        cx_failpoint::pass(Point::Closing);
        if let Err(error) = self.journal.close() {
            let cause = format!("cannot sync the journal on closing: {error}");
            self.shared.fail(Stage::Journal, FatalKind::Storage, cause);
        }
        Step::Done
    }
}
