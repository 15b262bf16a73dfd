//! REST reads of a run: sent when due, many at once, measured from the schedule like everything else.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::client::Rest;
use super::flow::{Action, Planned, Read};
use super::measure::Kind;
use super::session::Run;

/// Reads that are under way at once, at most.
const AT_ONCE: usize = 64;

/// An access token that is renewed while the run goes on.
#[derive(Debug, Clone)]
pub struct Token(Arc<RwLock<String>>);

impl Token {
    /// The first token.
    pub fn new(token: String) -> Self {
        Self(Arc::new(RwLock::new(token)))
    }

    /// The token now.
    pub fn get(&self) -> String {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces it.
    pub fn set(&self, token: String) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = token;
    }
}

/// Sends reads until `planned` ends and waits for their answers; every read has a time-out.
pub async fn run(run: Run, rest: Rest, seats: Vec<Token>, mut planned: mpsc::Receiver<Planned>) {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    while let Some(next) = planned.recv().await {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { break };
        let Action::Read(read) = next.action else { continue };
        let (run, rest, token) = (run.clone(), rest.clone(), seats[next.seat].clone());
        under_way.spawn(async move {
            run.meter.lock().sent(next.due, run.start.elapsed().saturating_sub(next.due));
            let (path, private) = path(&run, read);
            let token = private.then(|| token.get());
            let outcome = rest.probe(&path, token.as_deref()).await;
            let latency = run.start.elapsed().saturating_sub(next.due);
            let code = outcome.err().map_or_else(|| "ok".to_owned(), |error| error.code());
            run.meter.lock().answered(Kind::Read, next.due, latency, &code);
            drop(permit);
        });
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
}

/// The path, and whether it is the user's own.
fn path(run: &Run, read: Read) -> (String, bool) {
    let symbol = |contract: usize| &run.contracts[contract].symbol;
    match read {
        Read::Depth(contract) => (format!("/api/market/depth/{}?levels=10", symbol(contract)), false),
        Read::Ticker(contract) => (format!("/api/market/ticker/{}", symbol(contract)), false),
        Read::Trades => ("/api/market/trades/recent?limit=50".to_owned(), false),
        Read::Balances => ("/api/trading/balances".to_owned(), true),
        Read::OpenOrders => ("/api/trading/orders?status=open&per_page=20".to_owned(), true),
    }
}
