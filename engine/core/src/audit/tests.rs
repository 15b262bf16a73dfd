//! Each broken invariant is seen: a sound exchange is damaged in one place at a time.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::accounts::Balance;

use crate::book::{NONE, key_of};
use crate::command::{
    AssetClass, Command, Movement, NewAsset, NewInstrument, NewOrder, OrderKind, Permissions, SetPermissions, Side,
    TimeInForce,
};
use crate::control::{Phase, SetLimits};
use crate::event::Event;
use crate::ids::Symbol;
use crate::units::{DisplayQuantity, FeeRate, Price, Quantity, Timestamp, Trigger};

const USD: AssetId = AssetId::new(0);
const CO2: AssetId = AssetId::new(1);
const ALICE: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);
const BOOK: InstrumentId = InstrumentId::new(0);

fn apply(exchange: &mut Exchange, command: &Command) {
    let mut events = Vec::new();
    exchange.apply(exchange.seq().next(), Timestamp::default(), command, &mut events);
    let refused = |event: &Event| matches!(event, Event::OrderRejected(_) | Event::CommandRejected(_));
    assert!(!events.iter().any(refused), "{command:?}: {events:?}");
}

fn limit(account: AccountId, side: Side, lots: u64, ticks: i64) -> NewOrder {
    NewOrder::limit(account, BOOK, side, Price::from_ticks(ticks), Quantity::from_lots(lots))
}

fn order(account: AccountId, side: Side, lots: u64, ticks: i64) -> Command {
    Command::Place(limit(account, side, lots, ticks))
}

fn stop(account: AccountId, side: Side, lots: u64, kind: OrderKind, trigger: Trigger) -> Command {
    Command::Place(NewOrder { kind, trigger, price: Price::NONE, ..limit(account, side, lots, 1) })
}

/// Alice bids 6 @ 10 (slot 0) and 1 @ 10 (slot 1); Bob offers 5 @ 11 (slot 2).
pub(crate) fn sound() -> Exchange {
    let mut exchange = Exchange::new();
    let symbol = |text| Symbol::new(text).unwrap();
    for (code, class) in [("USD", AssetClass::Cash), ("CO2", AssetClass::Credit)] {
        apply(&mut exchange, &Command::AddAsset(NewAsset { code: symbol(code), class, scale: 0 }));
    }
    let listing = NewInstrument {
        symbol: symbol("CO2-USD"),
        base: CO2,
        quote: USD,
        tick_value: 1,
        price_max: Price::from_ticks(100),
        maker_fee: FeeRate::ZERO,
        taker_fee: FeeRate::ZERO,
    };
    apply(&mut exchange, &Command::ListInstrument(listing));
    for account in [ALICE, BOB] {
        let permissions = Permissions { trade: true, withdraw: true };
        apply(&mut exchange, &Command::SetPermissions(SetPermissions { account, permissions }));
        for asset in [USD, CO2] {
            let movement = Movement { account, asset, amount: Amount::from_minor(1_000), reference: 0 };
            apply(&mut exchange, &Command::Deposit(movement));
        }
    }
    for command in [order(ALICE, Side::Buy, 6, 10), order(ALICE, Side::Buy, 1, 10), order(BOB, Side::Sell, 5, 11)] {
        apply(&mut exchange, &command);
    }
    exchange.audit().unwrap();
    exchange
}

/// After the trade of 1 @ 10 that Alice's first bid made: she has limits, a buy stop at 15 (slot 3) and a sell stop that trails
/// by 3 (slot 4). Bob offers 10 @ 12, of which the book shows 4, until 100 (slot 5), paired with 3 @ 13 (slot 6).
pub(crate) fn rich() -> Exchange {
    let mut exchange = sound();
    let limits = SetLimits {
        account: ALICE,
        order_quantity_max: Quantity::ZERO,
        order_notional_max: Amount::ZERO,
        exposure_max: Amount::from_minor(10_000),
        open_orders_max: 0,
        rate_per_second: 3,
        burst: 20,
    };
    let trailing = stop(ALICE, Side::Sell, 2, OrderKind::TrailingStop, Trigger::ticks(3));
    let iceberg = NewOrder {
        display: DisplayQuantity::from_lots(4),
        time_in_force: TimeInForce::GoodTillDate,
        expires: Timestamp::from_nanos(100),
        ..limit(BOB, Side::Sell, 10, 12)
    };
    for command in [
        Command::SetLimits(limits),
        order(BOB, Side::Sell, 1, 10),
        stop(ALICE, Side::Buy, 1, OrderKind::Stop, Trigger::at(Price::from_ticks(15))),
        trailing,
        Command::Place(iceberg),
    ] {
        apply(&mut exchange, &command);
    }
    let oco = exchange.orders.id(5);
    apply(&mut exchange, &Command::Place(NewOrder { oco, ..limit(BOB, Side::Sell, 3, 13) }));
    assert_eq!(exchange.orders.open(), 7);
    exchange.audit().unwrap();
    exchange
}

