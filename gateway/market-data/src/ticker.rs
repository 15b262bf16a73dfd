//! What an instrument did in the last 24 hours, sliding by whole minutes.
//!
//! The window at time `t` is the minute of `t` and the 1,439 minutes before it: between 23 h 59 min and 24 h. Trades are
//! added up by minute, so reading costs at most 1,440 steps and the window moves on without trades.

use crate::book::BookLevel;
use crate::listings::index;
use crate::trades::{PublicTrade, TradeLog};
use cx_engine::ids::InstrumentId;
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};
use std::collections::VecDeque;

const MINUTE_NANOS: u64 = 60_000_000_000;
/// Minutes in the window.
const WINDOW: u64 = 24 * 60;

/// A ticker as of one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct TickerView {
    /// The last trade that was not reversed, however old.
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

#[derive(Clone, Copy, Debug, bincode::Encode, bincode::Decode)]
struct Minute {
    number: u64,
    open: Price,
    high: Price,
    low: Price,
    volume: u128,
    value: i128,
    count: u64,
}

#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
struct Ticker {
    last: Option<PublicTrade>,
    minutes: VecDeque<Minute>,
}

/// The tickers of all instruments.
#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Tickers {
    by_instrument: Vec<Ticker>,
    log: TradeLog,
}

impl Minute {
    fn first(number: u64, price: Price) -> Self {
        Self { number, open: price, high: price, low: price, volume: 0, value: 0, count: 0 }
    }

    fn add(&mut self, price: Price, quantity: Quantity) {
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.volume += u128::from(quantity.lots());
        self.value += i128::from(price.ticks()) * i128::from(quantity.lots());
        self.count += 1;
    }

    /// Takes a reversed trade out: as if it had never been where all trades of the minute are still known, otherwise out
    /// of the sums only.
    fn remove(&mut self, busted: &PublicTrade, log: &TradeLog) {
        let start = self.number * MINUTE_NANOS;
        let end = start.saturating_add(MINUTE_NANOS);
        let (start, end) = (Timestamp::from_nanos(start), Timestamp::from_nanos(end));
        self.count -= 1;
        self.volume -= u128::from(busted.quantity.lots());
        self.value -= i128::from(busted.price.ticks()) * i128::from(busted.quantity.lots());
        let mut left = log.standing(busted.instrument, start, end);
        let Some(first) = left.next() else { return };
        let mut whole = Self::first(self.number, first.price);
        whole.add(first.price, first.quantity);
        left.for_each(|trade| whole.add(trade.price, trade.quantity));
        if whole.count == self.count {
            *self = whole;
        }
    }
}

impl Ticker {
    fn remove(&mut self, busted: &PublicTrade, log: &TradeLog) {
        if self.last.is_some_and(|last| last.trade == busted.trade) {
            self.last = log.last(busted.instrument);
        }
        let number = busted.time.nanos() / MINUTE_NANOS;
        let Ok(place) = self.minutes.binary_search_by_key(&number, |minute| minute.number) else { return };
        self.minutes[place].remove(busted, log);
        if self.minutes[place].count == 0 {
            self.minutes.remove(place);
        }
    }
}

impl Tickers {
    /// Takes the next event. A reversed trade is taken out again.
    pub fn apply(&mut self, record: &EventRecord) {
        if let Event::TradeBusted(event) = &record.event
            && let Some(busted) = self.log.bust(event.trade)
        {
            self.by_instrument[index(busted.instrument.get())].remove(&busted, &self.log);
        }
        let Event::Trade(trade) = &record.event else { return };
        self.log.push(PublicTrade::of(record, trade));
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
            ticker.minutes.push_back(Minute::first(minute, trade.price));
        }
        ticker.minutes.back_mut().expect("pushed above").add(trade.price, trade.quantity);
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
