//! The command line. Flags are the uppermost layer of the settings, so they stay plain options without defaults here.

// Doc comments here are the text of --help, where backticks would be shown.
#![allow(clippy::doc_markdown)]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::exit;
use crate::load::LoadArgs;

/// An exchange for carbon credits.
#[derive(Debug, Parser)]
#[command(name = "carbonxchange", version, after_help = exit::TABLE, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct Common {
    /// Settings in TOML; the environment (CX_...) and flags go over it [env: CX_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the journal, the embedded database and the keys [env: CX_DATA] [default: data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the exchange
    Serve(Serve),
    /// Read registries' CSV exports into the store and list their projects and vintages as instruments
    ImportProjects(ImportProjects),
    /// Check journal, balances, conservation and SQL rows of a stopped server
    Verify,
    /// Look into the journal of a data folder
    #[command(subcommand)]
    Journal(Journal),
    /// Show the exchange as it was at any point of the journal, as JSON
    Replay(Replay),
    /// Write commands or events as JSON lines or CSV
    Export(Export),
    /// Write a snapshot of a stopped server's exchange, so that the next start replays less
    Snapshot,
    /// Drive a running server with a recorded-like flow and measure it
    Load(Box<LoadArgs>),
    /// Print the REST contract (OpenAPI 3.1, JSON)
    Openapi,
    /// Look at the configuration
    #[command(subcommand)]
    Config(Config),
    /// Manage the people who run the exchange
    #[command(subcommand)]
    Admin(Admin),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// Flags of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on; port 0 takes a free one [env: CX_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// When a command counts as durable: fsync, interval:<ms> or os [env: CX_DURABILITY] [default: fsync]
    #[arg(long, value_name = "MODE")]
    pub durability: Option<String>,
    /// On first start: list real projects, make demonstration accounts and quote prices [env: CX_DEMO]
    #[arg(long)]
    pub demo: bool,
    /// Refuse what only a development machine should do [env: CX_PRODUCTION]
    #[arg(long)]
    pub production: bool,
}

/// Arguments of `import-projects`.
#[derive(Debug, Args)]
pub struct ImportProjects {
    /// Files, or folders of files, as a registry exports them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Journal {
    /// Print what the folder holds: seqs, times, watermark, events, snapshots; checks the whole chain
    Info,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// Up to this command; the last without it
    #[arg(long, value_name = "SEQ", conflicts_with = "trade")]
    pub to: Option<u64>,
    /// Up to this time, such as 2026-11-24T12:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "trade")]
    pub until: Option<String>,
    /// Instead of the state: the command that made this trade, and everything that it led to
    #[arg(long, value_name = "ID")]
    pub trade: Option<u64>,
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// What to write
    #[arg(value_enum)]
    pub what: ExportWhat,
    /// In which form
    #[arg(long, value_enum, default_value = "jsonl")]
    pub format: ExportFormat,
    /// From this command on
    #[arg(long, value_name = "SEQ")]
    pub from: Option<u64>,
    /// Up to this command
    #[arg(long, value_name = "SEQ")]
    pub to: Option<u64>,
    /// Into this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportWhat {
    Commands,
    Events,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a line
    Jsonl,
    /// Columns seq, index, time, kind, fields; the fields as a JSON object
    Csv,
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print the settings in force, secrets masked; exit with 2 when something is not understood
    Check(Serve),
}

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make an admin; the password comes from CX_ADMIN_PASSWORD, or is generated and printed once
    Create {
        /// The admin's e-mail address
        #[arg(long, value_name = "EMAIL")]
        email: String,
    },
}

impl Cli {
    /// The flags that are settings, by the settings' names.
    pub fn overrides(&self) -> Vec<(&'static str, String)> {
        let mut flags = Vec::new();
        if let Some(data) = &self.common.data {
            flags.push(("data", data.display().to_string()));
        }
        if let Command::Serve(serve) | Command::Config(Config::Check(serve)) = &self.command {
            let texts = [("listen", &serve.listen), ("durability", &serve.durability)];
            flags.extend(texts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
            let switches = [("demo", serve.demo), ("production", serve.production)];
            flags.extend(switches.into_iter().filter(|&(_, on)| on).map(|(name, _)| (name, "true".to_owned())));
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn only_given_flags_override() {
        let cli = Cli::parse_from(["carbonxchange", "serve", "--listen", "[::1]:0", "--demo", "--data", "d"]);
        let expected = [("data", "d"), ("listen", "[::1]:0"), ("demo", "true")];
        assert_eq!(cli.overrides(), expected.map(|(name, value)| (name, value.to_owned())));
    }
}