fn found(damage: impl FnOnce(&mut Exchange)) -> AuditError {
    found_in(sound(), damage)
}

fn found_in(mut exchange: Exchange, damage: impl FnOnce(&mut Exchange)) -> AuditError {
    damage(&mut exchange);
    exchange.audit().unwrap_err()
}

fn set(exchange: &mut Exchange, account: AccountId, asset: AssetId, available: i64, held: i64) {
    let balance = Balance { available: Amount::from_minor(available), held: Amount::from_minor(held) };
    exchange.balances.restore(account, asset, balance);
}

#[test]
fn money_out_of_nothing() {
    let error = found(|it| set(it, BOB, USD, 1_001, 0));
    assert_eq!(error, AuditError::Supply { asset: USD, balances: 2_001, supply: 2_000 });
}

#[test]
fn negative_balances() {
    let error = found(|it| {
        set(it, ALICE, CO2, 2_001, 0);
        set(it, BOB, CO2, -6, 5);
    });
    assert_eq!(error, AuditError::Negative(BOB, CO2));
}

#[test]
fn holds_without_orders_and_orders_without_holds() {
    let held = Amount::from_minor(6);
    assert_eq!(found(|it| set(it, BOB, CO2, 994, 6)), AuditError::Hold { account: BOB, asset: CO2, held, needed: 5 });
    assert_eq!(
        found(|it| set(it, BOB, CO2, 1_000, 0)),
        AuditError::Hold { account: BOB, asset: CO2, held: Amount::ZERO, needed: 5 }
    );
}

/// Moves Alice's first bid to another price and size that hold as much.
fn rebid(exchange: &mut Exchange, lots: u64, ticks: i64) {
    let book = &mut exchange.instruments[0].book;
    book.unrest(&mut exchange.orders, Side::Buy, 0, 6);
    let node = exchange.orders.node_mut(0);
    (node.leaves, node.key) = (lots, key_of(Side::Buy, Price::from_ticks(ticks)));
    book.rest(&mut exchange.orders, Side::Buy, 0, lots);
}

#[test]
fn crossed_and_locked_books() {
    assert_eq!(found(|it| rebid(it, 5, 12)), AuditError::Crossed(BOOK));
    let locked = found(|it| {
        rebid(it, 5, 11);
        set(it, ALICE, USD, 935, 65);
    });
    assert_eq!(locked, AuditError::Crossed(BOOK));
}

#[test]
fn levels_that_disagree_with_their_orders() {
    let bids = key_of(Side::Buy, Price::from_ticks(10));
    let level = |error| matches!(error, AuditError::Level(BOOK, _));
    assert!(level(found(|it| it.instruments[0].book.side_mut(Side::Buy).level_mut(bids).quantity += 1)));
    assert!(level(found(|it| it.instruments[0].book.side_mut(Side::Buy).level_mut(bids).tail = 0)));
    assert!(level(found(|it| it.orders.node_mut(1).prev = NONE)));
    assert!(level(found(|it| it.orders.node_mut(0).next = NONE)));
    assert!(level(found(|it| it.orders.detail_mut(0).quantity = 5)));
}

#[test]
fn orders_that_are_in_no_queue_or_counted_wrongly() {
    let error = found(|it| it.instruments[0].book.unrest(&mut it.orders, Side::Buy, 1, 1));
    assert_eq!(error, AuditError::Orders("not every open order is in a queue"));
    let error = found(|it| it.accounts.opened_mut(BOB).open_orders += 1);
    assert_eq!(error, AuditError::Orders("accounts count other orders than there are"));
}

#[test]
fn orders_of_accounts_that_may_not_trade() {
    let error = found(|it| it.accounts.opened_mut(BOB).permissions.trade = false);
    assert!(matches!(error, AuditError::Permission(order) if order.slot() == 2));
    let error = found(|it| it.accounts.opened_mut(BOB).killed = true);
    assert!(matches!(error, AuditError::Permission(order) if order.slot() == 2));
}

