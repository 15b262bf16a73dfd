//! Price-time priority: queues, levels and the touch.

use crate::script::{Terms, check};

#[test]
fn the_queue_survives_cancels_anywhere() {
    check(
        Terms::PLAIN,
        &[
            (
                "cancel the head, then sweep",
                "alice sells 5 @ 10 as s1        > rests 5 @ 10
                 bob sells 6 @ 10 as s2          > rests 6 @ 10
                 alice sells 7 @ 10 as s3        > rests 7 @ 10
                 alice cancels s1                > cancelled s1 5 (requested)
                 asks                            > 10: 13 (2)
                 carol buys 13 @ 10              > trade 6 @ 10 with s2 (0 left, 7 to go); trade 7 @ 10 with s3 (0 left, 0 to go)
                 asks                            > none",
            ),
            (
                "cancel the middle, then sweep",
                "alice buys 5 @ 10 as b1
                 bob buys 6 @ 10 as b2
                 alice buys 7 @ 10 as b3
                 bob cancels b2                  > cancelled b2 6 (requested)
                 carol sells 20 @ 10 as s        > trade 5 @ 10 with b1 (0 left, 15 to go); trade 7 @ 10 with b3 (0 left, 8 to go); rests 8 @ 10
                 bids                            > none
                 asks                            > 10: 8 (1)",
            ),
            (
                "cancel the tail, append, then sweep",
                "alice sells 5 @ 10 as s1
                 bob sells 6 @ 10 as s2
                 bob cancels s2                  > cancelled s2 6 (requested)
                 alice sells 7 @ 10 as s3
                 carol buys 12 @ 11              > trade 5 @ 10 with s1 (0 left, 7 to go); trade 7 @ 10 with s3 (0 left, 0 to go)",
            ),
            (
                "cancel all three of a level, then start it again",
                "alice sells 5 @ 10 as s1
                 alice sells 6 @ 10 as s2
                 alice sells 7 @ 10 as s3
                 alice cancels s2
                 alice cancels s3
                 alice cancels s1
                 asks                            > none
                 bob sells 1 @ 10 as s4
                 carol buys 2 @ 10 ioc           > trade 1 @ 10 with s4 (0 left, 1 to go); ends 1 (immediate_or_cancel)",
            ),
        ],
    );
}

#[test]
fn the_best_price_is_always_real() {
    check(
        Terms::PLAIN,
        &[
            (
                "no phantom best bid after a cancel",
                "alice buys 5 @ 10 as b1
                 alice buys 5 @ 8 as b2
                 alice cancels b1
                 bob sells 5 @ 9 as s1           > rests 5 @ 9
                 bids                            > 8: 5 (1)
                 bob sells 5 @ 8                 > trade 5 @ 8 with b2 (0 left, 0 to go)",
            ),
            (
                "no phantom best ask after a fill",
                "alice sells 5 @ 10 as s1
                 alice sells 5 @ 12 as s2
                 bob buys 5 @ 10                 > trade 5 @ 10 with s1 (0 left, 0 to go)
                 bob buys 5 @ 11 as b1           > rests 5 @ 11
                 asks                            > 12: 5 (1)
                 bids                            > 11: 5 (1)",
            ),
            (
                "a residual becomes the touch and trades next",
                "alice sells 5 @ 10 as s1
                 alice sells 5 @ 12 as s2
                 bob buys 9 @ 11 as b1           > trade 5 @ 10 with s1 (0 left, 4 to go); rests 4 @ 11
                 carol sells 6 @ 11 as s3        > trade 4 @ 11 with b1 (0 left, 2 to go); rests 2 @ 11
                 asks                            > 11: 2 (1), 12: 5 (1)",
            ),
            (
                "a better price goes first however late it comes",
                "alice sells 5 @ 12 as s1
                 bob sells 5 @ 11 as s2
                 alice sells 5 @ 10 as s3
                 carol buys 11 @ 12              > trade 5 @ 10 with s3 (0 left, 6 to go); trade 5 @ 11 with s2 (0 left, 1 to go); trade 1 @ 12 with s1 (4 left, 0 to go)",
            ),
        ],
    );
}

