//! The order book of one instrument: two ladders of price levels, each level a first-come-first-served queue of orders
//! threaded through the slab. The book keeps order; who may trade and what it costs is decided outside.

// What is called once or twice per command, from few places: the counts of instructions and the times of
// docs/performance.md are with these inlined.
#![allow(clippy::inline_always)]

mod far;
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
    /// Asks and bids. Both are worked on by the same code, so that the processor has no side to guess.
    sides: [Ladder; 2],
}

/// Where a side is kept.
#[inline]
const fn index(side: Side) -> usize {
    matches!(side, Side::Buy) as usize
}

/// Negative for buys, without a branch. Nothing overflows: prices end at 2^62.
#[inline]
const fn turned(side: Side, ticks: i64) -> i64 {
    let all = -(matches!(side, Side::Buy) as i64);
    (ticks ^ all).wrapping_sub(all)
}

/// The key of a price on a side: lowest is best on both sides.
#[inline]
pub(crate) const fn key_of(side: Side, price: Price) -> i64 {
    turned(side, price.ticks())
}

/// The price of a key on a side.
#[inline]
pub(crate) const fn price_of(side: Side, key: i64) -> Price {
    Price::from_ticks(turned(side, key))
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
        Self { sides: [Ladder::new(), Ladder::new()] }
    }

    #[inline]
    pub(crate) const fn side(&self, side: Side) -> &Ladder {
        &self.sides[index(side)]
    }

    #[inline]
    pub(crate) const fn side_mut(&mut self, side: Side) -> &mut Ladder {
        &mut self.sides[index(side)]
    }

    /// Puts an order at the back of its level; `total` are all its open lots, the hidden ones included.
    #[inline(always)]
    pub(crate) fn rest(&mut self, orders: &mut Orders, side: Side, slot: u32, total: u64) {
        let last = self.side_mut(side).append(orders.node(slot).key, slot, total);
        orders.tie(last, slot);
        orders.node_mut(slot).next = NONE;
    }

    /// Takes an order with `total` open lots out of its level, wherever it stands in the queue.
    #[inline(always)]
    pub(crate) fn unrest(&mut self, orders: &mut Orders, side: Side, slot: u32, total: u64) {
        let Node { key, prev, next, .. } = *orders.node(slot);
        self.side_mut(side).unlink(key, (prev, next), total, false);
        orders.tie(prev, next);
    }

    /// Takes `lots` of what an order shows away from it and its level; it keeps its place.
    #[inline(always)]
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
    #[inline(always)]
    pub(crate) fn exhaust(&mut self, orders: &mut Orders, side: Side, slot: u32, hides: bool) {
        let node = orders.node_mut(slot);
        let lots = std::mem::take(&mut node.leaves);
        let Node { key, prev, next, .. } = *node;
        self.side_mut(side).unlink(key, (prev, next), lots, hides);
        orders.tie(prev, next);
    }

    /// Puts an order that showed all it had back at the end of its level, with `lots` that were hidden before.
    pub(crate) fn replenish(&mut self, orders: &mut Orders, side: Side, slot: u32, lots: u64) {
        orders.node_mut(slot).leaves = lots;
        // The lots were in the level's sum all the time.
        self.rest(orders, side, slot, 0);
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
