//! Recent trades, of each instrument and of the whole venue, newest first. Older ones are in the store.

use crate::listings::index;
use cx_engine::command::Side;
use cx_engine::ids::{InstrumentId, Seq, TradeId};
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};
use std::collections::VecDeque;

/// A trade as the public sees it: without orders and accounts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicTrade {
    /// Its number over the whole venue.
    pub trade: TradeId,
    /// The command that made it.
    pub seq: Seq,
    /// Its place among that command's events.
    pub index: u32,
    /// Engine time.
    pub time: Timestamp,
    /// Of what.
    pub instrument: InstrumentId,
    /// The aggressor's side.
    pub taker_side: Side,
    /// The maker's price.
    pub price: Price,
    /// How much changed hands.
    pub quantity: Quantity,
}

/// The last trades of each instrument and of the venue.
#[derive(Clone, Debug)]
pub struct Trades {
    instrument_max: usize,
    venue_max: usize,
    by_instrument: Vec<VecDeque<PublicTrade>>,
    venue: VecDeque<PublicTrade>,
    count: u64,
}

impl PublicTrade {
    /// The public part of a trade; `None` for other events.
    pub fn from_record(record: &EventRecord) -> Option<Self> {
        let Event::Trade(trade) = &record.event else { return None };
        Some(Self {
            trade: trade.trade,
            seq: record.seq,
            index: record.index,
            time: record.time,
            instrument: trade.instrument,
            taker_side: trade.taker_side,
            price: trade.price,
            quantity: trade.quantity,
        })
    }
}

impl Trades {
    /// Keeps so many trades of each instrument and of the venue (at least one).
    pub fn new(instrument_max: usize, venue_max: usize) -> Self {
        Self {
            instrument_max: instrument_max.max(1),
            venue_max: venue_max.max(1),
            by_instrument: Vec::new(),
            venue: VecDeque::new(),
            count: 0,
        }
    }

    /// Takes the next event.
    pub fn apply(&mut self, record: &EventRecord) {
        let Some(trade) = PublicTrade::from_record(record) else { return };
        let place = index(trade.instrument.get());
        if self.by_instrument.len() <= place {
            self.by_instrument.resize_with(place + 1, VecDeque::new);
        }
        push_bounded(&mut self.by_instrument[place], trade, self.instrument_max);
        push_bounded(&mut self.venue, trade, self.venue_max);
        self.count += 1;
    }

    /// The last trade of an instrument.
    pub fn last(&self, instrument: InstrumentId) -> Option<&PublicTrade> {
        self.by_instrument.get(index(instrument.get()))?.back()
    }

    /// The last trades of an instrument, newest first.
    pub fn recent(&self, instrument: InstrumentId) -> impl Iterator<Item = &PublicTrade> {
        self.by_instrument.get(index(instrument.get())).into_iter().flat_map(|trades| trades.iter().rev())
    }

    /// The last trades of the venue, newest first.
    pub fn recent_all(&self) -> impl Iterator<Item = &PublicTrade> {
        self.venue.iter().rev()
    }

    /// The trades of an instrument that commands after `seq` made, oldest first; `None` when not all of them are kept.
    pub fn since(&self, instrument: InstrumentId, seq: Seq) -> Option<impl Iterator<Item = &PublicTrade>> {
        let trades = self.by_instrument.get(index(instrument.get()));
        // A full ring may have lost trades of the very command that its oldest trade belongs to.
        let lost = trades.filter(|kept| kept.len() == self.instrument_max).and_then(|kept| kept.front());
        if lost.is_some_and(|oldest| seq < oldest.seq) {
            return None;
        }
        Some(trades.into_iter().flat_map(move |kept| kept.range(kept.partition_point(|trade| trade.seq <= seq)..)))
    }

    /// How many trades there have been, those no longer kept included.
    pub fn count(&self) -> u64 {
        self.count
    }
}

fn push_bounded<T>(ring: &mut VecDeque<T>, value: T, max: usize) {
    if ring.len() == max {
        ring.pop_front();
    }
    ring.push_back(value);
}
