//! One kind of command at a time on a whole exchange: what instruction counts and the test for allocations share.
//!
//! Each operation puts the exchange into the state that it needs and gives the commands that are measured. It can be prepared
//! again on the same exchange, so the first time warms it up.

use cx_engine::command::{
    AmendOrder, CancelAfter, CancelAll, CancelOrder, CommandRecord, NewOrder, OrderKind, SelfTrade, Side, TimeInForce,
};
use cx_engine::control::{Phase, SetLimits, SetPhase, SetPositionLimit};
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId, OrderId};
use cx_engine::units::{Amount, DisplayQuantity, Price, Quantity, Timestamp, Trigger};
use cx_engine::{Command, Event, Exchange};

use crate::profile::Profile;
use crate::warmup;

/// Operations that are measured together.
pub const COUNT: usize = 1_000;
/// Where the market is; nothing rests within a hundred ticks of it at first.
const MID: i64 = 33_504;
/// Lots of each order.
const LOTS: u64 = 10;
const BOOK: InstrumentId = InstrumentId::new(0);
const TAKER: AccountId = AccountId::new(1);
const MAKER: AccountId = AccountId::new(2);
/// Its orders make the book deep, away from where anything happens.
const CROWD: AccountId = AccountId::new(3);
/// Has limits of every kind, too high to refuse anything.
const LIMITED: AccountId = AccountId::new(4);
const SECOND: u64 = 1_000_000_000;

/// An exchange with funded accounts and one instrument.
pub struct Floor {
    exchange: Exchange,
    events: Vec<Event>,
    now: u64,
    names: u64,
}

/// Prepares an operation and gives the commands that do it.
type Prepare = fn(&mut Floor) -> Vec<Command>;

/// An operation on the exchange.
#[derive(Clone, Copy)]
pub struct Operation {
    /// What it is called in the table of instruction counts.
    pub name: &'static str,
    prepare: Prepare,
}

