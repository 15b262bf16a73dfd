//! A pipeline on memory ports that can be stalled, can fail, and check the ack gate on each release.

use crate::flow;
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use cx_engine::{Command, CommandRecord, Event, EventRecord, Exchange};
use cx_pipeline::{
    Clock, EventLog, Fatal, FatalHandler, Journal, Lost, Outlet, Pending, Pipeline, PipelineConfig, PortError, Reply,
    Sequencer,
};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Long enough for any machine; only a broken pipeline reaches it.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// What the memory journal holds, and how it behaves.
#[derive(Default)]
pub struct JournalState {
    pub records: Vec<CommandRecord>,
    pub batches: Vec<usize>,
    pub closed: bool,
    /// Appends that may pass; `None` for all.
    permits: Option<usize>,
    /// Appends that have come to the journal, the one that waits included.
    arrived: usize,
    /// The append that fails, counted from 0.
    fails_at: Option<usize>,
}

/// A journal in memory; clones share it.
#[derive(Clone, Default)]
pub struct MemoryJournal(Arc<(Mutex<JournalState>, Condvar)>);

impl MemoryJournal {
    pub fn read<T>(&self, read: impl FnOnce(&JournalState) -> T) -> T {
        read(&self.0.0.lock().unwrap())
    }

    fn change(&self, change: impl FnOnce(&mut JournalState)) {
        change(&mut self.0.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        self.0.1.notify_all();
    }

    /// Lets `appends` more pass, then holds.
    pub fn allow(&self, appends: usize) {
        self.change(|state| state.permits = Some(state.permits.unwrap_or(0) + appends));
    }

    /// Holds nothing any more.
    pub fn open(&self) {
        self.change(|state| state.permits = None);
    }

    pub fn fail_at(&self, append: usize) {
        self.change(|state| state.fails_at = Some(append));
    }

    /// Waits until an append is held.
    pub fn await_arrivals(&self, appends: usize) {
        let (state, changed) = &*self.0;
        let state = state.lock().unwrap();
        let waited = changed.wait_timeout_while(state, PATIENCE, |state| state.arrived < appends).unwrap();
        assert!(!waited.1.timed_out(), "the journal stage brings its batch");
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, first: Seq, records: &[CommandRecord]) -> Result<(), PortError> {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.arrived += 1;
        changed.notify_all();
        state = changed.wait_while(state, |state| state.permits == Some(0)).unwrap();
        if let Some(permits) = &mut state.permits {
            *permits -= 1;
        }
        if state.fails_at == Some(state.batches.len()) {
            return Err(PortError::new("no space left on device"));
        }
        assert_eq!(first.get(), state.records.len() as u64 + 1, "batches come without gaps");
        state.records.extend_from_slice(records);
        state.batches.push(records.len());
        Ok(())
    }

    fn close(&mut self) -> Result<(), PortError> {
        self.change(|state| state.closed = true);
        Ok(())
    }
}

/// An event log in memory; clones share it.
#[derive(Clone, Default)]
pub struct MemoryEventLog {
    pub records: Arc<Mutex<Vec<EventRecord>>>,
    pub fails: bool,
}

impl EventLog for MemoryEventLog {
    fn append(&mut self, records: &[EventRecord]) -> Result<(), PortError> {
        if self.fails {
            return Err(PortError::new("input/output error"));
        }
        self.records.lock().unwrap().extend_from_slice(records);
        Ok(())
    }
}

/// Keeps what is released, and checks that it may be.
#[derive(Clone, Default)]
pub struct CheckedOutlet {
    pub journal: MemoryJournal,
    pub event_log: MemoryEventLog,
    pub records: Arc<Mutex<Vec<EventRecord>>>,
    pub panics: bool,
    /// The last command before those that are released here.
    pub after: Seq,
}

impl Outlet for CheckedOutlet {
    fn release(&mut self, records: &[EventRecord]) {
        assert!(!self.panics, "told to panic");
        let last = records.last().expect("a release holds at least one event");
        let durable = self.journal.read(|state| state.records.len() as u64);
        assert!(last.seq.get() <= durable, "seq {} left before it was durable", last.seq.get());
        let logged = *self.event_log.records.lock().unwrap().last().expect("the log comes first");
        assert_eq!(logged, *last, "the log is not behind and not ahead");
        let mut released = self.records.lock().unwrap();
        for record in records {
            let follows = match released.last() {
                None => (self.after.next(), 0),
                Some(before) if before.seq == record.seq => (record.seq, before.index + 1),
                Some(before) => (before.seq.next(), 0),
            };
            assert_eq!((record.seq, record.index), follows, "events leave in order, without gaps");
            released.push(*record);
        }
    }
}

/// Counts up.
#[derive(Default)]
pub struct CountingClock(AtomicU64);

impl Clock for CountingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Lets a stalled journal go on when a test fails, so that the pipeline can end.
pub struct OpenOnDrop(MemoryJournal);

impl Drop for OpenOnDrop {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// A running pipeline and its ports.
pub struct Rig {
    /// Dropped before the pipeline.
    _opener: OpenOnDrop,
    pub pipeline: Pipeline,
    pub sequencer: Sequencer,
    pub journal: MemoryJournal,
    pub outlet: CheckedOutlet,
    pub fatal: Arc<Mutex<Option<Fatal>>>,
}

impl Rig {
    pub fn start(config: PipelineConfig) -> Self {
        Self::start_with(config, |_| {})
    }

