//! Trades that are reversed, and those that cannot be.

use crate::script::{Terms, check};

#[test]
fn all_goes_back() {
    check(
        Terms { fees: (500, 1_000), tick_value: 100, ..Terms::PLAIN },
        &[
            (
                "cash, credits and fees",
                "alice sells 3 @ 10
                 bob buys 3 @ 10
                 venue has USD                   > 4 + 0
                 bust 2                          > refused unknown_trade
                 bust 0                          > refused unknown_trade
                 bust 1                          > busted 3 @ 10
                 alice has USD                   > 1000000 + 0
                 bob has USD                     > 1000000 + 0
                 bob has CO2                     > 1000000 + 0
                 venue has USD                   > 0 + 0
                 bust 1                          > refused already_busted",
            ),
            (
                "the venue must have the fees",
                "alice sells 3 @ 10
                 bob buys 3 @ 10
                 venue withdraws 4 USD
                 bust 1                          > refused insufficient_funds",
            ),
        ],
    );
}

#[test]
fn what_is_gone_cannot_go_back() {
    check(
        Terms { cash: 1_000, credits: 5, ..Terms::PLAIN },
        &[(
            "the credits",
            "alice sells 5 @ 10
                 bob buys 5 @ 10
                 bob sells 6 @ 20 as s1
                 alice withdraws 1050 USD
                 bust 1                          > refused insufficient_credits
                 bob cancels s1
                 bust 1                          > refused insufficient_funds
                 alice deposits 49 USD
                 bust 1                          > refused insufficient_funds
                 alice deposits 1 USD
                 bob withdraws 5 CO2
                 bust 1                          > busted 5 @ 10
                 bob has CO2                     > 0 + 0
                 alice has USD                   > 0 + 0",
        )],
    );
}
