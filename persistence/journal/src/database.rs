//! Opening `RocksDB`: one database for commands, one for events.
//!
//! Why two and not two column families of one: all writes of a database stand in one queue. An unsynced write of events
//! would wait behind the sync of the next batch of commands, and with it every acknowledgement. Apart, neither waits
//! for the other.

use crate::error::JournalError;
use cx_engine::ids::Seq;
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompactionStyle, DBCompressionType,
    DBRawIterator, DBRecoveryMode, InfoLogger, LogLevel, Options, ReadOptions, WriteOptions,
};
use std::path::Path;

/// Column family of the command batches.
const COMMANDS: &str = "commands";
/// Column family of the journal's own settings.
const META: &str = "meta";
/// Setting: where the journal begins, once its beginning was cut off.
const FIRST: &str = "first";
/// Column family of the events.
const EVENTS: &str = "events";

const MIB: usize = 1 << 20;

/// The commands' database.
pub(crate) struct CommandsDb(DB);

/// The events' database.
pub(crate) struct EventsDb(DB);

/// Whether a database is opened to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
}

fn log_to_tracing(options: &mut Options) {
    let logger = InfoLogger::new_callback_logger(LogLevel::Warn, |level, line| {
        let line = line.trim_end();
        match level {
            LogLevel::Debug | LogLevel::Info | LogLevel::Header => tracing::debug!(target: "rocksdb", "{line}"),
            LogLevel::Warn => tracing::warn!(target: "rocksdb", "{line}"),
            LogLevel::Error | LogLevel::Fatal => tracing::error!(target: "rocksdb", "{line}"),
        }
    });
    options.set_info_logger(logger);
}

/// Settings of a whole database.
fn database_options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    // A torn record at the end of the log is what a crash leaves. What else this mode would drop, the watermark tells.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    // Each write goes to the operating system at once; when it is synced is our decision.
    options.set_manual_wal_flush(false);
    options.set_wal_bytes_per_sync(0);
    options.set_max_total_wal_size(128 * MIB as u64);
    options.set_bytes_per_sync(MIB as u64);
    options.set_max_open_files(256);
    options.set_max_background_jobs(2);
    options.set_stats_dump_period_sec(0);
    log_to_tracing(&mut options);
    options
}

/// Settings of a column family: keys only ever grow, values are read in order.
fn family_options(write_buffer: usize, block: usize, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_size(block);
    table.set_block_cache(cache);
    let mut options = Options::default();
    // Never FIFO: it deletes the oldest files without asking.
    options.set_compaction_style(DBCompactionStyle::Level);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(write_buffer);
    options.set_max_write_buffer_number(3);
    options.set_target_file_size_base(64 * MIB as u64);
    options.set_block_based_table_factory(&table);
    options
}

fn open(path: &Path, access: Access, families: &[(&str, usize)]) -> Result<DB, rocksdb::Error> {
    let cache = Cache::new_lru_cache(8 * MIB);
    let families: Vec<_> = families
        .iter()
        .map(|&(name, write_buffer)| ColumnFamilyDescriptor::new(name, family_options(write_buffer, 32 << 10, &cache)))
        .collect();
    let options = database_options();
    match access {
        Access::Write => DB::open_cf_descriptors(&options, path, families),
        Access::Read => DB::open_cf_descriptors_read_only(&options, path, families, false),
    }
}

/// `RocksDB` has its own lock inside ours. It is in the way only if somebody else opened the database directly.
fn opened(path: &Path, what: &'static str, result: Result<DB, rocksdb::Error>) -> Result<DB, JournalError> {
    result.map_err(|source| {
        let text = source.to_string();
        if text.contains("lock file") || text.contains("lock hold by current process") {
            return JournalError::InUse { dir: path.to_owned(), holder: text };
        }
        JournalError::Database { what, source }
    })
}

/// A sequential reader that does not push anything else out of the cache.
fn scan<'a>(db: &'a DB, family: &ColumnFamily) -> DBRawIterator<'a> {
    let mut options = ReadOptions::default();
    options.fill_cache(false);
    options.set_readahead_size(2 * MIB);
    db.raw_iterator_cf_opt(family, options)
}

impl CommandsDb {
    pub(crate) fn open(path: &Path, access: Access) -> Result<Self, JournalError> {
        let result = open(path, access, &[(COMMANDS, 16 * MIB), (META, MIB)]);
        opened(path, "open the journal", result).map(Self)
    }

