//! Events: everything that happened, named by `(seq, index)`. Folds of events give books, balances, bars and SQL rows.

use crate::command::{AssetClass, CancelAfter, CommandKind, Movement, Permissions, Side};
use crate::control::{
    ClearSchedule, FeeTier, Phase, SchedulePhase, SetBands, SetFees, SetGroup, SetLimits, SetPositionLimit,
};
use crate::ids::{AccountId, AssetId, InstrumentId, OrderId, Seq, Symbol, TradeId};
use crate::reject::{CancelReason, Reject};
use crate::units::{Amount, FeeRate, Price, Quantity, Timestamp};

mod orders;

pub use orders::{
    HoldChanged, OrderAccepted, OrderAmended, OrderCancelled, OrderReduced, OrderRejected, OrderRepeated,
    OrderReplenished, OrderRested, OrderTriggered, StopArmed, StopMoved,
};

/// An asset exists from here on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
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

/// A trade: credits against cash, settled in the same step, at the maker's price, or at the auction's. The leaves tell
/// whether an order is done. Fees are in the currency, rounded towards zero to its minor unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct Trade {
    /// Its number.
    pub trade: TradeId,
    /// Of what.
    pub instrument: InstrumentId,
    /// The aggressor's side; in an auction that of the order that came later.
    pub taker_side: Side,
    /// Whether it was made by an uncross.
    pub auction: bool,
    /// The maker's price, or the auction's.
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
    /// What the maker paid, in minor units of the currency; negative for a rebate.
    pub maker_fee: i64,
    /// What the taker paid, in minor units of the currency.
    pub taker_fee: i64,
    /// What the maker has left open.
    pub maker_leaves: Quantity,
    /// What the taker has left open. A market buy by cash has no quantity: zero here, and its end is an [`OrderCancelled`].
    pub taker_leaves: Quantity,
    /// What the maker's order holds from here on.
    pub maker_held: Amount,
}

/// A trade was reversed: the buyer gave the credits back and got the cash and the fee, the seller the reverse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradeBusted {
    /// Its number.
    pub trade: TradeId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Its price.
    pub price: Price,
    /// How much had changed hands.
    pub quantity: Quantity,
    /// Who had bought.
    pub buyer: AccountId,
    /// Who had sold.
    pub seller: AccountId,
    /// What the buyer got back of fees; negative for a rebate that was paid back.
    pub buyer_fee: i64,
    /// What the seller got back of fees; negative for a rebate that was paid back.
    pub seller_fee: i64,
}

/// An instrument is in a phase from here on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PhaseChanged {
    /// Which.
    pub instrument: InstrumentId,
    /// The phase.
    pub phase: Phase,
    /// When it ends by itself; zero when only a schedule or the staff ends it.
    pub ends: Timestamp,
}

/// What an auction would give if it ended now, or what it gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct AuctionState {
    /// Of what.
    pub instrument: InstrumentId,
    /// The price; [`Price::NONE`] when nothing matches.
    pub price: Price,
    /// What trades at it.
    pub volume: Quantity,
    /// What is wanted beyond that at the price: positive for buys, negative for sells.
    pub surplus: i64,
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
    /// All orders of an account, or a selection, were cancelled, by request or because its time ran out; the cancellations
    /// came before.
    AllCancelled {
        /// Whose.
        account: AccountId,
        /// How many were cancelled.
        count: u32,
    },
    /// A command was refused.
    CommandRejected(CommandRejected),
    /// A stop waits.
    StopArmed(StopArmed),
    /// A trailing stop followed the market.
    StopMoved(StopMoved),
    /// A stop went off.
    OrderTriggered(OrderTriggered),
    /// An iceberg shows its next part.
    OrderReplenished(OrderReplenished),
    /// An order became smaller by self-trade prevention.
    OrderReduced(OrderReduced),
    /// What an order holds changed.
    HoldChanged(HoldChanged),
    /// A trade was reversed.
    TradeBusted(TradeBusted),
    /// An instrument is in a phase from here on.
    PhaseChanged(PhaseChanged),
    /// What an auction would give now.
    AuctionIndicated(AuctionState),
    /// What an auction gave; its trades came before.
    AuctionUncrossed(AuctionState),
    /// An auction's price was outside the static band, and it goes on.
    AuctionExtended(PhaseChanged),
    /// A phase is planned.
    PhaseScheduled(SchedulePhase),
    /// What was planned is taken back.
    ScheduleCleared(ClearSchedule),
    /// Collar and bands were set; the reference is the one in force.
    BandsSet(SetBands),
    /// Fees were set.
    FeesSet(SetFees),
    /// A tier's volume was set.
    FeeTierSet(FeeTier),
    /// An account pays the fees of a tier from here on.
    FeeTierChanged {
        /// Whose.
        account: AccountId,
        /// 0 to 7.
        tier: u8,
    },
    /// Limits were set.
    LimitsSet(SetLimits),
    /// A position limit was set.
    PositionLimitSet(SetPositionLimit),
    /// An account belongs to a group.
    GroupSet(SetGroup),
    /// All trading stopped or went on.
    MarketHalted {
        /// Whether it is stopped from here on.
        halted: bool,
    },
    /// An account was stopped, or goes on; the cancellations came before.
    AccountKilled {
        /// Whose.
        account: AccountId,
        /// Whether it is stopped from here on.
        killed: bool,
        /// How many orders were cancelled.
        count: u32,
    },
    /// The time at which an account's orders are cancelled was set, or cleared.
    CancelAfterSet(CancelAfter),
    /// Engine time passed.
    Ticked,
}

/// The part of a command's events that the command itself brought about; what had become due comes before it. Only for
/// commands other than `SetPhase`, whose own events can be the same as those of a planned phase.
pub fn own(events: &[Event]) -> &[Event] {
    let start = events.iter().position(heads).unwrap_or(match events.last() {
        // Nothing was there to cancel.
        Some(Event::AllCancelled { .. }) => events.len() - 1,
        _ => 0,
    });
    &events[start..]
}

/// Whether an event can only be the first that a command itself brings about, and is never due.
const fn heads(event: &Event) -> bool {
    match event {
        Event::OrderCancelled(it) => matches!(
            it.reason,
            CancelReason::Requested
                | CancelReason::MassCancel
                | CancelReason::PermissionRevoked
                | CancelReason::KillSwitch
        ),
        Event::OrderRested(_)
        | Event::Trade(_)
        | Event::AllCancelled { .. }
        | Event::StopArmed(_)
        | Event::StopMoved(_)
        | Event::OrderTriggered(_)
        | Event::OrderReplenished(_)
        | Event::OrderReduced(_)
        | Event::HoldChanged(_)
        | Event::PhaseChanged(_)
        | Event::AuctionIndicated(_)
        | Event::AuctionUncrossed(_)
        | Event::AuctionExtended(_) => false,
        _ => true,
    }
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
