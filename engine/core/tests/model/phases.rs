//! Phases of the model: how an instrument moves from one to the next.

use cx_engine::Event;
use cx_engine::command::{Side, TimeInForce};
use cx_engine::control::Phase;
use cx_engine::event::PhaseChanged;
use cx_engine::ids::InstrumentId;
use cx_engine::reject::CancelReason;
use cx_engine::units::Timestamp;

use super::Model;
use super::checks::around;

impl Model {
    /// Whether orders match as they come.
    pub fn is_continuous(&self, instrument: InstrumentId) -> bool {
        self.venue(instrument).phase == Phase::Continuous
    }

    /// By plan, or because the phase's time is over: an auction may be extended first.
    pub(super) fn enter_in_time(&mut self, instrument: InstrumentId, to: Phase, out: &mut Vec<Event>) {
        let goes_on = !matches!(to, Phase::CancelOnly | Phase::Suspended | Phase::Delisted);
        let phase = self.venue(instrument).phase;
        if phase.is_auction() && goes_on && self.may_extend(instrument) {
            let ends = self.now.saturating_add(self.venue(instrument).bands.extension_ns);
            let venue = self.venue_mut(instrument);
            venue.extended += 1;
            venue.ends = Some((ends, to));
            let ends = Timestamp::from_nanos(ends);
            return out.push(Event::AuctionExtended(PhaseChanged { instrument, phase, ends }));
        }
        self.enter(instrument, to, out);
    }

    fn may_extend(&self, instrument: InstrumentId) -> bool {
        let venue = self.venue(instrument);
        let (low, high) = around(venue.reference, venue.bands.static_bps);
        let outside = self.auction(instrument).is_some_and(|it| it.price < low || it.price > high);
        outside && venue.extended < venue.bands.extensions_max
    }

    /// The instrument is in a phase from here on.
    pub(super) fn enter(&mut self, instrument: InstrumentId, to: Phase, out: &mut Vec<Event>) {
        let from = self.venue(instrument).phase;
        if matches!(to, Phase::Continuous | Phase::PostOnly) || from.is_auction() && to == Phase::Closed {
            self.uncross(instrument, from.is_auction(), out);
        }
        let now = self.now;
        let venue = self.venue_mut(instrument);
        let halt_ns = venue.bands.halt_ns;
        let ends = (to == Phase::VolatilityHalt && halt_ns > 0).then(|| now.saturating_add(halt_ns));
        venue.phase = to;
        venue.ends = ends.map(|at| (at, Phase::Continuous));
        venue.extended = 0;
        venue.indicated = (0, 0, 0);
        venue.stirred = true;
        let ends = Timestamp::from_nanos(ends.unwrap_or(0));
        out.push(Event::PhaseChanged(PhaseChanged { instrument, phase: to, ends }));
        match to {
            Phase::Closed => self.end_orders_on(instrument, true, CancelReason::Expired, out),
            Phase::Delisted => {
                self.end_orders_on(instrument, false, CancelReason::Delisted, out);
                self.venue_mut(instrument).plans.clear();
            }
            Phase::Continuous => self.run_stops(instrument, out),
            _ => {}
        }
    }

    /// Buys by priority, sells by priority, then the stops as they would go off.
    fn end_orders_on(&mut self, instrument: InstrumentId, only_day: bool, reason: CancelReason, out: &mut Vec<Event>) {
        let book = &self.venue(instrument).book;
        let mut slots = book.by_priority(Side::Buy);
        slots.extend(book.by_priority(Side::Sell));
        slots.extend(self.stops_in_order(instrument, Side::Buy));
        slots.extend(self.stops_in_order(instrument, Side::Sell));
        slots.retain(|slot| !only_day || self.orders[slot].time_in_force == TimeInForce::Day);
        self.end_each(&slots, reason, out);
    }
}
