//! Commands: everything that shapes an outcome, in the order of the journal. Orders and their terms are here; what the
//! venue's staff decides is in [`crate::control`].

use crate::control::{
    BustTrade, ClearSchedule, FeeTier, HaltMarket, Kill, SchedulePhase, SetBands, SetFees, SetGroup, SetLimits,
    SetPhase, SetPositionLimit,
};
use crate::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Symbol};
use crate::reject::codes;
use crate::units::{Amount, DisplayQuantity, FeeRate, Price, Quantity, Timestamp, Trigger};

codes! {
    /// Which side of the book.
    Side {
        Buy = 1, "buy", "Buys credits for cash.";
        Sell = 2, "sell", "Sells credits for cash.";
    }
}

codes! {
    /// How an order is priced.
    OrderKind {
        Limit = 1, "limit", "At its price or better.";
        Market = 2, "market", "At whatever the book offers; never rests.";
        Stop = 3, "stop", "Waits until the last price reaches its stop price, then is a market order.";
        StopLimit = 4, "stop_limit", "Waits until the last price reaches its stop price, then is a limit order.";
        TrailingStop = 5, "trailing_stop", "A stop whose stop price follows the market at a distance.";
    }
}

codes! {
    /// How long an order lives.
    TimeInForce {
        GoodTillCancelled = 1, "gtc", "Rests until filled or cancelled.";
        ImmediateOrCancel = 2, "ioc", "Matches at once what it can; the rest is cancelled.";
        FillOrKill = 3, "fok", "Matches at once in whole or not at all.";
        Day = 4, "day", "Rests until the trading day ends.";
        GoodTillDate = 5, "gtd", "Rests until a stated time.";
    }
}

codes! {
    /// What happens to an order that meets one of its own owner: the same account, or one of the same group.
    SelfTrade {
        CancelNewest = 1, "cancel_newest", "The arriving order is cancelled.";
        CancelOldest = 2, "cancel_oldest", "The resting order is cancelled.";
        CancelBoth = 3, "cancel_both", "Both are cancelled.";
        Decrement = 4, "decrement", "Both become smaller by the smaller one, without a trade.";
    }
}

impl TimeInForce {
    /// Whether what cannot match at once stays.
    #[inline]
    pub const fn rests(self) -> bool {
        matches!(self, Self::GoodTillCancelled | Self::Day | Self::GoodTillDate)
    }
}

impl OrderKind {
    /// Whether it waits for a price before it matches.
    #[inline]
    pub const fn is_stop(self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit | Self::TrailingStop)
    }

    /// Whether it has a limit.
    #[inline]
    pub const fn is_limited(self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit)
    }
}

codes! {
    /// What an asset is.
    AssetClass {
        Cash = 1, "cash", "A currency.";
        Credit = 2, "credit", "Carbon credits of one project and vintage.";
    }
}

impl Side {
    /// The other side.
    #[inline]
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

/// What an account may do. Trading is permitted by a journaled command when KYC is approved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Permissions {
    /// May place and amend orders. Losing it cancels every resting order in the same command.
    pub trade: bool,
    /// May take cash and credits out.
    pub withdraw: bool,
}

/// A new asset. Codes are unique over the venue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewAsset {
    /// `USD`, or `VCS-191-2016`.
    pub code: Symbol,
    /// Currency or credits.
    pub class: AssetClass,
    /// Decimal places of one minor unit: 4 for USD (0.0001), 0 for whole tonnes. At most 9.
    pub scale: u8,
}

/// A new instrument. Symbols are unique over the venue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewInstrument {
    /// `VCS-191-2016-USD`.
    pub symbol: Symbol,
    /// The credits that are traded.
    pub base: AssetId,
    /// The currency that pays.
    pub quote: AssetId,
    /// Minor units of the currency that one tick is worth per lot: 100 for a tick of 0.01 USD at scale 4. At least 1.
    pub tick_value: i64,
    /// The highest limit price, at least 1 tick.
    pub price_max: Price,
    /// What the maker pays of the notional, in the lowest tier; negative for a rebate.
    pub maker_fee: FeeRate,
    /// What the taker pays of the notional, in the lowest tier. At least 0.
    pub taker_fee: FeeRate,
}

/// Cash or credits that come in or go out of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Movement {
    /// Whose balance.
    pub account: AccountId,
    /// Of which asset.
    pub asset: AssetId,
    /// How much, above zero.
    pub amount: Amount,
    /// The business record behind it (the store's transaction, batch or retirement number); 0 for none.
    /// A reference above 0 takes effect once per kind of movement.
    pub reference: u64,
}

