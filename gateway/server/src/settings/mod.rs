//! Settings: defaults, then a TOML file, then the environment (`CX_...`, `DATABASE_URL`), then flags; the later wins.
//!
//! One flat table of names serves the file (`admin_email`), the environment (`CX_ADMIN_EMAIL`) and the flags
//! (`--admin-email` where there is one). Unknown names are refused, because a mistyped safety setting that is ignored in
//! silence is worse than a server that does not start.

mod layers;
mod print;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;
use serde::Deserialize;

pub use layers::{SettingsError, load};

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
    /// When a command counts as durable.
    pub durability: DurabilitySetting,
    /// Whether requests are limited in number. Off only for tests.
    pub rate_limits: bool,
    /// Origins of web pages that may call the API.
    #[serde(deserialize_with = "layers::list")]
    pub cors_origins: Vec<String>,
    /// First admin, made when the store has none.
    pub admin_email: Option<String>,
    /// The first admin's password.
    #[serde(deserialize_with = "layers::secret")]
    pub admin_password: Option<SecretString>,
    /// What makers pay on instruments listed from now on, in parts per million of the notional.
    pub maker_fee_ppm: u32,
    /// What takers pay on instruments listed from now on, in parts per million of the notional.
    pub taker_fee_ppm: u32,
    /// Lists real projects and makes demonstration accounts on first start.
    pub demo: bool,
    /// Refuses what only a development machine should do.
    pub production: bool,
    /// How log lines look.
    pub log_format: LogFormat,
    /// How long a stop waits for open requests, in seconds.
    pub shutdown_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            listen: "127.0.0.1:8080".into(),
            database_url: None,
            durability: DurabilitySetting::Fsync,
            rate_limits: true,
            cors_origins: vec!["http://localhost:3000".into()],
            admin_email: None,
            admin_password: None,
            maker_fee_ppm: 500,
            taker_fee_ppm: 1_000,
            demo: false,
            production: false,
            log_format: LogFormat::Text,
            shutdown_seconds: 10,
        }
    }
}

/// When a command counts as durable, and so may be acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum DurabilitySetting {
    /// When it is on the disk.
    Fsync,
    /// When it is with the operating system, which is told to write to the disk every so many milliseconds.
    Interval(u32),
    /// When it is with the operating system.
    Os,
}

impl FromStr for DurabilitySetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fsync" => Ok(Self::Fsync),
            "os" => Ok(Self::Os),
            _ => text
                .strip_prefix("interval:")
                .and_then(|ms| ms.parse().ok())
                .filter(|ms| (1..=60_000).contains(ms))
                .map(Self::Interval)
                .ok_or_else(|| format!("`{text}` is not one of fsync, interval:<1 to 60000 ms>, os")),
        }
    }
}

impl TryFrom<String> for DurabilitySetting {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for DurabilitySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fsync => f.write_str("fsync"),
            Self::Interval(ms) => write!(f, "interval:{ms}"),
            Self::Os => f.write_str("os"),
        }
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
