//! Icebergs: what shows, what is hidden, and who comes first.

use crate::script::{Terms, check};

#[test]
fn a_new_part_goes_to_the_back() {
    check(
        Terms::PLAIN,
        &[
            (
                "behind those that came meanwhile",
                "alice sells 5 @ 10 show 2 as i  > rests 5 @ 10 showing 2
                 alice has CO2                   > 999995 + 5
                 bob sells 2 @ 10 as s1
                 carol buys 3 @ 10               > trade 2 @ 10 with i (3 left, 1 to go); i shows 2 of 3; trade 1 @ 10 with s1 (1 left, 0 to go)
                 carol buys 4 @ 10               > trade 1 @ 10 with s1 (0 left, 3 to go); trade 2 @ 10 with i (1 left, 1 to go); i shows 1 of 1; trade 1 @ 10 with i (0 left, 0 to go)
                 asks                            > none",
            ),
            (
                "two of them take turns",
                "alice sells 4 @ 10 show 2 as i
                 bob sells 4 @ 10 show 1 as j
                 carol buys 8 @ 10               > trade 2 @ 10 with i (2 left, 6 to go); i shows 2 of 2; trade 1 @ 10 with j (3 left, 5 to go); j shows 1 of 3; trade 2 @ 10 with i (0 left, 3 to go); trade 1 @ 10 with j (2 left, 2 to go); j shows 1 of 2; trade 1 @ 10 with j (1 left, 1 to go); j shows 1 of 1; trade 1 @ 10 with j (0 left, 0 to go)",
            ),
            (
                "a part that is not used up keeps its place",
                "alice buys 4 @ 10 show 2 as i
                 bob buys 1 @ 10 as b1
                 carol sells 1 @ 10              > trade 1 @ 10 with i (3 left, 0 to go)
                 carol sells 2 @ 10              > trade 1 @ 10 with i (2 left, 1 to go); i shows 2 of 2; trade 1 @ 10 with b1 (0 left, 0 to go)",
            ),
            (
                "what an aggressor has left is shown in parts too",
                "bob sells 2 @ 10 as s1
                 alice buys 6 @ 10 show 3 as i   > trade 2 @ 10 with s1 (0 left, 4 to go); rests 4 @ 10 showing 3",
            ),
        ],
    );
}

#[test]
fn hidden_lots_count() {
    check(
        Terms::PLAIN,
        &[
            (
                "for fill-or-kill",
                "alice sells 3 @ 10 show 1 as i
                 bob buys 4 @ 10 fok             > ends 4 (fill_or_kill)
                 bob buys 3 @ 10 fok             > trade 1 @ 10 with i (2 left, 2 to go); i shows 1 of 2; trade 1 @ 10 with i (1 left, 1 to go); i shows 1 of 1; trade 1 @ 10 with i (0 left, 0 to go)",
            ),
            (
                "but not behind an own order of the same level",
                "alice sells 3 @ 10 show 1 as i
                 bob sells 1 @ 10 as s1
                 bob buys 2 @ 10 fok             > ends 2 (fill_or_kill)
                 bob buys 1 @ 10 fok             > trade 1 @ 10 with i (2 left, 0 to go); i shows 1 of 2",
            ),
        ],
    );
}

#[test]
fn the_hidden_part_shrinks_first() {
    check(
        Terms::PLAIN,
        &[
            (
                "and the order keeps its place",
                "alice sells 5 @ 10 show 2 as i
                 bob sells 1 @ 10 as s1
                 alice amends i to 3 @ 10        > amended 2 @ 10 to 3 @ 10 in place
                 alice has CO2                   > 999997 + 3
                 carol buys 3 @ 10               > trade 2 @ 10 with i (1 left, 1 to go); i shows 1 of 1; trade 1 @ 10 with s1 (0 left, 0 to go)",
            ),
            (
                "then what is shown",
                "alice sells 5 @ 10 show 2 as i
                 bob sells 1 @ 10 as s1
                 alice amends i to 1 @ 10        > amended 2 @ 10 to 1 @ 10 in place
                 carol buys 2 @ 10               > trade 1 @ 10 with i (0 left, 1 to go); trade 1 @ 10 with s1 (0 left, 0 to go)",
            ),
            (
                "at another price it shows a new part",
                "alice sells 5 @ 10 show 2 as i
                 bob buys 1 @ 10
                 alice amends i to 5 @ 11        > amended 1 @ 10 to 4 @ 11 at the back; rests 4 @ 11 showing 2",
            ),
        ],
    );
}

#[test]
fn how_much_may_be_hidden() {
    check(
        Terms::PLAIN,
        &[(
            "at most all but a 1,024th, in orders that rest",
            "alice sells 5 @ 10 show 6       > refused invalid_quantity
                 alice sells 5 @ 10 show 5       > rests 5 @ 10
                 alice sells 1025 @ 10 show 1    > refused invalid_quantity
                 alice sells 1024 @ 10 show 1 as i > rests 1024 @ 10 showing 1
                 alice amends i to 1025 @ 10     > refused invalid_quantity
                 alice sells 5 @ 10 ioc show 2   > refused invalid_combination
                 alice sells 5 market show 2     > refused invalid_combination
                 alice sells 5 stop 3 show 2     > refused invalid_combination
                 alice sells 5 trail 3 show 2    > refused invalid_combination
                 alice sells 5 @ 3 stop 3 show 2 > armed 5 at 3",
        )],
    );
}
