//! What every handler can reach. Cheap to clone.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use cx_identity::Identity;
use cx_pipeline::{Sequencer, StatusHandle};
use cx_store::Store;

use crate::middleware::rate_limit::{Limits, LimitsConfig};
use crate::number::Number;
use crate::venue::Venue;
use crate::ws::{SocketLimits, Sockets};

/// What every handler can reach.
#[derive(Clone)]
pub struct AppState {
    /// History, users, projects.
    pub store: Store,
    /// Users, tokens, KYC.
    pub identity: Arc<Identity>,
    /// The way into the exchange.
    pub sequencer: Sequencer,
    /// How far the stages of the pipeline have come.
    pub pipeline: StatusHandle,
    /// Books, balances and open orders as folds of durable events.
    pub venue: Arc<Venue>,
    /// What the operator has set.
    pub settings: Arc<ApiSettings>,
    /// Every open WebSocket.
    pub sockets: Arc<Sockets>,
    /// Rate limits by address and account.
    pub(crate) limits: Arc<Limits>,
    /// Held while the core is told what an account may do: see [`crate::standing`].
    pub(crate) standing: Arc<tokio::sync::Mutex<()>>,
    /// When this process began to serve.
    pub started: Instant,
}

impl AppState {
    /// Puts the parts together.
    pub fn new(
        store: Store,
        identity: Arc<Identity>,
        sequencer: Sequencer,
        pipeline: StatusHandle,
        venue: Arc<Venue>,
        settings: ApiSettings,
    ) -> Self {
        let limits = Arc::new(Limits::new(&settings.limits));
        let sockets = Arc::new(Sockets::new(settings.sockets));
        Self {
            store,
            identity,
            sequencer,
            pipeline,
            venue,
            settings: Arc::new(settings),
            sockets,
            limits,
            standing: Arc::default(),
            started: Instant::now(),
        }
    }
}

/// What the operator has set.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// `development`, `test`, `production`: shown at `/api/health`.
    pub environment: String,
    /// How acknowledged commands are kept: `fsync`, `interval:<ms>` or `os`; shown at `/api/health`.
    pub durability: String,
    /// Origins whose web pages may call the API with credentials.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How many requests are let through.
    pub limits: LimitsConfig,
    /// Bounds of sockets.
    pub sockets: SocketLimits,
    /// The largest body, in bytes, documents excepted.
    pub body_bytes_max: usize,
    /// Deposits above this amount need a second member of staff; `None`: none do. Withdrawals always need one.
    pub four_eyes_above: Option<Number>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            environment: "development".to_owned(),
            durability: "fsync".to_owned(),
            cors_origins: vec!["http://localhost:3000".to_owned(), "http://localhost:5173".to_owned()],
            trusted_proxies: Vec::new(),
            limits: LimitsConfig::default(),
            sockets: SocketLimits::default(),
            body_bytes_max: 64 * 1024,
            four_eyes_above: None,
        }
    }
}
