//! What clients hold: a copy of each book kept by its updates, and a window of its top.

use crate::venue::Venue;
use cx_engine::command::Side;
use cx_engine::ids::{InstrumentId, Seq};
use cx_market_data::{BookL2, BookUpdate, DepthView};
use std::collections::BTreeMap;

const VIEW_LEVELS: usize = 3;

/// Lots and orders by side and price.
pub type Ladder = BTreeMap<(u8, i64), (u64, u32)>;

/// A book as a client would have it from a snapshot.
pub fn ladder(book: &BookL2) -> Ladder {
    let both = [Side::Buy, Side::Sell].into_iter().flat_map(|side| book.levels(side).map(move |level| (side, level)));
    both.map(|(side, level)| ((side.number(), level.price.ticks()), (level.quantity.lots(), level.orders))).collect()
}

/// Applies an update as a client would.
pub fn follow(ladder: &mut Ladder, update: &BookUpdate) {
    assert!(!update.changes.is_empty(), "an update changes something");
    for change in &update.changes {
        let key = (change.side.number(), change.price.ticks());
        if change.orders == 0 {
            assert!(change.quantity.is_zero());
            assert!(ladder.remove(&key).is_some(), "a removal removes something");
        } else {
            ladder.insert(key, (change.quantity.lots(), change.orders));
        }
    }
}

struct Follower {
    seq: Seq,
    copy: Ladder,
    view: DepthView,
    window: Ladder,
}

/// One client for each book.
#[derive(Default)]
pub struct Followers(Vec<Follower>);

impl Followers {
    /// Each copy with the command that it is of.
    pub fn copies(&self) -> Vec<(Seq, Ladder)> {
        self.0.iter().map(|follower| (follower.seq, follower.copy.clone())).collect()
    }

    /// Follows the last command, and compares.
    pub fn check(&mut self, venue: &Venue) {
        for listed in venue.exchange.instruments().skip(self.0.len()) {
            let book = venue.market.book(listed.instrument).unwrap();
            let view = DepthView::new(book, VIEW_LEVELS);
            self.0.push(Follower { seq: book.seq(), copy: ladder(book), view, window: Ladder::new() });
        }
        for (follower, id) in self.0.iter_mut().zip(0..) {
            let book = venue.market.book(InstrumentId::new(id)).unwrap();
            if book.seq() == venue.exchange.seq() {
                let update = book.last_update().unwrap();
                assert_eq!((update.prev_seq, update.seq), (follower.seq, book.seq()));
                assert_eq!((update.time, book.time()), (venue.exchange.now(), venue.exchange.now()));
                follow(&mut follower.copy, update);
                follower.seq = update.seq;
            }
            assert_eq!((follower.seq, &follower.copy), (book.seq(), &ladder(book)));

            let before = follower.view.seq();
            if let Some(update) = follower.view.advance(book) {
                assert_eq!((update.prev_seq, update.seq), (before, book.seq()));
                follow(&mut follower.window, &update);
            }
            let mut top = Ladder::new();
            for side in [Side::Buy, Side::Sell] {
                assert_eq!(follower.view.levels(side), book.depth(side, VIEW_LEVELS));
                let levels = book.depth(side, VIEW_LEVELS).into_iter();
                top.extend(levels.map(|l| ((side.number(), l.price.ticks()), (l.quantity.lots(), l.orders))));
            }
            assert_eq!(follower.window, top);
        }
    }
}
