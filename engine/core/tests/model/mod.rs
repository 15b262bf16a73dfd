//! A naive exchange, written from docs/rules.md alone: maps, queues and scans, slow and obviously right.
//!
//! It shares the vocabulary with the core (commands, events, ids, units) and nothing else. What the core keeps
//! incrementally is computed here from scratch: a hold is the sum over the account's open orders each time someone asks.
//! Lockstep tests, the edge-case table and the fuzz targets run it beside the core and expect the same events.
#![allow(dead_code)] // each test crate uses its own part of the model

mod book;
mod ledger;
mod matching;
mod orders;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cx_engine::command::{CommandKind, NewAsset, NewInstrument, NewOrder, Permissions, Side};
use cx_engine::event::{AssetAdded, CommandRejected, InstrumentListed};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq};
use cx_engine::reject::Reject;
use cx_engine::units::{Price, Timestamp};
use cx_engine::{Command, Event};

use self::book::Book;
pub use self::ledger::Flow;
pub use self::orders::Order;

/// The most that a balance may reach, and so an asset's supply.
const BALANCE_MAX: i128 = 1 << 62;
/// How many recorded client order ids the venue remembers.
const CLIENT_ID_WINDOW: usize = 1 << 18;

/// The whole venue.
#[derive(Clone, Default)]
pub struct Model {
    now: Timestamp,
    assets: Vec<AssetAdded>,
    instruments: Vec<InstrumentListed>,
    books: Vec<Book>,
    permissions: BTreeMap<AccountId, Permissions>,
    /// What each account owns, held or not. The venue's fees are here too.
    totals: BTreeMap<(AccountId, AssetId), i128>,
    flows: Vec<Flow>,
    references: BTreeSet<(u8, u64)>,
    /// Open orders by slot.
    orders: BTreeMap<u32, Order>,
    /// The last generation that each slot had.
    generations: Vec<u32>,
    /// Free slots, the last freed at the end.
    free: Vec<u32>,
    /// The first order under each client order id in the window, and the journal position that answered it.
    answers: BTreeMap<(AccountId, ClientOrderId), (NewOrder, Seq)>,
    /// The ids in the window, the oldest first.
    window: VecDeque<(AccountId, ClientOrderId)>,
    trades: u64,
}

impl Model {
    /// An empty venue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Executes one command and returns engine time.
    pub fn apply(&mut self, seq: Seq, stamp: Timestamp, command: &Command, events: &mut Vec<Event>) -> Timestamp {
        self.now = self.now.max(stamp);
        let done = match command {
            Command::AddAsset(asset) => self.add_asset(asset).map(|event| events.push(event)),
            Command::ListInstrument(instrument) => self.list(instrument).map(|event| events.push(event)),
            Command::SetPermissions(set) => self.set_permissions(*set, events),
            Command::Deposit(movement) => self.deposit(*movement, events),
            Command::Withdraw(movement) => self.withdraw(*movement, events),
            Command::Issue(movement) => self.issue(*movement, events),
            Command::Retire(movement) => self.retire(*movement, events),
            Command::Place(order) => {
                self.place(seq, order, events);
                Ok(())
            }
            Command::Cancel(cancel) => self.cancel(*cancel, events),
            Command::Amend(amend) => self.amend(*amend, events),
            Command::CancelAll(all) => self.cancel_all(*all, events),
        };
        if let Err(reason) = done {
            events.push(rejection(command, reason));
        }
        self.now
    }

    /// The permissions of an account that exists; the venue's account exists from the start and has none.
    pub fn permissions(&self, account: AccountId) -> Option<Permissions> {
        if account == AccountId::VENUE {
            return Some(Permissions::default());
        }
        self.permissions.get(&account).copied()
    }

    /// All assets.
    pub fn assets(&self) -> &[AssetAdded] {
        &self.assets
    }

    /// All instruments.
    pub fn instruments(&self) -> &[InstrumentListed] {
        &self.instruments
    }

    /// All open orders, by slot.
    pub fn open_orders(&self) -> Vec<Order> {
        self.orders.values().copied().collect()
    }

