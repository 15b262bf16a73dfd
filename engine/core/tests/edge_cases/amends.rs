//! Amends: one step, priority kept or lost, and what they match.

use crate::script::{Terms, check};

#[test]
fn an_amend_into_a_cross_fills_at_the_makers_price() {
    check(
        Terms::PLAIN,
        &[
            (
                "a buy is raised",
                "alice sells 5 @ 10 as s1
                 carol sells 5 @ 11 as s2
                 bob buys 8 @ 8 as b1
                 bob amends b1 to 8 @ 12         > amended 8 @ 8 to 8 @ 12 at the back; trade 5 @ 10 with s1 (0 left, 3 to go); trade 3 @ 11 with s2 (2 left, 0 to go)
                 bids                            > none
                 bob has USD                     > 999917 + 0
                 bob cancels b1                  > refused unknown_order",
            ),
            (
                "a sell is lowered, and what is left rests",
                "alice buys 5 @ 10 as b1
                 bob sells 8 @ 12 as s1
                 bob amends s1 to 9 @ 9          > amended 8 @ 12 to 9 @ 9 at the back; trade 5 @ 10 with b1 (0 left, 4 to go); rests 4 @ 9
                 asks                            > 9: 4 (1)
                 bob has CO2                     > 999991 + 4
                 bob has USD                     > 1000050 + 0
                 carol buys 4 @ 9                > trade 4 @ 9 with s1 (0 left, 0 to go)",
            ),
            (
                "into an own order: the amended order ends",
                "alice sells 5 @ 10 as s1
                 bob sells 2 @ 9 as s2
                 alice buys 4 @ 8 as b1
                 alice amends b1 to 4 @ 10       > amended 4 @ 8 to 4 @ 10 at the back; trade 2 @ 9 with s2 (0 left, 2 to go); ends 2 (self_trade)
                 alice has USD                   > 999982 + 0
                 bids                            > none
                 asks                            > 10: 5 (1)
                 alice amends b1 to 5 @ 10       > refused unknown_order",
            ),
        ],
    );
}

#[test]
fn priority_is_kept_only_by_less_at_the_same_price() {
    check(
        Terms::PLAIN,
        &[
            (
                "less keeps its place",
                "alice sells 5 @ 10 as s1
                 bob sells 5 @ 10 as s2
                 alice amends s1 to 3 @ 10       > amended 5 @ 10 to 3 @ 10 in place
                 asks                            > 10: 8 (2)
                 carol buys 4 @ 10               > trade 3 @ 10 with s1 (0 left, 1 to go); trade 1 @ 10 with s2 (4 left, 0 to go)",
            ),
            (
                "more goes to the back",
                "alice sells 5 @ 10 as s1
                 bob sells 5 @ 10 as s2
                 alice amends s1 to 6 @ 10       > amended 5 @ 10 to 6 @ 10 at the back; rests 6 @ 10
                 carol buys 6 @ 10               > trade 5 @ 10 with s2 (0 left, 1 to go); trade 1 @ 10 with s1 (5 left, 0 to go)",
            ),
            (
                "more, alone on its level, and still there",
                "alice buys 5 @ 10 as b1
                 alice amends b1 to 6 @ 10       > amended 5 @ 10 to 6 @ 10 at the back; rests 6 @ 10
                 bids                            > 10: 6 (1)",
            ),
            (
                "away and back is to the back",
                "alice buys 5 @ 10 as b1
                 bob buys 5 @ 10 as b2
                 alice amends b1 to 5 @ 9        > amended 5 @ 10 to 5 @ 9 at the back; rests 5 @ 9
                 alice amends b1 to 5 @ 10       > amended 5 @ 9 to 5 @ 10 at the back; rests 5 @ 10
                 carol sells 6 @ 10              > trade 5 @ 10 with b2 (0 left, 1 to go); trade 1 @ 10 with b1 (4 left, 0 to go)",
            ),
            (
                "less at another price goes to the back there",
                "alice buys 5 @ 9 as b1
                 bob buys 5 @ 10 as b2
                 bob amends b2 to 1 @ 9          > amended 5 @ 10 to 1 @ 9 at the back; rests 1 @ 9
                 carol sells 6 @ 9               > trade 5 @ 9 with b1 (0 left, 1 to go); trade 1 @ 9 with b2 (0 left, 0 to go)",
            ),
            (
                "the middle of three shrinks, then leaves",
                "alice sells 5 @ 10 as s1
                 bob sells 5 @ 10 as s2
                 alice sells 5 @ 10 as s3
                 bob amends s2 to 1 @ 10         > amended 5 @ 10 to 1 @ 10 in place
                 asks                            > 10: 11 (3)
                 bob amends s2 to 1 @ 11         > amended 1 @ 10 to 1 @ 11 at the back; rests 1 @ 11
                 asks                            > 10: 10 (2), 11: 1 (1)
                 carol buys 11 @ 11              > trade 5 @ 10 with s1 (0 left, 6 to go); trade 5 @ 10 with s3 (0 left, 1 to go); trade 1 @ 11 with s2 (0 left, 0 to go)",
            ),
        ],
    );
}

