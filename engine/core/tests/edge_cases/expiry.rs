//! Day orders, good-till-date orders and cancel-after, at the nanosecond.

use crate::script::{Terms, check};

#[test]
fn orders_end_at_their_time() {
    check(
        Terms::PLAIN,
        &[
            (
                "a day order at midnight",
                "at 1d-1
                 alice sells 5 @ 10 day as s1    > rests 5 @ 10
                 tick                            > ticked
                 at 1d
                 tick                            > cancelled s1 5 (expired); ticked
                 alice sells 5 @ 10 day as s2
                 at 2d-1
                 tick                            > ticked
                 at 2d
                 tick                            > cancelled s2 5 (expired); ticked",
            ),
            (
                "before the command that comes at that time",
                "alice sells 5 @ 10 until 100 as s1
                 at 99
                 bob buys 1 @ 10                 > trade 1 @ 10 with s1 (4 left, 0 to go)
                 at 100
                 bob buys 4 @ 10                 > cancelled s1 4 (expired); rests 4 @ 10",
            ),
            (
                "a time must be in the future, and a time",
                "at 100
                 alice sells 5 @ 10 until 100    > refused invalid_expiry
                 alice sells 5 @ 10 until 9223372036854775808 > refused invalid_expiry
                 alice sells 5 @ 10 until 9223372036854775807 > rests 5 @ 10
                 alice sells 5 @ 10 until 101    > rests 5 @ 10
                 at 50
                 alice sells 5 @ 10 until 100    > refused invalid_expiry",
            ),
            (
                "the earliest first, then by handle",
                "alice sells 1 @ 12 until 50 as a
                 alice sells 1 @ 11 until 40 as b
                 alice sells 1 @ 10 until 50 as c
                 at 60
                 tick                            > cancelled b 1 (expired); cancelled a 1 (expired); cancelled c 1 (expired); ticked",
            ),
            (
                "at the end of time, which is the end of no day",
                "at 18446744073709551614
                 alice sells 5 @ 10 day as s1    > rests 5 @ 10
                 alice sells 5 @ 10 until 9223372036854775807 > refused invalid_expiry
                 at 18446744073709551615
                 alice sells 4 @ 11 day as s2    > cancelled s1 5 (expired); rests 4 @ 11
                 tick                            > cancelled s2 4 (expired); ticked",
            ),
            (
                "amended orders keep their time, stops have one too",
                "alice sells 5 @ 10 until 50 as a
                 alice amends a to 5 @ 11
                 alice sells 5 stop 3 until 50 as t
                 at 50
                 tick                            > cancelled a 5 (expired); disarmed t 5 (expired); ticked
                 alice has CO2                   > 1000000 + 0",
            ),
        ],
    );
}

#[test]
fn a_silent_client_loses_its_orders() {
    check(
        Terms::PLAIN,
        &[
            (
                "unless it renews",
                "alice cancels after 100         > done
                 alice sells 1 @ 10 as a
                 alice sells 1 stop 2 as t
                 bob sells 1 @ 10 as s
                 at 99
                 alice cancels after 200         > done
                 at 199
                 tick                            > ticked
                 at 200
                 tick                            > cancelled a 1 (cancel_after); disarmed t 1 (cancel_after); all 2 cancelled; ticked
                 at 300
                 tick                            > ticked
                 asks                            > 10: 1 (1)",
            ),
            (
                "or clears it",
                "alice cancels after 100
                 alice cancels after 0           > done
                 alice sells 1 @ 10 as a
                 at 100
                 alice cancels after 100         > refused invalid_expiry
                 alice cancels after 9223372036854775808 > refused invalid_expiry
                 dave cancels after 200          > refused unknown_account
                 asks                            > 10: 1 (1)",
            ),
        ],
    );
}
