//! Limits of an account, kill switch and market halt, at the exact boundary.

use crate::script::{Terms, check};

#[test]
#[allow(clippy::too_many_lines)] // one table
fn orders_within_the_limits() {
    check(
        Terms::PLAIN,
        &[
            (
                "quantity of an order",
                "limits alice quantity 5         > done
                 alice buys 6 @ 1                > refused order_quantity_limit
                 alice buys 5 @ 1 as b1          > rests 5 @ 1
                 alice amends b1 to 6 @ 1        > refused order_quantity_limit
                 limits alice                    > done
                 alice amends b1 to 6 @ 1        > amended 5 @ 1 to 6 @ 1 at the back; rests 6 @ 1",
            ),
            (
                "notional of an order",
                "limits alice notional 100
                 alice buys 101 @ 1              > refused order_notional_limit
                 alice buys 10 @ 10 as b1        > rests 10 @ 10
                 alice amends b1 to 10 @ 11      > refused order_notional_limit
                 alice buys cash 101             > refused order_notional_limit
                 bob sells 9 @ 12
                 alice buys 9 market             > refused order_notional_limit
                 alice buys 8 market             > trade 8 @ 12 with ? (1 left, 0 to go)",
            ),
            (
                "open orders, of those that may rest",
                "limits alice orders 2
                 alice buys 1 @ 1 as b1
                 alice buys 1 stop 900
                 alice buys 1 @ 1                > refused open_orders_limit
                 alice buys 1 @ 1 ioc            > ends 1 (immediate_or_cancel)
                 alice cancels b1
                 alice buys 1 @ 1                > rests 1 @ 1",
            ),
            (
                "exposure of both sides, orders from before included",
                "alice buys 5 @ 10 as b1
                 limits alice exposure 100
                 alice sells 1 @ 51              > refused exposure_limit
                 alice sells 1 @ 50 as s1        > rests 1 @ 50
                 alice buys 1 @ 1                > refused exposure_limit
                 alice amends b1 to 5 @ 11       > refused exposure_limit
                 alice amends b1 to 4 @ 10       > amended 5 @ 10 to 4 @ 10 in place
                 alice buys 10 @ 1               > rests 10 @ 1
                 bob sells 4 @ 10                > trade 4 @ 10 with b1 (0 left, 0 to go)
                 alice buys 40 @ 1               > rests 40 @ 1",
            ),
            (
                "position: what is owned and bid for",
                "position alice 1000010          > done
                 alice buys 11 @ 1               > refused position_limit
                 alice buys 10 @ 1 as b1         > rests 10 @ 1
                 alice sells 5 @ 500
                 alice buys 1 @ 1                > refused position_limit
                 alice amends b1 to 11 @ 1       > refused position_limit
                 bob sells 4 @ 1
                 alice buys 1 market             > refused position_limit
                 alice withdraws 1 CO2
                 alice buys 1 @ 1                > rests 1 @ 1",
            ),
            (
                "an amendment to less, or to as much, is not refused for what is too much already",
                "alice buys 10 @ 20 as b1
                 limits alice quantity 5 notional 100 exposure 100
                 position alice 1
                 alice amends b1 to 11 @ 10      > refused order_quantity_limit
                 alice amends b1 to 9 @ 23       > refused order_notional_limit
                 alice amends b1 to 9 @ 20       > amended 10 @ 20 to 9 @ 20 in place
                 alice amends b1 to 9 @ 19       > amended 9 @ 20 to 9 @ 19 at the back; rests 9 @ 19
                 limits alice exposure 100
                 alice amends b1 to 9 @ 20       > refused exposure_limit
                 limits alice
                 alice amends b1 to 9 @ 20       > amended 9 @ 19 to 9 @ 20 at the back; rests 9 @ 20
                 alice amends b1 to 10 @ 20      > refused position_limit
                 limits alice notional 100
                 position alice 0
                 alice amends b1 to 18 @ 10      > amended 9 @ 20 to 18 @ 10 at the back; rests 18 @ 10
                 limits alice exposure 100
                 alice amends b1 to 9 @ 20       > amended 18 @ 10 to 9 @ 20 at the back; rests 9 @ 20",
            ),
            (
                "an amendment counts what it adds",
                "position alice 1000010
                 limits alice exposure 100
                 alice buys 5 @ 10 as b1
                 alice amends b1 to 10 @ 10      > amended 5 @ 10 to 10 @ 10 at the back; rests 10 @ 10
                 alice amends b1 to 11 @ 9       > refused position_limit
                 alice amends b1 to 10 @ 11      > refused exposure_limit",
            ),
            (
                "one order, or a first one, to the last unit",
                "limits alice orders 1
                 alice buys 1 @ 1
                 alice buys 1 @ 1                > refused open_orders_limit
                 limits bob exposure 100
                 bob sells 1 @ 101               > refused exposure_limit
                 bob sells 1 @ 100               > rests 1 @ 100",
            ),
            (
                "position by cash: what walking the offers buys",
                "position alice 1000006
                 bob sells 5 @ 10 as s1
                 bob sells 5 @ 20 as s2
                 alice buys cash 90              > refused position_limit
                 alice buys cash 89              > trade 5 @ 10 with s1 (0 left, 0 to go); trade 1 @ 20 with s2 (4 left, 0 to go); ends 0 (cash_spent)
                 alice buys cash 19              > ends 0 (cash_spent)
                 alice buys cash 20              > refused position_limit",
            ),
            (
                "settings have their ranges",
                "limits venue                    > refused reserved_account
                 limits dave                     > refused unknown_account
                 limits alice notional -1        > refused invalid_setting
                 limits alice rate 1             > refused invalid_setting
                 limits alice rate 1 burst 1000001 > refused invalid_setting
                 limits alice rate 1000001 burst 1 > refused invalid_setting
                 position venue 1                > refused reserved_account",
            ),
        ],
    );
}