    /// The best levels of one side: price, lots and number of orders.
    pub fn depth(&self, instrument: InstrumentId, side: Side, levels: usize) -> Vec<(Price, u128, usize)> {
        let queues = self.book(instrument).levels(side);
        let level = |(price, queue): (Price, VecDeque<u32>)| {
            let lots = queue.iter().map(|slot| u128::from(self.orders[slot].leaves.lots())).sum();
            (price, lots, queue.len())
        };
        queues.into_iter().take(levels).map(level).collect()
    }

    fn add_asset(&mut self, new: &NewAsset) -> Result<Event, Reject> {
        if self.assets.iter().any(|asset| asset.code == new.code) {
            return Err(Reject::AlreadyExists);
        }
        if new.scale > 9 {
            return Err(Reject::InvalidDefinition);
        }
        if self.assets.len() >= 1 << 20 {
            return Err(Reject::LimitReached);
        }
        let asset = AssetId::new(number(self.assets.len()));
        let added = AssetAdded { asset, class: new.class, scale: new.scale, code: new.code };
        self.assets.push(added);
        self.flows.push(Flow::default());
        Ok(Event::AssetAdded(added))
    }

    fn list(&mut self, new: &NewInstrument) -> Result<Event, Reject> {
        use cx_engine::command::AssetClass;
        if self.instruments.iter().any(|instrument| instrument.symbol == new.symbol) {
            return Err(Reject::AlreadyExists);
        }
        let base = self.asset(new.base)?;
        let quote = self.asset(new.quote)?;
        if base.class != AssetClass::Credit || quote.class != AssetClass::Cash {
            return Err(Reject::WrongAssetClass);
        }
        if !(1..=1_000_000_000_000).contains(&new.tick_value) || new.price_max.ticks() < 1 {
            return Err(Reject::InvalidDefinition);
        }
        if self.instruments.len() >= 1 << 20 {
            return Err(Reject::LimitReached);
        }
        let listed = InstrumentListed {
            instrument: InstrumentId::new(number(self.instruments.len())),
            base: new.base,
            quote: new.quote,
            tick_value: new.tick_value,
            price_max: new.price_max,
            maker_fee: new.maker_fee,
            taker_fee: new.taker_fee,
            symbol: new.symbol,
        };
        self.instruments.push(listed);
        self.books.push(Book::default());
        Ok(Event::InstrumentListed(listed))
    }

    fn asset(&self, asset: AssetId) -> Result<AssetAdded, Reject> {
        self.assets.get(index(asset.get())).copied().ok_or(Reject::UnknownAsset)
    }

    fn instrument(&self, instrument: InstrumentId) -> Result<InstrumentListed, Reject> {
        self.instruments.get(index(instrument.get())).copied().ok_or(Reject::UnknownInstrument)
    }

    fn book(&self, instrument: InstrumentId) -> &Book {
        &self.books[index(instrument.get())]
    }

    fn book_mut(&mut self, instrument: InstrumentId) -> &mut Book {
        &mut self.books[index(instrument.get())]
    }

    fn known(&self, account: AccountId) -> Result<Permissions, Reject> {
        self.permissions(account).ok_or(Reject::UnknownAccount)
    }
}

/// The answer to a refused command that is not an order.
fn rejection(command: &Command, reason: Reject) -> Event {
    let (account, order, reference) = match command {
        Command::AddAsset(_) | Command::ListInstrument(_) => (AccountId::VENUE, OrderId::NONE, 0),
        Command::SetPermissions(set) => (set.account, OrderId::NONE, 0),
        Command::Deposit(movement)
        | Command::Withdraw(movement)
        | Command::Issue(movement)
        | Command::Retire(movement) => (movement.account, OrderId::NONE, movement.reference),
        Command::Cancel(cancel) => (cancel.account, cancel.order, 0),
        Command::Amend(amend) => (amend.account, amend.order, 0),
        Command::CancelAll(all) => (all.account, OrderId::NONE, 0),
        Command::Place(_) => unreachable!("orders are refused with their own event"),
    };
    let kind: CommandKind = command.kind();
    Event::CommandRejected(CommandRejected { kind, account, order, reference, reason })
}

fn number(position: usize) -> u32 {
    u32::try_from(position).expect("tables are far below 2^32")
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("usize holds a u32")
}
