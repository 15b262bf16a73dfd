//! The options of `carbonxchange load`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// Drives a running server with a seeded flow shaped like a real venue's, on schedule, and measures it.
#[derive(Debug, Clone, Args)]
pub struct LoadArgs {
    /// The server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Messages a second: orders, amends, cancels and reads.
    #[arg(long, value_name = "N", default_value_t = 1_000.0)]
    pub rate: f64,
    /// How long, such as 90, 90s or 5m.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub duration: Duration,
    /// The first part of it, in which nothing is measured.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time)]
    pub warm_up: Duration,
    /// WebSocket connections, spread over the accounts.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub connections: u16,
    /// The same seed gives the same flow.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Instruments to trade, separated by commas [default: four, first those of which an account has credits]
    #[arg(long, value_name = "SYMBOLS", value_delimiter = ',')]
    pub symbols: Vec<String>,
    /// Accounts to trade with: EMAIL:PASSWORD separated by commas, a file with one a line, or the data folder's
    /// demo-accounts.txt
    #[arg(long, value_name = "LIST|FILE")]
    pub accounts: Option<String>,
    /// How many users to register, approve and give cash and credits with the admin's credentials [default: 4, with
    /// --accounts 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=256))]
    pub users: Option<u16>,
    /// The admin who approves and funds registered users.
    #[arg(long, value_name = "EMAIL", env = "CX_ADMIN_EMAIL")]
    pub admin_email: Option<String>,
    /// The admin's password.
    #[arg(long, value_name = "PASSWORD", env = "CX_ADMIN_PASSWORD", hide_env_values = true)]
    pub admin_password: Option<String>,
    /// Write all figures to this file (JSON).
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write a plot of latency and throughput to this file (SVG).
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write the client order id of every acknowledged order to this file, one a line.
    #[arg(long, value_name = "FILE")]
    pub acks: Option<PathBuf>,
    /// Leave open orders in the book at the end.
    #[arg(long)]
    pub keep_orders: bool,
    #[command(flatten, next_help_heading = "Shape of the flow (docs/load.md)")]
    pub shape: Shape,
}

/// The shape of the flow.
#[derive(Debug, Clone, Args)]
pub struct Shape {
    /// Share of messages that are REST reads.
    #[arg(long, value_name = "SHARE", default_value_t = 0.02)]
    pub reads: f64,
    /// Share of new orders that are immediate-or-cancel.
    #[arg(long, value_name = "SHARE", default_value_t = 0.15)]
    pub ioc: f64,
    /// Share of resting orders that are amended.
    #[arg(long, value_name = "SHARE", default_value_t = 0.20)]
    pub amends: f64,
    /// Share of resting orders that are cancelled.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    pub cancels: f64,
    /// Share of cancels and amends that are sent again after the cancel.
    #[arg(long, value_name = "SHARE", default_value_t = 0.02)]
    pub stale: f64,
    /// Share of cancels that come when the order has gone cold.
    #[arg(long, value_name = "SHARE", default_value_t = 0.10)]
    pub cold: f64,
    /// Median lifetime of an order at the touch.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = time)]
    pub lifetime: Duration,
    /// How much arrivals cluster: 0 is Poisson, below 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    pub burst: f64,
    /// Standard deviation of the mid over a million orders of an instrument.
    #[arg(long, value_name = "SHARE", default_value_t = 0.02)]
    pub swing: f64,
    /// Median quantity of an order, in lots.
    #[arg(long, value_name = "LOTS", default_value_t = 5.0)]
    pub lots: f64,
}

/// Reads `90`, `90s`, `500ms`, `5m`.
fn time(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds: f64 = number.parse().map_err(|_| format!("{text} is not a time such as 90s, 500ms or 5m"))?;
    let factor = match unit {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        _ => return Err(format!("{unit} is not a unit of time: use ms, s, m or h")),
    };
    let time = Duration::try_from_secs_f64(seconds * factor).map_err(|error| error.to_string())?;
    if time > Duration::from_hours(7 * 24) { Err("more than a week".to_owned()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::{CommandFactory as _, FromArgMatches as _};

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        load: LoadArgs,
    }

    fn parse(words: &[&str]) -> LoadArgs {
        let matches = Command::command().try_get_matches_from([&["load"], words].concat()).unwrap();
        Command::from_arg_matches(&matches).unwrap().load
    }

    #[test]
    fn times_are_read_with_their_units_and_nonsense_is_refused() {
        let read = |text| time(text).unwrap();
        let seconds = ["90", "90s", "1.5m", "0.025h", "90000ms"].map(read);
        assert_eq!(seconds, [Duration::from_secs(90); 5]);
        for bad in ["", "s", "-1s", "1w", "1e3", "nan", "8760h"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn defaults_and_lists() {
        let args = parse(&["--symbols", "A,B", "--rate", "250.5"]);
        assert_eq!((args.symbols.as_slice(), args.rate), (["A".to_owned(), "B".to_owned()].as_slice(), 250.5));
        assert_eq!((args.duration, args.connections), (Duration::from_secs(30), 4));
        assert_eq!(args.shape.lifetime, Duration::from_millis(500));
        Command::command().debug_assert();
    }
}