/// A new order. Which fields go together is in `docs/rules.md`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewOrder {
    /// Who trades.
    pub account: AccountId,
    /// What is traded.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// How it is priced.
    pub kind: OrderKind,
    /// How long it lives. Market orders are immediate-or-cancel or fill-or-kill.
    pub time_in_force: TimeInForce,
    /// Refuse rather than match at once. Only for limit orders that rest.
    pub post_only: bool,
    /// What happens when it meets an order of its own owner.
    pub self_trade: SelfTrade,
    /// The limit; [`Price::NONE`] for orders without one.
    pub price: Price,
    /// How much, in lots; nothing for a market buy by cash.
    pub quantity: Quantity,
    /// How much cash a market buy may spend, fees included; zero for all other orders.
    pub quote_quantity: Amount,
    /// How much of it the book shows at a time; [`DisplayQuantity::ALL`] for all.
    pub display: DisplayQuantity,
    /// When a stop goes off, or how far it trails; [`Trigger::NONE`] for orders that are not stops.
    pub trigger: Trigger,
    /// When a good-till-date order ends; zero for all others.
    pub expires: Timestamp,
    /// The open order that this one is paired with: as soon as one of the two executes or ends, the other is cancelled.
    /// [`OrderId::NONE`] for none.
    pub oco: OrderId,
    /// The client's own name for it.
    pub client_order_id: Option<ClientOrderId>,
}

impl NewOrder {
    /// A plain limit order that is good till cancelled; change what differs with struct update syntax.
    pub const fn limit(
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        price: Price,
        quantity: Quantity,
    ) -> Self {
        Self {
            account,
            instrument,
            side,
            kind: OrderKind::Limit,
            time_in_force: TimeInForce::GoodTillCancelled,
            post_only: false,
            self_trade: SelfTrade::CancelNewest,
            price,
            quantity,
            quote_quantity: Amount::ZERO,
            display: DisplayQuantity::ALL,
            trigger: Trigger::NONE,
            expires: Timestamp::from_nanos(0),
            oco: OrderId::NONE,
            client_order_id: None,
        }
    }

    /// A plain market order for a quantity, immediate-or-cancel.
    pub const fn market(account: AccountId, instrument: InstrumentId, side: Side, quantity: Quantity) -> Self {
        Self {
            kind: OrderKind::Market,
            time_in_force: TimeInForce::ImmediateOrCancel,
            ..Self::limit(account, instrument, side, Price::NONE, quantity)
        }
    }
}

/// Withdraws an open order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelOrder {
    /// The owner; another account's order is answered as unknown.
    pub account: AccountId,
    /// The order.
    pub order: OrderId,
}

/// Changes price and quantity in one step. A smaller quantity at the same price keeps priority; anything else goes to
/// the back of the queue, and matches if the new price crosses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AmendOrder {
    /// The owner; another account's order is answered as unknown.
    pub account: AccountId,
    /// The order.
    pub order: OrderId,
    /// The new limit; [`Price::NONE`] for an order without one.
    pub price: Price,
    /// The new total quantity: it includes what has been filled.
    pub quantity: Quantity,
    /// The new stop price of a stop that has not gone off; [`Price::NONE`] leaves it as it is.
    pub stop_price: Price,
}

/// Cancels all open orders of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelAll {
    /// The owner.
    pub account: AccountId,
    /// Only on this instrument; `None` for all.
    pub instrument: Option<InstrumentId>,
    /// Only on this side; `None` for both.
    pub side: Option<Side>,
}

/// Sets or clears the time at which all orders of an account are cancelled: a client that renews it in time keeps its
/// orders, one that has gone silent loses them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelAfter {
    /// The owner.
    pub account: AccountId,
    /// When, in engine time; zero clears it.
    pub at: Timestamp,
}

/// Sets what an account may do, and opens the account the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetPermissions {
    /// The account.
    pub account: AccountId,
    /// What it may do from here on.
    pub permissions: Permissions,
}

/// One step of the exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// Adds a currency or a credit asset.
    AddAsset(NewAsset),
    /// Lists an instrument for trading.
    ListInstrument(NewInstrument),
    /// Opens an account or changes its permissions.
    SetPermissions(SetPermissions),
    /// Cash (or credits from another registry) comes in.
    Deposit(Movement),
    /// Cash (or credits to another registry) goes out.
    Withdraw(Movement),
    /// Newly issued credits are credited to an account.
    Issue(Movement),
    /// Credits are retired: finally removed, never traded again.
    Retire(Movement),
    /// Places an order.
    Place(NewOrder),
    /// Cancels an order.
    Cancel(CancelOrder),
    /// Amends an order.
    Amend(AmendOrder),
    /// Cancels all orders of an account.
    CancelAll(CancelAll),
    /// Sets the time at which an account's orders are cancelled unless it renews.
    CancelAfter(CancelAfter),
    /// Lets engine time pass, so that what is due happens.
    Tick,
    /// Moves an instrument to a trading phase.
    SetPhase(SetPhase),
    /// Plans a phase, once or every so often.
    SchedulePhase(SchedulePhase),
    /// Takes back what is planned for an instrument.
    ClearSchedule(ClearSchedule),
    /// Sets an instrument's collar, bands and volatility halts.
    SetBands(SetBands),
    /// Sets an instrument's fees for a tier.
    SetFees(SetFees),
    /// Sets the volume from which a fee tier applies.
    SetFeeTier(FeeTier),
    /// Sets an account's limits.
    SetLimits(SetLimits),
    /// Sets how many credits of an instrument an account may own.
    SetPositionLimit(SetPositionLimit),
    /// Puts an account into a group of one owner.
    SetGroup(SetGroup),
    /// Stops or resumes all trading.
    HaltMarket(HaltMarket),
    /// Stops an account and cancels its orders, or lets it go on.
    Kill(Kill),
    /// Reverses a trade.
    BustTrade(BustTrade),
}