/// Every operation; each is done [`COUNT`] times, by as many commands or by fewer.
pub const OPERATIONS: [Operation; 30] = [
    operation("place-resting", |floor| floor.places(|_| order(TAKER, Side::Buy, MID - 10))),
    operation("place-named", |floor| {
        floor.names += COUNT as u64;
        let first = floor.names;
        floor.places(|n| NewOrder { client_order_id: name(first + n as u64), ..order(TAKER, Side::Buy, MID - 10) })
    }),
    operation("place-limited", |floor| {
        floor.limit();
        floor.places(|_| order(LIMITED, Side::Buy, MID - 10))
    }),
    operation("place-refused", |floor| floor.places(|_| order(TAKER, Side::Buy, 0))),
    operation("place-ioc-unmatched", |floor| floor.places(|_| ioc(order(TAKER, Side::Buy, MID)))),
    operation("match-one", |floor| {
        floor.rest_all(|_| order(MAKER, Side::Sell, MID));
        floor.places(|_| ioc(order(TAKER, Side::Buy, MID)))
    }),
    operation("match-sweep", |floor| {
        floor.rest_all(|n| order(MAKER, Side::Sell, MID + n as i64 % 10));
        let all = Quantity::from_lots(LOTS * COUNT as u64);
        vec![Command::Place(NewOrder { quantity: all, ..order(TAKER, Side::Buy, MID + 10) })]
    }),
    operation("match-market", |floor| {
        floor.rest_all(|_| order(MAKER, Side::Sell, MID));
        floor.places(|_| NewOrder::market(TAKER, BOOK, Side::Buy, Quantity::from_lots(LOTS)))
    }),
    operation("match-fok", |floor| {
        floor.rest_all(|_| order(MAKER, Side::Sell, MID));
        floor.places(|_| NewOrder { time_in_force: TimeInForce::FillOrKill, ..order(TAKER, Side::Buy, MID) })
    }),
    operation("self-trade-decrement", |floor| {
        floor.rest_all(|_| order(TAKER, Side::Sell, MID));
        floor.places(|_| NewOrder { self_trade: SelfTrade::Decrement, ..ioc(order(TAKER, Side::Buy, MID)) })
    }),
    operation("cancel", |floor| {
        let orders = floor.rest_all(|n| order(MAKER, Side::Sell, MID + n as i64 % 40));
        orders.into_iter().map(|order| Command::Cancel(CancelOrder { account: MAKER, order })).collect()
    }),
    operation("cancel-stale", |floor| {
        let orders = floor.rest_all(|_| order(MAKER, Side::Sell, MID));
        floor.clear();
        orders.into_iter().map(|order| Command::Cancel(CancelOrder { account: MAKER, order })).collect()
    }),
    operation("amend-reprice", |floor| {
        let orders = floor.rest_all(|n| order(MAKER, Side::Sell, MID + n as i64 % 40));
        let amend = |(n, order)| amended(order, MID + 1 + n as i64 % 40, LOTS + 1, 0);
        orders.into_iter().enumerate().map(amend).collect()
    }),
    operation("amend-less", |floor| {
        let orders = floor.rest_all(|_| order(MAKER, Side::Sell, MID));
        orders.into_iter().map(|order| amended(order, MID, LOTS - 1, 0)).collect()
    }),
    operation("cancel-all", |floor| {
        floor.rest_all(|n| order(MAKER, Side::Sell, MID + n as i64 % 40));
        vec![cancel_all(MAKER)]
    }),
    operation("cancel-after", |floor| {
        let at = |n| Timestamp::from_nanos(floor.now + SECOND + n as u64);
        (0..COUNT).map(|n| Command::CancelAfter(CancelAfter { account: TAKER, at: at(n) })).collect()
    }),
    operation("cancel-after-due", |floor| {
        floor.rest_all(|_| order(MAKER, Side::Sell, MID));
        floor.apply(&Command::CancelAfter(CancelAfter { account: MAKER, at: floor.later(1) }));
        floor.now += 1;
        vec![Command::Tick]
    }),
    operation("stop-arm", |floor| floor.places(|n| stop(order(TAKER, Side::Buy, MID + 1 + n as i64 % 40)))),
    operation("stop-amend", |floor| {
        let stops = floor.rest_all(|n| stop(order(MAKER, Side::Buy, MID + 1 + n as i64 % 40)));
        let amend = |(n, order)| amended(order, 0, LOTS, MID + 2 + n as i64 % 40);
        stops.into_iter().enumerate().map(amend).collect()
    }),
    operation("stop-trigger", |floor| {
        floor.rest_all(|_| stop(order(TAKER, Side::Buy, MID + 10)));
        floor.rest_all(|_| order(MAKER, Side::Sell, MID + 10));
        floor.rest_all_but(COUNT - 1, |_| order(MAKER, Side::Sell, MID + 10));
        floor.places_but(COUNT - 1, |_| ioc(order(CROWD, Side::Buy, MID + 10)))
    }),
    operation("trailing-arm", |floor| floor.places(|_| trailing(order(TAKER, Side::Sell, MID)))),
    operation("trailing-at-rest", |floor| {
        floor.rest_all(|_| trailing(order(TAKER, Side::Sell, MID)));
        floor.rest_all(|_| order(MAKER, Side::Sell, MID));
        floor.places(|_| ioc(order(CROWD, Side::Buy, MID)))
    }),
    operation("trailing-follow", |floor| {
        floor.rest_all(|_| trailing(order(TAKER, Side::Sell, MID)));
        floor.rest_all_but(COUNT - 1, |_| order(MAKER, Side::Sell, MID + 1));
        floor.places_but(COUNT - 1, |_| ioc(order(CROWD, Side::Buy, MID + 1)))
    }),
    operation("iceberg-refill", |floor| {
        let quantity = Quantity::from_lots(LOTS * COUNT as u64);
        let display = DisplayQuantity::from_lots(10);
        floor.rest_all_but(COUNT - 1, |_| NewOrder { quantity, display, ..order(MAKER, Side::Sell, MID) });
        floor.places(|_| ioc(order(TAKER, Side::Buy, MID)))
    }),
    operation("gtd-place", |floor| {
        let first = floor.now + SECOND;
        floor.places(|n| until(order(TAKER, Side::Buy, MID - 10), first + n as u64 * 7 % 1_000))
    }),
    operation("gtd-expire", |floor| {
        let first = floor.now + SECOND;
        floor.rest_all(|n| until(order(TAKER, Side::Buy, MID - 10), first + n as u64 * 7 % 1_000));
        floor.now += 2 * SECOND;
        vec![Command::Tick]
    }),
    operation("pair-place", |floor| {
        let firsts = floor.rest_all(|_| order(TAKER, Side::Sell, MID));
        floor.places(|n| NewOrder { oco: firsts[n], ..order(TAKER, Side::Sell, MID + 5) })
    }),
    operation("pair-fill", |floor| {
        let firsts = floor.rest_all(|_| order(MAKER, Side::Sell, MID));
        floor.rest_all(|n| NewOrder { oco: firsts[n], ..order(MAKER, Side::Sell, MID + 5) });
        floor.places(|_| ioc(order(TAKER, Side::Buy, MID)))
    }),
    operation("auction-place", |floor| {
        floor.phase(Phase::OpeningAuction);
        floor.rest_all(|n| order(MAKER, Side::Sell, MID + n as i64 % 20));
        floor.places(|n| order(TAKER, Side::Buy, MID + n as i64 % 20))
    }),
    operation("uncross", |floor| {
        floor.phase(Phase::OpeningAuction);
        floor.rest_all(|n| order(MAKER, Side::Sell, MID - n as i64 % 20));
        floor.rest_all(|n| order(TAKER, Side::Buy, MID + n as i64 % 20));
        vec![Command::SetPhase(SetPhase { instrument: BOOK, phase: Phase::Continuous })]
    }),
];

