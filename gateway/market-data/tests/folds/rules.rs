//! Every rule by example: what books, sessions, orders and tickers say of stops, icebergs, pairs, auctions, reversed trades and
//! the venue's staff.

use crate::venue::{CASH, START, Venue, limit};
use cx_engine::command::{CancelAfter, Movement, NewOrder, OrderKind, SelfTrade, SetPermissions, Side, TimeInForce};
use cx_engine::control::{BustTrade, HaltMarket, Kill, Phase, SchedulePhase, SetGroup, SetPhase};
use cx_engine::ids::{AccountId, AssetId, InstrumentId, OrderId, TradeId};
use cx_engine::reject::CancelReason;
use cx_engine::units::{Amount, DisplayQuantity, Price, Quantity, Timestamp, Trigger};
use cx_engine::{Command, Event};
use cx_market_data::{ExecType, OrderState, OrderStatus, Timeframe};

const FIRST: InstrumentId = InstrumentId::new(0);
const SECOND: u64 = 1_000_000_000;

fn ticks(ticks: i64) -> Price {
    Price::from_ticks(ticks)
}

fn lots(lots: u64) -> Quantity {
    Quantity::from_lots(lots)
}

/// What the public sees of the book, as in the checksum.
fn book(venue: &Venue) -> String {
    venue.market.book(FIRST).unwrap().checksum_text()
}

fn open(venue: &Venue, order: OrderId) -> OrderState {
    *venue.accounts.open_order(order).unwrap()
}

/// The last command's reports: whose, what happened, where the order stands.
fn reports(venue: &Venue) -> Vec<(u32, &'static str, &'static str)> {
    let brief = |report: &cx_market_data::ExecutionReport| {
        (report.order.account.get(), report.exec_type.code(), report.order.status.code())
    };
    venue.updates.reports.iter().map(brief).collect()
}

fn closed(venue: &Venue, account: u32) -> OrderState {
    *venue.accounts.closed_orders(AccountId::new(account)).next().unwrap()
}

fn held(venue: &Venue, account: u32, asset: AssetId) -> i64 {
    venue.accounts.balance(AccountId::new(account), asset).held.minor()
}

/// One lot changes hands at a price.
fn trade_at(venue: &mut Venue, price: i64) {
    venue.place(limit(1, Side::Sell, price, 1));
    venue.place(limit(2, Side::Buy, price, 1));
}

fn phase(venue: &mut Venue, phase: Phase) {
    venue.apply(Command::SetPhase(SetPhase { instrument: FIRST, phase }));
}

#[test]
fn a_stop_is_in_no_book_until_it_rests() {
    let mut venue = Venue::small();
    let stop = NewOrder { kind: OrderKind::StopLimit, trigger: Trigger::at(ticks(110)), ..limit(3, Side::Buy, 105, 4) };
    let (order, _) = venue.place(stop);
    assert_eq!((book(&venue).as_str(), reports(&venue)), ("|", vec![(3, "new", "open")]));
    let state = open(&venue, order);
    assert_eq!((state.is_armed(), state.resting, state.stop_price), (true, false, ticks(110)));
    assert_eq!(held(&venue, 3, CASH), 42_042); // 105 x 4 x 100 and 0.1% of it

    trade_at(&mut venue, 110);
    assert_eq!(reports(&venue)[3..], [(3, "triggered", "open")]);
    let state = open(&venue, order);
    assert_eq!((state.is_armed(), state.resting, state.triggered, state.stop_price), (false, true, true, ticks(110)));
    assert_eq!((book(&venue).as_str(), held(&venue, 3, CASH)), ("105:4|", 42_042));
    assert_eq!(venue.l3[0].ahead(order), Some((0, Quantity::ZERO)));
}

#[test]
fn a_trailing_stop_follows_the_market_and_its_owner_is_told() {
    let mut venue = Venue::small();
    trade_at(&mut venue, 100);
    let plain = NewOrder { price: Price::NONE, ..limit(3, Side::Sell, 1, 5) };
    let (order, _) = venue.place(NewOrder { kind: OrderKind::TrailingStop, trigger: Trigger::ticks(10), ..plain });
    assert_eq!((open(&venue, order).stop_price, held(&venue, 3, AssetId::new(1))), (ticks(90), 5));
    trade_at(&mut venue, 120);
    assert_eq!(reports(&venue)[3..], [(3, "restated", "open")]);
    assert_eq!(open(&venue, order).stop_price, ticks(110));
    assert!(open(&venue, order).is_armed());
    trade_at(&mut venue, 110);
    assert_eq!(reports(&venue)[3..], [(3, "triggered", "open"), (3, "cancelled", "cancelled")]);
    assert_eq!(closed(&venue, 3).status, OrderStatus::Cancelled(CancelReason::NoLiquidity));
    assert_eq!((held(&venue, 3, AssetId::new(1)), book(&venue).as_str()), (0, "|"));
}

