//! The snapshotter: a second exchange that replays the durable journal beside the live one and writes what it has become.
//!
//! So a snapshot costs the live exchange nothing, and recovery is rehearsed while the exchange runs: each event that the
//! replay leads to is compared with the one that the live exchange released.

use crate::batch::Link;
use crate::commands;
use crate::error::JournalError;
use crate::events::EventReader;
use crate::recovery::Replay;
use crate::snapshots::{Snapshot, Snapshots};
use crate::start::{self, Start};
use crate::store::Shared;
use cx_engine::EventRecord;
use cx_engine::ids::Seq;
use std::sync::Arc;

/// Events read from the log at a time.
const CHUNK: usize = 8_192;

/// What the gateway derives from events and wants to find again with a snapshot.
pub trait Fold: Send {
    /// Takes the events of the next command.
    fn take(&mut self, records: &[EventRecord]);

    /// What it has become, as bytes that a later start understands.
    fn encode(&self) -> Vec<u8>;
}

/// Nothing to keep.
impl Fold for () {
    fn take(&mut self, _records: &[EventRecord]) {}

    fn encode(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// The second exchange. It belongs to one thread, which it may keep busy for seconds.
pub struct Snapshotter<F> {
    shared: Arc<Shared>,
    snapshots: Snapshots,
    replay: Replay,
    link: Link,
    folds: F,
    released: Released,
}

impl<F: Fold> Snapshotter<F> {
    /// Begins with the newest sound snapshot, or with the first command. `folds` makes the folds from what that snapshot
    /// holds of them; if it cannot, everything is replayed from the first command, as long as that is there.
    pub(crate) fn new(
        shared: Arc<Shared>,
        folds: impl Fn(Option<&[u8]>) -> Result<F, String>,
    ) -> Result<Self, JournalError> {
        let snapshots = Snapshots::at(shared.dir.path());
        // Nobody reads events that this derives, so none are needed.
        let mut start = start::choose(&shared, Seq::new(u64::MAX))?;
        let made = match folds(start.folds.as_deref()) {
            Err(reason) if start.folds.is_some() && shared.commands.first()? == Seq::new(1) => {
                tracing::warn!(%reason, "the second exchange begins with the first command");
                start = Start::genesis(Seq::ZERO);
                folds(None)
            }
            made => made,
        };
        let path = snapshots.path(start.link.tip);
        let folds = made.map_err(|reason| JournalError::SnapshotDamaged { path, reason })?;
        let released = Released::after(EventReader::new(Arc::clone(&shared)), start.link.tip);
        Ok(Self { shared, snapshots, replay: Replay::new(start.exchange), link: start.link, folds, released })
    }

    /// Where it stands.
    pub fn seq(&self) -> Seq {
        self.link.tip
    }

    /// Replays whole batches as far as `durable`, but not past what the live exchange has released. Gives where it stands
    /// then. An event that differs is an error, after which nothing more should be done with either exchange.
    pub fn advance(&mut self, durable: Seq) -> Result<Seq, JournalError> {
        let Self { shared, replay, folds, released, .. } = self;
        let up_to = durable.min(released.reader.tip());
        self.link = commands::walk(&shared.commands, self.link, up_to, |batch, _| {
            replay.apply(batch, |records| {
                folds.take(records);
                released.compare(records)
            })
        })?;
        Ok(self.link.tip)
    }

    /// Writes a snapshot of where it stands and removes all but the newest `keep` and what a reader of the event log that stands
    /// at `needed` may need. Gives the seqs that are there, newest first.
    pub fn write(&mut self, keep: usize, needed: Seq) -> Result<Vec<Seq>, JournalError> {
        let seq = self.link.tip.get();
        self.replay.exchange.audit().map_err(|source| JournalError::Audit { seq, source })?;
        // In the modes without syncs a snapshot could otherwise outlive the journal that it comes from.
        self.shared.commands.sync().map_err(JournalError::database("sync the journal"))?;
        let (exchange, folds) = (self.replay.exchange.snapshot(), self.folds.encode());
        self.snapshots.write(&Snapshot { link: self.link, exchange, folds })?;
        self.snapshots.keep(keep.max(1), needed)
    }

    /// Cuts off what nothing needs any more: commands before `commands` and events before `events`, but nothing that the
    /// oldest snapshot needs to be gone on from. Gives where the journal begins then.
    pub fn cut(&mut self, commands: Seq, events: Seq) -> Result<Seq, JournalError> {
        let db = &self.shared.commands;
        let Some(&oldest) = self.snapshots.list()?.last() else { return db.first() };
        // The batch that ends at the snapshot stays: it shows that both belong together.
        let first = commands::batch_of(db, commands.min(oldest))?;
        if first > db.first()? {
            db.cut_before(first)?;
        }
        let events = crate::events::key(events.min(oldest.next()), 0);
        self.shared.events.remove_before(events).map_err(JournalError::database("cut the event log"))?;
        db.first()
    }

    /// BLAKE3 of the second exchange's state.
    pub fn state_hash(&self) -> [u8; 32] {
        self.replay.exchange.state_hash()
    }
}

/// The events that the live exchange released, read behind the replay.
struct Released {
    reader: EventReader,
    chunk: std::vec::IntoIter<EventRecord>,
    /// The last command that was read.
    read: Seq,
}

impl Released {
    fn after(reader: EventReader, seq: Seq) -> Self {
        Self { reader, chunk: Vec::new().into_iter(), read: seq }
    }

    fn compare(&mut self, records: &[EventRecord]) -> Result<(), JournalError> {
        for record in records {
            let released = self.next()?;
            if released.as_ref() != Some(record) {
                return Err(JournalError::Diverged { seq: record.seq.get(), index: record.index });
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<EventRecord>, JournalError> {
        if self.chunk.len() == 0 {
            let chunk = self.reader.read_after(self.read, CHUNK)?;
            self.read = chunk.last().map_or(self.read, |last| last.seq);
            self.chunk = chunk.into_iter();
        }
        Ok(self.chunk.next())
    }
}