codes! {
    /// The kind of a command, as stored and shown.
    CommandKind {
        AddAsset = 1, "add_asset", "Adds an asset.";
        ListInstrument = 2, "list_instrument", "Lists an instrument.";
        SetPermissions = 3, "set_permissions", "Sets an account's permissions.";
        Deposit = 4, "deposit", "Deposits an asset.";
        Withdraw = 5, "withdraw", "Withdraws an asset.";
        Issue = 6, "issue", "Issues credits.";
        Retire = 7, "retire", "Retires credits.";
        Place = 8, "place", "Places an order.";
        Cancel = 9, "cancel", "Cancels an order.";
        Amend = 10, "amend", "Amends an order.";
        CancelAll = 11, "cancel_all", "Cancels all orders of an account.";
        CancelAfter = 12, "cancel_after", "Sets the time at which an account's orders are cancelled.";
        Tick = 13, "tick", "Lets engine time pass.";
        SetPhase = 14, "set_phase", "Moves an instrument to a trading phase.";
        SchedulePhase = 15, "schedule_phase", "Plans a trading phase.";
        ClearSchedule = 16, "clear_schedule", "Takes back planned phases.";
        SetBands = 17, "set_bands", "Sets an instrument's collar and bands.";
        SetFees = 18, "set_fees", "Sets an instrument's fees for a tier.";
        SetFeeTier = 19, "set_fee_tier", "Sets the volume from which a fee tier applies.";
        SetLimits = 20, "set_limits", "Sets an account's limits.";
        SetPositionLimit = 21, "set_position_limit", "Sets an account's position limit on an instrument.";
        SetGroup = 22, "set_group", "Puts an account into a group of one owner.";
        HaltMarket = 23, "halt_market", "Stops or resumes all trading.";
        Kill = 24, "kill", "Stops an account, or lets it go on.";
        BustTrade = 25, "bust_trade", "Reverses a trade.";
    }
}

impl Command {
    /// Its kind.
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::AddAsset(_) => CommandKind::AddAsset,
            Self::ListInstrument(_) => CommandKind::ListInstrument,
            Self::SetPermissions(_) => CommandKind::SetPermissions,
            Self::Deposit(_) => CommandKind::Deposit,
            Self::Withdraw(_) => CommandKind::Withdraw,
            Self::Issue(_) => CommandKind::Issue,
            Self::Retire(_) => CommandKind::Retire,
            Self::Place(_) => CommandKind::Place,
            Self::Cancel(_) => CommandKind::Cancel,
            Self::Amend(_) => CommandKind::Amend,
            Self::CancelAll(_) => CommandKind::CancelAll,
            Self::CancelAfter(_) => CommandKind::CancelAfter,
            Self::Tick => CommandKind::Tick,
            Self::SetPhase(_) => CommandKind::SetPhase,
            Self::SchedulePhase(_) => CommandKind::SchedulePhase,
            Self::ClearSchedule(_) => CommandKind::ClearSchedule,
            Self::SetBands(_) => CommandKind::SetBands,
            Self::SetFees(_) => CommandKind::SetFees,
            Self::SetFeeTier(_) => CommandKind::SetFeeTier,
            Self::SetLimits(_) => CommandKind::SetLimits,
            Self::SetPositionLimit(_) => CommandKind::SetPositionLimit,
            Self::SetGroup(_) => CommandKind::SetGroup,
            Self::HaltMarket(_) => CommandKind::HaltMarket,
            Self::Kill(_) => CommandKind::Kill,
            Self::BustTrade(_) => CommandKind::BustTrade,
        }
    }
}

/// A command with the time at which the gateway took it: what the ring and the journal carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CommandRecord {
    /// When the gateway took it; the core makes it monotone.
    pub stamp: Timestamp,
    /// What to do.
    pub command: Command,
}

const _: () = assert!(size_of::<CommandRecord>() <= 120, "a ring slot stays within 128 bytes");
