//! The background thread of the journal: interval syncs, and the watermark at most 100 ms behind.
//!
//! It sleeps without a timer while nothing is appended. A failure in it is kept and given to the next append, which ends
//! the process.

use crate::batch::Link;
use crate::database::CommandsDb;
use crate::durability::Durability;
use crate::error::JournalError;
use crate::watermark::{Watermark, WatermarkFile};
use cx_engine::ids::Seq;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How far the watermark may be behind what is durable.
const WATERMARK_LAG: Duration = Duration::from_millis(100);

/// Handle of the thread. Dropping it ends the thread without another sync.
pub(crate) struct Syncer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Apart from the state, so that an append never waits for the file.
    mark: Mutex<Mark>,
}

struct State {
    /// Where the chain stands, as far as appended.
    appended: Link,
    failure: Option<String>,
    ended: bool,
}

struct Mark {
    file: WatermarkFile,
    /// What the file says.
    written: Watermark,
}

impl Mark {
    fn advance(&mut self, link: &Link) -> Result<(), JournalError> {
        if link.tip > self.written.seq {
            let watermark = Watermark::at(link);
            self.file.write(&watermark)?;
            self.written = watermark;
        }
        Ok(())
    }
}

impl Syncer {
    /// `link` is where the chain stands, `written` what the watermark file says.
    pub(crate) fn start(
        commands: Arc<CommandsDb>,
        durability: Durability,
        file: WatermarkFile,
        written: Watermark,
        link: Link,
    ) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State { appended: link, failure: None, ended: false }),
            changed: Condvar::new(),
            mark: Mutex::new(Mark { file, written }),
        });
        let sync_every = match durability {
            Durability::Fsync => Some(None),
            Durability::Interval(every) => Some(Some(every)),
            // Nothing is known to be durable before the end, so there is nothing to do until then.
            Durability::Os => None,
        };
        let thread = sync_every.map(|sync_every| {
            let mut work = Work::new(Arc::clone(&shared), commands, sync_every, written);
            let thread = std::thread::Builder::new().name("cx-watermark".into());
            thread.spawn(move || work.run()).expect("the system starts one more thread")
        });
        Self { shared, thread }
    }

    /// The failure of the background thread, if there is one.
    pub(crate) fn check(&self) -> Result<(), JournalError> {
        lock(&self.shared.state).failure.clone().map_or(Ok(()), |failure| Err(JournalError::Background(failure)))
    }

    /// Tells that a batch was appended, and in `fsync` mode synced.
    pub(crate) fn appended(&self, link: Link) {
        lock(&self.shared.state).appended = link;
        self.shared.changed.notify_one();
    }

    /// Everything up to `link` was synced and nothing follows: moves the watermark there.
    pub(crate) fn close(&self, link: Link) -> Result<(), JournalError> {
        self.check()?;
        self.end();
        lock(&self.shared.mark).advance(&link)
    }

    fn end(&self) {
        lock(&self.shared.state).ended = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.end();
        if let Some(thread) = self.thread.take() {
            // A panic there has shown its message already.
            drop(thread.join());
        }
    }
}

/// The thread's own state.
struct Work {
    shared: Arc<Shared>,
    commands: Arc<CommandsDb>,
    /// `None` when each append syncs for itself.
    sync_every: Option<Duration>,
    last_sync: Instant,
    last_mark: Instant,
    /// How far the journal is synced.
    durable: Link,
    /// How far the watermark file is.
    marked: Seq,
}

impl Work {
    fn new(shared: Arc<Shared>, commands: Arc<CommandsDb>, sync_every: Option<Duration>, written: Watermark) -> Self {
        let now = Instant::now();
        let durable = Link { tip: written.seq, hash: written.hash, epoch: 0 };
        Self { shared, commands, sync_every, last_sync: now, last_mark: now, durable, marked: written.seq }
    }

    fn run(&mut self) {
        while let Some(appended) = self.next() {
            if let Err(error) = self.step(appended) {
                lock(&self.shared.state).failure = Some(error.to_string());
                return;
            }
        }
    }

    /// Where the chain stands, at most once a period, and only while there is something to do; `None` at the end.
    fn next(&self) -> Option<Link> {
        let period = self.sync_every.map_or(WATERMARK_LAG, |every| every.min(WATERMARK_LAG));
        let (state, changed) = (lock(&self.shared.state), &self.shared.changed);
        let state = changed.wait_while(state, |state| !state.ended && state.appended.tip <= self.marked);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        let state = changed.wait_timeout_while(state, period, |state| !state.ended);
        let (state, _) = state.unwrap_or_else(PoisonError::into_inner);
        (!state.ended).then_some(state.appended)
    }

    fn step(&mut self, appended: Link) -> Result<(), JournalError> {
        match self.sync_every {
            None => self.durable = appended,
            Some(every) if appended.tip > self.durable.tip && self.last_sync.elapsed() >= every => {
                self.commands.sync().map_err(JournalError::database("sync the journal"))?;
                self.last_sync = Instant::now();
                self.durable = appended;
            }
            Some(_) => {}
        }
        if self.durable.tip > self.marked && self.last_mark.elapsed() >= WATERMARK_LAG {
            lock(&self.shared.mark).advance(&self.durable)?;
            self.last_mark = Instant::now();
            self.marked = self.durable.tip;
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
