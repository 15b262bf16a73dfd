#![allow(clippy::unwrap_used)]

use super::Accounts;
use cx_engine::command::{NewOrder, Side};
use cx_engine::event::OrderRejected;
use cx_engine::ids::{AccountId, ClientOrderId, InstrumentId, Seq};
use cx_engine::reject::Reject;
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};

const OWNER: AccountId = AccountId::new(1);

fn refused(seq: u64, id: &str) -> EventRecord {
    refused_as(seq, id, Reject::UnknownInstrument)
}

fn refused_as(seq: u64, id: &str, reason: Reject) -> EventRecord {
    let order = NewOrder {
        client_order_id: Some(ClientOrderId::new(id).unwrap()),
        ..NewOrder::limit(OWNER, InstrumentId::new(0), Side::Buy, Price::from_ticks(1), Quantity::from_lots(1))
    };
    let event = Event::OrderRejected(OrderRejected {
        account: order.account,
        instrument: order.instrument,
        side: order.side,
        kind: order.kind,
        time_in_force: order.time_in_force,
        reason,
        price: order.price,
        quantity: order.quantity,
        quote_quantity: order.quote_quantity,
        trigger: order.trigger,
        client_order_id: order.client_order_id,
    });
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

#[test]
fn an_id_that_the_core_does_not_record_stays_with_the_order_that_had_it() {
    let id = ClientOrderId::new("again").unwrap();
    for (reason, holder) in [(Reject::Throttled, 1), (Reject::DuplicateClientOrderId, 1), (Reject::InvalidPrice, 2)] {
        let mut accounts = Accounts::default();
        accounts.apply(&refused(1, "again"));
        accounts.apply(&refused_as(2, "again", reason));
        assert_eq!(accounts.order_by_client_id(OWNER, &id).unwrap().accepted, Seq::new(holder), "{reason:?}");
    }
}
