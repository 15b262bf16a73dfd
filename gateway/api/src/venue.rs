//! The venue as readers see it: every fold of the exchange's events, kept on the pipeline's output thread.
//!
//! Released events go into the folds first and to WebSocket subscribers second, and only then do replies complete. So whoever
//! has an answer finds its effect in every read that follows. Reads take a shared lock for as long as it takes to copy what
//! they need; nothing ever reaches into the engine's thread.
//!
//! Locks, in the order in which they are taken: the fan-out's, then the folds'. Releasing holds the fan-out's throughout, so
//! a subscriber that joins under it gets a snapshot and every update after it, none twice.

use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use cx_engine::command::Side;
use cx_engine::event::{Event, EventRecord};
use cx_engine::ids::{InstrumentId, Seq, Symbol};
use cx_engine::units::Timestamp;
use cx_market_data::{
    AccountUpdates, Accounts, BookL2, BookLevel, Decimals, MarketData, PublicTrade, Retention, Scaled,
};
use cx_pipeline::Outlet;
use cx_store::Store;

pub mod answers;
pub mod decimal;
pub mod facts;
mod fanout;
mod kept;
pub mod positions;

pub use fanout::{BookDepth, Channel, ConnectionId, Joined, Resume};
pub use kept::KeptFolds;

use answers::Answers;
use facts::FactsView;
use fanout::Fanout;
use positions::Positions;

use crate::ws::outbox::{Outbox, Outgoing};

/// How much the folds keep in memory beyond what is open.
#[derive(Debug, Clone, Copy)]
pub struct VenueSettings {
    /// Of market data.
    pub retention: Retention,
    /// Closed orders of the whole venue. They bridge the time until the SQL sink has them.
    pub closed_orders_max: usize,
    /// Execution reports of the whole venue, for streams that resume.
    pub reports_max: usize,
}

impl Default for VenueSettings {
    fn default() -> Self {
        Self { retention: Retention::default(), closed_orders_max: 65_536, reports_max: 65_536 }
    }
}

/// The folds, all at the same command.
#[derive(Debug, bincode::Encode, bincode::Decode)]
pub struct Folds {
    /// Listings, books, trades, tickers and bars.
    pub market: MarketData,
    /// Orders and balances.
    pub accounts: Accounts,
    /// What credits cost their owners.
    pub positions: Positions,
    /// How orders stood when first answered.
    pub answers: Answers,
    /// Names the run of sequence numbers: engine time of the journal's first command, in microseconds; 0 before it.
    pub epoch: u64,
}

/// How one instrument is called and counted.
#[derive(Debug, Clone, Copy)]
pub struct Quoted {
    /// Its symbol.
    pub symbol: Symbol,
    /// How its integers read.
    pub decimals: Decimals,
    /// The code of its currency.
    pub currency: Symbol,
}

/// A book as a subscriber gets it first.
#[derive(Debug, Clone)]
pub struct BookView {
    /// Whose book.
    pub quoted: Quoted,
    /// How deep.
    pub depth: BookDepth,
    /// The run of sequence numbers.
    pub epoch: u64,
    /// The last command that is in it.
    pub seq: Seq,
    /// Engine time of that command.
    pub time: Timestamp,
    /// Bids from the best.
    pub bids: Vec<BookLevel>,
    /// Asks from the best.
    pub asks: Vec<BookLevel>,
    /// Of the best ten levels.
    pub checksum: u32,
}

/// What one batch of released events changed.
#[derive(Debug, Default)]
struct Batch {
    accounts: AccountUpdates,
    /// Each with the command that made the instrument's trade before it.
    trades: Vec<(Seq, PublicTrade)>,
    books: Vec<InstrumentId>,
}

impl Batch {
    fn clear(&mut self) {
        self.accounts.clear();
        self.trades.clear();
        self.books.clear();
    }

    fn touch(&mut self, instrument: InstrumentId) {
        if !self.books.contains(&instrument) {
            self.books.push(instrument);
        }
    }
}

impl Folds {
    fn new(settings: &VenueSettings) -> Self {
        Self {
            market: MarketData::new(settings.retention),
            accounts: Accounts::new(settings.closed_orders_max, settings.reports_max),
            positions: Positions::default(),
            answers: Answers::default(),
            epoch: 0,
        }
    }

    /// How an instrument is called and counted.
    pub fn quoted(&self, instrument: InstrumentId) -> Option<Quoted> {
        let listings = self.market.listings();
        let listed = listings.instrument(instrument)?;
        let currency = listings.asset(listed.quote)?.code;
        Some(Quoted { symbol: listed.symbol, decimals: listings.decimals(instrument)?, currency })
    }

    /// Like [`Folds::quoted`]; an order that was refused for an instrument that does not exist still has to be called
    /// something.
    pub fn quoted_or_bare(&self, instrument: InstrumentId) -> Quoted {
        self.quoted(instrument).unwrap_or_else(|| {
            let word = |text: &str| Symbol::new(text).expect("written out in permitted letters");
            let one = Scaled { mantissa: 1, scale: 0 };
            let decimals = Decimals { tick: one, lot: one, minor: one };
            Quoted { symbol: word("UNKNOWN"), decimals, currency: word("USD") }
        })
    }

