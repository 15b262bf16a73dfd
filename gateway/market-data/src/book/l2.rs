//! The book by price level: quantity and number of orders, and what each command changed.

use super::{price_of, rank};
use cx_engine::command::Side;
use cx_engine::ids::{InstrumentId, OrderId, Seq};
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};
use crate::map::HashMap;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

/// How many levels of each side the checksum covers.
pub const CHECKSUM_LEVELS: usize = 10;

/// One price level.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct BookLevel {
    /// Its price.
    pub price: Price,
    /// What all its orders show.
    pub quantity: Quantity,
    /// How many orders queue there.
    pub orders: u32,
}

/// A level as a command left it: absolute values; no quantity and no orders means that the level is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct LevelChange {
    /// Which side.
    pub side: Side,
    /// At which price.
    pub price: Price,
    /// The quantity from here on.
    pub quantity: Quantity,
    /// The number of orders from here on.
    pub orders: u32,
}

/// What one command changed in a book. Updates chain: `prev_seq` is the `seq` of the update before.
#[derive(Clone, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct BookUpdate {
    /// The command that changed this book before; [`Seq::ZERO`] for the first.
    pub prev_seq: Seq,
    /// The command.
    pub seq: Seq,
    /// Engine time of the command.
    pub time: Timestamp,
    /// The changed levels, each once: bids from the best, then asks from the best.
    pub changes: Vec<LevelChange>,
}

#[derive(Clone, Copy, Debug, Default, bincode::Encode, bincode::Decode)]
struct Level {
    quantity: Quantity,
    orders: u32,
}

/// The book of one instrument by level.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct BookL2 {
    instrument: InstrumentId,
    bids: BTreeMap<i64, Level>,
    asks: BTreeMap<i64, Level>,
    /// The limits of the orders in the book.
    limits: HashMap<OrderId, Price>,
    seq: Seq,
    time: Timestamp,
    updates: VecDeque<BookUpdate>,
    updates_max: usize,
    /// Levels that came up within the last command.
    fresh: Vec<(Side, Price)>,
    /// When the book had changed before the last command.
    time_before: Timestamp,
}

impl BookL2 {
    /// An empty book that keeps the updates of its last `updates_max` commands (at least one).
    pub fn new(instrument: InstrumentId, updates_max: usize) -> Self {
        Self {
            instrument,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            limits: HashMap::default(),
            seq: Seq::ZERO,
            time: Timestamp::default(),
            updates: VecDeque::new(),
            updates_max: updates_max.max(1),
            fresh: Vec::new(),
            time_before: Timestamp::default(),
        }
    }

    /// Takes the next event; those of other instruments are passed over.
    ///
    /// A level shows what its orders display; hidden parts of icebergs are not in it.
    ///
    /// - `OrderRested`: its level gains `displayed` and one order; `OrderReplenished`: it gains `displayed`.
    /// - `Trade`: the maker's level loses `quantity`, and one order when `maker_leaves` is nothing; in an auction the
    ///   taker's level likewise, because both rested. The levels are those of the orders' limits: an auction's price is
    ///   another one.
    /// - `OrderReduced` in the book: its level loses `by`.
    /// - `OrderCancelled` that rested: its level loses `displayed` and one order.
    /// - `OrderAmended` of an order in the book: the old level loses `old_displayed` and one order; with priority kept it
    ///   gets `displayed` and the order back at once, else `OrderRested` follows for what did not match.
    pub fn apply(&mut self, record: &EventRecord) {
        match &record.event {
            Event::OrderRested(e) if e.instrument == self.instrument => {
                self.limits.insert(e.order, e.price);
                self.gain(record, e.side, e.price, e.displayed, 1);
            }
            Event::OrderReplenished(e) if e.instrument == self.instrument => {
                self.gain(record, e.side, e.price, e.displayed, 0);
            }
            Event::OrderReduced(e) if e.instrument == self.instrument && e.resting => {
                self.lose(record, e.side, e.price, e.by, 0);
            }
            Event::Trade(e) if e.instrument == self.instrument => {
                self.fill(record, e.maker_order, e.taker_side.opposite(), e.quantity, e.maker_leaves);
                if e.auction {
                    self.fill(record, e.taker_order, e.taker_side, e.quantity, e.taker_leaves);
                }
            }
            Event::OrderCancelled(e) if e.instrument == self.instrument && e.resting => {
                self.limits.remove(&e.order);
                self.lose(record, e.side, e.price, e.displayed, 1);
            }
            Event::OrderAmended(e) if e.instrument == self.instrument && !e.old_displayed.is_zero() => {
                self.lose(record, e.side, e.old_price, e.old_displayed, 1);
                if e.kept_priority {
                    self.gain(record, e.side, e.price, e.displayed, 1);
                } else {
                    self.limits.remove(&e.order);
                }
            }
            _ => {}
        }
    }

    /// Whose book it is.
    pub fn instrument(&self) -> InstrumentId {
        self.instrument
    }

    /// The last command that changed it.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Engine time of that command.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The best level of a side.
    pub fn best(&self, side: Side) -> Option<BookLevel> {
        self.levels(side).next()
    }

