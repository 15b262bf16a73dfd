//! The numbers that shape an order flow.

/// How a flow behaves. The shares and distributions are those of the project's benchmark specification: 15% of the new orders
/// are immediate-or-cancel; 20% of the others are amended, upwards in size and mostly by one tick in price; 95% are
/// cancelled; lifetimes are exponential with a median of 0.43 ms, longer the deeper an order lies; 2% of the commands aim
/// at orders that are gone; depth follows a power law with exponent 2.23 and a hump 8 ticks out; the mid is a geometric
/// Brownian motion from 167.52 at a tick of 0.005. What the specification leaves open is marked below as our choice.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// New orders in the measured part.
    pub new_orders: usize,
    /// New orders a second, on average, at exponential distances. Our choice.
    pub arrivals_per_second: f64,
    /// Where the mid starts, in ticks.
    pub mid_ticks: f64,
    /// From the lowest to the highest mid over a million new orders, expected, as a share of the mid.
    pub range: f64,
    /// Share of new orders that are immediate-or-cancel.
    pub immediate: f64,
    /// Share of the others that are amended once.
    pub amended: f64,
    /// Share of the amended that change their price, by one tick towards the mid. Our choice for "mostly".
    pub repriced: f64,
    /// Share of the others that are cancelled at the end of their lifetime, unless they were filled.
    pub cancelled: f64,
    /// Cancels and amends of orders that are gone, as a share of new orders.
    pub stale: f64,
    /// Median lifetime at the touch, in nanoseconds.
    pub lifetime_median_ns: f64,
    /// An order this many ticks deep lives twice as long as one at the touch, and so on in proportion. Our choice.
    pub lifetime_depth_ticks: f64,
    /// Exponent of the power law of depth.
    pub depth_exponent: f64,
    /// The deepest order, in ticks from the touch. Our choice.
    pub depth_max: u32,
    /// Where the hump is.
    pub hump_ticks: f64,
    /// Share of the orders in the hump, and how wide it is. Our choice.
    pub hump: (f64, f64),
    /// Mean lots of an order that rests, geometrically distributed. Our choice.
    pub lots_mean: f64,
    /// Mean lots of an immediate order, likewise. Our choice: small, so that most of what rests is cancelled, not filled.
    pub immediate_lots_mean: f64,
    /// Orders that rest before the flow begins, per instrument and side, at the same depths. Our choice.
    pub resting: usize,
    /// How many instruments, chosen evenly.
    pub instruments: u32,
    /// How many accounts, chosen evenly.
    pub accounts: u32,
    /// Whether each order has a client order id.
    pub named: bool,
}

impl Profile {
    /// A normal day: a range of 2%.
    pub const NORMAL_DAY: Self = Self {
        new_orders: 200_000,
        arrivals_per_second: 100_000.0,
        mid_ticks: 167.52 / 0.005,
        range: 0.02,
        immediate: 0.15,
        amended: 0.20,
        repriced: 0.80,
        cancelled: 0.95,
        stale: 0.02,
        lifetime_median_ns: 430_000.0,
        lifetime_depth_ticks: 2.0,
        depth_exponent: 2.23,
        depth_max: 400,
        hump_ticks: 8.0,
        hump: (0.25, 2.0),
        lots_mean: 20.0,
        immediate_lots_mean: 10.0,
        resting: 1_000,
        instruments: 1,
        accounts: 1_000,
        named: false,
    };

    /// How far the mid may stray from its start, in ticks: three times the expected range, then it is reflected.
    pub fn stray_ticks(&self) -> i64 {
        ticks(self.mid_ticks * self.range * 3.0)
    }

    /// The lowest and the highest price that an order can have.
    pub fn price_range(&self) -> (i64, i64) {
        let away = self.stray_ticks() + i64::from(self.depth_max) + 8;
        let mid = ticks(self.mid_ticks);
        ((mid - away).max(1), mid + away)
    }
}

/// The whole ticks in a price.
#[allow(clippy::cast_possible_truncation)] // prices of flows are far below 2^53
pub(crate) fn ticks(price: f64) -> i64 {
    price.floor() as i64
}
