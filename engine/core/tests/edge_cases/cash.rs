//! Market buys by cash: what it buys, to the last unit.

use crate::script::{Terms, check};

#[test]
fn cash_is_spent_to_the_last_lot() {
    check(
        Terms::PLAIN,
        &[
            (
                "exactly",
                "alice sells 5 @ 10 as s1
                 alice sells 5 @ 11 as s2
                 bob buys cash 61                > trade 5 @ 10 with s1 (0 left, 0 to go); trade 1 @ 11 with s2 (4 left, 0 to go); ends 0 (cash_spent)
                 bob has USD                     > 999939 + 0",
            ),
            (
                "a unit short of one more lot",
                "alice sells 5 @ 10 as s1
                 alice sells 5 @ 11 as s2
                 bob buys cash 60                > trade 5 @ 10 with s1 (0 left, 0 to go); ends 0 (cash_spent)
                 bob has USD                     > 999950 + 0",
            ),
            (
                "less than one lot",
                "alice sells 5 @ 10 as s1
                 bob buys cash 9                 > ends 0 (cash_spent)",
            ),
            (
                "more than there is, and exactly all there is",
                "alice sells 5 @ 10 as s1
                 bob buys cash 51                > trade 5 @ 10 with s1 (0 left, 0 to go); ends 0 (no_liquidity)
                 alice sells 5 @ 10 as s2
                 bob buys cash 50                > trade 5 @ 10 with s2 (0 left, 0 to go); ends 0 (cash_spent)
                 bob buys cash 1                 > ends 0 (no_liquidity)",
            ),
        ],
    );
}

#[test]
fn what_may_be_bought_by_cash() {
    check(
        Terms::PLAIN,
        &[(
            "refusals",
            "bob buys cash -1                > refused invalid_amount
                 bob buys cash 4611686018427387905 > refused invalid_amount
                 bob buys cash 0                 > refused invalid_quantity
                 bob sells cash 5                > refused invalid_combination
                 bob buys cash 5 fok             > refused invalid_combination
                 bob buys cash 5 decrement       > refused invalid_combination
                 bob buys cash 5 @ 10            > refused invalid_combination
                 bob buys cash 5 show 1          > refused invalid_combination
                 bob buys cash 5 post            > refused invalid_combination
                 bob buys cash 5 stop 10         > refused invalid_combination
                 bob buys 1 @ 5 as b1
                 bob buys cash 5 oco b1          > refused invalid_combination
                 bob buys cash 1000001           > refused insufficient_funds",
        )],
    );
}

#[test]
fn the_fee_is_paid_from_the_cash() {
    check(
        Terms { fees: (500, 1_000), tick_value: 100, ..Terms::PLAIN },
        &[(
            "each trade rounds by itself",
            "alice sells 5 @ 10 as s1
                 bob buys cash 2001              > trade 1 @ 10 with s1 (4 left, 0 to go); ends 0 (cash_spent)
                 bob has USD                     > 998999 + 0
                 bob buys cash 2002              > trade 2 @ 10 with s1 (2 left, 0 to go); ends 0 (cash_spent)
                 bob has USD                     > 996997 + 0",
        )],
    );
}
