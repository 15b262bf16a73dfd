//! What the venue's staff decides about instruments in the model: phases, plans, bands.

use cx_engine::Event;
use cx_engine::control::{ClearSchedule, Phase, SchedulePhase, SetBands, SetPhase};
use cx_engine::reject::Reject;
use cx_engine::units::Price;

use super::fees::DAY;
use super::{Model, TIME_END};

/// How many phases can be planned on an instrument.
const PLANS_MAX: usize = 256;
const SECOND: u64 = 1_000_000_000;

impl Model {
    pub(super) fn set_phase(&mut self, set: SetPhase, out: &mut Vec<Event>) -> Result<(), Reject> {
        let phase = self.instrument(set.instrument)?.phase;
        if phase == Phase::Delisted {
            return Err(Reject::WrongPhase);
        }
        if phase == set.phase {
            return Err(Reject::NoChange);
        }
        self.enter(set.instrument, set.phase, out);
        Ok(())
    }

    pub(super) fn schedule_phase(&mut self, plan: SchedulePhase, out: &mut Vec<Event>) -> Result<(), Reject> {
        let venue = self.instrument(plan.instrument)?;
        if venue.phase == Phase::Delisted {
            return Err(Reject::WrongPhase);
        }
        let at = plan.at.nanos();
        if at <= self.now || at >= TIME_END {
            return Err(Reject::InvalidExpiry);
        }
        let every_fits = plan.every_ns == 0 || (SECOND..=366 * DAY).contains(&plan.every_ns);
        if plan.phase == Phase::VolatilityHalt || !every_fits {
            return Err(Reject::InvalidSetting);
        }
        let key = (at, plan.phase.number());
        if venue.plans.len() >= PLANS_MAX && !venue.plans.contains_key(&key) {
            return Err(Reject::LimitReached);
        }
        self.venue_mut(plan.instrument).plans.insert(key, (plan.phase, plan.every_ns));
        out.push(Event::PhaseScheduled(plan));
        Ok(())
    }

    pub(super) fn clear_schedule(&mut self, clear: ClearSchedule, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.instrument(clear.instrument)?;
        self.venue_mut(clear.instrument).plans.clear();
        out.push(Event::ScheduleCleared(clear));
        Ok(())
    }

    pub(super) fn set_bands(&mut self, set: SetBands, out: &mut Vec<Event>) -> Result<(), Reject> {
        let venue = self.instrument(set.instrument)?;
        let bps_fit = [set.collar_bps, set.static_bps, set.dynamic_bps].iter().all(|&bps| bps <= 10_000);
        let halts = set.halt_ns > 0 || set.static_bps == 0 && set.dynamic_bps == 0;
        let extends = set.extension_ns > 0 || set.extensions_max == 0;
        let times_fit = set.halt_ns <= 30 * DAY && set.extension_ns <= 30 * DAY;
        let reference_fits =
            set.reference == Price::NONE || set.reference.ticks() >= 1 && set.reference <= venue.listed.price_max;
        if !bps_fit || !halts || !extends || !times_fit || !reference_fits {
            return Err(Reject::InvalidSetting);
        }
        let venue = self.venue_mut(set.instrument);
        if set.reference != Price::NONE {
            venue.reference = Some(set.reference.ticks());
        }
        venue.bands = set;
        let reference = Price::from_ticks(venue.reference.unwrap_or(0));
        out.push(Event::BandsSet(SetBands { reference, ..set }));
        Ok(())
    }
}
