//! Events: everything that happened, named by `(seq, index)`. Folds of events give books, balances, bars and SQL rows.

use crate::command::{AssetClass, CommandKind, Movement, NewOrder, OrderKind, Permissions, Side, TimeInForce};
use crate::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq, Symbol, TradeId};
use crate::reject::{CancelReason, Reject};
use crate::units::{FeeRate, Price, Quantity, Timestamp};

/// An asset exists from here on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AssetAdded {
    /// Its id.
    pub asset: AssetId,
    /// Currency or credits.
    pub class: AssetClass,
    /// Decimal places of one minor unit.
    pub scale: u8,
    /// Its code.
    pub code: Symbol,
}

/// An instrument can be traded from here on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstrumentListed {
    /// Its id.
    pub instrument: InstrumentId,
    /// The credits.
    pub base: AssetId,
    /// The currency.
    pub quote: AssetId,
    /// Minor units of the currency per tick and lot.
    pub tick_value: i64,
    /// The highest limit price.
    pub price_max: Price,
    /// Maker's fee rate.
    pub maker_fee: FeeRate,
    /// Taker's fee rate.
    pub taker_fee: FeeRate,
    /// Its symbol.
    pub symbol: Symbol,
}

/// An account's permissions from here on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PermissionsSet {
    /// The account.
    pub account: AccountId,
    /// What it may do.
    pub permissions: Permissions,
}

/// An order passed all checks. Fills, a cancellation or [`OrderRested`] follow within the same command.
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
    /// Limit or market.
    pub kind: OrderKind,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// Whether it had to rest.
    pub post_only: bool,
    /// The limit.
    pub price: Price,
    /// The whole quantity.
    pub quantity: Quantity,
    /// The client's own name for it.
    pub client_order_id: Option<ClientOrderId>,
}

/// An order was refused; nothing else happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderRejected {
    /// The order as it was asked for.
    pub order: NewOrder,
    /// Why.
    pub reason: Reject,
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
}

/// A trade: credits against cash, settled in the same step, at the maker's price. The maker's leaves tell whether it is
/// done. Fees are in the currency, rounded down to its minor unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trade {
    /// Its number.
    pub trade: TradeId,
    /// Of what.
    pub instrument: InstrumentId,
    /// The aggressor's side.
    pub taker_side: Side,
    /// The maker's price.
    pub price: Price,
    /// How much changed hands.
    pub quantity: Quantity,
    /// The resting order.
    pub maker_order: OrderId,
    /// The aggressing order.
    pub taker_order: OrderId,
    /// Whose order rested.
    pub maker_account: AccountId,
    /// Who aggressed.
    pub taker_account: AccountId,
    /// What the maker paid, in minor units of the currency.
    pub maker_fee: i64,
    /// What the taker paid, in minor units of the currency.
    pub taker_fee: i64,
    /// What the maker has left open.
    pub maker_leaves: Quantity,
    /// What the taker has left open.
    pub taker_leaves: Quantity,
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
    /// The limit.
    pub price: Price,
    /// What was still open.
    pub leaves: Quantity,
    /// Whether it was in the book (then its level loses `leaves`) or ended on arrival.
    pub resting: bool,
    /// Why.
    pub reason: CancelReason,
}

/// An order was changed. Its level at `old_price` loses `old_leaves`; when `kept_priority` holds the same level gets
/// `leaves` back at once, otherwise fills, a cancellation or [`OrderRested`] follow within the same command.
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
    /// The open quantity before.
    pub old_leaves: Quantity,
    /// The new limit.
    pub price: Price,
    /// The new total quantity, what has been filled included.
    pub quantity: Quantity,
    /// The new open quantity.
    pub leaves: Quantity,
    /// Whether it kept its place in the queue.
    pub kept_priority: bool,
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

/// A command other than an order was refused; nothing else happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommandRejected {
    /// Which kind.
    pub kind: CommandKind,
    /// On whose behalf; the venue's for listings.
    pub account: AccountId,
    /// About which order; [`OrderId::NONE`] where none.
    pub order: OrderId,
    /// The movement's reference; 0 where none.
    pub reference: u64,
    /// Why.
    pub reason: Reject,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// An asset was added.
    AssetAdded(AssetAdded),
    /// An instrument was listed.
    InstrumentListed(InstrumentListed),
    /// Permissions were set.
    PermissionsSet(PermissionsSet),
    /// An asset came in.
    Deposited(Movement),
    /// An asset went out.
    Withdrawn(Movement),
    /// Credits were issued.
    Issued(Movement),
    /// Credits were retired.
    Retired(Movement),
    /// An order passed all checks.
    OrderAccepted(OrderAccepted),
    /// An order was refused.
    OrderRejected(OrderRejected),
    /// An order entered the book.
    OrderRested(OrderRested),
    /// Two orders matched and settled.
    Trade(Trade),
    /// An order ended unfilled.
    OrderCancelled(OrderCancelled),
    /// An order was changed.
    OrderAmended(OrderAmended),
    /// An order was sent twice.
    OrderRepeated(OrderRepeated),
    /// All orders of an account were asked to be cancelled; the cancellations came before.
    AllCancelled {
        /// Whose.
        account: AccountId,
        /// How many were open.
        count: u32,
    },
    /// A command was refused.
    CommandRejected(CommandRejected),
}

/// An event with its name and engine time: what the event log, folds and streams carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventRecord {
    /// The command it came from.
    pub seq: Seq,
    /// Its place among that command's events, from 0.
    pub index: u32,
    /// Engine time of the command.
    pub time: Timestamp,
    /// What happened.
    pub event: Event,
}

const _: () = assert!(size_of::<EventRecord>() <= 128, "an event record stays within two cache lines");
