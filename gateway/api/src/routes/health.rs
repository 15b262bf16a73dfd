//! How the server is doing: for people, for orchestrators, for Prometheus.

use std::fmt::Write as _;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use cx_engine::units::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::{Code, Problem, ProblemBody};
use crate::routes::trading::shapes::instant;
use crate::state::AppState;
use crate::venue::wall_nanos;

/// A sink that is so many commands behind is called behind.
const SINK_LAG_MAX: u64 = 100_000;
/// How long the database may take to answer.
const DATABASE_PATIENCE: Duration = Duration::from_secs(2);

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(info)).routes(routes!(livez)).routes(routes!(readyz))
}

/// How each part is doing: `healthy`, `degraded` or `unhealthy`, with what there is to say.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Services {
    database: Service,
    journal: Service,
    engine: Service,
    api: Service,
    sink: Service,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct Service {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// How far it has come, as a position of the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// How many commands it is behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag: Option<u64>,
}

impl Service {
    fn healthy() -> Self {
        Self { status: "healthy", detail: None, seq: None, lag: None }
    }

    fn at(seq: u64) -> Self {
        Self { seq: Some(seq), ..Self::healthy() }
    }

    fn called(self, status: &'static str, detail: impl Into<String>) -> Self {
        Self { status, detail: Some(detail.into()), ..self }
    }

    fn is_healthy(&self) -> bool {
        self.status == "healthy"
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `healthy`; `degraded` when trading goes on but something is amiss; `unhealthy` when it does not.
    status: &'static str,
    timestamp: String,
    version: &'static str,
    environment: String,
    services: Services,
    /// Seconds since the start.
    uptime: u64,
    /// How acknowledged commands are kept: `fsync`, `interval:<ms>` or `os`.
    durability: String,
}

async fn services(state: &AppState) -> Services {
    let pipeline = state.pipeline.status();
    let ping = tokio::time::timeout(DATABASE_PATIENCE, state.store.ping()).await;
    let database = match ping {
        Ok(Ok(())) => Service::healthy(),
        Ok(Err(error)) => Service::healthy().called("unhealthy", error.to_string()),
        Err(_) => Service::healthy().called("unhealthy", "the database does not answer"),
    };
    let sink = if database.is_healthy() { sink(state, pipeline.released.get()).await } else { waiting_sink() };
    let part = |seq: u64| {
        let service = Service::at(seq);
        if pipeline.failed { service.called("unhealthy", "the pipeline ended with an error") } else { service }
    };
    let journal = part(pipeline.durable.get());
    let journal = match pipeline.storage_low {
        true if journal.is_healthy() => {
            journal.called("degraded", "little room on the disk: only cancellations are taken")
        }
        _ => journal,
    };
    let closing = state.sockets.is_closing();
    let api = Service::healthy();
    let api = if closing { api.called("unhealthy", "the server is shutting down") } else { api };
    Services { database, journal, engine: part(pipeline.applied.get()), api, sink }
}

fn waiting_sink() -> Service {
    Service::healthy().called("degraded", "waits for the database; trading goes on")
}

async fn sink(state: &AppState, released: u64) -> Service {
    match state.store.sink_cursor().await {
        Ok(cursor) => {
            let lag = released.saturating_sub(cursor.seq.get());
            let service = Service { lag: Some(lag), ..Service::at(cursor.seq.get()) };
            if lag > SINK_LAG_MAX { service.called("degraded", "history is behind; trading goes on") } else { service }
        }
        Err(_) => waiting_sink(),
    }
}

/// Shows how the server and its parts are doing. 503 when trading is not possible.
#[utoipa::path(
    get,
    path = "/api/health",
    tag = "health",
    responses(
        (status = 200, description = "Trading is possible.", body = Health),
        (status = 503, description = "Trading is not possible.", body = Health),
    ),
    security(()),
)]
async fn health(State(state): State<AppState>) -> (StatusCode, axum::Json<Health>) {
    let services = services(&state).await;
    let trading = services.journal.status != "unhealthy" && services.engine.is_healthy() && services.api.is_healthy();
    let history = services.journal.is_healthy() && services.database.is_healthy() && services.sink.is_healthy();
    let (status, code) = match (trading, history) {
        (true, true) => ("healthy", StatusCode::OK),
        (true, false) => ("degraded", StatusCode::OK),
        (false, _) => ("unhealthy", StatusCode::SERVICE_UNAVAILABLE),
    };
    let health = Health {
        status,
        timestamp: instant(Timestamp::from_nanos(wall_nanos())),
        version: env!("CARGO_PKG_VERSION"),
        environment: state.settings.environment.clone(),
        services,
        uptime: state.started.elapsed().as_secs(),
        durability: state.settings.durability.clone(),
    };
    (code, axum::Json(health))
}

