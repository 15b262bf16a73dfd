//! The journal stage: takes whatever is in the ring, makes it durable as one batch, moves the durable cursor.
//!
//! There is no timer: what arrives during a sync is the next batch, so batches grow with load by themselves.

use crate::fatal::{FatalKind, Stage};
use crate::ports::Journal;
use crate::ring::RingReader;
use crate::shared::Shared;
use crate::waiting::Waiter;
use cx_engine::CommandRecord;
use cx_engine::ids::Seq;
use disruptor::Polling;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// State of the journal stage's thread.
pub(crate) struct JournalStage {
    pub(crate) shared: Arc<Shared>,
    pub(crate) reader: RingReader,
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) waiter: Waiter,
    pub(crate) batch_max: usize,
}

impl JournalStage {
    /// Runs until the ring is closed and drained, or something fails.
    pub(crate) fn run(mut self) {
        let mut batch: Vec<CommandRecord> = Vec::with_capacity(self.batch_max);
        let mut last = self.shared.base;
        while !self.shared.failed() {
            batch.clear();
            // The slots are free again as soon as they are copied: the ring takes new work during the sync.
            let taken = self.reader.take(self.batch_max as u64);
            match taken.map(|mut slots| batch.extend((&mut slots).map(|slot| slot.record))) {
                Ok(()) => {}
                Err(Polling::NoEvents) => {
                    let (shared, reader) = (&self.shared, &self.reader);
                    self.waiter.wait_until(|| reader.has_available() || shared.gate.is_closed() || shared.failed());
                    continue;
                }
                Err(Polling::Shutdown) => return self.close(),
            }
            let first = last.next();
            last = Seq::new(last.get() + batch.len() as u64);
            self.shared.journal.taken.store(last.get(), Ordering::Relaxed);
            let began = Instant::now();
            if let Err(error) = self.journal.append(first, &batch) {
                let (first, last) = (first.get(), last.get());
                let cause = format!("cannot append seqs {first} to {last} to the journal: {error}");
                return self.shared.fail(Stage::Journal, FatalKind::Storage, cause);
            }
            self.shared.journal.note(batch.len() as u64, began.elapsed());
            self.shared.durable.store(last);
            self.shared.output_bell.notify();
        }
    }

    fn close(mut self) {
        if let Err(error) = self.journal.close() {
            let cause = format!("cannot sync the journal on closing: {error}");
            self.shared.fail(Stage::Journal, FatalKind::Storage, cause);
        }
    }
}
