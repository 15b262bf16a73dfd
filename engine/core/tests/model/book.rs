//! The model's book of one instrument: a map from price to a queue of slots, per side.

use std::collections::{BTreeMap, VecDeque};

use cx_engine::command::Side;
use cx_engine::units::Price;

/// Slots of resting orders, by side, price and arrival.
#[derive(Clone, Default)]
pub(super) struct Book {
    buys: BTreeMap<Price, VecDeque<u32>>,
    sells: BTreeMap<Price, VecDeque<u32>>,
}

impl Book {
    /// All levels of a side, the best first.
    pub(super) fn levels(&self, side: Side) -> Box<dyn Iterator<Item = (Price, &VecDeque<u32>)> + '_> {
        let level = |(&price, queue)| (price, queue);
        match side {
            Side::Buy => Box::new(self.buys.iter().rev().map(level)),
            Side::Sell => Box::new(self.sells.iter().map(level)),
        }
    }

    /// The best price of a side.
    pub(super) fn best_price(&self, side: Side) -> Option<Price> {
        match side {
            Side::Buy => self.buys.keys().next_back().copied(),
            Side::Sell => self.sells.keys().next().copied(),
        }
    }

    /// The order of a side that is matched next.
    pub(super) fn first(&self, side: Side) -> Option<u32> {
        let queue = match side {
            Side::Buy => self.buys.values().next_back(),
            Side::Sell => self.sells.values().next(),
        };
        queue.map(|queue| *queue.front().expect("no level is empty"))
    }

    /// All orders of a side by priority.
    pub(super) fn by_priority(&self, side: Side) -> Vec<u32> {
        self.levels(side).flat_map(|(_, queue)| queue.iter().copied()).collect()
    }

    /// Puts an order at the back of its level.
    pub(super) fn push(&mut self, side: Side, price: Price, slot: u32) {
        self.side(side).entry(price).or_default().push_back(slot);
    }

    /// Takes an order out, wherever it stands, and its level when it was the last there.
    pub(super) fn remove(&mut self, side: Side, price: Price, slot: u32) {
        let levels = self.side(side);
        let queue = levels.get_mut(&price).expect("the order's level exists");
        let place = queue.iter().position(|&other| other == slot).expect("the order is in its level");
        queue.remove(place);
        if queue.is_empty() {
            levels.remove(&price);
        }
    }

    fn side(&mut self, side: Side) -> &mut BTreeMap<Price, VecDeque<u32>> {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }
}
