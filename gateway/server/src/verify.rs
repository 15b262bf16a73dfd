//! `carbonxchange verify`: is what lies in the data folder sound? One line a check.
//!
//! The journal is read as it lies, then replayed; the exchange that comes out is audited, its balances are compared with all
//! that ever came in and went out, and the relational store with the journal's events.

use std::fmt::Write as _;

use cx_compliance::{Expectation, reconcile};
use cx_engine::Exchange;
use cx_engine::command::AssetClass;
use cx_engine::ids::Seq;
use cx_journal::{DataDir, JournalStore};

use crate::exit::{Code, Failure, OrExit as _};
use crate::serve::runtime;
use crate::settings::Settings;
use crate::venue::{Replay, open};

/// The checks' outcome so far.
#[derive(Default)]
struct Outcome {
    failed: usize,
}

impl Outcome {
    /// Prints the line of a check, and what it found.
    fn check(&mut self, name: &str, sound: bool, numbers: &str, findings: impl IntoIterator<Item = String>) {
        println!("{name:<13} {:<6} {numbers}", if sound { "ok" } else { "FAILED" });
        for finding in findings {
            println!("{:<20} {finding}", "");
        }
        self.failed += usize::from(!sound);
    }
}

/// Runs all checks on a stopped server's folder. Says [`Code::CheckFailed`] when one fails.
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let dir = &settings.data;
    if !dir.is_dir() {
        return Err(Failure::message(Code::DataFolder, format_args!("there is no data folder {}", dir.display())));
    }
    let mut outcome = Outcome::default();
    // Held while the files are read: a server that starts now would be refused.
    let lock = DataDir::lock(dir).or_exit(Code::DataFolder, "cannot verify")?;
    let report = cx_journal::verify(dir, open::show).or_exit(Code::DataFolder, "cannot verify")?;
    let hash = report.state_hash.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
        hex
    });
    outcome.check(
        "journal",
        report.is_sound(),
        &format!(
            "{} commands in {} batches up to seq {}, {} events of which {} are stored, state {}",
            report.commands,
            report.batches,
            report.tip.get(),
            report.events,
            report.events_stored,
            &hash[..16]
        ),
        report.findings.iter().map(ToString::to_string),
    );
    drop(lock);
    if !report.is_sound() {
        return Err(failed(&outcome, "the other checks need a sound journal and were not made"));
    }
    let store = JournalStore::open(dir, settings.durability).or_exit(Code::DataFolder, "cannot verify")?;
    let recovered = store.recover(Seq::ZERO, |_| {}).or_exit(Code::DataFolder, "cannot verify")?;
    state(&mut outcome, &recovered.exchange);
    conservation(&mut outcome, &recovered.exchange);
    runtime()?.block_on(rows(&mut outcome, settings, &store, &recovered.exchange))?;
    if outcome.failed > 0 { Err(failed(&outcome, "see above")) } else { Ok(()) }
}

fn failed(outcome: &Outcome, why: &str) -> Failure {
    let count = outcome.failed;
    let checks = if count == 1 { "check" } else { "checks" };
    Failure::message(Code::CheckFailed, format_args!("{count} {checks} FAILED: {why}"))
}

fn state(outcome: &mut Outcome, exchange: &Exchange) {
    let audit = exchange.audit();
    let numbers = format!(
        "{} instruments, {} open orders, {} balances",
        exchange.instruments().len(),
        exchange.open_orders().len(),
        exchange.balances().len()
    );
    outcome.check("state", audit.is_ok(), &numbers, audit.err().map(|error| error.to_string()));
}

/// Per asset: what is in all accounts is what came in, less what went out and was retired.
fn conservation(outcome: &mut Outcome, exchange: &Exchange) {
    let mut findings = Vec::new();
    let (mut cash, mut credits) = (Vec::new(), 0_i128);
    for asset in exchange.assets() {
        let all = exchange.balances().into_iter().filter(|(_, of, _)| *of == asset.asset);
        let held: i128 = all.map(|(_, _, balance)| i128::from(balance.available.plus(balance.held).minor())).sum();
        let supply = exchange.supply(asset.asset);
        let [inflow, outflow, retired] =
            [supply.inflow, supply.outflow, supply.retired].map(|amount| i128::from(amount.minor()));
        if held != inflow - outflow - retired {
            findings.push(format!("{}: in {inflow}, out {outflow}, retired {retired}, in accounts {held}", asset.code));
        }
        match asset.class {
            AssetClass::Cash => {
                let unit = 10_i128.pow(u32::from(asset.scale));
                let width = usize::from(asset.scale);
                cash.push(format!("{} {}.{:0width$}", asset.code, held / unit, held % unit));
            }
            AssetClass::Credit => credits += held,
        }
    }
    let numbers = format!(
        "{} assets; in accounts: {}{}{credits} t of credits",
        exchange.assets().len(),
        cash.join(", "),
        if cash.is_empty() { "" } else { ", " }
    );
    outcome.check("conservation", findings.is_empty(), &numbers, findings);
}

async fn rows(
    outcome: &mut Outcome,
    settings: &Settings,
    store: &JournalStore,
    exchange: &Exchange,
) -> Result<(), Failure> {
    if settings.database_url.is_none() && !settings.data.join(open::DATABASE).is_file() {
        let missing = format!("there is no {} in the data folder", open::DATABASE);
        outcome.check("database", false, &missing, []);
        return Ok(());
    }
    let database = open::store(settings).await?;
    let cursor = database.sink_cursor().await.or_exit(Code::Database, "how far the database is")?;
    let reader = store.event_reader();
    let mut replay = Replay::new(&reader, Seq::ZERO);
    let mut expectation = Expectation::at(cursor);
    for record in &mut replay {
        expectation.observe(&record);
    }
    if let Some(error) = replay.failed {
        return Err(Failure::new(Code::DataFolder, error));
    }
    let found = reconcile(&database, &expectation, exchange).await.or_exit(Code::Database, "reconciling")?;
    let behind = match found.lag {
        0 => String::new(),
        lag => format!("; {lag} commands are to follow at the next start"),
    };
    let numbers = format!(
        "{}: {} orders, {} trades, {} balances compared, up to seq {}{behind}",
        database.backend().name(),
        found.cursor.orders,
        found.cursor.trades,
        found.balances,
        found.cursor.seq.get(),
    );
    outcome.check("database", found.findings.is_empty(), &numbers, found.findings.iter().map(ToString::to_string));
    database.close().await;
    Ok(())
}