#[test]
fn tokens_come_back_by_the_nanosecond() {
    check(
        Terms::PLAIN,
        &[(
            "and one with each trade",
            "limits alice rate 1 burst 2
                 alice buys 1 @ 1 as b1
                 alice buys 0 @ 1                > refused invalid_quantity
                 alice buys 1 @ 1                > refused throttled
                 at 1s-1
                 alice buys 1 @ 1                > refused throttled
                 alice cancels b1                > cancelled b1 1 (requested)
                 at 1s
                 alice buys 1 @ 1 as b2          > rests 1 @ 1
                 alice amends b2 to 2 @ 1        > refused throttled
                 bob sells 1 @ 1                 > trade 1 @ 1 with b2 (0 left, 0 to go)
                 alice buys 1 @ 1 as b3          > rests 1 @ 1
                 alice buys 1 @ 1                > refused throttled
                 at 9s
                 alice amends b3 to 2 @ 1
                 alice amends b3 to 3 @ 1
                 alice amends b3 to 4 @ 1        > refused throttled",
        )],
    );
}

#[test]
fn trading_is_stopped() {
    check(
        Terms::PLAIN,
        &[
            (
                "for an account",
                "alice sells 1 @ 10 as a
                 alice sells 1 stop 5 as t
                 kill alice                      > cancelled a 1 (kill_switch); disarmed t 1 (kill_switch); stopped, 2 cancelled
                 alice buys 1 @ 1                > refused account_stopped
                 kill alice                      > stopped, 0 cancelled
                 revive alice                    > goes on
                 alice buys 1 @ 1                > rests 1 @ 1
                 revive alice                    > goes on
                 kill venue                      > refused reserved_account
                 kill dave                       > refused unknown_account",
            ),
            (
                "for all",
                "alice sells 5 @ 10 as s1
                 alice sells 5 @ 11 as s2
                 halt                            > halted
                 halt                            > halted
                 alice sells 1 @ 10              > refused market_halted
                 alice amends s1 to 4 @ 10       > refused market_halted
                 alice cancels s1                > cancelled s1 5 (requested)
                 resume                          > resumed
                 bob buys 1 @ 11                 > trade 1 @ 11 with s2 (4 left, 0 to go)",
            ),
            (
                "plans wait for the market",
                "plan closed at 10
                 halt
                 at 10
                 tick                            > ticked
                 resume                          > resumed
                 tick                            > closed; ticked",
            ),
        ],
    );
}
