//! What an instrument did in the last 24 hours, sliding by whole minutes.
//!
//! The window at time `t` is the minute of `t` and the 1,439 minutes before it: between 23 h 59 min and 24 h. Trades are
//! added up by minute, so reading costs at most 1,440 steps and the window moves on without trades.

use crate::book::BookLevel;
use crate::listings::index;
use crate::trades::PublicTrade;
use cx_engine::ids::InstrumentId;
use cx_engine::units::{Price, Timestamp};
use cx_engine::{Event, EventRecord};
use std::collections::VecDeque;

const MINUTE_NANOS: u64 = 60_000_000_000;
/// Minutes in the window.
const WINDOW: u64 = 24 * 60;

/// A ticker as of one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TickerView {
    /// The last trade, however old.
    pub last: Option<PublicTrade>,
    /// Price of the first trade in the window.
    pub open: Option<Price>,
    /// Highest price in the window.
    pub high: Option<Price>,
    /// Lowest price in the window.
    pub low: Option<Price>,
    /// Sum of the window's lots.
    pub volume: u128,
    /// Sum of the window's `ticks x lots`; times the tick value it is the turnover in minor units of the currency.
    pub value: i128,
    /// The window's number of trades.
    pub count: u64,
    /// The best bid.
    pub bid: Option<BookLevel>,
    /// The best ask.
    pub ask: Option<BookLevel>,
}

impl TickerView {
    /// `last - open` in ticks: the change within the window. `None` without a trade in it.
    pub fn change(&self) -> Option<i64> {
        Some(self.last?.price.ticks() - self.open?.ticks())
    }
}

#[derive(Clone, Copy, Debug)]
struct Minute {
    number: u64,
    open: Price,
    high: Price,
    low: Price,
    volume: u128,
    value: i128,
    count: u64,
}

#[derive(Clone, Debug, Default)]
struct Ticker {
    last: Option<PublicTrade>,
    minutes: VecDeque<Minute>,
}

/// The tickers of all instruments.
#[derive(Clone, Debug, Default)]
pub struct Tickers {
    by_instrument: Vec<Ticker>,
}

impl Tickers {
    /// Takes the next event.
    pub fn apply(&mut self, record: &EventRecord) {
        let Event::Trade(trade) = &record.event else { return };
        let place = index(trade.instrument.get());
        if self.by_instrument.len() <= place {
            self.by_instrument.resize_with(place + 1, Ticker::default);
        }
        let ticker = &mut self.by_instrument[place];
        ticker.last = PublicTrade::from_record(record);
        let minute = record.time.nanos() / MINUTE_NANOS;
        while ticker.minutes.front().is_some_and(|oldest| oldest.number + WINDOW <= minute) {
            ticker.minutes.pop_front();
        }
        if ticker.minutes.back().is_none_or(|newest| newest.number != minute) {
            let price = trade.price;
            ticker.minutes.push_back(Minute {
                number: minute,
                open: price,
                high: price,
                low: price,
                volume: 0,
                value: 0,
                count: 0,
            });
        }
        let newest = ticker.minutes.back_mut().expect("pushed above");
        newest.high = newest.high.max(trade.price);
        newest.low = newest.low.min(trade.price);
        newest.volume += u128::from(trade.quantity.lots());
        newest.value += i128::from(trade.price.ticks()) * i128::from(trade.quantity.lots());
        newest.count += 1;
    }

    /// The ticker as of `now` without bid and ask ([`crate::MarketData::ticker`] adds them). `now` is given, because this
    /// fold reads no clock; a time before the last trade counts as the last trade's.
    pub fn view(&self, instrument: InstrumentId, now: Timestamp) -> TickerView {
        let Some(ticker) = self.by_instrument.get(index(instrument.get())) else { return TickerView::default() };
        let minute = now.nanos() / MINUTE_NANOS;
        let mut view = TickerView { last: ticker.last, ..TickerView::default() };
        for bucket in ticker.minutes.iter().filter(|bucket| bucket.number + WINDOW > minute) {
            view.open = view.open.or(Some(bucket.open));
            view.high = view.high.max(Some(bucket.high));
            view.low = Some(view.low.map_or(bucket.low, |low| low.min(bucket.low)));
            view.volume += bucket.volume;
            view.value += bucket.value;
            view.count += bucket.count;
        }
        view
    }
}