    fn family(&self, name: &str) -> &ColumnFamily {
        self.0.cf_handle(name).expect("the family was named when the database was opened")
    }

    /// Appends a batch under its first seq, durably if `sync`.
    pub(crate) fn put_batch(&self, first: Seq, batch: &[u8], sync: bool) -> Result<(), rocksdb::Error> {
        let mut options = WriteOptions::default();
        options.set_sync(sync);
        self.0.put_cf_opt(self.family(COMMANDS), first.get().to_be_bytes(), batch, &options)
    }

    /// Syncs what was written before.
    pub(crate) fn sync(&self) -> Result<(), rocksdb::Error> {
        self.0.flush_wal(true)
    }

    /// Cuts off the batches before the one that begins at `first`. Files that held nothing else go at once; what is left in
    /// others stays on the disk until they go, and is never read again.
    pub(crate) fn cut_before(&self, first: Seq) -> Result<(), JournalError> {
        self.set_meta(FIRST, first.get())?;
        let (from, to) = (0_u64.to_be_bytes(), first.get().saturating_sub(1).to_be_bytes());
        self.0
            .delete_file_in_range_cf(self.family(COMMANDS), from, to)
            .map_err(JournalError::database("cut the beginning of the journal off"))
    }

    /// The first command of the first batch that counts.
    pub(crate) fn first(&self) -> Result<Seq, JournalError> {
        Ok(Seq::new(self.meta(FIRST)?.unwrap_or(1)))
    }

    /// All batches, by seq; also some of those that were cut off.
    pub(crate) fn batches(&self) -> DBRawIterator<'_> {
        scan(&self.0, self.family(COMMANDS))
    }

    /// A number among the settings.
    pub(crate) fn meta(&self, key: &str) -> Result<Option<u64>, JournalError> {
        let value =
            self.0.get_cf(self.family(META), key).map_err(JournalError::database("read the journal's settings"))?;
        Ok(value.and_then(|value| value.try_into().ok()).map(u64::from_le_bytes))
    }

    /// Changes a number among the settings, durably.
    pub(crate) fn set_meta(&self, key: &str, value: u64) -> Result<(), JournalError> {
        let mut options = WriteOptions::default();
        options.set_sync(true);
        self.0
            .put_cf_opt(self.family(META), key, value.to_le_bytes(), &options)
            .map_err(JournalError::database("write the journal's settings"))
    }
}

impl EventsDb {
    pub(crate) fn open(path: &Path, access: Access) -> Result<Self, JournalError> {
        opened(path, "open the event log", open(path, access, &[(EVENTS, 16 * MIB)])).map(Self)
    }

    fn family(&self) -> &ColumnFamily {
        self.0.cf_handle(EVENTS).expect("the family was named when the database was opened")
    }

    /// Never logged, never synced: what a crash takes away is derived again.
    fn write_options() -> WriteOptions {
        let mut options = WriteOptions::default();
        options.disable_wal(true);
        options
    }

    /// Writes events under their keys.
    pub(crate) fn put<const N: usize>(
        &self,
        events: impl Iterator<Item = ([u8; 12], [u8; N])>,
    ) -> Result<(), rocksdb::Error> {
        let mut batch = rocksdb::WriteBatch::default();
        let family = self.family();
        for (key, value) in events {
            batch.put_cf(family, key, value);
        }
        self.0.write_opt(batch, &Self::write_options())
    }

    /// Removes all events from `key` on.
    pub(crate) fn remove_from(&self, key: [u8; 12]) -> Result<(), rocksdb::Error> {
        self.0.delete_range_cf_opt(self.family(), key, [u8::MAX; 12], &Self::write_options())?;
        self.flush()
    }

    /// Removes all events before `key`.
    pub(crate) fn remove_before(&self, key: [u8; 12]) -> Result<(), rocksdb::Error> {
        self.0.delete_file_in_range_cf(self.family(), [0; 12], key)?;
        self.0.delete_range_cf_opt(self.family(), [0; 12], key, &Self::write_options())
    }

    /// Writes everything to files that survive.
    pub(crate) fn flush(&self) -> Result<(), rocksdb::Error> {
        self.0.flush_cf(self.family())
    }

    /// All events, by key.
    pub(crate) fn scan(&self) -> DBRawIterator<'_> {
        scan(&self.0, self.family())
    }

    /// Events for a reader that follows the tip: they come from memory or a few fresh blocks.
    pub(crate) fn follow(&self) -> DBRawIterator<'_> {
        self.0.raw_iterator_cf(self.family())
    }
}
