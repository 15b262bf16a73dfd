//! What verification found, as data and in words.

use crate::error::JournalError;
use cx_engine::ids::Seq;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One finding.
#[derive(Debug)]
pub enum Finding {
    /// The journal is damaged or ends too early, its watermark cannot be read, or its state breaks an invariant.
    Journal(JournalError),
    /// There is no watermark file: an early end of the journal could not be seen.
    WatermarkMissing,
    /// A stored event is not the one that its command leads to.
    EventDiffers {
        /// The command.
        seq: u64,
        /// Its place among the command's events.
        index: u32,
    },
    /// An event is missing between stored ones.
    EventMissing {
        /// The command.
        seq: u64,
        /// Its place among the command's events.
        index: u32,
    },
    /// An event is stored that no command leads to.
    EventUnexpected {
        /// The command that it names.
        seq: u64,
        /// Its place among the command's events.
        index: u32,
    },
    /// More of the same, not listed.
    More {
        /// How many.
        count: usize,
        /// Of what.
        what: &'static str,
    },
    /// Events of commands beyond the journal's end. The next start cuts them off.
    EventsAhead {
        /// The first such command.
        seq: u64,
        /// The journal's end.
        tip: u64,
    },
    /// The latest events are not stored. The next start derives them.
    EventsBehind {
        /// The last command whose events are stored.
        stored_to: u64,
        /// The journal's end.
        tip: u64,
    },
}

impl Finding {
    /// Whether something is wrong. The rest is what a crash or a running server leaves, and heals by itself.
    pub fn is_fault(&self) -> bool {
        !matches!(self, Self::WatermarkMissing | Self::EventsAhead { .. } | Self::EventsBehind { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => write!(f, "{error}"),
            Self::WatermarkMissing => {
                f.write_str("there is no watermark file: whether the journal ends too early is not known")
            }
            Self::EventDiffers { seq, index } => {
                write!(f, "seq {seq}, event {index}: the stored event is not the one that the command leads to")
            }
            Self::EventMissing { seq, index } => write!(f, "seq {seq}, event {index}: missing in the event log"),
            Self::EventUnexpected { seq, index } => {
                write!(f, "seq {seq}, event {index}: in the event log, but no command leads to it")
            }
            Self::More { count, what } => write!(f, "and {count} more {what}"),
            Self::EventsAhead { seq, tip } => {
                write!(
                    f,
                    "the event log goes on at seq {seq}, beyond the journal's end at seq {tip}: the next start cuts it"
                )
            }
            Self::EventsBehind { stored_to, tip } => {
                write!(
                    f,
                    "the event log ends at seq {stored_to}, the journal at seq {tip}: the next start derives the rest"
                )
            }
        }
    }
}

/// What verification found.
#[derive(Debug)]
pub struct VerifyReport {
    /// The data folder.
    pub dir: PathBuf,
    /// The snapshot that the replay began with; zero for the first command.
    pub began_at: Seq,
    /// Snapshots that are there.
    pub snapshots: u64,
    /// The last command of the part of the journal that is sound.
    pub tip: Seq,
    /// Sound batches.
    pub batches: u64,
    /// Commands in them.
    pub commands: u64,
    /// Events that the commands lead to.
    pub events: u64,
    /// Of these, the ones that are stored.
    pub events_stored: u64,
    /// Hash of the exchange's state at the tip.
    pub state_hash: [u8; 32],
    /// Where the watermark is; `None` when it cannot be read.
    pub watermark: Option<Seq>,
    /// Everything that is not as it should be.
    pub findings: Vec<Finding>,
    /// How long it took.
    pub elapsed: Duration,
}

impl VerifyReport {
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            began_at: Seq::ZERO,
            snapshots: 0,
            tip: Seq::ZERO,
            batches: 0,
            commands: 0,
            events: 0,
            events_stored: 0,
            state_hash: [0; 32],
            watermark: None,
            findings: Vec::new(),
            elapsed: Duration::ZERO,
        }
    }

    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        !self.findings.iter().any(Finding::is_fault)
    }

    pub(super) fn list(&mut self, finding: Finding, number: usize, max: usize) {
        if number <= max {
            self.findings.push(finding);
        }
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "data folder   {}", self.dir.display())?;
        writeln!(
            f,
            "journal       {} commands in {} batches, seq {} to {}",
            self.commands,
            self.batches,
            self.tip.get() + 1 - self.commands.min(self.tip.get()),
            self.tip.get()
        )?;
        match self.began_at {
            Seq::ZERO => writeln!(f, "snapshots     {}", self.snapshots)?,
            from => writeln!(f, "snapshots     {}, replayed from the one at seq {}", self.snapshots, from.get())?,
        }
        match self.watermark {
            Some(seq) => writeln!(f, "watermark     seq {}", seq.get())?,
            None => writeln!(f, "watermark     none")?,
        }
        writeln!(f, "events        {} derived, {} stored and equal or listed below", self.events, self.events_stored)?;
        write!(f, "state hash    ")?;
        for byte in self.state_hash {
            write!(f, "{byte:02x}")?;
        }
        writeln!(f)?;
        writeln!(f, "time          {:.1?}", self.elapsed)?;
        for finding in &self.findings {
            writeln!(f, "{}        {finding}", if finding.is_fault() { "FAULT " } else { "notice" })?;
        }
        f.write_str(if self.is_sound() { "result        sound" } else { "result        NOT SOUND" })
    }
}
