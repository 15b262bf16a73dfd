//! `carbonxchange import-projects`: registries' exports into the store, and their vintages onto the exchange.
//!
//! The command takes the data folder, so the server must be stopped: listings are commands of the journal, which has one
//! writer.

use std::path::PathBuf;

use cx_api::listing;
use cx_registry::import::FileReport;
use cx_registry::{ImportError, Options, Source, import};

use crate::exit::{Code, Failure, OrExit as _};
use crate::serve::runtime;
use crate::settings::Settings;
use crate::venue::{Running, open};

/// Imports the files. A file with a bad row is refused as a whole, and the exit code says so.
pub fn run(settings: &Settings, files: &[PathBuf]) -> Result<(), Failure> {
    if let Some(missing) = files.iter().find(|file| !file.exists()) {
        return Err(Failure::message(Code::Input, format_args!("{}: there is no such file", missing.display())));
    }
    let journal = open::journal(settings)?;
    runtime()?.block_on(async {
        let running = Running::start(settings, journal).await?;
        let outcome = carry_out(&running, files).await;
        running.flush().await;
        running.stop().await?;
        outcome
    })
}

async fn carry_out(running: &Running, files: &[PathBuf]) -> Result<(), Failure> {
    let state = &running.state;
    let sources: Vec<Source> = files.iter().cloned().map(Source::Path).collect();
    let report = import(&state.store, &sources, Options::default()).await.map_err(|error| match error {
        ImportError::Store(error) => Failure::new(Code::Database, error),
        other => Failure::new(Code::Input, other),
    })?;
    report.files.iter().for_each(tell);
    let instruments = || state.venue.read().market.listings().instruments().len();
    let before = instruments();
    listing::list(state, &report.listings).await.or_exit(Code::Internal, "listing instruments")?;
    let listed = instruments() - before;
    println!(
        "imported: {} projects, {} vintages, {} issuances and {} blocks added or changed; {listed} instruments listed",
        report.projects, report.vintages, report.issuances, report.blocks
    );
    let refused = report.files.iter().filter(|file| !file.imported).count();
    if refused > 0 {
        let of = report.files.len();
        let text = format!("{refused} of {of} files had bad rows and were not imported; correct them and import again");
        return Err(Failure::message(Code::Input, text));
    }
    Ok(())
}

fn tell(file: &FileReport) {
    let what = if file.imported { "imported" } else { "NOT imported" };
    println!("{}: {:?}, {} good rows, {} bad rows: {what}", file.file, file.format, file.accepted, file.refused);
    for refusal in &file.refusals {
        println!("  {refusal}");
    }
    let more = file.refused.saturating_sub(file.refusals.len() as u64);
    if more > 0 {
        println!("  and {more} more");
    }
}
