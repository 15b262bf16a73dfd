//! Each broken invariant is seen: a sound exchange is damaged in one place at a time.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::accounts::Balance;
use crate::book::key_of;
use crate::command::{
    AssetClass, Command, Movement, NewAsset, NewInstrument, NewOrder, OrderKind, Permissions, SetPermissions,
    TimeInForce,
};
use crate::ids::Symbol;
use crate::units::{FeeRate, Price, Timestamp};

const USD: AssetId = AssetId::new(0);
const CO2: AssetId = AssetId::new(1);
const ALICE: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);
const BOOK: InstrumentId = InstrumentId::new(0);

fn apply(exchange: &mut Exchange, command: &Command) {
    exchange.apply(exchange.seq().next(), Timestamp::default(), command, &mut Vec::new());
}

fn order(account: AccountId, side: Side, lots: u64, ticks: i64) -> Command {
    Command::Place(NewOrder {
        account,
        instrument: BOOK,
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::GoodTillCancelled,
        post_only: false,
        price: Price::from_ticks(ticks),
        quantity: Quantity::from_lots(lots),
        client_order_id: None,
    })
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

fn found(damage: impl FnOnce(&mut Exchange)) -> AuditError {
    let mut exchange = sound();
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
    book.unrest(&mut exchange.orders, Side::Buy, 0);
    let node = exchange.orders.node_mut(0);
    (node.leaves, node.key) = (lots, key_of(Side::Buy, Price::from_ticks(ticks)));
    book.rest(&mut exchange.orders, Side::Buy, 0);
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
    let error = found(|it| it.instruments[0].book.unrest(&mut it.orders, Side::Buy, 1));
    assert_eq!(error, AuditError::Orders("not every open order is in a queue"));
    let error = found(|it| it.accounts.opened_mut(BOB).open_orders += 1);
    assert_eq!(error, AuditError::Orders("accounts count other orders than there are"));
}

#[test]
fn orders_of_accounts_that_may_not_trade() {
    let error = found(|it| it.accounts.opened_mut(BOB).permissions.trade = false);
    assert!(matches!(error, AuditError::Permission(order) if order.slot() == 2));
}
