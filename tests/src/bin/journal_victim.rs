//! A small exchange that exists to be killed: pipeline and journal without a gateway. Prints a line for each
//! acknowledged order; the crash tests kill it and look for every printed order in the journal.
//!
//! `journal_victim DIR DURABILITY ROUND`, where the durability `early` is a fault made on purpose: [`Early`].

use cx_engine::Command;
use cx_engine::CommandRecord;
use cx_engine::command::{AssetClass, Movement, NewAsset, NewInstrument, NewOrder, Permissions, SetPermissions, Side};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, Seq, Symbol};
use cx_engine::units::{Amount, FeeRate, Price, Quantity};
use cx_journal::{CommandJournal, Durability, JournalStore};
use cx_pipeline::{Journal, Outlet, Pipeline, PipelineConfig, PortError, Sequencer, SubmitError, SystemClock};
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;

const ACCOUNTS: u32 = 4;
const ORDERS_IN_FLIGHT: usize = 32;

struct Nobody;

impl Outlet for Nobody {
    fn release(&mut self, _: &[cx_engine::EventRecord]) {}
}

/// A journal that says it has written what it only means to write: the crash tests must see that it loses orders.
struct Early(mpsc::Sender<(Seq, Vec<CommandRecord>)>);

impl Early {
    fn over(mut journal: CommandJournal) -> Self {
        let (sender, receiver) = mpsc::channel::<(Seq, Vec<CommandRecord>)>();
        thread::spawn(move || {
            while let Ok((first, records)) = receiver.recv() {
                journal.append(first, &records).expect("the disk works");
            }
        });
        Self(sender)
    }
}

impl Journal for Early {
    fn append(&mut self, first: Seq, records: &[CommandRecord]) -> Result<(), PortError> {
        self.0.send((first, records.to_vec())).map_err(PortError::new)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, durability, round] = &arguments[..] else {
        return Err("usage: journal_victim DIR DURABILITY ROUND".into());
    };
    let early = durability == "early";
    let durability = if early { Durability::Fsync } else { durability.parse()? };
    let store = JournalStore::open(Path::new(dir), durability)?;
    let recovered = store.recover(Seq::ZERO, |_| {})?;
    let is_new = recovered.exchange.seq() == Seq::ZERO;
    let journal: Box<dyn Journal> =
        if early { Box::new(Early::over(recovered.journal)) } else { Box::new(recovered.journal) };
    let (_pipeline, sequencer) = Pipeline::start(
        PipelineConfig::default(),
        recovered.exchange,
        journal,
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
    thread::scope(|scope| {
        for account in 1..=ACCOUNTS {
            let sequencer = sequencer.clone();
            scope.spawn(move || trade(&sequencer, account, round));
        }
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
