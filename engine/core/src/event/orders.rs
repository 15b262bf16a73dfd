//! What happens to an order: accepted or refused, resting, armed, changed, ended.

use crate::command::{OrderKind, SelfTrade, Side, TimeInForce};
use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId, Seq};
use crate::reject::{CancelReason, Reject};
use crate::units::{Amount, DisplayQuantity, Price, Quantity, Timestamp, Trigger};

/// An order passed all checks. Fills, a cancellation, [`OrderRested`] or [`StopArmed`] follow within the same command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderAccepted {
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
    /// Whether it had to rest.
    pub post_only: bool,
    /// What happens when it meets an order of its own owner.
    pub self_trade: SelfTrade,
    /// The limit; [`Price::NONE`] without one.
    pub price: Price,
    /// The whole quantity; zero for a market buy by cash.
    pub quantity: Quantity,
    /// The cash that a market buy may spend; zero for all others.
    pub quote_quantity: Amount,
    /// How much the book shows at a time.
    pub display: DisplayQuantity,
    /// When it ends by itself; zero for never. Set for good-till-date and day orders.
    pub expires: Timestamp,
    /// The client's own name for it.
    pub client_order_id: Option<ClientOrderId>,
}

/// An order was refused; nothing else happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderRejected {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// How it was to be priced.
    pub kind: OrderKind,
    /// How long it was to live.
    pub time_in_force: TimeInForce,
    /// Why.
    pub reason: Reject,
    /// The limit as asked for.
    pub price: Price,
    /// The quantity as asked for.
    pub quantity: Quantity,
    /// The cash as asked for.
    pub quote_quantity: Amount,
    /// The trigger as asked for.
    pub trigger: Trigger,
    /// The client's own name for it.
    pub client_order_id: Option<ClientOrderId>,
}

/// An order's open part entered the book at the back of its level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderRested {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// The limit.
    pub price: Price,
    /// The open quantity.
    pub leaves: Quantity,
    /// The part of it that the book shows.
    pub displayed: Quantity,
    /// What it holds from here on: cash for a buy, credits for a sell, in minor units.
    pub held: Amount,
}

/// A stop waits for its price from here on, behind all others of the same stop price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopArmed {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Where it goes off.
    pub stop_price: Price,
    /// The open quantity.
    pub leaves: Quantity,
    /// What it holds from here on.
    pub held: Amount,
}

/// A trailing stop's stop price followed the market; it waits behind all others of that price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopMoved {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Where it goes off now.
    pub stop_price: Price,
    /// What it holds from here on.
    pub held: Amount,
}

/// A stop went off: it holds nothing any more and is now an aggressor. Fills, a cancellation or [`OrderRested`] follow
/// within the same command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderTriggered {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Where it went off.
    pub stop_price: Price,
    /// The open quantity.
    pub leaves: Quantity,
}

/// An iceberg shows its next part, at the back of its level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderReplenished {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// The limit.
    pub price: Price,
    /// What the book shows of it now; it showed nothing before.
    pub displayed: Quantity,
    /// The open quantity, the hidden part included.
    pub leaves: Quantity,
}

/// An order became smaller by self-trade prevention, without a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderReduced {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// The limit; [`Price::NONE`] without one.
    pub price: Price,
    /// By how much. When it is in the book, its level shows this much less.
    pub by: Quantity,
    /// What is left open; not zero, an order of which nothing is left is cancelled instead.
    pub leaves: Quantity,
    /// Whether it is in the book; otherwise it is the aggressor.
    pub resting: bool,
    /// What it holds from here on; nothing for an aggressor.
    pub held: Amount,
}

/// What an order holds has changed by something that no other event says: an auction trade as taker, or its pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HoldChanged {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// What it holds from here on.
    pub held: Amount,
}

/// An order ended before it was filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderCancelled {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// The limit; [`Price::NONE`] without one.
    pub price: Price,
    /// What was still open; zero for a market buy by cash.
    pub leaves: Quantity,
    /// What its level showed of it and shows no more; zero when it was not in the book.
    pub displayed: Quantity,
    /// Whether it was in the book; otherwise it ended on arrival or waited as a stop.
    pub resting: bool,
    /// Why.
    pub reason: CancelReason,
}

/// An order was changed. When it is in the book, its level at `old_price` shows `old_displayed` less; when
/// `kept_priority` holds, the same level shows `displayed` again at once, otherwise fills, a cancellation,
/// [`OrderRested`] or [`StopArmed`] follow within the same command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderAmended {
    /// Its handle, unchanged.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// The limit before.
    pub old_price: Price,
    /// What its level showed of it before; zero for a stop.
    pub old_displayed: Quantity,
    /// The new limit.
    pub price: Price,
    /// The new total quantity, what has been filled included.
    pub quantity: Quantity,
    /// The new open quantity.
    pub leaves: Quantity,
    /// What its level shows of it now; zero unless it kept its place in the book.
    pub displayed: Quantity,
    /// Whether it kept its place in the queue.
    pub kept_priority: bool,
    /// What it holds from here on if it kept its place; otherwise nothing until the event that follows says so.
    pub held: Amount,
}

/// The same client order id came again with the same order: the first answer stands, nothing happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderRepeated {
    /// Who asked.
    pub account: AccountId,
    /// The id.
    pub client_order_id: ClientOrderId,
    /// The journal position that the first answer belongs to.
    pub original: Seq,
}
