//! The journal's writer: one batch, one record, one sync.

use crate::batch::{self, Batch, BatchError, Hash, Link};
use crate::database::CommandsDb;
use crate::durability::Durability;
use crate::error::JournalError;
use crate::store::Shared;
use cx_engine::CommandRecord;
use cx_engine::ids::Seq;
use cx_failpoint::Point;
use cx_pipeline::{Journal, PortError};
use std::sync::Arc;

/// Appends commands; the pipeline's journal stage owns it. There is one per data folder.
pub struct CommandJournal {
    shared: Arc<Shared>,
    link: Link,
    epoch: u64,
    buffer: Vec<u8>,
}

impl CommandJournal {
    pub(crate) fn new(shared: Arc<Shared>, link: Link, epoch: u64) -> Self {
        Self { shared, link, epoch, buffer: Vec::new() }
    }

    /// The last command.
    pub fn tip(&self) -> Seq {
        self.link.tip
    }

    fn write(&mut self, first: Seq, records: &[CommandRecord]) -> Result<(), JournalError> {
        self.shared.syncer.check()?;
        let expected = self.link.tip.next();
        if first != expected {
            return Err(JournalError::OutOfOrder { expected: expected.get(), found: first.get() });
        }
        let hash = batch::encode(&mut self.buffer, self.epoch, first, &self.link.hash, records);
        let dies = cx_failpoint::is_due(Point::Written);
        let sync = self.shared.durability == Durability::Fsync && !dies;
        self.shared
            .commands
            .put_batch(first, &self.buffer, sync)
            .map_err(JournalError::database("append to the journal"))?;
        if dies {
            cx_failpoint::die(Point::Written);
        }
        let tip = Seq::new(first.get() + records.len() as u64 - 1);
        self.link = Link { tip, hash, epoch: self.epoch };
        self.shared.syncer.appended(self.link);
        Ok(())
    }
}

impl Journal for CommandJournal {
    fn append(&mut self, first: Seq, records: &[CommandRecord]) -> Result<(), PortError> {
        if records.is_empty() {
            return Ok(());
        }
        self.write(first, records).map_err(PortError::new)
    }

    /// Syncs and moves the watermark to the tip, in every mode.
    fn close(&mut self) -> Result<(), PortError> {
        let synced = self.shared.commands.sync().map_err(JournalError::database("sync the journal"));
        synced.and_then(|()| self.shared.syncer.close(self.link)).map_err(PortError::new)
    }
}

/// Walks the batches after `from` in order, each checked by itself and against the one before. Stops at the first that is
/// wrong, or that ends after `up_to`.
pub(crate) fn walk(
    db: &CommandsDb,
    from: Link,
    up_to: Seq,
    mut visit: impl FnMut(&Batch<'_>, &Link) -> Result<(), JournalError>,
) -> Result<Link, JournalError> {
    let mut link = from;
    let mut batches = db.batches();
    batches.seek(from.tip.next().get().to_be_bytes());
    while let Some((key, value)) = batches.item() {
        let Ok(key) = key.try_into().map(u64::from_be_bytes) else {
            return Err(JournalError::batch(link.tip.get() + 1)(BatchError::Length(key.len())));
        };
        let batch = Batch::decode(Seq::new(key), value).map_err(JournalError::batch(key))?;
        if batch.last() > up_to {
            return Ok(link);
        }
        link = link.follow(&batch).map_err(JournalError::batch(key))?;
        visit(&batch, &link)?;
        batches.next();
    }
    match batches.status() {
        Ok(()) => Ok(link),
        Err(source) => Err(JournalError::Unreadable { after: link.tip.get(), source }),
    }
}

/// Where the journal begins and where it ends, read from the first and the last batch alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// The first command; the one after the last when there is none.
    pub(crate) first: Seq,
    /// Where the chain stands before it.
    pub(crate) before: Link,
    /// Where the chain stands at its end.
    pub(crate) end: Link,
}

impl Extent {
    pub(crate) const EMPTY: Self = Self { first: Seq::new(1), before: Link::GENESIS, end: Link::GENESIS };
}

pub(crate) fn extent(db: &CommandsDb) -> Result<Extent, JournalError> {
    let mut batches = db.batches();
    batches.seek(db.first()?.get().to_be_bytes());
    let Some(first) = here(&batches)? else { return Ok(Extent::EMPTY) };
    let tip = Seq::new(first.first.get().saturating_sub(1));
    let before = Link { tip, hash: first.prev_hash, epoch: 0 };
    let first = first.first;
    batches.seek_to_last();
    let Some(last) = here(&batches)? else { return Ok(Extent::EMPTY) };
    Ok(Extent { first, before, end: Link { tip: last.last(), hash: last.hash, epoch: last.epoch } })
}

/// Where the last batch ends, read from that batch alone.
pub(crate) fn tip(db: &CommandsDb) -> Result<Seq, JournalError> {
    Ok(extent(db)?.end.tip)
}

/// The first command of the batch that `seq` is in, or of the last batch.
pub(crate) fn batch_of(db: &CommandsDb, seq: Seq) -> Result<Seq, JournalError> {
    let mut batches = db.batches();
    batches.seek_for_prev(seq.get().to_be_bytes());
    Ok(here(&batches)?.map_or(seq, |batch| batch.first))
}

/// The last command of the batch that `seq` is in, or of the last batch.
pub(crate) fn batch_end(db: &CommandsDb, seq: Seq) -> Result<Seq, JournalError> {
    let mut batches = db.batches();
    batches.seek_for_prev(seq.get().to_be_bytes());
    Ok(here(&batches)?.map_or(Seq::ZERO, |batch| batch.last()))
}

/// The hash of the batch before the one that begins at `first`; nothing when no batch begins there.
pub(crate) fn hash_before(db: &CommandsDb, first: Seq) -> Result<Option<Hash>, JournalError> {
    let mut batches = db.batches();
    batches.seek(first.get().to_be_bytes());
    Ok(here(&batches)?.filter(|batch| batch.first == first).map(|batch| batch.prev_hash))
}

/// The batch where the iterator stands; `None` at the end.
fn here<'a>(batches: &'a rocksdb::DBRawIterator<'_>) -> Result<Option<Batch<'a>>, JournalError> {
    let Some((key, value)) = batches.item() else {
        batches.status().map_err(JournalError::database("read the journal"))?;
        return Ok(None);
    };
    let key = key.try_into().map_or(0, u64::from_be_bytes);
    Batch::decode(Seq::new(key), value).map(Some).map_err(JournalError::batch(key))
}