#[test]
fn an_iceberg_shows_a_part_and_queues_again_with_the_next() {
    let mut venue = Venue::small();
    let iceberg = NewOrder { display: DisplayQuantity::from_lots(3), ..limit(1, Side::Sell, 100, 10) };
    let (hidden, _) = venue.place(iceberg);
    let (plain, _) = venue.place(limit(2, Side::Sell, 100, 2));
    assert_eq!((book(&venue).as_str(), venue.l3[0].ahead(plain)), ("|100:5", Some((1, lots(3)))));
    venue.place(limit(3, Side::Buy, 100, 3));
    assert_eq!(book(&venue), "|100:5", "three are gone, three came");
    assert_eq!(venue.l3[0].ahead(plain), Some((0, Quantity::ZERO)), "the next part is behind it");
    assert_eq!((venue.l3[0].ahead(hidden), open(&venue, hidden).leaves), (Some((1, lots(2))), lots(7)));
    let update = venue.market.book(FIRST).unwrap().last_update().unwrap();
    assert_eq!(update.changes.len(), 1, "one command, one level, one change");
    venue.amend(1, hidden, 100, 8); // two fewer: taken from what is hidden
    assert_eq!((book(&venue).as_str(), open(&venue, hidden).leaves), ("|100:5", lots(5)));
    venue.cancel(1, hidden);
    assert_eq!(book(&venue), "|100:2");
}

#[test]
fn a_level_that_came_and_went_within_a_command_leaves_no_update() {
    let mut venue = Venue::small();
    let plain = limit(3, Side::Sell, 105, 2);
    venue.place(NewOrder { kind: OrderKind::StopLimit, trigger: Trigger::at(ticks(100)), ..plain });
    venue.place(NewOrder {
        kind: OrderKind::StopLimit,
        trigger: Trigger::at(ticks(99)),
        time_in_force: TimeInForce::GoodTillCancelled,
        ..limit(1, Side::Buy, 105, 2)
    });
    // The trade sets off both: the sell stop rests at 105, the buy stop takes it.
    venue.place(limit(1, Side::Sell, 100, 1));
    let before = venue.market.book(FIRST).unwrap().seq();
    let copy = book(&venue);
    let records = venue.place(limit(2, Side::Buy, 100, 1));
    let gone = |changes: &[cx_market_data::LevelChange]| -> Vec<(i64, u32)> {
        changes.iter().map(|change| (change.price.ticks(), change.orders)).collect()
    };
    assert_eq!((copy.as_str(), book(&venue).as_str()), ("|100:1", "|"));
    let book = venue.market.book(FIRST).unwrap();
    assert_eq!((book.seq(), book.last_update().unwrap().prev_seq), (records.1, before));
    assert_eq!(gone(&book.last_update().unwrap().changes), [(100, 0)], "nobody had seen a level at 105");
}

#[test]
fn self_trade_prevention_makes_both_smaller() {
    let mut venue = Venue::small();
    venue.apply(Command::SetGroup(SetGroup { account: AccountId::new(1), group: 9 }));
    venue.apply(Command::SetGroup(SetGroup { account: AccountId::new(2), group: 9 }));
    assert_eq!((venue.accounts.group(AccountId::new(2)), venue.accounts.group(AccountId::new(3))), (9, 0));
    let (resting, _) = venue.place(limit(1, Side::Sell, 100, 10));
    let taker = NewOrder { self_trade: SelfTrade::Decrement, ..limit(2, Side::Buy, 100, 4) };
    venue.place(taker);
    assert_eq!(reports(&venue), [(2, "new", "open"), (1, "restated", "open"), (2, "cancelled", "cancelled")]);
    let state = open(&venue, resting);
    assert_eq!((state.quantity, state.leaves, state.filled), (lots(6), lots(6), Quantity::ZERO));
    assert_eq!((book(&venue).as_str(), held(&venue, 1, AssetId::new(1))), ("|100:6", 6));
    assert_eq!(venue.l3[0].order(resting).unwrap().shown, lots(6));
}

