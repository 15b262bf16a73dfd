//! A seeded order flow, generated against a real exchange so that cancels and amends carry the handles that the same
//! commands will get again when they are replayed.
//!
//! The seed decides everything. Logarithms and exponentials come from the platform's mathematics library, so two machines may
//! differ in the last bit and then in an order; a recorded flow replays the same everywhere.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use cx_engine::command::{AmendOrder, CancelOrder, CommandRecord, NewOrder, OrderKind, Side, TimeInForce};
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId, OrderId};
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Command, Event, Exchange};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp, Geometric, Normal, Zeta};

use crate::profile::{Profile, ticks};
use crate::warmup;

/// How many gone orders stale commands choose from.
const GONE: usize = 256;

/// A recorded flow.
pub struct Flow {
    /// Lists, permits, funds, warms up and fills the book.
    pub opening: Vec<CommandRecord>,
    /// What is measured.
    pub body: Vec<CommandRecord>,
    /// What the body consists of.
    pub shares: Shares,
}

/// What a body consists of and brings about.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Shares {
    /// New orders, immediate ones included.
    pub new_orders: usize,
    /// Immediate-or-cancel orders.
    pub immediate: usize,
    /// Amends of open orders.
    pub amends: usize,
    /// Cancels of open orders.
    pub cancels: usize,
    /// Cancels of orders that more than 1,000 commands came after.
    pub cold_cancels: usize,
    /// Commands for orders that are gone.
    pub stale: usize,
    /// Trades.
    pub trades: usize,
    /// Refusals other than of stale commands.
    pub refusals: usize,
}

/// An order that the flow means to change later.
#[derive(Clone, Copy)]
struct Resting {
    order: OrderId,
    placed: NewOrder,
    /// Its place among the commands.
    at: usize,
}

enum Intent {
    Amend,
    Cancel,
}

/// One market: where its mid is.
struct Market {
    log_mid: f64,
}

struct Generator<'a> {
    profile: &'a Profile,
    rng: ChaCha8Rng,
    exchange: Exchange,
    events: Vec<Event>,
    commands: Vec<CommandRecord>,
    markets: Vec<Market>,
    /// Nanoseconds since the start.
    now: f64,
    /// `(due, entry in resting)`, earliest first.
    due: BinaryHeap<Reverse<(u64, usize)>>,
    plans: Vec<(Resting, Intent)>,
    gone: VecDeque<CancelOrder>,
    shares: Shares,
    names: u64,
}

impl Flow {
    /// Generates a flow.
    pub fn generate(profile: &Profile, seed: u64) -> Self {
        let mut generator = Generator::new(profile, seed);
        for record in warmup::opening(profile) {
            generator.send(record.command);
        }
        for side in [Side::Buy, Side::Sell] {
            for _ in 0..profile.resting * profile.instruments as usize {
                let order = generator.passive(side);
                generator.send(Command::Place(order));
            }
        }
        let opening = std::mem::take(&mut generator.commands);
        generator.shares = Shares::default();
        generator.gone.clear();
        while generator.shares.new_orders < profile.new_orders {
            generator.step();
        }
        Self { opening, body: generator.commands, shares: generator.shares }
    }

    /// An exchange that has seen the opening.
    pub fn opened(&self) -> Exchange {
        let mut exchange = Exchange::new();
        crate::drive(&mut exchange, &self.opening, &mut Vec::new());
        exchange
    }
}

impl<'a> Generator<'a> {
    fn new(profile: &'a Profile, seed: u64) -> Self {
        let market = |_| Market { log_mid: profile.mid_ticks.ln() };
        Self {
            profile,
            rng: ChaCha8Rng::seed_from_u64(seed),
            exchange: Exchange::new(),
            events: Vec::new(),
            commands: Vec::new(),
            markets: (0..profile.instruments).map(market).collect(),
            now: 0.0,
            due: BinaryHeap::new(),
            plans: Vec::new(),
            gone: VecDeque::new(),
            shares: Shares::default(),
            names: 0,
        }
    }

