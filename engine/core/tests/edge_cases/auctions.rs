//! Auctions: the price by each criterion, the trades, extensions.

use crate::script::{Terms, check};

#[test]
fn each_criterion_decides_once() {
    check(
        Terms::PLAIN,
        &[
            (
                "most volume",
                "phase opening_auction           > opening_auction
                 alice buys 5 @ 12 as b1         > rests 5 @ 12
                 alice buys 5 @ 10 as b2         > rests 5 @ 10
                 bob sells 5 @ 9 as s1           > rests 5 @ 9; indicates 5 @ 11 (+0)
                 bob sells 5 @ 10 as s2          > rests 5 @ 10; indicates 10 @ 10 (+0)
                 phase continuous                > trade 5 @ 10 with b1 and s1 (0 left, 0 to go); trade 5 @ 10 with b2 and s2 (0 left, 0 to go); uncrossed 10 @ 10 (+0); continuous",
            ),
            (
                "then the least surplus",
                "phase opening_auction
                 alice buys 10 @ 12
                 alice buys 5 @ 11
                 bob sells 10 @ 10               > rests 10 @ 10; indicates 10 @ 12 (+0)",
            ),
            (
                "then the highest price where buys are in surplus",
                "phase opening_auction
                 alice buys 10 @ 12
                 bob sells 4 @ 10                > rests 4 @ 10; indicates 4 @ 12 (+6)",
            ),
            (
                "the lowest where sells are",
                "phase opening_auction
                 alice buys 4 @ 12 as b1
                 bob sells 10 @ 10 as s1         > rests 10 @ 10; indicates 4 @ 10 (-6)
                 phase continuous                > trade 4 @ 10 with b1 and s1 (0 left, 6 to go); s1 holds 6; uncrossed 4 @ 10 (-6); continuous",
            ),
            (
                "otherwise nearest the last price: below",
                "alice sells 1 @ 10
                 bob buys 1 @ 10
                 phase closing_auction
                 alice buys 5 @ 14
                 bob sells 5 @ 12                > rests 5 @ 12; indicates 5 @ 12 (+0)",
            ),
            (
                "within",
                "alice sells 1 @ 13
                 bob buys 1 @ 13
                 phase closing_auction
                 alice buys 5 @ 14
                 bob sells 5 @ 12                > rests 5 @ 12; indicates 5 @ 13 (+0)",
            ),
            (
                "above",
                "alice sells 1 @ 20
                 bob buys 1 @ 20
                 phase closing_auction
                 alice buys 5 @ 14
                 bob sells 5 @ 12                > rests 5 @ 12; indicates 5 @ 14 (+0)",
            ),
            (
                "without a last price nearest the instrument's reference",
                "bands around 14                 > bands around 14
                 phase opening_auction
                 alice buys 5 @ 15
                 bob sells 5 @ 12                > rests 5 @ 12; indicates 5 @ 14 (+0)",
            ),
            (
                "without any the middle, rounded down",
                "phase opening_auction
                 alice buys 5 @ 13
                 bob sells 5 @ 10                > rests 5 @ 10; indicates 5 @ 11 (+0)",
            ),
            (
                "where the surplus turns, the price says which it is",
                "phase opening_auction
                 alice buys 5 @ 11
                 alice buys 2 @ 10
                 bob sells 5 @ 10                > rests 5 @ 10; indicates 5 @ 11 (+0)
                 bob sells 2 @ 11                > rests 2 @ 11; indicates 5 @ 10 (+2)",
            ),
        ],
    );
}

#[test]
fn an_auction_ends_in_an_uncross() {
    check(
        Terms::PLAIN,
        &[
            (
                "without volume too",
                "phase opening_auction
                 alice buys 1 @ 5
                 phase continuous                > uncrossed nothing; continuous",
            ),
            (
                "what is indicated may vanish again",
                "phase opening_auction
                 alice buys 5 @ 11 as b1
                 bob sells 5 @ 11 as s1          > rests 5 @ 11; indicates 5 @ 11 (+0)
                 bob amends s1 to 4 @ 11         > amended 5 @ 11 to 4 @ 11 in place; indicates 4 @ 11 (+1)
                 bob cancels s1                  > cancelled s1 4 (requested); indicates nothing",
            ),
            (
                "one owner's orders do not trade: the later goes",
                "phase opening_auction
                 alice buys 5 @ 12 as b1
                 alice sells 5 @ 10 as s1        > rests 5 @ 10; indicates 5 @ 11 (+0)
                 phase continuous                > cancelled s1 5 (self_trade); uncrossed 0 @ 11 (+0); continuous
                 bids                            > 12: 5 (1)",
            ),
            (
                "icebergs show their parts",
                "phase opening_auction
                 alice sells 3 @ 10 show 2 as i
                 bob buys 3 @ 10 as b1           > rests 3 @ 10; indicates 3 @ 10 (+0)
                 phase continuous                > trade 2 @ 10 with i and b1 (1 left, 1 to go); b1 holds 10; i shows 1 of 1; trade 1 @ 10 with b1 and i (0 left, 0 to go); uncrossed 3 @ 10 (+0); continuous",
            ),
            (
                "stops go off after it",
                "bob sells 1 @ 500 stop 10 as t
                 phase opening_auction
                 alice buys 1 @ 10 as b1
                 carol sells 1 @ 10 as s1
                 phase continuous                > trade 1 @ 10 with b1 and s1 (0 left, 0 to go); uncrossed 1 @ 10 (+0); continuous; t goes off at 10; rests 1 @ 500",
            ),
            (
                "its price is the reference from then on",
                "phase opening_auction
                 alice buys 5 @ 11
                 bob sells 5 @ 11
                 phase continuous
                 bands                           > bands around 11",
            ),
            (
                "and the middle of the dynamic band for the stops that follow",
                "alice sells 1 @ 100
                 carol buys 1 @ 100
                 bands dynamic 1000 halt 50
                 bob buys 1 stop 115 as t
                 phase opening_auction
                 alice buys 1 @ 120 as b1
                 carol sells 1 @ 120 as s1
                 alice sells 5 @ 125 as s2
                 phase continuous                > trade 1 @ 120 with b1 and s1 (0 left, 0 to go); uncrossed 1 @ 120 (+0); continuous; t goes off at 115; trade 1 @ 125 with s2 (4 left, 0 to go)",
            ),
            (
                "but not what was collected before any auction",
                "phase pre_open
                 alice buys 5 @ 11 as b1
                 bob sells 5 @ 10 as s1          > rests 5 @ 10
                 phase closed                    > closed
                 phase continuous                > trade 5 @ 10 with b1 and s1 (0 left, 0 to go); uncrossed 5 @ 10 (+0); continuous",
            ),
            (
                "into the close too",
                "phase closing_auction
                 alice buys 5 @ 10 as b1
                 bob sells 5 @ 10 as s1
                 phase closed                    > trade 5 @ 10 with b1 and s1 (0 left, 0 to go); uncrossed 5 @ 10 (+0); closed",
            ),
        ],
    );
}

