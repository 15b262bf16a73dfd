//! Every rule of the core as rows: whatever streams it can produce, the sink takes them, and the tables hold what they say.

use cx_engine::command::{
    AmendOrder, AssetClass, Movement, NewAsset, NewInstrument, NewOrder, Permissions, SetPermissions, Side,
};
use cx_engine::control::{
    BustTrade, FeeTier, HaltMarket, Kill, Phase, SchedulePhase, SetBands, SetFees, SetGroup, SetLimits, SetPhase,
    SetPositionLimit,
};
use cx_engine::ids::{AccountId, AssetId, InstrumentId, Symbol, TradeId};
use cx_engine::units::{Amount, FeeRate, Price, Quantity, Timestamp};
use cx_engine::{Command, Event, EventRecord, Exchange};
use cx_store::Backend;
use cx_store::sink::{Sink, is_control};
use cx_store::testing::TestDatabase;

use crate::books::{Books, COLUMNS};
use crate::streams::{Coverage, Generator, Listed, Seeded, Shape};
use crate::whole;

/// A venue and everything that happened on it.
#[derive(Default)]
pub struct Venue {
    pub exchange: Exchange,
    pub events: Vec<EventRecord>,
}

impl Venue {
    /// Applies a command at a time.
    pub fn apply(&mut self, stamp: u64, command: &Command) -> Vec<Event> {
        let seq = self.exchange.seq().next();
        let mut events = Vec::new();
        let time = self.exchange.apply(seq, Timestamp::from_nanos(stamp), command, &mut events);
        self.events.extend((0..).zip(&events).map(|(index, &event)| EventRecord { seq, index, time, event }));
        events
    }
}

/// What a generator of all commands brings about in so many of them.
pub fn stream(shape: Shape, seed: u64, commands: usize) -> Venue {
    covered(shape, seed, commands, &mut Coverage::default())
}

fn covered(shape: Shape, seed: u64, commands: usize, coverage: &mut Coverage) -> Venue {
    let (mut generator, mut choices) = (Generator::new(shape), Seeded::new(seed));
    let mut venue = Venue::default();
    let mut left = commands;
    while generator.is_opening() || left > 0 {
        let record =
            if generator.is_opening() { generator.next(&mut Listed(&[])) } else { generator.next(&mut choices) };
        left = left.saturating_sub(usize::from(!generator.is_opening()));
        let events = venue.apply(record.stamp.nanos(), &record.command);
        coverage.count(&record.command, &events);
        generator.observe(&events);
    }
    venue
}

/// Rows equal what the events say, order by order and trade by trade; the ledger equals the core's balances.
pub async fn every_rule_becomes_its_rows(db: &TestDatabase) {
    let mut coverage = Coverage::default();
    let rounds = if db.store.backend() == Backend::Sqlite { 3 } else { 1 };
    for seed in 0..rounds * Shape::ALL.len() {
        let shape = Shape::ALL[seed % Shape::ALL.len()];
        let venue = covered(shape, seed as u64, 3_000, &mut coverage);
        let db = db.another().await;
        let mut sink = Sink::open(db.store.clone()).await.unwrap();
        let half = whole(&venue.events, venue.events.len() / 2);
        sink.apply(&venue.events[..half]).await.unwrap();
        sink.apply(&venue.events[half..]).await.unwrap();
        check_rows(&db, &venue).await;
        check_open_orders(&db, &venue).await;
        check_ledger(&db, &venue).await;
    }
    if rounds > 1 {
        // Refusals and reasons are words in a column; what the venue withdraws is a withdrawal.
        let of_an_answer = |name: &String| {
            name.contains(" refused: ") || name.starts_with("ended in ") || name == "withdrawn by the venue"
        };
        let missing: Vec<String> = coverage.missing().into_iter().filter(|name| !of_an_answer(name)).collect();
        assert_eq!(missing, Vec::<String>::new(), "events that never came");
    }
}

async fn check_rows(db: &TestDatabase, venue: &Venue) {
    let books = Books::of(&venue.events);
    let (found, wanted) = (db.rows(&format!("SELECT {COLUMNS} FROM orders ORDER BY seq")).await, books.rows());
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(&wanted) {
        assert_eq!(found, wanted, "cells: {COLUMNS}");
    }
    let trades = "SELECT id, auction, quantity, notional, maker_order, taker_order, maker_fee, taker_fee FROM trades ORDER BY id";
    assert_eq!(db.rows(trades).await, books.trades());
    assert_eq!(db.rows("SELECT trade, seq, idx, time_ns FROM busts ORDER BY trade").await, books.busts());
    let controls: Vec<String> = venue.events.iter().filter(|record| is_control(record)).map(place).collect();
    assert_eq!(db.rows("SELECT seq, idx, time_ns FROM control_events ORDER BY seq, idx").await, controls);
    assert_eq!(db.store.control_events().await.unwrap(), controls.len() as u64);
}

fn place(record: &EventRecord) -> String {
    format!("{}|{}|{}", record.seq.get(), record.index, record.time.nanos())
}

