//! One connection: a writer that sends what is due and a reader that takes the answers. They run side by side, so that a
//! server which holds back its reading cannot make this client hold back its own.
//!
//! A client cannot change an order that it does not know to exist: amends and cancels that are due before their order has
//! been answered are held, and their clock starts when that answer comes. All other latencies count from the schedule.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use rust_decimal::Decimal;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::acks::Acks;
use super::client::socket::{Sink, Source};
use super::client::wire::{self, Call, Incoming, Place};
use super::flow::{Action, Planned, Side};
use super::measure::{Kind, Meter};

/// How long the closing handshake may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// Stands for an order's number in the request that cancels all; orders are numbered from 1.
const SWEEP: u64 = 0;

/// What every connection of a run shares.
#[derive(Debug, Clone)]
pub struct Run {
    /// Prefix of its client order ids; differs from run to run, so that ids do not come twice.
    pub name: Arc<str>,
    /// When its schedule began.
    pub start: Instant,
    /// Instruments, by the flow's contract.
    pub contracts: Arc<[Quote]>,
    /// What is measured.
    pub meter: Meter,
    /// Where acknowledged orders are written.
    pub acks: Option<Arc<Acks>>,
    /// How long answers are waited for after the last message.
    pub patience: Duration,
}

/// How an instrument's ticks and lots are written.
#[derive(Debug, Clone)]
pub struct Quote {
    /// Its symbol.
    pub symbol: String,
    /// One tick.
    pub tick: Decimal,
    /// One lot.
    pub lot: Decimal,
}

impl Quote {
    fn price(&self, ticks: i64) -> String {
        (Decimal::from(ticks) * self.tick).to_string()
    }

    fn quantity(&self, lots: u64) -> String {
        (Decimal::from(lots) * self.lot).normalize().to_string()
    }
}

impl Run {
    /// The client order id of an order.
    pub fn client_order_id(&self, number: u64) -> String {
        format!("{}-{number}", self.name)
    }
}

/// A request without its answer.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    kind: Kind,
    due: Duration,
    number: u64,
}

/// What writer and reader both know.
#[derive(Debug, Default)]
struct Shared {
    /// By request id.
    waiting: HashMap<u64, Waiting>,
    /// Orders without an answer, with the messages that are held for it.
    unknown: HashMap<u64, Vec<Planned>>,
    /// The connection has ended.
    closed: bool,
}

impl Shared {
    /// Whether every answer is there.
    fn is_settled(&self) -> bool {
        self.waiting.is_empty() && self.unknown.is_empty()
    }
}

#[derive(Debug, Default)]
struct State {
    shared: Mutex<Shared>,
    /// Told when nothing waits any more, and when the connection has ended.
    changed: Notify,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every answer is there or the connection has ended.
    async fn settled(&self) {
        loop {
            let changed = self.changed.notified();
            {
                let shared = self.lock();
                if shared.closed || shared.is_settled() {
                    return;
                }
            }
            changed.await;
        }
    }

    async fn closed(&self) {
        loop {
            let changed = self.changed.notified();
            if self.lock().closed {
                return;
            }
            changed.await;
        }
    }
}

/// Sends what `planned` gives until it ends, waits for the answers, and cancels what is open if `sweep`. Gives whether the
/// connection lasted.
pub async fn run(run: Run, (sink, source): (Sink, Source), planned: mpsc::Receiver<Planned>, sweep: bool) -> bool {
    let state = Arc::new(State::default());
    let (release, released) = mpsc::unbounded_channel();
    let reader = tokio::spawn(read(run.clone(), source, Arc::clone(&state), release));
    let mut writer = Writer { run, sink, state: Arc::clone(&state), planned, released, next_id: 0 };
    let served = tokio::select! {
        served = writer.serve() => served.is_ok(),
        () = state.closed() => false,
    };
    let lasted = served && writer.finish(sweep).await;
    reader.abort(); // with the writer it closes the socket
    writer.count_lost(if lasted { "no_answer" } else { "connection_lost" });
    lasted
}

/// The kind of an order message.
pub fn kind(action: &Action) -> Kind {
    match action {
        Action::Place(_) => Kind::Place,
        Action::Amend { .. } => Kind::Amend,
        Action::Cancel { .. } => Kind::Cancel,
        Action::Read(_) => Kind::Read,
    }
}

struct Writer {
    run: Run,
    sink: Sink,
    state: Arc<State>,
    /// What is due.
    planned: mpsc::Receiver<Planned>,
    /// What was held for the answer to its order.
    released: mpsc::UnboundedReceiver<Planned>,
    next_id: u64,
}

impl Writer {
    async fn serve(&mut self) -> Result<(), Box<Error>> {
        loop {
            let next = tokio::select! {
                next = self.planned.recv() => next,
                Some(next) = self.released.recv() => Some(next),
            };
            let Some(next) = next else { break };
            self.feed(next).await?;
            // Whatever else is due goes out in the same write.
            while let Ok(next) = self.planned.try_recv().or_else(|_| self.released.try_recv()) {
                self.feed(next).await?;
            }
            self.flush().await?;
        }
        timeout(self.run.patience, self.drain()).await.unwrap_or(Ok(()))
    }

    /// After the end of the schedule: what was held for an answer still goes out, and all answers are waited for.
    async fn drain(&mut self) -> Result<(), Box<Error>> {
        loop {
            let next = tokio::select! {
                Some(next) = self.released.recv() => Some(next),
                // An answer may have released something a moment ago.
                () = self.state.settled() => self.released.try_recv().ok(),
            };
            let Some(next) = next else { return Ok(()) };
            self.feed(next).await?;
            self.flush().await?;
        }
    }

