//! Books by example: updates, checksum, windows and queue positions.

use crate::venue::{Venue, limit};
use cx_engine::command::Side;
use cx_engine::ids::{InstrumentId, Seq};
use cx_engine::units::Quantity;
use cx_market_data::{Accounts, BookL2, DepthView, Retention};

const FIRST: InstrumentId = InstrumentId::new(0);

fn book(venue: &Venue) -> &BookL2 {
    venue.market.book(FIRST).unwrap()
}

fn changes(venue: &Venue) -> Vec<(&'static str, i64, u64, u32)> {
    let changes = &book(venue).last_update().unwrap().changes;
    changes.iter().map(|c| (c.side.code(), c.price.ticks(), c.quantity.lots(), c.orders)).collect()
}

#[test]
fn one_command_gives_one_update_with_each_level_once_best_first() {
    let mut venue = Venue::small();
    for price in [101, 102, 103] {
        venue.place(limit(1, Side::Sell, price, 2));
        venue.place(limit(2, Side::Sell, price, 3));
    }
    let before = book(&venue).seq();
    venue.place(limit(3, Side::Buy, 102, 12));
    assert_eq!(changes(&venue), [("buy", 102, 2, 1), ("sell", 101, 0, 0), ("sell", 102, 0, 0)]);
    assert_eq!(book(&venue).last_update().unwrap().prev_seq, before);
    venue.place(limit(3, Side::Sell, 200, 1));
    let since: Vec<Seq> = book(&venue).updates_since(before).unwrap().map(|update| update.seq).collect();
    assert_eq!(since, [Seq::new(before.get() + 1), Seq::new(before.get() + 2)]);
}

#[test]
fn a_level_that_goes_and_comes_back_in_one_command_is_one_change() {
    let mut venue = Venue::small();
    let (order, _) = venue.place(limit(1, Side::Buy, 90, 5));
    venue.amend(1, order, 90, 8);
    assert_eq!(changes(&venue), [("buy", 90, 8, 1)]);
    venue.amend(1, order, 90, 3);
    assert_eq!(changes(&venue), [("buy", 90, 3, 1)]);
    venue.amend(1, order, 91, 3);
    assert_eq!(changes(&venue), [("buy", 91, 3, 1), ("buy", 90, 0, 0)]);
}

#[test]
fn commands_that_change_nothing_here_are_no_updates() {
    let mut venue = Venue::small();
    let (order, seq) = venue.place(limit(1, Side::Buy, 90, 5));
    venue.cancel(2, order);
    venue.place(limit(1, Side::Buy, 0, 5));
    assert_eq!(book(&venue).seq(), seq);
    assert_eq!(book(&venue).updates_since(seq).unwrap().count(), 0);
}

#[test]
fn what_is_no_longer_kept_or_not_yet_known_asks_for_a_snapshot() {
    let retention = Retention { book_updates: 2, ..Retention::default() };
    let mut venue = Venue::new(retention, Accounts::default(), 1, 3);
    assert_eq!(book(&venue).updates_since(Seq::ZERO).unwrap().count(), 0);
    let seqs: Vec<Seq> = (0..4).map(|n| venue.place(limit(1, Side::Buy, 90 + n, 1)).1).collect();
    assert!(book(&venue).updates_since(seqs[0]).is_none());
    assert_eq!(book(&venue).updates_since(seqs[1]).unwrap().count(), 2);
    assert_eq!(book(&venue).updates_since(seqs[3]).unwrap().count(), 0);
    assert!(book(&venue).updates_since(seqs[3].next()).is_none());
}

#[test]
fn the_checksum_is_the_crc32_of_the_top_ten_in_ticks_and_lots() {
    let mut venue = Venue::small();
    assert_eq!((book(&venue).checksum_text().as_str(), book(&venue).checksum()), ("|", 0x8BB1_D29A));
    venue.place(limit(1, Side::Buy, 2550, 7));
    venue.place(limit(3, Side::Buy, 2549, 3));
    venue.place(limit(2, Side::Sell, 2551, 5));
    assert_eq!(book(&venue).checksum_text(), "2550:7,2549:3|2551:5");
    assert_eq!(book(&venue).checksum(), 0xE246_609D);
    for price in 2560..2580 {
        venue.place(limit(2, Side::Sell, price, 1));
    }
    assert!(book(&venue).checksum_text().ends_with(",2568:1"), "ten levels and no more");
}

#[test]
fn a_window_gives_what_moves_in_and_takes_what_moves_out() {
    let mut venue = Venue::small();
    let (best, _) = venue.place(limit(1, Side::Buy, 92, 1));
    venue.place(limit(1, Side::Buy, 91, 2));
    venue.place(limit(1, Side::Buy, 90, 3));
    let mut view = DepthView::new(book(&venue), 2);
    assert!(view.advance(book(&venue)).is_none());
    venue.place(limit(1, Side::Buy, 80, 3));
    assert!(view.advance(book(&venue)).is_none(), "outside the window");
    venue.cancel(1, best);
    let brief = |update: cx_market_data::BookUpdate| -> Vec<(i64, u64)> {
        update.changes.iter().map(|change| (change.price.ticks(), change.quantity.lots())).collect()
    };
    assert_eq!(brief(view.advance(book(&venue)).unwrap()), [(92, 0), (90, 3)]);
    venue.place(limit(1, Side::Buy, 95, 1));
    venue.place(limit(1, Side::Sell, 99, 4));
    assert_eq!(brief(view.advance(book(&venue)).unwrap()), [(95, 1), (90, 0), (99, 4)]);
}

#[test]
fn queue_positions_follow_priority() {
    let mut venue = Venue::small();
    let orders: Vec<_> = (1..=3).map(|account| venue.place(limit(account, Side::Buy, 90, 10)).0).collect();
    assert_eq!(venue.l3[0].ahead(orders[2]), Some((2, Quantity::from_lots(20))));
    venue.amend(2, orders[1], 90, 4); // smaller: keeps its place
    assert_eq!(venue.l3[0].ahead(orders[2]), Some((2, Quantity::from_lots(14))));
    venue.amend(1, orders[0], 90, 11); // larger: to the back
    assert_eq!(venue.l3[0].ahead(orders[2]), Some((1, Quantity::from_lots(4))));
    assert_eq!(venue.l3[0].ahead(orders[0]), Some((2, Quantity::from_lots(14))));
    venue.cancel(2, orders[1]);
    assert_eq!(venue.l3[0].ahead(orders[2]), Some((0, Quantity::ZERO)));
    assert_eq!(venue.l3[0].ahead(orders[1]), None);
    assert_eq!(venue.l3[0].order(orders[2]).unwrap().account.get(), 3);
}
