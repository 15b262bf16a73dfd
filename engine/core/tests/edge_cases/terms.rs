//! Immediate-or-cancel, fill-or-kill, market, post-only and self-trades.

use crate::script::{Terms, check};

#[test]
fn immediate_orders_never_rest() {
    check(
        Terms::PLAIN,
        &[
            (
                "immediate-or-cancel: the residual is cancelled and its hold is gone",
                "alice sells 5 @ 10 as s1
                 alice sells 5 @ 12 as s2
                 bob buys 8 @ 11 ioc as b1       > trade 5 @ 10 with s1 (0 left, 3 to go); ends 3 (immediate_or_cancel)
                 bids                            > none
                 bob has USD                     > 999950 + 0
                 bob cancels b1                  > refused unknown_order",
            ),
            (
                "immediate-or-cancel with nothing to match",
                "alice sells 5 @ 10 as s1
                 bob buys 8 @ 9 ioc              > ends 8 (immediate_or_cancel)
                 bob sells 8 @ 1 ioc             > ends 8 (immediate_or_cancel)
                 asks                            > 10: 5 (1)
                 bob has CO2                     > 1000000 + 0",
            ),
            (
                "market orders walk the whole book and no further",
                "alice sells 5 @ 10 as s1
                 alice sells 5 @ 999 as s2
                 bob buys 20 market              > trade 5 @ 10 with s1 (0 left, 15 to go); trade 5 @ 999 with s2 (0 left, 10 to go); ends 10 (no_liquidity)
                 bob has USD                     > 994955 + 0
                 alice buys 5 @ 1 as b1
                 bob sells 7 market              > trade 5 @ 1 with b1 (0 left, 2 to go); ends 2 (no_liquidity)
                 bob sells 7 market              > ends 7 (no_liquidity)
                 bob buys 7 market               > ends 7 (no_liquidity)",
            ),
        ],
    );
}

#[test]
fn fill_or_kill_is_all_or_nothing() {
    check(
        Terms::PLAIN,
        &[
            (
                "exactly covered over two levels",
                "alice sells 5 @ 10 as s1
                 carol sells 5 @ 11 as s2
                 bob buys 10 @ 11 fok            > trade 5 @ 10 with s1 (0 left, 5 to go); trade 5 @ 11 with s2 (0 left, 0 to go)",
            ),
            (
                "a lot short",
                "alice sells 5 @ 10 as s1
                 carol sells 5 @ 11 as s2
                 bob buys 11 @ 11 fok            > ends 11 (fill_or_kill)
                 bob buys 10 @ 10 fok            > ends 10 (fill_or_kill)
                 asks                            > 10: 5 (1), 11: 5 (1)
                 bob has USD                     > 1000000 + 0",
            ),
            (
                "covered within one queue",
                "alice buys 2 @ 10 as b1
                 alice buys 2 @ 10 as b2
                 alice buys 2 @ 10 as b3
                 bob sells 5 @ 10 fok            > trade 2 @ 10 with b1 (0 left, 3 to go); trade 2 @ 10 with b2 (0 left, 1 to go); trade 1 @ 10 with b3 (1 left, 0 to go)
                 bob sells 2 @ 10 fok            > ends 2 (fill_or_kill)
                 bids                            > 10: 1 (1)",
            ),
            (
                "market fill-or-kill",
                "alice sells 5 @ 10 as s1
                 bob buys 6 market fok           > ends 6 (fill_or_kill)
                 bob buys 5 market fok           > trade 5 @ 10 with s1 (0 left, 0 to go)
                 bob buys 5 market fok           > ends 5 (fill_or_kill)
                 bob sells 1 market fok          > ends 1 (fill_or_kill)",
            ),
        ],
    );
}

#[test]
fn nobody_trades_with_himself() {
    check(
        Terms::PLAIN,
        &[
            (
                "the aggressor ends with what it has left",
                "bob sells 5 @ 10 as s1
                 alice sells 5 @ 10 as s2
                 carol sells 5 @ 11 as s3
                 alice buys 12 @ 11              > trade 5 @ 10 with s1 (0 left, 7 to go); ends 7 (self_trade)
                 asks                            > 10: 5 (1), 11: 5 (1)
                 alice has USD                   > 999950 + 0
                 alice has CO2                   > 1000000 + 5",
            ),
            (
                "at once, when the first order is its own",
                "alice buys 5 @ 10 as b1
                 bob buys 5 @ 10 as b2
                 alice sells 5 @ 9               > ends 5 (self_trade)
                 alice sells 5 market            > ends 5 (self_trade)
                 alice sells 5 @ 9 ioc           > ends 5 (self_trade)
                 alice sells 5 @ 11 as s1        > rests 5 @ 11
                 bids                            > 10: 10 (2)",
            ),
            (
                "filled before it would meet itself",
                "bob sells 5 @ 10 as s1
                 alice sells 5 @ 10 as s2
                 alice buys 5 @ 10               > trade 5 @ 10 with s1 (0 left, 0 to go)",
            ),
            (
                "fill-or-kill counts only what comes before the first own order",
                "bob sells 5 @ 10 as s1
                 alice sells 5 @ 10 as s2
                 carol sells 5 @ 10 as s3
                 alice buys 6 @ 10 fok           > ends 6 (fill_or_kill)
                 alice buys 6 market fok         > ends 6 (fill_or_kill)
                 alice buys 5 @ 10 fok           > trade 5 @ 10 with s1 (0 left, 0 to go)
                 alice buys 1 @ 10 fok           > ends 1 (fill_or_kill)
                 bob buys 6 @ 10 fok             > trade 5 @ 10 with s2 (0 left, 1 to go); trade 1 @ 10 with s3 (4 left, 0 to go)",
            ),
            (
                "an own order at a worse level does not matter until it is reached",
                "bob buys 3 @ 12 as b1
                 carol buys 3 @ 11 as b2
                 alice buys 3 @ 10 as b3
                 alice sells 6 @ 10 fok          > trade 3 @ 12 with b1 (0 left, 3 to go); trade 3 @ 11 with b2 (0 left, 0 to go)
                 alice sells 1 @ 10              > ends 1 (self_trade)
                 bids                            > 10: 3 (1)",
            ),
        ],
    );
}

