//! The flow: which message is due when. A pure function of its settings: the same seed gives the same schedule, whatever the
//! server does. `docs/load.md` states the model and where its figures come from.
//!
//! New orders arrive as a self-exciting point process ([`arrivals`]). Each picks an instrument, a side, and either crosses
//! the spread as immediate-or-cancel or rests some ticks away from a wandering mid ([`depth`], [`mid`]). A resting order is
//! amended and cancelled after an exponential lifetime that grows with its distance; some cancels come much later, when the
//! order has gone cold, some come twice, and some never.

mod arrivals;
mod depth;
mod mid;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha12Rng;
use rand_distr::{Distribution as _, Exp1, LogNormal};

use arrivals::Arrivals;
use depth::Depth;
use mid::Mid;

/// Buy or sell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Buys credits.
    Buy,
    /// Sells credits.
    Sell,
}

/// An instrument as the flow sees it.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Where its mid starts, in ticks.
    pub mid_ticks: u32,
    /// The highest price, in ticks.
    pub ticks_max: i64,
}

/// A connection that orders go through: what its account can afford.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Whether it has cash.
    pub buys: bool,
    /// For each contract, whether it has credits.
    pub sells: Vec<bool>,
}

/// The shape of the flow.
#[derive(Clone, Debug)]
pub struct FlowSettings {
    /// Everything random follows from it.
    pub seed: u64,
    /// Messages a second in the long run, reads included.
    pub rate: f64,
    /// How long it lasts.
    pub duration: Duration,
    /// Share of messages that are REST reads.
    pub read_share: f64,
    /// Share of new orders that cross the spread and do not rest.
    pub ioc_share: f64,
    /// Share of resting orders that are amended once.
    pub amend_share: f64,
    /// Share of resting orders that are cancelled.
    pub cancel_share: f64,
    /// Share of cancels and amends that are sent a second time after the order was cancelled.
    pub stale_share: f64,
    /// Median lifetime of an order at the touch.
    pub lifetime: Duration,
    /// Share of cancels that come [`COLD_FACTOR`] times later.
    pub cold_share: f64,
    /// Mean number of further arrivals that one arrival sets off, 0 (Poisson) to below 1.
    pub burst: f64,
    /// Standard deviation of the mid's logarithm over a million of its orders: 0.02 is the range of a quiet day.
    pub swing: f64,
    /// Median quantity of an order, in lots.
    pub lots: f64,
    /// Most orders that wait for a cancel; above it new orders do not rest.
    pub live_max: usize,
    /// What is traded.
    pub contracts: Vec<Contract>,
    /// Who trades.
    pub seats: Vec<Seat>,
}

/// How much later a cold cancel comes.
pub const COLD_FACTOR: f64 = 10.0;
/// Spread of quantities: standard deviation of their logarithm.
const LOTS_SIGMA: f64 = 1.0;
/// Quantities are cut off at so many medians.
const LOTS_MEDIANS_MAX: f64 = 40.0;
/// Share of amends that also move the price, by one tick.
const REPRICE_SHARE: f64 = 0.8;
/// An immediate-or-cancel order reaches up to so many ticks beyond the mid.
const REACH_TICKS_MAX: i64 = 4;

/// A new order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewOrder {
    /// Its number within the run, from 1.
    pub number: u64,
    /// Which contract.
    pub contract: usize,
    /// Buy or sell.
    pub side: Side,
    /// Its limit.
    pub ticks: i64,
    /// How much.
    pub lots: u64,
    /// Immediate-or-cancel; otherwise it rests.
    pub ioc: bool,
}

/// What is read over REST.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Read {
    /// The book's best levels.
    Depth(usize),
    /// The ticker.
    Ticker(usize),
    /// Recent trades of the venue.
    Trades,
    /// The account's balances.
    Balances,
    /// The account's open orders.
    OpenOrders,
}

/// One message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Places an order.
    Place(NewOrder),
    /// Amends the order with this number.
    Amend {
        /// Which order.
        number: u64,
        /// Its contract.
        contract: usize,
        /// The new limit.
        ticks: i64,
        /// The new total quantity.
        lots: u64,
    },
    /// Cancels the order with this number.
    Cancel {
        /// Which order.
        number: u64,
    },
    /// Reads over REST.
    Read(Read),
}

/// A message with the time it is due and the seat that sends it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Planned {
    /// Since the start of the run.
    pub due: Duration,
    /// Index of the seat.
    pub seat: usize,
    /// What to send.
    pub action: Action,
}

/// What follows a resting order, by due time, then in the order of planning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Due {
    nanos: u64,
    plan: u64,
    seat: usize,
    number: u64,
    contract: usize,
    /// `Some` for an amend: new limit and quantity.
    amend: Option<(i64, u64)>,
    last: bool,
}

/// The schedule, in order of time.
#[derive(Debug)]
pub struct Flow {
    settings: FlowSettings,
    rng: ChaCha12Rng,
    orders: Arrivals,
    reads: Arrivals,
    next_order: u64,
    next_read: u64,
    depth: Depth,
    mids: Vec<Mid>,
    lots: LogNormal<f64>,
    buyers: Vec<usize>,
    /// For each contract.
    sellers: Vec<Vec<usize>>,
    followups: BinaryHeap<Reverse<Due>>,
    plans: u64,
    number: u64,
    /// Orders whose cancel is still to come.
    live: usize,
}

