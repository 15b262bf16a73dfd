#![allow(clippy::unwrap_used)]

use super::Accounts;
use cx_engine::command::{NewOrder, OrderKind, Side, TimeInForce};
use cx_engine::event::OrderRejected;
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId, Seq};
use cx_engine::reject::Reject;
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};

const OWNER: AccountId = AccountId::new(1);

fn refused(seq: u64, id: &str) -> EventRecord {
    let order = NewOrder {
        account: OWNER,
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::GoodTillCancelled,
        post_only: false,
        price: Price::from_ticks(1),
        quantity: Quantity::from_lots(1),
        client_order_id: Some(ClientOrderId::new(id).unwrap()),
    };
    let event = Event::OrderRejected(OrderRejected { order, reason: Reject::UnknownInstrument });
    EventRecord { seq: Seq::new(seq), index: 0, time: Timestamp::from_nanos(seq), event }
}

#[test]
fn client_ids_are_forgotten_with_their_orders() {
    let mut accounts = Accounts::new(2, 2);
    for seq in 1..=100 {
        accounts.apply(&refused(seq, &format!("id-{seq}")));
    }
    assert_eq!(accounts.by_client_id.len(), 2);
}

#[test]
fn an_id_used_again_is_kept_for_the_later_order() {
    let mut accounts = Accounts::new(2, 2);
    for (seq, id) in [(1, "again"), (2, "again"), (3, "other")] {
        accounts.apply(&refused(seq, id)); // the third pushes the first out
    }
    let id = ClientOrderId::new("again").unwrap();
    assert_eq!(accounts.order_by_client_id(OWNER, &id).unwrap().accepted, Seq::new(2));
}
