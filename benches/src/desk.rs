//! The book alone, with matching: what the exchange does with its book, and nothing else. No accounts, no money, no
//! client order ids; the same slab, ladders and queues, compiled from the core's source.

use cx_engine::command::{OrderKind, SelfTrade, Side, TimeInForce};
use cx_engine::ids::{AccountId, InstrumentId, OrderId};
use cx_engine::units::{FeeRate, Price};

use crate::book::{Book, Detail, NONE, Orders, key_of, price_of, reach};
use crate::book_flow::{Action, Message};

/// What came of an order: a record of fixed layout, made for a ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Report {
    /// [`Outcome`] in the highest byte, lots in the others.
    head: u64,
    /// The order: the maker of a trade.
    pub order: u64,
    /// In ticks.
    pub price: i64,
    /// The taker of a trade, otherwise the side.
    pub other: u64,
}

const _: () = assert!(size_of::<Report>() == 32, "two reports share a cache line");

/// What a report is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Outcome {
    /// The order rests with these lots.
    Rested,
    /// These lots changed hands.
    Traded,
    /// The order is gone with these lots open.
    Cancelled,
    /// The order has this new price, and these lots open.
    Amended,
    /// The order is not known, or not any more.
    Refused,
    /// A new order was filled and is gone.
    Filled,
}

impl Report {
    /// A report in its layout.
    #[inline]
    pub const fn new(outcome: Outcome, lots: u64, order: u64, price: i64, other: u64) -> Self {
        Self { head: (outcome as u64) << 56 | lots, order, price, other }
    }

    /// As four words.
    #[inline]
    pub const fn words(self) -> [u64; 4] {
        [self.head, self.order, self.price.cast_unsigned(), self.other]
    }

    /// Price and lots of a trade.
    pub const fn trade(self) -> Option<(i64, u64)> {
        if self.head >> 56 == Outcome::Traded as u64 { Some((self.price, self.head & ((1 << 56) - 1))) } else { None }
    }
}

/// The book of one instrument.
pub struct Desk {
    orders: Orders,
    book: Book,
}

impl Default for Desk {
    fn default() -> Self {
        Self { orders: Orders::default(), book: Book::new() }
    }
}

impl Desk {
    /// The id that the next new order will get.
    pub fn next_id(&self) -> u64 {
        match self.orders.free_slots().last() {
            Some(&slot) => OrderId::from_parts(slot, self.orders.node(slot).generation + 1).get(),
            None => OrderId::from_parts(self.orders.slots(), 1).get(),
        }
    }

    /// Does what a message asks for and tells what came of it.
    #[inline]
    pub fn apply(&mut self, message: &Message, report: &mut impl FnMut(Report)) {
        match message.action {
            Action::Add | Action::AddImmediate => self.add(message, report),
            Action::Cancel => self.cancel(message, report),
            Action::Amend => self.amend(message, report),
        }
    }

    #[inline]
    fn add(&mut self, message: &Message, report: &mut impl FnMut(Report)) {
        let Message { price, quantity, side, action, .. } = *message;
        let immediate = action == Action::AddImmediate;
        let detail = Detail {
            quantity,
            hidden: 0,
            arrival: 0,
            base: 0,
            quote: 1,
            instrument: InstrumentId::new(0),
            older: NONE,
            newer: NONE,
            terms: NONE,
            maker: FeeRate::ZERO,
            taker: FeeRate::ZERO,
            side,
            kind: OrderKind::Limit,
            time_in_force: if immediate { TimeInForce::ImmediateOrCancel } else { TimeInForce::GoodTillCancelled },
            self_trade: SelfTrade::CancelNewest,
            post_only: false,
            tracked: false,
            armed: false,
            named: false,
        };
        let id = self.orders.enter(AccountId::new(1), quantity, key_of(side, Price::from_ticks(price)), detail);
        if !immediate && self.book.side(side.opposite()).best() > reach(side.opposite(), Some(Price::from_ticks(price)))
        {
            return self.rest(id, side, price, quantity, report);
        }
        self.execute(id, side, price, quantity, immediate, report);
    }

