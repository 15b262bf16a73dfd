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

/// A fee rate in parts per million of the notional: 1 basis point is 100. Range 0 to 100,000 (10%).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, bincode::Encode, bincode::Decode)]
pub struct FeeRate(u32);

impl FeeRate {
    /// No fee.
    pub const ZERO: Self = Self(0);
    /// The highest rate that is accepted: 10%.
    pub const MAX: Self = Self(100_000);

    /// A rate in parts per million; `None` above [`FeeRate::MAX`].
    pub const fn from_ppm(ppm: u32) -> Option<Self> {
        if ppm <= Self::MAX.0 { Some(Self(ppm)) } else { None }
    }

    /// The rate in parts per million.
    #[inline]
    pub const fn ppm(self) -> u32 {
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
