//! Holds, settlement, fees and movements, to the last unit.

use crate::script::{Terms, check};

const FEES: Terms = Terms { fees: (500, 1_000), tick_value: 100, ..Terms::PLAIN };

#[test]
fn trades_settle_at_once_with_fees_rounded_down() {
    check(
        FEES,
        &[
            (
                // 3 x 10 ticks x 100 = 3,000: the maker pays floor(1.5) = 1, the taker 3.
                "the buyer takes",
                "alice sells 3 @ 10 as s1
                 bob buys 3 @ 10                 > trade 3 @ 10 with s1 (0 left, 0 to go)
                 bob has USD                     > 996997 + 0
                 bob has CO2                     > 1000003 + 0
                 alice has USD                   > 1002999 + 0
                 alice has CO2                   > 999997 + 0
                 venue has USD                   > 4 + 0",
            ),
            (
                // The buy holds 3,000 + floor(3,000 x 1,000 ppm) = 3,003; as the maker it pays 3,001.
                "the seller takes, and what the buyer held too much comes back",
                "alice buys 3 @ 10 as b1
                 alice has USD                   > 996997 + 3003
                 bob sells 3 @ 9                 > trade 3 @ 10 with b1 (0 left, 0 to go)
                 alice has USD                   > 996999 + 0
                 bob has USD                     > 1002997 + 0
                 venue has USD                   > 4 + 0",
            ),
            (
                // Each fill of 1,000 rounds by itself: 5 fills cost the maker 0 each (0.5 rounds down).
                "each trade rounds by itself",
                "alice buys 5 @ 10 as b1
                 alice has USD                   > 994995 + 5005
                 bob sells 1 @ 10                > trade 1 @ 10 with b1 (4 left, 0 to go)
                 alice has USD                   > 994996 + 4004
                 bob sells 1 @ 10
                 bob sells 1 @ 10
                 bob sells 1 @ 10
                 bob sells 1 @ 10
                 alice has USD                   > 995000 + 0
                 bob has USD                     > 1004995 + 0
                 venue has USD                   > 5 + 0",
            ),
            (
                "a better price than the limit is the buyer's",
                "alice sells 3 @ 10 as s1
                 bob buys 5 @ 20 as b1           > trade 3 @ 10 with s1 (0 left, 2 to go); rests 2 @ 20
                 bob has USD                     > 992993 + 4004
                 bob cancels b1
                 bob has USD                     > 996997 + 0",
            ),
        ],
    );
}

#[test]
fn holds_are_exact_to_the_last_unit() {
    check(
        Terms { cash: 3_003, credits: 5, ..FEES },
        &[
            (
                "a limit buy with exactly enough, and nothing more",
                "alice buys 3 @ 10 as b1         > rests 3 @ 10
                 alice has USD                   > 0 + 3003
                 alice buys 1 @ 1                > refused insufficient_funds
                 alice withdraws 1 USD           > refused insufficient_funds
                 alice cancels b1
                 alice withdraws 1 USD           > done
                 alice buys 3 @ 10               > refused insufficient_funds",
            ),
            (
                "a market buy is priced over the levels with the taker's fee on the sum",
                "bob sells 1 @ 9 as s1
                 carol sells 3 @ 10 as s2
                 alice buys 3 market             > trade 1 @ 9 with s1 (0 left, 2 to go); trade 2 @ 10 with s2 (1 left, 0 to go)
                 alice has USD                   > 101 + 0
                 alice buys 1 market             > refused insufficient_funds
                 alice buys 9 market             > refused insufficient_funds",
            ),
            (
                "exactly the price of what there is",
                "bob sells 3 @ 10 as s1
                 alice buys 1000 market          > trade 3 @ 10 with s1 (0 left, 997 to go); ends 997 (no_liquidity)
                 alice has USD                   > 0 + 0",
            ),
            (
                "a unit short of it",
                "bob sells 3 @ 10 as s1
                 alice withdraws 1 USD
                 alice buys 3 market             > refused insufficient_funds
                 alice buys 3 market fok         > refused insufficient_funds
                 alice buys 3 @ 10 ioc           > refused insufficient_funds
                 alice buys 2 market             > trade 2 @ 10 with s1 (1 left, 0 to go)",
            ),
            (
                "a market buy is priced over its own account's orders too",
                "alice sells 2 @ 10 as s1
                 bob sells 2 @ 20 as s2
                 alice buys 3 market             > refused insufficient_funds
                 alice buys 2 market             > ends 2 (self_trade)",
            ),
            (
                "credits in open sells cannot be sold again, withdrawn or retired",
                "alice sells 4 @ 10 as s1
                 alice sells 2 @ 10              > refused insufficient_credits
                 alice sells 2 market            > refused insufficient_credits
                 alice withdraws 2 CO2           > refused insufficient_credits
                 alice retires 2 CO2             > refused insufficient_credits
                 alice retires 1 CO2             > done
                 alice has CO2                   > 0 + 4
                 bob buys 1 @ 10
                 alice has CO2                   > 0 + 3
                 alice cancels s1                > cancelled s1 3 (requested)
                 alice has CO2                   > 3 + 0",
            ),
            (
                "proceeds can be spent at once",
                "alice buys 3 @ 10 as b1
                 bob sells 3 @ 10
                 bob has USD                     > 6000 + 0
                 bob buys 5 @ 11 as b2           > rests 5 @ 11
                 alice sells 8 @ 11              > trade 5 @ 11 with b2 (0 left, 3 to go); rests 3 @ 11",
            ),
        ],
    );
}

