//! Bands and collar at the exact tick, and the halts that follow.

use crate::script::{Terms, check};

#[test]
fn a_trade_outside_the_bands_does_not_happen() {
    check(
        Terms::PLAIN,
        &[
            (
                "dynamic: at the edge it does",
                "alice sells 1 @ 100
                 bob buys 1 @ 100
                 bands dynamic 1000 halt 50      > bands
                 alice sells 5 @ 110 as s1
                 bob buys 5 @ 110                > trade 5 @ 110 with s1 (0 left, 0 to go)",
            ),
            (
                "beyond it the order rests, and an auction finds the price",
                "alice sells 1 @ 100
                 bob buys 1 @ 100
                 bands dynamic 1000 halt 50
                 alice sells 5 @ 110 as s1
                 alice sells 5 @ 111 as s2
                 bob buys 10 @ 115 as b1         > trade 5 @ 110 with s1 (0 left, 5 to go); rests 5 @ 115; volatility_halt to 50; indicates 5 @ 111 (+0)
                 carol buys 1 market             > refused wrong_phase
                 at 49
                 tick                            > ticked
                 at 50
                 tick                            > trade 5 @ 111 with s2 and b1 (0 left, 0 to go); uncrossed 5 @ 111 (+0); continuous; ticked",
            ),
            (
                "an order that may not rest ends",
                "alice sells 1 @ 100
                 bob buys 1 @ 100
                 bands dynamic 1000 halt 50
                 alice sells 5 @ 110 as s1
                 alice sells 5 @ 111 as s2
                 bob buys 10 @ 115 fok           > ends 10 (fill_or_kill)
                 bob buys 10 market              > trade 5 @ 110 with s1 (0 left, 5 to go); ends 5 (outside_bands); volatility_halt to 50
                 at 50
                 tick                            > uncrossed nothing; continuous; ticked",
            ),
            (
                "static: around the reference, rounded inwards",
                "bands static 1000 halt 50 around 105 > bands around 105
                 alice sells 1 @ 115 as s1
                 alice sells 1 @ 116 as s2
                 bob buys 1 market               > trade 1 @ 115 with s1 (0 left, 0 to go)
                 alice buys 1 @ 95 as b1
                 bob sells 1 market              > trade 1 @ 95 with b1 (0 left, 0 to go)
                 alice buys 1 @ 94 as b2
                 bob sells 1 @ 94 ioc            > ends 1 (outside_bands); volatility_halt to 50",
            ),
            (
                "a halt in a cascade keeps the stops that are left",
                "alice sells 1 @ 100
                 carol buys 1 @ 100
                 bands dynamic 1000 halt 50
                 alice buys 1 @ 96 as b1
                 alice buys 9 @ 85 as b2
                 bob sells 1 stop 96 as t1
                 bob sells 1 @ 500 stop 96 as t2
                 carol sells 1 @ 96              > trade 1 @ 96 with b1 (0 left, 0 to go); t1 goes off at 96; ends 1 (outside_bands); volatility_halt to 50
                 at 50
                 tick                            > uncrossed nothing; continuous; t2 goes off at 96; rests 1 @ 500; ticked",
            ),
            (
                "one hundredth of a percent",
                "bands static 1 halt 1 around 500
                 alice sells 1 @ 501
                 bob buys 1 market               > ends 1 (outside_bands); volatility_halt to 1
                 phase continuous                > uncrossed nothing; continuous
                 bands
                 bob buys 1 market               > trade 1 @ 501 with ? (0 left, 0 to go)
                 bands dynamic 1 halt 1
                 alice sells 1 @ 502
                 bob buys 1 market               > ends 1 (outside_bands); volatility_halt to 1",
            ),
            (
                "by cash",
                "bands static 1000 halt 50 around 100
                 alice sells 5 @ 111
                 bob buys cash 600               > ends 0 (outside_bands); volatility_halt to 50",
            ),
        ],
    );
}

#[test]
fn limits_beyond_the_collar_are_refused() {
    check(
        Terms::PLAIN,
        &[
            (
                "around the reference, then the last price; a stop around its stop price",
                "bands collar 1000 around 100    > bands around 100
                 alice buys 1 @ 111              > refused price_outside_collar
                 alice buys 1 @ 110 as b1        > rests 1 @ 110
                 bob sells 1 @ 89                > refused price_outside_collar
                 bob sells 1 @ 90                > trade 1 @ 110 with b1 (0 left, 0 to go)
                 bob sells 1 @ 98                > refused price_outside_collar
                 bob sells 1 @ 99 as s1          > rests 1 @ 99
                 bob amends s1 to 1 @ 98         > refused price_outside_collar
                 bob sells 1 @ 900               > rests 1 @ 900
                 bob sells 1 @ 45 stop 50        > armed 1 at 50
                 bob sells 1 @ 44 stop 50        > refused price_outside_collar",
            ),
            (
                "rounded inwards: two thirds of three are two and a little, so three",
                "bands collar 3333 around 3
                 bob sells 1 @ 2                 > refused price_outside_collar
                 bob sells 1 @ 3                 > rests 1 @ 3
                 bob buys 1 @ 4                  > refused price_outside_collar",
            ),
        ],
    );
}

#[test]
fn bands_have_their_ranges() {
    check(
        Terms::PLAIN,
        &[(
            "refusals",
            "bands static 10001 halt 1       > refused invalid_setting
                 bands static 1                  > refused invalid_setting
                 bands dynamic 1                 > refused invalid_setting
                 bands extensions 1              > refused invalid_setting
                 bands around 1001               > refused invalid_setting
                 bands around -1                 > refused invalid_setting
                 bands halt 2592000000000001     > refused invalid_setting
                 bands halt 2592000000000000     > bands
                 bands extension 2592000000000001 > refused invalid_setting
                 bands extension 2592000000000000 > bands
                 bands extensions 1 extension 1  > bands
                 bands static 1 dynamic 1 halt 1 > bands
                 bands static 10000 dynamic 10000 collar 10000 halt 1 around 1000 > bands around 1000
                 bands collar 10001              > refused invalid_setting
                 bands dynamic 10001 halt 1      > refused invalid_setting",
        )],
    );
}
