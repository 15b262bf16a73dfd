//! What instruments are open for: phases, bands, fees, plans and auctions, and whether the market is halted.

use crate::listings::index;
use cx_engine::control::{Phase, SchedulePhase, SetBands};
use cx_engine::event::{AuctionState, PhaseChanged};
use cx_engine::ids::{InstrumentId, Seq};
use cx_engine::units::{FeeRate, Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};

/// Plans are made for times before this: 2^63 nanoseconds after the epoch.
const TIME_END: u64 = 1 << 63;

/// Tiers of fees.
pub const TIERS: usize = 8;

/// What one instrument is open for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct Session {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Its phase.
    pub phase: Phase,
    /// When the phase began: engine time.
    pub since: Timestamp,
    /// When the phase ends by itself; zero when only a plan or the staff ends it.
    pub ends: Timestamp,
    /// How often the auction that runs was extended.
    pub extensions: u32,
    /// Collar, bands and halts, all zero when off. Its reference price is the one in force.
    pub bands: SetBands,
    /// Maker's and taker's fee of each tier; a tier without fees of its own pays those of tier 0.
    pub fees: [Option<(FeeRate, FeeRate)>; TIERS],
    /// What the auction that runs would give now; `None` outside auctions and while nothing was indicated.
    pub indication: Option<AuctionState>,
    /// What the last auction gave.
    pub uncrossed: Option<AuctionState>,
    /// Engine time of that.
    pub uncrossed_at: Timestamp,
    /// The last command that changed anything of this: a version for those who follow it.
    pub seq: Seq,
}

impl Session {
    /// A session as of the listing: continuous, without bands.
    pub const fn new(instrument: InstrumentId) -> Self {
        let never = Timestamp::from_nanos(0);
        let bands = SetBands {
            instrument,
            collar_bps: 0,
            static_bps: 0,
            dynamic_bps: 0,
            extensions_max: 0,
            halt_ns: 0,
            extension_ns: 0,
            reference: Price::NONE,
        };
        Self {
            instrument,
            phase: Phase::Continuous,
            since: never,
            ends: never,
            extensions: 0,
            bands,
            fees: [None; TIERS],
            indication: None,
            uncrossed: None,
            uncrossed_at: never,
            seq: Seq::ZERO,
        }
    }

    fn change(&mut self, time: Timestamp, change: &PhaseChanged) {
        self.phase = change.phase;
        self.since = time;
        self.ends = change.ends;
        self.extensions = 0;
        self.indication = None;
    }
}

/// The sessions of all instruments, and what holds for the whole venue.
#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Sessions {
    sessions: Vec<Session>,
    /// By instrument, in the order in which they come.
    plans: Vec<Vec<SchedulePhase>>,
    /// When the first of all plans comes; it may have been taken back since.
    next_plan: Option<Timestamp>,
    tier_volumes: [Quantity; TIERS],
    halted: bool,
    halted_seq: Seq,
}

