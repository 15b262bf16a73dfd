//! Trailing stops: they follow the best last price, and no further.

use crate::script::{Terms, check};

#[test]
fn a_trailing_stop_follows_and_never_retreats() {
    check(
        Terms::PLAIN,
        &[
            (
                "a sell, by ticks",
                "bob sells 1 trail 2             > refused no_reference_price
                 alice sells 1 @ 10 as s1
                 carol buys 1 @ 10
                 bob sells 1 trail 10            > refused invalid_price
                 bob sells 1 trail 2 as t        > armed 1 at 8
                 alice sells 1 @ 12 as s2
                 carol buys 1 @ 12               > trade 1 @ 12 with s2 (0 left, 0 to go); t moves to 10
                 alice sells 1 @ 11 as s3
                 carol buys 1 @ 11               > trade 1 @ 11 with s3 (0 left, 0 to go)
                 bob amends t to 2 stop 9        > refused invalid_combination
                 bob amends t to 2               > amended 0 @ 0 to 2 @ 0 at the back; armed 2 at 10
                 alice sells 1 @ 10 as s4
                 carol buys 1 @ 10               > trade 1 @ 10 with s4 (0 left, 0 to go); t goes off at 10; ends 2 (no_liquidity)",
            ),
            (
                "a buy, by basis points of the lowest last price, rounded up",
                "alice sells 1 @ 100 as s1
                 carol buys 1 @ 100
                 bob buys 1 points 500 as t      > armed 1 at 105
                 bob has USD                     > 999895 + 105
                 alice sells 1 @ 99 as s2
                 carol buys 1 @ 99               > trade 1 @ 99 with s2 (0 left, 0 to go); t moves to 104
                 bob has USD                     > 999896 + 104
                 alice sells 1 @ 81 as s3
                 carol buys 1 @ 81               > trade 1 @ 81 with s3 (0 left, 0 to go); t moves to 86
                 alice sells 1 @ 85 as s4
                 carol buys 1 @ 85               > trade 1 @ 85 with s4 (0 left, 0 to go)
                 alice sells 1 @ 86 as s5
                 carol buys 1 @ 86               > trade 1 @ 86 with s5 (0 left, 0 to go); t goes off at 86; ends 1 (no_liquidity)",
            ),
            (
                "several follow in the order in which they were accepted, buys first",
                "alice sells 1 @ 50 as s1
                 carol buys 1 @ 50
                 bob sells 1 trail 20 as u1
                 bob sells 1 trail 10 as u2
                 bob buys 1 trail 10 as d1
                 alice sells 1 @ 45 as s2
                 carol buys 1 @ 45               > trade 1 @ 45 with s2 (0 left, 0 to go); d1 moves to 55
                 alice sells 1 @ 52 as s3
                 carol buys 1 @ 52               > trade 1 @ 52 with s3 (0 left, 0 to go); u1 moves to 32; u2 moves to 42",
            ),
            (
                "a sweep that moves it up does not set it off with the prices from before",
                "alice sells 1 @ 10
                 carol buys 1 @ 10
                 bob sells 1 trail 5 as t        > armed 1 at 5
                 alice sells 1 @ 10 as s1
                 alice sells 1 @ 20 as s2
                 carol buys 2 @ 20               > trade 1 @ 10 with s1 (0 left, 1 to go); trade 1 @ 20 with s2 (0 left, 0 to go); t moves to 15",
            ),
            (
                "what its pair holds changes with it",
                "alice sells 1 @ 50
                 carol buys 1 @ 50
                 bob buys 1 trail 10 as t        > armed 1 at 60
                 bob buys 1 stop 62 oco t as u   > armed 1 at 62
                 bob has USD                     > 999938 + 62
                 alice sells 1 @ 45 as s1
                 carol buys 1 @ 45               > trade 1 @ 45 with s1 (0 left, 0 to go); t moves to 55; u holds 7
                 bob has USD                     > 999938 + 62",
            ),
        ],
    );
}
