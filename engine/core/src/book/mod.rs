//! The order book of one instrument: two ladders of price levels, each level a first-come-first-served queue of orders
//! threaded through the slab. The book keeps order; who may trade and what it costs is decided outside.

mod ladder;
mod orders;

pub(crate) use ladder::{Ladder, Level, NONE};
pub(crate) use orders::{Detail, Node, Orders, Terms};

use crate::command::Side;
use crate::units::{Price, Quantity};

/// One aggregated level, best first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DepthLevel {
    /// Its price.
    pub price: Price,
    /// Lots that its orders show.
    pub quantity: Quantity,
    /// Open lots that they do not show: not for market data.
    pub hidden: Quantity,
    /// How many orders.
    pub orders: u32,
}

/// Both sides of one instrument.
#[derive(Clone)]
pub(crate) struct Book {
    bids: Ladder,
    asks: Ladder,
}

/// The key of a price on a side: lowest is best on both sides.
#[inline]
pub(crate) const fn key_of(side: Side, price: Price) -> i64 {
    match side {
        Side::Buy => -price.ticks(),
        Side::Sell => price.ticks(),
    }
}

/// The price of a key on a side.
#[inline]
pub(crate) const fn price_of(side: Side, key: i64) -> Price {
    match side {
        Side::Buy => Price::from_ticks(-key),
        Side::Sell => Price::from_ticks(key),
    }
}

/// The worst key on the maker's side that a taker with this limit accepts.
#[inline]
pub(crate) const fn reach(maker_side: Side, limit: Option<Price>) -> i64 {
    match limit {
        Some(price) => key_of(maker_side, price),
        None => Ladder::NO_KEY - 1,
    }
}

impl Book {
    pub(crate) const fn new() -> Self {
        Self { bids: Ladder::new(), asks: Ladder::new() }
    }

    #[inline]
    pub(crate) const fn side(&self, side: Side) -> &Ladder {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    #[inline]
    pub(crate) const fn side_mut(&mut self, side: Side) -> &mut Ladder {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Puts an order at the back of its level; `total` are all its open lots, the hidden ones included.
    #[inline]
    pub(crate) fn rest(&mut self, orders: &mut Orders, side: Side, slot: u32, total: u64) {
        let level = self.side_mut(side).occupy(orders.node(slot).key);
        level.quantity += total;
        let last = std::mem::replace(&mut level.tail, slot);
        if last == NONE {
            level.head = slot;
        } else {
            orders.node_mut(last).next = slot;
        }
        let node = orders.node_mut(slot);
        (node.prev, node.next) = (last, NONE);
    }

    /// Takes an order with `total` open lots out of its level, wherever it stands in the queue.
    #[inline]
    pub(crate) fn unrest(&mut self, orders: &mut Orders, side: Side, slot: u32, total: u64) {
        let node = *orders.node(slot);
        let ladder = self.side_mut(side);
        let level = ladder.level_mut(node.key);
        level.quantity -= total;
        if node.prev == NONE {
            level.head = node.next;
        } else {
            orders.node_mut(node.prev).next = node.next;
        }
        if node.next == NONE {
            level.tail = node.prev;
        } else {
            orders.node_mut(node.next).prev = node.prev;
        }
        if level.head == NONE {
            ladder.vacate(node.key);
        }
    }

    /// Takes `lots` of what an order shows away from it and its level; it keeps its place.
    #[inline]
    pub(crate) fn shrink(&mut self, orders: &mut Orders, side: Side, slot: u32, lots: u64) {
        let node = orders.node_mut(slot);
        assert!(lots < node.leaves, "shrinking leaves something");
        node.leaves -= lots;
        self.side_mut(side).level_mut(node.key).quantity -= lots;
    }

    /// Takes `lots` of what is hidden at a level away from the level's sum.
    #[inline]
    pub(crate) fn shrink_hidden(&mut self, side: Side, key: i64, lots: u64) {
        self.side_mut(side).level_mut(key).quantity -= lots;
    }

    /// Takes all that an order shows away; it is in no queue any more. What it hides stays in its level's sum when `hides`, and so
    /// does the level: it comes back at once.
    #[inline]
    pub(crate) fn exhaust(&mut self, orders: &mut Orders, side: Side, slot: u32, hides: bool) {
        let ladder = self.side_mut(side);
        let node = orders.node_mut(slot);
        let level = ladder.level_mut(node.key);
        level.quantity -= node.leaves;
        node.leaves = 0;
        let (key, prev, next) = (node.key, node.prev, node.next);
        if prev == NONE {
            level.head = next;
        } else {
            orders.node_mut(prev).next = next;
        }
        if next == NONE {
            level.tail = prev;
        } else {
            orders.node_mut(next).prev = prev;
        }
        if level.head == NONE && !hides {
            ladder.vacate(key);
        }
    }

    /// Puts an order that showed all it had back at the end of its level, with `lots` that were hidden before.
    pub(crate) fn replenish(&mut self, orders: &mut Orders, side: Side, slot: u32, lots: u64) {
        let node = orders.node_mut(slot);
        node.leaves = lots;
        let level = self.side_mut(side).level_mut(node.key);
        let last = std::mem::replace(&mut level.tail, slot);
        (node.prev, node.next) = (last, NONE);
        if last == NONE {
            level.head = slot;
        } else {
            orders.node_mut(last).next = slot;
        }
    }

    /// Best levels first, at most `count`.
    pub(crate) fn depth(&self, orders: &Orders, side: Side, count: usize) -> Vec<DepthLevel> {
        let ladder = self.side(side);
        let mut out = Vec::with_capacity(count.min(ladder.len()));
        let mut key = ladder.best();
        while key != Ladder::NO_KEY && out.len() < count {
            let level = ladder.level(key).expect("every key on the way is occupied");
            let (mut queued, mut shown) = (0, 0);
            let mut slot = level.head;
            while slot != NONE {
                let node = orders.node(slot);
                (queued, shown) = (queued + 1, shown + node.leaves);
                slot = node.next;
            }
            out.push(DepthLevel {
                price: price_of(side, key),
                quantity: Quantity::from_lots(shown),
                hidden: Quantity::from_lots(level.quantity).minus(Quantity::from_lots(shown)),
                orders: queued,
            });
            key = ladder.next_after(key);
        }
        out
    }
}
