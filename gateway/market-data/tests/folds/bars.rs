//! Trades, tickers and bars by example.

use crate::venue::{START, Venue, limit};
use cx_engine::command::Side;
use cx_engine::ids::{InstrumentId, Seq};
use cx_engine::units::{Price, Timestamp};
use cx_market_data::{Accounts, Retention, Timeframe};

const FIRST: InstrumentId = InstrumentId::new(0);
const MINUTE: u64 = 60_000_000_000;

fn trade(venue: &mut Venue, price: i64, quantity: u64) -> Seq {
    venue.place(limit(1, Side::Sell, price, quantity));
    venue.place(limit(2, Side::Buy, price, quantity)).1
}

#[test]
fn bars_are_half_open_and_empty_periods_have_none() {
    let mut venue = Venue::small();
    trade(&mut venue, 100, 2);
    venue.now = START + MINUTE - 1;
    trade(&mut venue, 98, 1);
    venue.now = START + MINUTE; // the first instant of the next bar
    trade(&mut venue, 103, 1);
    venue.now = START + 5 * MINUTE;
    trade(&mut venue, 101, 4);
    let bars: Vec<_> = venue.market.candles().bars(FIRST, Timeframe::Minute1).collect();
    let starts: Vec<u64> = bars.iter().map(|bar| (bar.start.nanos() - START) / MINUTE).collect();
    assert_eq!(starts, [0, 1, 5]);
    let first = bars[0];
    assert_eq!([first.open, first.high, first.low, first.close].map(Price::ticks), [100, 100, 98, 98]);
    assert_eq!((first.volume, first.count, first.vwap()), (3, 2, (298, 3)));
    assert_eq!(venue.market.candles().last(FIRST, Timeframe::Month1).unwrap().count, 4);
}

#[test]
fn a_ticker_slides_by_minutes_without_trades() {
    let mut venue = Venue::small();
    trade(&mut venue, 100, 2);
    venue.now = START + MINUTE;
    trade(&mut venue, 90, 1);
    venue.now = START + 2 * MINUTE;
    trade(&mut venue, 110, 1);
    venue.place(limit(1, Side::Buy, 95, 7));
    let at = |minutes: u64| venue.market.ticker(FIRST, Timestamp::from_nanos(START + minutes * MINUTE)).unwrap();
    let ticks = |price: Option<Price>| price.map(Price::ticks);
    let now = at(2);
    assert_eq!([now.open, now.high, now.low].map(ticks), [Some(100), Some(110), Some(90)]);
    assert_eq!((now.volume, now.value, now.count, now.change()), (4, 400, 3, Some(10)));
    assert_eq!((now.bid.unwrap().price.ticks(), now.ask), (95, None));
    let later = at(1_440);
    assert_eq!(([later.open, later.low].map(ticks), later.count, later.change()), ([Some(90), Some(90)], 2, Some(20)));
    let much_later = at(1_442);
    assert_eq!((much_later.open, much_later.high, much_later.count, much_later.change()), (None, None, 0, None));
    assert_eq!(much_later.last.unwrap().price.ticks(), 110, "the last trade stays known");
    assert!(venue.market.ticker(InstrumentId::new(5), Timestamp::default()).is_none());
}

#[test]
fn a_ticker_keeps_a_minute_for_exactly_a_day() {
    let mut venue = Venue::small();
    trade(&mut venue, 100, 2);
    for (minutes, count) in [(1_439, 2), (1_440, 2)] {
        venue.now = START + minutes * MINUTE;
        trade(&mut venue, 101, 1);
        assert_eq!(venue.market.ticker(FIRST, Timestamp::from_nanos(venue.now)).unwrap().count, count);
    }
}

#[test]
fn trades_resume_from_a_command_while_they_are_kept() {
    let retention = Retention { trades: 2, ..Retention::default() };
    let mut venue = Venue::new(retention, Accounts::default(), 1, 2);
    let seqs: Vec<Seq> = (0..3).map(|n| trade(&mut venue, 100 + n, 1)).collect();
    let since =
        |seq| venue.market.trades().since(FIRST, seq).map(|kept| kept.map(|t| t.price.ticks()).collect::<Vec<_>>());
    assert_eq!(since(seqs[0]), None, "the ring may have lost trades of its oldest command");
    assert_eq!(since(seqs[1]), Some(vec![102]));
    assert_eq!(since(seqs[2]), Some(vec![]));
    assert_eq!(venue.market.trades().last(FIRST).unwrap().price.ticks(), 102);
    assert_eq!((venue.market.trades().count(), venue.market.trades().recent(FIRST).count()), (3, 2));
}