const fn operation(name: &'static str, prepare: Prepare) -> Operation {
    Operation { name, prepare }
}

impl Operation {
    /// Brings the floor into the state that the operation needs, and gives the commands that do it.
    pub fn prepare(&self, floor: &mut Floor) -> Vec<CommandRecord> {
        floor.reset();
        let commands = (self.prepare)(floor);
        let stamp = Timestamp::from_nanos(floor.now);
        commands.into_iter().map(|command| CommandRecord { stamp, command }).collect()
    }
}

impl Default for Floor {
    fn default() -> Self {
        let profile = Profile { accounts: 4, range: 0.0, ..Profile::NORMAL_DAY };
        let mut exchange = Exchange::new();
        crate::drive(&mut exchange, &warmup::listing(&profile), &mut Vec::new());
        Self { exchange, events: Vec::with_capacity(8 * COUNT), now: 1, names: 0 }
    }
}

impl Floor {
    /// Applies the commands of an operation; gives how many events they had.
    pub fn drive(&mut self, commands: &[CommandRecord]) -> usize {
        crate::drive(&mut self.exchange, commands, &mut self.events)
    }

    /// The exchange itself, to apply the commands of an operation.
    pub const fn exchange_mut(&mut self) -> &mut Exchange {
        &mut self.exchange
    }

    /// Panics when an invariant is broken.
    pub fn audit(&self) {
        self.exchange.audit().expect("the exchange is sound");
    }

