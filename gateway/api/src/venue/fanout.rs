//! Who listens to what, and how updates get to them. Each message is written once and shared by its subscribers; putting it
//! into a connection's queue never waits.

use std::collections::HashMap;
use std::sync::Arc;

use cx_engine::ids::{AccountId, InstrumentId, Seq};
use cx_market_data::{BookL2, DepthView, ExecutionReport};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{Batch, BookView, Folds};
use crate::ws::outbox::{Outbox, Outgoing, Put};
use crate::ws::{messages, states};

/// Names a connection for as long as the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// How much of a book a subscriber wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BookDepth {
    /// The best ten levels of each side.
    Ten,
    /// The best fifty.
    Fifty,
    /// All of them.
    Full,
}

impl BookDepth {
    /// How many levels of each side.
    pub const fn levels(self) -> usize {
        match self {
            Self::Ten => 10,
            Self::Fifty => 50,
            Self::Full => usize::MAX,
        }
    }
}

/// A stream of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The book of an instrument by level.
    Book(InstrumentId, BookDepth),
    /// The trades of an instrument.
    Trades(InstrumentId),
    /// Execution reports of an account.
    Orders(AccountId),
    /// Balances of an account.
    Balances(AccountId),
    /// Phase, halt and bands of an instrument.
    Status(InstrumentId),
    /// What an instrument's auctions would give, and gave.
    Auction(InstrumentId),
}

/// Where a subscriber left off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resume {
    /// The last sequence number that it has.
    pub seq: u64,
    /// The run of numbers that it belongs to; `None` trusts that it is the present one.
    pub epoch: Option<u64>,
}

/// What a new subscriber gets first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// Whether a snapshot comes; otherwise what was missed comes, and nothing is lost.
    pub snapshot: bool,
    /// The last number before what follows.
    pub seq: u64,
    /// The run of numbers.
    pub epoch: u64,
}

/// What a new subscriber is sent before the first update.
struct Start {
    snapshot: bool,
    seq: u64,
    messages: Vec<Outgoing>,
}

#[derive(Debug)]
struct Subscriber {
    connection: ConnectionId,
    outbox: Arc<Outbox>,
    /// Waits for a snapshot: updates would have a hole before them.
    stale: bool,
}

/// One depth of one book, as all its subscribers see it.
#[derive(Debug)]
struct BookStream {
    /// The window of [`BookDepth::Ten`] and [`BookDepth::Fifty`].
    view: Option<DepthView>,
    /// The last command that was told.
    seq: Seq,
    subscribers: Vec<Subscriber>,
}

/// All subscriptions.
#[derive(Debug, Default)]
pub(super) struct Fanout {
    books: HashMap<(InstrumentId, BookDepth), BookStream>,
    trades: HashMap<InstrumentId, Vec<Subscriber>>,
    orders: HashMap<AccountId, Vec<Subscriber>>,
    balances: HashMap<AccountId, Vec<Subscriber>>,
    statuses: HashMap<InstrumentId, Vec<Subscriber>>,
    auctions: HashMap<InstrumentId, Vec<Subscriber>>,
}

/// Trades in a snapshot of the trades channel.
const SNAPSHOT_TRADES: usize = 50;

const DEPTHS: [BookDepth; 3] = [BookDepth::Ten, BookDepth::Fifty, BookDepth::Full];

impl Fanout {
    pub(super) fn join(
        &mut self,
        folds: &Folds,
        connection: ConnectionId,
        outbox: &Arc<Outbox>,
        channel: Channel,
        resume: Option<Resume>,
        announce: impl FnOnce(Joined) -> Outgoing,
    ) {
        self.leave(connection, channel);
        let resume = resume.filter(|resume| resume.epoch.is_none_or(|epoch| epoch == folds.epoch));
        let from = resume.map(|resume| resume.seq);
        let start = match channel {
            Channel::Book(instrument, depth) => self.start_book(folds, (instrument, depth), from),
            Channel::Trades(instrument) => start_trades(folds, instrument, from),
            Channel::Orders(account) => start_orders(folds, account, from),
            Channel::Balances(account) => start_balances(folds, account, from),
            Channel::Status(instrument) => start_state(folds, instrument, from, states::status_message),
            Channel::Auction(instrument) => start_state(folds, instrument, from, states::auction_message),
        };
        outbox.put(announce(Joined { snapshot: start.snapshot, seq: start.seq, epoch: folds.epoch }));
        for message in start.messages {
            outbox.put(message);
        }
        let subscriber = Subscriber { connection, outbox: Arc::clone(outbox), stale: false };
        self.subscribers(channel).push(subscriber);
    }

