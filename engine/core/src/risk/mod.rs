//! What an account may risk: limits, throttle, positions and exposure, fee tiers; and which trades can be reversed.

mod busts;
mod fees;
mod limits;
mod staff;

pub(crate) use busts::{PastTrade, REMEMBERED, RecentTrades};
pub(crate) use fees::{FeeTable, TIERS, WINDOW_DAYS};
pub(crate) use limits::{Limits, Tokens};

use crate::units::Timestamp;

/// "None" where a place in a table is kept.
pub(crate) const NONE: u32 = u32::MAX;

/// Nanoseconds of a day.
const DAY_NS: u64 = 86_400_000_000_000;

/// The UTC day of a time, counted from the epoch.
#[inline]
pub(crate) fn day_of(time: Timestamp) -> u32 {
    u32::try_from(time.nanos() / DAY_NS).expect("2^64 nanoseconds are some 200,000 days")
}

/// Limits and their running figures of all accounts that have any, fee tiers, volumes, recent trades.
#[derive(Clone, Default)]
pub(crate) struct Risks {
    /// Of each account with limits, at its [`Profile::limits`].
    pub(crate) limits: Vec<Limits>,
    /// Fees by tier of each instrument that had any set.
    pub(crate) fees: FeeTable,
    /// Volume from which each tier applies; 0 where it is off. Tier 0 has none.
    pub(crate) tier_volumes: [u64; TIERS],
    /// What was traded on days before the last one, at [`Profile::history`].
    pub(crate) histories: Vec<fees::History>,
    pub(crate) recent: RecentTrades,
}

/// What each account carries of it: what every trade and every order looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    /// Lots bought and sold on `day`.
    pub(crate) traded: u64,
    /// The day of its last trade.
    pub(crate) day: u32,
    /// Place of its volumes before `day`, or [`NONE`].
    pub(crate) history: u32,
    /// Place of its limits, or [`NONE`].
    pub(crate) limits: u32,
    /// The day for which its fee tier was determined last.
    pub(crate) tier_day: u32,
    /// Its fee tier on `tier_day`.
    pub(crate) tier: u8,
}

impl Default for Profile {
    fn default() -> Self {
        // No day counts as determined: no order comes on the last day that 32 bits can name.
        Self { traded: 0, day: 0, history: NONE, limits: NONE, tier_day: u32::MAX, tier: 0 }
    }
}

#[cfg(test)]
mod tests;