    #[allow(clippy::inline_always)] // the loop that is measured must not call it
    #[inline(always)]
    fn rest(&mut self, id: OrderId, side: Side, price: i64, leaves: u64, report: &mut impl FnMut(Report)) {
        self.book.rest(&mut self.orders, side, id.slot(), leaves);
        report(Report::new(Outcome::Rested, leaves, id.get(), price, side as u64));
    }

    /// Matches an order and deals with what is left of it.
    #[inline(never)] // most orders meet nobody, and need none of the registers that this does
    fn execute(
        &mut self,
        id: OrderId,
        side: Side,
        price: i64,
        quantity: u64,
        immediate: bool,
        report: &mut impl FnMut(Report),
    ) {
        let leaves = self.sweep(id.get(), side, Price::from_ticks(price), quantity, report);
        if leaves > 0 && !immediate {
            self.orders.node_mut(id.slot()).leaves = leaves;
            return self.rest(id, side, price, leaves, report);
        }
        self.orders.remove(id.slot());
        let outcome = if leaves == 0 { Outcome::Filled } else { Outcome::Cancelled };
        report(Report::new(outcome, leaves, id.get(), price, side as u64));
    }

    /// Takes what the opposite side offers within the limit; gives what is left.
    #[inline]
    fn sweep(&mut self, taker: u64, side: Side, price: Price, quantity: u64, report: &mut impl FnMut(Report)) -> u64 {
        let maker_side = side.opposite();
        let limit = reach(maker_side, Some(price));
        let mut leaves = quantity;
        while leaves > 0 {
            let ladder = self.book.side(maker_side);
            let key = ladder.best();
            if key > limit {
                break;
            }
            let maker = ladder.level(key).expect("the best level is occupied").head;
            let lots = self.orders.node(maker).leaves.min(leaves);
            leaves -= lots;
            let id = self.orders.id(maker).get();
            report(Report::new(Outcome::Traded, lots, id, price_of(maker_side, key).ticks(), taker));
            if lots < self.orders.node(maker).leaves {
                self.book.shrink(&mut self.orders, maker_side, maker, lots);
            } else {
                self.book.exhaust(&mut self.orders, maker_side, maker, false);
                self.orders.remove(maker);
            }
        }
        leaves
    }

    #[inline]
    fn cancel(&mut self, message: &Message, report: &mut impl FnMut(Report)) {
        let Some(slot) = self.orders.find(OrderId::new(message.id)) else {
            return report(Report::new(Outcome::Refused, 0, message.id, 0, 0));
        };
        let node = *self.orders.node(slot);
        let side = side_of(node.key);
        self.book.unrest(&mut self.orders, side, slot, node.leaves);
        self.orders.remove(slot);
        let price = price_of(side, node.key).ticks();
        report(Report::new(Outcome::Cancelled, node.leaves, message.id, price, side as u64));
    }

    #[inline(never)]
    fn amend(&mut self, message: &Message, report: &mut impl FnMut(Report)) {
        let Message { id, price, quantity, .. } = *message;
        let refused = Report::new(Outcome::Refused, 0, id, price, 0);
        let Some(slot) = self.orders.find(OrderId::new(id)) else { return report(refused) };
        let (node, detail) = (*self.orders.node(slot), self.orders.detail_mut(slot));
        let filled = detail.quantity - node.leaves;
        if quantity <= filled {
            return report(refused);
        }
        let (old, side) = (std::mem::replace(&mut detail.quantity, quantity), side_of(node.key));
        let key = key_of(side, Price::from_ticks(price));
        let leaves = quantity - filled;
        report(Report::new(Outcome::Amended, leaves, id, price, side as u64));
        if key == node.key && quantity < old {
            return self.book.shrink(&mut self.orders, side, slot, node.leaves - leaves);
        }
        self.book.unrest(&mut self.orders, side, slot, node.leaves);
        let node = self.orders.node_mut(slot);
        (node.leaves, node.key) = (leaves, key);
        self.execute(OrderId::new(id), side, price, leaves, false, report);
    }
}

/// Keys are negative on the side of the bids and positive on that of the asks.
#[inline]
const fn side_of(key: i64) -> Side {
    if key < 0 { Side::Buy } else { Side::Sell }
}
