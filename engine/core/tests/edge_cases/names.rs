//! Client order ids: one order, one answer, within the venue's memory.

use cx_engine::command::Side;
use cx_engine::ids::ClientOrderId;
use cx_engine::{Command, Event};

use crate::script::{ALICE, BOB, Desk, Terms, check, limit, on_both};

#[test]
fn a_name_stands_for_one_order() {
    check(
        Terms::PLAIN,
        &[
            (
                // Twelve commands opened the desk.
                "the same order again gives the first answer's position, whatever became of it",
                "alice buys 5 @ 10 named a as b1 > rests 5 @ 10
                 alice buys 5 @ 10 named a       > repeated 13
                 bob sells 5 @ 10                > trade 5 @ 10 with b1 (0 left, 0 to go)
                 alice buys 5 @ 10 named a       > repeated 13
                 bids                            > none",
            ),
            (
                "another order under the name is refused, whichever field differs",
                "alice buys 5 @ 10 named a
                 alice buys 6 @ 10 named a       > refused duplicate_client_order_id
                 alice buys 5 @ 11 named a       > refused duplicate_client_order_id
                 alice sells 5 @ 10 named a      > refused duplicate_client_order_id
                 alice buys 5 @ 10 ioc named a   > refused duplicate_client_order_id
                 alice buys 5 @ 10 post named a  > refused duplicate_client_order_id
                 alice buys 0 @ 0 named a        > refused duplicate_client_order_id
                 alice buys 5 @ 10 named a       > repeated 13",
            ),
            (
                "names belong to their account, and case matters",
                "alice buys 5 @ 10 named a
                 bob buys 5 @ 10 named a         > rests 5 @ 10
                 alice buys 5 @ 10 named A       > rests 5 @ 10",
            ),
            (
                "a refused order has used its name too",
                "alice buys 0 @ 10 named a       > refused invalid_quantity
                 alice buys 0 @ 10 named a       > repeated 13
                 alice buys 1 @ 10 named a       > refused duplicate_client_order_id
                 bob may nothing
                 bob buys 1 @ 10 named b         > refused trading_not_permitted
                 bob may trade
                 bob buys 1 @ 10 named b         > repeated 17",
            ),
            (
                "an account that does not exist uses up nothing",
                "dave buys 1 @ 10 named a        > refused unknown_account
                 dave may trade
                 dave deposits 10 USD
                 dave buys 1 @ 10 named a        > rests 1 @ 10",
            ),
            (
                "amending does not change the name",
                "alice buys 5 @ 10 named a as b1
                 alice amends b1 to 6 @ 11
                 alice buys 6 @ 11 named a       > refused duplicate_client_order_id
                 alice buys 5 @ 10 named a       > repeated 13",
            ),
        ],
    );
}

fn named(desk: &mut Desk, number: u32) -> Event {
    let mut order = limit(ALICE, Side::Buy, 0, 10);
    order.client_order_id = Some(ClientOrderId::new(&format!("n{number}")).unwrap());
    desk.apply(&Command::Place(order))[0]
}

#[test]
fn the_venue_remembers_the_last_262144_names() {
    on_both(Terms::PLAIN, |desk| {
        let first = desk.seq.next();
        for number in 0..1 << 18 {
            assert!(matches!(named(desk, number), Event::OrderRejected(_)));
        }
        // All of them are remembered, and being asked again does not renew or displace a name.
        for number in [0, 1, (1 << 18) - 1] {
            assert!(
                matches!(named(desk, number), Event::OrderRepeated(it) if it.original.get() == first.get() + u64::from(number))
            );
        }
        // One more pushes out the oldest, and only that.
        assert!(matches!(named(desk, 1 << 18), Event::OrderRejected(_)));
        assert!(matches!(named(desk, 1), Event::OrderRepeated(_)));
        assert!(matches!(named(desk, 0), Event::OrderRejected(_)));
        assert!(matches!(named(desk, 1), Event::OrderRejected(_)));
        assert!(matches!(named(desk, 3), Event::OrderRepeated(_)));
        // Another account's names share the memory.
        let mut order = limit(BOB, Side::Buy, 0, 10);
        order.client_order_id = Some(ClientOrderId::new("n3").unwrap());
        assert!(matches!(desk.apply(&Command::Place(order))[0], Event::OrderRejected(_)));
        assert!(matches!(named(desk, 3), Event::OrderRejected(_)));
    });
}
