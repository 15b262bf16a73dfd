//! Recent trades, of each instrument and of the whole venue, newest first. Older ones are in the store.

use crate::listings::index;
use cx_engine::command::Side;
use cx_engine::event::Trade;
use cx_engine::ids::{InstrumentId, Seq, TradeId};
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{Event, EventRecord};
use std::collections::VecDeque;

/// How many of the venue's last trades can be reversed.
pub(crate) const BUST_WINDOW: usize = 65_536;

/// A trade as the public sees it: without orders and accounts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
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
    /// Whether an auction made it; `taker_side` is then that of the order that came later.
    pub auction: bool,
    /// The maker's price, or the auction's.
    pub price: Price,
    /// How much changed hands.
    pub quantity: Quantity,
    /// Whether it was reversed. Lists of trades leave reversed ones out; [`Trades::get`] gives them.
    pub busted: bool,
}

/// The last trades of each instrument and of the venue.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
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
        Some(Self::of(record, trade))
    }

    pub(crate) fn of(record: &EventRecord, trade: &Trade) -> Self {
        Self {
            trade: trade.trade,
            seq: record.seq,
            index: record.index,
            time: record.time,
            instrument: trade.instrument,
            taker_side: trade.taker_side,
            auction: trade.auction,
            price: trade.price,
            quantity: trade.quantity,
            busted: false,
        }
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
        if let Event::TradeBusted(busted) = &record.event {
            let of_instrument = self.by_instrument.get_mut(index(busted.instrument.get()));
            for kept in of_instrument.into_iter().chain([&mut self.venue]) {
                if let Ok(place) = kept.binary_search_by_key(&busted.trade, |trade| trade.trade) {
                    kept[place].busted = true;
                }
            }
        }
        let Some(trade) = PublicTrade::from_record(record) else { return };
        let place = index(trade.instrument.get());
        if self.by_instrument.len() <= place {
            self.by_instrument.resize_with(place + 1, VecDeque::new);
        }
        push_bounded(&mut self.by_instrument[place], trade, self.instrument_max);
        push_bounded(&mut self.venue, trade, self.venue_max);
        self.count += 1;
    }

    /// The last trade of an instrument that was not reversed.
    pub fn last(&self, instrument: InstrumentId) -> Option<&PublicTrade> {
        self.recent(instrument).next()
    }

    /// A trade that is kept, reversed or not.
    pub fn get(&self, instrument: InstrumentId, trade: TradeId) -> Option<&PublicTrade> {
        let kept = self.by_instrument.get(index(instrument.get()))?;
        kept.get(kept.binary_search_by_key(&trade, |trade| trade.trade).ok()?)
    }

    /// The last trades of an instrument, newest first.
    pub fn recent(&self, instrument: InstrumentId) -> impl Iterator<Item = &PublicTrade> {
        self.by_instrument
            .get(index(instrument.get()))
            .into_iter()
            .flat_map(|trades| trades.iter().rev())
            .filter(|trade| !trade.busted)
    }

    /// The last trades of the venue, newest first.
    pub fn recent_all(&self) -> impl Iterator<Item = &PublicTrade> {
        self.venue.iter().rev().filter(|trade| !trade.busted)
    }

    /// The trades of an instrument that commands after `seq` made, oldest first, without those reversed since; `None` when
    /// not all of them are kept.
    pub fn since(&self, instrument: InstrumentId, seq: Seq) -> Option<impl Iterator<Item = &PublicTrade>> {
        let trades = self.by_instrument.get(index(instrument.get()));
        // A full ring may have lost trades of the very command that its oldest trade belongs to.
        let lost = trades.filter(|kept| kept.len() == self.instrument_max).and_then(|kept| kept.front());
        if lost.is_some_and(|oldest| seq < oldest.seq) {
            return None;
        }
        let after = move |kept: &VecDeque<PublicTrade>| kept.partition_point(|trade| trade.seq <= seq);
        Some(trades.into_iter().flat_map(move |kept| kept.range(after(kept)..)).filter(|trade| !trade.busted))
    }

    /// How many trades there have been, those reversed or no longer kept included.
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

/// The venue's last trades, as far back as they can be reversed: what bars and tickers are corrected from. Trades are
/// numbered without gaps, so a number is a place.
#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
pub(crate) struct TradeLog(VecDeque<PublicTrade>);

impl TradeLog {
    /// Adds a trade.
    pub(crate) fn push(&mut self, trade: PublicTrade) {
        push_bounded(&mut self.0, trade, BUST_WINDOW);
    }

    /// Marks a trade as reversed and gives it back; `None` when it is not kept or was marked before.
    pub(crate) fn bust(&mut self, trade: TradeId) -> Option<PublicTrade> {
        let first = self.0.front()?.trade.get();
        let busted = self.0.get_mut(usize::try_from(trade.get().checked_sub(first)?).ok()?)?;
        (!std::mem::replace(&mut busted.busted, true)).then_some(*busted)
    }

    /// The trades of an instrument in `[start, end)` that stand, oldest first.
    pub(crate) fn standing(
        &self,
        instrument: InstrumentId,
        start: Timestamp,
        end: Timestamp,
    ) -> impl Iterator<Item = &PublicTrade> {
        let first = self.0.partition_point(|trade| trade.time < start);
        let from = self.0.range(first..).take_while(move |trade| trade.time < end);
        from.filter(move |trade| trade.instrument == instrument && !trade.busted)
    }

    /// The last trade of an instrument that stands.
    pub(crate) fn last(&self, instrument: InstrumentId) -> Option<PublicTrade> {
        self.0.iter().rev().find(|trade| trade.instrument == instrument && !trade.busted).copied()
    }
}
