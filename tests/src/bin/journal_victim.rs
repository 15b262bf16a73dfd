//! A small exchange that exists to be killed: pipeline and journal without a gateway. Prints a line for each
//! acknowledged order; the crash tests kill it and look for every printed order in the journal.
//!
//! `journal_victim DIR DURABILITY ROUND [cutting]`: with the last word it also writes snapshots all the time and cuts off of
//! journal and events what they make needless.

use cx_engine::Command;
use cx_engine::command::{AssetClass, Movement, NewAsset, NewInstrument, NewOrder, Permissions, SetPermissions, Side};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, Seq, Symbol};
use cx_engine::units::{Amount, FeeRate, Price, Quantity};
use cx_journal::{JournalError, JournalStore};
use cx_pipeline::{Outlet, Pipeline, PipelineConfig, Sequencer, SubmitError, SystemClock};
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const ACCOUNTS: u32 = 4;
const ORDERS_IN_FLIGHT: usize = 32;
const COMMANDS_A_SNAPSHOT: u64 = 500;

struct Nobody;

impl Outlet for Nobody {
    fn release(&mut self, _: &[cx_engine::EventRecord]) {}
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (dir, durability, round, is_cutting) = match &arguments[..] {
        [dir, durability, round] => (dir, durability, round, false),
        [dir, durability, round, word] if word == "cutting" => (dir, durability, round, true),
        _ => return Err("usage: journal_victim DIR DURABILITY ROUND [cutting]".into()),
    };
    let store = JournalStore::open(Path::new(dir), durability.parse()?)?;
    // Who cuts everything off needs no old events.
    let recovered = store.recover(if is_cutting { Seq::new(u64::MAX) } else { Seq::ZERO }, |_| {})?;
    let is_new = recovered.exchange.seq() == Seq::ZERO;
    let (_pipeline, sequencer) = Pipeline::start(
        PipelineConfig::default(),
        recovered.exchange,
        Box::new(recovered.journal),
        Box::new(recovered.event_log),
        Box::new(Nobody),
        Arc::new(SystemClock),
    );
    if is_new {
        for command in market()? {
            sequencer.submit(command)?.wait()?;
        }
    }
    println!("ready");
    let traders_ended = AtomicBool::new(false);
    thread::scope(|scope| {
        if is_cutting {
            scope.spawn(|| {
                if let Err(error) = snapshot_and_cut(&store, &traders_ended) {
                    eprintln!("fatal: {error}");
                    std::process::exit(71);
                }
            });
        }
        thread::scope(|traders| {
            for account in 1..=ACCOUNTS {
                let sequencer = sequencer.clone();
                traders.spawn(move || trade(&sequencer, account, round));
            }
        });
        traders_ended.store(true, Ordering::Release);
    });
    Ok(())
}

/// Lists a market and funds the accounts.
fn market() -> Result<Vec<Command>, Box<dyn Error>> {
    let asset = |code, class, scale| -> Result<_, Box<dyn Error>> {
        Ok(Command::AddAsset(NewAsset { code: Symbol::new(code)?, class, scale }))
    };
    let (usd, credits) = (AssetId::new(0), AssetId::new(1));
    let mut commands = vec![
        asset("USD", AssetClass::Cash, 4)?,
        asset("VCS-191-2016", AssetClass::Credit, 0)?,
        Command::ListInstrument(NewInstrument {
            symbol: Symbol::new("VCS-191-2016-USD")?,
            base: credits,
            quote: usd,
            tick_value: 100,
            price_max: Price::from_ticks(10_000),
            maker_fee: FeeRate::ZERO,
            taker_fee: FeeRate::ZERO,
        }),
    ];
    for account in (1..=ACCOUNTS).map(AccountId::new) {
        let movement = |asset, minor| Movement { account, asset, amount: Amount::from_minor(minor), reference: 0 };
        let permissions = Permissions { trade: true, withdraw: false };
        commands.push(Command::SetPermissions(SetPermissions { account, permissions }));
        commands.push(Command::Deposit(movement(usd, 1 << 50)));
        commands.push(Command::Issue(movement(credits, 1 << 40)));
    }
    Ok(commands)
}

/// Writes a snapshot whenever the journal has grown by some commands, keeps two, and cuts, until nobody trades any more.
fn snapshot_and_cut(store: &JournalStore, traders_ended: &AtomicBool) -> Result<(), JournalError> {
    let mut snapshots = store.snapshotter(|_| Ok(()))?;
    let mut written = snapshots.seq().get();
    while !traders_ended.load(Ordering::Acquire) {
        // Nothing is released before it counts, so nothing past that is reached.
        let seq = snapshots.advance(Seq::new(u64::MAX))?.get();
        if seq < written + COMMANDS_A_SNAPSHOT {
            // A pace, not a wait for anything.
            thread::sleep(Duration::from_millis(1));
            continue;
        }
        snapshots.write(2)?;
        snapshots.cut(Seq::new(seq), Seq::new(seq))?;
        written = seq;
    }
    Ok(())
}

/// Places orders until the process dies: some dozens at a time, and a line for each answer.
fn trade(sequencer: &Sequencer, account: u32, round: &str) {
    let mut number = 0_u64;
    loop {
        let mut pending = Vec::with_capacity(ORDERS_IN_FLIGHT);
        for _ in 0..ORDERS_IN_FLIGHT {
            number += 1;
            let id = format!("{round}-{account}-{number}");
            match sequencer.submit(order(account, number, &id)) {
                Ok(answer) => pending.push((id, answer)),
                Err(SubmitError::Overloaded) => {}
                Err(SubmitError::ShuttingDown) => return,
            }
        }
        let mut lines = String::new();
        for (id, answer) in pending {
            // An answer that is lost is not printed: nothing was promised.
            let Ok(reply) = answer.wait() else { return };
            writeln!(lines, "acked {} {id}", reply.seq.get()).expect("strings take what is written");
        }
        // One write for whole lines, so that the reader never sees lines of two threads mixed.
        if std::io::stdout().lock().write_all(lines.as_bytes()).is_err() {
            return;
        }
    }
}

/// Buys and sells around one price, so that orders meet.
fn order(account: u32, number: u64, id: &str) -> Command {
    let swing = i64::try_from(number * 7 % 11).expect("below 11");
    Command::Place(NewOrder {
        client_order_id: Some(ClientOrderId::new(id).expect("digits and dashes")),
        ..NewOrder::limit(
            AccountId::new(account),
            InstrumentId::new(0),
            if number.is_multiple_of(2) { Side::Buy } else { Side::Sell },
            Price::from_ticks(1_000 + swing),
            Quantity::from_lots(1 + number % 5),
        )
    })
}
