//! Opening a data folder: lock, format, watermark.

use crate::batch::{Hash, Link};
use crate::commands;
use crate::data_dir::{self, DataDir};
use crate::database::{Access, CommandsDb, EventsDb};
use crate::durability::Durability;
use crate::error::JournalError;
use crate::events::{self, EventReader};
use crate::recovery::{self, Progress, Recovered};
use crate::snapshots::Snapshots;
use crate::snapshotter::{Fold, Snapshotter};
use crate::syncer::Syncer;
use crate::watermark::{self, Watermark, WatermarkFile};
use cx_engine::ids::Seq;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Version of the folder's layout: files, databases, column families, keys.
const FOLDER_FORMAT: u64 = 1;

/// Everything that is open, in the order in which it must be let go: thread, databases, lock.
pub(crate) struct Shared {
    pub(crate) syncer: Syncer,
    pub(crate) commands: Arc<CommandsDb>,
    pub(crate) events: EventsDb,
    pub(crate) event_tip: AtomicU64,
    pub(crate) durability: Durability,
    /// What the watermark said when the folder was opened.
    pub(crate) watermark: Watermark,
    recovered: AtomicBool,
    pub(crate) dir: DataDir,
}

/// An open data folder. Clones and everything made from it share it; the lock is let go with the last of them.
#[derive(Clone)]
pub struct JournalStore {
    shared: Arc<Shared>,
    tip: Seq,
}

impl JournalStore {
    /// Opens the folder, or makes a new one. Takes the folder's lock, and refuses a journal that ends before its
    /// watermark. The journal can be written once [`JournalStore::recover`] has checked and replayed it.
    pub fn open(dir: &Path, durability: Durability) -> Result<Self, JournalError> {
        let dir = DataDir::lock(dir)?;
        let mark_path = data_dir::watermark_path(dir.path());
        let known = watermark::read(&mark_path)?;
        let commands = CommandsDb::open(&data_dir::journal_path(dir.path()), Access::Write)?;
        let tip = commands::tip(&commands)?;
        check_format(&commands, tip)?;
        if known.is_none() && tip > Seq::ZERO {
            tracing::warn!(tip = tip.get(), "the watermark file is missing: it begins anew at the journal's end");
        }
        let known = known.unwrap_or(Watermark::START);
        check_watermark(tip, &known, &mark_path)?;
        Snapshots::open(dir.path())?;
        let events = EventsDb::open(&data_dir::events_path(dir.path()), Access::Write)?;
        let event_tip = AtomicU64::new(events::last(&events)?.get());
        let file = WatermarkFile::open(&mark_path)?;
        let commands = Arc::new(commands);
        // Nothing is appended before recovery tells where the chain really stands.
        let link = Link { tip: known.seq, hash: known.hash, epoch: 0 };
        let syncer = Syncer::start(Arc::clone(&commands), durability, file, known, link);
        let recovered = AtomicBool::new(false);
        let shared = Shared { syncer, commands, events, event_tip, durability, watermark: known, recovered, dir };
        Ok(Self { shared: Arc::new(shared), tip })
    }

    /// Replays the journal from a snapshot or its beginning: checks the chain, gives the exchange as it was, completes the
    /// event log from `events_after` on (what its slowest reader has read), and opens the journal for writing. `progress`
    /// is called every few ten thousand commands and at the end. Only once per opened folder.
    pub fn recover(&self, events_after: Seq, progress: impl FnMut(Progress)) -> Result<Recovered, JournalError> {
        if self.shared.recovered.swap(true, Ordering::AcqRel) {
            return Err(JournalError::AlreadyRecovered);
        }
        recovery::recover(&self.shared, self.tip, events_after, progress)
    }

    /// Refuses to go on when the journal ends before `reached`, a point that something else remembers: `known_from`
    /// names it, for instance "the SQL store's cursor".
    pub fn require(&self, reached: Seq, known_from: &str) -> Result<(), JournalError> {
        if self.tip >= reached {
            return Ok(());
        }
        Err(JournalError::TipBelow {
            tip: self.tip.get(),
            reached: reached.get(),
            known_from: known_from.to_owned(),
            advice: String::new(),
        })
    }

    /// The last command that was in the journal when the folder was opened.
    pub fn opened_at(&self) -> Seq {
        self.tip
    }

    /// A reader of the event log.
    pub fn event_reader(&self) -> EventReader {
        EventReader::new(Arc::clone(&self.shared))
    }

    /// A second exchange that writes snapshots; `folds` makes the gateway's part from what the newest snapshot holds of it, or
    /// anew if it does not know what that is.
    /// After [`JournalStore::recover`].
    pub fn snapshotter<F: Fold>(
        &self,
        folds: impl Fn(Option<&[u8]>) -> Result<F, String>,
    ) -> Result<Snapshotter<F>, JournalError> {
        Snapshotter::new(Arc::clone(&self.shared), folds)
    }

    /// The mode in force.
    pub fn durability(&self) -> Durability {
        self.shared.durability
    }

    /// The data folder.
    pub fn dir(&self) -> &Path {
        self.shared.dir.path()
    }
}

fn check_format(commands: &CommandsDb, tip: Seq) -> Result<(), JournalError> {
    match commands.meta("format")? {
        Some(FOLDER_FORMAT) => Ok(()),
        None if tip == Seq::ZERO => commands.set_meta("format", FOLDER_FORMAT),
        found => Err(JournalError::UnknownFormat { found: found.unwrap_or(0), known: FOLDER_FORMAT }),
    }
}

pub(crate) fn check_watermark(tip: Seq, known: &Watermark, path: &Path) -> Result<(), JournalError> {
    if tip >= known.seq {
        return Ok(());
    }
    Err(JournalError::TipBelow {
        tip: tip.get(),
        reached: known.seq.get(),
        known_from: "the watermark".to_owned(),
        advice: format!(" If you accept the loss, remove the file {} and start again.", path.display()),
    })
}

/// Checks, batch by batch, that the journal is the one that the watermark saw.
pub(crate) struct WatermarkCheck(Watermark);

impl WatermarkCheck {
    pub(crate) fn new(watermark: Watermark) -> Self {
        Self(watermark)
    }

    /// `before` is where the chain stood before a batch, `after` where it stands after it.
    pub(crate) fn pass(&self, before: Seq, after: &Link) -> Result<(), JournalError> {
        let Watermark { seq, hash } = &self.0;
        let expected: Option<&Hash> = (after.tip == *seq).then_some(hash);
        let jumped = before < *seq && after.tip > *seq;
        if jumped || expected.is_some_and(|hash| *hash != after.hash) {
            return Err(JournalError::OtherHistory { seq: seq.get() });
        }
        Ok(())
    }
}