    fn subscribers(&mut self, channel: Channel) -> &mut Vec<Subscriber> {
        match channel {
            Channel::Book(instrument, depth) => {
                let stream = self.books.entry((instrument, depth));
                let empty = || BookStream { view: None, seq: Seq::ZERO, subscribers: Vec::new() };
                &mut stream.or_insert_with(empty).subscribers
            }
            Channel::Trades(instrument) => self.trades.entry(instrument).or_default(),
            Channel::Orders(account) => self.orders.entry(account).or_default(),
            Channel::Balances(account) => self.balances.entry(account).or_default(),
            Channel::Status(instrument) => self.statuses.entry(instrument).or_default(),
            Channel::Auction(instrument) => self.auctions.entry(instrument).or_default(),
        }
    }

    fn start_book(&mut self, folds: &Folds, key: (InstrumentId, BookDepth), from: Option<u64>) -> Start {
        let (Some(book), Some(quoted)) = (folds.market.book(key.0), folds.quoted(key.0)) else {
            return Start { snapshot: false, seq: 0, messages: Vec::new() };
        };
        let stream = self.books.entry(key).or_insert_with(|| BookStream::start(book, key.1));
        let seq = stream.seq.get();
        if from == Some(seq) {
            return Start { snapshot: false, seq, messages: Vec::new() };
        }
        // Only the full book's updates are kept; a window on it starts over.
        let missed = from.filter(|_| key.1 == BookDepth::Full).and_then(|from| book.updates_since(Seq::new(from)));
        let Some(missed) = missed else {
            let snapshot = stream.snapshot(folds, key).into_iter().collect();
            return Start { snapshot: true, seq, messages: snapshot };
        };
        // A checksum describes the book as it is now, so only the last update can carry one.
        let checksum_of = |seq| (seq == book.seq()).then(|| book.checksum());
        let text = |update| messages::book_update(&quoted, key.1, folds.epoch, update, checksum_of(update.seq));
        Start { snapshot: false, seq, messages: missed.map(|update| Outgoing::Text(text(update))).collect() }
    }

    pub(super) fn leave(&mut self, connection: ConnectionId, channel: Channel) -> bool {
        let subscribers = match channel {
            Channel::Book(instrument, depth) => {
                self.books.get_mut(&(instrument, depth)).map(|stream| &mut stream.subscribers)
            }
            Channel::Trades(instrument) => self.trades.get_mut(&instrument),
            Channel::Orders(account) => self.orders.get_mut(&account),
            Channel::Balances(account) => self.balances.get_mut(&account),
            Channel::Status(instrument) => self.statuses.get_mut(&instrument),
            Channel::Auction(instrument) => self.auctions.get_mut(&instrument),
        };
        let Some(subscribers) = subscribers else { return false };
        let before = subscribers.len();
        subscribers.retain(|subscriber| subscriber.connection != connection);
        let left = subscribers.len() < before;
        if subscribers.is_empty() {
            self.drop_empty(channel);
        }
        left
    }

    fn drop_empty(&mut self, channel: Channel) {
        match channel {
            Channel::Book(instrument, depth) => drop(self.books.remove(&(instrument, depth))),
            Channel::Trades(instrument) => drop(self.trades.remove(&instrument)),
            Channel::Orders(account) => drop(self.orders.remove(&account)),
            Channel::Balances(account) => drop(self.balances.remove(&account)),
            Channel::Status(instrument) => drop(self.statuses.remove(&instrument)),
            Channel::Auction(instrument) => drop(self.auctions.remove(&instrument)),
        }
    }

    pub(super) fn leave_all(&mut self, connection: ConnectionId) {
        self.books.retain(|_, stream| keep_others(&mut stream.subscribers, connection));
        self.trades.retain(|_, subscribers| keep_others(subscribers, connection));
        self.orders.retain(|_, subscribers| keep_others(subscribers, connection));
        self.balances.retain(|_, subscribers| keep_others(subscribers, connection));
        self.statuses.retain(|_, subscribers| keep_others(subscribers, connection));
        self.auctions.retain(|_, subscribers| keep_others(subscribers, connection));
    }

