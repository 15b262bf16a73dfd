//! Units. The core counts in integers: ticks, lots and minor units; decimals exist only at the edge.

use std::fmt;

/// A price in ticks of its instrument. Limit prices are at least 1 tick.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, bincode::Encode, bincode::Decode)]
pub struct Price(i64);

impl Price {
    /// No price: what market orders carry.
    pub const NONE: Self = Self(0);

    /// A price of so many ticks.
    #[inline]
    pub const fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// The number of ticks.
    #[inline]
    pub const fn ticks(self) -> i64 {
        self.0
    }
}

impl fmt::Debug for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}t", self.0)
    }
}

/// A quantity in lots of its instrument: 1 lot is one minor unit of the credit asset, 1 tCO2e where the registry issues
/// whole tonnes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, bincode::Encode, bincode::Decode)]
pub struct Quantity(u64);

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most lots that one order may ask for (2^40, about 1.1e12 t), so that sums over a level cannot overflow.
    pub const ORDER_MAX: Self = Self(1 << 40);

    /// So many lots.
    #[inline]
    pub const fn from_lots(lots: u64) -> Self {
        Self(lots)
    }

    /// The number of lots.
    #[inline]
    pub const fn lots(self) -> u64 {
        self.0
    }

    /// Whether it is nothing.
    #[inline]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// What is left after taking `taken` away. Panics when more is taken than there is: that is a broken invariant.
    #[inline]
    #[must_use]
    pub const fn minus(self, taken: Self) -> Self {
        assert!(taken.0 <= self.0, "quantity below zero");
        Self(self.0 - taken.0)
    }

    /// The sum.
    #[inline]
    #[must_use]
    pub const fn plus(self, more: Self) -> Self {
        Self(self.0 + more.0)
    }

    /// The smaller of the two.
    #[inline]
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}l", self.0)
    }
}

/// How much of an order the book shows at a time, in lots; the rest is a hidden reserve. Up to 2^32 - 1 lots.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, bincode::Encode, bincode::Decode)]
pub struct DisplayQuantity(u32);

impl DisplayQuantity {
    /// The whole order is shown.
    pub const ALL: Self = Self(0);

    /// So many lots at a time; 0 for all.
    #[inline]
    pub const fn from_lots(lots: u32) -> Self {
        Self(lots)
    }

    /// The lots shown at a time; 0 for all.
    #[inline]
    pub const fn lots(self) -> u32 {
        self.0
    }

    /// What is shown of so many open lots.
    #[inline]
    #[must_use]
    pub const fn of(self, leaves: Quantity) -> Quantity {
        let shown = self.0 as u64;
        if shown == 0 || shown > leaves.0 { leaves } else { Quantity(shown) }
    }
}

/// When a stop goes off: at a price, or at a distance that trails the best last price since it was placed.
/// Held in one word: a price as it is, a distance as a negative number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, bincode::Encode, bincode::Decode)]
pub struct Trigger(i64);

/// A [`Trigger`], taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TriggerTerms {
    /// Not a stop.
    None,
    /// At this price.
    At(Price),
    /// So many ticks behind the best last price; at least 1.
    Ticks(u32),
    /// So many hundredths of a percent behind the best last price; 1 to 9,999.
    BasisPoints(u16),
}

impl Trigger {
    /// Not a stop.
    pub const NONE: Self = Self(0);
    const BASIS_POINTS: i64 = 1 << 32;

    /// A fixed stop price, at least 1 tick. Anything below reads back as something else and is refused by the core.
    #[inline]
    pub const fn at(price: Price) -> Self {
        Self(price.0)
    }

    /// Trails by so many ticks, at least 1.
    #[inline]
    pub const fn ticks(ticks: u32) -> Self {
        Self(-(ticks as i64))
    }

    /// Trails by so many basis points, 1 to 9,999.
    #[inline]
    pub const fn basis_points(points: u16) -> Self {
        Self(-(Self::BASIS_POINTS + points as i64))
    }

    /// What it says.
    #[inline]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // ranges are matched first
    pub const fn terms(self) -> Option<TriggerTerms> {
        const TICKS_END: i64 = -(u32::MAX as i64);
        const POINTS_FIRST: i64 = -(Trigger::BASIS_POINTS + 1);
        const POINTS_LAST: i64 = -(Trigger::BASIS_POINTS + 9_999);
        match self.0 {
            0 => Some(TriggerTerms::None),
            1.. => Some(TriggerTerms::At(Price(self.0))),
            TICKS_END..=-1 => Some(TriggerTerms::Ticks(-self.0 as u32)),
            POINTS_LAST..=POINTS_FIRST => Some(TriggerTerms::BasisPoints((-self.0 - Self::BASIS_POINTS) as u16)),
            _ => None,
        }
    }

    /// Wraps a raw value, for codecs.
    #[inline]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// The raw value, for codecs.
    #[inline]
    pub const fn raw(self) -> i64 {
        self.0
    }
}

impl fmt::Debug for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.terms() {
            Some(terms) => terms.fmt(f),
            None => write!(f, "Trigger({})", self.0),
        }
    }
}

/// An amount of one asset in its minor units: hundredths of a cent for USD at scale 4, lots for credits.
/// What a balance can hold: 0 to 2^62; differences may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, bincode::Encode, bincode::Decode)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most that one balance may reach; a command that would pass it is refused.
    pub const BALANCE_MAX: Self = Self(1 << 62);

    /// So many minor units.
    #[inline]
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// The number of minor units.
    #[inline]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The sum. Overflow panics: balances are bounded far below it.
    #[inline]
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// The difference. Overflow panics: balances are bounded far below it.
    #[inline]
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}m", self.0)
    }
}

/// A fee rate in parts per million of the notional: 1 basis point is 100. Range -100,000 to 100,000 (10%); a negative rate
/// is a rebate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, bincode::Encode, bincode::Decode)]
pub struct FeeRate(i32);

impl FeeRate {
    /// No fee.
    pub const ZERO: Self = Self(0);
    /// The highest rate that is accepted: 10%.
    pub const MAX: Self = Self(100_000);

    /// A rate in parts per million; `None` beyond [`FeeRate::MAX`] either way.
    pub const fn from_ppm(ppm: i32) -> Option<Self> {
        if ppm <= Self::MAX.0 && ppm >= -Self::MAX.0 { Some(Self(ppm)) } else { None }
    }

    /// The rate in parts per million.
    #[inline]
    pub const fn ppm(self) -> i32 {
        self.0
    }
}

/// Engine time: nanoseconds since the Unix epoch, made monotone by the core. Not wall time: it stands still between
/// commands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, bincode::Encode, bincode::Decode)]
pub struct Timestamp(u64);

impl Timestamp {
    /// So many nanoseconds since the Unix epoch.
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the Unix epoch.
    #[inline]
    pub const fn nanos(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ns", self.0)
    }
}
