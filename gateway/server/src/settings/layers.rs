//! Lays the sources of settings over each other and checks the result.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use config::{Config, ConfigError, Environment, File, FileFormat};
use rust_decimal::Decimal;
use secrecy::SecretString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::Settings;

/// Environment names with our prefix that are not settings: switches of tests and of fault injection.
const FOREIGN: [&str; 3] = ["CX_CONFIG", "CX_TEST_", "CX_CRASH_"];

/// Why there are no settings to run with.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A source cannot be read, has a name that is not a setting, or a value of the wrong form.
    #[error("configuration: {0}")]
    Source(String),
    /// Each value is well-formed, but together they are not allowed.
    #[error("configuration: {0}")]
    Rule(String),
}

/// Lays defaults, `file`, `environment` and `flags` over each other; the later wins. `flags` are pairs of a setting's
/// name and its value as text.
pub fn load(
    file: Option<&Path>,
    environment: &HashMap<String, String>,
    flags: &[(&str, String)],
) -> Result<Settings, SettingsError> {
    let mut builder = Config::builder();
    if let Some(path) = file {
        builder = builder.add_source(File::from(path).format(FileFormat::Toml).required(true));
    }
    let ours: HashMap<String, String> = environment
        .iter()
        .filter(|(name, _)| name.starts_with("CX_") && !FOREIGN.iter().any(|foreign| name.starts_with(foreign)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    builder = builder.add_source(Environment::with_prefix("CX").source(Some(ours)));
    let overrides = environment
        .get("DATABASE_URL")
        .filter(|url| !url.is_empty())
        .map(|url| ("database_url", url.clone()))
        .into_iter()
        .chain(flags.iter().cloned());
    for (name, value) in overrides {
        builder = builder.set_override(name, value).map_err(|e| SettingsError::Source(describe(&e)))?;
    }
    let settings: Settings =
        builder.build().and_then(Config::try_deserialize).map_err(|error| SettingsError::Source(describe(&error)))?;
    settings.check()?;
    Ok(settings)
}

fn describe(error: &ConfigError) -> String {
    match error {
        ConfigError::FileParse { uri, cause } => {
            format!("{}: {cause}", uri.as_deref().unwrap_or("the file"))
        }
        other => {
            let text = other.to_string();
            match text.strip_prefix("unknown field ") {
                Some(rest) => format!("unknown setting {rest}"),
                None => text,
            }
        }
    }
}

impl Settings {
    fn check(&self) -> Result<(), SettingsError> {
        let rule = |message: String| Err(SettingsError::Rule(message));
        if self.listen.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).is_none() {
            return rule(format!("listen: `{}` is not HOST:PORT", self.listen));
        }
        if self.four_eyes_above.is_some_and(|amount| amount < Decimal::ZERO) {
            return rule("four_eyes_above must not be negative".into());
        }
        if self.admin_email.is_some() != self.admin_password.is_some() {
            return rule("admin_email and admin_password go together: set both or none".into());
        }
        if self.production && self.demo {
            return rule("demo makes accounts with passwords in a file; production refuses it".into());
        }
        if self.production && !self.rate_limits {
            return rule("production refuses rate_limits = off".into());
        }
        if self.production && self.failpoint.is_some() {
            return rule("production refuses failpoint, which kills the process".into());
        }
        if self.cors_origins.iter().any(|origin| origin == "*") {
            return rule("cors_origins: `*` does not go with credentials; name the origins".into());
        }
        Ok(())
    }
}

/// Reads a secret; empty text means none.
pub fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()).map(SecretString::from))
}

/// Reads what has a reader of its own.
pub fn text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// Reads what has a reader of its own; empty text means none.
pub fn maybe_text<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

/// Reads a list, or text with commas as the environment and flags give it.
pub fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        List(Vec<String>),
    }
    let parts = match Either::deserialize(deserializer)? {
        Either::Text(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        Either::List(list) => list,
    };
    let parse = |part: &String| part.parse().map_err(|error| D::Error::custom(format!("`{part}`: {error}")));
    parts.iter().filter(|part| !part.is_empty()).map(parse).collect()
}