    pub(super) fn catch_up(&mut self, folds: &Folds, connection: ConnectionId) {
        for (&key, stream) in &mut self.books {
            let Some(place) = stream.subscribers.iter().position(|s| s.connection == connection && s.stale) else {
                continue;
            };
            stream.refresh(folds, key, place);
        }
    }

    pub(super) fn publish(&mut self, folds: &Folds, batch: &Batch) {
        self.publish_private(folds, batch);
        self.publish_trades(folds, batch);
        for &instrument in &batch.books {
            for depth in DEPTHS {
                if let Some(stream) = self.books.get_mut(&(instrument, depth)) {
                    stream.publish(folds, (instrument, depth));
                }
            }
        }
        self.publish_states(folds, batch);
    }

    /// What instruments are open for, and what their auctions would give: each once, as it stands after the batch.
    fn publish_states(&mut self, folds: &Folds, batch: &Batch) {
        for (&instrument, subscribers) in &mut self.statuses {
            if (batch.halted || batch.phases.contains(&instrument))
                && let Some(message) = states::status_message(folds, instrument, "update")
            {
                put_all(subscribers, &Outgoing::Text(message));
            }
        }
        for instrument in &batch.auctions {
            if let Some(subscribers) = self.auctions.get_mut(instrument)
                && let Some(message) = states::auction_message(folds, *instrument, "update")
            {
                put_all(subscribers, &Outgoing::Text(message));
            }
        }
    }

    fn publish_private(&mut self, folds: &Folds, batch: &Batch) {
        for report in &batch.accounts.reports {
            if let Some(subscribers) = self.orders.get_mut(&report.order.account)
                && let Some(quoted) = folds.quoted(report.order.instrument)
            {
                put_all(subscribers, &Outgoing::Text(messages::execution_report(&quoted, report)));
            }
        }
        for update in &batch.accounts.balances {
            if let Some(subscribers) = self.balances.get_mut(&update.account)
                && let Some(asset) = folds.market.listings().asset(update.asset)
            {
                put_all(subscribers, &Outgoing::Text(messages::balance_update(asset, update)));
            }
        }
    }

    fn publish_trades(&mut self, folds: &Folds, batch: &Batch) {
        // The trades of one command on one instrument stand together and make one message.
        let runs = batch.trades.chunk_by(|(_, a), (_, b)| (a.seq, a.instrument) == (b.seq, b.instrument));
        for run in runs {
            let (prev_seq, first) = run[0];
            if let Some(subscribers) = self.trades.get_mut(&first.instrument)
                && let Some(quoted) = folds.quoted(first.instrument)
            {
                let trades = run.iter().map(|(_, trade)| trade);
                put_all(
                    subscribers,
                    &Outgoing::Text(messages::trades(&quoted, folds.epoch, prev_seq, first.seq, trades)),
                );
            }
        }
    }
}

impl BookStream {
    fn start(book: &BookL2, depth: BookDepth) -> Self {
        let view = (depth != BookDepth::Full).then(|| DepthView::new(book, depth.levels()));
        Self { view, seq: book.seq(), subscribers: Vec::new() }
    }

    /// Tells what changed since the last look.
    fn publish(&mut self, folds: &Folds, key: (InstrumentId, BookDepth)) {
        let (Some(book), Some(quoted)) = (folds.market.book(key.0), folds.quoted(key.0)) else { return };
        if let Some(view) = &mut self.view {
            let Some(update) = view.advance(book) else { return };
            self.seq = update.seq;
            let text = messages::book_update(&quoted, key.1, folds.epoch, &update, Some(book.checksum()));
            self.put_updates(&Outgoing::Text(text));
            return;
        }
        let told = self.seq;
        self.seq = book.seq();
        let Some(updates) = book.updates_since(told) else {
            // One batch changed this book more often than updates are kept: everybody starts over.
            (0..self.subscribers.len()).for_each(|place| self.refresh(folds, key, place));
            return;
        };
        for update in updates {
            let checksum = (update.seq == book.seq()).then(|| book.checksum());
            let text = messages::book_update(&quoted, key.1, folds.epoch, update, checksum);
            self.put_updates(&Outgoing::Text(text));
        }
    }

    fn put_updates(&mut self, message: &Outgoing) {
        self.subscribers.retain_mut(|subscriber| {
            if subscriber.stale {
                return true;
            }
            let put = subscriber.outbox.put_update(message.clone());
            subscriber.stale = put == Put::LeftOut;
            put != Put::Closed
        });
    }

