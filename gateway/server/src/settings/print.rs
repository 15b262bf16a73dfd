//! The settings in force as a TOML document, secrets masked: `config check` prints it, and it can be used as a file.

use std::fmt::{self, Display, Write as _};

use secrecy::{ExposeSecret, SecretString};

use super::{LogFormat, Settings};

const MASK: &str = "********";

impl Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text(f, "data", &self.data.display())?;
        text(f, "listen", &self.listen)?;
        optional(f, "database_url", self.database_url.as_ref().map(|url| mask_password(url.expose_secret())))?;
        text(f, "durability", &self.durability)?;
        writeln!(f, "snapshot_minutes = {}", self.snapshot_minutes)?;
        match self.snapshot_seconds {
            Some(seconds) => writeln!(f, "snapshot_seconds = {seconds}")?,
            None => writeln!(f, "# snapshot_seconds is not set")?,
        }
        writeln!(f, "snapshot_mib = {}", self.snapshot_mib)?;
        writeln!(f, "snapshots_kept = {}", self.snapshots_kept)?;
        writeln!(f, "rate_limits = {}", self.rate_limits)?;
        writeln!(f, "login_per_minute = {}", self.login_per_minute)?;
        writeln!(f, "register_per_minute = {}", self.register_per_minute)?;
        writeln!(f, "orders_per_minute = {}", self.orders_per_minute)?;
        writeln!(f, "market_per_minute = {}", self.market_per_minute)?;
        list(f, "trusted_proxies", &self.trusted_proxies)?;
        optional(f, "four_eyes_above", self.four_eyes_above.map(|amount| amount.to_string()))?;
        list(f, "cors_origins", &self.cors_origins)?;
        optional(f, "admin_email", self.admin_email.clone())?;
        optional(f, "admin_password", self.admin_password.as_ref().map(|_: &SecretString| MASK.to_owned()))?;
        writeln!(f, "demo = {}", self.demo)?;
        writeln!(f, "production = {}", self.production)?;
        text(f, "log_format", &if self.log_format == LogFormat::Json { "json" } else { "text" })?;
        writeln!(f, "shutdown_seconds = {}", self.shutdown_seconds)?;
        optional(f, "failpoint", self.failpoint.map(|failpoint| failpoint.to_string()))
    }
}

fn text(f: &mut fmt::Formatter<'_>, name: &str, value: &dyn Display) -> fmt::Result {
    writeln!(f, "{name} = {}", quoted(&value.to_string()))
}

fn list(f: &mut fmt::Formatter<'_>, name: &str, values: &[impl Display]) -> fmt::Result {
    let values: Vec<String> = values.iter().map(|value| quoted(&value.to_string())).collect();
    writeln!(f, "{name} = [{}]", values.join(", "))
}

fn optional(f: &mut fmt::Formatter<'_>, name: &str, value: Option<String>) -> fmt::Result {
    match value {
        Some(value) => text(f, name, &value),
        None => writeln!(f, "# {name} is not set"),
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => write!(out, "\\u{:04X}", u32::from(c)).expect("writing to a string cannot fail"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Hides what stands between the user's name and the host of a database's address.
pub(super) fn mask_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority_end = rest.find('/').unwrap_or(rest.len());
    let Some(at) = rest[..authority_end].rfind('@') else { return url.to_owned() };
    let user = rest[..at].split(':').next().unwrap_or_default();
    format!("{scheme}://{user}:{MASK}{}", &rest[at..])
}
