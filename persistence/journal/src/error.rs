//! What can go wrong with the data folder, in words for the operator.

use crate::batch::{BatchError, FORMAT_VERSION};
use cx_engine::AuditError;
use cx_engine::codec::LAYOUT_VERSION;
use std::io;
use std::path::PathBuf;

/// Why the journal or the event log could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process holds the data folder.
    #[error("another carbonxchange uses the data folder {} ({holder}): stop it, or choose another folder", dir.display())]
    InUse {
        /// The data folder.
        dir: PathBuf,
        /// Who, as far as known.
        holder: String,
    },
    /// The data folder does not exist and cannot be made, or is not a folder.
    #[error("the data folder {} cannot be used: {source}", dir.display())]
    Folder {
        /// The data folder.
        dir: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file in the data folder cannot be read or written.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// The verb: open, read, write.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// There is no journal in the folder.
    #[error("there is no journal in {}", dir.display())]
    NoJournal {
        /// The data folder.
        dir: PathBuf,
    },
    /// `RocksDB` reports an error.
    #[error("cannot {what}: {source}")]
    Database {
        /// What was tried.
        what: &'static str,
        /// `RocksDB`'s reason.
        source: rocksdb::Error,
    },
    /// The journal cannot be read on from some point.
    #[error(
        "the journal cannot be read after seq {after}: {source}. Restore the folder from a backup or a standby; `carbonxchange verify` lists all findings"
    )]
    Unreadable {
        /// The last command that could be read.
        after: u64,
        /// `RocksDB`'s reason.
        source: rocksdb::Error,
    },
    /// A newer version wrote the folder.
    #[error(
        "the journal has format {found}, this version knows {known}: use the version of carbonxchange that wrote it, or a newer one"
    )]
    UnknownFormat {
        /// What the folder says.
        found: u64,
        /// What this version writes.
        known: u64,
    },
    /// Another version wrote the records.
    #[error(
        "the journal has batches of format {format} with records of layout {layout} (seq {seq}), and this version of carbonxchange reads \
         format {known_format} with layout {known_layout} only: another version wrote it. Nothing was changed. Use that version on this \
         folder, or begin anew in another one (`--data <new folder>` and an empty database); keep this folder, it is the record of what happened"
    )]
    OtherLayout {
        /// The first command of the batch.
        seq: u64,
        /// The format of the batch.
        format: u8,
        /// The layout of its records.
        layout: u8,
        /// The format that this version writes.
        known_format: u8,
        /// The layout that this version writes.
        known_layout: u8,
    },
    /// A batch is damaged.
    #[error(
        "the journal is damaged at seq {seq}: {reason}. Restore the folder from a backup or a standby; `carbonxchange verify` lists all findings"
    )]
    Damaged {
        /// The first command of the batch.
        seq: u64,
        /// What is wrong with it.
        reason: BatchError,
    },
    /// The journal ends before a point that it is known to have reached.
    #[error(
        "the journal ends at seq {tip}, but {known_from} says that it reached seq {reached}: seqs {} to {reached} are missing. \
         Restore the folder from a backup or a standby.{advice}", tip + 1
    )]
    TipBelow {
        /// The last command in the journal.
        tip: u64,
        /// A command that was durable once.
        reached: u64,
        /// Who knows it.
        known_from: String,
        /// What else can be done.
        advice: String,
    },
    /// The journal holds another history than the watermark saw.
    #[error(
        "the journal's batch that ends at seq {seq} is not the one that the watermark saw: the folder holds files of different origins. Restore it as a whole from a backup or a standby"
    )]
    OtherHistory {
        /// The watermark's position.
        seq: u64,
    },
    /// Neither slot of the watermark file can be read.
    #[error("the watermark file {} is damaged, so it is not known how far the journal once was. Run `carbonxchange verify`; if you accept what it finds, remove the file and start again", path.display())]
    WatermarkDamaged {
        /// The file.
        path: PathBuf,
    },
    /// A snapshot's file is not what it should be.
    #[error("the snapshot {} is damaged: {reason}", path.display())]
    SnapshotDamaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The beginning of the journal was cut off, and no sound snapshot takes its place.
    #[error(
        "the journal begins at seq {first}, and no sound snapshot in {} stands between it and seq {needed}{}: restore the folder from a backup or a standby",
        snapshots.display(), why(damaged)
    )]
    NoStart {
        /// The first command in the journal.
        first: u64,
        /// Where a replay has to begin at the latest.
        needed: u64,
        /// Where snapshots are.
        snapshots: PathBuf,
        /// What is wrong with those that are there.
        damaged: Vec<String>,
    },
    /// Replaying the journal leads elsewhere than the running exchange went.
    #[error(
        "replaying the journal leads to another event {index} at seq {seq} than the exchange released: do not trade on; keep a copy of the data folder, run `carbonxchange verify` and report this"
    )]
    Diverged {
        /// The command.
        seq: u64,
        /// The place among its events.
        index: u32,
    },
    /// Events that somebody needs were cut off from the log.
    #[error(
        "the event log begins at seq {first}, but the events from seq {needed} on are needed: move the folder `events` away and start again, and they are derived, unless the journal's beginning was cut off as well"
    )]
    EventsCut {
        /// The first command whose events are there.
        first: u64,
        /// The first command whose events are needed.
        needed: u64,
    },
    /// An event record cannot be read.
    #[error(
        "the event log is damaged at seq {seq}, event {index}: {reason}. It can be derived again: move the folder `events` away and start again"
    )]
    DamagedEvent {
        /// The command it belongs to.
        seq: u64,
        /// Its place among the command's events.
        index: u32,
        /// What is wrong with it.
        reason: String,
    },
    /// An append does not follow the last one.
    #[error("seq {found} cannot be appended: the next one is {expected}")]
    OutOfOrder {
        /// The next position.
        expected: u64,
        /// The position that was given.
        found: u64,
    },
    /// The background thread could not sync the journal or write the watermark.
    #[error("the journal's background thread failed: {0}")]
    Background(String),
    /// [`crate::JournalStore::recover`] was called a second time.
    #[error("the journal was recovered already: there is one writer")]
    AlreadyRecovered,
    /// The recovered exchange breaks an invariant.
    #[error(
        "the exchange recovered up to seq {seq} breaks an invariant: {source}. Do not trade on it; keep a copy of the data folder and report this"
    )]
    Audit {
        /// The last command.
        seq: u64,
        /// Which one.
        source: AuditError,
    },
}

impl JournalError {
    /// What is wrong with the batch that begins at `seq`: damage, or that another version wrote it.
    pub(crate) fn batch(seq: u64) -> impl FnOnce(BatchError) -> Self {
        move |reason| match reason {
            BatchError::Version { format, layout } => {
                Self::OtherLayout { seq, format, layout, known_format: FORMAT_VERSION, known_layout: LAYOUT_VERSION }
            }
            reason => Self::Damaged { seq, reason },
        }
    }

    /// Wraps an error of `RocksDB`.
    pub(crate) fn database(what: &'static str) -> impl FnOnce(rocksdb::Error) -> Self {
        move |source| Self::Database { what, source }
    }
}

fn why(damaged: &[String]) -> String {
    damaged.iter().map(|reason| format!("; {reason}")).collect()
}
