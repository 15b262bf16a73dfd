//! One face for the core and its model, so that a test can be run on both and their states compared.
#![allow(dead_code)] // each test crate uses its own part

mod pair;

use cx_engine::command::{Permissions, Side};
use cx_engine::event::{AssetAdded, InstrumentListed};
use cx_engine::ids::{AccountId, AssetId, InstrumentId, Seq};
use cx_engine::units::{Amount, Price, Quantity, Timestamp};
use cx_engine::{Command, Event, Exchange, OpenOrder};

#[allow(unused_imports)] // likewise
pub use self::pair::{Pair, difference, minimise};
use crate::model::{Model, Order, State};

/// Price, lots and number of orders of a level.
pub type Level = (Price, u128, usize);
/// What is available and what is held.
pub type Holding = (i128, i128);

/// An exchange that takes commands and answers questions about its state.
pub trait Venue {
    /// Executes one command and returns engine time.
    fn apply(&mut self, seq: Seq, stamp: Timestamp, command: &Command, events: &mut Vec<Event>) -> Timestamp;
    /// What is available and held.
    fn holding(&self, account: AccountId, asset: AssetId) -> Holding;
    /// All balances that are not nothing, sorted.
    fn holdings(&self) -> Vec<(AccountId, AssetId, Holding)>;
    /// All open orders, by slot.
    fn orders(&self) -> Vec<OpenOrder>;
    /// The best levels of one side.
    fn levels(&self, instrument: InstrumentId, side: Side, count: usize) -> Vec<Level>;
    /// Inflow, outflow and retired of an asset.
    fn flow(&self, asset: AssetId) -> [i128; 3];
    /// All assets.
    fn asset_list(&self) -> Vec<AssetAdded>;
    /// All instruments.
    fn instrument_list(&self) -> Vec<InstrumentListed>;
    /// What an account may do; `None` when it does not exist.
    fn may(&self, account: AccountId) -> Option<Permissions>;
    /// Panics when an invariant is broken.
    fn check(&self);
}

impl Venue for Model {
    fn apply(&mut self, seq: Seq, stamp: Timestamp, command: &Command, events: &mut Vec<Event>) -> Timestamp {
        Self::apply(self, seq, stamp, command, events)
    }
    fn holding(&self, account: AccountId, asset: AssetId) -> Holding {
        self.balance(account, asset)
    }
    fn holdings(&self) -> Vec<(AccountId, AssetId, Holding)> {
        self.balances()
    }
    fn orders(&self) -> Vec<OpenOrder> {
        self.open_orders().iter().map(|order| seen(order, self.hold_of(order))).collect()
    }
    fn levels(&self, instrument: InstrumentId, side: Side, count: usize) -> Vec<Level> {
        self.depth(instrument, side, count)
    }
    fn flow(&self, asset: AssetId) -> [i128; 3] {
        let flow = Self::flow(self, asset);
        [flow.inflow, flow.outflow, flow.retired]
    }
    fn asset_list(&self) -> Vec<AssetAdded> {
        self.assets().to_vec()
    }
    fn instrument_list(&self) -> Vec<InstrumentListed> {
        self.instruments()
    }
    fn may(&self, account: AccountId) -> Option<Permissions> {
        self.permissions(account)
    }
    fn check(&self) {
        self.assert_conserved();
    }
}

impl Venue for Exchange {
    fn apply(&mut self, seq: Seq, stamp: Timestamp, command: &Command, events: &mut Vec<Event>) -> Timestamp {
        Self::apply(self, seq, stamp, command, events)
    }
    fn holding(&self, account: AccountId, asset: AssetId) -> Holding {
        plain(self.balance(account, asset))
    }
    fn holdings(&self) -> Vec<(AccountId, AssetId, Holding)> {
        self.balances().into_iter().map(|(account, asset, balance)| (account, asset, plain(balance))).collect()
    }
    fn orders(&self) -> Vec<OpenOrder> {
        let open = self.open_orders();
        for order in &open {
            assert_eq!(self.open_order(order.order), Some(*order), "a handle finds its order");
        }
        open
    }
    fn levels(&self, instrument: InstrumentId, side: Side, count: usize) -> Vec<Level> {
        let levels = self.depth(instrument, side, count);
        let orders = |count: u32| usize::try_from(count).expect("usize holds a u32");
        levels.iter().map(|it| (it.price, u128::from(it.quantity.plus(it.hidden).lots()), orders(it.orders))).collect()
    }
    fn flow(&self, asset: AssetId) -> [i128; 3] {
        let supply = self.supply(asset);
        [supply.inflow, supply.outflow, supply.retired].map(|amount| i128::from(amount.minor()))
    }
    fn asset_list(&self) -> Vec<AssetAdded> {
        self.assets().to_vec()
    }
    fn instrument_list(&self) -> Vec<InstrumentListed> {
        self.instruments().copied().collect()
    }
    fn may(&self, account: AccountId) -> Option<Permissions> {
        self.permissions(account)
    }
    fn check(&self) {
        self.audit().expect("the invariants hold");
        let snapshot = self.snapshot();
        let restored = Self::restore(&snapshot).expect("what it writes it reads");
        assert_eq!(restored.snapshot(), snapshot, "a snapshot is all there is to know of it");
    }
}

/// An order of the model as the core shows it.
fn seen(order: &Order, held: i128) -> OpenOrder {
    let armed = order.state == State::Armed;
    OpenOrder {
        order: order.order,
        account: order.account,
        instrument: order.instrument,
        side: order.side,
        kind: order.kind,
        time_in_force: order.time_in_force,
        post_only: order.post_only,
        price: order.price,
        quantity: order.quantity,
        leaves: order.leaves,
        displayed: if armed { Quantity::ZERO } else { order.displayed },
        stop_price: if armed { order.stop_price } else { Price::NONE },
        held: Amount::from_minor(i64::try_from(held).expect("a hold fits a balance")),
        client_order_id: order.client_order_id,
    }
}

fn plain(balance: cx_engine::Balance) -> Holding {
    (i128::from(balance.available.minor()), i128::from(balance.held.minor()))
}
