//! The venue put together: journal, exchange, pipeline, folds, store and sink, started and stopped in the right order.
//!
//! `serve` puts HTTP in front of it; `import-projects` uses it without. Everything that a crash may have left half done
//! between the two stores is healed in [`Running::start`], before anybody is served.

pub mod currency;
pub mod open;
pub mod snapshots;

use std::sync::Arc;
use std::time::Duration;

use cx_api::number::Number;
use cx_api::venue::VenueOutlet;
use cx_api::{ApiSettings, AppState, listing, standing};
use cx_engine::EventRecord;
use cx_engine::ids::Seq;
use cx_identity::{Identity, IdentitySettings, SigningKeys};
use cx_journal::{EventReader, JournalError, JournalStore, Recovered};
use cx_pipeline::{Outlet, Pipeline, PipelineConfig, SystemClock};
use cx_store::sink::{EventFeed, SinkGauge, run_sink};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::exit::{Code, Failure, OrExit as _};
use crate::settings::Settings;
use snapshots::Snapshots;

/// How long a stop waits for the database to take the last events. Whatever is left follows after the next start.
const SINK_PATIENCE: Duration = Duration::from_secs(10);
/// Events read from the log at a time when folds are rebuilt.
const REPLAY_CHUNK: usize = 65_536;

/// A running venue.
pub struct Running {
    /// What handlers reach.
    pub state: AppState,
    pipeline: Pipeline,
    snapshots: Snapshots,
    gauge: SinkGauge,
    stop_sink: watch::Sender<bool>,
    sink: JoinHandle<()>,
}

impl Running {
    /// Connects the store, rebuilds the folds, starts pipeline and sink, and heals what a crash may have left.
    pub async fn start(settings: &Settings, journal: JournalStore) -> Result<Self, Failure> {
        let store = open::store(settings).await?;
        let keys = SigningKeys::open(&open::keys(settings)).or_exit(Code::DataFolder, "the signing keys")?;
        let identity = Identity::new(&store, keys, IdentitySettings::default()).or_exit(Code::Internal, "identity")?;
        if let (Some(email), Some(password)) = (&settings.admin_email, &settings.admin_password) {
            let made = identity.ensure_admin(email, password.clone()).await.or_exit(Code::Usage, "the first admin")?;
            if made.is_some() {
                tracing::info!(email, "made the first admin");
            }
        }
        let cursor = store.sink_cursor().await.or_exit(Code::Database, "how far the database is")?;
        let reader = journal.event_reader();
        let opened = journal.clone();
        let recovered = tokio::task::spawn_blocking(move || open::recover(&opened, cursor.seq));
        let Recovered { exchange, journal: appender, event_log, folds, .. } =
            recovered.await.or_exit(Code::Internal, "recovery")??;
        let venue = open::venue(&journal, folds)?;
        let news = Arc::new(Notify::new());
        let outlet = Announcing { venue: venue.outlet(), news: Arc::clone(&news) };
        let (pipeline, sequencer) = Pipeline::start(
            PipelineConfig::default(),
            exchange,
            Box::new(appender),
            Box::new(event_log),
            Box::new(outlet),
            Arc::new(SystemClock),
        );
        let handle = pipeline.status_handle();
        let state = AppState::new(store, Arc::new(identity), sequencer, handle, venue, api_settings(settings));
        let (gauge, stop_sink, sink) = start_sink(&state, &reader, news);
        let schedule = snapshots::Schedule {
            every: settings.snapshot_every(),
            journal_bytes: u64::from(settings.snapshot_mib.get()) << 20,
            keep: settings.snapshots_kept.get(),
        };
        let snapshots = Snapshots::start(schedule, journal, pipeline.status_handle(), open::kept_folds);
        let running = Self { state, pipeline, snapshots, gauge, stop_sink, sink };
        running.heal().await?;
        Ok(running)
    }

    /// Brings the exchange and the store together where a crash between the two has left them apart.
    async fn heal(&self) -> Result<(), Failure> {
        let state = &self.state;
        listing::list(state, &[]).await.or_exit(Code::Internal, "adding the currency")?;
        let reconciled = standing::reconcile(state).await.or_exit(Code::Database, "comparing permissions")?;
        let resumed = cx_api::resume_transactions(state).await.or_exit(Code::Database, "resuming transactions")?;
        let issued = cx_api::resume_issues(state).await.or_exit(Code::Database, "resuming issues")?;
        tracing::debug!(
            users = reconciled.users,
            changed = reconciled.changed,
            resumed,
            issued,
            "store and exchange agree"
        );
        Ok(())
    }