#[test]
fn post_only_never_takes() {
    check(
        Terms::PLAIN,
        &[
            (
                "refused when it would match, whoever owns the other side",
                "alice sells 5 @ 10 as s1
                 bob buys 5 @ 10 post            > refused post_only_would_match
                 bob buys 5 @ 11 post            > refused post_only_would_match
                 alice buys 5 @ 10 post          > refused post_only_would_match
                 bob buys 5 @ 9 post as b1       > rests 5 @ 9
                 carol sells 5 @ 9 post          > refused post_only_would_match
                 carol sells 5 @ 10 post as s2   > rests 5 @ 10
                 bob buys 6 @ 10                 > trade 5 @ 10 with s1 (0 left, 1 to go); trade 1 @ 10 with s2 (4 left, 0 to go)",
            ),
            (
                "only for limit orders that rest; markets have no price and do not rest",
                "alice buys 5 @ 10 ioc post      > refused invalid_combination
                 alice buys 5 @ 10 fok post      > refused invalid_combination
                 alice buys 5 market post        > refused invalid_combination
                 alice buys 5 market gtc         > refused invalid_combination
                 alice buys 5 market @ 1         > refused invalid_combination
                 alice buys 5 market @ -1        > refused invalid_combination
                 alice buys 0 market gtc         > refused invalid_combination",
            ),
        ],
    );
}

#[test]
fn checks_come_in_their_order() {
    check(
        Terms::PLAIN,
        &[
            (
                "place",
                "venue buys 0 @ 0                > refused reserved_account
                 dave buys 0 @ 0                 > refused unknown_account
                 alice may nothing               > permitted
                 alice buys 0 @ 0                > refused trading_not_permitted
                 bob buys 0 @ 0 ioc post         > refused invalid_combination
                 bob buys 0 @ 0                  > refused invalid_quantity
                 bob buys 1099511627777 @ 0      > refused invalid_quantity
                 bob buys 1099511627776 @ 0      > refused invalid_price
                 bob buys 1 @ -1                 > refused invalid_price
                 bob buys 1 @ 1001               > refused invalid_price
                 bob buys 1099511627776 @ 1000   > refused insufficient_funds
                 bob sells 1099511627776 @ 1000  > refused insufficient_credits
                 bob sells 1000001 market        > refused insufficient_credits
                 carol buys 1000 @ 1 as b1
                 bob sells 1000001 @ 1 post      > refused post_only_would_match",
            ),
            (
                "amend",
                "alice buys 5 @ 10 as b1
                 bob sells 2 @ 10
                 alice amends b1 to 0            > refused invalid_combination
                 alice amends b1 to 0 @ -1 stop 5 > refused invalid_combination
                 alice amends b1 to 0 @ -1       > refused invalid_quantity
                 alice amends b1 to 1099511627777 @ -1 > refused invalid_quantity
                 alice amends b1 to 2 @ -1       > refused quantity_below_filled
                 alice amends b1 to 1 @ 10       > refused quantity_below_filled
                 alice amends b1 to 5 @ -1       > refused invalid_price
                 alice amends b1 to 5 @ 1001     > refused invalid_price
                 alice amends b1 to 5 @ 10       > refused no_change
                 alice amends b1 to 1099511627776 @ 10 > refused insufficient_funds
                 alice amends b1 to 3 @ 10       > amended 3 @ 10 to 1 @ 10 in place
                 alice may withdraw              > cancelled b1 1 (permission_revoked); permitted
                 alice amends b1 to 3 @ 10       > refused trading_not_permitted",
            ),
        ],
    );
}

#[test]
fn permission_ends_with_the_orders() {
    check(
        Terms::PLAIN,
        &[(
            "in the order in which they were accepted, whatever their slots and the book's order are",
            "alice sells 5 @ 10 as s1
             bob sells 5 @ 10 as s2
             alice buys 5 @ 5 as b1
             alice cancels s1
             alice sells 6 @ 9 as s3
             alice sells 7 @ 8 as s4
             alice may nothing                   > cancelled b1 5 (permission_revoked); cancelled s3 6 (permission_revoked); cancelled s4 7 (permission_revoked); permitted
             alice has USD                       > 1000000 + 0
             alice has CO2                       > 1000000 + 0
             asks                                > 10: 5 (1)
             bids                                > none
             alice cancels all                   > all 0 cancelled
             alice cancels s3                    > refused unknown_order
             alice may trade                     > permitted
             alice may trade                     > permitted
             alice sells 1 @ 10                  > rests 1 @ 10
             alice cancels all                   > cancelled ? 1 (mass_cancel); all 1 cancelled
             dave may nothing                    > permitted
             dave buys 1 @ 1                     > refused trading_not_permitted
             venue may trade                     > refused reserved_account",
        )],
    );
}
