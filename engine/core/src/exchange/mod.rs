//! The exchange: all state, and the one door to it.
//!
//! Commands by kind: listings, permissions and movements in `admin`, new orders in `place`, matching and settlement in
//! `matching`, cancel and amend in `change`, reading in `view`. The rules are on one page: `docs/rules.md`.

mod admin;
mod change;
mod matching;
mod place;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use crate::accounts::{Accounts, Balances};
use crate::book::{Book, Orders};
use crate::client_ids::ClientIds;
use crate::command::{Command, CommandKind, Side};
use crate::event::{AssetAdded, CommandRejected, Event, InstrumentListed};
use crate::ids::{AccountId, AssetId, InstrumentId, OrderId, Seq, Symbol, TradeId};
use crate::money;
use crate::reject::Reject;
use crate::units::{Amount, FeeRate, Price, Quantity, Timestamp};

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
    /// The rate that buys hold at: the higher of the two.
    pub(crate) hold_rate: FeeRate,
    /// Balance slot of the venue's fees.
    pub(crate) venue_quote: u32,
    pub(crate) book: Book,
}

impl Instrument {
    /// What an open order holds; `None` when a balance cannot hold it.
    #[inline]
    pub(crate) fn hold(&self, side: Side, price: Price, leaves: Quantity) -> Option<Amount> {
        money::hold(side, price, leaves, self.listing.tick_value, self.hold_rate)
    }

    /// What an order that was accepted holds.
    #[inline]
    pub(crate) fn hold_of(&self, side: Side, price: Price, leaves: Quantity) -> Amount {
        self.hold(side, price, leaves).expect("an accepted order's hold fits, and so does a part of it")
    }

    /// The maker's or taker's fee on a trade.
    #[inline]
    pub(crate) fn notional(&self, price: Price, quantity: Quantity) -> Amount {
        money::notional(price, quantity, self.listing.tick_value).expect("within what was held for the order")
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
        }
        self.now
    }
}

/// A refusal of a command other than a new order.
fn refused(kind: CommandKind, account: AccountId, order: OrderId, reference: u64, reason: Reject) -> Event {
    Event::CommandRejected(CommandRejected { kind, account, order, reference, reason })
}
