//! The output stage is the ack gate: it lets events out when their commands are durable, in order: first into the event
//! log, then to the outlet, last the answers.

use crate::batch::EventBatch;
use crate::fatal::{FatalKind, Stage};
use crate::ports::{EventLog, Outlet};
use crate::replies::Reply;
use crate::shared::Shared;
use crate::waiting::{Step, Waiter};
use cx_engine::ids::Seq;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Most commands released in one step, so that the first of a large batch does not wait for the last.
const RELEASE_MAX: usize = 512;

/// The output stage.
pub(crate) struct OutputStage {
    shared: Arc<Shared>,
    event_log: Box<dyn EventLog>,
    outlet: Box<dyn Outlet>,
    /// The batch that is being released, and how many of its commands are.
    open: Option<(EventBatch, usize)>,
}

impl OutputStage {
    pub(crate) fn new(shared: Arc<Shared>, event_log: Box<dyn EventLog>, outlet: Box<dyn Outlet>) -> Self {
        Self { shared, event_log, outlet, open: None }
    }

    /// Runs until the engine stage is done and everything is released, or something fails.
    pub(crate) fn run(mut self, waiter: &Waiter) {
        loop {
            match self.step() {
                Step::Worked => {}
                Step::Idle => self.wait_for_work(waiter),
                Step::Done => return,
            }
        }
    }

    /// Lets out what is durable, at most [`RELEASE_MAX`] commands.
    pub(crate) fn step(&mut self) -> Step {
        if self.shared.failed() {
            return Step::Done;
        }
        // Looked at before the queue: a batch handed over before the end was declared is found below.
        let done = self.shared.engine_done.load(Ordering::Acquire);
        let Some((batch, from)) = self.open.take().or_else(|| Some((self.shared.full.pop()?, 0))) else {
            return if done { self.close() } else { Step::Idle };
        };
        let next = Seq::new(batch.first().get() + from as u64);
        let durable = self.shared.durable.load();
        if durable < next {
            self.open = Some((batch, from));
            return Step::Idle;
        }
        let durable = usize::try_from(durable.get() - next.get() + 1).unwrap_or(usize::MAX);
        let to = from + durable.min(batch.len() - from).min(RELEASE_MAX);
        if let Err(cause) = self.release_part(&batch, from, to) {
            self.shared.fail(Stage::Output, FatalKind::Storage, cause);
            return Step::Done;
        }
        if to < batch.len() {
            self.open = Some((batch, to))
        } else {
            self.give_back(batch)
        }
        Step::Worked
    }

    fn give_back(&self, mut batch: EventBatch) {
        batch.clear();
        // At the very end one buffer more than usual comes back; it has nowhere to go and is dropped.
        drop(self.shared.empty.push(batch));
        self.shared.engine_bell.notify();
    }

    fn wait_for_work(&self, waiter: &Waiter) {
        let Self { shared, open, .. } = self;
        waiter.wait_until(|| match open {
            Some((batch, from)) => shared.durable.load().get() >= batch.first().get() + *from as u64 || shared.failed(),
            None => !shared.full.is_empty() || shared.engine_done.load(Ordering::Acquire) || shared.failed(),
        });
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
        cx_failpoint::pass(cx_failpoint::Point::Released);
        for command in batch.commands(from, to) {
            self.shared.replies.complete(command.token, || Reply {
                seq: command.seq,
                time: command.time,
                events: command.records.iter().map(|record| record.event).collect(),
            });
        }
        Ok(())
    }

    fn close(&mut self) -> Step {
        if let Err(error) = self.event_log.close() {
            let cause = format!("cannot flush the event log on closing: {error}");
            self.shared.fail(Stage::Output, FatalKind::Storage, cause);
        }
        Step::Done
    }
}
