//! An open order of the model, and what it needs and holds.

use cx_engine::command::{OrderKind, SelfTrade, Side, TimeInForce};
use cx_engine::event::InstrumentListed;
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId};
use cx_engine::units::{DisplayQuantity, Price, Quantity, Timestamp, Trigger};

use super::Model;
use super::money::{notional, per_lot, with_fee};

/// Where an order is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It is matching: in no book.
    Aggressor,
    /// In the book.
    Resting,
    /// A stop that waits for its price.
    Armed,
}

/// The other order of a pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// Its slot.
    pub other: u32,
    /// Whether this order is the second of the two, the newer one.
    pub second: bool,
}

/// An order that has been accepted and has not ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::struct_field_names)] // `order` is the handle, as in the events
pub struct Order {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// How it is priced.
    pub kind: OrderKind,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// Whether it must not match when it is placed or amended.
    pub post_only: bool,
    /// What happens when it meets an order of its own owner.
    pub self_trade: SelfTrade,
    /// The limit; none for orders without.
    pub price: Price,
    /// The whole quantity, with what has been filled.
    pub quantity: Quantity,
    /// What is open.
    pub leaves: Quantity,
    /// What the book shows of it.
    pub displayed: Quantity,
    /// How much the book shows at a time.
    pub display: DisplayQuantity,
    /// What was asked for as trigger.
    pub trigger: Trigger,
    /// Where a stop goes off.
    pub stop_price: Price,
    /// The best last price that a trailing stop has seen.
    pub extreme: Price,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// What a market buy by cash has left to spend.
    pub cash: Option<i128>,
    /// Its maker's rate.
    pub maker_rate: i128,
    /// Its taker's rate.
    pub taker_rate: i128,
    /// Its pair.
    pub pair: Option<Link>,
    /// Where it is.
    pub state: State,
    /// Its place among all accepted orders.
    pub accepted: u64,
    /// Its place among all that came to a book (or, armed, to the stops).
    pub arrival: u64,
    /// The client's own name.
    pub client_order_id: Option<ClientOrderId>,
}

impl Order {
    /// The slot of its handle.
    pub fn slot(&self) -> u32 {
        self.order.slot()
    }

    /// What it holds while it is open.
    pub(super) fn held_asset(&self, instrument: &InstrumentListed) -> AssetId {
        match self.side {
            Side::Buy => instrument.quote,
            Side::Sell => instrument.base,
        }
    }

    /// The worst price at which it trades; `None` for an order without.
    pub(super) fn limit(&self) -> Option<Price> {
        self.kind.is_limited().then_some(self.price)
    }

    /// The price that it is valued at: its limit, or its stop price without one.
    pub(super) fn valued_at(&self) -> Price {
        self.limit().unwrap_or(self.stop_price)
    }

    /// Whether what is left of it stays in the book.
    pub(super) fn may_rest(&self) -> bool {
        self.kind.is_limited() && self.time_in_force.rests()
    }
}

/// What an open order of these terms needs; `None` when it does not fit a balance.
pub(super) fn need(
    instrument: &InstrumentListed,
    side: Side,
    price: Price,
    leaves: Quantity,
    rates: (i128, i128),
) -> Option<i128> {
    match side {
        Side::Sell => Some(i128::from(leaves.lots())),
        Side::Buy => with_fee(notional(instrument, price, leaves)?, rates.0.max(rates.1).max(0)),
    }
}

impl Model {
    /// What an order needs, whether it holds it or not.
    pub(super) fn need_of(&self, order: &Order) -> i128 {
        let instrument = &self.venue(order.instrument).listed;
        let rates = (order.maker_rate, order.taker_rate);
        need(instrument, order.side, order.valued_at(), order.leaves, rates).expect("it was checked on entry")
    }

    /// What an order holds: nothing while it matches, and of a pair the second what it needs beyond the first.
    pub fn hold_of(&self, order: &Order) -> i128 {
        match (order.state, order.pair) {
            (State::Aggressor, _) => 0,
            (_, Some(Link { other, second: true })) => {
                (self.need_of(order) - self.need_of(&self.orders[&other])).max(0)
            }
            _ => self.need_of(order),
        }
    }

    /// Cash value of what an order has open, at its limit or stop price.
    pub(super) fn notional_of(&self, order: &Order) -> i128 {
        let instrument = &self.venue(order.instrument).listed;
        // A trailing sell stop may follow the market beyond what a balance holds; the product still fits.
        per_lot(instrument, order.valued_at()) * i128::from(order.leaves.lots())
    }
}
