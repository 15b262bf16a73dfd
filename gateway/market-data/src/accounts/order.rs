//! An order as its owner sees it: what was asked, what has happened, what is left.

use super::report::Fill;
use cx_engine::EventRecord;
use cx_engine::command::{OrderKind, SelfTrade, Side, TimeInForce};
use cx_engine::event::{OrderAccepted, OrderAmended, OrderReduced, OrderRejected};
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, Seq};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Amount, DisplayQuantity, Price, Quantity, Timestamp, TriggerTerms};

/// Where an order stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub enum OrderStatus {
    /// Accepted, nothing filled.
    Open,
    /// Something filled, something open.
    PartiallyFilled,
    /// All filled.
    Filled,
    /// Ended with something unfilled; part of it may have been filled before.
    Cancelled(CancelReason),
    /// Refused.
    Rejected(Reject),
}

impl OrderStatus {
    /// The code that clients see.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::PartiallyFilled => "partially_filled",
            Self::Filled => "filled",
            Self::Cancelled(CancelReason::Expired) => "expired",
            Self::Cancelled(_) => "cancelled",
            Self::Rejected(_) => "rejected",
        }
    }

    /// Whether more can happen to the order.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::PartiallyFilled)
    }
}

/// An order, open or closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct OrderState {
    /// Its handle; [`OrderId::NONE`] when it was refused.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// Whether it had to rest; of a refused order not known, and false.
    pub post_only: bool,
    /// The limit as last amended; [`Price::NONE`] for market orders.
    pub price: Price,
    /// The whole quantity as last amended: `filled + leaves` while it is open.
    pub quantity: Quantity,
    /// What is still open; nothing once it has ended.
    pub leaves: Quantity,
    /// What has been filled.
    pub filled: Quantity,
    /// Sum over its fills of `ticks x lots x tick_value`, in minor units of the currency. The average price is this over
    /// `filled`, exactly, in minor units for each lot.
    pub cumulative_notional: i128,
    /// Sum of its fills' fees, in minor units of the currency.
    pub fees: i128,
    /// What happens when it meets an order of its own owner.
    pub self_trade: SelfTrade,
    /// How much the book shows at a time.
    pub display: DisplayQuantity,
    /// Where a stop goes off, as last moved or amended; where it went off once it has. [`Price::NONE`] for orders that
    /// never were stops.
    pub stop_price: Price,
    /// Whether it was a stop and went off.
    pub triggered: bool,
    /// The cash that a market buy by cash may spend; zero for all others. Its `quantity` is what it has bought.
    pub quote_quantity: Amount,
    /// Lots of its fills whose trades were reversed later; `filled` and what follows from it still count them.
    pub busted: Quantity,
    /// When it ends by itself; zero for never.
    pub expires: Timestamp,
    /// What it holds: cash for a buy, credits for a sell, in minor units. Nothing unless it rests.
    pub held: Amount,
    /// The client's own name for it.
    pub client_order_id: Option<ClientOrderId>,
    /// The command that accepted or refused it: the number in its public id.
    pub accepted: Seq,
    /// Engine time of that command.
    pub accepted_at: Timestamp,
    /// The last command that changed it.
    pub updated: Seq,
    /// Engine time of that command.
    pub updated_at: Timestamp,
    /// Whether it has entered the book.
    pub resting: bool,
    /// Where it stands.
    pub status: OrderStatus,
}

impl OrderState {
    /// The average price of its fills as an exact fraction of minor units of the currency over lots; `None` without fills.
    pub fn average_price(&self) -> Option<(i128, u64)> {
        (!self.filled.is_zero()).then(|| (self.cumulative_notional, self.filled.lots()))
    }

    /// Whether it is a market buy by cash: it has no quantity of its own.
    pub fn is_by_cash(&self) -> bool {
        self.quote_quantity != Amount::ZERO
    }

    /// Whether it is a stop that waits for its price.
    pub fn is_armed(&self) -> bool {
        self.kind.is_stop() && self.status.is_open() && !self.triggered
    }

    /// When it ended; `None` while it is open.
    pub fn closed_at(&self) -> Option<Timestamp> {
        (!self.status.is_open()).then_some(self.updated_at)
    }

