//! Reading what instruments are open for: for checks, tools and tests. The gateway reads folds of events instead.

use crate::control::{Phase, SchedulePhase};
use crate::event::AuctionState;
use crate::exchange::Exchange;
use crate::ids::InstrumentId;
use crate::units::{Price, Quantity, Timestamp};

/// What an instrument is open for, and its last price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trading {
    /// Its phase.
    pub phase: Phase,
    /// When the phase ends by itself; zero for never.
    pub ends: Timestamp,
    /// How often the auction that runs was extended.
    pub extensions: u8,
    /// The price of the last trade, reversed or not; [`Price::NONE`] before the first.
    pub last: Price,
    /// What was indicated last in the auction that runs; no price and no volume when nothing was.
    pub indicated: AuctionState,
}

impl Exchange {
    /// What an instrument is open for; `None` for an unknown one.
    pub fn trading(&self, instrument: InstrumentId) -> Option<Trading> {
        let session = &self.instruments.get(instrument.get() as usize)?.session;
        let (price, volume, surplus) = session.indicated;
        let indicated = AuctionState { instrument, price, volume: Quantity::from_lots(volume), surplus };
        let (phase, ends, extensions) = (session.phase, session.ends, session.extensions);
        Some(Trading { phase, ends, extensions, last: session.last, indicated })
    }

    /// What is planned for an instrument, by time and number of the phase.
    pub fn planned(&self, instrument: InstrumentId) -> Vec<SchedulePhase> {
        self.timers.plans(instrument).collect()
    }
}
