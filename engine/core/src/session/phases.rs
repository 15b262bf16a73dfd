//! Phases: what they take, how an instrument moves from one to the next, and what is planned.

use super::TIME_END;
use super::bands::around;
use crate::command::{CommandKind, NewOrder, OrderKind};
use crate::control::{ClearSchedule, HaltMarket, Phase, SchedulePhase, SetPhase};
use crate::event::{Event, PhaseChanged};
use crate::exchange::{Exchange, refused};
use crate::ids::{AccountId, InstrumentId, OrderId};
use crate::reject::{CancelReason, Reject};
use crate::units::{Price, Timestamp};

/// Planned phases of an instrument at most.
const PLANS_MAX: usize = 256;
const SECOND_NS: u64 = 1_000_000_000;
const PERIOD_MAX_NS: u64 = 366 * 86_400 * SECOND_NS;

impl Exchange {
    /// What an instrument is open for.
    #[inline]
    pub(crate) fn phase(&self, instrument: InstrumentId) -> Phase {
        self.instruments[instrument.get() as usize].session.phase
    }

    /// Whether the phase takes a new order.
    #[inline]
    pub(crate) fn check_phase(&self, instrument: InstrumentId, order: &NewOrder) -> Result<(), Reject> {
        let phase = self.phase(instrument);
        if phase == Phase::Continuous {
            return Ok(());
        }
        let resting = order.kind == OrderKind::Limit && order.time_in_force.rests();
        let taken = match phase {
            Phase::PostOnly => resting && order.post_only,
            _ => phase.collects() && (resting || order.kind.is_stop()),
        };
        if taken { Ok(()) } else { Err(Reject::WrongPhase) }
    }

    fn session_of(&self, instrument: InstrumentId) -> Result<&super::Session, Reject> {
        let found = self.instruments.get(instrument.get() as usize);
        found.map(|instrument| &instrument.session).ok_or(Reject::UnknownInstrument)
    }

    pub(crate) fn set_phase(&mut self, set: SetPhase, events: &mut Vec<Event>) {
        let refusal = match self.session_of(set.instrument).map(|session| session.phase) {
            Err(reason) => Some(reason),
            Ok(Phase::Delisted) => Some(Reject::WrongPhase),
            Ok(phase) => (phase == set.phase).then_some(Reject::NoChange),
        };
        match refusal {
            Some(reason) => events.push(refused(CommandKind::SetPhase, AccountId::VENUE, OrderId::NONE, 0, reason)),
            None => self.enter(set.instrument, set.phase, events),
        }
    }

    pub(crate) fn schedule_phase(&mut self, plan: SchedulePhase, events: &mut Vec<Event>) {
        if let Err(reason) = self.check_plan(&plan) {
            return events.push(refused(CommandKind::SchedulePhase, AccountId::VENUE, OrderId::NONE, 0, reason));
        }
        self.timers.plan(plan);
        events.push(Event::PhaseScheduled(plan));
    }

    fn check_plan(&self, plan: &SchedulePhase) -> Result<(), Reject> {
        if self.session_of(plan.instrument)?.phase == Phase::Delisted {
            return Err(Reject::WrongPhase);
        }
        if plan.at <= self.now || plan.at.nanos() >= TIME_END {
            return Err(Reject::InvalidExpiry);
        }
        self.check_plan_terms(plan)
    }

    fn check_plan_terms(&self, plan: &SchedulePhase) -> Result<(), Reject> {
        let every_fits = plan.every_ns == 0 || (SECOND_NS..=PERIOD_MAX_NS).contains(&plan.every_ns);
        if plan.phase == Phase::VolatilityHalt || !every_fits {
            return Err(Reject::InvalidSetting);
        }
        if !self.timers.has_plan(plan) && self.timers.plans(plan.instrument).count() >= PLANS_MAX {
            return Err(Reject::LimitReached);
        }
        Ok(())
    }

    /// Puts back a plan that a snapshot holds. Its time may be over: while the market is halted, and right after.
    pub(crate) fn restore_plan(&mut self, plan: SchedulePhase) -> Result<(), Reject> {
        if self.session_of(plan.instrument)?.phase == Phase::Delisted || plan.at.nanos() >= TIME_END {
            return Err(Reject::InvalidExpiry);
        }
        self.check_plan_terms(&plan)?;
        self.timers.plan(plan);
        Ok(())
    }

