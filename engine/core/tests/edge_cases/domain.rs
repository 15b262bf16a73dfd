//! Prices at both ends of their domain, 1 and 2^62 ticks, for everything but plain limit orders (those are in `limits`): stops,
//! trailing stops, parts, pairs, cash, bands, collars and auctions.

use crate::script::{Terms, check};

/// 2^62 is 4611686018427387904, half of it 2305843009213693952, 2^60 1152921504606846976.
const WIDE: Terms = Terms { price_max: 1 << 62, cash: 1 << 60, ..Terms::PLAIN };

#[test]
fn stops_at_both_ends() {
    check(
        WIDE,
        &[
            (
                "fixed",
                "bob sells 1 stop 4611686018427387905 > refused invalid_price
                 bob sells 1 stop 9223372036854775807 > refused invalid_price
                 bob sells 2 stop 4611686018427387904 > refused notional_too_large
                 bob buys 1 stop 4611686018427387904 > refused insufficient_funds
                 bob buys 1 @ 1 stop 4611686018427387904 as far > armed 1 at 4611686018427387904
                 bob has USD                     > 1152921504606846975 + 1
                 bob sells 1 stop 1 as near      > armed 1 at 1
                 carol buys 1 @ 1
                 alice sells 1 @ 1               > trade 1 @ 1 with ? (0 left, 0 to go); near goes off at 1; ends 1 (no_liquidity)
                 bob sells 1 stop 4611686018427387904 as now > armed 1 at 4611686018427387904; now goes off at 4611686018427387904; ends 1 (no_liquidity)
                 bob cancels far                 > disarmed far 1 (requested)
                 bob has USD                     > 1152921504606846976 + 0",
            ),
            (
                "trailing near the highest price that can be paid",
                "alice sells 1 @ 1152921504606846975
                 carol buys 1 @ 1152921504606846975
                 bob sells 1 points 9999 as t    > armed 1 at 115292150460684
                 bob sells 1 trail 4294967295 as u > armed 1 at 1152921500311879680
                 bob buys 1 points 1             > refused insufficient_funds
                 bob buys 1 trail 1 as v         > armed 1 at 1152921504606846976
                 bob has USD                     > 0 + 1152921504606846976",
            ),
            (
                "trailing at the lowest",
                "carol buys 1 @ 1
                 alice sells 1 @ 1
                 bob sells 1 trail 1             > refused invalid_price
                 bob sells 1 points 1            > refused invalid_price
                 bob buys 1 points 1 as t        > armed 1 at 2
                 bob buys 1 trail 4294967295 as u > armed 1 at 4294967296",
            ),
        ],
    );
}

#[test]
fn parts_pairs_and_cash_at_both_ends() {
    check(
        WIDE,
        &[
            (
                "parts at the highest price",
                "alice sells 2 @ 2305843009213693952 show 1 as i > rests 2 @ 2305843009213693952 showing 1
                 alice amends i to 1 @ 4611686018427387904 > amended 1 @ 2305843009213693952 to 1 @ 4611686018427387904 at the back; rests 1 @ 4611686018427387904
                 alice sells 1 @ 1 oco i as p    > rests 1 @ 1
                 alice has CO2                   > 999999 + 1
                 bob buys cash 1152921504606846976 > cancelled i 1 (paired); trade 1 @ 1 with p (0 left, 0 to go); ends 0 (no_liquidity)
                 bob has USD                     > 1152921504606846975 + 0",
            ),
            (
                "less cash than the price",
                "alice sells 1 @ 4611686018427387904
                 bob buys cash 1152921504606846976 > ends 0 (cash_spent)
                 bob has USD                     > 1152921504606846976 + 0",
            ),
            (
                "a pair of bids holds the dearer",
                "alice buys 1 @ 1 as b1
                 alice buys 1 @ 1152921504606846976 oco b1 as b2
                 alice has USD                   > 0 + 1152921504606846976
                 bob sells 1 @ 1                 > cancelled b1 1 (paired); trade 1 @ 1152921504606846976 with b2 (0 left, 0 to go)
                 alice has USD                   > 0 + 0",
            ),
        ],
    );
}

#[test]
fn auctions_between_the_ends() {
    check(
        WIDE,
        &[
            (
                "the middle",
                "phase opening_auction
                 bob buys 1 @ 1152921504606846976 as b1
                 alice sells 1 @ 1 as s1         > rests 1 @ 1; indicates 1 @ 576460752303423488 (+0)
                 phase continuous                > trade 1 @ 576460752303423488 with b1 and s1 (0 left, 0 to go); uncrossed 1 @ 576460752303423488 (+0); continuous
                 bob has USD                     > 576460752303423488 + 0",
            ),
            (
                "the nearest to a reference at the end",
                "bands around 4611686018427387904
                 phase opening_auction
                 bob buys 1 @ 1152921504606846976 as b1
                 alice sells 1 @ 1 as s1         > rests 1 @ 1; indicates 1 @ 1152921504606846976 (+0)
                 alice sells 1 @ 1 as s2         > rests 1 @ 1; indicates 1 @ 1 (-1)
                 phase continuous                > trade 1 @ 1 with b1 and s1 (0 left, 0 to go); uncrossed 1 @ 1 (-1); continuous",
            ),
            (
                "nothing crosses from end to end",
                "phase opening_auction
                 alice sells 1 @ 4611686018427387904
                 bob buys 1 @ 1
                 phase continuous                > uncrossed nothing; continuous",
            ),
        ],
    );
}

#[test]
fn bands_and_collars_at_both_ends() {
    check(
        WIDE,
        &[
            (
                "a band above the domain bounds nothing",
                "bands static 10000 halt 50 around 4611686018427387904
                 alice sells 1 @ 4611686018427387904
                 carol sells 1 @ 5 as s2
                 bob buys 2 market               > refused notional_too_large
                 bob buys 1 @ 5                  > trade 1 @ 5 with s2 (0 left, 0 to go)",
            ),
            (
                "around one tick: one, and with all of it two",
                "bands static 9999 halt 50 around 1
                 alice sells 1 @ 1 as s1
                 alice sells 1 @ 2 as s2
                 bob buys 2 market               > trade 1 @ 1 with s1 (0 left, 1 to go); ends 1 (outside_bands); volatility_halt to 50
                 phase continuous                > uncrossed nothing; continuous
                 bands static 10000 halt 50      > bands around 1
                 bob buys 1 market               > trade 1 @ 2 with s2 (0 left, 0 to go)",
            ),
            (
                "a collar at the top",
                "bands collar 5000 around 4611686018427387904
                 alice sells 1 @ 2305843009213693951 > refused price_outside_collar
                 alice sells 1 @ 2305843009213693952 > rests 1 @ 2305843009213693952
                 alice sells 1 @ 4611686018427387904 > rests 1 @ 4611686018427387904
                 bands collar 1 around 1
                 bob buys 1 @ 2                  > refused price_outside_collar
                 bob buys 1 @ 1                  > rests 1 @ 1",
            ),
        ],
    );
}
