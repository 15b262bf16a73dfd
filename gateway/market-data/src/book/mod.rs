//! Books: by level ([`BookL2`]) and by order ([`BookL3`]), with the updates that clients need to follow and resume.

mod l2;
mod l3;
mod view;

pub use l2::{BookL2, BookLevel, BookUpdate, CHECKSUM_LEVELS, LevelChange};
pub use l3::{BookL3, QueuedOrder};
pub use view::DepthView;

use cx_engine::command::Side;
use cx_engine::units::Price;

/// Sort key of a level: best first on both sides (bids from high to low, asks from low to high).
fn rank(side: Side, price: Price) -> i64 {
    match side {
        Side::Buy => -price.ticks(),
        Side::Sell => price.ticks(),
    }
}

/// The price that [`rank`] came from.
fn price_of(side: Side, rank: i64) -> Price {
    match side {
        Side::Buy => Price::from_ticks(-rank),
        Side::Sell => Price::from_ticks(rank),
    }
}
