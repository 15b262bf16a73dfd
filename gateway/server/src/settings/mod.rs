//! Settings: defaults, then a TOML file, then the environment (`CX_...`, `DATABASE_URL`), then flags; the later wins.
//!
//! One flat table of names serves the file (`admin_email`), the environment (`CX_ADMIN_EMAIL`) and the flags
//! (`--admin-email` where there is one). Unknown names are refused, because a mistyped safety setting that is ignored in
//! silence is worse than a server that does not start.

mod layers;
mod print;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use cx_api::middleware::rate_limit::LimitsConfig;
use cx_failpoint::Failpoint;
use cx_journal::Durability;
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde::Deserialize;

pub use layers::load;

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Folder of the journal, the embedded database and the keys.
    pub data: PathBuf,
    /// Address to listen on; port 0 takes a free one.
    pub listen: String,
    /// `sqlite:...` or `postgres://...`; without it a SQLite file in the data folder.
    #[serde(deserialize_with = "layers::secret")]
    pub database_url: Option<SecretString>,
    /// Minutes between two snapshots.
    pub snapshot_minutes: NonZeroU32,
    /// Seconds between two snapshots, in place of the minutes: for tests of restarts.
    pub snapshot_seconds: Option<NonZeroU32>,
    /// Mebibytes of commands after which a snapshot is written sooner.
    pub snapshot_mib: NonZeroU32,
    /// Snapshots that stay.
    pub snapshots_kept: NonZeroUsize,
    /// When a command counts as durable.
    #[serde(deserialize_with = "layers::text")]
    pub durability: Durability,
    /// Whether requests are limited in number. Off only for tests.
    pub rate_limits: bool,
    /// Logins a minute and address.
    pub login_per_minute: NonZeroU32,
    /// Registrations a minute and address.
    pub register_per_minute: NonZeroU32,
    /// Orders, amendments and cancellations over REST a minute and account.
    pub orders_per_minute: NonZeroU32,
    /// Requests for market data a minute and address.
    pub market_per_minute: NonZeroU32,
    /// Proxies whose word on the client's address is believed.
    #[serde(deserialize_with = "layers::list")]
    pub trusted_proxies: Vec<IpAddr>,
    /// Deposits above this amount need a second member of staff; without it none do.
    pub four_eyes_above: Option<Decimal>,
    /// Origins of web pages that may call the API.
    #[serde(deserialize_with = "layers::list")]
    pub cors_origins: Vec<String>,
    /// First admin, made when the store has none.
    pub admin_email: Option<String>,
    /// The first admin's password.
    #[serde(deserialize_with = "layers::secret")]
    pub admin_password: Option<SecretString>,
    /// Lists real projects and makes demonstration accounts on first start.
    pub demo: bool,
    /// Refuses what only a development machine should do.
    pub production: bool,
    /// How log lines look.
    pub log_format: LogFormat,
    /// How long a stop waits for open requests, in seconds.
    pub shutdown_seconds: u64,
    /// Where the process kills itself: for tests of crashes. Production refuses it.
    #[serde(deserialize_with = "layers::maybe_text")]
    pub failpoint: Option<Failpoint>,
}

impl Default for Settings {
    fn default() -> Self {
        let limits = LimitsConfig::default();
        Self {
            data: PathBuf::from("data"),
            listen: "127.0.0.1:8080".into(),
            database_url: None,
            snapshot_minutes: NonZeroU32::new(60).expect("not zero"),
            snapshot_seconds: None,
            snapshot_mib: NonZeroU32::new(512).expect("not zero"),
            snapshots_kept: NonZeroUsize::new(3).expect("not zero"),
            durability: Durability::Fsync,
            rate_limits: true,
            login_per_minute: limits.login,
            register_per_minute: limits.register,
            orders_per_minute: limits.orders,
            market_per_minute: limits.market,
            trusted_proxies: Vec::new(),
            four_eyes_above: None,
            cors_origins: vec!["http://localhost:3000".into()],
            admin_email: None,
            admin_password: None,
            demo: false,
            production: false,
            log_format: LogFormat::Text,
            shutdown_seconds: 10,
            failpoint: None,
        }
    }
}

impl Settings {
    /// Time between two snapshots.
    pub fn snapshot_every(&self) -> Duration {
        let minutes = || 60 * u64::from(self.snapshot_minutes.get());
        Duration::from_secs(self.snapshot_seconds.map_or_else(minutes, |seconds| u64::from(seconds.get())))
    }
}

/// How log lines look on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}
