//! All public folds behind one door, so that readers see them at the same command.

use crate::book::BookL2;
use crate::candles::Candles;
use crate::listings::{Listings, index};
use crate::session::{Session, Sessions, TIERS};
use crate::ticker::{TickerView, Tickers};
use crate::trades::Trades;
use cx_engine::command::Side;
use cx_engine::control::SchedulePhase;
use cx_engine::ids::{InstrumentId, Seq};
use cx_engine::units::{Quantity, Timestamp};
use cx_engine::{Event, EventRecord};

/// How much history the public folds keep in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct Retention {
    /// Updates of each book.
    pub book_updates: usize,
    /// Trades of each instrument.
    pub trades: usize,
    /// Trades of the venue.
    pub venue_trades: usize,
    /// Bars of each instrument and timeframe.
    pub bars: usize,
}

impl Default for Retention {
    fn default() -> Self {
        Self { book_updates: 1_024, trades: 1_000, venue_trades: 1_000, bars: 1_500 }
    }
}

/// Listings, books, trades, tickers and bars of the venue.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct MarketData {
    retention: Retention,
    listings: Listings,
    books: Vec<BookL2>,
    trades: Trades,
    tickers: Tickers,
    candles: Candles,
    sessions: Sessions,
    seq: Seq,
    time: Timestamp,
}

impl Default for MarketData {
    fn default() -> Self {
        Self::new(Retention::default())
    }
}

impl MarketData {
    /// Empty folds.
    pub fn new(retention: Retention) -> Self {
        Self {
            retention,
            listings: Listings::default(),
            books: Vec::new(),
            trades: Trades::new(retention.trades, retention.venue_trades),
            tickers: Tickers::default(),
            candles: Candles::new(retention.bars),
            sessions: Sessions::default(),
            seq: Seq::ZERO,
            time: Timestamp::default(),
        }
    }

    /// Takes the next event. What it gives is whole after the last event of a command.
    pub fn apply(&mut self, record: &EventRecord) {
        self.seq = record.seq;
        self.time = record.time;
        self.sessions.apply(record);
        let book = match &record.event {
            Event::AssetAdded(_) => return self.listings.apply(record),
            Event::InstrumentListed(listed) => {
                self.books.push(BookL2::new(listed.instrument, self.retention.book_updates));
                return self.listings.apply(record);
            }
            Event::OrderRested(event) => event.instrument,
            Event::OrderReplenished(event) => event.instrument,
            Event::OrderReduced(event) => event.instrument,
            Event::OrderCancelled(event) => event.instrument,
            Event::OrderAmended(event) => event.instrument,
            Event::TradeBusted(_) => {
                self.trades.apply(record);
                self.tickers.apply(record);
                return self.candles.apply(record);
            }
            Event::Trade(event) => {
                self.trades.apply(record);
                self.tickers.apply(record);
                self.candles.apply(record);
                event.instrument
            }
            _ => return,
        };
        self.books[index(book.get())].apply(record);
    }

    /// The last command taken.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Engine time of that command.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Assets and instruments.
    pub fn listings(&self) -> &Listings {
        &self.listings
    }

    /// The book of an instrument.
    pub fn book(&self, instrument: InstrumentId) -> Option<&BookL2> {
        self.books.get(index(instrument.get()))
    }

    /// Recent trades.
    pub fn trades(&self) -> &Trades {
        &self.trades
    }

    /// Bars.
    pub fn candles(&self) -> &Candles {
        &self.candles
    }

    /// What an instrument is open for; one that is not listed is given as it would be right after its listing.
    pub fn session(&self, instrument: InstrumentId) -> Session {
        self.sessions.get(instrument).copied().unwrap_or(Session::new(instrument))
    }

    /// Whether all trading is stopped.
    pub fn halted(&self) -> bool {
        self.sessions.halted()
    }

    /// What is planned for an instrument, earliest first.
    pub fn schedule(&self, instrument: InstrumentId) -> &[SchedulePhase] {
        self.sessions.schedule(instrument)
    }

    /// The lots of the 30 days before from which each tier of fees applies; zero for tiers that are off, and for tier 0.
    pub fn tier_volumes(&self) -> &[Quantity; TIERS] {
        self.sessions.tier_volumes()
    }

    /// The last 24 hours of an instrument as of `now`, with its bid and ask; `None` for an unknown instrument.
    pub fn ticker(&self, instrument: InstrumentId, now: Timestamp) -> Option<TickerView> {
        let book = self.book(instrument)?;
        let (bid, ask) = (book.best(Side::Buy), book.best(Side::Sell));
        Some(TickerView { bid, ask, ..self.tickers.view(instrument, now) })
    }
}