async fn check_open_orders(db: &TestDatabase, venue: &Venue) {
    let rows = "SELECT handle, COALESCE(price, 0), CASE WHEN triggered = 1 THEN 0 ELSE COALESCE(stop_price, 0) END, quantity, \
        quantity - filled FROM orders WHERE closed_ns IS NULL ORDER BY handle";
    let mut open = venue.exchange.open_orders();
    open.sort_unstable_by_key(|open| open.order.get().cast_signed());
    let core = open.iter().map(|open| {
        let (price, stop) = (open.price.ticks(), open.stop_price.ticks());
        format!("{}|{price}|{stop}|{}|{}", open.order.get().cast_signed(), open.quantity.lots(), open.leaves.lots())
    });
    assert_eq!(db.rows(rows).await, core.collect::<Vec<_>>());
}

async fn check_ledger(db: &TestDatabase, venue: &Venue) {
    assert_eq!(db.store.ledger().unbalanced(10).await.unwrap(), []);
    assert_eq!(db.store.trades().unpermitted(10).await.unwrap(), []);
    let sums = db.store.ledger().sums().await.unwrap();
    let held: Vec<_> = sums.iter().filter_map(|sum| Some((sum.account.account()?, sum.asset, sum.amount))).collect();
    let core: Vec<_> = venue
        .exchange
        .balances()
        .into_iter()
        .map(|(account, asset, balance)| (account, asset, i128::from(balance.available.plus(balance.held).minor())))
        .collect();
    assert_eq!(held, core);
}

const FIRST: InstrumentId = InstrumentId::new(0);

/// USD, credits and their instrument; three accounts with enough of both.
fn market(tick_value: i64) -> Venue {
    let mut venue = Venue::default();
    let symbol = |text: &str| Symbol::new(text).unwrap();
    venue.apply(1, &Command::AddAsset(NewAsset { code: symbol("USD"), class: AssetClass::Cash, scale: 4 }));
    venue.apply(1, &Command::AddAsset(NewAsset { code: symbol("VCS-1-2020"), class: AssetClass::Credit, scale: 0 }));
    let zero = FeeRate::ZERO;
    venue.apply(
        1,
        &Command::ListInstrument(NewInstrument {
            symbol: symbol("VCS-1-2020-USD"),
            base: AssetId::new(1),
            quote: AssetId::new(0),
            tick_value,
            price_max: Price::from_ticks(1 << 40),
            maker_fee: zero,
            taker_fee: zero,
        }),
    );
    for account in (1..=3).map(AccountId::new) {
        let permissions = Permissions { trade: true, withdraw: true };
        venue.apply(1, &Command::SetPermissions(SetPermissions { account, permissions }));
        let gift = |asset, amount| Movement {
            account,
            asset: AssetId::new(asset),
            amount: Amount::from_minor(amount),
            reference: 0,
        };
        venue.apply(1, &Command::Deposit(gift(0, 1 << 60)));
        venue.apply(1, &Command::Issue(gift(1, 1_000)));
    }
    venue
}

fn limit(account: u32, side: Side, ticks: i64, lots: u64) -> Command {
    let (price, quantity) = (Price::from_ticks(ticks), Quantity::from_lots(lots));
    Command::Place(NewOrder::limit(AccountId::new(account), FIRST, side, price, quantity))
}

