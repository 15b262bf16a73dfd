//! A data folder as a reader sees it, also beside a running server: what is in it, its commands, the exchange at any point.

use crate::batch::Link;
use crate::commands::{self, Extent};
use crate::data_dir;
use crate::database::{Access, CommandsDb, EventsDb};
use crate::error::JournalError;
use crate::events;
use crate::recovery::Replay;
use crate::snapshots::Snapshots;
use crate::watermark;
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use cx_engine::{CommandRecord, EventRecord, Exchange};
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// A data folder opened for reading.
pub struct Archive {
    dir: PathBuf,
    commands: CommandsDb,
    extent: Extent,
}

/// What a data folder holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The first command; the one after the last when there is none.
    pub first: Seq,
    /// The last command.
    pub last: Seq,
    /// Batches.
    pub batches: u64,
    /// Epochs of the first and the last writer.
    pub epochs: (u64, u64),
    /// Stamps of the first and the last command.
    pub stamps: Option<(Timestamp, Timestamp)>,
    /// How far the journal is known to have been durable.
    pub watermark: Option<Seq>,
    /// Commands of the first and the last event that is kept.
    pub events: Option<(Seq, Seq)>,
    /// Snapshots, newest first: the command, the file's length, and what is wrong with it.
    pub snapshots: Vec<(Seq, u64, Option<String>)>,
    /// Bytes of the journal's and of the event log's files.
    pub bytes: [u64; 2],
}

impl Archive {
    /// Opens the data folder `dir` without changing anything in it. What a running server writes later is not seen.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let path = data_dir::journal_path(dir);
        if !path.join("CURRENT").exists() {
            return Err(JournalError::NoJournal { dir: dir.to_owned() });
        }
        let commands = CommandsDb::open(&path, Access::Read)?;
        let extent = commands::extent(&commands)?;
        Ok(Self { dir: dir.to_owned(), commands, extent })
    }

    /// The first command that is there, and the last.
    pub fn range(&self) -> (Seq, Seq) {
        (self.extent.first, self.extent.end.tip)
    }

    /// What the folder holds. Reads and checks the whole chain and every snapshot.
    pub fn contents(&self) -> Result<Contents, JournalError> {
        let (mut batches, mut epochs, mut stamps) = (0, None, None);
        commands::walk(&self.commands, self.extent.before, self.extent.end.tip, |batch, _| {
            batches += 1;
            epochs = Some((epochs.map_or(batch.epoch, |(first, _)| first), batch.epoch));
            for command in batch.commands() {
                let damaged = |reason| JournalError::Damaged { seq: batch.first.get(), reason };
                let stamp = command.map_err(damaged)?.1.stamp;
                stamps = Some((stamps.map_or(stamp, |(first, _)| first), stamp));
            }
            Ok(())
        })?;
        let log = data_dir::events_path(&self.dir);
        let events = if log.join("CURRENT").exists() {
            let log = EventsDb::open(&log, Access::Read)?;
            events::first(&log)?.zip(Some(events::last(&log)?))
        } else {
            None
        };
        let snapshots = Snapshots::at(&self.dir);
        let listed = snapshots.list()?.into_iter().map(|seq| {
            let length = fs::metadata(snapshots.path(seq)).map_or(0, |file| file.len());
            let fault = snapshots.read(seq).map_err(|error| error.to_string()).and_then(|found| found.restore());
            (seq, length, fault.err())
        });
        Ok(Contents {
            first: self.extent.first,
            last: self.extent.end.tip,
            batches,
            epochs: epochs.unwrap_or_default(),
            stamps,
            watermark: watermark::read(&data_dir::watermark_path(&self.dir))?.map(|mark| mark.seq),
            events,
            snapshots: listed.collect(),
            bytes: [data_dir::journal_path(&self.dir), data_dir::events_path(&self.dir)].map(|path| size(&path)),
        })
    }

    /// Replays up to `last` and hands over each command after `from` with its events, until told to stop. Begins at the newest
    /// sound snapshot that stands at or before `from`. Gives the exchange as it is then.
    pub fn replay(
        &self,
        from: Seq,
        last: Seq,
        mut visit: impl FnMut(Seq, &CommandRecord, &[EventRecord]) -> ControlFlow<()>,
    ) -> Result<Exchange, JournalError> {
        let (exchange, link) = self.begin(from)?;
        let mut replay = Replay::new(exchange);
        let mut stopped = false;
        // The batch that holds the last one is read whole.
        let up_to = commands::batch_end(&self.commands, last)?;
        commands::walk(&self.commands, link, up_to, |batch, _| {
            for command in batch.commands() {
                let damaged = |reason| JournalError::Damaged { seq: batch.first.get(), reason };
                let (seq, record) = command.map_err(damaged)?;
                if stopped || seq > last {
                    break;
                }
                let events = replay.step(seq, &record);
                stopped = seq > from && visit(seq, &record, events).is_break();
            }
            Ok(())
        })?;
        Ok(replay.exchange)
    }

    fn begin(&self, from: Seq) -> Result<(Exchange, Link), JournalError> {
        let snapshots = Snapshots::at(&self.dir);
        let mut damaged = Vec::new();
        for seq in snapshots.list()? {
            if seq > from || seq < self.extent.before.tip {
                continue;
            }
            let read = snapshots.read(seq).map_err(|error| error.to_string());
            match read.and_then(|found| Ok((found.restore()?, found.link))) {
                Ok(start) => return Ok(start),
                Err(reason) => damaged.push(reason),
            }
        }
        if self.extent.before == Link::GENESIS {
            return Ok((Exchange::new(), Link::GENESIS));
        }
        let first = self.extent.first.get();
        let snapshots = snapshots.dir().to_owned();
        Err(JournalError::NoStart { first, needed: from.get(), snapshots, damaged })
    }
}

/// Bytes of a folder's files.
fn size(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum()
}