#[test]
fn an_auction_outside_the_band_is_extended() {
    check(
        Terms::PLAIN,
        &[
            (
                "as often as is set, then ends",
                "bands static 1000 halt 100 extensions 1 extension 50 around 100 > bands around 100
                 phase opening_auction
                 alice buys 1 @ 111 as b1
                 bob sells 1 @ 111 as s1         > rests 1 @ 111; indicates 1 @ 111 (+0)
                 plan continuous at 10           > done
                 at 10
                 tick                            > extended opening_auction to 60; ticked
                 at 59
                 tick                            > ticked
                 at 60
                 tick                            > trade 1 @ 111 with b1 and s1 (0 left, 0 to go); uncrossed 1 @ 111 (+0); continuous; ticked",
            ),
            (
                "at the edge it is not",
                "bands static 1000 halt 100 extensions 1 extension 50 around 100
                 phase opening_auction
                 alice buys 1 @ 110 as b1
                 bob sells 1 @ 110 as s1
                 plan continuous at 10
                 at 10
                 tick                            > trade 1 @ 110 with b1 and s1 (0 left, 0 to go); uncrossed 1 @ 110 (+0); continuous; ticked",
            ),
            (
                "nor when the staff ends it",
                "bands static 1000 halt 100 extensions 1 extension 50 around 100
                 phase opening_auction
                 alice buys 1 @ 111 as b1
                 bob sells 1 @ 111 as s1
                 phase continuous                > trade 1 @ 111 with b1 and s1 (0 left, 0 to go); uncrossed 1 @ 111 (+0); continuous",
            ),
            (
                "nor into a phase without matching, nor out of one that is no auction",
                "bands static 1000 halt 100 extensions 1 extension 50 around 100
                 phase opening_auction
                 alice buys 1 @ 111 as b1
                 bob sells 1 @ 111 as s1
                 plan suspended at 10
                 at 10
                 tick                            > suspended; ticked
                 phase pre_open
                 plan continuous at 20
                 at 20
                 tick                            > trade 1 @ 111 with b1 and s1 (0 left, 0 to go); uncrossed 1 @ 111 (+0); continuous; ticked",
            ),
            (
                "a halt that the staff begins instead ends into trading, not where the auction was to end",
                "bands static 1000 halt 100 extensions 1 extension 50 around 100
                 phase closing_auction
                 alice buys 1 @ 111 as b1
                 bob sells 1 @ 111 as s1
                 plan closed at 10
                 at 10
                 tick                            > extended closing_auction to 60; ticked
                 phase volatility_halt           > volatility_halt to 110; indicates 1 @ 111 (+0)
                 bob cancels s1                  > cancelled s1 1 (requested); indicates nothing
                 at 60
                 tick                            > ticked
                 at 110
                 tick                            > uncrossed nothing; continuous; ticked",
            ),
            (
                "it ends where it was to end, and the next one may be extended again",
                "bands static 1000 halt 100 extensions 1 extension 50 around 100
                 phase closing_auction
                 alice buys 1 @ 111 as b1
                 bob sells 1 @ 111 as s1
                 plan closed at 10
                 at 10
                 tick                            > extended closing_auction to 60; ticked
                 at 60
                 tick                            > trade 1 @ 111 with b1 and s1 (0 left, 0 to go); uncrossed 1 @ 111 (+0); closed; ticked
                 phase opening_auction
                 alice buys 1 @ 123 as b2
                 bob sells 1 @ 123 as s2
                 plan continuous at 70
                 at 70
                 tick                            > extended opening_auction to 120; ticked",
            ),
        ],
    );
}
