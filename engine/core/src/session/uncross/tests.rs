//! The auction's price against the rule itself, tried on every price there is.
#![allow(clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;

use super::clear;
use crate::book::{Ladder, key_of};
use crate::command::Side;
use crate::units::Price;

/// Every price that the small books are tried on: higher than all of theirs.
const PRICE_MAX: i64 = 64;

/// Orders of one side: price and lots.
type Orders = Vec<(i64, u64)>;

fn ladder(side: Side, orders: &[(i64, u64)]) -> Ladder {
    let mut ladder = Ladder::new();
    for &(price, lots) in orders {
        ladder.occupy(key_of(side, Price::from_ticks(price))).quantity += lots;
    }
    ladder
}

fn cleared(bids: &[(i64, u64)], asks: &[(i64, u64)], reference: Option<i64>) -> Option<(i64, u64, i128)> {
    let reference = reference.map_or(Price::NONE, Price::from_ticks);
    // What an earlier search left there does not matter.
    let mut levels = vec![(7, 7)];
    clear(&ladder(Side::Buy, bids), &ladder(Side::Sell, asks), reference, &mut levels)
        .map(|(price, volume, surplus)| (price.ticks(), volume, surplus))
}

/// The rule of *Uncross*, criterion by criterion over all prices.
fn tried(bids: &[(i64, u64)], asks: &[(i64, u64)], reference: Option<i64>) -> Option<(i64, u64, i128)> {
    let at = |price: i64| {
        let bid: u64 = bids.iter().filter(|order| order.0 >= price).map(|order| order.1).sum();
        let offered: u64 = asks.iter().filter(|order| order.0 <= price).map(|order| order.1).sum();
        (price, bid.min(offered), i128::from(bid) - i128::from(offered))
    };
    let mut left: Vec<_> = (1..=PRICE_MAX).map(at).collect();
    let most = left.iter().map(|it| it.1).max().filter(|&volume| volume > 0)?;
    left.retain(|it| it.1 == most);
    let least = left.iter().map(|it| it.2.abs()).min()?;
    left.retain(|it| it.2.abs() == least);
    let (lowest, highest) = (*left.first()?, *left.last()?);
    if left.iter().all(|it| it.2 > 0) {
        return Some(highest);
    }
    if left.iter().all(|it| it.2 < 0) {
        return Some(lowest);
    }
    let reference = reference.unwrap_or(i64::midpoint(lowest.0, highest.0));
    left.into_iter().min_by_key(|it| (it.0.abs_diff(reference), -it.0))
}

fn orders(most: usize) -> impl Strategy<Value = Orders> {
    vec((1_i64..=60, 1_u64..=4), 0..=most)
}

/// Few lots and few orders, so that volumes and surpluses are often equal; references inside, outside and absent.
fn books() -> impl Strategy<Value = (Orders, Orders, Option<i64>)> {
    (orders(6), orders(6), prop::option::of(1_i64..=90))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_price_is_the_one_the_rule_names_among_all((bids, asks, reference) in books()) {
        prop_assert_eq!(cleared(&bids, &asks, reference), tried(&bids, &asks, reference));
    }
}

#[test]
fn nothing_matches_without_a_crossing() {
    assert_eq!(cleared(&[], &[], Some(5)), None);
    assert_eq!(cleared(&[(10, 1)], &[], Some(5)), None);
    assert_eq!(cleared(&[], &[(10, 1)], Some(5)), None);
    assert_eq!(cleared(&[(10, 1)], &[(11, 1)], None), None);
}

#[test]
fn each_criterion_decides_where_those_before_it_leave_a_choice() {
    // Most volume: 5 lots at 10, though the surplus is less at 11, where 4 trade.
    assert_eq!(cleared(&[(12, 4), (10, 4)], &[(9, 2), (10, 3)], Some(12)), Some((10, 5, 3)));
    // Least surplus: 2 lots trade anywhere, but up to 15 three buys are left over, from 16 on one sell.
    assert_eq!(cleared(&[(20, 2), (15, 3)], &[(10, 2), (16, 1)], Some(12)), Some((16, 2, -1)));
    // Buys in surplus: the highest, whatever the reference; sells: the lowest.
    assert_eq!(cleared(&[(20, 3)], &[(10, 2)], Some(12)), Some((20, 2, 1)));
    assert_eq!(cleared(&[(20, 2)], &[(10, 3)], Some(18)), Some((10, 2, -1)));
    // No surplus: the reference, moved into the run; without one the middle, rounded down.
    assert_eq!(cleared(&[(20, 2)], &[(10, 2)], Some(12)), Some((12, 2, 0)));
    assert_eq!(cleared(&[(20, 2)], &[(10, 2)], Some(7)), Some((10, 2, 0)));
    assert_eq!(cleared(&[(20, 2)], &[(10, 2)], Some(25)), Some((20, 2, 0)));
    assert_eq!(cleared(&[(21, 2)], &[(10, 2)], None), Some((15, 2, 0)));
}

/// Up to 15 one lot more is bid than offered, above as many less: the surplus given is that at the price.
#[test]
fn surpluses_of_both_signs_leave_the_choice_to_the_reference() {
    let (bids, asks) = ([(20, 2), (15, 1)], [(10, 2), (16, 1)]);
    assert_eq!(cleared(&bids, &asks, Some(12)), Some((12, 2, 1)));
    assert_eq!(cleared(&bids, &asks, Some(15)), Some((15, 2, 1)));
    assert_eq!(cleared(&bids, &asks, Some(16)), Some((16, 2, -1)));
    assert_eq!(cleared(&bids, &asks, Some(90)), Some((20, 2, -1)));
    assert_eq!(cleared(&bids, &asks, None), Some((15, 2, 1)));
}

/// Two levels with all prices between them: the work is that of the levels, and no sum overflows.
#[test]
fn the_widest_book_is_found_at_once() {
    let (most, lots) = (1 << 62, 1 << 61);
    assert_eq!(cleared(&[(most, lots)], &[(1, lots)], None), Some((1 << 61, lots, 0)));
    assert_eq!(cleared(&[(most, lots)], &[(1, 1)], None), Some((most, 1, i128::from(lots) - 1)));
    assert_eq!(cleared(&[(most, lots)], &[(1, lots)], Some(most)), Some((most, lots, 0)));
}
