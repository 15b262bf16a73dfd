//! What each order holds according to the events alone: what the gateway and the store know of it.

use std::collections::BTreeMap;

use cx_engine::Event;
use cx_engine::ids::OrderId;
use cx_engine::units::Amount;

use crate::model::Model;

/// The last amount that an event named for each order.
#[derive(Default)]
pub struct Holds(BTreeMap<OrderId, Amount>);

impl Holds {
    /// Takes what the events say.
    pub fn fold(&mut self, events: &[Event]) {
        for event in events {
            let (order, held) = match event {
                Event::OrderAccepted(it) => (it.order, Amount::ZERO),
                Event::OrderTriggered(it) => (it.order, Amount::ZERO),
                Event::OrderRested(it) => (it.order, it.held),
                Event::StopArmed(it) => (it.order, it.held),
                Event::StopMoved(it) => (it.order, it.held),
                Event::OrderReduced(it) => (it.order, it.held),
                Event::HoldChanged(it) => (it.order, it.held),
                Event::OrderAmended(it) => (it.order, it.held),
                Event::Trade(it) => (it.maker_order, it.maker_held),
                Event::OrderCancelled(it) => {
                    self.0.remove(&it.order);
                    continue;
                }
                _ => continue,
            };
            self.0.insert(order, held);
        }
    }

    /// Compares it with what the model's open orders hold.
    pub fn compare(&self, model: &Model) -> Result<(), String> {
        for order in model.open_orders() {
            let told = self.0.get(&order.order).map(|held| i128::from(held.minor()));
            let held = model.hold_of(&order);
            if told != Some(held) {
                return Err(format!("{order:?} holds {held}, and its events say {told:?}"));
            }
        }
        Ok(())
    }
}
