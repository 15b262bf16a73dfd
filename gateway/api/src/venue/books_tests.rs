//! Which events change what a book shows: compared event by event with the book itself.

use std::collections::BTreeSet;

use cx_engine::Exchange;
use cx_engine::command::{
    AmendOrder, AssetClass, Command, Movement, NewAsset, NewInstrument, NewOrder, OrderKind, Permissions, SelfTrade,
    SetPermissions, Side, TimeInForce,
};
use cx_engine::control::{Kill, Phase, SetPhase};
use cx_engine::ids::{AccountId, AssetId, OrderId};
use cx_engine::units::{Amount, DisplayQuantity, FeeRate, Price, Quantity, Trigger};

use super::*;

const BOOK: InstrumentId = InstrumentId::new(0);
const SECOND: u64 = 1_000_000_000;

/// An exchange, its public folds, and what was seen to change a book.
struct Watched {
    exchange: Exchange,
    market: MarketData,
    seq: u64,
    now: u64,
    /// Words of the events that changed a book.
    changed: BTreeSet<String>,
    last: Vec<Event>,
}

fn account(number: u32) -> AccountId {
    AccountId::new(number)
}

fn limit(of: u32, side: Side, ticks: i64, lots: u64) -> NewOrder {
    NewOrder::limit(account(of), BOOK, side, Price::from_ticks(ticks), Quantity::from_lots(lots))
}

impl Watched {
    fn new() -> Self {
        let market = MarketData::new(Retention::default());
        let mut watched = Self {
            exchange: Exchange::new(),
            market,
            seq: 0,
            now: 1_772_323_200 * SECOND,
            changed: BTreeSet::new(),
            last: Vec::new(),
        };
        let code = |text: &str| Symbol::new(text).expect("a symbol");
        watched.run(Command::AddAsset(NewAsset { code: code("USD"), class: AssetClass::Cash, scale: 4 }));
        watched.run(Command::AddAsset(NewAsset { code: code("X"), class: AssetClass::Credit, scale: 0 }));
        watched.run(Command::ListInstrument(NewInstrument {
            symbol: code("X-USD"),
            base: AssetId::new(1),
            quote: AssetId::new(0),
            tick_value: 100,
            price_max: Price::from_ticks(1_000_000),
            maker_fee: FeeRate::ZERO,
            taker_fee: FeeRate::ZERO,
        }));
        for number in 1..=3 {
            let permissions = Permissions { trade: true, withdraw: true };
            watched.run(Command::SetPermissions(SetPermissions { account: account(number), permissions }));
            for (asset, minor) in [(0, 1_000_000_000_000), (1, 1_000_000)] {
                let (account, asset) = (account(number), AssetId::new(asset));
                let amount = Amount::from_minor(minor);
                watched.run(Command::Deposit(Movement { account, asset, amount, reference: 0 }));
            }
        }
        watched
    }

    fn levels(&self) -> Vec<(Side, BookLevel)> {
        let Some(book) = self.market.book(BOOK) else { return Vec::new() };
        let of = |side| book.levels(side).map(move |level| (side, level));
        of(Side::Buy).chain(of(Side::Sell)).collect()
    }

    /// Runs a command and compares, event by event, what the book shows with what [`changes_book`] says.
    fn run(&mut self, command: Command) {
        self.seq += 1;
        self.now += SECOND;
        let mut events = Vec::new();
        let time = self.exchange.apply(Seq::new(self.seq), Timestamp::from_nanos(self.now), &command, &mut events);
        for (index, event) in events.iter().enumerate() {
            let before = self.levels();
            let index = u32::try_from(index).expect("few events");
            self.market.apply(&EventRecord { seq: Seq::new(self.seq), index, time, event: *event });
            let changed = (self.levels() != before).then_some(BOOK);
            assert_eq!(changes_book(event), changed, "{event:?}");
            if changed.is_some() {
                let text = format!("{event:?}");
                self.changed.insert(text.split(['(', ' ']).next().unwrap_or_default().to_owned());
            }
        }
        self.last = events;
    }

    fn place(&mut self, order: NewOrder) -> OrderId {
        self.run(Command::Place(order));
        let accepted = self.last.iter().find_map(|event| match event {
            Event::OrderAccepted(accepted) => Some(accepted.order),
            _ => None,
        });
        accepted.unwrap_or_else(|| panic!("not accepted: {:?}", self.last))
    }