    pub fn start_with(config: PipelineConfig, prepare: impl FnOnce(&mut CheckedOutlet)) -> Self {
        Self::start_with_clock(config, Arc::new(CountingClock::default()), prepare)
    }

    pub fn start_with_clock(
        config: PipelineConfig,
        clock: Arc<dyn Clock>,
        prepare: impl FnOnce(&mut CheckedOutlet),
    ) -> Self {
        Self::start_from(Exchange::new(), config, clock, prepare)
    }

    /// Goes on with an exchange that `records` led to.
    pub fn resume(exchange: Exchange, records: Vec<CommandRecord>, clock: Arc<dyn Clock>) -> Self {
        let after = exchange.seq();
        Self::start_from(exchange, PipelineConfig::default(), clock, |outlet| {
            outlet.journal.change(|state| state.records = records);
            outlet.after = after;
        })
    }

    fn start_from(
        exchange: Exchange,
        mut config: PipelineConfig,
        clock: Arc<dyn Clock>,
        prepare: impl FnOnce(&mut CheckedOutlet),
    ) -> Self {
        let mut outlet = CheckedOutlet::default();
        prepare(&mut outlet);
        let (journal, event_log) = (outlet.journal.clone(), outlet.event_log.clone());
        let fatal = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&fatal);
        config.on_fatal = FatalHandler::new(move |fatal| *seen.lock().unwrap() = Some(fatal.clone()));
        let (pipeline, sequencer) = Pipeline::start(
            config,
            exchange,
            Box::new(journal.clone()),
            Box::new(event_log),
            Box::new(outlet.clone()),
            clock,
        );
        Self { _opener: OpenOnDrop(journal.clone()), pipeline, sequencer, journal, outlet, fatal }
    }

    /// Submits and takes the answer.
    pub fn ask(&self, command: Command) -> Reply {
        answer(self.sequencer.submit(command).expect("there is room"))
    }

    /// Lists the market and funds accounts.
    pub fn open_market(&self, accounts: u32) {
        for command in flow::market(accounts) {
            self.ask(command);
        }
    }

    /// Replays the journal into a fresh exchange: its state and all its events.
    pub fn replay(journal: &MemoryJournal) -> (Exchange, Vec<EventRecord>) {
        let mut exchange = Exchange::new();
        let (mut events, mut records): (Vec<Event>, Vec<EventRecord>) = Default::default();
        for record in journal.read(|state| state.records.clone()) {
            events.clear();
            let seq = exchange.seq().next();
            let time = exchange.apply(seq, record.stamp, &record.command, &mut events);
            records.extend((0..).zip(&events).map(|(index, &event)| EventRecord { seq, index, time, event }));
        }
        (exchange, records)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives a future on this thread; `None` when it is not ready in time.
pub fn outcome(pending: Pending, patience: Duration) -> Option<Result<Reply, Lost>> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut pending = pin!(pending);
    let deadline = Instant::now() + patience;
    loop {
        if let Poll::Ready(answer) = pending.as_mut().poll(&mut context) {
            return Some(answer);
        }
        let left = deadline.checked_duration_since(Instant::now())?;
        thread::park_timeout(left);
    }
}

/// The answer, which must come.
pub fn answer(pending: Pending) -> Reply {
    outcome(pending, PATIENCE).expect("the answer comes: no wake-up was lost").expect("the pipeline lives")
}

/// Waits for a state that nothing announces.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        thread::yield_now();
    }
}