    /// Takes all events of one command.
    fn apply(&mut self, command: &[EventRecord], batch: &mut Batch) {
        let Some(first) = command.first() else { return };
        if self.epoch == 0 {
            self.epoch = first.time.nanos() / 1_000;
        }
        for record in command {
            if let Some(trade) = PublicTrade::from_record(record) {
                let before = self.market.trades().last(trade.instrument).map_or(Seq::ZERO, |last| last.seq);
                batch.trades.push((before, trade));
            }
            if let Some(instrument) = changes_book(&record.event) {
                batch.touch(instrument);
            }
            self.market.apply(record);
            self.positions.apply(record);
        }
        self.accounts.apply_command(command, &mut batch.accounts);
        self.answers.note(command, &self.accounts);
    }
}

fn changes_book(event: &Event) -> Option<InstrumentId> {
    match event {
        Event::OrderRested(rested) => Some(rested.instrument),
        Event::Trade(trade) => Some(trade.instrument),
        Event::OrderAmended(amended) => Some(amended.instrument),
        Event::OrderCancelled(cancelled) if cancelled.resting => Some(cancelled.instrument),
        _ => None,
    }
}

/// All folds and who listens to them.
#[derive(Debug)]
pub struct Venue {
    folds: RwLock<Folds>,
    fanout: Mutex<Fanout>,
    catalog: Arc<facts::Catalog>,
}

impl Venue {
    /// A venue before its first event.
    pub fn new(settings: &VenueSettings) -> Arc<Self> {
        Self::rebuild(settings, std::iter::empty())
    }

    /// A venue that has taken every event of the log, from sequence 1, in order; records of one command stand together.
    pub fn rebuild(settings: &VenueSettings, events: impl IntoIterator<Item = EventRecord>) -> Arc<Self> {
        Self::resume(KeptFolds { folds: Folds::new(settings), batch: Batch::default() }, events)
    }

    /// Like [`Venue::rebuild`], from folds that were kept and the events after them.
    pub fn resume(mut kept: KeptFolds, events: impl IntoIterator<Item = EventRecord>) -> Arc<Self> {
        let mut command: Vec<EventRecord> = Vec::new();
        for record in events {
            if command.last().is_some_and(|last| last.seq != record.seq) {
                kept.take(&command);
                command.clear();
            }
            command.push(record);
        }
        kept.take(&command);
        Arc::new(Self { folds: RwLock::new(kept.into_folds()), fanout: Mutex::default(), catalog: Arc::default() })
    }

    /// The pipeline's way in. There must be one only, or folds would take events twice.
    pub fn outlet(self: &Arc<Self>) -> VenueOutlet {
        VenueOutlet { venue: Arc::clone(self), batch: Batch::default() }
    }

    /// The folds for reading. Copy what is needed and let go: the output thread waits meanwhile.
    pub fn read(&self) -> RwLockReadGuard<'_, Folds> {
        self.folds.read().expect("a fold that panicked has ended the process")
    }

    /// What the instruments' credits are, read from the registry's rows when there are new instruments.
    pub async fn facts(&self, store: &Store) -> Arc<FactsView> {
        let listed = self.read().market.listings().instruments().len();
        self.catalog.view(store, listed).await
    }

    fn fanout(&self) -> MutexGuard<'_, Fanout> {
        self.fanout.lock().expect("a fan-out that panicked has ended the process")
    }

    /// Subscribes a connection to a channel: puts the announcement into the connection's queue, then a snapshot (or what it
    /// missed), and every update from then on. Subscribing again starts over.
    pub fn join(
        &self,
        connection: ConnectionId,
        outbox: &Arc<Outbox>,
        channel: Channel,
        resume: Option<Resume>,
        announce: impl FnOnce(Joined) -> Outgoing,
    ) {
        let mut fanout = self.fanout();
        let folds = self.read();
        fanout.join(&folds, connection, outbox, channel, resume, announce);
    }

    /// Ends a subscription; whether there was one.
    pub fn leave(&self, connection: ConnectionId, channel: Channel) -> bool {
        self.fanout().leave(connection, channel)
    }

    /// Ends all subscriptions of a connection.
    pub fn leave_all(&self, connection: ConnectionId) {
        self.fanout().leave_all(connection);
    }

    /// Puts fresh snapshots of the books whose updates a connection had no room for.
    pub fn catch_up(&self, connection: ConnectionId) {
        let mut fanout = self.fanout();
        let folds = self.read();
        fanout.catch_up(&folds, connection);
    }
}

/// Feeds a [`Venue`] from the pipeline's output thread.
#[derive(Debug)]
pub struct VenueOutlet {
    venue: Arc<Venue>,
    batch: Batch,
}

impl Outlet for VenueOutlet {
    fn release(&mut self, records: &[EventRecord]) {
        self.batch.clear();
        let mut fanout = self.venue.fanout();
        {
            let mut folds = self.venue.folds.write().expect("a fold that panicked has ended the process");
            for command in cx_market_data::commands(records) {
                folds.apply(command, &mut self.batch);
            }
        }
        let folds = self.venue.read();
        fanout.publish(&folds, &self.batch);
    }
}

/// The best levels of both sides, and the time of the book's last change.
pub fn depth_of(book: &BookL2, levels: usize) -> (Vec<BookLevel>, Vec<BookLevel>) {
    (book.depth(Side::Buy, levels), book.depth(Side::Sell, levels))
}

/// Wall time in nanoseconds since the epoch, for stamps on messages.
pub fn wall_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