#[test]
fn the_new_quantity_is_the_total() {
    check(
        Terms::PLAIN,
        &[
            (
                "after a partial fill",
                "alice sells 5 @ 10 as s1
                 bob buys 2 @ 10
                 alice amends s1 to 4 @ 10       > amended 3 @ 10 to 2 @ 10 in place
                 alice amends s1 to 2 @ 10       > refused quantity_below_filled
                 alice amends s1 to 10 @ 10      > amended 2 @ 10 to 8 @ 10 at the back; rests 8 @ 10
                 alice has CO2                   > 999990 + 8
                 alice amends s1 to 3 @ 10       > amended 8 @ 10 to 1 @ 10 in place
                 alice amends s1 to 3 @ 10       > refused no_change
                 alice amends s1 to 3 @ 9        > amended 1 @ 10 to 1 @ 9 at the back; rests 1 @ 9",
            ),
            (
                "what an amend fills counts too",
                "alice sells 5 @ 10 as s1
                 bob buys 5 @ 9 as b1
                 bob amends b1 to 7 @ 10         > amended 5 @ 9 to 7 @ 10 at the back; trade 5 @ 10 with s1 (0 left, 2 to go); rests 2 @ 10
                 bob amends b1 to 5 @ 10         > refused quantity_below_filled
                 bob amends b1 to 6 @ 10         > amended 2 @ 10 to 1 @ 10 in place
                 bob amends b1 to 6 @ 11         > amended 1 @ 10 to 1 @ 11 at the back; rests 1 @ 11",
            ),
        ],
    );
}

#[test]
fn siblings_and_terms_survive() {
    check(
        Terms::PLAIN,
        &[
            (
                "an amended order's neighbours at both levels stay as they are",
                "alice sells 5 @ 10 as s1
                 alice sells 6 @ 10 as s2
                 alice sells 7 @ 11 as s3
                 alice amends s1 to 5 @ 11       > amended 5 @ 10 to 5 @ 11 at the back; rests 5 @ 11
                 asks                            > 10: 6 (1), 11: 12 (2)
                 alice cancels s2                > cancelled s2 6 (requested)
                 alice cancels s3                > cancelled s3 7 (requested)
                 asks                            > 11: 5 (1)
                 bob buys 5 @ 11                 > trade 5 @ 11 with s1 (0 left, 0 to go)",
            ),
            (
                "post-only stays post-only",
                "alice sells 5 @ 10 as s1
                 bob buys 5 @ 8 post as b1
                 bob amends b1 to 5 @ 10         > refused post_only_would_match
                 bob amends b1 to 5 @ 9          > amended 5 @ 8 to 5 @ 9 at the back; rests 5 @ 9
                 alice cancels s1
                 bob amends b1 to 5 @ 10         > amended 5 @ 9 to 5 @ 10 at the back; rests 5 @ 10
                 carol sells 5 @ 10              > trade 5 @ 10 with b1 (0 left, 0 to go)",
            ),
            (
                "an order that matched when it was placed may be amended like any other",
                "alice sells 2 @ 10 as s1
                 bob buys 5 @ 10 as b1           > trade 2 @ 10 with s1 (0 left, 3 to go); rests 3 @ 10
                 alice sells 1 @ 11 as s2
                 bob amends b1 to 3 @ 11         > amended 3 @ 10 to 1 @ 11 at the back; trade 1 @ 11 with s2 (0 left, 0 to go)",
            ),
        ],
    );
}

#[test]
fn an_amend_needs_only_what_it_adds() {
    check(
        Terms { cash: 100, credits: 10, ..Terms::PLAIN },
        &[
            (
                "buys: the hold may grow by all that is available and no more",
                "alice buys 5 @ 10 as b1
                 alice has USD                   > 50 + 50
                 alice amends b1 to 5 @ 21       > refused insufficient_funds
                 alice amends b1 to 11 @ 10      > refused insufficient_funds
                 alice amends b1 to 5 @ 20       > amended 5 @ 10 to 5 @ 20 at the back; rests 5 @ 20
                 alice has USD                   > 0 + 100
                 alice amends b1 to 4 @ 20       > amended 5 @ 20 to 4 @ 20 in place
                 alice has USD                   > 20 + 80
                 alice amends b1 to 100 @ 1      > amended 4 @ 20 to 100 @ 1 at the back; rests 100 @ 1
                 alice has USD                   > 0 + 100",
            ),
            (
                "sells: likewise, and a new price costs nothing",
                "alice sells 4 @ 10 as s1
                 alice sells 5 @ 10 as s2
                 alice amends s1 to 6 @ 10       > refused insufficient_credits
                 alice amends s1 to 5 @ 500      > amended 4 @ 10 to 5 @ 500 at the back; rests 5 @ 500
                 alice has CO2                   > 0 + 10
                 alice amends s1 to 5 @ 1        > amended 5 @ 500 to 5 @ 1 at the back; rests 5 @ 1",
            ),
        ],
    );
}