#[test]
fn a_pair_holds_once_and_ends_together() {
    let mut venue = Venue::small();
    let (first, _) = venue.place(limit(1, Side::Sell, 110, 10));
    let stop = NewOrder {
        kind: OrderKind::Stop,
        price: Price::NONE,
        trigger: Trigger::at(ticks(90)),
        oco: first,
        ..limit(1, Side::Sell, 1, 12)
    };
    let (second, _) = venue.place(stop);
    let holds = |venue: &Venue| (open(venue, first).held.minor(), open(venue, second).held.minor());
    assert_eq!((holds(&venue), held(&venue, 1, AssetId::new(1))), ((10, 2), 12));
    // The other side reduces the first: the second goes, and no two things are told of one order.
    venue.place(limit(2, Side::Buy, 110, 3));
    assert_eq!(
        reports(&venue),
        [(2, "new", "open"), (1, "cancelled", "cancelled"), (1, "trade", "partially_filled"), (2, "trade", "filled")]
    );
    assert_eq!(closed(&venue, 1).status, OrderStatus::Cancelled(CancelReason::Paired));
    assert_eq!((book(&venue).as_str(), held(&venue, 1, AssetId::new(1))), ("|110:7", 7));
}

#[test]
fn when_the_first_of_a_pair_needs_less_the_second_holds_more() {
    let mut venue = Venue::small();
    trade_at(&mut venue, 100);
    let trailing = NewOrder { price: Price::NONE, ..limit(3, Side::Buy, 1, 10) };
    let (first, _) = venue.place(NewOrder { kind: OrderKind::TrailingStop, trigger: Trigger::ticks(10), ..trailing });
    let second =
        NewOrder { kind: OrderKind::StopLimit, trigger: Trigger::at(ticks(130)), ..limit(3, Side::Buy, 115, 10) };
    let (second, _) = venue.place(NewOrder { oco: first, ..second });
    // 10 lots at 110 with 0.1%, and what 10 lots at 115 need beyond that.
    let holds = |venue: &Venue| (open(venue, first).held.minor(), open(venue, second).held.minor());
    assert_eq!((holds(&venue), held(&venue, 3, CASH)), ((110_110, 5_005), 115_115));
    trade_at(&mut venue, 95);
    assert_eq!(open(&venue, first).stop_price, ticks(105));
    assert_eq!((holds(&venue), held(&venue, 3, CASH)), ((105_105, 10_010), 115_115));
    venue.cancel(3, first);
    assert!(venue.accounts.open_order(second).is_none(), "they end together");
    assert_eq!(held(&venue, 3, CASH), 0);
}

#[test]
fn what_has_a_time_ends_at_it() {
    let mut venue = Venue::small();
    let expires = Timestamp::from_nanos(START + 5 * SECOND);
    let until = NewOrder { time_in_force: TimeInForce::GoodTillDate, expires, ..limit(1, Side::Buy, 90, 2) };
    let (order, _) = venue.place(until);
    assert_eq!(open(&venue, order).expires, expires);
    venue.apply(Command::CancelAfter(CancelAfter {
        account: AccountId::new(2),
        at: Timestamp::from_nanos(START + 7 * SECOND),
    }));
    venue.place(limit(2, Side::Buy, 91, 2));
    venue.now = START + 5 * SECOND;
    venue.apply(Command::Tick);
    assert_eq!((reports(&venue), book(&venue).as_str()), (vec![(1, "expired", "expired")], "91:2|"));
    venue.now = START + 9 * SECOND;
    venue.apply(Command::Tick);
    assert_eq!((reports(&venue), book(&venue).as_str()), (vec![(2, "cancelled", "cancelled")], "|"));
    assert_eq!(closed(&venue, 2).status, OrderStatus::Cancelled(CancelReason::CancelAfter));
    assert_eq!((held(&venue, 1, CASH), held(&venue, 2, CASH)), (0, 0));
}

