//! Collar and bands: how far from the last price orders may be, and trades happen.

use crate::command::{CommandKind, OrderKind, Side};
use crate::control::SetBands;
use crate::event::Event;
use crate::exchange::{Exchange, refused};
use crate::ids::{AccountId, InstrumentId, OrderId};
use crate::reject::Reject;
use crate::units::{Price, Trigger, TriggerTerms};

const WHOLE_BPS: u16 = 10_000;
const DURATION_MAX_NS: u64 = 30 * 86_400 * 1_000_000_000;

/// Lowest and highest price within so many basis points of a price, rounded inwards; everything when it is off.
pub(super) fn around(price: Price, bps: u16) -> (i64, i64) {
    if price == Price::NONE || bps == 0 {
        return (i64::MIN, i64::MAX);
    }
    let (price, bps, whole) = (i128::from(price.ticks()), i128::from(bps), i128::from(WHOLE_BPS));
    let low = (price * (whole - bps) + whole - 1) / whole;
    let high = price * (whole + bps) / whole;
    // Prices are at most 2^62: twice that is one more than fits.
    (i64::try_from(low).unwrap_or(i64::MAX), i64::try_from(high).unwrap_or(i64::MAX))
}

impl Exchange {
    /// Lowest and highest price at which an aggressor may trade now.
    #[inline]
    pub(crate) fn bands_of(&self, instrument: InstrumentId) -> (i64, i64) {
        let session = &self.instruments[instrument.get() as usize].session;
        if session.bands.static_bps == 0 && session.bands.dynamic_bps == 0 {
            return (i64::MIN, i64::MAX);
        }
        let fixed = around(session.bands.reference, session.bands.static_bps);
        let moving = around(session.before(self.seq), session.bands.dynamic_bps);
        (fixed.0.max(moving.0), fixed.1.min(moving.1))
    }

    /// Whether a limit is too far beyond the last price; beyond its stop price for a stop that has not gone off (its
    /// `trigger`; [`Trigger::NONE`] for all others).
    #[inline]
    pub(crate) fn check_collar(
        &self,
        kind: OrderKind,
        side: Side,
        price: Price,
        trigger: Trigger,
        instrument: InstrumentId,
    ) -> Result<(), Reject> {
        let session = &self.instruments[instrument.get() as usize].session;
        let collar_bps = session.bands.collar_bps;
        if collar_bps == 0 || !kind.is_limited() {
            return Ok(());
        }
        let stop_price = match trigger.terms() {
            Some(TriggerTerms::At(stop_price)) => stop_price,
            _ => Price::NONE,
        };
        let by_preference = [stop_price, session.last, session.bands.reference];
        let middle = by_preference.into_iter().find(|&price| price != Price::NONE).unwrap_or(Price::NONE);
        let (low, high) = around(middle, collar_bps);
        let outside = match side {
            Side::Buy => price.ticks() > high,
            Side::Sell => price.ticks() < low,
        };
        if outside { Err(Reject::PriceOutsideCollar) } else { Ok(()) }
    }

    pub(crate) fn set_bands(&mut self, set: SetBands, events: &mut Vec<Event>) {
        if let Err(reason) = self.check_bands(&set) {
            return events.push(refused(CommandKind::SetBands, AccountId::VENUE, OrderId::NONE, 0, reason));
        }
        let bands = &mut self.instruments[set.instrument.get() as usize].session.bands;
        let reference = if set.reference == Price::NONE { bands.reference } else { set.reference };
        *bands = SetBands { reference, ..set };
        events.push(Event::BandsSet(*bands));
    }

    fn check_bands(&self, set: &SetBands) -> Result<(), Reject> {
        let instrument = self.instruments.get(set.instrument.get() as usize).ok_or(Reject::UnknownInstrument)?;
        let bps_fit = [set.collar_bps, set.static_bps, set.dynamic_bps].iter().all(|&bps| bps <= WHOLE_BPS);
        let halts = set.halt_ns > 0 || (set.static_bps == 0 && set.dynamic_bps == 0);
        let extends = set.extension_ns > 0 || set.extensions_max == 0;
        let times_fit = set.halt_ns <= DURATION_MAX_NS && set.extension_ns <= DURATION_MAX_NS;
        let price_max = instrument.listing.price_max;
        let reference_fits =
            set.reference == Price::NONE || (set.reference >= Price::from_ticks(1) && set.reference <= price_max);
        if bps_fit && halts && extends && times_fit && reference_fits { Ok(()) } else { Err(Reject::InvalidSetting) }
    }
}

#[cfg(test)]
mod tests;
