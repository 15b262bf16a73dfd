//! The sink's task: fetch, apply, wait for more; wait out a database that is away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cx_engine::EventRecord;
use cx_engine::ids::Seq;
use tokio::sync::{Notify, watch};

use super::Sink;
use crate::{Store, StoreError};

/// Events in one transaction at most, so that other writers get their turn within tens of milliseconds.
const EVENTS_MAX: usize = 4_096;
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);

type ReadAfter = dyn Fn(Seq, usize) -> Result<Vec<EventRecord>, StoreError> + Send + Sync;
type Tip = dyn Fn() -> Seq + Send + Sync;

/// Where events come from: the journal's event log.
#[derive(Clone)]
pub struct EventFeed {
    read_after: Arc<ReadAfter>,
    tip: Arc<Tip>,
    news: Arc<Notify>,
}

impl EventFeed {
    /// `read_after(seq, max)` answers about `max` events of the commands after `seq`, whole commands only, none when there
    /// are none; it may block. `tip()` is the last command whose events are there. `news.notify_one()` is called after
    /// events were added.
    pub fn new<E>(
        read_after: impl Fn(Seq, usize) -> Result<Vec<EventRecord>, E> + Send + Sync + 'static,
        tip: impl Fn() -> Seq + Send + Sync + 'static,
        news: Arc<Notify>,
    ) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let read_after = move |seq, max| read_after(seq, max).map_err(|error| StoreError::Feed(Box::new(error)));
        Self { read_after: Arc::new(read_after), tip: Arc::new(tip), news }
    }

    async fn read_after(&self, seq: Seq) -> Result<Vec<EventRecord>, StoreError> {
        let read = Arc::clone(&self.read_after);
        match tokio::task::spawn_blocking(move || read(seq, EVENTS_MAX)).await {
            Ok(events) => events,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }
}

impl std::fmt::Debug for EventFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventFeed").field("tip", &(self.tip)()).finish_non_exhaustive()
    }
}

/// How the sink is doing, for the health page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkStatus {
    /// The last command in the tables; `None` until the sink has read its cursor.
    pub cursor: Option<Seq>,
    /// How many commands it is behind the event log.
    pub lag: u64,
    /// What went wrong last; `None` when the last attempt went well.
    pub last_error: Option<String>,
    /// For how long every attempt has failed.
    pub failing_for: Option<Duration>,
}

#[derive(Debug, Clone, Default)]
struct Reading {
    cursor: Option<Seq>,
    /// Since when every attempt has failed, and with what the last one did.
    trouble: Option<(Instant, String)>,
}

/// Shows where the sink stands, from outside of its task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SinkGauge {
    reading: watch::Sender<Reading>,
    feed: EventFeed,
}

impl SinkGauge {
    /// A gauge for a sink that has not begun.
    pub fn new(feed: EventFeed) -> Self {
        Self { reading: watch::Sender::default(), feed }
    }

    /// How the sink is doing right now.
    pub fn status(&self) -> SinkStatus {
        self.describe(&self.reading.borrow())
    }

    /// Waits until the events of command `seq` are in the tables.
    pub async fn reached(&self, seq: Seq) {
        self.wait_until(|status| status.cursor.is_some_and(|cursor| cursor >= seq)).await;
    }

    /// Waits until the status is as `wanted`; looks at it after every attempt of the sink.
    pub async fn wait_until(&self, wanted: impl Fn(&SinkStatus) -> bool) -> SinkStatus {
        let mut readings = self.reading.subscribe();
        loop {
            let status = self.describe(&readings.borrow_and_update());
            if wanted(&status) {
                return status;
            }
            readings.changed().await.expect("this gauge holds a sender");
        }
    }

    fn describe(&self, reading: &Reading) -> SinkStatus {
        SinkStatus {
            cursor: reading.cursor,
            lag: (self.feed.tip)().get().saturating_sub(reading.cursor.unwrap_or_default().get()),
            last_error: reading.trouble.as_ref().map(|(_, error)| error.clone()),
            failing_for: reading.trouble.as_ref().map(|(since, _)| since.elapsed()),
        }
    }

    fn went_well(&self, cursor: Seq) {
        self.reading.send_modify(|reading| {
            if let Some((since, _)) = reading.trouble.take() {
                tracing::info!(cursor = cursor.get(), away = ?since.elapsed(), "the sink goes on");
            }
            reading.cursor = Some(cursor);
        });
    }

    fn failed(&self, error: &StoreError) {
        let text = with_causes(error);
        if error.is_unavailable() {
            tracing::warn!(error = text, "the sink waits for the database; trading goes on");
        } else {
            tracing::error!(error = text, "the sink cannot apply events; trading goes on");
        }
        self.reading.send_modify(|reading| {
            let since = reading.trouble.take().map_or_else(Instant::now, |(since, _)| since);
            reading.trouble = Some((since, text));
        });
    }
}

fn with_causes(error: &StoreError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Runs the sink until `stop` becomes true (or its sender is gone); then it applies what the feed still has and ends. When the
/// database is away at that moment it ends at once: the next start goes on from the cursor.
pub async fn run_sink(store: Store, gauge: SinkGauge, mut stop: watch::Receiver<bool>) {
    let mut pause = PAUSE_MIN;
    let mut sink = None;
    loop {
        let waited = match step(&store, &mut sink, &gauge).await {
            Ok(true) => {
                pause = PAUSE_MIN;
                continue;
            }
            Ok(false) => {
                pause = PAUSE_MIN;
                tokio::select! {
                    () = gauge.feed.news.notified() => true,
                    _ = stop.wait_for(|stop| *stop) => false,
                }
            }
            Err(error) => {
                gauge.failed(&error);
                let before = pause;
                pause = (pause * 2).min(PAUSE_MAX);
                tokio::select! {
                    () = tokio::time::sleep(before) => true,
                    _ = stop.wait_for(|stop| *stop) => return,
                }
            }
        };
        if !waited {
            finish(&store, &mut sink, &gauge).await;
            return;
        }
    }
}

/// What came in before the stop is still applied.
async fn finish(store: &Store, sink: &mut Option<Sink>, gauge: &SinkGauge) {
    loop {
        match step(store, sink, gauge).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return gauge.failed(&error),
        }
    }
}

/// Applies one batch; answers whether there was one.
async fn step(store: &Store, sink: &mut Option<Sink>, gauge: &SinkGauge) -> Result<bool, StoreError> {
    let sink = match sink {
        Some(sink) => sink,
        None => sink.insert(Sink::open(store.clone()).await?),
    };
    let events = gauge.feed.read_after(sink.cursor().seq).await?;
    let cursor = sink.apply(&events).await?;
    gauge.went_well(cursor.seq);
    Ok(!events.is_empty())
}
