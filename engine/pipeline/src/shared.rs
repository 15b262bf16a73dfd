//! What sequencers, stages and status handles share: cursors, queues of batches, and the way out on failure.

use crate::batch::EventBatch;
use crate::eventcount::EventCount;
use crate::fatal::{Fatal, FatalHandler, FatalKind, Stage};
use crate::replies::ReplyTable;
use crate::ring::RingProducer;
use crate::sequencer::Gate;
use crate::status::{JournalCounters, PipelineStatus};
use crossbeam::queue::ArrayQueue;
use crossbeam::utils::CachePadded;
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Buffers between engine and output. Few, so that they stay in the caches; when none is free the engine goes on
/// filling the one it has.
const EVENT_BATCHES: usize = 8;
/// Most commands in one event batch.
pub(crate) const EVENT_BATCH_MAX: usize = 4_096;

/// A position that one stage moves and others watch; alone on its cache lines.
pub(crate) struct Cursor(CachePadded<AtomicU64>);

impl Cursor {
    fn at(seq: Seq) -> Self {
        Self(CachePadded::new(AtomicU64::new(seq.get())))
    }

    /// Where it stands. What was written before it moved there is visible.
    pub(crate) fn load(&self) -> Seq {
        Seq::new(self.0.load(Ordering::Acquire))
    }

    /// Moves it. Only its owner calls this.
    pub(crate) fn store(&self, seq: Seq) {
        self.0.store(seq.get(), Ordering::Release);
    }
}

/// Everything that outlives a single thread of the pipeline.
pub(crate) struct Shared {
    pub(crate) gate: Gate,
    pub(crate) replies: ReplyTable,
    pub(crate) ring_slots: usize,
    /// The exchange's position before the first slot of this ring.
    pub(crate) base: Seq,
    pub(crate) durable: Cursor,
    pub(crate) applied: Cursor,
    pub(crate) released: Cursor,
    /// When something is due next, in nanoseconds; [`u64::MAX`] for never.
    pub(crate) next_due: AtomicU64,
    pub(crate) journal: JournalCounters,
    pub(crate) events: AtomicU64,
    pub(crate) refused: AtomicU64,
    /// Whether there is little room left on the disk.
    pub(crate) storage_low: AtomicBool,
    /// Where the stages sleep.
    pub(crate) journal_bell: Arc<EventCount>,
    pub(crate) engine_bell: Arc<EventCount>,
    pub(crate) output_bell: Arc<EventCount>,
    /// Batches on their way to the output stage, and empty ones on their way back.
    pub(crate) full: ArrayQueue<EventBatch>,
    pub(crate) empty: ArrayQueue<EventBatch>,
    /// The engine stage handed over its last batch.
    pub(crate) engine_done: AtomicBool,
    failed: AtomicBool,
    failure: Mutex<Option<Fatal>>,
    on_fatal: FatalHandler,
}

impl Shared {
    pub(crate) fn new(
        producer: RingProducer,
        ring_slots: usize,
        base: Seq,
        in_flight_max: usize,
        on_fatal: FatalHandler,
    ) -> Self {
        let empty = ArrayQueue::new(EVENT_BATCHES);
        while empty.push(EventBatch::with_capacity(256, 1_024)).is_ok() {}
        Self {
            gate: Gate::new(producer, base),
            replies: ReplyTable::new(in_flight_max),
            ring_slots,
            base,
            durable: Cursor::at(base),
            applied: Cursor::at(base),
            released: Cursor::at(base),
            next_due: AtomicU64::new(u64::MAX),
            journal: JournalCounters { taken: AtomicU64::new(base.get()), ..JournalCounters::default() },
            events: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            storage_low: AtomicBool::new(false),
            journal_bell: Arc::default(),
            engine_bell: Arc::default(),
            output_bell: Arc::default(),
            full: ArrayQueue::new(EVENT_BATCHES + 1),
            empty,
            engine_done: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            failure: Mutex::new(None),
            on_fatal,
        }
    }

    /// Refuses new work. The stages end when they have done what was taken before.
    pub(crate) fn close(&self) {
        self.gate.close();
        self.ring_all();
    }

    /// Whether a stage failed.
    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Why it failed.
    pub(crate) fn failure(&self) -> Option<Fatal> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the exchange. Normally the process ends in here; if the handler returns, all stages stop where they are and
    /// every waiter learns that its answer is lost. The first failure counts.
    pub(crate) fn fail(&self, stage: Stage, kind: FatalKind, cause: String) {
        let fatal = Fatal { stage, kind, durable: self.durable.load(), cause };
        {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            if failure.is_some() {
                return;
            }
            *failure = Some(fatal.clone());
        }
        self.failed.store(true, Ordering::Release);
        self.on_fatal.call(&fatal);
        self.gate.close();
        self.replies.abandon_all();
        self.ring_all();
    }

    fn ring_all(&self) {
        EventCount::notify_each(&[&self.journal_bell, &self.engine_bell, &self.output_bell]);
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let due = self.next_due.load(Ordering::Relaxed);
        (due != u64::MAX).then(|| Timestamp::from_nanos(due))
    }

    pub(crate) fn status(&self) -> PipelineStatus {
        let counters = &self.journal;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        // Readers first: whatever they passed was sequenced before.
        let applied = self.applied.load();
        let slower = read(&counters.taken).min(applied.get());
        let (released, durable) = (self.released.load(), self.durable.load());
        // A producer notes its position after it publishes, so the readers may know of it first.
        let sequenced = self.gate.sequenced().max(applied).max(durable);
        PipelineStatus {
            next_due: self.next_due(),
            sequenced,
            durable,
            applied,
            released,
            ring_depth: sequenced.get().saturating_sub(slower),
            ring_slots: self.ring_slots as u64,
            in_flight: self.replies.waiting() as u64,
            refused: read(&self.refused),
            batches: read(&counters.batches),
            last_batch: read(&counters.last_batch),
            last_sync_nanos: read(&counters.last_sync_nanos),
            max_sync_nanos: read(&counters.max_sync_nanos),
            total_sync_nanos: read(&counters.total_sync_nanos),
            events: read(&self.events),
            storage_low: self.storage_low.load(Ordering::Relaxed),
            failed: self.failed(),
        }
    }
}