#[test]
fn movements_are_checked_in_order() {
    check(
        FEES,
        &[
            (
                "who, what, how much, once",
                "venue deposits 0 GBP            > refused reserved_account
                 venue issues 0 GBP              > refused reserved_account
                 venue retires 0 GBP             > refused reserved_account
                 venue withdraws 0 GBP           > refused unknown_asset
                 dave deposits 0 GBP             > refused unknown_account
                 alice deposits 0 GBP            > refused unknown_asset
                 alice issues 0 USD              > refused wrong_asset_class
                 alice retires 0 USD             > refused wrong_asset_class
                 alice deposits 0 USD            > refused invalid_amount
                 alice deposits -1 USD           > refused invalid_amount
                 alice withdraws -1 USD          > refused invalid_amount
                 alice deposits 1 CO2            > done
                 alice deposits 5 USD ref 7      > done
                 alice deposits 5 USD ref 7      > refused duplicate_reference
                 bob deposits 9 CO2 ref 7        > refused duplicate_reference
                 alice deposits 0 USD ref 7      > refused invalid_amount
                 alice withdraws 5 USD ref 7     > done
                 alice issues 5 CO2 ref 7        > done
                 alice retires 5 CO2 ref 7       > done
                 alice retires 5 CO2 ref 7       > refused duplicate_reference
                 alice deposits 5 USD            > done
                 alice deposits 5 USD            > done
                 alice deposits 5 USD ref 1      > done
                 alice deposits 5 USD ref 1      > refused duplicate_reference",
            ),
            (
                "a movement that was refused has not used its reference",
                "alice withdraws 1000001 USD ref 8 > refused insufficient_funds
                 alice withdraws 1000001 CO2 ref 8 > refused insufficient_credits
                 alice withdraws 1 USD ref 8     > done
                 alice withdraws 1000001 USD ref 8 > refused duplicate_reference",
            ),
            (
                "withdrawing needs its permission, retiring does not",
                "alice may trade
                 alice withdraws 1000001 USD     > refused withdrawal_not_permitted
                 alice withdraws 1 CO2           > refused withdrawal_not_permitted
                 alice retires 1 CO2             > done
                 alice may withdraw
                 alice withdraws 1 CO2           > done",
            ),
            (
                "the venue takes its fees out, and no more",
                "alice sells 3 @ 10
                 bob buys 3 @ 10
                 venue withdraws 5 USD           > refused insufficient_funds
                 venue withdraws 4 USD           > done
                 venue has USD                   > 0 + 0
                 venue cancels all               > all 0 cancelled",
            ),
        ],
    );
}
