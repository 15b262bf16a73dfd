//! Bars of trades: open, high, low, close, volume, count and exact sums for the volume-weighted average price.

#[cfg(test)]
mod tests;
mod timeframe;

pub use timeframe::Timeframe;

use crate::listings::index;
use crate::trades::{PublicTrade, TradeLog};
use cx_engine::ids::InstrumentId;
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};
use std::collections::VecDeque;

/// One bar over `[start, end)` UTC. There is no bar for a period without trades.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct Candle {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
    /// Price of its first trade.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Price of its last trade.
    pub close: Price,
    /// Sum of the trades' lots.
    pub volume: u128,
    /// Sum of the trades' `ticks x lots`.
    pub value: i128,
    /// How many trades.
    pub count: u64,
}

impl Candle {
    /// Volume-weighted average price as an exact fraction of ticks: `sum(ticks x lots) / sum(lots)`.
    pub fn vwap(&self) -> (i128, u128) {
        (self.value, self.volume)
    }

    fn first((start, end): (Timestamp, Timestamp), price: Price, quantity: Quantity) -> Self {
        let mut candle =
            Self { start, end, open: price, high: price, low: price, close: price, volume: 0, value: 0, count: 0 };
        candle.add(price, quantity);
        candle
    }

    fn add(&mut self, price: Price, quantity: Quantity) {
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.close = price;
        self.volume += u128::from(quantity.lots());
        self.value += i128::from(price.ticks()) * i128::from(quantity.lots());
        self.count += 1;
    }

    /// Adds a later bar to this one.
    fn join(&mut self, later: &Self) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.volume += later.volume;
        self.value += later.value;
        self.count += later.count;
    }

    /// Takes a reversed trade out of the sums.
    fn subtract(&mut self, busted: &PublicTrade) {
        self.volume -= u128::from(busted.quantity.lots());
        self.value -= i128::from(busted.price.ticks()) * i128::from(busted.quantity.lots());
        self.count -= 1;
    }
}

type Series = [VecDeque<Candle>; Timeframe::ALL.len()];

/// The bars of all instruments in all timeframes.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct Candles {
    max: usize,
    by_instrument: Vec<Series>,
    log: TradeLog,
}

impl Candles {
    /// Keeps the last `max` bars of each instrument and timeframe (at least one).
    pub fn new(max: usize) -> Self {
        Self { max: max.max(1), by_instrument: Vec::new(), log: TradeLog::default() }
    }

    /// Takes the next event. A reversed trade is taken out again: its bars become as if it had never been, or, where the
    /// trades and shorter bars that they were made of are not kept any more, lose it from their sums only.
    pub fn apply(&mut self, record: &EventRecord) {
        if let Event::TradeBusted(event) = &record.event
            && let Some(busted) = self.log.bust(event.trade)
        {
            self.remove(&busted);
        }
        let Event::Trade(trade) = &record.event else { return };
        self.log.push(PublicTrade::of(record, trade));
        let place = index(trade.instrument.get());
        if self.by_instrument.len() <= place {
            self.by_instrument.resize_with(place + 1, Series::default);
        }
        for (timeframe, bars) in Timeframe::ALL.iter().zip(&mut self.by_instrument[place]) {
            match bars.back_mut() {
                // Engine time never goes back, so a trade is in the last bar or after it.
                Some(last) if record.time < last.end => last.add(trade.price, trade.quantity),
                _ => {
                    if bars.len() == self.max {
                        bars.pop_front();
                    }
                    bars.push_back(Candle::first(timeframe.period(record.time), trade.price, trade.quantity));
                }
            }
        }
    }

    fn remove(&mut self, busted: &PublicTrade) {
        let series = &mut self.by_instrument[index(busted.instrument.get())];
        for timeframe in Timeframe::ALL {
            let (shorter, rest) = series.split_at_mut(timeframe.place());
            let bars = &mut rest[0];
            let (start, end) = timeframe.period(busted.time);
            let Ok(place) = bars.binary_search_by_key(&start, |bar| bar.start) else { continue };
            let bar = &mut bars[place];
            bar.subtract(busted);
            if bar.count == 0 {
                bars.remove(place);
                continue;
            }
            let trades = self.log.standing(busted.instrument, start, end);
            let from_trades = trades.map(|trade| Candle::first((start, end), trade.price, trade.quantity));
            let parts = timeframe.part().map(|part| &shorter[part.place()]);
            let parts = parts.into_iter().flatten().filter(|part| part.start >= start && part.end <= end);
            let from_parts = parts.map(|part| Candle { start, end, ..*part });
            let whole = [joined(from_trades), joined(from_parts)];
            if let Some(whole) = whole.into_iter().flatten().find(|whole| whole.count == bar.count) {
                *bar = whole;
            }
        }
    }

    /// The bars kept of an instrument, oldest first.
    pub fn bars(&self, instrument: InstrumentId, timeframe: Timeframe) -> impl DoubleEndedIterator<Item = &Candle> {
        let series = self.by_instrument.get(index(instrument.get()));
        series.into_iter().flat_map(move |series| &series[timeframe.place()])
    }

    /// The last bar of an instrument, which may still be growing.
    pub fn last(&self, instrument: InstrumentId, timeframe: Timeframe) -> Option<&Candle> {
        self.by_instrument.get(index(instrument.get()))?[timeframe.place()].back()
    }
}

fn joined(parts: impl Iterator<Item = Candle>) -> Option<Candle> {
    parts.reduce(|mut sum, part| {
        sum.join(&part);
        sum
    })
}