    /// Puts back when an instrument's phase ends.
    pub(crate) fn restore_end(&mut self, instrument: InstrumentId, ends: Timestamp, then: Phase) {
        let session = &mut self.instruments[instrument.get() as usize].session;
        (session.ends, session.then) = (ends, then);
        self.timers.change_end(instrument, ends);
    }

    pub(crate) fn clear_schedule(&mut self, clear: ClearSchedule, events: &mut Vec<Event>) {
        if let Err(reason) = self.session_of(clear.instrument) {
            return events.push(refused(CommandKind::ClearSchedule, AccountId::VENUE, OrderId::NONE, 0, reason));
        }
        self.timers.clear_plans(clear.instrument);
        events.push(Event::ScheduleCleared(clear));
    }

    pub(crate) fn halt_market(&mut self, halt: HaltMarket, events: &mut Vec<Event>) {
        self.market_halted = halt.halted;
        self.timers.set_halted(halt.halted);
        events.push(Event::MarketHalted { halted: halt.halted });
    }

    /// The phase's time is over.
    pub(super) fn end_phase(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let session = &mut self.instruments[instrument.get() as usize].session;
        let then = session.then;
        session.ends = Timestamp::default();
        self.timers.change_end(instrument, Timestamp::default());
        self.enter_in_time(instrument, then, events);
    }

    /// By plan, or because the phase's time is over: an auction may be extended first.
    pub(super) fn enter_in_time(&mut self, instrument: InstrumentId, to: Phase, events: &mut Vec<Event>) {
        let goes_on = !matches!(to, Phase::CancelOnly | Phase::Suspended | Phase::Delisted);
        let session = &self.instruments[instrument.get() as usize].session;
        if !session.phase.is_auction() || !goes_on || session.extensions >= session.bands.extensions_max {
            return self.enter(instrument, to, events);
        }
        let (low, high) = around(session.bands.reference, session.bands.static_bps);
        let price = self.find_price(instrument).map(|auction| auction.price.ticks());
        if price.is_none_or(|price| (low..=high).contains(&price)) {
            return self.enter(instrument, to, events);
        }
        let ends = self.after(self.instruments[instrument.get() as usize].session.bands.extension_ns);
        let session = &mut self.instruments[instrument.get() as usize].session;
        session.extensions += 1;
        session.then = to;
        session.ends = ends;
        let phase = session.phase;
        self.timers.change_end(instrument, ends);
        events.push(Event::AuctionExtended(PhaseChanged { instrument, phase, ends }));
    }

    const fn after(&self, nanos: u64) -> Timestamp {
        Timestamp::from_nanos(self.now.nanos().saturating_add(nanos))
    }

    /// The instrument is in a phase from here on.
    fn enter(&mut self, instrument: InstrumentId, to: Phase, events: &mut Vec<Event>) {
        let from = self.phase(instrument);
        if matches!(to, Phase::Continuous | Phase::PostOnly) || (from.is_auction() && to == Phase::Closed) {
            self.uncross(instrument, from.is_auction(), events);
        }
        let halt_ns = self.instruments[instrument.get() as usize].session.bands.halt_ns;
        let halts = to == Phase::VolatilityHalt && halt_ns > 0;
        let ends = if halts { self.after(halt_ns) } else { Timestamp::default() };
        let session = &mut self.instruments[instrument.get() as usize].session;
        session.phase = to;
        session.then = Phase::Continuous;
        session.extensions = 0;
        session.indicated = (Price::NONE, 0, 0);
        session.ends = ends;
        self.timers.change_end(instrument, ends);
        self.stir(instrument);
        events.push(Event::PhaseChanged(PhaseChanged { instrument, phase: to, ends }));
        match to {
            Phase::Closed => self.cancel_instrument_orders(instrument, CancelReason::Expired, events, true),
            Phase::Delisted => {
                self.cancel_instrument_orders(instrument, CancelReason::Delisted, events, false);
                self.timers.clear_plans(instrument);
            }
            Phase::Continuous => self.run_stops(instrument, events),
            _ => {}
        }
    }

    /// A price outside the bands was stopped: an auction finds the next one.
    pub(crate) fn begin_halt(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        self.enter(instrument, Phase::VolatilityHalt, events);
    }
}
