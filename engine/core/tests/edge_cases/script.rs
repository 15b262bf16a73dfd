//! The language of the edge cases, and the desk that runs it on a venue.
//!
//! ```text
//! alice sells 5 @ 10 as s1     > rests 5 @ 10
//! bob buys 7 @ 12 ioc          > trade 5 @ 10 with s1 (0 left, 2 to go); ends 2 (immediate_or_cancel)
//! bids                         > none
//! bob has USD                  > 999950 + 0
//! ```
//!
//! What stands behind `>` is everything that came out but the acceptance of an order. A line without `>` must not be
//! refused. Amounts are available + held; a level is `price: lots (orders)`. `at 1d-1` sets the gateway's clock for the
//! lines below: nanoseconds, seconds (`s`) or days (`d`) since the epoch. How a line is read is in `read`, how an answer is
//! told in `tell`.

use std::collections::BTreeMap;

use cx_engine::command::{AssetClass, Movement, NewAsset, NewInstrument, NewOrder, Permissions, SetPermissions, Side};
use cx_engine::ids::{AccountId, AssetId, InstrumentId, OrderId, Seq, Symbol};
use cx_engine::units::{Amount, FeeRate, Price, Quantity, Timestamp};
use cx_engine::{Command, Event, Exchange};

use crate::model::Model;
use crate::venue::Venue;

#[path = "script/read.rs"]
mod read;
#[path = "script/tell.rs"]
mod tell;

/// The instrument's terms and what alice, bob and carol start with.
#[derive(Clone, Copy)]
pub struct Terms {
    pub tick_value: i64,
    pub price_max: i64,
    pub fees: (i32, i32),
    pub cash: i64,
    pub credits: i64,
}

impl Terms {
    pub const PLAIN: Self = Self { tick_value: 1, price_max: 1_000, fees: (0, 0), cash: 1_000_000, credits: 1_000_000 };
}

/// One instrument, three funded traders, and the names that a script gives to orders.
pub struct Desk {
    pub venue: Box<dyn Venue>,
    pub seq: Seq,
    names: BTreeMap<String, OrderId>,
    last: Vec<Event>,
    clock: Timestamp,
}

pub const USD: AssetId = AssetId::new(0);
pub const CO2: AssetId = AssetId::new(1);
pub const BOOK: InstrumentId = InstrumentId::new(0);
pub const ALICE: AccountId = AccountId::new(1);
pub const BOB: AccountId = AccountId::new(2);
pub const CAROL: AccountId = AccountId::new(3);

/// Runs a case on the core and on the model.
pub fn on_both(terms: Terms, case: impl Fn(&mut Desk)) {
    case(&mut Desk::new(Box::new(Model::new()), terms));
    case(&mut Desk::new(Box::new(Exchange::new()), terms));
}

/// Runs scripts on both, each on a fresh desk.
pub fn check(terms: Terms, cases: &[(&str, &str)]) {
    for (name, script) in cases {
        on_both(terms, |desk| desk.run(name, script));
    }
}

impl Desk {
    pub fn new(venue: Box<dyn Venue>, terms: Terms) -> Self {
        let mut desk =
            Self { venue, seq: Seq::ZERO, names: BTreeMap::new(), last: Vec::new(), clock: Timestamp::default() };
        let symbol = |text| Symbol::new(text).unwrap();
        desk.apply(&Command::AddAsset(NewAsset { code: symbol("USD"), class: AssetClass::Cash, scale: 4 }));
        desk.apply(&Command::AddAsset(NewAsset { code: symbol("CO2"), class: AssetClass::Credit, scale: 0 }));
        desk.apply(&Command::ListInstrument(NewInstrument {
            symbol: symbol("CO2-USD"),
            base: CO2,
            quote: USD,
            tick_value: terms.tick_value,
            price_max: Price::from_ticks(terms.price_max),
            maker_fee: FeeRate::from_ppm(terms.fees.0).unwrap(),
            taker_fee: FeeRate::from_ppm(terms.fees.1).unwrap(),
        }));
        for account in [ALICE, BOB, CAROL] {
            let permissions = Permissions { trade: true, withdraw: true };
            desk.apply(&Command::SetPermissions(SetPermissions { account, permissions }));
            let movement = |asset, minor| Movement { account, asset, amount: Amount::from_minor(minor), reference: 0 };
            if terms.cash > 0 {
                desk.apply(&Command::Deposit(movement(USD, terms.cash)));
            }
            if terms.credits > 0 {
                desk.apply(&Command::Issue(movement(CO2, terms.credits)));
            }
        }
        desk
    }

    /// Applies a command, checks the invariants and gives the events.
    pub fn apply(&mut self, command: &Command) -> &[Event] {
        self.seq = self.seq.next();
        self.last.clear();
        self.venue.apply(self.seq, self.clock, command, &mut self.last);
        &self.last
    }

    /// Places a good-till-cancelled limit order and gives its handle.
    pub fn rest(&mut self, account: AccountId, side: Side, lots: u64, ticks: i64) -> OrderId {
        let order = limit(account, side, lots, ticks);
        match self.apply(&Command::Place(order)).first() {
            Some(Event::OrderAccepted(accepted)) => accepted.order,
            other => panic!("{order:?} was answered with {other:?}"),
        }
    }

    /// Runs one script line by line.
    pub fn run(&mut self, case: &str, script: &str) {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (input, expected) = match line.split_once('>') {
                Some((input, expected)) => (input.trim(), Some(expected.trim())),
                None => (line, None),
            };
            let got = self.line(input);
            match expected {
                Some(expected) => assert_eq!(got, expected, "{case}: {line}"),
                None => assert!(!got.contains("refused"), "{case}: {line} was {got}"),
            }
            self.venue.check();
        }
    }

    /// What one line is answered with.
    pub fn ask(&mut self, line: &str) -> String {
        self.line(line)
    }

    /// Everything that the last command was answered with.
    pub fn said(&self) -> &[Event] {
        &self.last
    }

    /// The handle of an order that a script named.
    pub fn handle(&self, name: &str) -> OrderId {
        self.names[name]
    }

    fn say(&mut self, command: &Command) -> String {
        self.apply(command);
        self.told()
    }

    fn told(&self) -> String {
        let accepted = |event: &Event| matches!(event, Event::OrderAccepted(_));
        assert!(self.last.iter().filter(|event| accepted(event)).count() <= 1, "a command places one order");
        let told: Vec<String> = self.last.iter().filter(|event| !accepted(event)).map(|it| self.tell(it)).collect();
        told.join("; ")
    }

    fn name(&self, order: OrderId) -> &str {
        self.names.iter().find(|&(_, &named)| named == order).map_or("?", |(name, _)| name)
    }

    fn levels(&self, side: Side) -> String {
        let levels = self.venue.levels(BOOK, side, usize::MAX);
        let told: Vec<String> =
            levels.iter().map(|(price, lots, orders)| format!("{}: {lots} ({orders})", price.ticks())).collect();
        if told.is_empty() { "none".into() } else { told.join(", ") }
    }
}

/// A good-till-cancelled limit order.
pub fn limit(account: AccountId, side: Side, lots: u64, ticks: i64) -> NewOrder {
    NewOrder::limit(account, BOOK, side, Price::from_ticks(ticks), Quantity::from_lots(lots))
}