/// Why there can be no flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// No contract or no seat.
    #[error("there is nothing to trade or nobody to trade it")]
    Empty,
    /// A share outside 0 to 1, a burst of 1 and more, a rate or quantity that is not above zero.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// No seat has cash and none has credits of a contract.
    #[error("no account has cash, and none has credits of instrument {0}")]
    NobodyCanTrade(usize),
}

impl FlowSettings {
    /// Checks ranges and that every contract has somebody to trade it.
    fn check(&self) -> Result<(), FlowError> {
        let shares = [
            ("the share of reads", self.read_share),
            ("the share of immediate orders", self.ioc_share),
            ("the share of amends", self.amend_share),
            ("the share of cancels", self.cancel_share),
            ("the share of stale messages", self.stale_share),
            ("the share of cold cancels", self.cold_share),
        ];
        if let Some((name, _)) = shares.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            return Err(FlowError::OutOfRange(name));
        }
        let positive = |value: f64, max: f64| value.is_finite() && value > 0.0 && value <= max;
        let ranges = [
            ("the rate", positive(self.rate, 1e7)),
            ("the share of reads", self.read_share < 1.0),
            ("the burst", (0.0..0.99).contains(&self.burst)),
            ("the swing", (0.0..=10.0).contains(&self.swing)),
            ("the median quantity", positive(self.lots, 1e9)),
        ];
        if let Some((name, _)) = ranges.iter().find(|(_, fine)| !fine) {
            return Err(FlowError::OutOfRange(name));
        }
        if self.contracts.is_empty() || self.seats.is_empty() {
            return Err(FlowError::Empty);
        }
        let buyer = self.seats.iter().any(|seat| seat.buys);
        let orphan = (0..self.contracts.len()).find(|&c| !buyer && !self.seats.iter().any(|seat| seat.sells[c]));
        orphan.map_or(Ok(()), |contract| Err(FlowError::NobodyCanTrade(contract)))
    }

    /// How many messages one new order comes to, itself included.
    fn messages_per_order(&self) -> f64 {
        1.0 + (1.0 - self.ioc_share) * (self.amend_share + self.cancel_share) * (1.0 + self.stale_share)
    }

    /// New orders a second.
    pub fn order_rate(&self) -> f64 {
        self.rate * (1.0 - self.read_share) / self.messages_per_order()
    }
}

impl Flow {
    /// A schedule from the beginning.
    pub fn new(settings: FlowSettings) -> Result<Self, FlowError> {
        settings.check()?;
        let mut rng = ChaCha12Rng::seed_from_u64(settings.seed);
        let mut orders = Arrivals::new(settings.order_rate(), settings.burst);
        let mut reads = Arrivals::new(settings.rate * settings.read_share, 0.0);
        let (next_order, next_read) = (orders.next(&mut rng), reads.next(&mut rng));
        let seats = || settings.seats.iter().enumerate();
        let sellers_of = |contract: usize| seats().filter(|(_, seat)| seat.sells[contract]).map(|(i, _)| i).collect();
        Ok(Self {
            buyers: seats().filter(|(_, seat)| seat.buys).map(|(i, _)| i).collect(),
            sellers: (0..settings.contracts.len()).map(sellers_of).collect(),
            mids: settings.contracts.iter().map(|c| Mid::new(c.mid_ticks, settings.swing)).collect(),
            lots: LogNormal::new(settings.lots.ln(), LOTS_SIGMA)
                .map_err(|_| FlowError::OutOfRange("the median quantity"))?,
            depth: Depth::new(),
            followups: BinaryHeap::new(),
            plans: 0,
            number: 0,
            live: 0,
            orders,
            reads,
            next_order,
            next_read,
            rng,
            settings,
        })
    }

    fn place(&mut self) -> Planned {
        let nanos = self.next_order;
        self.next_order = self.orders.next(&mut self.rng);
        let contract = self.rng.random_range(0..self.settings.contracts.len());
        let mid = self.mids[contract].step(&mut self.rng);
        let (side, seat) = self.side_and_seat(contract);
        let ioc = self.rng.random_bool(self.settings.ioc_share) || self.live >= self.settings.live_max;
        let away = if ioc { -self.rng.random_range(0..=REACH_TICKS_MAX) - 1 } else { self.depth.sample(&mut self.rng) };
        let ticks = self.limit(contract, side, mid, away);
        let lots = self.quantity();
        self.number += 1;
        let order = NewOrder { number: self.number, contract, side, ticks, lots, ioc };
        if !ioc {
            self.plan_followups(nanos, seat, &order, away);
        }
        Planned { due: Duration::from_nanos(nanos), seat, action: Action::Place(order) }
    }

