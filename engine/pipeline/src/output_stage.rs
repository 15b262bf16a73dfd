//! The output stage is the ack gate: it lets events out when their commands are durable, in order: first into the event
//! log, then to the outlet, last the answers.

use crate::batch::EventBatch;
use crate::fatal::{FatalKind, Stage};
use crate::ports::{EventLog, Outlet};
use crate::replies::Reply;
use crate::shared::Shared;
use crate::waiting::Waiter;
use cx_engine::ids::Seq;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Most commands released in one step, so that the first of a large batch does not wait for the last.
const RELEASE_MAX: usize = 512;

/// State of the output stage's thread.
pub(crate) struct OutputStage {
    pub(crate) shared: Arc<Shared>,
    pub(crate) waiter: Waiter,
    pub(crate) event_log: Box<dyn EventLog>,
    pub(crate) outlet: Box<dyn Outlet>,
}

impl OutputStage {
    /// Runs until the engine stage is done and everything is released, or something fails.
    pub(crate) fn run(mut self) {
        while !self.shared.failed() {
            // Looked at before the queue: a batch handed over before the end was declared is found below.
            let done = self.shared.engine_done.load(Ordering::Acquire);
            if let Some(mut batch) = self.shared.full.pop() {
                self.release(&batch);
                batch.clear();
                // At the very end one buffer more than usual comes back; it has nowhere to go and is dropped.
                drop(self.shared.empty.push(batch));
                self.shared.engine_bell.notify();
            } else if done {
                return self.close();
            } else {
                let shared = &self.shared;
                self.waiter.wait_until(|| {
                    !shared.full.is_empty() || shared.engine_done.load(Ordering::Acquire) || shared.failed()
                });
            }
        }
    }

    /// Lets a batch out, piece by piece as it becomes durable.
    fn release(&mut self, batch: &EventBatch) {
        let mut from = 0;
        while from < batch.len() {
            let next = Seq::new(batch.first().get() + from as u64);
            let shared = &self.shared;
            self.waiter.wait_until(|| shared.durable.load() >= next || shared.failed());
            if shared.failed() {
                return;
            }
            let durable = shared.durable.load().get() - next.get() + 1;
            let to = from + usize::try_from(durable).unwrap_or(usize::MAX).min(batch.len() - from).min(RELEASE_MAX);
            if let Err(cause) = self.release_part(batch, from, to) {
                return self.shared.fail(Stage::Output, FatalKind::Storage, cause);
            }
            from = to;
        }
    }

    fn release_part(&mut self, batch: &EventBatch, from: usize, to: usize) -> Result<(), String> {
        let records = batch.records(from, to);
        let last = Seq::new(batch.first().get() + to as u64 - 1);
        self.event_log
            .append(records)
            .map_err(|error| format!("cannot write events up to seq {} to the event log: {error}", last.get()))?;
        self.outlet.release(records);
        self.shared.events.fetch_add(records.len() as u64, Ordering::Relaxed);
        self.shared.released.store(last);
        for command in batch.commands(from, to) {
            self.shared.replies.complete(command.token, || Reply {
                seq: command.seq,
                time: command.time,
                events: command.records.iter().map(|record| record.event).collect(),
            });
        }
        Ok(())
    }

    fn close(mut self) {
        if let Err(error) = self.event_log.close() {
            let cause = format!("cannot flush the event log on closing: {error}");
            self.shared.fail(Stage::Output, FatalKind::Storage, cause);
        }
    }
}
