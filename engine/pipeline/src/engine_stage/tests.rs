//! The engine's side of an order: nothing is allocated once the buffers have their size.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "../../tests/pipeline/flow.rs"]
mod flow;

use super::Engine;
use crate::batch::EventBatch;
use crate::replies::Token;
use crate::ring::Slot;
use cx_engine::command::{Command, NewOrder, Side};
use cx_engine::ids::AccountId;
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{CommandRecord, Exchange};

fn slot(command: Command) -> Slot {
    Slot { record: CommandRecord { stamp: Timestamp::from_nanos(1), command }, token: Token::NONE }
}

/// Two orders that meet: one rests, the other takes it.
fn pair(price: i64) -> [Slot; 2] {
    [(1, Side::Sell), (2, Side::Buy)].map(|(account, side)| {
        slot(Command::Place(NewOrder::limit(
            AccountId::new(account),
            flow::INSTRUMENT,
            side,
            Price::from_ticks(price),
            Quantity::from_lots(3),
        )))
    })
}

#[test]
fn orders_allocate_nothing() {
    let mut engine = Engine { exchange: Exchange::new(), audit_every: None, events: Vec::with_capacity(64) };
    let mut batch = EventBatch::with_capacity(256, 1_024);
    for command in flow::market(2) {
        engine.apply(&slot(command), &mut batch).unwrap();
    }
    let mut trade = |rounds: i64| {
        for round in 0..rounds {
            batch.clear();
            for order in pair(1_000 + round % 50) {
                engine.apply(&order, &mut batch).unwrap();
            }
        }
        assert_eq!((batch.len(), batch.records(0, 2).len()), (2, 4), "accepted, rested; accepted, traded");
    };
    trade(1_000);
    let allocations = allocation_counter::measure(|| trade(10_000));
    assert_eq!(allocations.count_total, 0, "{allocations:?}");
}
