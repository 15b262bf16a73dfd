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
    /// How far the highest mid lies above the lowest over a million new orders, as a share of the lowest, the fall not
    /// counted; with fewer orders less, as a Brownian motion's range falls: by the root of their number.
    pub range: f64,
    /// The share of the mid that is lost on the way over a million new orders, steadily; with fewer orders less.
    pub fall: f64,
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
    /// Whether each account either buys or sells, so that none ever meets itself: books compared with ours know no owners.
    pub one_sided: bool,
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
        fall: 0.0,
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
        one_sided: false,
        named: false,
    };

    /// The five flows that a book alone is measured on, of about a million new orders each, by name: a deep static book of
    /// 20,000 to 40,000 orders on 60 to 90 levels; a normal day with a range of 2%; swings of 25% and 40%; a crash by 60%.
    pub const BOOK: [(&str, Self); 5] = {
        let normal = Self { new_orders: 1_000_000, one_sided: true, ..Self::NORMAL_DAY };
        [
            (
                "deep static",
                Self { range: 0.000_06, depth_max: 40, resting: 10_500, immediate_lots_mean: 11.5, ..normal },
            ),
            ("normal day", normal),
            ("swing 25%", Self { range: 0.25, ..normal }),
            ("swing 40%", Self { range: 0.40, ..normal }),
            ("crash 60%", Self { range: 0.25, fall: 0.60, ..normal }),
        ]
    };

    /// The flow of a book that is measured alone, by its name.
    pub fn of_book(name: &str) -> Option<Self> {
        Self::BOOK.into_iter().find_map(|(known, profile)| (known == name).then_some(profile))
    }

    /// The logarithm of highest to lowest mid, the fall not counted.
    pub(crate) fn log_range(&self) -> f64 {
        (1.0 + self.range).ln() * self.of_a_million().sqrt()
    }

    /// The logarithm of last to first mid that the fall brings about.
    pub(crate) fn log_fall(&self) -> f64 {
        (1.0 - self.fall).ln() * self.of_a_million()
    }

    #[allow(clippy::cast_precision_loss)] // counts are far below 2^53
    fn of_a_million(&self) -> f64 {
        self.new_orders as f64 / 1e6
    }

    /// The lowest and the highest price that an order can have.
    pub fn price_range(&self) -> (i64, i64) {
        let away = i64::from(self.depth_max) + 8;
        let (low, high) = (self.log_fall() - self.log_range(), self.log_range());
        ((ticks(self.mid_ticks * low.exp()) - away).max(1), ticks(self.mid_ticks * high.exp()) + away)
    }
}

/// The whole ticks in a price.
#[allow(clippy::cast_possible_truncation)] // prices of flows are far below 2^53
pub(crate) fn ticks(price: f64) -> i64 {
    price.floor() as i64
}
