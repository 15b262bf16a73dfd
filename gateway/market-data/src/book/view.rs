//! A reader's window on a book: the best levels as it last saw them, and what has changed since. Conflates: however many
//! commands lie between two looks, one update brings the reader up to date.

use super::l2::{BookL2, BookLevel, BookUpdate, LevelChange};
use super::rank;
use cx_engine::command::Side;
use cx_engine::ids::Seq;
use cx_engine::units::Quantity;

/// The best `depth` levels of both sides as a reader last saw them.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct DepthView {
    depth: usize,
    seq: Seq,
    bids: Vec<BookLevel>,
    asks: Vec<BookLevel>,
}

impl DepthView {
    /// A view that has seen the book as it is; [`DepthView::levels`] is the snapshot to send. `usize::MAX` sees all of it.
    pub fn new(book: &BookL2, depth: usize) -> Self {
        Self { depth, seq: book.seq(), bids: book.depth(Side::Buy, depth), asks: book.depth(Side::Sell, depth) }
    }

    /// The book's sequence when this view last saw a change.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The levels of a side as last seen, from the best.
    pub fn levels(&self, side: Side) -> &[BookLevel] {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// Looks again: the levels that changed since, absolute, or `None` when nothing within the depth did. A level that
    /// was pushed out of the window is removed (no quantity), one that moved up into it is given.
    pub fn advance(&mut self, book: &BookL2) -> Option<BookUpdate> {
        let (bids, asks) = (book.depth(Side::Buy, self.depth), book.depth(Side::Sell, self.depth));
        let mut changes = Vec::new();
        differences(Side::Buy, &self.bids, &bids, &mut changes);
        differences(Side::Sell, &self.asks, &asks, &mut changes);
        if changes.is_empty() {
            return None;
        }
        let prev_seq = self.seq;
        (self.bids, self.asks, self.seq) = (bids, asks, book.seq());
        Some(BookUpdate { prev_seq, seq: self.seq, time: book.time(), changes })
    }
}

/// Merges two lists that are sorted from the best.
fn differences(side: Side, old: &[BookLevel], new: &[BookLevel], changes: &mut Vec<LevelChange>) {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    let gone = |level: &BookLevel| LevelChange { side, price: level.price, quantity: Quantity::ZERO, orders: 0 };
    let now =
        |level: &BookLevel| LevelChange { side, price: level.price, quantity: level.quantity, orders: level.orders };
    loop {
        match (old.peek(), new.peek()) {
            (None, None) => return,
            (Some(&before), Some(&after)) if before.price == after.price => {
                if before != after {
                    changes.push(now(after));
                }
                old.next();
                new.next();
            }
            (Some(&before), after) if after.is_none_or(|after| rank(side, before.price) < rank(side, after.price)) => {
                changes.push(gone(before));
                old.next();
            }
            (_, Some(&after)) => {
                changes.push(now(after));
                new.next();
            }
            (Some(_), None) => unreachable!("the arm above takes every old level that has no new one beside it"),
        }
    }
}