    /// Hands a message to the socket, or holds it until its order is known.
    async fn feed(&mut self, planned: Planned) -> Result<(), Box<Error>> {
        let number = match planned.action {
            Action::Place(order) => order.number,
            Action::Amend { number, .. } | Action::Cancel { number } => number,
            Action::Read(_) => return Ok(()),
        };
        {
            let mut shared = self.state.lock();
            if matches!(planned.action, Action::Place(_)) {
                shared.unknown.insert(number, Vec::new());
            } else if let Some(held) = shared.unknown.get_mut(&number) {
                held.push(planned);
                return Ok(());
            }
            self.next_id += 1;
            let waiting = Waiting { kind: kind(&planned.action), due: planned.due, number };
            shared.waiting.insert(self.next_id, waiting);
        }
        let message = Message::text(text(&self.run, self.next_id, &planned.action));
        let late = self.run.start.elapsed().saturating_sub(planned.due);
        self.run.meter.lock().sent(planned.due, late);
        self.sink.feed(message).await.map_err(Box::new)
    }

    async fn flush(&mut self) -> Result<(), Box<Error>> {
        self.sink.flush().await.map_err(Box::new)
    }

    /// Cancels everything and says goodbye. Gives whether the connection still was there.
    async fn finish(&mut self, sweep: bool) -> bool {
        if sweep {
            self.next_id += 1;
            let waiting = Waiting { kind: Kind::Cancel, due: Duration::ZERO, number: SWEEP };
            self.state.lock().waiting.insert(self.next_id, waiting);
            let message = Message::text(wire::text(self.next_id, Call::CancelAll {}));
            if self.sink.send(message).await.is_err() {
                return false;
            }
            if timeout(self.run.patience, self.state.settled()).await.is_err() {
                self.state.lock().waiting.remove(&self.next_id);
            }
        }
        let open = !self.state.lock().closed;
        if let Ok(Err(error)) = timeout(GOODBYE, self.sink.close()).await {
            tracing::debug!(%error, "the socket did not close in order");
        }
        open
    }

    /// Counts everything that has no answer and will get none.
    fn count_lost(&mut self, code: &str) {
        let mut shared = self.state.lock();
        let mut figured = self.run.meter.lock();
        for waiting in shared.waiting.drain().map(|(_, waiting)| waiting).filter(|waiting| waiting.number != SWEEP) {
            figured.lost(waiting.kind, code);
        }
        let held = shared.unknown.drain().flat_map(|(_, held)| held);
        let released = std::iter::from_fn(|| self.released.try_recv().ok());
        let queued = std::iter::from_fn(|| self.planned.try_recv().ok());
        for planned in held.chain(released).chain(queued) {
            figured.lost(kind(&planned.action), "not_sent");
        }
    }
}

fn text(run: &Run, id: u64, action: &Action) -> String {
    match action {
        Action::Place(order) => {
            let quote = &run.contracts[order.contract];
            wire::text(
                id,
                Call::Place(Place {
                    symbol: &quote.symbol,
                    side: if order.side == Side::Buy { "buy" } else { "sell" },
                    order_type: "limit",
                    time_in_force: if order.ioc { "IOC" } else { "GTC" },
                    price: &quote.price(order.ticks),
                    quantity: &quote.quantity(order.lots),
                    client_order_id: &run.client_order_id(order.number),
                }),
            )
        }
        Action::Amend { number, contract, ticks, lots } => {
            let quote = &run.contracts[*contract];
            let (price, quantity) = (quote.price(*ticks), quote.quantity(*lots));
            let client_order_id = &run.client_order_id(*number);
            wire::text(id, Call::Amend { client_order_id, price: &price, quantity: &quantity })
        }
        Action::Cancel { number } => wire::text(id, Call::Cancel { client_order_id: &run.client_order_id(*number) }),
        Action::Read(_) => unreachable!("reads do not go over the socket"),
    }
}

async fn read(run: Run, mut source: Source, state: Arc<State>, release: mpsc::UnboundedSender<Planned>) {
    while let Some(Ok(message)) = source.next().await {
        let now = run.start.elapsed();
        let Message::Text(text) = message else { continue };
        match serde_json::from_str::<Incoming<'_>>(text.as_str()) {
            Ok(Incoming { id: Some(id), ok: Some(ok), error, .. }) => {
                let code = if ok { "ok" } else { error.as_ref().map_or("no_code", |error| error.code.as_ref()) };
                answered(&run, &state, &release, now, id, code);
            }
            Ok(Incoming { ok: None, .. }) => {} // a channel or a notice
            Ok(_) | Err(_) => run.meter.lock().lost(Kind::Place, "unreadable_answer"),
        }
    }
    state.lock().closed = true;
    state.changed.notify_waiters();
}

fn answered(run: &Run, state: &State, release: &mpsc::UnboundedSender<Planned>, now: Duration, id: u64, code: &str) {
    let mut shared = state.lock();
    let Some(waiting) = shared.waiting.remove(&id) else { return };
    if waiting.kind == Kind::Place {
        for held in shared.unknown.remove(&waiting.number).unwrap_or_default() {
            let released = release.send(Planned { due: held.due.max(now), ..held });
            debug_assert!(released.is_ok(), "the writer stays until the reader has ended");
        }
    }
    let settled = shared.is_settled();
    drop(shared);
    if waiting.kind == Kind::Place
        && code == "ok"
        && let Some(acks) = &run.acks
    {
        acks.write(&run.client_order_id(waiting.number));
    }
    if waiting.number != SWEEP {
        run.meter.lock().answered(waiting.kind, waiting.due, now.saturating_sub(waiting.due), code);
    }
    if settled {
        state.changed.notify_waiters();
    }
}