    fn refresh(&mut self, folds: &Folds, key: (InstrumentId, BookDepth), place: usize) {
        let snapshot = self.snapshot(folds, key);
        let subscriber = &mut self.subscribers[place];
        if let Some(snapshot) = snapshot {
            subscriber.outbox.put(snapshot);
        }
        subscriber.stale = false;
    }

    fn snapshot(&self, folds: &Folds, key: (InstrumentId, BookDepth)) -> Option<Outgoing> {
        let (book, quoted) = (folds.market.book(key.0)?, folds.quoted(key.0)?);
        let (bids, asks) = super::depth_of(book, key.1.levels());
        let (seq, time, checksum) = (self.seq, book.time(), book.checksum());
        let view = BookView { quoted, depth: key.1, epoch: folds.epoch, seq, time, bids, asks, checksum };
        Some(Outgoing::Book(Box::new(view)))
    }
}

fn put_all(subscribers: &mut Vec<Subscriber>, message: &Outgoing) {
    subscribers.retain(|subscriber| subscriber.outbox.put(message.clone()) != Put::Closed);
}

fn keep_others(subscribers: &mut Vec<Subscriber>, connection: ConnectionId) -> bool {
    subscribers.retain(|subscriber| subscriber.connection != connection);
    !subscribers.is_empty()
}

fn start_trades(folds: &Folds, instrument: InstrumentId, from: Option<u64>) -> Start {
    let trades = folds.market.trades();
    let seq = trades.last(instrument).map_or(0, |last| last.seq.get());
    let Some(quoted) = folds.quoted(instrument) else {
        return Start { snapshot: false, seq, messages: Vec::new() };
    };
    let kept = from.filter(|&from| from <= seq).and_then(|from| trades.since(instrument, Seq::new(from)));
    let Some(missed) = kept else {
        let recent = trades.recent(instrument).take(SNAPSHOT_TRADES);
        let snapshot = messages::trades_snapshot(&quoted, folds.epoch, seq, recent);
        return Start { snapshot: true, seq, messages: vec![Outgoing::Text(snapshot)] };
    };
    let missed: Vec<_> = missed.collect();
    let mut prev = Seq::new(from.unwrap_or_default());
    let mut messages = Vec::new();
    for run in missed.chunk_by(|a, b| a.seq == b.seq) {
        let text = messages::trades(&quoted, folds.epoch, prev, run[0].seq, run.iter().copied());
        messages.push(Outgoing::Text(text));
        prev = run[0].seq;
    }
    Start { snapshot: false, seq, messages }
}

fn start_orders(folds: &Folds, account: AccountId, from: Option<u64>) -> Start {
    let seq = folds.accounts.report_number(account);
    let Some(missed) = from.and_then(|from| folds.accounts.reports_since(account, from)) else {
        let snapshot = messages::orders_snapshot(folds, account);
        return Start { snapshot: true, seq, messages: vec![Outgoing::Text(snapshot)] };
    };
    let text = |report: &_, quoted: &_| Outgoing::Text(messages::execution_report(quoted, report));
    let quoted = |report: &ExecutionReport| folds.quoted(report.order.instrument);
    let messages = missed.iter().filter_map(|report| Some(text(report, &quoted(report)?))).collect();
    Start { snapshot: false, seq, messages }
}

fn start_balances(folds: &Folds, account: AccountId, from: Option<u64>) -> Start {
    let seq = folds.accounts.balance_number(account);
    if from == Some(seq) {
        return Start { snapshot: false, seq, messages: Vec::new() };
    }
    let snapshot = messages::balances_snapshot(folds, account);
    Start { snapshot: true, seq, messages: vec![Outgoing::Text(snapshot)] }
}

/// Who has the last state has missed nothing; everybody else gets it.
fn start_state(
    folds: &Folds,
    instrument: InstrumentId,
    from: Option<u64>,
    message: fn(&Folds, InstrumentId, &'static str) -> Option<Utf8Bytes>,
) -> Start {
    let seq = states::version(folds, instrument);
    if from == Some(seq) {
        return Start { snapshot: false, seq, messages: Vec::new() };
    }
    let snapshot = message(folds, instrument, "snapshot").map(Outgoing::Text);
    Start { snapshot: true, seq, messages: snapshot.into_iter().collect() }
}
