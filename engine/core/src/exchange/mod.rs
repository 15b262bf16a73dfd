//! The exchange: all state, and the one door to it.
//!
//! Commands by kind: listings, permissions and movements in `admin`, new orders in `place`, matching and settlement in
//! `matching`, self-trade prevention in `owners`, stops in `stops`, cancel and amend in `change`, what open orders hold and how
//! they end, pairs included, in `open`, reading in `view`. Phases, auctions, bands and
//! what is due are in `session`, limits, fees and busts in `risk`. The rules are on one page: `docs/rules.md`.

mod admin;
mod auction;
mod change;
mod checks;
mod matching;
mod open;
mod owners;
mod place;
mod stops;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use crate::accounts::{Accounts, Balances};
use crate::book::{Book, Ladder, Orders, key_of};
use crate::client_ids::ClientIds;
use crate::command::{Command, CommandKind, Side};
use crate::event::{AssetAdded, CommandRejected, Event, InstrumentListed};
use crate::ids::{AccountId, AssetId, InstrumentId, OrderId, Seq, Symbol, TradeId};
use crate::money;
use crate::reject::Reject;
use crate::risk::Risks;
use crate::session::{Session, Timers};
use crate::units::{Amount, FeeRate, Price, Quantity, Timestamp};

pub(crate) use stops::Stops;
pub use view::OpenOrder;

/// An asset as it was added.
pub type Asset = AssetAdded;

/// What came in and went out of an asset. Balances sum to `inflow - outflow - retired`, always.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Supply {
    /// Deposited and issued.
    pub inflow: Amount,
    /// Withdrawn.
    pub outflow: Amount,
    /// Retired, finally.
    pub retired: Amount,
}

impl Supply {
    /// What accounts own together.
    #[must_use]
    pub const fn outstanding(&self) -> Amount {
        self.inflow.minus(self.outflow).minus(self.retired)
    }
}

/// A listed instrument with its book.
#[derive(Clone)]
pub(crate) struct Instrument {
    pub(crate) listing: InstrumentListed,
    /// Balance slot of the venue's fees.
    pub(crate) venue_quote: u32,
    pub(crate) book: Book,
    pub(crate) session: Session,
    /// Armed stops; made when the first one is armed.
    pub(crate) stops: Option<Box<Stops>>,
}

impl Instrument {
    /// What a trade within an order's terms is worth.
    #[inline]
    pub(crate) fn notional(&self, price: Price, quantity: Quantity) -> Amount {
        money::notional(price, quantity, self.listing.tick_value).expect("checked when the order was accepted")
    }

    /// What an open order of these terms needs.
    #[inline]
    pub(crate) fn need(&self, side: Side, price: Price, leaves: Quantity, hold_rate: FeeRate) -> Amount {
        money::hold(side, price, leaves, self.listing.tick_value, hold_rate)
            .expect("an accepted order's hold fits, and so does a part of it")
    }

    /// What an open order is worth; of a sell stop that has followed the market beyond what a balance can hold, as much as one
    /// can. No limit is higher, so it makes no difference.
    #[inline]
    pub(crate) fn worth(&self, price: Price, leaves: Quantity) -> Amount {
        money::notional(price, leaves, self.listing.tick_value).unwrap_or(Amount::BALANCE_MAX)
    }

    /// Whether a price is within its range.
    #[inline]
    pub(crate) fn check_price(&self, price: Price) -> Result<(), Reject> {
        if price < Price::from_ticks(1) || price > self.listing.price_max { Err(Reject::InvalidPrice) } else { Ok(()) }
    }

    /// Whether a limit on a side would match the best opposite price.
    #[inline]
    pub(crate) fn crosses(&self, side: Side, price: Price) -> bool {
        let best = self.book.side(side.opposite()).best();
        best != Ladder::NO_KEY && best <= key_of(side.opposite(), price)
    }
}

