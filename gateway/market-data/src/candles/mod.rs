//! Bars of trades: open, high, low, close, volume, count and exact sums for the volume-weighted average price.

#[cfg(test)]
mod tests;
mod timeframe;

pub use timeframe::Timeframe;

use crate::listings::index;
use cx_engine::ids::InstrumentId;
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};
use std::collections::VecDeque;

/// One bar over `[start, end)` UTC. There is no bar for a period without trades.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
}

type Series = [VecDeque<Candle>; Timeframe::ALL.len()];

/// The bars of all instruments in all timeframes.
#[derive(Clone, Debug)]
pub struct Candles {
    max: usize,
    by_instrument: Vec<Series>,
}

impl Candles {
    /// Keeps the last `max` bars of each instrument and timeframe (at least one).
    pub fn new(max: usize) -> Self {
        Self { max: max.max(1), by_instrument: Vec::new() }
    }

    /// Takes the next event.
    pub fn apply(&mut self, record: &EventRecord) {
        let Event::Trade(trade) = &record.event else { return };
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
