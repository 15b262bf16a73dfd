//! How far each stage has come, for health and metrics.

use crate::shared::Shared;
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Where the pipeline stands. The numbers are read one after another while it runs, so they may be apart by a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PipelineStatus {
    /// The last command that entered the ring.
    pub sequenced: Seq,
    /// The last command that is durable.
    pub durable: Seq,
    /// The last command that the engine applied.
    pub applied: Seq,
    /// The last command whose events were released.
    pub released: Seq,
    /// When something that the exchange has planned is due: somebody has to send a command then, if only a tick.
    pub next_due: Option<Timestamp>,
    /// Commands that the slower of journal and engine has not read from the ring.
    pub ring_depth: u64,
    /// Slots of the ring.
    pub ring_slots: u64,
    /// Commands that await their answers.
    pub in_flight: u64,
    /// Commands refused because the ring or the table of waiters was full.
    pub refused: u64,
    /// Journal batches written since the start.
    pub batches: u64,
    /// Commands in the last journal batch.
    pub last_batch: u64,
    /// Time that the last journal append took, its sync included, in nanoseconds.
    pub last_sync_nanos: u64,
    /// The longest journal append since the start, in nanoseconds.
    pub max_sync_nanos: u64,
    /// All journal appends since the start, in nanoseconds.
    pub total_sync_nanos: u64,
    /// Events released since the start.
    pub events: u64,
    /// Whether new orders are refused because there is little room left on the disk.
    pub storage_low: bool,
    /// Whether the pipeline ended with an error.
    pub failed: bool,
}

/// A cheap handle that reads the status at any time, also after the pipeline's end.
#[derive(Clone)]
pub struct StatusHandle(pub(crate) Arc<Shared>);

impl StatusHandle {
    /// Where the pipeline stands now.
    pub fn status(&self) -> PipelineStatus {
        self.0.status()
    }

    /// Says whether there is little room left on the disk: while there is, only commands are taken that bring nothing new.
    pub fn set_storage_low(&self, low: bool) {
        self.0.storage_low.store(low, Ordering::Relaxed);
    }

    /// When something that the exchange has planned is due; `None` when nothing is.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.0.next_due()
    }
}

/// Counters of the journal stage.
#[derive(Default)]
pub(crate) struct JournalCounters {
    pub(crate) taken: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) last_batch: AtomicU64,
    pub(crate) last_sync_nanos: AtomicU64,
    pub(crate) max_sync_nanos: AtomicU64,
    pub(crate) total_sync_nanos: AtomicU64,
}

impl JournalCounters {
    /// Notes one append. Only the journal stage calls this.
    pub(crate) fn note(&self, commands: u64, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.last_batch.store(commands, Ordering::Relaxed);
        self.last_sync_nanos.store(nanos, Ordering::Relaxed);
        self.max_sync_nanos.fetch_max(nanos, Ordering::Relaxed);
        self.total_sync_nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}
