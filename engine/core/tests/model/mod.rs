//! A naive exchange, written from docs/rules.md alone: maps, queues and scans, slow and obviously right.
//!
//! It shares the vocabulary with the core (commands, events, ids, units) and nothing else. What the core keeps
//! incrementally is computed here from scratch: holds, positions and exposures are sums over the account's open orders
//! each time someone asks, what is due is looked for among everything that has a time, and an auction's price is tried
//! out. Lockstep tests, the edge-case table and the fuzz targets run it beside the core and expect the same events.
#![allow(dead_code)] // each test crate uses its own part of the model

mod amend;
mod book;
mod cancel;
mod checks;
mod fees;
mod ledger;
mod limits;
mod listing;
mod matching;
mod money;
mod order;
mod phases;
mod place;
mod settle;
mod staff;
mod stops;
mod timers;
mod uncross;
mod venue;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cx_engine::command::{CommandKind, NewOrder, Permissions, Side};
use cx_engine::event::{AssetAdded, CommandRejected, InstrumentListed, Trade};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq};
use cx_engine::reject::Reject;
use cx_engine::units::{Price, Timestamp};
use cx_engine::{Command, Event};

pub use self::ledger::Flow;
#[allow(unused_imports)] // likewise
pub use self::order::{Order, State};
use self::venue::{Account, Instrument};

/// The most that a balance may reach, and so an asset's supply.
const BALANCE_MAX: i128 = 1 << 62;
/// How many recorded client order ids the venue remembers.
const CLIENT_ID_WINDOW: usize = 1 << 18;
/// Where times stop.
const TIME_END: u64 = 1 << 63;

/// The whole venue.
#[derive(Clone)]
pub struct Model {
    now: u64,
    market_halted: bool,
    assets: Vec<AssetAdded>,
    instruments: Vec<Instrument>,
    accounts: BTreeMap<AccountId, Account>,
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
    /// Orders accepted so far.
    accepted: u64,
    /// How often something took a place behind others.
    arrivals: u64,
    /// The first order under each client order id in the window, and the journal position that answered it.
    answers: BTreeMap<(AccountId, ClientOrderId), (NewOrder, Seq)>,
    /// The ids in the window, the oldest first.
    window: VecDeque<(AccountId, ClientOrderId)>,
    /// The last trades, the oldest first, and whether each was reversed.
    trades: VecDeque<(Trade, bool)>,
    trade_count: u64,
    /// The volume from which each tier applies.
    tier_volumes: [u64; 8],
}

impl Default for Model {
    fn default() -> Self {
        Self {
            now: 0,
            market_halted: false,
            assets: Vec::new(),
            instruments: Vec::new(),
            accounts: BTreeMap::from([(AccountId::VENUE, Account::new(AccountId::VENUE))]),
            totals: BTreeMap::new(),
            flows: Vec::new(),
            references: BTreeSet::new(),
            orders: BTreeMap::new(),
            generations: Vec::new(),
            free: Vec::new(),
            accepted: 0,
            arrivals: 0,
            answers: BTreeMap::new(),
            window: VecDeque::new(),
            trades: VecDeque::new(),
            trade_count: 0,
            tier_volumes: [0; 8],
        }
    }
}

impl Model {
    /// An empty venue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Executes one command and returns engine time.
    pub fn apply(&mut self, seq: Seq, stamp: Timestamp, command: &Command, events: &mut Vec<Event>) -> Timestamp {
        self.now = self.now.max(stamp.nanos());
        for instrument in &mut self.instruments {
            instrument.before = instrument.last;
        }
        self.run_timers(events);
        if let Err(reason) = self.execute(seq, command, events) {
            events.push(rejection(command, reason));
        }
        self.indicate(events);
        Timestamp::from_nanos(self.now)
    }

    fn execute(&mut self, seq: Seq, command: &Command, events: &mut Vec<Event>) -> Result<(), Reject> {
        match command {
            Command::AddAsset(asset) => self.add_asset(asset, events),
            Command::ListInstrument(instrument) => self.list(instrument, events),
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
            Command::CancelAfter(after) => self.set_cancel_after(*after, events),
            Command::Tick => {
                events.push(Event::Ticked);
                Ok(())
            }
            Command::SetPhase(set) => self.set_phase(*set, events),
            Command::SchedulePhase(plan) => self.schedule_phase(*plan, events),
            Command::ClearSchedule(clear) => self.clear_schedule(*clear, events),
            Command::SetBands(set) => self.set_bands(*set, events),
            Command::SetFees(set) => self.set_fees(*set, events),
            Command::SetFeeTier(set) => self.set_fee_tier(*set, events),
            Command::SetLimits(set) => self.set_limits(*set, events),
            Command::SetPositionLimit(set) => self.set_position_limit(*set, events),
            Command::SetGroup(set) => self.set_group(*set, events),
            Command::HaltMarket(halt) => {
                self.market_halted = halt.halted;
                events.push(Event::MarketHalted { halted: halt.halted });
                Ok(())
            }
            Command::Kill(kill) => self.kill(*kill, events),
            Command::BustTrade(bust) => self.bust_trade(*bust, events),
        }
    }

