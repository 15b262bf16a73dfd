//! Self-trade prevention: each mode, with each time in force, over parts and groups.

use crate::script::{Terms, check};

#[test]
fn the_resting_order_may_give_way() {
    check(
        Terms::PLAIN,
        &[
            (
                "cancel_oldest: and matching goes on",
                "alice sells 5 @ 10 as s1
                 bob sells 5 @ 10 as s2
                 alice buys 7 @ 10 cancel_oldest > cancelled s1 5 (self_trade); trade 5 @ 10 with s2 (0 left, 2 to go); rests 2 @ 10
                 alice has CO2                   > 1000005 + 0",
            ),
            (
                "cancel_both",
                "alice sells 5 @ 10 as s1
                 bob sells 5 @ 10 as s2
                 alice buys 7 @ 10 cancel_both   > cancelled s1 5 (self_trade); ends 7 (self_trade)
                 asks                            > 10: 5 (1)",
            ),
            (
                "the choice of the aggressor counts",
                "alice sells 5 @ 10 cancel_oldest as s1
                 alice buys 5 @ 10               > ends 5 (self_trade)
                 asks                            > 10: 5 (1)",
            ),
            (
                "it is kept when the order is amended",
                "alice buys 5 @ 9 cancel_oldest as b1
                 alice sells 5 @ 10 as s1
                 alice amends b1 to 5 @ 10       > amended 5 @ 9 to 5 @ 10 at the back; cancelled s1 5 (self_trade); rests 5 @ 10",
            ),
            (
                "and when a stop goes off",
                "alice buys 5 stop 11 cancel_oldest as t
                 alice sells 5 @ 12 as s1
                 bob sells 1 @ 11 as s2
                 carol buys 1 @ 11               > trade 1 @ 11 with s2 (0 left, 0 to go); t goes off at 11; cancelled s1 5 (self_trade); ends 5 (no_liquidity)",
            ),
        ],
    );
}

#[test]
fn decrement_takes_from_both() {
    check(
        Terms::PLAIN,
        &[
            (
                "the aggressor is larger",
                "alice sells 5 @ 10 as s1
                 bob sells 5 @ 10 as s2
                 alice buys 7 @ 10 decrement     > cancelled s1 5 (self_trade); reduced by 5 to 2; trade 2 @ 10 with s2 (3 left, 0 to go)
                 alice has CO2                   > 1000002 + 0",
            ),
            (
                "the aggressor is smaller",
                "alice sells 5 @ 10 as s1
                 alice buys 3 @ 10 decrement     > s1 reduced by 3 to 2; ends 3 (self_trade)
                 alice has CO2                   > 999998 + 2
                 alice has USD                   > 1000000 + 0",
            ),
            (
                "the total shrinks too",
                "alice sells 5 @ 10 as s1
                 alice buys 3 @ 10 decrement
                 alice amends s1 to 2 @ 10       > refused no_change
                 alice amends s1 to 1 @ 10       > amended 2 @ 10 to 1 @ 10 in place",
            ),
            (
                "both are equal",
                "alice buys 5 @ 10 as b1
                 alice sells 5 @ 10 decrement    > cancelled b1 5 (self_trade); ends 5 (self_trade)
                 bids                            > none",
            ),
            (
                "part by part of an iceberg",
                "alice sells 5 @ 10 show 2 as i
                 bob sells 1 @ 10 as s1
                 alice buys 4 @ 10 decrement     > i reduced by 2 to 3; i shows 2 of 3; reduced by 2 to 2; trade 1 @ 10 with s1 (0 left, 1 to go); i reduced by 1 to 2; ends 1 (self_trade)",
            ),
        ],
    );
}

#[test]
fn modes_and_times_in_force() {
    check(
        Terms::PLAIN,
        &[
            (
                "immediate-or-cancel",
                "alice sells 5 @ 10 as s1
                 alice buys 7 @ 10 ioc decrement > cancelled s1 5 (self_trade); reduced by 5 to 2; ends 2 (immediate_or_cancel)
                 alice sells 5 @ 10 as s2
                 alice buys 7 @ 10 ioc cancel_oldest > cancelled s2 5 (self_trade); ends 7 (immediate_or_cancel)
                 alice sells 5 @ 10 as s3
                 alice buys 7 market cancel_both > cancelled s3 5 (self_trade); ends 7 (self_trade)",
            ),
            (
                "fill-or-kill passes over own orders only when they would go",
                "alice sells 5 @ 10 as s1
                 bob sells 5 @ 11 as s2
                 alice buys 5 @ 11 fok           > ends 5 (fill_or_kill)
                 alice buys 5 @ 11 fok cancel_both > ends 5 (fill_or_kill)
                 alice buys 5 @ 11 fok decrement > ends 5 (fill_or_kill)
                 alice buys 6 @ 11 fok cancel_oldest > ends 6 (fill_or_kill)
                 alice buys 5 @ 11 fok cancel_oldest > cancelled s1 5 (self_trade); trade 5 @ 11 with s2 (0 left, 0 to go)",
            ),
        ],
    );
}

#[test]
fn accounts_of_a_group_have_one_owner() {
    check(
        Terms::PLAIN,
        &[
            (
                "as long as they are in it",
                "group alice 1                   > done
                 alice sells 5 @ 10 as s1
                 group bob 2                     > done
                 bob buys 1 @ 10                 > trade 1 @ 10 with s1 (4 left, 0 to go)
                 group bob 1                     > done
                 bob buys 1 @ 10                 > ends 1 (self_trade)
                 bob buys 1 @ 10 decrement       > s1 reduced by 1 to 3; ends 1 (self_trade)
                 group bob 0                     > done
                 bob buys 1 @ 10                 > trade 1 @ 10 with s1 (2 left, 0 to go)
                 group venue 1                   > refused reserved_account
                 group dave 1                    > refused unknown_account",
            ),
            (
                "0 is no group",
                "group alice 0
                 group bob 0
                 alice sells 5 @ 10 as s1
                 bob buys 5 @ 10                 > trade 5 @ 10 with s1 (0 left, 0 to go)",
            ),
        ],
    );
}
