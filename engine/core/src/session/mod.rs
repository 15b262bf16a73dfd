//! When an instrument trades: phases, planned changes, auctions, bands and halts, and everything that is due at a time.

mod bands;
mod heap;
mod phases;
mod plans;
mod timers;
mod uncross;
mod view;

pub(crate) use timers::Timers;
pub use view::Trading;

use crate::control::{Phase, SetBands};
use crate::ids::{InstrumentId, Seq};
use crate::units::{Price, Timestamp};

/// Times end here: 2^63 nanoseconds after the epoch.
pub(crate) const TIME_END: u64 = 1 << 63;

/// What an instrument is open for, and around which prices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    pub(crate) phase: Phase,
    /// When the phase ends by itself; zero for never.
    pub(crate) ends: Timestamp,
    /// Where it ends into.
    pub(crate) then: Phase,
    /// How often this auction was extended.
    pub(crate) extensions: u8,
    /// Collar, bands and halts as they were set; the reference price is the one in force.
    pub(crate) bands: SetBands,
    /// The last price; [`Price::NONE`] before the first trade.
    pub(crate) last: Price,
    /// The last price before the command that traded last, and that command. An uncross makes it its price.
    pub(crate) before: (Seq, Price),
    /// Lowest and highest price since the stops were last at rest.
    pub(crate) touched: Option<(Price, Price)>,
    /// What was indicated last in this auction: price, volume, surplus.
    pub(crate) indicated: (Price, u64, i64),
    /// Whether the book changed in an auction phase within this command.
    pub(crate) stirred: bool,
}

impl Session {
    /// An instrument right after its listing.
    pub(crate) const fn new(instrument: InstrumentId) -> Self {
        Self {
            phase: Phase::Continuous,
            ends: Timestamp::from_nanos(0),
            then: Phase::Continuous,
            extensions: 0,
            bands: SetBands {
                instrument,
                collar_bps: 0,
                static_bps: 0,
                dynamic_bps: 0,
                extensions_max: 0,
                halt_ns: 0,
                extension_ns: 0,
                reference: Price::NONE,
            },
            last: Price::NONE,
            before: (Seq::ZERO, Price::NONE),
            touched: None,
            indicated: (Price::NONE, 0, 0),
            stirred: false,
        }
    }

    /// A trade of the command `seq` happened at `price`.
    #[inline]
    pub(crate) fn traded(&mut self, seq: Seq, price: Price) {
        if self.before.0 != seq {
            self.before = (seq, self.last);
        }
        self.last = price;
        self.touched = Some(match self.touched {
            None => (price, price),
            Some((low, high)) => (low.min(price), high.max(price)),
        });
    }

    /// The last price before the command `seq`, or the price of an uncross within it.
    #[inline]
    const fn before(&self, seq: Seq) -> Price {
        if self.before.0.get() == seq.get() { self.before.1 } else { self.last }
    }
}

#[cfg(test)]
mod tests;
