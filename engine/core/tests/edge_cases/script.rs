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
//! refused. Amounts are available + held; a level is `price: lots (orders)`.

use std::collections::BTreeMap;

use cx_engine::command::{
    AmendOrder, AssetClass, CancelAll, CancelOrder, Movement, NewAsset, NewInstrument, NewOrder, OrderKind,
    Permissions, SetPermissions, Side, TimeInForce,
};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq, Symbol};
use cx_engine::units::{Amount, FeeRate, Price, Quantity, Timestamp};
use cx_engine::{Command, Event, Exchange};

use crate::model::Model;
use crate::venue::Venue;

/// The instrument's terms and what alice, bob and carol start with.
#[derive(Clone, Copy)]
pub struct Terms {
    pub tick_value: i64,
    pub price_max: i64,
    pub fees: (u32, u32),
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
        let mut desk = Self { venue, seq: Seq::ZERO, names: BTreeMap::new(), last: Vec::new() };
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
        self.venue.apply(self.seq, Timestamp::default(), command, &mut self.last);
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

    fn line(&mut self, input: &str) -> String {
        let words: Vec<&str> = input.split_whitespace().collect();
        match words[..] {
            ["bids"] => self.levels(Side::Buy),
            ["asks"] => self.levels(Side::Sell),
            ["id", name] => format!("{:?}", self.names[name]),
            [who, "has", asset] => {
                let (available, held) = self.venue.holding(account(who), asset_of(asset));
                format!("{available} + {held}")
            }
            [who, "cancels", "all"] => {
                self.say(&Command::CancelAll(CancelAll { account: account(who), instrument: None }))
            }
            [who, "cancels", order] => {
                self.say(&Command::Cancel(CancelOrder { account: account(who), order: self.names[order] }))
            }
            [who, "amends", order, "to", lots, "@", ticks] => self.say(&Command::Amend(AmendOrder {
                account: account(who),
                order: self.names[order],
                price: Price::from_ticks(number(ticks)),
                quantity: Quantity::from_lots(number(lots)),
            })),
            [who, "may", what] => {
                let permissions = Permissions { trade: what == "trade", withdraw: what == "withdraw" };
                self.say(&Command::SetPermissions(SetPermissions { account: account(who), permissions }))
            }
            [who, "buys", ref terms @ ..] => self.place(who, Side::Buy, terms),
            [who, "sells", ref terms @ ..] => self.place(who, Side::Sell, terms),
            [who, verb, amount, asset, ref rest @ ..] => {
                let reference = if let ["ref", reference] = rest { number(reference) } else { 0 };
                let amount = Amount::from_minor(number(amount));
                self.say(&moved(verb, Movement { account: account(who), asset: asset_of(asset), amount, reference }))
            }
            _ => panic!("cannot read {input:?}"),
        }
    }

    fn place(&mut self, who: &str, side: Side, terms: &[&str]) -> String {
        let mut order = limit(account(who), side, number(terms[0]), 0);
        let mut name = None;
        let mut words = terms[1..].iter();
        while let Some(&word) = words.next() {
            match word {
                "@" => order.price = Price::from_ticks(number(words.next().unwrap())),
                "market" => {
                    order.kind = OrderKind::Market;
                    order.time_in_force = TimeInForce::ImmediateOrCancel;
                }
                "gtc" => order.time_in_force = TimeInForce::GoodTillCancelled,
                "ioc" => order.time_in_force = TimeInForce::ImmediateOrCancel,
                "fok" => order.time_in_force = TimeInForce::FillOrKill,
                "post" => order.post_only = true,
                "named" => order.client_order_id = Some(ClientOrderId::new(words.next().unwrap()).unwrap()),
                "as" => name = words.next(),
                other => panic!("{other:?} is no term of an order"),
            }
        }
        self.apply(&Command::Place(order));
        if let (Some(&name), Some(Event::OrderAccepted(it))) = (name, self.last.first()) {
            self.names.insert(name.to_owned(), it.order);
        }
        self.told()
    }

    fn say(&mut self, command: &Command) -> String {
        self.apply(command);
        self.told()
    }

    fn told(&self) -> String {
        let accepted = |event: &&Event| matches!(event, Event::OrderAccepted(_));
        assert!(!self.last.iter().skip(1).any(|event| accepted(&event)), "an acceptance comes first");
        let told: Vec<String> = self.last.iter().filter(|it| !accepted(it)).map(|it| self.tell(it)).collect();
        told.join("; ")
    }

    fn tell(&self, event: &Event) -> String {
        match event {
            Event::OrderRested(it) => format!("rests {} @ {}", it.leaves.lots(), it.price.ticks()),
            Event::Trade(it) => format!(
                "trade {} @ {} with {} ({} left, {} to go)",
                it.quantity.lots(),
                it.price.ticks(),
                self.name(it.maker_order),
                it.maker_leaves.lots(),
                it.taker_leaves.lots()
            ),
            Event::OrderCancelled(it) if it.resting => {
                format!("cancelled {} {} ({})", self.name(it.order), it.leaves.lots(), it.reason.code())
            }
            Event::OrderCancelled(it) => format!("ends {} ({})", it.leaves.lots(), it.reason.code()),
            Event::OrderAmended(it) => format!(
                "amended {} @ {} to {} @ {} {}",
                it.old_leaves.lots(),
                it.old_price.ticks(),
                it.leaves.lots(),
                it.price.ticks(),
                if it.kept_priority { "in place" } else { "at the back" }
            ),
            Event::OrderRejected(it) => format!("refused {}", it.reason.code()),
            Event::CommandRejected(it) => format!("refused {}", it.reason.code()),
            Event::OrderRepeated(it) => format!("repeated {}", it.original.get()),
            Event::AllCancelled { count, .. } => format!("all {count} cancelled"),
            Event::PermissionsSet(_) => "permitted".into(),
            Event::Deposited(_) | Event::Withdrawn(_) | Event::Issued(_) | Event::Retired(_) => "done".into(),
            other => format!("{other:?}"),
        }
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
    NewOrder {
        account,
        instrument: BOOK,
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::GoodTillCancelled,
        post_only: false,
        price: Price::from_ticks(ticks),
        quantity: Quantity::from_lots(lots),
        client_order_id: None,
    }
}

fn moved(verb: &str, movement: Movement) -> Command {
    match verb {
        "deposits" => Command::Deposit(movement),
        "withdraws" => Command::Withdraw(movement),
        "issues" => Command::Issue(movement),
        "retires" => Command::Retire(movement),
        other => panic!("{other:?} is no movement"),
    }
}

fn account(name: &str) -> AccountId {
    match name {
        "venue" => AccountId::VENUE,
        "alice" => ALICE,
        "bob" => BOB,
        "carol" => CAROL,
        "dave" => AccountId::new(4),
        other => panic!("who is {other}?"),
    }
}

fn asset_of(code: &str) -> AssetId {
    match code {
        "USD" => USD,
        "CO2" => CO2,
        "GBP" => AssetId::new(9),
        other => panic!("what is {other}?"),
    }
}

fn number<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}