    /// The levels of a side from the best.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = BookLevel> + '_ {
        self.side(side).iter().map(move |(&rank, level)| BookLevel {
            price: price_of(side, rank),
            quantity: level.quantity,
            orders: level.orders,
        })
    }

    /// The best `levels` levels of a side.
    pub fn depth(&self, side: Side, levels: usize) -> Vec<BookLevel> {
        self.levels(side).take(levels).collect()
    }

    /// How many levels a side has.
    pub fn level_count(&self, side: Side) -> usize {
        self.side(side).len()
    }

    /// Whether the best bid is at or above the best ask. After a command that is so only where the phase collects orders
    /// without matching, or where the bands stopped an order that rests.
    pub fn is_crossed(&self) -> bool {
        matches!((self.best(Side::Buy), self.best(Side::Sell)), (Some(bid), Some(ask)) if bid.price >= ask.price)
    }

    /// What the last command changed.
    pub fn last_update(&self) -> Option<&BookUpdate> {
        self.updates.back()
    }

    /// The updates after `seq`, oldest first: applied to the book as it was at `seq` they give the book as it is.
    /// `None` when they are not kept any more, or when `seq` is ahead of this book: then a fresh snapshot is due.
    /// Ask between commands only: the last update is whole when its command is.
    pub fn updates_since(&self, seq: Seq) -> Option<impl Iterator<Item = &BookUpdate>> {
        let kept_from = self.updates.front().map_or(self.seq, |first| first.prev_seq);
        if seq < kept_from || seq > self.seq {
            return None;
        }
        let first = self.updates.partition_point(|update| update.seq <= seq);
        Some(self.updates.range(first..))
    }

    /// CRC-32 (IEEE, as in zlib) of [`BookL2::checksum_text`]: lets a client find out that its copy has gone wrong.
    pub fn checksum(&self) -> u32 {
        crc32fast::hash(self.checksum_text().as_bytes())
    }

    /// What the checksum covers: the best ten bids from the best as `ticks:lots`, joined by commas, then `|`, then the best
    /// ten asks likewise. Integers in ticks and lots, so that it does not depend on how decimals are printed
    /// (`price / tick_size`, `quantity / lot_size`): `2550:10,2549:3|2551:5`; an empty book gives `|`.
    pub fn checksum_text(&self) -> String {
        let mut text = String::with_capacity(2 * CHECKSUM_LEVELS * 16);
        for side in [Side::Buy, Side::Sell] {
            if side == Side::Sell {
                text.push('|');
            }
            for (place, level) in self.levels(side).take(CHECKSUM_LEVELS).enumerate() {
                let comma = if place == 0 { "" } else { "," };
                write!(text, "{comma}{}:{}", level.price.ticks(), level.quantity.lots())
                    .expect("writing to a string cannot fail");
            }
        }
        text
    }

    fn side(&self, side: Side) -> &BTreeMap<i64, Level> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<i64, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// A resting order traded.
    fn fill(&mut self, record: &EventRecord, order: OrderId, side: Side, quantity: Quantity, leaves: Quantity) {
        let price = *self.limits.get(&order).expect("an order that trades as maker or in an auction rests");
        if leaves.is_zero() {
            self.limits.remove(&order);
        }
        self.lose(record, side, price, quantity, u32::from(leaves.is_zero()));
    }

    fn gain(&mut self, record: &EventRecord, side: Side, price: Price, quantity: Quantity, orders: u32) {
        let level = self.side_mut(side).entry(rank(side, price)).or_default();
        let was_there = level.orders > 0;
        level.quantity = level.quantity.plus(quantity);
        level.orders += orders;
        let after = *level;
        self.note(record, side, price, after, was_there);
    }

    fn lose(&mut self, record: &EventRecord, side: Side, price: Price, quantity: Quantity, orders: u32) {
        let levels = self.side_mut(side);
        let key = rank(side, price);
        let level = levels.get_mut(&key).expect("an event takes from a level that exists");
        level.quantity = level.quantity.minus(quantity);
        level.orders = level.orders.checked_sub(orders).expect("a level has the orders that leave it");
        let after = *level;
        // An iceberg shows nothing between a trade and its next part.
        assert!(after.orders > 0 || after.quantity.is_zero(), "a level without orders shows nothing");
        if after.orders == 0 {
            levels.remove(&key);
        }
        self.note(record, side, price, after, true);
    }

    /// Writes the level's new state into the update of this command, in its place: one entry for each level. A level that
    /// came and went within the command leaves none.
    fn note(&mut self, record: &EventRecord, side: Side, price: Price, after: Level, was_there: bool) {
        if self.updates.back().is_none_or(|update| update.seq != record.seq) {
            if self.updates.len() == self.updates_max {
                self.updates.pop_front();
            }
            let prev_seq = self.seq;
            self.updates.push_back(BookUpdate { prev_seq, seq: record.seq, time: record.time, changes: Vec::new() });
            self.seq = record.seq;
            self.time_before = std::mem::replace(&mut self.time, record.time);
            self.fresh.clear();
        }
        let changes = &mut self.updates.back_mut().expect("pushed above").changes;
        let change = LevelChange { side, price, quantity: after.quantity, orders: after.orders };
        // Sweeps walk away from the touch, so they append; `Buy` sorts before `Sell`.
        let key = |c: &LevelChange| (c.side.number(), rank(c.side, c.price));
        let place = changes.binary_search_by_key(&key(&change), key);
        if place.is_err() && !was_there {
            self.fresh.push((side, price));
        }
        match place {
            Ok(place) if after.orders == 0 && self.fresh.contains(&(side, price)) => {
                self.fresh.retain(|level| *level != (side, price));
                changes.remove(place);
                self.drop_empty_update();
            }
            Ok(place) => changes[place] = change,
            Err(place) => changes.insert(place, change),
        }
    }

    /// After all nothing has changed: the command is none of this book's.
    fn drop_empty_update(&mut self) {
        if let Some(update) = self.updates.pop_back_if(|update| update.changes.is_empty()) {
            (self.seq, self.time) = (update.prev_seq, self.time_before);
        }
    }
}