#[test]
fn sweeps_stop_where_they_must() {
    check(
        Terms::PLAIN,
        &[
            (
                "several levels, to the last lot of one and no further",
                "alice sells 5 @ 10 as s1
                 alice sells 5 @ 11 as s2
                 alice sells 5 @ 12 as s3
                 bob buys 10 @ 12                > trade 5 @ 10 with s1 (0 left, 5 to go); trade 5 @ 11 with s2 (0 left, 0 to go)
                 asks                            > 12: 5 (1)
                 bids                            > none",
            ),
            (
                "a buy never walks past its limit",
                "alice sells 5 @ 10 as s1
                 alice sells 5 @ 12 as s2
                 bob buys 8 @ 11                 > trade 5 @ 10 with s1 (0 left, 3 to go); rests 3 @ 11",
            ),
            (
                "a sell never walks past its limit",
                "alice buys 5 @ 12 as b1
                 alice buys 5 @ 10 as b2
                 bob sells 8 @ 11                > trade 5 @ 12 with b1 (0 left, 3 to go); rests 3 @ 11
                 bids                            > 10: 5 (1)",
            ),
            (
                "a partly filled maker stays first in its queue",
                "alice sells 5 @ 10 as s1
                 bob sells 5 @ 10 as s2
                 carol buys 2 @ 10               > trade 2 @ 10 with s1 (3 left, 0 to go)
                 carol buys 4 @ 10               > trade 3 @ 10 with s1 (0 left, 1 to go); trade 1 @ 10 with s2 (4 left, 0 to go)
                 asks                            > 10: 4 (1)",
            ),
            (
                "the price of the trade is the maker's, on both sides",
                "alice sells 5 @ 10 as s1
                 bob buys 5 @ 1000               > trade 5 @ 10 with s1 (0 left, 0 to go)
                 alice buys 5 @ 10 as b1
                 bob sells 5 @ 1                 > trade 5 @ 10 with b1 (0 left, 0 to go)",
            ),
        ],
    );
}

#[test]
fn slots_are_reused_last_freed_first() {
    check(
        Terms::PLAIN,
        &[
            (
                "after cancels",
                "alice sells 1 @ 10 as s1
                 alice sells 1 @ 11 as s2
                 alice sells 1 @ 12 as s3
                 id s3                           > OrderId(2g1)
                 alice cancels s1
                 alice cancels s3
                 alice sells 1 @ 13 as s4
                 id s4                           > OrderId(2g2)
                 alice sells 1 @ 14 as s5
                 id s5                           > OrderId(0g2)
                 alice sells 1 @ 15 as s6
                 id s6                           > OrderId(3g1)",
            ),
            (
                "makers free theirs with their trade, the taker after its last event",
                "alice sells 1 @ 10 as s1
                 alice sells 1 @ 11 as s2
                 bob buys 2 @ 11 as b1           > trade 1 @ 10 with s1 (0 left, 1 to go); trade 1 @ 11 with s2 (0 left, 0 to go)
                 id b1                           > OrderId(2g1)
                 alice sells 1 @ 10 as s3
                 id s3                           > OrderId(2g2)
                 alice sells 1 @ 10 as s4
                 id s4                           > OrderId(1g2)
                 alice sells 1 @ 10 as s5
                 id s5                           > OrderId(0g2)",
            ),
            (
                "an order that ends on arrival used one too, one that is refused did not",
                "alice sells 1 @ 10 market as s1 > refused invalid_combination
                 alice sells 1 market as s2      > ends 1 (no_liquidity)
                 alice sells 1 @ 10 fok as s3    > ends 1 (fill_or_kill)
                 id s2                           > OrderId(0g1)
                 id s3                           > OrderId(0g2)
                 alice sells 1 @ 10 as s4
                 id s4                           > OrderId(0g3)",
            ),
        ],
    );
}

#[test]
fn stale_handles_are_refused() {
    check(
        Terms::PLAIN,
        &[
            (
                "after a cancel, with the slot free and with it reused",
                "alice sells 5 @ 10 as s1
                 alice cancels s1
                 alice cancels s1                > refused unknown_order
                 alice amends s1 to 3 @ 10       > refused unknown_order
                 alice sells 6 @ 10 as s2
                 alice cancels s1                > refused unknown_order
                 alice amends s1 to 3 @ 10       > refused unknown_order
                 asks                            > 10: 6 (1)",
            ),
            (
                "after a fill",
                "alice sells 5 @ 10 as s1
                 bob buys 5 @ 10 as b1
                 alice cancels s1                > refused unknown_order
                 bob cancels b1                  > refused unknown_order
                 bob buys 5 @ 9 as b2
                 alice amends s1 to 6 @ 10       > refused unknown_order
                 bob amends b1 to 6 @ 9          > refused unknown_order
                 bids                            > 9: 5 (1)",
            ),
            (
                "another account's order is as unknown as none",
                "alice sells 5 @ 10 as s1
                 bob cancels s1                  > refused unknown_order
                 bob amends s1 to 3 @ 10         > refused unknown_order
                 dave cancels s1                 > refused unknown_account
                 dave amends s1 to 3 @ 10        > refused unknown_account
                 venue cancels s1                > refused unknown_order
                 venue amends s1 to 3 @ 10       > refused trading_not_permitted
                 asks                            > 10: 5 (1)",
            ),
        ],
    );
}
