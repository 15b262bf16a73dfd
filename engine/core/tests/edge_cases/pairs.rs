//! Pairs: one cancels the other.

use crate::script::{Terms, check};

#[test]
fn one_cancels_the_other() {
    check(
        Terms::PLAIN,
        &[
            (
                "before it trades",
                "alice sells 5 @ 12 as tp
                 alice sells 5 stop 8 oco tp as sl > armed 5 at 8
                 alice has CO2                   > 999995 + 5
                 bob buys 2 @ 12                 > disarmed sl 5 (paired); trade 2 @ 12 with tp (3 left, 0 to go)
                 alice has CO2                   > 999995 + 3",
            ),
            (
                "before it goes off",
                "alice sells 5 @ 12 as tp
                 alice sells 5 stop 8 oco tp as sl
                 carol buys 1 @ 8 as b1
                 carol buys 4 @ 7 as b2
                 bob sells 1 @ 8                 > trade 1 @ 8 with b1 (0 left, 0 to go); cancelled tp 5 (paired); sl goes off at 8; trade 4 @ 7 with b2 (0 left, 1 to go); ends 1 (no_liquidity)
                 alice has CO2                   > 999996 + 0",
            ),
            (
                "after it ends, either way",
                "alice sells 5 @ 12 as a1
                 alice sells 5 stop 8 oco a1 as a2
                 alice cancels a1                > cancelled a1 5 (requested); disarmed a2 5 (paired)
                 alice sells 5 @ 12 as a3
                 alice sells 5 stop 8 oco a3 as a4
                 alice cancels a4                > disarmed a4 5 (requested); cancelled a3 5 (paired)
                 alice has CO2                   > 1000000 + 0",
            ),
            (
                "cancelled once in a mass cancel",
                "alice sells 5 @ 12 as a1
                 alice sells 5 @ 13 oco a1 as a2
                 alice sells 5 @ 14 as a3
                 alice cancels all               > cancelled a1 5 (mass_cancel); cancelled a2 5 (paired); cancelled a3 5 (mass_cancel); all 2 cancelled",
            ),
            (
                "when the new one executes at once",
                "bob sells 2 @ 11 as s1
                 alice buys 5 @ 10 as b1
                 alice buys 5 @ 11 oco b1 as b2  > cancelled b1 5 (paired); trade 2 @ 11 with s1 (0 left, 3 to go); rests 3 @ 11
                 alice has USD                   > 999945 + 33",
            ),
        ],
    );
}

#[test]
fn both_in_one_sweep() {
    check(
        Terms::PLAIN,
        &[
            (
                "only the one that is met first trades, and counts",
                "alice sells 5 @ 10 as a1
                 alice sells 5 @ 11 oco a1 as a2
                 bob buys 6 @ 11 fok             > ends 6 (fill_or_kill)
                 bob buys 10 @ 11 ioc            > cancelled a2 5 (paired); trade 5 @ 10 with a1 (0 left, 5 to go); ends 5 (immediate_or_cancel)",
            ),
            (
                "a stop is not met, so the other counts",
                "alice sells 5 @ 12 as tp
                 alice sells 5 stop 8 oco tp as sl
                 bob buys 5 @ 12 fok             > disarmed sl 5 (paired); trade 5 @ 12 with tp (0 left, 0 to go)",
            ),
            (
                "the new one is reduced, and leaves its pair before",
                "alice sells 3 @ 10 as s1
                 alice buys 5 @ 5 as b1
                 alice buys 5 @ 10 decrement oco b1 as b2 > cancelled s1 3 (self_trade); cancelled b1 5 (paired); reduced by 3 to 2; rests 2 @ 10
                 alice has USD                   > 999980 + 20",
            ),
            (
                "both of one level, when all of an instrument's orders end",
                "alice sells 5 @ 20 as a1
                 alice sells 4 @ 20 oco a1 as a2
                 bob sells 1 @ 20 as s1
                 phase delisted                  > delisted; cancelled a1 5 (delisted); cancelled a2 4 (paired); cancelled s1 1 (delisted)",
            ),
        ],
    );
}

#[test]
fn a_pair_holds_what_the_larger_needs() {
    check(
        Terms::PLAIN,
        &[
            (
                "the second what it needs beyond the first",
                "alice buys 5 @ 10 as b1
                 alice buys 5 @ 11 oco b1 as b2
                 alice has USD                   > 999945 + 55
                 bob sells 2 @ 11                > cancelled b1 5 (paired); trade 2 @ 11 with b2 (3 left, 0 to go)
                 alice has USD                   > 999945 + 33",
            ),
            (
                "when the first is the larger, the second holds nothing",
                "alice buys 5 @ 11 as b1
                 alice buys 5 @ 10 oco b1 as b2
                 alice has USD                   > 999945 + 55
                 alice cancels b2                > cancelled b2 5 (requested); cancelled b1 5 (paired)
                 alice has USD                   > 1000000 + 0",
            ),
        ],
    );
}

#[test]
fn what_can_be_paired() {
    check(
        Terms::PLAIN,
        &[(
            "own open orders of the same side that are not paired",
            "alice sells 5 @ 20 as a1
                 bob sells 5 @ 20 oco a1         > refused unknown_order
                 alice buys 5 @ 5 oco a1         > refused invalid_combination
                 alice sells 5 @ 20 ioc oco a1   > refused invalid_combination
                 alice sells 5 @ 21 oco a1 as a2 > rests 5 @ 21
                 alice sells 5 @ 22 oco a1       > refused linked_order
                 alice buys 5 @ 5 oco a2         > refused linked_order
                 alice amends a1 to 4 @ 20       > refused linked_order
                 alice cancels a1
                 alice sells 5 @ 20 oco a1       > refused unknown_order",
        )],
    );
}

#[test]
fn a_fill_or_kill_order_must_be_able_to_pay_past_a_pair() {
    check(
        Terms { cash: 105, ..Terms::PLAIN },
        &[(
            "the walk counts both of a pair, the order only one",
            "carol sells 5 @ 10 as a1
             carol sells 5 @ 11 oco a1 as a2
             alice sells 5 @ 15 as s1
             bob buys 10 market fok          > ends 10 (fill_or_kill)
             bob buys 10 market              > cancelled a2 5 (paired); trade 5 @ 10 with a1 (0 left, 5 to go); trade 3 @ 15 with s1 (2 left, 2 to go); ends 2 (insufficient_funds)
             bob has USD                     > 10 + 0",
        ),
        (
            "to the last unit",
            "alice sells 21 @ 5 as s1
             bob buys 21 market fok          > trade 21 @ 5 with s1 (0 left, 0 to go)
             bob has USD                     > 0 + 0",
        )],
    );
}
