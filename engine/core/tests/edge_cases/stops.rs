//! Stops: when they go off, in which order, and what follows.

use cx_engine::command::{NewOrder, OrderKind, Side};
use cx_engine::units::{Price, Quantity, Trigger};
use cx_engine::{Command, Event};

use crate::script::{ALICE, BOB, BOOK, CAROL, Terms, check, limit, on_both};

#[test]
fn a_stop_goes_off_when_a_trade_reaches_it() {
    check(
        Terms::PLAIN,
        &[
            (
                "a sell stop is a market order from then on",
                "alice buys 5 @ 9 as b1
                 bob sells 5 stop 10 as t        > armed 5 at 10
                 bob has CO2                     > 999995 + 5
                 carol buys 1 @ 11 as b2
                 alice sells 1 @ 11              > trade 1 @ 11 with b2 (0 left, 0 to go)
                 carol buys 1 @ 10 as b3
                 alice sells 1 @ 10              > trade 1 @ 10 with b3 (0 left, 0 to go); t goes off at 10; trade 5 @ 9 with b1 (0 left, 0 to go)
                 bob has CO2                     > 999995 + 0",
            ),
            (
                "a buy stop holds at its stop price and pays more from what is available",
                "alice sells 2 @ 12 as s1
                 bob buys 2 stop 11 as t         > armed 2 at 11
                 bob has USD                     > 999978 + 22
                 carol sells 1 @ 11 as s2
                 alice buys 1 @ 11               > trade 1 @ 11 with s2 (0 left, 0 to go); t goes off at 11; trade 2 @ 12 with s1 (0 left, 0 to go)
                 bob has USD                     > 999976 + 0",
            ),
            (
                "at once, when the last price has reached it already",
                "alice sells 1 @ 10 as s1
                 carol buys 1 @ 10
                 bob sells 5 stop 10 as t1       > armed 5 at 10; t1 goes off at 10; ends 5 (no_liquidity)
                 bob sells 5 stop 9 as t2        > armed 5 at 9
                 bob buys 5 stop 10 as t3        > armed 5 at 10; t3 goes off at 10; ends 5 (no_liquidity)
                 bob buys 5 stop 11 as t4        > armed 5 at 11
                 bob cancels t2                  > disarmed t2 5 (requested)
                 bob cancels all                 > disarmed t4 5 (mass_cancel); all 1 cancelled
                 bob has USD                     > 1000000 + 0",
            ),
            (
                "a stop with a limit rests with what is left",
                "carol buys 1 @ 10 as b1
                 carol buys 2 @ 9 as b2
                 bob sells 5 @ 9 stop 10 as t    > armed 5 at 10
                 alice sells 1 @ 10              > trade 1 @ 10 with b1 (0 left, 0 to go); t goes off at 10; trade 2 @ 9 with b2 (0 left, 3 to go); rests 3 @ 9
                 asks                            > 9: 3 (1)",
            ),
            (
                "several that the last price has reached, though the first of them moves it away",
                "alice sells 1 @ 10
                 carol buys 1 @ 10
                 phase opening_auction
                 bob sells 1 stop 12 as t1
                 bob sells 1 stop 11 as t2
                 carol buys 2 @ 20 as b1
                 phase continuous                > uncrossed nothing; continuous; t1 goes off at 12; trade 1 @ 20 with b1 (1 left, 0 to go); t2 goes off at 11; trade 1 @ 20 with b1 (0 left, 0 to go)",
            ),
            (
                "not by trades from before it was armed",
                "alice sells 1 @ 10
                 carol buys 1 @ 10
                 alice sells 1 @ 20
                 carol buys 1 @ 20
                 bob sells 1 stop 15 as t        > armed 1 at 15
                 bob buys 1 stop 21 as u         > armed 1 at 21",
            ),
        ],
    );
}

