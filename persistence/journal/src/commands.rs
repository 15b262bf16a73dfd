//! The journal's writer: one batch, one record, one sync.

use crate::batch::{self, Batch, BatchError, Link};
use crate::database::CommandsDb;
use crate::durability::Durability;
use crate::error::JournalError;
use crate::store::Shared;
use cx_engine::CommandRecord;
use cx_engine::ids::Seq;
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
        let sync = self.shared.durability == Durability::Fsync;
        self.shared
            .commands
            .put_batch(first, &self.buffer, sync)
            .map_err(JournalError::database("append to the journal"))?;
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

/// Walks the batches in order, each checked by itself and against the one before. Stops at the first that is wrong.
pub(crate) fn walk(
    db: &CommandsDb,
    mut visit: impl FnMut(&Batch<'_>, &Link) -> Result<(), JournalError>,
) -> Result<Link, JournalError> {
    let mut link = Link::GENESIS;
    let mut batches = db.batches();
    batches.seek_to_first();
    while let Some((key, value)) = batches.item() {
        let Ok(key) = key.try_into().map(u64::from_be_bytes) else {
            return Err(JournalError::batch(link.tip.get() + 1)(BatchError::Length(key.len())));
        };
        let batch = Batch::decode(Seq::new(key), value).map_err(JournalError::batch(key))?;
        link = link.follow(&batch).map_err(JournalError::batch(key))?;
        visit(&batch, &link)?;
        batches.next();
    }
    match batches.status() {
        Ok(()) => Ok(link),
        Err(source) => Err(JournalError::Unreadable { after: link.tip.get(), source }),
    }
}

/// Where the last batch ends, read from that batch alone.
pub(crate) fn tip(db: &CommandsDb) -> Result<Seq, JournalError> {
    let mut batches = db.batches();
    batches.seek_to_last();
    let Some((key, value)) = batches.item() else {
        batches.status().map_err(JournalError::database("read the journal"))?;
        return Ok(Seq::ZERO);
    };
    let key = key.try_into().map_or(0, u64::from_be_bytes);
    let batch = Batch::decode(Seq::new(key), value).map_err(JournalError::batch(key))?;
    Ok(batch.last())
}