#[derive(Debug, Serialize, ToSchema)]
struct Info {
    name: &'static str,
    version: &'static str,
    environment: String,
    description: &'static str,
    /// Where the REST API is described.
    documentation: &'static str,
    openapi: &'static str,
    websocket: &'static str,
}

/// Shows what this server is.
#[utoipa::path(
    get,
    path = "/api/info",
    tag = "health",
    responses((status = 200, description = "What this server is.", body = Info)),
    security(()),
)]
async fn info(State(state): State<AppState>) -> axum::Json<Info> {
    axum::Json(Info {
        name: "CarbonXchange",
        version: env!("CARGO_PKG_VERSION"),
        environment: state.settings.environment.clone(),
        description: "An exchange for carbon credits.",
        documentation: "/docs",
        openapi: "/api/openapi.json",
        websocket: "/ws",
    })
}

/// Answers as long as the process can answer at all.
#[utoipa::path(
    get,
    path = "/livez",
    tag = "health",
    responses((status = 200, description = "The process lives.", body = String)),
    security(()),
)]
async fn livez() -> &'static str {
    "ok"
}

/// Answers 200 when orders can be placed: the journal was replayed, the pipeline runs, and no shutdown is under way.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "Orders can be placed.", body = String),
        (status = 503, description = "Not now.", body = ProblemBody),
    ),
    security(()),
)]
async fn readyz(State(state): State<AppState>) -> Result<&'static str, Problem> {
    // The server listens only after the replay, so whoever can ask finds it done.
    if state.sockets.is_closing() || state.pipeline.status().failed {
        return Err(Problem::new(Code::ShuttingDown).retry_after(10));
    }
    Ok("ok")
}

/// The figures of the server in Prometheus' text format, for a port of its own.
pub fn metrics(state: &AppState) -> String {
    let pipeline = state.pipeline.status();
    let (open, seq, books) = {
        let folds = state.venue.read();
        (folds.accounts.open_count(), folds.market.seq().get(), folds.market.listings().instruments().len())
    };
    let mut text = String::with_capacity(4_096);
    let mut put = |name: &str, kind: &str, help: &str, value: f64| {
        writeln!(text, "# HELP cx_{name} {help}\n# TYPE cx_{name} {kind}\ncx_{name} {value}")
            .expect("writing to a string cannot fail");
    };
    let count = |value: u64| metric(value);
    let seconds = |nanos: u64| metric(nanos) / 1e9;
    let gauge = "gauge";
    put("sequenced", gauge, "Last command that entered the ring.", count(pipeline.sequenced.get()));
    put("durable", gauge, "Last command that is durable.", count(pipeline.durable.get()));
    put("applied", gauge, "Last command that the engine applied.", count(pipeline.applied.get()));
    put("released", gauge, "Last command whose events were released.", count(pipeline.released.get()));
    put("folded", gauge, "Last command in the gateway's folds.", count(seq));
    put("ring_depth", gauge, "Commands waiting in the ring.", count(pipeline.ring_depth));
    put("ring_slots", gauge, "Slots of the ring.", count(pipeline.ring_slots));
    put("in_flight", gauge, "Commands that await their answers.", count(pipeline.in_flight));
    put("refused_total", "counter", "Commands refused as overloaded.", count(pipeline.refused));
    put("journal_batches_total", "counter", "Journal batches written.", count(pipeline.batches));
    put("journal_batch_commands", gauge, "Commands in the last journal batch.", count(pipeline.last_batch));
    put("journal_sync_seconds_total", "counter", "Time spent in journal appends.", seconds(pipeline.total_sync_nanos));
    put("journal_sync_seconds_last", gauge, "Time of the last journal append.", seconds(pipeline.last_sync_nanos));
    put("journal_sync_seconds_max", gauge, "Longest journal append.", seconds(pipeline.max_sync_nanos));
    put("storage_low", gauge, "1 while only cancellations are taken.", f64::from(u8::from(pipeline.storage_low)));
    put("events_total", "counter", "Events released.", count(pipeline.events));
    put("pipeline_failed", gauge, "1 when the pipeline ended with an error.", f64::from(u8::from(pipeline.failed)));
    put("orders_open", gauge, "Open orders.", count(open as u64));
    put("instruments", gauge, "Instruments listed.", count(books as u64));
    put("websocket_connections", gauge, "Open WebSockets.", count(state.sockets.count() as u64));
    put("uptime_seconds", gauge, "Seconds since the start.", state.started.elapsed().as_secs_f64());
    text
}

#[allow(clippy::cast_precision_loss)] // Prometheus counts in floats
fn metric(value: u64) -> f64 {
    value as f64
}