/// The whole exchange.
#[derive(Clone)]
pub struct Exchange {
    pub(crate) seq: Seq,
    pub(crate) now: Timestamp,
    pub(crate) assets: Vec<Asset>,
    pub(crate) asset_codes: BTreeMap<Symbol, AssetId>,
    pub(crate) supplies: Vec<Supply>,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) symbols: BTreeMap<Symbol, InstrumentId>,
    pub(crate) accounts: Accounts,
    pub(crate) balances: Balances,
    pub(crate) orders: Orders,
    pub(crate) client_ids: ClientIds,
    pub(crate) references: BTreeSet<(u8, u64)>,
    pub(crate) last_trade: TradeId,
    /// The number of the last arrival in any book.
    pub(crate) last_arrival: u64,
    pub(crate) market_halted: bool,
    pub(crate) timers: Timers,
    pub(crate) risks: Risks,
}

impl Default for Exchange {
    fn default() -> Self {
        Self::new()
    }
}

impl Exchange {
    /// An exchange before its first command: no assets, no accounts but the venue's.
    pub fn new() -> Self {
        Self {
            seq: Seq::ZERO,
            now: Timestamp::default(),
            assets: Vec::new(),
            asset_codes: BTreeMap::new(),
            supplies: Vec::new(),
            instruments: Vec::new(),
            symbols: BTreeMap::new(),
            accounts: Accounts::new(),
            balances: Balances::default(),
            orders: Orders::default(),
            client_ids: ClientIds::default(),
            references: BTreeSet::new(),
            last_trade: TradeId::default(),
            last_arrival: 0,
            market_halted: false,
            timers: Timers::default(),
            risks: Risks::default(),
        }
    }

    /// Applies the next command and appends what happened to `events`: at least one event. Gives the engine time, which
    /// never goes back: the later of the last one and `stamp`.
    ///
    /// Panics when `seq` is not the next one, and when an invariant is broken: going on would be worse.
    pub fn apply(&mut self, seq: Seq, stamp: Timestamp, command: &Command, events: &mut Vec<Event>) -> Timestamp {
        assert!(seq == self.seq.next(), "commands come in the order of the journal, without gaps");
        self.seq = seq;
        self.now = self.now.max(stamp);
        self.run_timers(events);
        match command {
            Command::Place(order) => self.place(order, events),
            Command::Cancel(cancel) => self.cancel(cancel, events),
            Command::Amend(amend) => self.amend(amend, events),
            Command::CancelAll(cancel) => self.cancel_all(cancel, events),
            Command::AddAsset(asset) => self.add_asset(asset, events),
            Command::ListInstrument(instrument) => self.list_instrument(instrument, events),
            Command::SetPermissions(set) => self.set_permissions(*set, events),
            Command::Deposit(movement)
            | Command::Withdraw(movement)
            | Command::Issue(movement)
            | Command::Retire(movement) => self.move_asset(command.kind(), movement, events),
            Command::CancelAfter(set) => self.set_cancel_after(*set, events),
            Command::Tick => events.push(Event::Ticked),
            Command::SetPhase(set) => self.set_phase(*set, events),
            Command::SchedulePhase(plan) => self.schedule_phase(*plan, events),
            Command::ClearSchedule(clear) => self.clear_schedule(*clear, events),
            Command::SetBands(bands) => self.set_bands(*bands, events),
            Command::HaltMarket(halt) => self.halt_market(*halt, events),
            Command::SetFees(fees) => self.set_fees(*fees, events),
            Command::SetFeeTier(tier) => self.set_fee_tier(*tier, events),
            Command::SetLimits(limits) => self.set_limits(*limits, events),
            Command::SetPositionLimit(limit) => self.set_position_limit(*limit, events),
            Command::SetGroup(set) => self.set_group(*set, events),
            Command::Kill(kill) => self.kill(*kill, events),
            Command::BustTrade(bust) => self.bust_trade(*bust, events),
        }
        self.indicate(events);
        self.now
    }
}

/// A refusal of a command other than a new order.
pub(crate) fn refused(kind: CommandKind, account: AccountId, order: OrderId, reference: u64, reason: Reject) -> Event {
    Event::CommandRejected(CommandRejected { kind, account, order, reference, reason })
}