#[test]
fn a_gap_sets_them_off_in_their_order() {
    check(
        Terms::PLAIN,
        &[
            (
                "sells: highest stop price first, first come first served",
                "alice buys 1 @ 5 as b1
                 bob sells 1 @ 500 stop 8 as t8
                 bob sells 1 @ 500 stop 10 as t10
                 bob sells 1 @ 500 stop 9 as t9
                 bob sells 1 @ 500 stop 10 as u10
                 bob sells 1 @ 500 stop 4 as t4
                 carol sells 1 @ 5               > trade 1 @ 5 with b1 (0 left, 0 to go); t10 goes off at 10; rests 1 @ 500; u10 goes off at 10; rests 1 @ 500; t9 goes off at 9; rests 1 @ 500; t8 goes off at 8; rests 1 @ 500",
            ),
            (
                "buys: lowest stop price first",
                "alice sells 1 @ 20 as s1
                 bob buys 1 @ 1 stop 12 as t12
                 bob buys 1 @ 1 stop 11 as t11
                 bob buys 1 @ 1 stop 20 as t20
                 bob buys 1 @ 1 stop 11 as u11
                 bob buys 1 @ 1 stop 21 as t21
                 carol buys 1 @ 20               > trade 1 @ 20 with s1 (0 left, 0 to go); t11 goes off at 11; rests 1 @ 1; u11 goes off at 11; rests 1 @ 1; t12 goes off at 12; rests 1 @ 1; t20 goes off at 20; rests 1 @ 1",
            ),
            (
                "a sweep reaches both sides with its lowest and highest price: buys first",
                "alice sells 1 @ 10 as s1
                 alice sells 1 @ 12 as s2
                 bob sells 1 @ 500 stop 10 as down
                 bob buys 1 @ 1 stop 12 as up
                 carol buys 2 @ 12               > trade 1 @ 10 with s1 (0 left, 1 to go); trade 1 @ 12 with s2 (0 left, 0 to go); up goes off at 12; rests 1 @ 1; down goes off at 10; rests 1 @ 500",
            ),
        ],
    );
}

#[test]
fn amending_arms_a_stop_again() {
    check(
        Terms::PLAIN,
        &[
            (
                "at the back, whatever changed",
                "bob sells 5 stop 10 as t1
                 alice sells 1 stop 9 as t2
                 bob amends t1 to 5 stop 9       > amended 0 @ 0 to 5 @ 0 at the back; armed 5 at 9
                 bob amends t1 to 3              > amended 0 @ 0 to 3 @ 0 at the back; armed 3 at 9
                 bob has CO2                     > 999997 + 3
                 bob amends t1 to 3              > refused no_change
                 bob amends t1 to 3 stop 9       > refused no_change
                 bob amends t1 to 3 @ 5          > refused invalid_combination
                 bob amends t1 to 3 stop 1001    > refused invalid_price
                 carol buys 1 @ 9 as b1
                 carol sells 1 @ 9 cancel_oldest > cancelled b1 1 (self_trade); rests 1 @ 9
                 bob buys 1 @ 9                  > trade 1 @ 9 with ? (0 left, 0 to go); t2 goes off at 9; ends 1 (no_liquidity); t1 goes off at 9; ends 3 (no_liquidity)",
            ),
        ],
    );
}

/// How many stops each set the next one off.
const CHAIN: i64 = 1_000;

#[test]
fn a_thousand_stops_set_each_other_off() {
    for side in [Side::Buy, Side::Sell] {
        on_both(Terms::PLAIN, |desk| {
            // One lot at each price, and a stop at each: the fill of one reaches the next.
            for ticks in 1..=CHAIN {
                desk.rest(ALICE, side.opposite(), 1, ticks);
                let trigger = Trigger::at(Price::from_ticks(ticks));
                let stop = NewOrder { kind: OrderKind::Stop, price: Price::NONE, trigger, ..limit(BOB, side, 1, 0) };
                assert!(matches!(desk.apply(&Command::Place(stop)), [Event::OrderAccepted(_), Event::StopArmed(_)]));
            }
            let first = NewOrder::market(CAROL, BOOK, side, Quantity::from_lots(1));
            let events = desk.apply(&Command::Place(first));
            let walked: Vec<i64> = if side == Side::Buy { (1..=CHAIN).collect() } else { (1..=CHAIN).rev().collect() };
            let traded: Vec<i64> = events.iter().filter_map(price_of_trade).collect();
            let gone: Vec<i64> = events.iter().filter_map(price_of_stop).collect();
            assert_eq!(traded, walked);
            assert_eq!(gone, walked);
            // The acceptance, a trade and a trigger at each price, and the end of the last stop.
            assert_eq!(events.len(), 2 + 2 * traded.len());
            assert!(matches!(events.last(), Some(Event::OrderCancelled(_))));
            assert_eq!(desk.venue.orders(), []);
            desk.venue.check();
        });
    }
}

fn price_of_trade(event: &Event) -> Option<i64> {
    if let Event::Trade(it) = event { Some(it.price.ticks()) } else { None }
}

fn price_of_stop(event: &Event) -> Option<i64> {
    if let Event::OrderTriggered(it) = event { Some(it.stop_price.ticks()) } else { None }
}
