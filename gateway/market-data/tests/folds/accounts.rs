//! Orders, reports and balances by example.

use crate::venue::{CASH, Venue, limit, named};
use cx_engine::command::{NewOrder, OrderKind, Side, TimeInForce};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, Seq};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Amount, Price, Quantity};
use cx_market_data::{Accounts, Balance, ExecType, ExecutionReport, Liquidity, OrderStatus, Retention};

const CREDITS: AssetId = AssetId::new(1);
const ONE: AccountId = AccountId::new(1);
const TWO: AccountId = AccountId::new(2);

fn balance(available: i64, held: i64) -> Balance {
    Balance { available: Amount::from_minor(available), held: Amount::from_minor(held) }
}

fn kinds(reports: &[ExecutionReport]) -> Vec<(u32, u64, &'static str, &'static str)> {
    let brief = |r: &ExecutionReport| (r.order.account.get(), r.number, r.exec_type.code(), r.order.status.code());
    reports.iter().map(brief).collect()
}

#[test]
fn a_trade_moves_cash_credits_and_fees_and_reports_to_both_sides() {
    let mut venue = Venue::small();
    venue.place(limit(1, Side::Sell, 100, 10));
    assert_eq!(venue.accounts.balance(ONE, CREDITS), balance(490, 10));
    venue.place(limit(2, Side::Buy, 105, 16));

    // 100 ticks x 10 lots x 100 = 100,000; the maker pays 5 bp of it, the taker 10 bp; 6 lots rest at 105 with the higher fee.
    assert_eq!(venue.accounts.balance(ONE, CASH), balance(2_000_000 + 100_000 - 50, 0));
    assert_eq!(venue.accounts.balance(ONE, CREDITS), balance(490, 0));
    assert_eq!(venue.accounts.balance(TWO, CASH), balance(2_000_000 - 100_000 - 100 - 63_063, 63_063));
    assert_eq!(venue.accounts.balance(TWO, CREDITS), balance(510, 0));
    assert_eq!(venue.accounts.balance(AccountId::VENUE, CASH), balance(150, 0));

    let reports = &venue.updates.reports;
    assert_eq!(kinds(reports), [(2, 1, "new", "open"), (1, 2, "trade", "filled"), (2, 2, "trade", "partially_filled")]);
    let (maker, taker) = (reports[1].fill.unwrap(), reports[2].fill.unwrap());
    assert_eq!((maker.liquidity, maker.fee, maker.side), (Liquidity::Maker, 50, Side::Sell));
    assert_eq!((taker.liquidity, taker.fee, taker.leaves), (Liquidity::Taker, 100, Quantity::from_lots(6)));
    assert_eq!(reports[2].order.average_price(), Some((100_000, 10)));
    let changed: Vec<_> = venue.updates.balances.iter().map(|u| (u.account.get(), u.asset.get())).collect();
    assert_eq!(changed, [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1)]);
}

#[test]
fn an_average_over_several_prices_is_an_exact_fraction() {
    let mut venue = Venue::small();
    venue.place(limit(1, Side::Sell, 100, 1));
    venue.place(limit(1, Side::Sell, 101, 2));
    let (_, seq) = venue.place(limit(2, Side::Buy, 101, 3));
    let order = venue.accounts.order(TWO, seq).unwrap();
    assert_eq!(order.average_price(), Some((30_200, 3)));
    assert_eq!((order.status, order.closed_at()), (OrderStatus::Filled, Some(order.updated_at)));
}

#[test]
fn an_amend_reports_replaced_and_keeps_what_was_filled() {
    let mut venue = Venue::small();
    let (order, seq) = venue.place(limit(1, Side::Buy, 100, 10));
    venue.place(limit(2, Side::Sell, 100, 4));
    venue.amend(1, order, 90, 12);
    assert_eq!(kinds(&venue.updates.reports), [(1, 3, "replaced", "partially_filled")]);
    let state = venue.accounts.order(ONE, seq).unwrap();
    assert_eq!(
        (state.quantity, state.leaves, state.filled),
        (Quantity::from_lots(12), Quantity::from_lots(8), Quantity::from_lots(4))
    );
    assert_eq!(venue.accounts.balance(ONE, CASH).held, Amount::from_minor(72_072));
    // Now it crosses and fills as taker, under the same handle.
    venue.place(limit(2, Side::Sell, 95, 8));
    venue.amend(1, order, 96, 12);
    assert_eq!(
        kinds(&venue.updates.reports),
        [(1, 4, "replaced", "partially_filled"), (2, 4, "trade", "filled"), (1, 5, "trade", "filled")]
    );
    assert!(venue.accounts.open_order(order).is_none());
    assert_eq!(venue.accounts.order(ONE, seq).unwrap().status, OrderStatus::Filled);
    assert_eq!(venue.accounts.balance(ONE, CASH).held, Amount::ZERO);
}

