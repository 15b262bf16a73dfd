//! The binary: reads settings, puts the crates together and runs one command. Everything else lives behind a crate's door.
//!
//! - [`cli`], [`settings`], [`exit`], [`logging`]: how a person or a script speaks with it.

mod cli;
mod exit;
mod logging;
mod settings;

use std::collections::HashMap;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use cli::{Cli, Command};
use exit::{Code, Failure};
use settings::Settings;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    match &cli.command {
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "carbonxchange", &mut std::io::stdout());
        }
        Command::Config(cli::Config::Check(_)) => print!("{}", settings(cli)?),
        _ => return Err(Failure::message(Code::Internal, "not built yet")),
    }
    Ok(ExitCode::SUCCESS)
}

fn settings(cli: &Cli) -> Result<Settings, Failure> {
    let environment: HashMap<String, String> = std::env::vars().collect();
    let named = environment.get("CX_CONFIG").map(std::path::PathBuf::from);
    let file = cli.common.config.clone().or(named);
    settings::load(file.as_deref(), &environment, &cli.overrides()).map_err(|error| Failure::new(Code::Usage, error))
}
