//! Recovery: from a snapshot and the journal behind it to the exchange as it was, at every start.

use crate::batch::{Batch, Link};
use crate::commands::{self, CommandJournal};
use crate::error::JournalError;
use crate::events::{self, EventLogWriter};
use crate::start::{self, Start};
use crate::store::{Shared, WatermarkCheck};
use cx_engine::ids::Seq;
use cx_engine::{CommandRecord, Event, EventRecord, Exchange};
use cx_failpoint::Point;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Commands between two calls of the progress callback.
const PROGRESS_EVERY: u64 = 65_536;
/// Events in one write to the event log.
const EVENTS_PER_WRITE: usize = 4_096;

/// How far recovery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Commands replayed so far.
    pub replayed: u64,
    /// Commands to replay.
    pub total: u64,
    /// Time since the beginning.
    pub elapsed: Duration,
}

/// What recovery did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryStats {
    /// The snapshot that it began with; zero when it began with the first command.
    pub began_at: Seq,
    /// Commands replayed.
    pub commands: u64,
    /// Batches that they were in.
    pub batches: u64,
    /// Events that the log had lost and that were derived again.
    pub events_restored: u64,
    /// How long it took, the audit at the end included.
    pub elapsed: Duration,
}

impl RecoveryStats {
    /// Commands a second.
    pub fn commands_per_second(&self) -> u64 {
        let nanos = self.elapsed.as_nanos().max(1);
        u64::try_from(u128::from(self.commands) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
    }
}

/// A journal that was replayed, and its writers.
pub struct Recovered {
    /// The exchange after the last command.
    pub exchange: Exchange,
    /// The journal, open for the next command.
    pub journal: CommandJournal,
    /// The event log, complete up to the last command.
    pub event_log: EventLogWriter,
    /// What the snapshot that recovery began with holds of the gateway's folds, and at which seq; the events after it
    /// are in the log. Nothing when there was none: then all events are in the log.
    pub folds: Option<(Seq, Vec<u8>)>,
    /// What it took.
    pub stats: RecoveryStats,
}

pub(crate) fn recover(
    shared: &Arc<Shared>,
    tip: Seq,
    events_after: Seq,
    mut progress: impl FnMut(Progress),
) -> Result<Recovered, JournalError> {
    let began = Instant::now();
    let Start { exchange, link: from, folds, kept } = start::choose(shared, events_after)?;
    let total = tip.get() - from.tip.get();
    let mut replay = Replay::new(exchange);
    let mut restore = EventRestore::begin(shared, tip, kept)?;
    let watermark = WatermarkCheck::new(shared.watermark);
    let (mut batches, mut shown) = (0, 0);
    let link = commands::walk(&shared.commands, from, tip, |batch, after| {
        watermark.pass(replay.exchange.seq(), after)?;
        replay.apply(batch, |events| restore.take(events))?;
        batches += 1;
        let replayed = after.tip.get() - from.tip.get();
        cx_failpoint::pass_if(Point::RecoveryHalf, || 2 * replayed >= total);
        if replayed >= shown + PROGRESS_EVERY {
            shown = replayed;
            progress(Progress { replayed, total, elapsed: began.elapsed() });
        }
        Ok(())
    })?;
    cx_failpoint::pass(Point::RecoveryEvents);
    let events_restored = restore.finish()?;
    let exchange = replay.exchange;
    let seq = exchange.seq().get();
    exchange.audit().map_err(|source| JournalError::Audit { seq, source })?;
    let commands = seq - from.tip.get();
    let elapsed = began.elapsed();
    let stats = RecoveryStats { began_at: from.tip, commands, batches, events_restored, elapsed };
    progress(Progress { replayed: commands, total: commands, elapsed });

    let journal = open_for_writing(shared, link)?;
    let folds = folds.map(|folds| (from.tip, folds));
    Ok(Recovered { exchange, journal, event_log: EventLogWriter::new(Arc::clone(shared)), folds, stats })
}

/// Begins a new epoch: batches of an earlier writer that turn up later would be seen to be old.
fn open_for_writing(shared: &Arc<Shared>, link: Link) -> Result<CommandJournal, JournalError> {
    let epoch = shared.commands.meta("epoch")?.unwrap_or(0).max(link.epoch) + 1;
    shared.commands.set_meta("epoch", epoch)?;
    // That write was synced, and with it everything before it in the same log.
    shared.syncer.appended(link);
    Ok(CommandJournal::new(Arc::clone(shared), link, epoch))
}

/// Applies batches to an exchange.
pub(crate) struct Replay {
    pub(crate) exchange: Exchange,
    events: Vec<Event>,
    records: Vec<EventRecord>,
}

impl Replay {
    pub(crate) fn new(exchange: Exchange) -> Self {
        Self { exchange, events: Vec::new(), records: Vec::new() }
    }

    /// Applies a batch and hands over the events of each command.
    pub(crate) fn apply(
        &mut self,
        batch: &Batch<'_>,
        mut visit: impl FnMut(&[EventRecord]) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        for command in batch.commands() {
            let damaged = |reason| JournalError::Damaged { seq: batch.first.get(), reason };
            let (seq, record) = command.map_err(damaged)?;
            visit(self.step(seq, &record))?;
        }
        Ok(())
    }

    /// Applies one command and gives its events.
    pub(crate) fn step(&mut self, seq: Seq, record: &CommandRecord) -> &[EventRecord] {
        self.events.clear();
        self.records.clear();
        let time = self.exchange.apply(seq, record.stamp, &record.command, &mut self.events);
        let named = (0..).zip(&self.events).map(|(index, &event)| EventRecord { seq, index, time, event });
        self.records.extend(named);
        &self.records
    }
}

/// Writes the events that the log does not have.
struct EventRestore<'a> {
    shared: &'a Shared,
    /// The last command whose events are in the log.
    kept: Seq,
    waiting: Vec<EventRecord>,
    restored: u64,
}

impl<'a> EventRestore<'a> {
    /// `kept` is the last command whose events need not be derived.
    fn begin(shared: &'a Shared, tip: Seq, mut kept: Seq) -> Result<Self, JournalError> {
        let last = events::last(&shared.events)?;
        if last > tip {
            // Only without syncs: a power cut took commands whose events had reached the disk. They never happened.
            tracing::warn!(tip = tip.get(), events = last.get(), "the event log is ahead of the journal: cutting it");
            shared
                .events
                .remove_from(events::key(tip.next(), 0))
                .map_err(JournalError::database("cut the event log"))?;
            kept = kept.min(tip);
        }
        Ok(Self { shared, kept, waiting: Vec::new(), restored: 0 })
    }

    fn take(&mut self, records: &[EventRecord]) -> Result<(), JournalError> {
        if records.last().is_some_and(|record| record.seq > self.kept) {
            self.waiting.extend_from_slice(records);
            if self.waiting.len() >= EVENTS_PER_WRITE {
                self.write()?;
            }
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), JournalError> {
        events::put(&self.shared.events, &self.waiting)?;
        self.restored += self.waiting.len() as u64;
        self.kept = self.waiting.last().map_or(self.kept, |record| record.seq);
        self.waiting.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<u64, JournalError> {
        self.write()?;
        self.shared.event_tip.store(self.kept.get(), Ordering::Release);
        Ok(self.restored)
    }
}
