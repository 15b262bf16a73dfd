//! What the venue's staff decides: phases, bands, fees, limits, halts, busts. Each is a journaled command like any other,
//! and the event that answers it carries the same record.

use crate::ids::{AccountId, InstrumentId, TradeId};
use crate::reject::codes;
use crate::units::{Amount, FeeRate, Price, Quantity, Timestamp};

codes! {
    /// What an instrument is open for. `docs/rules.md` has the table.
    Phase {
        PreOpen = 1, "pre_open", "Orders are collected; nothing matches.";
        OpeningAuction = 2, "opening_auction", "Orders are collected, and the auction price is shown.";
        Continuous = 3, "continuous", "Orders match as they come.";
        VolatilityHalt = 4, "volatility_halt", "A price outside the bands was stopped; an auction finds the next one.";
        ClosingAuction = 5, "closing_auction", "Orders are collected for the day's last price.";
        Closed = 6, "closed", "Only cancels are taken.";
        CancelOnly = 7, "cancel_only", "Only cancels are taken, by decision of the venue.";
        PostOnly = 8, "post_only", "Only orders that add to the book are taken.";
        Suspended = 9, "suspended", "Trading is suspended by decision of the venue; only cancels are taken.";
        Delisted = 10, "delisted", "The instrument is gone for good.";
    }
}

impl Phase {
    /// Whether orders are collected without matching.
    #[inline]
    pub const fn collects(self) -> bool {
        matches!(self, Self::PreOpen) || self.is_auction()
    }

    /// Whether it ends in an uncross, and shows what that would give.
    #[inline]
    pub const fn is_auction(self) -> bool {
        matches!(self, Self::OpeningAuction | Self::VolatilityHalt | Self::ClosingAuction)
    }
}

/// Moves an instrument to a phase now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct SetPhase {
    /// Which.
    pub instrument: InstrumentId,
    /// Where to.
    pub phase: Phase,
}

/// Plans a phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct SchedulePhase {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Where to.
    pub phase: Phase,
    /// When, in engine time; later than now.
    pub at: Timestamp,
    /// Again every so many nanoseconds; 0 for once, otherwise at least one second.
    pub every_ns: u64,
}

/// Takes back all that is planned for an instrument.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct ClearSchedule {
    /// Which.
    pub instrument: InstrumentId,
}

/// Collar, bands and volatility halts of an instrument. Basis points are hundredths of a percent, 0 to 10,000; 0 is off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct SetBands {
    /// Which.
    pub instrument: InstrumentId,
    /// A limit further than this beyond the last price is refused.
    pub collar_bps: u16,
    /// Trades stay this near the reference price of the last auction, or a halt begins.
    pub static_bps: u16,
    /// Trades stay this near the last price before the order, or a halt begins.
    pub dynamic_bps: u16,
    /// How often an auction is extended when its price is outside the static band.
    pub extensions_max: u8,
    /// How long a volatility halt takes, in nanoseconds; at least 1 where there are bands.
    pub halt_ns: u64,
    /// How long an extension takes, in nanoseconds; at least 1 where there are extensions.
    pub extension_ns: u64,
    /// The reference price from here on; [`Price::NONE`] leaves it as it is.
    pub reference: Price,
}

/// Fees of an instrument for one tier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct SetFees {
    /// Which.
    pub instrument: InstrumentId,
    /// 0 to 7.
    pub tier: u8,
    /// What the maker pays; negative for a rebate.
    pub maker: FeeRate,
    /// What the taker pays; at least 0.
    pub taker: FeeRate,
}

/// The trailing volume from which a fee tier applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct FeeTier {
    /// 1 to 7; tier 0 applies from nothing.
    pub tier: u8,
    /// Lots bought and sold within the 30 UTC days before today; zero switches the tier off.
    pub volume: Quantity,
}

/// Limits of an account. Zero is "no limit" in each field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct SetLimits {
    /// Whose.
    pub account: AccountId,
    /// Lots of one order at most.
    pub order_quantity_max: Quantity,
    /// Notional of one order at most, in minor units of its currency.
    pub order_notional_max: Amount,
    /// Notional of all open orders of one currency at most, in its minor units.
    pub exposure_max: Amount,
    /// Open orders at most.
    pub open_orders_max: u32,
    /// New and amended orders a second, in the long run.
    pub rate_per_second: u32,
    /// New and amended orders at once; at least 1 where there is a rate.
    pub burst: u32,
}

/// How many credits of an instrument an account may own and bid for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct SetPositionLimit {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Lots owned and bid for, at most; zero for no limit.
    pub position_max: Quantity,
}

/// Accounts of one owner never trade with each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct SetGroup {
    /// The account.
    pub account: AccountId,
    /// Its owner's number; 0 for an owner of this account only.
    pub group: u32,
}

/// Stops or resumes all trading.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct HaltMarket {
    /// Whether trading is stopped from here on.
    pub halted: bool,
}

/// Stops an account and cancels all its orders, or lets it go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct Kill {
    /// The account.
    pub account: AccountId,
    /// Whether it is stopped from here on.
    pub killed: bool,
}

/// Reverses a trade of the recent past: credits and cash go back, fees included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct BustTrade {
    /// Which.
    pub trade: TradeId,
}
