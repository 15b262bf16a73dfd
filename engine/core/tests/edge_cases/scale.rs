//! Many orders: deep queues, long sweeps, books with holes.

use cx_engine::command::{CancelAll, CancelOrder, Side};
use cx_engine::ids::OrderId;
use cx_engine::units::Quantity;
use cx_engine::{Command, Event};

use crate::script::{ALICE, BOB, BOOK, CAROL, CO2, Desk, Terms, USD, limit, on_both};

const MANY: u64 = 5_000;

fn makers(events: &[Event]) -> Vec<(OrderId, Quantity)> {
    let trades = events.iter().filter_map(|event| match event {
        Event::Trade(trade) => Some((trade.maker_order, trade.quantity)),
        _ => None,
    });
    trades.collect()
}

fn cancel(desk: &mut Desk, order: OrderId) {
    let events = desk.apply(&Command::Cancel(CancelOrder { account: ALICE, order }));
    assert!(matches!(events, [Event::OrderCancelled(_)]), "{events:?}");
}

#[test]
fn five_thousand_fills_at_one_price() {
    for side in [Side::Buy, Side::Sell] {
        on_both(Terms::PLAIN, |desk| {
            let resting: Vec<_> = (0..MANY).map(|_| (desk.rest(ALICE, side, 1, 10), Quantity::from_lots(1))).collect();
            let aggressor = limit(BOB, side.opposite(), MANY, 10);
            let filled = makers(desk.apply(&Command::Place(aggressor)));
            assert_eq!(filled, resting, "first come, first served");
            assert_eq!(desk.venue.orders(), []);
            assert_eq!(desk.venue.levels(BOOK, side, 1), []);
            desk.venue.check();
        });
    }
}

#[test]
fn scattered_cancels_in_a_deep_queue() {
    on_both(Terms::PLAIN, |desk| {
        let resting: Vec<OrderId> = (0..MANY).map(|_| desk.rest(ALICE, Side::Sell, 2, 10)).collect();
        // A fixed walk through the queue that leaves every seventh order.
        for step in 0..resting.len() {
            let place = step * 2_741 % resting.len();
            if !place.is_multiple_of(7) {
                cancel(desk, resting[place]);
            }
        }
        let left: Vec<_> = resting.iter().copied().step_by(7).map(|order| (order, Quantity::from_lots(2))).collect();
        let lots = 2 * u128::try_from(left.len()).unwrap();
        assert_eq!(desk.venue.levels(BOOK, Side::Sell, 9), [(limit(ALICE, Side::Sell, 1, 10).price, lots, left.len())]);
        desk.venue.check();
        let filled = makers(desk.apply(&Command::Place(limit(BOB, Side::Buy, MANY * 2, 10))));
        assert_eq!(filled, left, "the queue's order survives");
        desk.venue.check();
    });
}

#[test]
fn a_wide_book_with_holes_is_swept_in_order() {
    for side in [Side::Buy, Side::Sell] {
        on_both(Terms { price_max: 1_000_000, cash: 1 << 50, ..Terms::PLAIN }, |desk| {
            // Levels at irregular distances over the whole domain, then holes in between.
            let prices: Vec<i64> = (1..1_000).map(|n: i64| 1 + n * n % 999_983).collect();
            let resting: Vec<(i64, OrderId)> =
                prices.iter().map(|&ticks| (ticks, desk.rest(ALICE, side, 3, ticks))).collect();
            let mut left = Vec::new();
            for (number, &(ticks, order)) in resting.iter().enumerate() {
                if number % 3 == 1 {
                    cancel(desk, order);
                } else {
                    left.push((ticks, number, order));
                }
            }
            desk.venue.check();
            left.sort_by_key(|&(ticks, number, _)| (if side == Side::Sell { ticks } else { -ticks }, number));
            let expected: Vec<OrderId> = left.iter().map(|&(_, _, order)| order).collect();
            let limit_ticks = if side == Side::Sell { 1_000_000 } else { 1 };
            let sweep = limit(BOB, side.opposite(), 3 * u64::try_from(left.len()).unwrap(), limit_ticks);
            let filled: Vec<OrderId> =
                makers(desk.apply(&Command::Place(sweep))).into_iter().map(|(order, _)| order).collect();
            assert_eq!(filled, expected);
            assert_eq!(desk.venue.orders(), []);
            desk.venue.check();
        });
    }
}

#[test]
fn draining_brings_every_hold_to_nothing() {
    on_both(Terms { fees: (777, 333), ..Terms::PLAIN }, |desk| {
        for round in 0..400_i64 {
            for account in [ALICE, BOB, CAROL] {
                let away = 1 + (round * 7 + i64::from(account.get())) % 13;
                desk.rest(account, Side::Buy, 1 + round.unsigned_abs() % 5, 500 - away);
                desk.rest(account, Side::Sell, 1 + round.unsigned_abs() % 3, 500 + away);
            }
            let aggressor = limit(if round % 2 == 0 { ALICE } else { BOB }, Side::Buy, 2, 503);
            desk.apply(&Command::Place(aggressor));
        }
        desk.venue.check();
        for account in [ALICE, BOB, CAROL] {
            desk.apply(&Command::CancelAll(CancelAll { account, instrument: Some(BOOK), side: None }));
            assert_eq!(desk.venue.holding(account, USD).1, 0);
            assert_eq!(desk.venue.holding(account, CO2).1, 0);
        }
        assert_eq!(desk.venue.orders(), []);
        desk.venue.check();
    });
}
