//! The binary: reads settings, puts the crates together and runs one command. Everything else lives behind a crate's door.
//!
//! - [`cli`], [`settings`], [`exit`], [`logging`]: how a person or a script speaks with it.
//! - [`venue`]: the crates put together, started and stopped in order. [`serve`] puts HTTP in front; [`import`] does not.
//! - [`demo`]: a venue that is alive on first start. [`verify`]: is a data folder sound? [`admin`]: staff from the command
//!   line. [`load`]: the load generator. [`tools`]: looking into a data folder.

mod admin;
mod cli;
mod demo;
mod exit;
mod import;
mod load;
mod logging;
mod serve;
mod settings;
mod tools;
mod venue;
mod verify;

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use cli::{Admin, Cli, Command, Config, Journal};
use exit::{Code, Failure, OrExit as _};
use settings::Settings;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    if let Command::Completions { shell } = cli.command {
        clap_complete::generate(shell, &mut Cli::command(), "carbonxchange", &mut std::io::stdout());
        return Ok(());
    }
    if let Command::Openapi = cli.command {
        let text = cx_api::openapi::description().to_pretty_json().or_exit(Code::Internal, "the contract")?;
        println!("{text}");
        return Ok(());
    }
    if let Command::Load(args) = cli.command {
        return load::run(*args).map_err(|error| Failure::new(Code::CheckFailed, error));
    }
    let settings = settings(&cli)?;
    if let Command::Config(Config::Check(_)) = cli.command {
        print!("{settings}");
        return Ok(());
    }
    logging::start(settings.log_format);
    match cli.command {
        Command::Serve(_) => serve::run(&settings),
        Command::ImportProjects(import) => import::run(&settings, &import.files),
        Command::Verify => verify::run(&settings),
        Command::Journal(Journal::Info) => tools::info(&settings),
        Command::Replay(wanted) => tools::replay(&settings, &wanted),
        Command::Export(wanted) => tools::export(&settings, &wanted),
        Command::Snapshot => tools::snapshot(&settings),
        Command::Admin(Admin::Create { email }) => admin::create(&settings, &email),
        Command::Load(_) | Command::Openapi | Command::Config(_) | Command::Completions { .. } => Ok(()),
    }
}

/// The settings in force.
fn settings(cli: &Cli) -> Result<Settings, Failure> {
    let environment: HashMap<String, String> = std::env::vars().collect();
    let named = environment.get("CX_CONFIG").map(PathBuf::from);
    let file = cli.common.config.clone().or(named);
    settings::load(file.as_deref(), &environment, &cli.overrides()).map_err(|error| Failure::new(Code::Usage, error))
}