    pub(super) fn accepted(record: &EventRecord, event: &OrderAccepted) -> Self {
        Self {
            order: event.order,
            account: event.account,
            instrument: event.instrument,
            side: event.side,
            kind: event.kind,
            time_in_force: event.time_in_force,
            post_only: event.post_only,
            price: event.price,
            quantity: event.quantity,
            leaves: event.quantity,
            filled: Quantity::ZERO,
            cumulative_notional: 0,
            fees: 0,
            self_trade: event.self_trade,
            display: event.display,
            stop_price: Price::NONE,
            triggered: false,
            quote_quantity: event.quote_quantity,
            busted: Quantity::ZERO,
            expires: event.expires,
            held: Amount::ZERO,
            client_order_id: event.client_order_id,
            accepted: record.seq,
            accepted_at: record.time,
            updated: record.seq,
            updated_at: record.time,
            resting: false,
            status: OrderStatus::Open,
        }
    }

    pub(super) fn rejected(record: &EventRecord, event: &OrderRejected) -> Self {
        let order = event;
        Self {
            order: OrderId::NONE,
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            kind: order.kind,
            time_in_force: order.time_in_force,
            post_only: false,
            price: order.price,
            quantity: order.quantity,
            leaves: Quantity::ZERO,
            filled: Quantity::ZERO,
            cumulative_notional: 0,
            fees: 0,
            self_trade: SelfTrade::CancelNewest,
            display: DisplayQuantity::ALL,
            stop_price: match event.trigger.terms() {
                Some(TriggerTerms::At(price)) => price,
                _ => Price::NONE,
            },
            triggered: false,
            quote_quantity: event.quote_quantity,
            busted: Quantity::ZERO,
            expires: Timestamp::default(),
            held: Amount::ZERO,
            client_order_id: order.client_order_id,
            accepted: record.seq,
            accepted_at: record.time,
            updated: record.seq,
            updated_at: record.time,
            resting: false,
            status: OrderStatus::Rejected(event.reason),
        }
    }

    pub(super) fn fill(&mut self, record: &EventRecord, fill: &Fill, tick_value: i64) {
        self.touch(record);
        self.filled = self.filled.plus(fill.quantity);
        self.cumulative_notional += fill.notional(tick_value);
        self.fees += i128::from(fill.fee);
        self.status = OrderStatus::PartiallyFilled;
        if self.is_by_cash() {
            self.quantity = self.filled; // it ends by a cancellation: its cash is spent, or there is nothing to buy
            return;
        }
        self.leaves = self.leaves.minus(fill.quantity);
        if self.leaves.is_zero() {
            self.status = OrderStatus::Filled;
        }
    }

    pub(super) fn cancel(&mut self, record: &EventRecord, reason: CancelReason) {
        self.touch(record);
        self.leaves = Quantity::ZERO;
        let complete = reason == CancelReason::CashSpent && !self.filled.is_zero();
        self.status = if complete { OrderStatus::Filled } else { OrderStatus::Cancelled(reason) };
    }

    /// A stop waits, or waits elsewhere.
    pub(super) fn arm(&mut self, record: &EventRecord, stop_price: Price) {
        self.touch(record);
        self.stop_price = stop_price;
    }

    /// A stop went off.
    pub(super) fn trigger(&mut self, record: &EventRecord, stop_price: Price) {
        self.arm(record, stop_price);
        self.triggered = true;
    }

    /// A trade that filled part of it was reversed.
    pub(super) fn bust(&mut self, quantity: Quantity) {
        self.busted = self.busted.plus(quantity);
    }

    /// Becomes smaller without a fill.
    pub(super) fn reduce(&mut self, record: &EventRecord, event: &OrderReduced) {
        self.touch(record);
        self.quantity = self.quantity.minus(event.by);
        self.leaves = self.leaves.minus(event.by);
    }

    pub(super) fn amend(&mut self, record: &EventRecord, event: &OrderAmended) {
        self.touch(record);
        self.price = event.price;
        self.quantity = event.quantity;
        self.leaves = event.leaves;
        assert_eq!(
            self.quantity,
            self.filled.plus(self.leaves),
            "an order's quantity is what is filled and what is left"
        );
    }

    fn touch(&mut self, record: &EventRecord) {
        self.updated = record.seq;
        self.updated_at = record.time;
    }
}