    fn saw(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.last.iter().any(wanted)
    }

    fn phase(&mut self, phase: Phase) {
        self.run(Command::SetPhase(SetPhase { instrument: BOOK, phase }));
    }

    fn amend(&mut self, of: u32, order: OrderId, ticks: i64, lots: u64) {
        let (price, quantity) = (Price::from_ticks(ticks), Quantity::from_lots(lots));
        let stop_price = Price::NONE;
        self.run(Command::Amend(AmendOrder { account: account(of), order, price, quantity, stop_price }));
        assert!(self.saw(|event| matches!(event, Event::OrderAmended(_))), "{:?}", self.last);
    }

    fn icebergs_and_reductions(&mut self) {
        let display = DisplayQuantity::from_lots(10);
        self.place(NewOrder { display, ..limit(1, Side::Sell, 500, 30) });
        self.place(limit(2, Side::Buy, 500, 12));
        assert!(self.saw(|event| matches!(event, Event::OrderReplenished(_))), "{:?}", self.last);
        // Its own owner's order becomes smaller, the arriving one too.
        self.place(NewOrder { self_trade: SelfTrade::Decrement, ..limit(1, Side::Buy, 500, 5) });
        assert!(self.saw(|event| matches!(event, Event::OrderReduced(it) if it.resting)), "{:?}", self.last);
        self.place(NewOrder { self_trade: SelfTrade::Decrement, ..limit(1, Side::Buy, 500, 8) });
        self.place(NewOrder { time_in_force: TimeInForce::ImmediateOrCancel, ..limit(2, Side::Buy, 500, 100) });
        assert!(self.saw(|event| matches!(event, Event::OrderCancelled(it) if !it.resting)), "{:?}", self.last);
    }

    fn amendments(&mut self) {
        let order = self.place(limit(1, Side::Sell, 700, 10));
        self.amend(1, order, 700, 8);
        self.amend(1, order, 690, 9);
        let stop = NewOrder {
            kind: OrderKind::StopLimit,
            trigger: Trigger::at(Price::from_ticks(400)),
            ..limit(1, Side::Sell, 390, 4)
        };
        let stop = self.place(stop);
        self.amend(1, stop, 380, 4);
    }

    fn stops_and_expiries(&mut self) {
        // A trade at 400 lets the stop go off, which rests.
        self.place(limit(2, Side::Buy, 400, 1));
        self.place(limit(3, Side::Sell, 400, 1));
        assert!(self.saw(|event| matches!(event, Event::OrderTriggered(_))), "{:?}", self.last);
        let expires = Timestamp::from_nanos(self.now + 3 * SECOND);
        self.place(NewOrder { time_in_force: TimeInForce::GoodTillDate, expires, ..limit(2, Side::Buy, 300, 5) });
        self.now += 10 * SECOND;
        self.run(Command::Tick);
        assert!(self.saw(|event| matches!(event, Event::OrderCancelled(_))), "{:?}", self.last);
    }

    fn auctions(&mut self) {
        self.phase(Phase::OpeningAuction);
        let display = DisplayQuantity::from_lots(2);
        self.place(NewOrder { display, ..limit(2, Side::Buy, 800, 9) });
        self.place(limit(3, Side::Buy, 790, 3));
        self.place(limit(1, Side::Sell, 300, 6));
        self.phase(Phase::Continuous);
        assert!(self.saw(|event| matches!(event, Event::Trade(trade) if trade.auction)), "{:?}", self.last);
    }
}

#[test]
fn the_books_that_events_change_are_named_and_no_others() {
    let mut watched = Watched::new();
    watched.icebergs_and_reductions();
    watched.amendments();
    watched.stops_and_expiries();
    watched.auctions();
    watched.place(limit(3, Side::Buy, 100, 5));
    watched.run(Command::Kill(Kill { account: account(3), killed: true }));
    watched.phase(Phase::Delisted);
    assert_eq!(watched.levels(), Vec::new());
    let all = ["OrderAmended", "OrderCancelled", "OrderReduced", "OrderReplenished", "OrderRested", "Trade"];
    assert_eq!(watched.changed.iter().map(String::as_str).collect::<Vec<_>>(), all);
}