/// Each kind of decision with all that was decided.
pub async fn what_was_decided_is_told_in_full(db: &TestDatabase) {
    let mut venue = market(100);
    let account = AccountId::new(1);
    let limits = SetLimits {
        account,
        order_quantity_max: Quantity::from_lots(900),
        order_notional_max: Amount::from_minor(8_000_000),
        exposure_max: Amount::from_minor(70_000_000),
        open_orders_max: 6,
        rate_per_second: 5,
        burst: 4,
    };
    let bands = SetBands {
        instrument: FIRST,
        collar_bps: 5_000,
        static_bps: 3_000,
        dynamic_bps: 2_000,
        extensions_max: 2,
        halt_ns: 300,
        extension_ns: 60,
        reference: Price::from_ticks(100),
    };
    let rate = |ppm| FeeRate::from_ppm(ppm).unwrap();
    venue.apply(5, &limit(2, Side::Sell, 100, 3));
    venue.apply(5, &limit(3, Side::Buy, 100, 3));
    let from = venue.exchange.seq().get();
    for command in [
        Command::SetLimits(limits),
        Command::SetPositionLimit(SetPositionLimit {
            account,
            instrument: FIRST,
            position_max: Quantity::from_lots(77),
        }),
        Command::SetGroup(SetGroup { account, group: 12 }),
        Command::Kill(Kill { account, killed: true }),
        Command::SetBands(bands),
        Command::SetFees(SetFees { instrument: FIRST, tier: 3, maker: rate(-50), taker: rate(70) }),
        Command::SetFeeTier(FeeTier { tier: 3, volume: Quantity::from_lots(5_000) }),
        Command::SchedulePhase(SchedulePhase {
            instrument: FIRST,
            phase: Phase::Closed,
            at: Timestamp::from_nanos(90),
            every_ns: 0,
        }),
        Command::SetPhase(SetPhase { instrument: FIRST, phase: Phase::OpeningAuction }),
        Command::BustTrade(BustTrade { trade: TradeId::new(1) }),
        Command::HaltMarket(HaltMarket { halted: true }),
    ] {
        venue.apply(6, &command);
    }
    Sink::open(db.store.clone()).await.unwrap().apply(&venue.events).await.unwrap();
    let rows = db.rows("SELECT seq, kind, account, instrument, fields FROM control_events ORDER BY seq, idx").await;
    let wanted = [
        (
            1,
            "limits_set|1|-|{\"order_quantity_max\":900,\"order_notional_max\":8000000,\"exposure_max\":70000000,\"open_orders_max\":6,\"rate_per_second\":5,\"burst\":4}",
        ),
        (2, "position_limit_set|1|0|{\"position_max\":77}"),
        (3, "group_set|1|-|{\"group\":12}"),
        (4, "account_killed|1|-|{\"killed\":true,\"cancelled\":0}"),
        (
            5,
            "bands_set|-|0|{\"collar_bps\":5000,\"static_bps\":3000,\"dynamic_bps\":2000,\"extensions_max\":2,\"halt_ns\":300,\"extension_ns\":60,\"reference\":100}",
        ),
        (6, "fees_set|-|0|{\"tier\":3,\"maker_ppm\":-50,\"taker_ppm\":70}"),
        (7, "fee_tier_set|-|-|{\"tier\":3,\"volume\":5000}"),
        (8, "phase_scheduled|-|0|{\"phase\":\"closed\",\"at_ns\":90,\"every_ns\":0}"),
        (9, "phase_changed|-|0|{\"phase\":\"opening_auction\",\"ends_ns\":0}"),
        (
            10,
            "trade_busted|-|0|{\"trade\":1,\"price\":100,\"quantity\":3,\"buyer\":3,\"seller\":2,\"buyer_fee\":0,\"seller_fee\":0}",
        ),
        (11, "market_halted|-|-|{\"halted\":true}"),
    ];
    let wanted: Vec<String> = wanted.iter().map(|(number, row)| format!("{}|{row}", from + number)).collect();
    assert_eq!(rows, wanted);

    // A reversed trade stays a row, and counts in no statistic.
    let trade = db.store.trades().by_id(TradeId::new(1)).await.unwrap();
    assert!(trade.busted && !trade.auction);
    let filter = cx_store::history::MarketFilter {
        currency: AssetId::new(0),
        instruments: None,
        since: Timestamp::from_nanos(0),
    };
    assert_eq!(db.store.market().prices(&filter).await.unwrap(), []);
    assert_eq!(db.store.trades().turnover(AccountId::new(2)).await.unwrap(), []);
    let totals = db.store.trades().totals().await.unwrap();
    assert_eq!((totals.count, totals.quantity, totals.busted, totals.busted_quantity), (1, 3, 1, 3));
    if db.store.backend() == Backend::Postgres {
        for table in ["busts", "control_events"] {
            let refusal = db.execute(&format!("DELETE FROM {table}")).await.unwrap_err();
            assert!(refusal.contains(&format!("{table} is append-only")), "{refusal}");
        }
    }
}

/// The same cash comes round so often that one order's fills are worth more than 2^63: the row says the most that it can.
pub async fn an_order_beyond_its_column_does_not_stop_the_sink(db: &TestDatabase) {
    let mut venue = market(1_000_000);
    let ticks = 1 << 39; // a lot is worth some 2^59
    venue.apply(2, &limit(1, Side::Sell, ticks, 8));
    let Some(Event::OrderAccepted(accepted)) = venue.events.iter().rev().nth(1).map(|record| record.event) else {
        panic!()
    };
    for bought in 1..=18 {
        venue.apply(3, &limit(2, Side::Buy, ticks, 1));
        // The seller buys a lot back from the buyer, and pays with what it got; its order grows by a lot.
        venue.apply(3, &limit(2, Side::Sell, ticks - 1, 1));
        venue.apply(3, &limit(1, Side::Buy, ticks - 1, 1));
        venue.apply(
            3,
            &Command::Amend(AmendOrder {
                account: AccountId::new(1),
                order: accepted.order,
                price: Price::from_ticks(ticks),
                quantity: Quantity::from_lots(8 + bought),
                stop_price: Price::NONE,
            }),
        );
    }
    let trades = venue.events.iter().filter(|record| matches!(record.event, Event::Trade(_))).count();
    assert_eq!(trades, 36);
    let mut sink = Sink::open(db.store.clone()).await.unwrap();
    sink.apply(&venue.events).await.unwrap();
    let row = db.rows("SELECT filled, notional FROM orders WHERE side = 'sell' ORDER BY seq LIMIT 1").await;
    assert_eq!(row, [format!("18|{}", i64::MAX)]);
    check_rows(db, &venue).await;
    check_ledger(db, &venue).await;
}