    /// The events of the last command.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    fn apply(&mut self, command: &Command) {
        self.events.clear();
        self.exchange.apply(self.exchange.seq().next(), Timestamp::from_nanos(self.now), command, &mut self.events);
    }

    const fn later(&self, nanos: u64) -> Timestamp {
        Timestamp::from_nanos(self.now + nanos)
    }

    /// No orders but those of the crowd, a hundred ticks and more from the market, whose last price is its middle.
    fn reset(&mut self) {
        self.now += 10 * SECOND;
        self.phase(Phase::Continuous);
        self.clear();
        self.apply(&cancel_all(CROWD));
        self.apply(&Command::Place(order(MAKER, Side::Sell, MID)));
        self.apply(&Command::Place(order(TAKER, Side::Buy, MID)));
        self.rest_all(|n| order(CROWD, Side::Sell, MID + 100 + n as i64 % 40));
        self.rest_all(|n| order(CROWD, Side::Buy, MID - 100 - n as i64 % 40));
    }

    fn clear(&mut self) {
        for account in [TAKER, MAKER, LIMITED] {
            self.apply(&cancel_all(account));
        }
    }

    fn phase(&mut self, phase: Phase) {
        self.apply(&Command::SetPhase(SetPhase { instrument: BOOK, phase }));
    }

    fn limit(&mut self) {
        let most = Amount::from_minor(1 << 60);
        self.apply(&Command::SetLimits(SetLimits {
            account: LIMITED,
            order_quantity_max: Quantity::ORDER_MAX,
            order_notional_max: most,
            exposure_max: most,
            open_orders_max: u32::MAX,
            rate_per_second: 1_000_000,
            burst: 1_000_000,
        }));
        let position_max = Quantity::from_lots(1 << 50);
        self.apply(&Command::SetPositionLimit(SetPositionLimit { account: LIMITED, instrument: BOOK, position_max }));
    }

    /// Places orders that stay; gives their handles.
    fn rest_all(&mut self, order: impl Fn(usize) -> NewOrder) -> Vec<OrderId> {
        self.rest_all_but(0, order)
    }

    fn rest_all_but(&mut self, fewer: usize, order: impl Fn(usize) -> NewOrder) -> Vec<OrderId> {
        let mut handles = Vec::new();
        for n in 0..COUNT - fewer {
            self.apply(&Command::Place(order(n)));
            match self.events.first() {
                Some(Event::OrderAccepted(accepted)) => handles.push(accepted.order),
                other => panic!("it was not accepted: {other:?}"),
            }
        }
        handles
    }

    fn places(&mut self, order: impl Fn(usize) -> NewOrder) -> Vec<Command> {
        self.places_but(0, order)
    }

    #[allow(clippy::unused_self)] // reads as the others do
    fn places_but(&mut self, fewer: usize, order: impl Fn(usize) -> NewOrder) -> Vec<Command> {
        (0..COUNT - fewer).map(|n| Command::Place(order(n))).collect()
    }
}

fn order(account: AccountId, side: Side, ticks: i64) -> NewOrder {
    warmup::limit(account, BOOK, side, ticks, LOTS)
}

fn ioc(order: NewOrder) -> NewOrder {
    NewOrder { time_in_force: TimeInForce::ImmediateOrCancel, ..order }
}

fn until(order: NewOrder, nanos: u64) -> NewOrder {
    NewOrder { time_in_force: TimeInForce::GoodTillDate, expires: Timestamp::from_nanos(nanos), ..order }
}

/// A stop at what was the limit.
fn stop(order: NewOrder) -> NewOrder {
    NewOrder { kind: OrderKind::Stop, trigger: Trigger::at(order.price), price: Price::NONE, ..order }
}

fn trailing(order: NewOrder) -> NewOrder {
    NewOrder { kind: OrderKind::TrailingStop, trigger: Trigger::ticks(50), price: Price::NONE, ..order }
}

fn amended(order: OrderId, ticks: i64, lots: u64, stop: i64) -> Command {
    let (price, quantity) = (Price::from_ticks(ticks), Quantity::from_lots(lots));
    Command::Amend(AmendOrder { account: MAKER, order, price, quantity, stop_price: Price::from_ticks(stop) })
}

fn cancel_all(account: AccountId) -> Command {
    Command::CancelAll(CancelAll { account, instrument: None, side: None })
}

fn name(number: u64) -> Option<ClientOrderId> {
    Some(ClientOrderId::new(&format!("mm-{number:032x}")).expect("it is 35 plain characters"))
}
