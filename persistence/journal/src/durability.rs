//! How much a returned append promises.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Longest interval between syncs that is accepted.
const INTERVAL_MAX_MS: u64 = 60_000;

/// When the journal is synced to the disk. Whatever the mode, an acknowledged command survives the end of the process;
/// the modes differ in what survives a power cut or a crash of the operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Each batch before it is acknowledged: nothing that was acknowledged is lost.
    #[default]
    Fsync,
    /// In the background, at this interval: at most this much of acknowledged work is lost.
    Interval(Duration),
    /// When the operating system likes (usually within half a minute), and when the exchange is shut down.
    Os,
}

/// Why a text is not a durability mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a durability mode: use `fsync`, `interval:<ms>` with 1 to {INTERVAL_MAX_MS} milliseconds, or `os`"
)]
pub struct ParseDurabilityError(String);

impl FromStr for Durability {
    type Err = ParseDurabilityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParseDurabilityError(text.to_owned());
        match text {
            "fsync" => Ok(Self::Fsync),
            "os" => Ok(Self::Os),
            _ => {
                let digits = text.strip_prefix("interval:").ok_or_else(refused)?;
                if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                    return Err(refused());
                }
                match digits.parse() {
                    Ok(ms @ 1..=INTERVAL_MAX_MS) => Ok(Self::Interval(Duration::from_millis(ms))),
                    _ => Err(refused()),
                }
            }
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fsync => f.write_str("fsync"),
            Self::Interval(every) => write!(f, "interval:{}", every.as_millis()),
            Self::Os => f.write_str("os"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Durability, Duration};

    #[test]
    fn modes_are_read_and_shown_in_the_same_words() {
        let interval = |ms| Durability::Interval(Duration::from_millis(ms));
        for (text, mode) in [
            ("fsync", Durability::Fsync),
            ("os", Durability::Os),
            ("interval:1", interval(1)),
            ("interval:60000", interval(60_000)),
        ] {
            assert_eq!(text.parse(), Ok(mode));
            assert_eq!(mode.to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_choices() {
        for text in [
            "",
            "Fsync",
            "fsync ",
            "interval",
            "interval:",
            "interval:0",
            "interval:60001",
            "interval:+5",
            "interval:5ms",
            "interval:-1",
            "interval:99999999999999999999",
            "none",
        ] {
            let error = text.parse::<Durability>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")) && error.contains("interval:<ms>"), "{error}");
        }
    }
}
