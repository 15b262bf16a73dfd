//! The thread that keeps snapshots: a second exchange beside the live one ([`cx_journal::Snapshotter`]), by time and by
//! how much the journal has grown.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cx_engine::codec::COMMAND_RECORD_LEN;
use cx_engine::ids::Seq;
use cx_journal::{Fold, JournalError, JournalStore, Snapshotter};
use cx_pipeline::StatusHandle;
use cx_pipeline::fatal::FATAL_EXIT_CODE;
use cx_store::sink::SinkGauge;

/// How often it is looked whether a snapshot is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// When snapshots are written and how many stay.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// After this time, if there was any command.
    pub every: Duration,
    /// After so many bytes of commands.
    pub journal_bytes: u64,
    /// Snapshots that stay.
    pub keep: usize,
}

impl Schedule {
    fn is_due(&self, since: Duration, commands: u64) -> bool {
        commands > 0
            && (since >= self.every || commands.saturating_mul(COMMAND_RECORD_LEN as u64) >= self.journal_bytes)
    }
}

/// How the snapshots stand.
#[derive(Debug, Default)]
pub struct Standing {
    /// The last one that was written since the start.
    pub seq: AtomicU64,
    /// Whether the last attempt failed.
    pub failing: AtomicBool,
}

/// The running thread.
pub struct Snapshots {
    stop: Arc<(Mutex<bool>, Condvar)>,
    standing: Arc<Standing>,
    thread: Option<JoinHandle<()>>,
}

impl Snapshots {
    /// Starts the thread. `folds` makes what the gateway keeps with a snapshot from what the newest one holds of it.
    pub fn start<F: Fold + 'static>(
        schedule: Schedule,
        journal: JournalStore,
        status: StatusHandle,
        sink: SinkGauge,
        folds: impl Fn(Option<&[u8]>) -> Result<F, String> + Send + 'static,
    ) -> Self {
        let stop: Arc<(Mutex<bool>, Condvar)> = Arc::default();
        let standing: Arc<Standing> = Arc::default();
        let (stopped, told) = (Arc::clone(&stop), Arc::clone(&standing));
        let thread = std::thread::Builder::new().name("cx-snapshots".into());
        let thread = thread.spawn(move || match journal.snapshotter(folds) {
            Ok(snapshotter) => Work { schedule, status, sink, snapshotter, stopped, standing: told }.run(),
            Err(error) => tracing::error!(%error, "no snapshots will be written"),
        });
        let thread = thread.expect("the system starts one more thread");
        Self { stop, standing, thread: Some(thread) }
    }

    /// How the snapshots stand, for as long as one likes to look.
    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing)
    }

    /// Ends the thread, after the snapshot that it may be writing.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic there has ended the process.
            drop(thread.join());
        }
    }
}

impl Drop for Snapshots {
    fn drop(&mut self) {
        self.end();
    }
}

struct Work<F> {
    schedule: Schedule,
    status: StatusHandle,
    sink: SinkGauge,
    snapshotter: Snapshotter<F>,
    stopped: Arc<(Mutex<bool>, Condvar)>,
    standing: Arc<Standing>,
}

impl<F: Fold> Work<F> {
    fn run(mut self) {
        let (mut written, mut at) = (Instant::now(), self.snapshotter.seq());
        while !self.wait() {
            let durable = self.status.status().durable;
            if !self.schedule.is_due(written.elapsed(), durable.get().saturating_sub(at.get())) {
                continue;
            }
            written = Instant::now();
            match self.snapshot(durable) {
                Ok(seq) => {
                    at = seq;
                    self.standing.seq.store(seq.get(), Ordering::Relaxed);
                    self.standing.failing.store(false, Ordering::Relaxed);
                    tracing::info!(seq = seq.get(), took = ?written.elapsed(), "wrote a snapshot");
                }
                Err(error @ (JournalError::Diverged { .. } | JournalError::Audit { .. })) => {
                    // Either exchange may be wrong, so neither may go on.
                    eprintln!("fatal: {error}");
                    std::process::exit(FATAL_EXIT_CODE);
                }
                Err(error) => {
                    self.standing.failing.store(true, Ordering::Relaxed);
                    tracing::error!(%error, "cannot write a snapshot: the next start replays more of the journal");
                }
            }
        }
    }

    fn snapshot(&mut self, durable: Seq) -> Result<Seq, JournalError> {
        self.snapshotter.advance(durable)?;
        let needed = self.sink.status().cursor.unwrap_or(Seq::ZERO);
        self.snapshotter.write(self.schedule.keep, needed)?;
        Ok(self.snapshotter.seq())
    }

    /// Waits a moment; says whether to stop.
    fn wait(&self) -> bool {
        let (stop, changed) = &*self.stopped;
        let stop = stop.lock().unwrap_or_else(PoisonError::into_inner);
        let (stop, _) =
            changed.wait_timeout_while(stop, LOOK_EVERY, |stop| !*stop).unwrap_or_else(PoisonError::into_inner);
        *stop
    }
}