#[test]
fn an_auction_is_indicated_and_takes_from_both_sides() {
    let mut venue = Venue::small();
    phase(&mut venue, Phase::OpeningAuction);
    assert_eq!(
        (venue.market.session(FIRST).phase, venue.market.session(FIRST).indication),
        (Phase::OpeningAuction, None)
    );
    venue.place(limit(1, Side::Sell, 98, 4));
    venue.place(limit(2, Side::Buy, 104, 10));
    assert_eq!(book(&venue), "104:10|98:4");
    assert!(venue.market.book(FIRST).unwrap().is_crossed());
    let indicated = venue.market.session(FIRST).indication.unwrap();
    assert_eq!((indicated.price, indicated.volume, indicated.surplus), (ticks(104), lots(4), 6));
    phase(&mut venue, Phase::Continuous);
    assert_eq!(book(&venue), "104:6|");
    let session = venue.market.session(FIRST);
    assert_eq!((session.phase, session.indication), (Phase::Continuous, None));
    assert_eq!((session.uncrossed.unwrap().price, session.bands.reference), (ticks(104), ticks(104)));
    assert_eq!(session.uncrossed_at.nanos(), START);
    let trade = venue.market.trades().last(FIRST).unwrap();
    assert_eq!((trade.auction, trade.price, trade.taker_side), (true, ticks(104), Side::Buy));
    assert_eq!(reports(&venue), [(1, "trade", "filled"), (2, "trade", "partially_filled")]);
    assert_eq!(held(&venue, 2, CASH), 62_462); // 104 x 6 x 100 and 0.1% of it, rounded down
}

#[test]
fn plans_pass_as_in_the_core_whether_they_have_an_effect_or_not() {
    let mut venue = Venue::small();
    let at = |seconds: u64| Timestamp::from_nanos(START + seconds * SECOND);
    let plan = |phase, seconds, every_ns| {
        Command::SchedulePhase(SchedulePhase { instrument: FIRST, phase, at: at(seconds), every_ns })
    };
    venue.apply(plan(Phase::Continuous, 10, 10 * SECOND)); // it is in that phase: no effect
    venue.apply(plan(Phase::PreOpen, 12, 0));
    let times = |venue: &Venue| -> Vec<u64> {
        venue.market.schedule(FIRST).iter().map(|plan| (plan.at.nanos() - START) / SECOND).collect()
    };
    assert_eq!(times(&venue), [10, 12]);
    venue.now = START + 11 * SECOND;
    venue.apply(Command::Tick);
    assert_eq!(times(&venue), [12, 20]);

    venue.apply(Command::HaltMarket(HaltMarket { halted: true }));
    assert!(venue.market.halted());
    venue.now = START + 13 * SECOND;
    venue.apply(Command::Tick);
    assert_eq!((times(&venue), venue.market.session(FIRST).phase), (vec![12, 20], Phase::Continuous));
    venue.apply(Command::HaltMarket(HaltMarket { halted: false }));
    assert_eq!((times(&venue), venue.market.halted()), (vec![12, 20], false));
    venue.apply(Command::Tick);
    assert_eq!((times(&venue), venue.market.session(FIRST).phase), (vec![20], Phase::PreOpen));
    assert_eq!(venue.market.schedule(FIRST), venue.exchange.planned(FIRST));
    phase(&mut venue, Phase::Delisted);
    assert!(times(&venue).is_empty());
}