impl Sessions {
    /// Takes the next event.
    pub fn apply(&mut self, record: &EventRecord) {
        if record.index == 0 && !self.halted && self.next_plan.is_some_and(|at| at <= record.time) {
            self.pass_plans(record.time);
        }
        let instrument = match &record.event {
            Event::InstrumentListed(listed) => {
                let mut session = Session { since: record.time, ..Session::new(listed.instrument) };
                session.fees[0] = Some((listed.maker_fee, listed.taker_fee));
                self.sessions.push(session);
                self.plans.push(Vec::new());
                listed.instrument
            }
            Event::PhaseChanged(change) => {
                self.at(change.instrument).change(record.time, change);
                if change.phase == Phase::Delisted {
                    self.plans[index(change.instrument.get())].clear();
                }
                change.instrument
            }
            Event::AuctionExtended(extended) => {
                let session = self.at(extended.instrument);
                session.ends = extended.ends;
                session.extensions += 1;
                extended.instrument
            }
            Event::AuctionIndicated(state) => {
                self.at(state.instrument).indication = Some(*state);
                state.instrument
            }
            Event::AuctionUncrossed(state) => {
                let session = self.at(state.instrument);
                (session.uncrossed, session.uncrossed_at) = (Some(*state), record.time);
                if state.price != Price::NONE {
                    session.bands.reference = state.price;
                }
                state.instrument
            }
            Event::BandsSet(bands) => {
                self.at(bands.instrument).bands = *bands;
                bands.instrument
            }
            Event::FeesSet(set) => {
                self.at(set.instrument).fees[usize::from(set.tier)] = Some((set.maker, set.taker));
                set.instrument
            }
            Event::PhaseScheduled(plan) => {
                put(&mut self.plans[index(plan.instrument.get())], *plan);
                self.next_plan = Some(self.next_plan.map_or(plan.at, |next| next.min(plan.at)));
                plan.instrument
            }
            Event::ScheduleCleared(cleared) => {
                self.plans[index(cleared.instrument.get())].clear();
                cleared.instrument
            }
            Event::FeeTierSet(set) => {
                self.tier_volumes[usize::from(set.tier)] = set.volume;
                return;
            }
            Event::MarketHalted { halted } => {
                (self.halted, self.halted_seq) = (*halted, record.seq);
                return;
            }
            _ => return,
        };
        self.at(instrument).seq = record.seq;
    }

    /// What an instrument is open for; `None` when it is not listed.
    pub fn get(&self, instrument: InstrumentId) -> Option<&Session> {
        self.sessions.get(index(instrument.get()))
    }

    /// Whether all trading is stopped.
    pub fn halted(&self) -> bool {
        self.halted
    }

    /// The last command that stopped or resumed all trading.
    pub fn halted_seq(&self) -> Seq {
        self.halted_seq
    }

    /// What is planned for an instrument, earliest first.
    pub fn schedule(&self, instrument: InstrumentId) -> &[SchedulePhase] {
        self.plans.get(index(instrument.get())).map_or(&[], Vec::as_slice)
    }

    /// The lots of the 30 days before from which each tier applies; zero for tiers that are off, and for tier 0.
    pub fn tier_volumes(&self) -> &[Quantity; TIERS] {
        &self.tier_volumes
    }

    fn at(&mut self, instrument: InstrumentId) -> &mut Session {
        &mut self.sessions[index(instrument.get())]
    }

    /// What is due before a command: once-only plans are gone, repeating ones stand at their first time after `now`, whether
    /// they have an effect or not. The core does the same, and tells only the effects.
    fn pass_plans(&mut self, now: Timestamp) {
        for plans in &mut self.plans {
            while let Some(due) = plans.first().copied().filter(|plan| plan.at <= now) {
                plans.remove(0);
                if let Some(at) = next_time(&due, now) {
                    put(plans, SchedulePhase { at, ..due });
                }
            }
        }
        self.next_plan = self.plans.iter().filter_map(|plans| Some(plans.first()?.at)).min();
    }
}

/// Puts a plan in its place; it replaces one of the same time and phase.
fn put(plans: &mut Vec<SchedulePhase>, plan: SchedulePhase) {
    let key = |plan: &SchedulePhase| (plan.at, plan.phase.number());
    match plans.binary_search_by_key(&key(&plan), key) {
        Ok(place) => plans[place] = plan,
        Err(place) => plans.insert(place, plan),
    }
}

/// The first time of a plan after `now`; none when it does not repeat, or not before times end.
fn next_time(plan: &SchedulePhase, now: Timestamp) -> Option<Timestamp> {
    let at = plan.at.nanos();
    let passed = (now.nanos() - at).checked_div(plan.every_ns)?;
    let next = (passed + 1).checked_mul(plan.every_ns)?.checked_add(at)?;
    (next < TIME_END).then_some(Timestamp::from_nanos(next))
}
