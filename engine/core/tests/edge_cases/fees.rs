//! Fee tiers by the day, and rebates.

use crate::script::{Terms, check};

#[test]
fn tiers_change_with_the_day() {
    check(
        Terms { fees: (500, 1_000), tick_value: 100, ..Terms::PLAIN },
        &[
            (
                "by the volume of the 30 days before",
                "tier 1 from 5                   > done
                 fees 1 0 0                      > done
                 alice sells 5 @ 10
                 bob buys 5 @ 10
                 bob buys 1 @ 10 as b1           > rests 1 @ 10
                 bob has USD                     > 993994 + 1001
                 at 1d-1
                 bob cancels b1
                 bob buys 1 @ 10 as b2           > rests 1 @ 10
                 at 1d
                 bob buys 1 @ 9 as b3            > tier 1; rests 1 @ 9
                 bob has USD                     > 993094 + 1901
                 bob buys 1 @ 9 as b4            > rests 1 @ 9
                 at 30d
                 bob buys 1 @ 9 as b5            > rests 1 @ 9
                 at 31d
                 bob buys 1 @ 9 as b6            > tier 0; rests 1 @ 9",
            ),
            (
                "a volume short of it",
                "tier 1 from 6
                 fees 1 0 0
                 alice sells 5 @ 10
                 bob buys 5 @ 10
                 at 1d
                 bob buys 1 @ 10                 > rests 1 @ 10",
            ),
            (
                "what was traded 60 days ago is gone, though nothing was traded since",
                "tier 1 from 6
                 fees 1 0 0
                 alice sells 5 @ 10
                 bob buys 5 @ 10
                 at 59d
                 bob buys 6 @ 10 as b1           > rests 6 @ 10
                 alice sells 5 @ 10              > trade 5 @ 10 with b1 (1 left, 0 to go)
                 at 60d
                 alice sells 1 @ 10              > trade 1 @ 10 with b1 (0 left, 0 to go)
                 bob buys 1 @ 9                  > rests 1 @ 9",
            ),
            (
                "what was traded 30 days ago counts, though yesterday was traded too",
                "tier 1 from 6
                 fees 1 0 0
                 at 30d
                 alice sells 5 @ 10
                 bob buys 5 @ 10
                 at 59d
                 bob buys 2 @ 10 as b1           > rests 2 @ 10
                 alice sells 1 @ 10              > trade 1 @ 10 with b1 (1 left, 0 to go)
                 at 60d
                 carol sells 1 @ 10              > trade 1 @ 10 with b1 (0 left, 0 to go)
                 bob buys 1 @ 9                  > tier 1; rests 1 @ 9",
            ),
            (
                "it stays for the day, whatever is set meanwhile",
                "tier 1 from 5
                 fees 1 0 0
                 alice sells 5 @ 10
                 bob buys 5 @ 10
                 at 1d
                 bob buys 1 @ 9                  > tier 1; rests 1 @ 9
                 bob has USD                     > 994095 + 900
                 tier 1 from 6
                 bob buys 1 @ 9                  > rests 1 @ 9
                 bob has USD                     > 993195 + 1800
                 at 2d
                 bob buys 1 @ 9                  > tier 0; rests 1 @ 9
                 bob has USD                     > 992295 + 2700",
            ),
            (
                "settings have their ranges",
                "tier 0 from 1                   > refused invalid_setting
                 tier 8 from 1                   > refused invalid_setting
                 tier 1 from 4611686018427387905 > refused invalid_setting
                 tier 1 from 4611686018427387904 > done
                 fees 8 0 0                      > refused invalid_setting
                 fees 1 0 -1                     > refused invalid_setting",
            ),
            (
                "what is traded today counts from tomorrow on",
                "tier 1 from 5
                 bob buys 5 @ 10 as b1
                 at 1d
                 alice sells 5 @ 10              > trade 5 @ 10 with b1 (0 left, 0 to go)
                 bob buys 1 @ 9                  > rests 1 @ 9
                 at 2d
                 bob buys 1 @ 9                  > tier 1; rests 1 @ 9",
            ),
        ],
    );
}

#[test]
fn a_rebate_is_at_most_the_takers_fee() {
    check(
        Terms { fees: (-2_000, 500), tick_value: 1_000, ..Terms::PLAIN },
        &[
            (
                "so a trade never costs the venue",
                "alice sells 1 @ 10
                 bob buys 1 @ 10
                 alice has USD                   > 1010005 + 0
                 bob has USD                     > 989995 + 0
                 venue has USD                   > 0 + 0",
            ),
            (
                "below it is paid in full",
                "fees 0 -100 500
                 alice sells 1 @ 10
                 bob buys 1 @ 10
                 alice has USD                   > 1010001 + 0
                 venue has USD                   > 4 + 0",
            ),
        ],
    );
}