#[test]
fn a_reversed_trade_is_taken_out_everywhere() {
    let mut venue = Venue::small();
    trade_at(&mut venue, 100);
    let before = venue.accounts.balances();
    venue.now += SECOND;
    venue.place(limit(1, Side::Sell, 130, 7));
    let (_, taker) = venue.place(limit(2, Side::Buy, 130, 7));
    let last = venue.market.trades().last(FIRST).unwrap().trade;
    venue.apply(Command::BustTrade(BustTrade { trade: last }));

    assert_eq!(reports(&venue), [(1, "bust", "filled"), (2, "bust", "filled")]);
    let fills: Vec<_> = venue.updates.reports.iter().map(|report| report.fill.unwrap()).collect();
    assert!(fills.iter().all(|fill| (fill.trade, fill.quantity) == (last, lots(7))));
    assert_eq!(venue.updates.balances.len(), 5, "cash and credits of both, and the venue's fees");
    assert_eq!(venue.accounts.balances(), before);
    let order = venue.accounts.order(AccountId::new(2), taker).unwrap();
    assert_eq!((order.status, order.filled, order.busted), (OrderStatus::Filled, lots(7), lots(7)));

    assert_eq!(venue.market.trades().recent_all().map(|trade| trade.price.ticks()).collect::<Vec<_>>(), [100]);
    assert!(venue.market.trades().get(FIRST, last).unwrap().busted);
    let ticker = venue.market.ticker(FIRST, Timestamp::from_nanos(venue.now)).unwrap();
    assert_eq!(
        (ticker.last.unwrap().price, ticker.high, ticker.volume, ticker.count),
        (ticks(100), Some(ticks(100)), 1, 1)
    );
    for timeframe in Timeframe::ALL {
        let bar = venue.market.candles().last(FIRST, timeframe).unwrap();
        assert_eq!((bar.high, bar.close, bar.volume, bar.value, bar.count), (ticks(100), ticks(100), 1, 100, 1));
    }
    // A second time it is refused, and nothing moves.
    venue.apply(Command::BustTrade(BustTrade { trade: last }));
    assert!(venue.updates.reports.is_empty() && venue.updates.balances.is_empty());
    // A minute with nothing else has no bar left.
    venue.now += 60 * SECOND;
    trade_at(&mut venue, 90);
    assert_eq!(venue.market.candles().bars(FIRST, Timeframe::Minute1).count(), 2);
    venue.apply(Command::BustTrade(BustTrade { trade: TradeId::new(last.get() + 1) }));
    assert_eq!(venue.market.candles().bars(FIRST, Timeframe::Minute1).count(), 1);
}

#[test]
fn cash_buys_what_it_buys() {
    let mut venue = Venue::small();
    venue.place(limit(1, Side::Sell, 100, 10));
    let market = NewOrder::market(AccountId::new(2), FIRST, Side::Buy, Quantity::ZERO);
    // 3 lots and their fee come to 30,030; 70 are left, which buy nothing.
    let (_, seq) = venue.place(NewOrder { quote_quantity: Amount::from_minor(30_100), ..market });
    let order = venue.accounts.order(AccountId::new(2), seq).unwrap();
    assert_eq!(
        (order.status, order.filled, order.quantity, order.leaves),
        (OrderStatus::Filled, lots(3), lots(3), Quantity::ZERO)
    );
    assert!(order.is_by_cash());
    let kinds: Vec<ExecType> = venue.updates.reports.iter().map(|report| report.exec_type).collect();
    assert_eq!(kinds, [ExecType::New, ExecType::Trade, ExecType::Trade, ExecType::Restated]);
    assert_eq!(venue.accounts.balance(AccountId::new(2), CASH).available.minor(), 2_000_000 - 30_030);
}

#[test]
fn staff_stops_an_account_and_the_venue_takes_its_fees() {
    let mut venue = Venue::small();
    trade_at(&mut venue, 100);
    venue.place(limit(1, Side::Buy, 90, 2));
    let records = venue.apply(Command::Kill(Kill { account: AccountId::new(1), killed: true }));
    assert!(matches!(records[1].event, Event::AccountKilled { count: 1, .. }));
    assert_eq!(reports(&venue), [(1, "cancelled", "cancelled")]);
    assert!(venue.accounts.killed(AccountId::new(1)) && !venue.accounts.killed(AccountId::new(2)));
    assert_eq!(book(&venue), "|");
    venue.apply(Command::Kill(Kill { account: AccountId::new(1), killed: false }));
    assert!(!venue.accounts.killed(AccountId::new(1)));

    let fees = venue.accounts.balance(AccountId::VENUE, CASH).available;
    assert_eq!(fees.minor(), 15); // 0.05% and 0.1% of 10,000
    let all = Movement { account: AccountId::VENUE, asset: CASH, amount: fees, reference: 0 };
    venue.apply(Command::Withdraw(all));
    assert_eq!(venue.accounts.balance(AccountId::VENUE, CASH).available, Amount::ZERO);
    assert_eq!(venue.updates.balances.len(), 1);
    let permissions = cx_engine::command::Permissions::default();
    venue.place(limit(2, Side::Buy, 90, 2));
    venue.apply(Command::SetPermissions(SetPermissions { account: AccountId::new(2), permissions }));
    assert_eq!(closed(&venue, 2).status, OrderStatus::Cancelled(CancelReason::PermissionRevoked));
}
