//! The book by order: who queues where, in priority. Used for queue positions and to prove that L2 is its sum.

use super::l2::BookLevel;
use super::{price_of, rank};
use cx_engine::command::Side;
use cx_engine::ids::{AccountId, InstrumentId, OrderId};
use cx_engine::units::{Price, Quantity};
use cx_engine::{Event, EventRecord};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// A resting order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct QueuedOrder {
    /// Its handle.
    pub order: OrderId,
    /// Whose; not for public channels.
    pub account: AccountId,
    /// Buy or sell.
    pub side: Side,
    /// Its level.
    pub price: Price,
    /// What the book shows of it.
    pub shown: Quantity,
}

/// The book of one instrument by order.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct BookL3 {
    instrument: InstrumentId,
    orders: HashMap<OrderId, QueuedOrder>,
    bids: BTreeMap<i64, VecDeque<OrderId>>,
    asks: BTreeMap<i64, VecDeque<OrderId>>,
}

impl BookL3 {
    /// An empty book.
    pub fn new(instrument: InstrumentId) -> Self {
        Self { instrument, orders: HashMap::new(), bids: BTreeMap::new(), asks: BTreeMap::new() }
    }

    /// Takes the next event; those of other instruments are passed over. Cost: constant but for a cancel, a next part of
    /// an iceberg and an amend that loses priority, which search their level.
    pub fn apply(&mut self, record: &EventRecord) {
        match &record.event {
            Event::OrderRested(e) if e.instrument == self.instrument => {
                let (order, account, side, price, shown) = (e.order, e.account, e.side, e.price, e.displayed);
                self.enqueue(QueuedOrder { order, account, side, price, shown });
            }
            Event::OrderReplenished(e) if e.instrument == self.instrument => {
                let order = self.remove(e.order);
                assert!(order.shown.is_zero(), "an order shows its next part when it shows nothing more");
                self.enqueue(QueuedOrder { shown: e.displayed, ..order });
            }
            Event::OrderReduced(e) if e.instrument == self.instrument && e.resting => {
                let reduced = self.orders.get_mut(&e.order).expect("a reduced order rests in the book");
                reduced.shown = reduced.shown.minus(e.by);
            }
            Event::Trade(e) if e.instrument == self.instrument => {
                self.fill(e.maker_order, e.quantity, e.maker_leaves);
                if e.auction {
                    self.fill(e.taker_order, e.quantity, e.taker_leaves);
                }
            }
            Event::OrderCancelled(e) if e.instrument == self.instrument && e.resting => {
                self.remove(e.order);
            }
            Event::OrderAmended(e) if e.instrument == self.instrument && !e.old_displayed.is_zero() => {
                if e.kept_priority {
                    self.orders.get_mut(&e.order).expect("an amended order rests in the book").shown = e.displayed;
                } else {
                    self.remove(e.order);
                }
            }
            _ => {}
        }
    }

    /// A resting order.
    pub fn order(&self, order: OrderId) -> Option<&QueuedOrder> {
        self.orders.get(&order)
    }

    /// How many orders and how much quantity stand before this one at its level.
    pub fn ahead(&self, order: OrderId) -> Option<(usize, Quantity)> {
        let found = self.orders.get(&order)?;
        let queue = self.side(found.side).get(&rank(found.side, found.price))?;
        let place = queue.iter().position(|&queued| queued == order)?;
        let before = queue.iter().take(place).map(|queued| self.orders[queued].shown);
        Some((place, before.fold(Quantity::ZERO, Quantity::plus)))
    }

    /// The orders of a side in priority.
    pub fn queue(&self, side: Side) -> impl Iterator<Item = &QueuedOrder> {
        self.side(side).values().flatten().map(|order| &self.orders[order])
    }

    /// The levels of a side from the best, summed over their orders.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = BookLevel> + '_ {
        self.side(side).iter().map(move |(&rank, queue)| BookLevel {
            price: price_of(side, rank),
            quantity: queue.iter().map(|order| self.orders[order].shown).fold(Quantity::ZERO, Quantity::plus),
            orders: u32::try_from(queue.len()).expect("open orders are at most 2^24"),
        })
    }

    fn side(&self, side: Side) -> &BTreeMap<i64, VecDeque<OrderId>> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<i64, VecDeque<OrderId>> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    fn enqueue(&mut self, queued: QueuedOrder) {
        self.orders.insert(queued.order, queued);
        let key = rank(queued.side, queued.price);
        self.side_mut(queued.side).entry(key).or_default().push_back(queued.order);
    }

    /// A resting order traded.
    fn fill(&mut self, order: OrderId, quantity: Quantity, leaves: Quantity) {
        let resting = self.orders.get_mut(&order).expect("an order that trades as maker or in an auction rests");
        resting.shown = resting.shown.minus(quantity);
        if leaves.is_zero() {
            self.remove(order);
        }
    }

    fn remove(&mut self, order: OrderId) -> QueuedOrder {
        let gone = self.orders.remove(&order).expect("an order that leaves the book was in it");
        let levels = self.side_mut(gone.side);
        let key = rank(gone.side, gone.price);
        let queue = levels.get_mut(&key).expect("a resting order has a level");
        let place = queue.iter().position(|&queued| queued == order).expect("a resting order is in its queue");
        queue.remove(place);
        if queue.is_empty() {
            levels.remove(&key);
        }
        gone
    }
}
