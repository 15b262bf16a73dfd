//! A seeded order flow, generated against a real exchange so that cancels and amends carry the handles that the same
//! commands will get again when they are replayed.
//!
//! The seed decides everything. Logarithms and exponentials come from the platform's mathematics library, so two machines may
//! differ in the last bit and then in an order; a recorded flow replays the same everywhere.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use cx_engine::command::{AmendOrder, CancelOrder, CommandRecord, NewOrder, Side, TimeInForce};
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId, OrderId};
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Command, Event, Exchange};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp, Geometric, Normal, Zeta};

use crate::path::Path;
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

struct Generator<'a> {
    profile: &'a Profile,
    rng: ChaCha8Rng,
    exchange: Exchange,
    events: Vec<Event>,
    commands: Vec<CommandRecord>,
    path: Path,
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
            for number in 0..profile.resting * profile.instruments as usize {
                let order = generator.passive(side, number % profile.instruments as usize);
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
        Self {
            profile,
            rng: ChaCha8Rng::seed_from_u64(seed),
            exchange: Exchange::new(),
            events: Vec::new(),
            commands: Vec::new(),
            path: Path::new(profile, seed),
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
        let instrument = self.path.step();
        while let Some(&Reverse((due, plan))) = self.due.peek()
            && nanos(self.path.now) >= due
        {
            self.due.pop();
            self.carry_out(plan);
        }
        self.now = self.path.now;
        if self.rng.random_bool(self.profile.stale) {
            self.send_stale();
        }
        self.send_new(instrument);
    }

    fn send_new(&mut self, instrument: usize) {
        self.shares.new_orders += 1;
        let side = if self.rng.random_bool(0.5) { Side::Buy } else { Side::Sell };
        if self.rng.random_bool(self.profile.immediate) {
            self.shares.immediate += 1;
            let order = self.immediate(side, instrument);
            self.send(Command::Place(order));
            return;
        }
        let placed = self.passive(side, instrument);
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
        let mid = self.path.mid(resting.placed.instrument.get() as usize);
        #[allow(clippy::cast_precision_loss)] // prices are far below 2^53
        let away = (mid - resting.placed.price.ticks() as f64).abs();
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
        self.send(Command::Amend(AmendOrder {
            account,
            order: resting.order,
            price,
            quantity,
            stop_price: Price::NONE,
        }));
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
        let quantity = Quantity::from_lots(1);
        self.send(Command::Amend(AmendOrder { account, order, price, quantity, stop_price: Price::NONE }));
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
    fn passive(&mut self, side: Side, instrument: usize) -> NewOrder {
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
        let mut order = self.order(side, instrument, 1 + away, TimeInForce::GoodTillCancelled);
        // Where the book lags behind the mid, an order that means to rest stays behind the opposite touch.
        if let Some(touch) = self.exchange.depth(order.instrument, side.opposite(), 1).first() {
            let (price, touch) = (order.price.ticks(), touch.price.ticks());
            order.price =
                Price::from_ticks(if side == Side::Buy { price.min(touch - 1) } else { price.max(touch + 1) });
        }
        order
    }

    /// An order that means to take what is there, up to three ticks beyond the mid.
    fn immediate(&mut self, side: Side, instrument: usize) -> NewOrder {
        let beyond = self.rng.random_range(0..4);
        self.order(side, instrument, -beyond, TimeInForce::ImmediateOrCancel)
    }

    fn order(&mut self, side: Side, instrument: usize, away: i64, time_in_force: TimeInForce) -> NewOrder {
        let mid = ticks(self.path.mid(instrument));
        let price = if side == Side::Buy { mid - away } else { mid + 1 + away };
        let mean = match time_in_force {
            TimeInForce::ImmediateOrCancel => self.profile.immediate_lots_mean,
            _ => self.profile.lots_mean,
        };
        self.names += 1;
        let name = self.profile.named.then(|| format!("mm-{:032x}", self.names));
        let instrument = InstrumentId::new(u32::try_from(instrument).expect("it was a 32-bit number"));
        let price = Price::from_ticks(price.max(1));
        let (account, quantity) = (self.account(side), Quantity::from_lots(self.lots(mean)));
        NewOrder {
            time_in_force,
            client_order_id: name.map(|name| ClientOrderId::new(&name).expect("it is 35 plain characters")),
            ..NewOrder::limit(account, instrument, side, price, quantity)
        }
    }

    /// Whose order: anybody's, or the buyers have the odd numbers and the sellers the even ones.
    fn account(&mut self, side: Side) -> AccountId {
        let number = self.rng.random_range(1..=self.profile.accounts);
        AccountId::new(match (self.profile.one_sided, side) {
            (false, _) => number,
            (true, Side::Buy) => (number - 1) / 2 * 2 + 1,
            (true, Side::Sell) => (number.div_ceil(2) * 2).min(self.profile.accounts / 2 * 2),
        })
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
