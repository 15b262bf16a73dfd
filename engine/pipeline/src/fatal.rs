//! How the exchange ends when it cannot go on: one message that says what happened, what is safe and what to do.

use cx_engine::ids::Seq;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Exit code of a process that ended because the exchange could not go on (`EX_SOFTWARE` of sysexits).
pub const FATAL_EXIT_CODE: i32 = 70;

/// Which part of the pipeline failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Writes commands to the journal.
    Journal,
    /// Applies commands to the exchange.
    Engine,
    /// Writes the event log, releases events and answers.
    Output,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Journal => "journal",
            Self::Engine => "engine",
            Self::Output => "output",
        })
    }
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FatalKind {
    /// A write or sync of the journal or the event log failed.
    Storage,
    /// The exchange's invariants do not hold.
    Audit,
    /// A stage panicked.
    Panic,
}

/// Why the exchange cannot go on. Its text is meant for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fatal {
    /// Where.
    pub stage: Stage,
    /// What kind.
    pub kind: FatalKind,
    /// The last command that is durable: everything that was acknowledged is at or before it.
    pub durable: Seq,
    /// The cause in words.
    pub cause: String,
}

impl std::error::Error for Fatal {}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stage, kind, durable, cause } = self;
        let durable = durable.get();
        writeln!(f, "the exchange stops: the {stage} stage failed: {cause}")?;
        writeln!(
            f,
            "What is safe: every acknowledged command is in the journal, which is durable up to seq {durable}. \
             Commands after it were not acknowledged and may or may not be there."
        )?;
        f.write_str(match kind {
            FatalKind::Storage => {
                "What to do: check free space, permissions and the health of the disk under the data folder, then start \
                 again: recovery replays the journal. Nothing was tried twice, because the state of a file after a \
                 failed write is not known."
            }
            FatalKind::Audit | FatalKind::Panic => {
                "What to do: keep a copy of the data folder, run `carbonxchange verify --data DIR` and report what it \
                 says together with this message. Do not resume trading before it passes."
            }
        })
    }
}

/// What to do with a [`Fatal`]. It normally ends the process. If it returns, the pipeline is over: commands are refused,
/// waiters learn that their answers are lost, and [`crate::Pipeline::try_shutdown`] gives the error.
#[derive(Clone)]
pub struct FatalHandler(Arc<dyn Fn(&Fatal) + Send + Sync>);

impl FatalHandler {
    /// Calls `handler` once, on the thread of the stage that failed.
    pub fn new(handler: impl Fn(&Fatal) + Send + Sync + 'static) -> Self {
        Self(Arc::new(handler))
    }

    /// Hands over.
    pub(crate) fn call(&self, fatal: &Fatal) {
        (self.0)(fatal);
    }
}

impl Default for FatalHandler {
    /// Writes the message to stderr and exits with [`FATAL_EXIT_CODE`].
    fn default() -> Self {
        Self::new(|fatal| {
            eprintln!("fatal: {fatal}");
            // Exit handlers of linked libraries run on the way out. If one hangs, the process must not live on.
            std::thread::spawn(|| {
                std::thread::sleep(Duration::from_secs(5));
                std::process::abort();
            });
            std::process::exit(FATAL_EXIT_CODE);
        })
    }
}

impl fmt::Debug for FatalHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FatalHandler")
    }
}
