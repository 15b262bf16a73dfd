//! What each phase takes, and how an instrument moves from one to the next.

use crate::script::{Terms, check, on_both};

/// For each phase: whether it takes limit orders, post-only ones, orders that match at once, stops, and amends.
const TAKES: [(&str, [bool; 5]); 9] = [
    ("continuous", [true, true, true, true, true]),
    ("pre_open", [true, true, false, true, true]),
    ("opening_auction", [true, true, false, true, true]),
    ("volatility_halt", [true, true, false, true, true]),
    ("closing_auction", [true, true, false, true, true]),
    ("post_only", [false, true, false, false, true]),
    ("cancel_only", [false, false, false, false, false]),
    ("suspended", [false, false, false, false, false]),
    ("closed", [false, false, false, false, false]),
];
const LINES: [(&str, usize); 8] = [
    ("bob buys 1 @ 5", 0),
    ("bob buys 1 @ 5 day", 0),
    ("bob buys 1 @ 5 post", 1),
    ("bob buys 1 market", 2),
    ("bob buys 1 @ 5 ioc", 2),
    ("bob buys 1 @ 5 fok", 2),
    ("bob sells 1 stop 3", 3),
    ("alice amends b1 to 4 @ 10", 4),
];

#[test]
fn each_phase_takes_what_the_table_says() {
    for (phase, takes) in TAKES {
        for (line, column) in LINES {
            on_both(Terms::PLAIN, |desk| {
                desk.ask("alice buys 5 @ 10 as b1");
                if phase != "continuous" {
                    assert_eq!(desk.ask(&format!("phase {phase}")), phase);
                }
                let told = desk.ask(line);
                let expected = if takes[column] { "" } else { "refused wrong_phase" };
                assert_eq!(told.contains("refused"), !takes[column], "{line} in {phase}: {told}");
                assert!(told.starts_with(expected), "{line} in {phase}: {told}");
                assert!(desk.ask("alice cancels b1").starts_with("cancelled b1"), "a cancel in {phase}");
                desk.venue.check();
            });
        }
    }
}

#[test]
fn closing_ends_day_orders_and_delisting_all() {
    check(
        Terms::PLAIN,
        &[
            (
                "closed",
                "alice buys 5 @ 10 day as b1
                 alice buys 5 @ 9 as b2
                 alice sells 1 stop 5 day as t1
                 phase closed                    > closed; cancelled b1 5 (expired); disarmed t1 1 (expired)
                 alice cancels b2                > cancelled b2 5 (requested)",
            ),
            (
                "delisted",
                "alice sells 1 stop 5 as t1
                 bob sells 5 @ 21 as s1
                 bob sells 5 @ 20 as s2
                 alice buys 5 @ 9 as b1
                 alice buys 5 @ 10 as b2
                 alice buys 1 stop 50 as t2
                 plan closed at 10
                 phase delisted                  > delisted; cancelled b2 5 (delisted); cancelled b1 5 (delisted); cancelled s2 5 (delisted); cancelled s1 5 (delisted); disarmed t2 1 (delisted); disarmed t1 1 (delisted)
                 at 10
                 tick                            > ticked
                 phase continuous                > refused wrong_phase
                 plan continuous at 20           > refused wrong_phase
                 alice has CO2                   > 1000000 + 0
                 alice has USD                   > 1000000 + 0",
            ),
        ],
    );
}

#[test]
fn phases_follow_a_plan() {
    check(
        Terms::PLAIN,
        &[
            (
                "once, before the command of that time",
                "plan closed at 100              > done
                 at 99
                 alice buys 1 @ 1                > rests 1 @ 1
                 at 100
                 alice buys 1 @ 1                > closed; refused wrong_phase
                 phase closed                    > refused no_change",
            ),
            (
                "again and again, until it is cleared",
                "plan closed at 1s every 2s
                 plan continuous at 2s every 2s
                 at 1s
                 tick                            > closed; ticked
                 at 2s
                 tick                            > continuous; ticked
                 at 4s
                 tick                            > closed; continuous; ticked
                 clear plans                     > done
                 at 9s
                 tick                            > ticked",
            ),
            (
                "a plan has its range",
                "at 100
                 plan closed at 100              > refused invalid_expiry
                 plan closed at 9223372036854775808 > refused invalid_expiry
                 plan volatility_halt at 200     > refused invalid_setting
                 plan closed at 200 every 999999999 > refused invalid_setting
                 plan closed at 200 every 366d+1 > refused invalid_setting
                 plan closed at 200 every 366d   > done",
            ),
            (
                "a suspended instrument waits for the staff",
                "plan continuous at 10
                 phase suspended                 > suspended
                 at 10
                 tick                            > ticked
                 phase continuous                > continuous",
            ),
            (
                "times that were missed are skipped",
                "plan closed at 1s every 2s
                 plan continuous at 2s every 2s
                 at 6s
                 tick                            > closed; continuous; ticked
                 at 7s
                 tick                            > closed; ticked",
            ),
        ],
    );
}

#[test]
fn post_only_takes_what_adds() {
    check(
        Terms::PLAIN,
        &[(
            "and an amend may not cross",
            "alice sells 5 @ 10 as s1
                 phase post_only                 > post_only
                 bob buys 5 @ 10 post            > refused post_only_would_match
                 bob buys 5 @ 9                  > refused wrong_phase
                 bob buys 5 @ 9 post as b1       > rests 5 @ 9
                 bob amends b1 to 5 @ 10         > refused post_only_would_match
                 bob amends b1 to 5 @ 8          > amended 5 @ 9 to 5 @ 8 at the back; rests 5 @ 8",
        )],
    );
}

#[test]
fn in_post_only_no_amend_crosses() {
    check(
        Terms::PLAIN,
        &[
            (
                "whatever the order was",
                "alice buys 5 @ 8 as b1
             bob sells 5 @ 10
             phase post_only
             alice amends b1 to 5 @ 10       > refused post_only_would_match
             alice amends b1 to 5 @ 9        > amended 5 @ 8 to 5 @ 9 at the back; rests 5 @ 9",
            ),
            (
                "but a stop is in no book that it could cross",
                "bob sells 5 @ 10
             alice buys 5 @ 9 stop 20 as t
             phase post_only
             alice amends t to 5 @ 30        > amended 0 @ 9 to 5 @ 30 at the back; armed 5 at 20
             alice buys 5 @ 30 stop 20       > refused wrong_phase
             alice amends t to 4 @ 30 stop 21 > amended 0 @ 30 to 4 @ 30 at the back; armed 4 at 21",
            ),
        ],
    );
}
