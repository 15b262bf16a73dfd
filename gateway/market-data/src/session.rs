//! What instruments are open for: phases, bands, fees, plans and auctions, and whether the market is halted.

use crate::listings::index;
use cx_engine::control::{Phase, SchedulePhase, SetBands};
use cx_engine::event::{AuctionState, PhaseChanged};
use cx_engine::ids::{InstrumentId, Seq};
use cx_engine::units::{FeeRate, Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};

/// Tiers of fees.
pub const TIERS: usize = 8;

/// What one instrument is open for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    sessions: Vec<Session>,
    plans: Vec<Vec<SchedulePhase>>,
    tier_volumes: [Quantity; TIERS],
    halted: bool,
    halted_seq: Seq,
}

impl Sessions {
    /// Takes the next event.
    pub fn apply(&mut self, record: &EventRecord) {
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
                self.pass(change.instrument, record.time, change.phase);
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
                let plans = &mut self.plans[index(plan.instrument.get())];
                plans.retain(|old| (old.at, old.phase) != (plan.at, plan.phase));
                plans.push(*plan);
                plans.sort_unstable_by_key(|plan| (plan.at, plan.phase.number()));
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

    /// What is planned for an instrument, earliest first. Plans that had no effect, because the instrument was suspended or
    /// in that phase already, stay until a later change of phase.
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

    /// Moves plans on whose time has come: once-only plans are gone, repeating ones stand at their next time. The core does
    /// this when a plan takes effect, which its change of phase tells.
    fn pass(&mut self, instrument: InstrumentId, now: Timestamp, phase: Phase) {
        let plans = &mut self.plans[index(instrument.get())];
        if phase == Phase::Delisted {
            plans.clear();
        }
        plans.retain_mut(|plan| {
            if plan.at > now {
                return true;
            }
            let (at, now) = (plan.at.nanos(), now.nanos());
            match (now - at).checked_div(plan.every_ns) {
                None => false,
                Some(passed) => {
                    let next = (passed + 1).checked_mul(plan.every_ns).and_then(|later| at.checked_add(later));
                    plan.at = Timestamp::from_nanos(next.unwrap_or(u64::MAX));
                    next.is_some_and(|next| next < 1 << 63)
                }
            }
        });
        plans.sort_unstable_by_key(|plan| (plan.at, plan.phase.number()));
    }
}
