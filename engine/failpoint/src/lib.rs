//! Places where the crash tests let the process die, as `kill -9` would: at once, without a handler, with everything that
//! is only in memory lost.
//!
//! One setting arms one place (`CX_FAILPOINT=written:17`: when the place `written` is passed for the 17th time); production
//! mode refuses it. While nothing is armed a place costs one relaxed load of a byte that never changes. Places are passed
//! once a batch or less often, on the gateway's threads once a command, never once a command on the engine's thread.
//!
//! A module of our own and not a library behind a feature: a feature would mean a second build of everything above the
//! journal for the tests alone, and the program that is tested would not be the one that is shipped.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Declares the places with their names, so that none can be forgotten in a table.
macro_rules! points {
    ($($(#[$doc:meta])* $point:ident = $name:literal,)+) => {
        /// A place.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Point {
            $($(#[$doc])* $point,)+
        }

        impl Point {
            /// Every place, in the order in which a command passes them.
            pub const ALL: &[Self] = &[$(Self::$point,)+];

            /// Its name in settings and messages.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)+
                }
            }
        }
    };
}

points! {
    /// A command was read and checked, but is not in the ring.
    Parsed = "parsed",
    /// Commands are in the ring; the journal stage has not taken them.
    InRing = "in-ring",
    /// A batch was handed to the operating system, but not synced.
    Written = "written",
    /// A batch was synced; nothing that waits for it knows.
    Synced = "synced",
    /// Events are in the event log and went out to the folds; nobody has an answer.
    Released = "released",
    /// Half of a snapshot is in its file.
    SnapshotHalf = "snapshot-half",
    /// A snapshot is whole and synced under its unfinished name.
    SnapshotWritten = "snapshot-written",
    /// A snapshot has its name; the folder was not synced and no old one removed.
    SnapshotRenamed = "snapshot-renamed",
    /// At least half of the journal was replayed at a start.
    RecoveryHalf = "recovery-half",
    /// The journal was replayed; the last derived events are not in the log.
    RecoveryEvents = "recovery-events",
    /// Rows are written in a transaction that is not committed.
    SqlUncommitted = "sql-uncommitted",
    /// A transaction of rows was committed; the sink has not taken note.
    SqlCommitted = "sql-committed",
    /// A stop is under way: the ring is drained, the journal not closed.
    Closing = "closing",
    /// A stop is under way: the journal is closed, the database has not everything.
    Stopped = "stopped",
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the process is to die: at a place, when it is passed for the `count`th time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failpoint {
    /// The place.
    pub point: Point,
    /// From 1.
    pub count: u64,
}

impl fmt::Display for Failpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.point, self.count)
    }
}

/// A text that names no place, or a count that is not 1 or more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected NAME:COUNT with a count from 1 and one of the names {}", names())]
pub struct BadFailpoint;

fn names() -> String {
    Point::ALL.iter().map(|point| point.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Failpoint {
    type Err = BadFailpoint;

    fn from_str(text: &str) -> Result<Self, BadFailpoint> {
        let (name, count) = text.split_once(':').ok_or(BadFailpoint)?;
        let point = Point::ALL.iter().copied().find(|point| point.name() == name).ok_or(BadFailpoint)?;
        let count = count.parse().ok().filter(|&count| count > 0).ok_or(BadFailpoint)?;
        Ok(Self { point, count })
    }
}

/// Nothing is armed.
const NONE: u8 = u8::MAX;

static ARMED: AtomicU8 = AtomicU8::new(NONE);
static LEFT: AtomicU64 = AtomicU64::new(0);

/// Arms a place for the whole process. Before the threads start that pass it.
pub fn arm(failpoint: Failpoint) {
    LEFT.store(failpoint.count, Ordering::Relaxed);
    ARMED.store(failpoint.point as u8, Ordering::Release);
}

/// Passes a place: does not return when it is the one, at its last count.
#[inline]
pub fn pass(point: Point) {
    if is_due(point) {
        die(point);
    }
}

/// Passes a place if `here`, which is only asked when the place is armed.
#[inline]
pub fn pass_if(point: Point, here: impl FnOnce() -> bool) {
    if ARMED.load(Ordering::Relaxed) == point as u8 && here() {
        pass(point);
    }
}

/// Counts a passage of the place; says whether the process is to die at it, by [`die`], where it cannot simply [`pass`].
#[inline]
pub fn is_due(point: Point) -> bool {
    ARMED.load(Ordering::Relaxed) == point as u8 && count_down()
}

#[cold]
fn count_down() -> bool {
    LEFT.fetch_sub(1, Ordering::Relaxed) == 1
}

/// Ends the process by SIGKILL.
#[cold]
pub fn die(point: Point) -> ! {
    eprintln!("failpoint {point}: the process kills itself");
    if let Err(error) = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL) {
        eprintln!("failpoint {point}: {error}");
        std::process::abort();
    }
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests;