#[test]
fn orders_that_end_on_arrival_are_cancelled_with_the_reason() {
    let mut venue = Venue::small();
    venue.place(limit(1, Side::Sell, 100, 5));
    let ioc = NewOrder { time_in_force: TimeInForce::ImmediateOrCancel, ..limit(2, Side::Buy, 100, 8) };
    let (_, seq) = venue.place(ioc);
    let state = *venue.accounts.order(TWO, seq).unwrap();
    assert_eq!(state.status, OrderStatus::Cancelled(CancelReason::ImmediateOrCancel));
    assert_eq!((state.filled, state.leaves, state.resting), (Quantity::from_lots(5), Quantity::ZERO, false));
    let market = NewOrder { kind: OrderKind::Market, price: Price::NONE, ..ioc };
    let (_, seq) = venue.place(market);
    assert_eq!(venue.accounts.order(TWO, seq).unwrap().status, OrderStatus::Cancelled(CancelReason::NoLiquidity));
    assert_eq!(kinds(&venue.updates.reports), [(2, 4, "new", "open"), (2, 5, "cancelled", "cancelled")]);
    assert!(venue.updates.balances.is_empty(), "a hold taken and given back in one command is no change");
}

#[test]
fn orders_are_found_by_client_id_also_refused_ones() {
    let mut venue = Venue::small();
    let id = |text: &str| ClientOrderId::new(text).unwrap();
    let (order, accepted) = venue.place(named(limit(1, Side::Sell, 100, 5), "a"));
    let (_, refused) = venue.place(named(limit(1, Side::Sell, 100, 5_000), "b"));
    assert_eq!(kinds(&venue.updates.reports), [(1, 2, "rejected", "rejected")]);
    let of = |venue: &Venue, text: &str| *venue.accounts.order_by_client_id(ONE, &id(text)).unwrap();
    assert_eq!((of(&venue, "a").order, of(&venue, "a").accepted), (order, accepted));
    assert_eq!(of(&venue, "b").accepted, refused);
    assert_eq!(of(&venue, "b").status, OrderStatus::Rejected(Reject::InsufficientCredits));
    // A duplicate is refused and reported, but the id stays with the first order.
    let (_, duplicate) = venue.place(named(limit(1, Side::Sell, 101, 5), "a"));
    assert_eq!(of(&venue, "a").accepted, accepted);
    let status = venue.accounts.order(ONE, duplicate).unwrap().status;
    assert_eq!(status, OrderStatus::Rejected(Reject::DuplicateClientOrderId));
    // The same order again changes and reports nothing.
    venue.place(named(limit(1, Side::Sell, 100, 5), "a"));
    assert!(venue.updates.reports.is_empty() && venue.updates.balances.is_empty());
    // Other accounts see nothing of it.
    assert!(venue.accounts.order_by_client_id(TWO, &id("a")).is_none());
    assert!(venue.accounts.order(TWO, accepted).is_none());
    assert!(venue.accounts.order(TWO, refused).is_none());
    // Closed, it is still found.
    venue.cancel(1, order);
    assert_eq!(of(&venue, "a").status, OrderStatus::Cancelled(CancelReason::Requested));
}

#[test]
fn an_unknown_account_leaves_no_trace() {
    let mut venue = Venue::small();
    let (_, seq) = venue.place(named(limit(77, Side::Buy, 100, 5), "x"));
    assert!(venue.updates.reports.is_empty());
    assert!(venue.accounts.order(AccountId::new(77), seq).is_none());
    assert_eq!(venue.accounts.report_number(AccountId::new(77)), 0);
}

#[test]
fn open_orders_come_newest_first_and_leave_when_they_end() {
    let mut venue = Venue::small();
    let orders: Vec<_> = (0..4).map(|n| venue.place(limit(1, Side::Buy, 90 + n, 1)).0).collect();
    venue.cancel(1, orders[1]);
    venue.place(limit(1, Side::Buy, 80, 1)); // takes the freed slot
    let prices: Vec<i64> = venue.accounts.open_orders(ONE).map(|order| order.price.ticks()).collect();
    assert_eq!(prices, [80, 93, 92, 90]);
    assert!(venue.accounts.open_order(orders[1]).is_none(), "a stale handle finds nothing");
    assert_eq!(venue.accounts.open_orders(TWO).count(), 0);
}

#[test]
fn closed_orders_and_reports_are_bounded_over_the_venue() {
    let mut venue = Venue::new(Retention::default(), Accounts::new(2, 3), 1, 2);
    let mut seqs: Vec<Seq> = Vec::new();
    for name in ["a", "b", "c"] {
        let (order, seq) = venue.place(named(limit(1, Side::Buy, 90, 1), name));
        seqs.push(seq);
        venue.cancel(1, order);
    }
    assert!(venue.accounts.order(ONE, seqs[0]).is_none());
    assert!(venue.accounts.order_by_client_id(ONE, &ClientOrderId::new("a").unwrap()).is_none());
    let kept: Vec<Seq> = venue.accounts.closed_orders(ONE).map(|order| order.accepted).collect();
    assert_eq!(kept, [seqs[2], seqs[1]]);
    assert_eq!(venue.accounts.report_number(ONE), 6);
    assert!(venue.accounts.reports_since(ONE, 2).is_none());
    let reports = venue.accounts.reports_since(ONE, 3).unwrap();
    assert_eq!(
        kinds(&reports),
        [(1, 4, "cancelled", "cancelled"), (1, 5, "new", "open"), (1, 6, "cancelled", "cancelled")]
    );
    assert_eq!(venue.accounts.reports_since(ONE, 6), Some(Vec::new()));
    assert!(venue.accounts.reports_since(ONE, 7).is_none(), "nobody has seen that yet");
    assert_eq!(reports[1].exec_type, ExecType::New);
}
