//! Commands: everything that shapes an outcome, in the order of the journal.

use crate::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Symbol};
use crate::reject::codes;
use crate::units::{Amount, FeeRate, Price, Quantity, Timestamp};

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
    }
}

codes! {
    /// How long an order lives.
    TimeInForce {
        GoodTillCancelled = 1, "gtc", "Rests until filled or cancelled.";
        ImmediateOrCancel = 2, "ioc", "Matches at once what it can; the rest is cancelled.";
        FillOrKill = 3, "fok", "Matches at once in whole or not at all.";
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
    /// What the maker pays of the notional.
    pub maker_fee: FeeRate,
    /// What the taker pays of the notional.
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

/// A new order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewOrder {
    /// Who trades.
    pub account: AccountId,
    /// What is traded.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// How long it lives. Market orders are immediate-or-cancel or fill-or-kill.
    pub time_in_force: TimeInForce,
    /// Refuse rather than match at once. Only for limit orders that rest.
    pub post_only: bool,
    /// The limit; [`Price::NONE`] for market orders.
    pub price: Price,
    /// How much, in lots.
    pub quantity: Quantity,
    /// The client's own name for it.
    pub client_order_id: Option<ClientOrderId>,
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
    /// The new limit.
    pub price: Price,
    /// The new total quantity: it includes what has been filled.
    pub quantity: Quantity,
}

/// Cancels all open orders of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelAll {
    /// The owner.
    pub account: AccountId,
    /// Only on this instrument; `None` for all.
    pub instrument: Option<InstrumentId>,
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

const _: () = assert!(size_of::<CommandRecord>() <= 112, "a ring slot stays within 128 bytes");
