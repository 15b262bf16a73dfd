//! The pipeline's two-sided doors: what it needs of a journal, an event log, a fan-out and a clock.

use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use cx_engine::{CommandRecord, EventRecord};
use std::time::{SystemTime, UNIX_EPOCH};

/// Why a journal or an event log could not do its work. It ends the process: the state of a file after a failed write
/// or sync is not known, so nothing is tried again.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct PortError(Box<dyn std::error::Error + Send + Sync>);

impl PortError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// Where commands are made durable. Called by the journal stage only.
pub trait Journal: Send {
    /// Appends the commands `first`, `first + 1` and so on as one batch. When it returns they are as durable as the
    /// mode in force says.
    fn append(&mut self, first: Seq, records: &[CommandRecord]) -> Result<(), PortError>;

    /// The pipeline drained and no more will come: makes everything durable, whatever the mode.
    fn close(&mut self) -> Result<(), PortError> {
        Ok(())
    }
}

/// Where events are kept for readers that come later. Called by the output stage only, in order, and only with events
/// of durable commands; a command's events always come whole.
pub trait EventLog: Send {
    /// Appends events.
    fn append(&mut self, records: &[EventRecord]) -> Result<(), PortError>;

    /// The pipeline drained and no more will come.
    fn close(&mut self) -> Result<(), PortError> {
        Ok(())
    }
}

/// Where events go out: folds, streams. Called on the output thread, in order, with durable events only, after the
/// event log has them and before the replies of their commands complete. It must not wait for anybody.
pub trait Outlet: Send {
    /// Takes the next events; a command's events always come whole.
    fn release(&mut self, records: &[EventRecord]);
}

/// Where stamps come from.
pub trait Clock: Send + Sync {
    /// Nanoseconds since the Unix epoch. May jump: the core makes time monotone.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // Before 1970 counts as 1970, after 2554 as 2554: stamps only have to be numbers.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}
