//! The journal of commands and the log of events, in `RocksDB` under one data folder.
//!
//! The journal is the truth: every command that was ever acknowledged, in order, in hash-chained batches
//! ([`batch`], `docs/journal-format.md`). Everything else can be derived from it again. The event log is such a derived
//! thing, kept so that the SQL sink and resumed streams need not replay; it is written without syncs and completed on
//! every start.
//!
//! ```text
//! DIR/carbonxchange.lock   one process at a time            [`data_dir`]
//! DIR/journal/             commands and their meta data     [`commands`]
//! DIR/events/              events by (seq, index)           [`events`]
//! DIR/watermark            how far the journal once was     [`watermark`]
//! DIR/snapshots/           the exchange at some commands    [`snapshots`]
//! ```
//!
//! Invariants: batches follow each other without gaps and each names the hash of the one before; the watermark is
//! never ahead of what is durable; the event log never holds an event of a command that is not in the journal (after
//! [`JournalStore::recover`]).

pub mod archive;
pub mod batch;
pub mod commands;
pub mod data_dir;
mod database;
pub mod durability;
pub mod error;
pub mod events;
mod recovery;
pub mod snapshots;
pub mod snapshotter;
mod start;
pub mod store;
mod syncer;
pub mod verify;
pub mod watermark;

pub use archive::{Archive, Contents};
pub use commands::CommandJournal;
pub use data_dir::DataDir;
pub use durability::{Durability, ParseDurabilityError};
pub use error::JournalError;
pub use events::{EventLogWriter, EventReader};
pub use recovery::{Progress, Recovered, RecoveryStats};
pub use snapshots::{Snapshot, Snapshots};
pub use snapshotter::{Fold, Snapshotter};
pub use store::JournalStore;
pub use verify::{Finding, VerifyReport, verify};