    /// The next new order, and before it everything that falls due.
    fn step(&mut self) {
        let gap = self.draw(Exp::new(self.profile.arrivals_per_second / 1e9).expect("the rate is above zero"));
        let next = self.now + gap;
        while let Some(&Reverse((due, plan))) = self.due.peek()
            && nanos(next) >= due
        {
            self.due.pop();
            self.carry_out(plan);
        }
        self.now = next;
        self.drift(gap);
        if self.rng.random_bool(self.profile.stale) {
            self.send_stale();
        }
        self.send_new();
    }

    /// Lets the mids move on: independent geometric Brownian motions, reflected where the profile says.
    fn drift(&mut self, gap: f64) {
        let Profile { arrivals_per_second, range, mid_ticks, .. } = *self.profile;
        let whole = 1e6 / arrivals_per_second * 1e9;
        // A Brownian motion's expected range over the time T is sigma * sqrt(8 T / pi).
        let sigma = range / (8.0 * whole / std::f64::consts::PI).sqrt();
        let step = Normal::new(-sigma * sigma * gap / 2.0, sigma * gap.sqrt()).expect("the deviation is finite");
        let (start, stray) = (mid_ticks.ln(), range * 3.0);
        for market in &mut self.markets {
            let moved = market.log_mid + step.sample(&mut self.rng) - start;
            let reflected = if moved.abs() > stray { moved.signum() * (2.0 * stray - moved.abs()) } else { moved };
            market.log_mid = start + reflected;
        }
    }

    fn send_new(&mut self) {
        self.shares.new_orders += 1;
        let side = if self.rng.random_bool(0.5) { Side::Buy } else { Side::Sell };
        if self.rng.random_bool(self.profile.immediate) {
            self.shares.immediate += 1;
            let order = self.immediate(side);
            self.send(Command::Place(order));
            return;
        }
        let placed = self.passive(side);
        let at = self.commands.len();
        self.send(Command::Place(placed));
        let rested = self.events.iter().find_map(|event| match event {
            Event::OrderRested(rested) => Some(rested.order),
            _ => None,
        });
        if let Some(order) = rested {
            self.plan(Resting { order, placed, at });
        }
    }

    /// Decides when an order that rests will be amended and cancelled.
    fn plan(&mut self, resting: Resting) {
        let market = &self.markets[resting.placed.instrument.get() as usize];
        #[allow(clippy::cast_precision_loss)] // prices are far below 2^53
        let away = (market.log_mid.exp() - resting.placed.price.ticks() as f64).abs();
        let median = self.profile.lifetime_median_ns * (1.0 + away / self.profile.lifetime_depth_ticks);
        let lifetime = self.draw(Exp::new(std::f64::consts::LN_2 / median).expect("the rate is above zero"));
        if self.rng.random_bool(self.profile.amended) {
            let share = self.rng.random::<f64>();
            self.schedule(lifetime * share, resting, Intent::Amend);
        }
        if self.rng.random_bool(self.profile.cancelled) {
            self.schedule(lifetime, resting, Intent::Cancel);
        }
    }

    fn schedule(&mut self, after: f64, resting: Resting, intent: Intent) {
        self.due.push(Reverse((nanos(self.now + after), self.plans.len())));
        self.plans.push((resting, intent));
    }

    /// Amends or cancels an order if it is still open; its owner knows when it is not.
    fn carry_out(&mut self, plan: usize) {
        let (resting, ref intent) = self.plans[plan];
        let Some(open) = self.exchange.open_order(resting.order) else { return };
        let NewOrder { account, side, .. } = resting.placed;
        if let Intent::Cancel = intent {
            self.shares.cancels += 1;
            self.shares.cold_cancels += usize::from(self.commands.len() - resting.at > 1_000);
            return self.send(Command::Cancel(CancelOrder { account, order: resting.order }));
        }
        self.shares.amends += 1;
        let towards = if side == Side::Buy { 1 } else { -1 };
        let by = if self.rng.random_bool(self.profile.repriced) { towards } else { 0 };
        let price = Price::from_ticks((open.price.ticks() + by).max(1));
        let quantity = Quantity::from_lots(open.quantity.lots() + self.lots(self.profile.lots_mean));
        self.send(Command::Amend(AmendOrder { account, order: resting.order, price, quantity }));
    }