#[test]
fn orders_out_of_the_order_of_their_arrival() {
    let error = found(|it| it.orders.detail_mut(0).arrival = it.orders.detail(1).arrival);
    assert_eq!(error, AuditError::Level(BOOK, "orders are not in the order of their arrival"));
    let error = found(|it| it.last_arrival -= 1);
    assert_eq!(error, AuditError::Level(BOOK, "orders are not in the order of their arrival"));
}

#[test]
fn icebergs_that_show_too_much() {
    let error = found_in(rich(), |it| {
        it.orders.node_mut(5).leaves += 1;
        it.orders.detail_mut(5).hidden -= 1;
    });
    assert_eq!(error, AuditError::Level(BOOK, "an order shows more or less than it should"));
    let error = found(|it| {
        it.orders.node_mut(0).leaves -= 1;
        it.orders.detail_mut(0).hidden += 1;
    });
    assert_eq!(error, AuditError::Level(BOOK, "an order shows more or less than it should"));
}

#[test]
fn stops_that_should_have_gone_off_or_followed() {
    let at = |ticks| found_in(rich(), |it| it.instruments[0].session.last = Price::from_ticks(ticks));
    assert!(matches!(at(15), AuditError::Stop(BOOK, _)));
    assert_eq!(at(7), AuditError::Stop(BOOK, "the last price has reached it"));
    assert_eq!(at(11), AuditError::Stop(BOOK, "it has not followed the last price"));
    let error = found_in(rich(), |it| it.orders.terms_mut(4).extreme = Price::from_ticks(11));
    assert_eq!(error, AuditError::Stop(BOOK, "its stop price is not at its distance"));
}

#[test]
fn orders_that_a_phase_should_have_ended() {
    assert_eq!(found(|it| it.instruments[0].session.phase = Phase::Delisted), AuditError::Phase(BOOK));
    let error = found(|it| {
        it.orders.detail_mut(0).time_in_force = TimeInForce::Day;
        it.instruments[0].session.phase = Phase::Closed;
    });
    assert_eq!(error, AuditError::Phase(BOOK));
}

#[test]
fn broken_lists_of_accounts() {
    assert_eq!(found(|it| it.orders.detail_mut(1).older = NONE), AuditError::Orders("an account's list is broken"));
    let error = found(|it| it.accounts.opened_mut(ALICE).newest = 0);
    assert_eq!(error, AuditError::Orders("accounts count other orders than there are"));
    let error = found(|it| {
        let alice = it.accounts.opened_mut(ALICE);
        (alice.open_orders, alice.newest) = (1, 0);
        it.orders.detail_mut(0).newer = NONE;
    });
    assert_eq!(error, AuditError::Orders("an order is in no list"));
    let other = AuditError::Orders("an order holds of a balance that is not its owner's");
    assert_eq!(found(|it| it.orders.detail_mut(0).quote = it.orders.detail(2).quote), other);
}

#[test]
fn pairs_that_disagree() {
    let pair = |error| matches!(error, AuditError::Pair(_));
    assert!(pair(found_in(rich(), |it| it.orders.terms_mut(6).second = false)));
    assert!(pair(found_in(rich(), |it| it.orders.terms_mut(5).pair = NONE)));
    assert!(pair(found_in(rich(), |it| it.orders.terms_mut(6).pair = 2)));
}

#[test]
fn running_figures_that_are_wrong() {
    let error = AuditError::Figures(ALICE);
    assert_eq!(found_in(rich(), |it| it.risks.limits[0].positions[0].bids += 1), error);
    assert_eq!(found_in(rich(), |it| it.risks.limits[0].exposures[0].1 += 1), error);
    assert_eq!(found_in(rich(), |it| it.risks.limits[0].exposures.clear()), error);
    assert_eq!(found_in(rich(), |it| it.orders.detail_mut(1).tracked = false), error);
}

#[test]
fn ends_that_are_not_due() {
    let due = |error| matches!(error, AuditError::Due(_));
    assert!(due(found_in(rich(), |it| it.orders.terms_mut(5).expires = Timestamp::from_nanos(101))));
    assert!(due(found_in(rich(), |it| it.orders.terms_mut(5).expires = Timestamp::default())));
    assert!(due(found_in(rich(), |it| it.forget_expiry(5))));
}