    /// The permissions of an account that exists; the venue's account exists from the start and has none.
    pub fn permissions(&self, account: AccountId) -> Option<Permissions> {
        self.accounts.get(&account).map(|it| it.permissions)
    }

    /// All assets.
    pub fn assets(&self) -> &[AssetAdded] {
        &self.assets
    }

    /// All instruments.
    pub fn instruments(&self) -> Vec<InstrumentListed> {
        self.instruments.iter().map(|it| it.listed).collect()
    }

    /// All open orders, by slot.
    pub fn open_orders(&self) -> Vec<Order> {
        self.orders.values().copied().collect()
    }

    /// Whether an order is open.
    pub fn is_open(&self, order: OrderId) -> bool {
        self.orders.get(&order.slot()).is_some_and(|open| open.order == order)
    }

    /// The best levels of one side: price, open lots and number of orders.
    pub fn depth(&self, instrument: InstrumentId, side: Side, levels: usize) -> Vec<(Price, u128, usize)> {
        let queues = self.venue(instrument).book.levels(side);
        let level = |(price, queue): (Price, &VecDeque<u32>)| {
            let lots = queue.iter().map(|slot| u128::from(self.orders[slot].leaves.lots())).sum();
            (price, lots, queue.len())
        };
        queues.take(levels).map(level).collect()
    }

    fn asset(&self, asset: AssetId) -> Result<AssetAdded, Reject> {
        self.assets.get(index(asset.get())).copied().ok_or(Reject::UnknownAsset)
    }

    /// The terms of an instrument that a command names.
    fn instrument(&self, instrument: InstrumentId) -> Result<&Instrument, Reject> {
        self.instruments.get(index(instrument.get())).ok_or(Reject::UnknownInstrument)
    }

    /// An instrument that exists.
    fn venue(&self, instrument: InstrumentId) -> &Instrument {
        &self.instruments[index(instrument.get())]
    }

    fn venue_mut(&mut self, instrument: InstrumentId) -> &mut Instrument {
        &mut self.instruments[index(instrument.get())]
    }

    /// An account that a command names.
    fn known(&self, account: AccountId) -> Result<&Account, Reject> {
        self.accounts.get(&account).ok_or(Reject::UnknownAccount)
    }

    /// An account that exists and is not the venue's.
    fn customer(&self, account: AccountId) -> Result<&Account, Reject> {
        if account == AccountId::VENUE {
            return Err(Reject::ReservedAccount);
        }
        self.known(account)
    }

    fn account_mut(&mut self, account: AccountId) -> &mut Account {
        self.accounts.get_mut(&account).expect("the account exists")
    }

    fn order_mut(&mut self, slot: u32) -> &mut Order {
        self.orders.get_mut(&slot).expect("the order is open")
    }

    /// Whether two accounts have one owner.
    fn one_owner(&self, one: AccountId, other: AccountId) -> bool {
        let group = |account| self.accounts[&account].group;
        one == other || group(one) != 0 && group(one) == group(other)
    }
}

/// The answer to a refused command that is not an order.
fn rejection(command: &Command, reason: Reject) -> Event {
    let (account, order, reference) = match command {
        Command::SetPermissions(set) => (set.account, OrderId::NONE, 0),
        Command::Deposit(movement)
        | Command::Withdraw(movement)
        | Command::Issue(movement)
        | Command::Retire(movement) => (movement.account, OrderId::NONE, movement.reference),
        Command::Cancel(cancel) => (cancel.account, cancel.order, 0),
        Command::Amend(amend) => (amend.account, amend.order, 0),
        Command::CancelAll(all) => (all.account, OrderId::NONE, 0),
        Command::CancelAfter(after) => (after.account, OrderId::NONE, 0),
        Command::SetLimits(set) => (set.account, OrderId::NONE, 0),
        Command::SetPositionLimit(set) => (set.account, OrderId::NONE, 0),
        Command::SetGroup(set) => (set.account, OrderId::NONE, 0),
        Command::Kill(kill) => (kill.account, OrderId::NONE, 0),
        Command::Place(_) => unreachable!("orders are refused with their own event"),
        _ => (AccountId::VENUE, OrderId::NONE, 0),
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