    fn send_stale(&mut self) {
        if self.gone.is_empty() {
            return;
        }
        let CancelOrder { account, order } = self.gone[self.rng.random_range(0..self.gone.len())];
        self.shares.stale += 1;
        if self.rng.random_bool(0.5) {
            return self.send(Command::Cancel(CancelOrder { account, order }));
        }
        let price = Price::from_ticks(ticks(self.profile.mid_ticks));
        self.send(Command::Amend(AmendOrder { account, order, price, quantity: Quantity::from_lots(1) }));
    }

    /// Applies and records a command, and learns which orders are gone.
    fn send(&mut self, command: Command) {
        let stamp = Timestamp::from_nanos(nanos(self.now));
        self.events.clear();
        self.exchange.apply(self.exchange.seq().next(), stamp, &command, &mut self.events);
        self.commands.push(CommandRecord { stamp, command });
        for event in &self.events {
            let gone = match event {
                Event::Trade(it) => {
                    self.shares.trades += 1;
                    let maker = CancelOrder { account: it.maker_account, order: it.maker_order };
                    it.maker_leaves.is_zero().then_some(maker)
                }
                Event::OrderCancelled(it) => Some(CancelOrder { account: it.account, order: it.order }),
                Event::OrderRejected(_) => {
                    self.shares.refusals += 1;
                    None
                }
                _ => None,
            };
            self.gone.extend(gone);
        }
        while self.gone.len() > GONE {
            self.gone.pop_front();
        }
    }

    /// An order that means to rest, at a depth of the power law or in the hump.
    fn passive(&mut self, side: Side) -> NewOrder {
        let (share, width) = self.profile.hump;
        let away = loop {
            let away = if self.rng.random_bool(share) {
                self.draw(Normal::new(self.profile.hump_ticks, width).expect("the width is finite"))
            } else {
                self.draw(Zeta::new(self.profile.depth_exponent).expect("the exponent is above one")) - 1.0
            };
            if (0.0..=f64::from(self.profile.depth_max)).contains(&away) {
                break ticks(away + 0.5);
            }
        };
        let mut order = self.order(side, 1 + away, TimeInForce::GoodTillCancelled, self.profile.lots_mean);
        // Where the book lags behind the mid, an order that means to rest stays behind the opposite touch.
        if let Some(touch) = self.exchange.depth(order.instrument, side.opposite(), 1).first() {
            let (price, touch) = (order.price.ticks(), touch.price.ticks());
            order.price =
                Price::from_ticks(if side == Side::Buy { price.min(touch - 1) } else { price.max(touch + 1) });
        }
        order
    }

    /// An order that means to take what is there, up to three ticks beyond the mid.
    fn immediate(&mut self, side: Side) -> NewOrder {
        let beyond = self.rng.random_range(0..4);
        self.order(side, -beyond, TimeInForce::ImmediateOrCancel, self.profile.immediate_lots_mean)
    }

    fn order(&mut self, side: Side, away: i64, time_in_force: TimeInForce, lots_mean: f64) -> NewOrder {
        let instrument = self.rng.random_range(0..self.profile.instruments);
        let mid = ticks(self.markets[instrument as usize].log_mid.exp());
        let price = if side == Side::Buy { mid - away } else { mid + 1 + away };
        self.names += 1;
        let name = self.profile.named.then(|| format!("mm-{:032x}", self.names));
        NewOrder {
            account: AccountId::new(self.rng.random_range(1..=self.profile.accounts)),
            instrument: InstrumentId::new(instrument),
            side,
            kind: OrderKind::Limit,
            time_in_force,
            post_only: false,
            price: Price::from_ticks(price.max(1)),
            quantity: Quantity::from_lots(self.lots(lots_mean)),
            client_order_id: name.map(|name| ClientOrderId::new(&name).expect("it is 35 plain characters")),
        }
    }

    fn lots(&mut self, mean: f64) -> u64 {
        1 + self.draw(Geometric::new(1.0 / mean).expect("the mean is at least one"))
    }

    fn draw<T>(&mut self, from: impl Distribution<T>) -> T {
        from.sample(&mut self.rng)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // times of a flow are far below 2^53
fn nanos(time: f64) -> u64 {
    time.max(0.0) as u64
}