    /// A side at random, or the other one where nobody can take it, and one of those who can.
    fn side_and_seat(&mut self, contract: usize) -> (Side, usize) {
        let wanted = if self.rng.random_bool(0.5) { Side::Buy } else { Side::Sell };
        let able = |side| if side == Side::Buy { &self.buyers } else { &self.sellers[contract] };
        let side = match wanted {
            Side::Buy if able(Side::Buy).is_empty() => Side::Sell,
            Side::Sell if able(Side::Sell).is_empty() => Side::Buy,
            side => side,
        };
        let able = if side == Side::Buy { &self.buyers } else { &self.sellers[contract] };
        (side, able[self.rng.random_range(0..able.len())])
    }

    /// `away` ticks outside the best price around the mid; negative reaches across.
    fn limit(&self, contract: usize, side: Side, mid: f64, away: i64) -> i64 {
        let ticks_max = self.settings.contracts[contract].ticks_max.max(1);
        let ticks = match side {
            Side::Buy => whole((mid - 0.5).floor()) - away,
            Side::Sell => whole((mid + 0.5).ceil()) + away,
        };
        ticks.clamp(1, ticks_max)
    }

    fn quantity(&mut self) -> u64 {
        let lots = self.lots.sample(&mut self.rng).min(self.settings.lots * LOTS_MEDIANS_MAX);
        whole(lots.ceil().max(1.0)).unsigned_abs()
    }

    fn plan_followups(&mut self, nanos: u64, seat: usize, order: &NewOrder, away: i64) {
        // Deeper orders live longer: the median doubles at the hump.
        #[expect(clippy::cast_precision_loss, reason = "a distance in ticks is small")]
        let stretch = 1.0 + away as f64 / depth::HUMP_TICKS as f64;
        let exponential: f64 = Exp1.sample(&mut self.rng);
        let hot = self.settings.lifetime.as_secs_f64() * stretch * exponential / std::f64::consts::LN_2;
        let cold = self.rng.random_bool(self.settings.cold_share);
        let lifetime = if cold { hot * COLD_FACTOR } else { hot };
        let amend = self.rng.random_bool(self.settings.amend_share).then(|| {
            let step = if self.rng.random_bool(REPRICE_SHARE) { self.rng.random_range(0..=1) * 2 - 1 } else { 0 };
            let more = self.rng.random_range(1..=order.lots.div_ceil(2));
            let ticks_max = self.settings.contracts[order.contract].ticks_max.max(1);
            ((order.ticks + step).clamp(1, ticks_max), order.lots + more)
        });
        let due = Due { nanos, plan: 0, seat, number: order.number, contract: order.contract, amend, last: false };
        if amend.is_some() {
            let share: f64 = self.rng.random();
            self.plan(due, hot * share);
        }
        if self.rng.random_bool(self.settings.cancel_share) {
            self.live += 1;
            self.plan(Due { amend: None, last: true, ..due }, lifetime);
            if self.rng.random_bool(self.settings.stale_share) {
                self.plan(Due { amend: None, ..due }, lifetime * 1.5);
            }
        }
        if amend.is_some() && self.rng.random_bool(self.settings.stale_share) {
            self.plan(due, lifetime * 1.5);
        }
    }

    fn plan(&mut self, due: Due, seconds: f64) {
        let delay = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let nanos = due.nanos.saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX));
        self.plans += 1;
        if nanos < self.end() || due.last {
            self.followups.push(Reverse(Due { nanos, plan: self.plans, ..due }));
        }
    }

    fn read(&mut self) -> Planned {
        let due = Duration::from_nanos(self.next_read);
        self.next_read = self.reads.next(&mut self.rng);
        let seat = self.rng.random_range(0..self.settings.seats.len());
        let contract = self.rng.random_range(0..self.settings.contracts.len());
        let read = match self.rng.random_range(0..10) {
            0..=3 => Read::Depth(contract),
            4..=5 => Read::Ticker(contract),
            6..=7 => Read::Trades,
            8 => Read::Balances,
            _ => Read::OpenOrders,
        };
        Planned { due, seat, action: Action::Read(read) }
    }

    fn follow_up(&mut self) -> Option<Planned> {
        let Reverse(due) = self.followups.pop()?;
        self.live -= usize::from(due.last);
        let action = match due.amend {
            Some((ticks, lots)) => Action::Amend { number: due.number, contract: due.contract, ticks, lots },
            None => Action::Cancel { number: due.number },
        };
        Some(Planned { due: Duration::from_nanos(due.nanos), seat: due.seat, action })
    }

    fn end(&self) -> u64 {
        u64::try_from(self.settings.duration.as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Iterator for Flow {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let follow_up = self.followups.peek().map_or(u64::MAX, |Reverse(due)| due.nanos);
        let first = follow_up.min(self.next_order).min(self.next_read);
        if first >= self.end() {
            return None;
        }
        if first == follow_up {
            self.follow_up()
        } else if first == self.next_order {
            Some(self.place())
        } else {
            Some(self.read())
        }
    }
}

/// Prices and quantities of the flow are far inside what both types hold exactly.
#[expect(clippy::cast_possible_truncation, reason = "bounded by the mid's and the quantity's own bounds, below 2^53")]
fn whole(value: f64) -> i64 {
    value as i64
}