    /// Waits until everything that the exchange has done is in the database.
    pub async fn flush(&self) {
        let released = self.pipeline.status().released;
        if tokio::time::timeout(SINK_PATIENCE, self.gauge.reached(released)).await.is_err() {
            tracing::warn!("the database has not taken all events yet; the rest follows after the next start");
        }
    }

    /// Drains the pipeline, syncs the journal, lets the database take the last events, and closes everything.
    pub async fn stop(self) -> Result<(), Failure> {
        let (pipeline, snapshots) = (self.pipeline, self.snapshots);
        let exchange = tokio::task::spawn_blocking(move || pipeline.try_shutdown())
            .await
            .or_exit(Code::Internal, "stopping the pipeline")?
            .or_exit(Code::Internal, "stopping the pipeline")?;
        cx_failpoint::pass(cx_failpoint::Point::Stopped);
        tokio::task::spawn_blocking(move || snapshots.stop())
            .await
            .or_exit(Code::Internal, "stopping the snapshots")?;
        if tokio::time::timeout(SINK_PATIENCE, self.gauge.reached(exchange.seq())).await.is_err() {
            tracing::warn!("the database has not taken all events yet; the rest follows after the next start");
        }
        self.stop_sink.send_replace(true);
        self.sink.await.or_exit(Code::Internal, "stopping the sink")?;
        self.state.store.close().await;
        tracing::info!(seq = exchange.seq().get(), "journal synced and closed");
        Ok(())
    }
}

fn start_sink(
    state: &AppState,
    reader: &EventReader,
    news: Arc<Notify>,
) -> (SinkGauge, watch::Sender<bool>, JoinHandle<()>) {
    let (reads, tips) = (reader.clone(), reader.clone());
    let feed = EventFeed::new(move |after, max| reads.read_after(after, max), move || tips.tip(), news);
    let gauge = SinkGauge::new(feed);
    let (stop, stopped) = watch::channel(false);
    let sink = tokio::spawn(run_sink(state.store.clone(), gauge.clone(), stopped));
    (gauge, stop, sink)
}

fn api_settings(settings: &Settings) -> ApiSettings {
    let mut api = ApiSettings {
        environment: if settings.production { "production" } else { "development" }.to_owned(),
        durability: settings.durability.to_string(),
        cors_origins: settings.cors_origins.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        four_eyes_above: settings.four_eyes_above.map(Number::whole),
        ..ApiSettings::default()
    };
    api.limits.enabled = settings.rate_limits;
    api.limits.login = settings.login_per_minute;
    api.limits.register = settings.register_per_minute;
    api.limits.orders = settings.orders_per_minute;
    api.limits.market = settings.market_per_minute;
    api
}

/// The folds, and a word to the sink that there is something to fetch.
struct Announcing {
    venue: VenueOutlet,
    news: Arc<Notify>,
}

impl Outlet for Announcing {
    fn release(&mut self, records: &[EventRecord]) {
        self.venue.release(records);
        self.news.notify_one();
    }
}

/// Every event of the log, from the first or after a command.
pub struct Replay<'a> {
    reader: &'a EventReader,
    after: Seq,
    chunk: std::vec::IntoIter<EventRecord>,
    /// Why it ended before the log did.
    pub failed: Option<JournalError>,
}

impl<'a> Replay<'a> {
    /// The events of the commands after `after`.
    pub fn new(reader: &'a EventReader, after: Seq) -> Self {
        Self { reader, after, chunk: Vec::new().into_iter(), failed: None }
    }
}

impl Iterator for Replay<'_> {
    type Item = EventRecord;

    fn next(&mut self) -> Option<EventRecord> {
        if let Some(record) = self.chunk.next() {
            return Some(record);
        }
        match self.reader.read_after(self.after, REPLAY_CHUNK) {
            Ok(chunk) => {
                self.after = chunk.last()?.seq;
                self.chunk = chunk.into_iter();
                self.chunk.next()
            }
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}
