//! Everybody who is at work on a server: trading clients on both doors and a member of staff.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cx_engine::Event;
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, Seq};
use cx_journal::{Durability, JournalStore};
use cx_store::Store;
use cx_tests::client::{Client, expect};
use reqwest::StatusCode;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tokio::task::JoinHandle;

use crate::staff::Staff;
use crate::tally::{Progress, Tally};
use crate::trader::Trader;

const TRADERS: u64 = 6;
const INSTRUMENTS: usize = 3;
/// Access tokens last a quarter of an hour.
const LOG_IN_AFTER: Duration = Duration::from_mins(8);

/// The crew at rest.
pub struct Crew {
    traders: Vec<Trader>,
    staff: Staff,
    logged_in: Instant,
}

/// The crew at work.
pub struct Working {
    traders: Vec<JoinHandle<Trader>>,
    staff: JoinHandle<Staff>,
    logged_in: Instant,
}

impl Crew {
    /// Registers and funds everybody on a server with instruments.
    pub async fn hire(url: &str, seed: u64) -> Self {
        let mut staff = Staff::log_in(url, seed).await;
        let listed = expect(StatusCode::OK, Client::new(url).get("/api/market/instruments").await);
        let ours = |instrument: &&Value| !instrument["project_id"].is_null() && !instrument["vintage_year"].is_null();
        let instruments = listed["instruments"].as_array().unwrap().iter().filter(ours).take(INSTRUMENTS);
        let instruments: Vec<Value> = instruments.cloned().collect();
        let symbols: Vec<String> =
            instruments.iter().map(|instrument| instrument["symbol"].as_str().unwrap().to_owned()).collect();
        assert_eq!(symbols.len(), INSTRUMENTS, "{listed:#}");
        let mut traders = Vec::new();
        for number in 0..TRADERS {
            let trader = Trader::register(url, number, &symbols, seed).await;
            staff.admit(trader.id(), trader.name(), &instruments).await;
            traders.push(trader);
        }
        Self { traders, staff, logged_in: Instant::now() }
    }

    /// Puts everybody to work on a server.
    pub fn work(mut self, url: &str, progress: &Arc<Progress>) -> Working {
        self.moved(url);
        let traders = self.traders.into_iter().map(|trader| tokio::spawn(trader.work(Arc::clone(progress)))).collect();
        let staff = tokio::spawn(self.staff.work(Arc::clone(progress)));
        Working { traders, staff, logged_in: self.logged_in }
    }

    fn moved(&mut self, url: &str) {
        self.traders.iter_mut().for_each(|trader| trader.moved(url));
        self.staff.moved(url);
    }

    /// Everybody compares what they were promised with what a server shows after a restart.
    pub async fn check(&mut self, url: &str) -> Tally {
        self.moved(url);
        if self.logged_in.elapsed() > LOG_IN_AFTER {
            for trader in &mut self.traders {
                trader.log_in().await;
            }
            self.staff.log_in_again().await;
            self.logged_in = Instant::now();
        }
        let mut tally = Tally::default();
        self.staff.check(&mut tally).await;
        for trader in &mut self.traders {
            trader.check(&mut tally).await;
        }
        tally
    }

    /// Every order that was ever acknowledged is in the journal once, under the position that its id names, and in the
    /// database; and as much money is in the exchange as came in.
    pub async fn check_all(&self, data: &Path, database: &str, demo_dollars: u64) {
        let journal = JournalStore::open(data, Durability::Fsync).unwrap();
        let recovered = journal.recover(Seq::ZERO, |_| {}).unwrap();
        let mut accepted: BTreeMap<(u32, String), Vec<Seq>> = BTreeMap::new();
        let (reader, mut after) = (journal.event_reader(), Seq::ZERO);
        loop {
            let events = reader.read_after(after, 65_536).unwrap();
            let Some(last) = events.last() else { break };
            after = last.seq;
            for record in &events {
                if let Event::OrderAccepted(order) = record.event
                    && let Some(id) = order.client_order_id
                {
                    accepted.entry((order.account.get(), id.as_str().to_owned())).or_default().push(record.seq);
                }
            }
        }
        let rows = Store::connect(database).await.unwrap();
        for trader in &self.traders {
            let account = u32::try_from(trader.id()).unwrap();
            for (id, order_id) in &trader.acknowledged {
                let seqs = accepted.get(&(account, id.clone())).map_or(&[][..], Vec::as_slice);
                let [seq] = seqs else { panic!("LOST: order {id} is {} times in the journal", seqs.len()) };
                let number = order_id.rsplit('-').next().map(|hex| u64::from_str_radix(hex, 16).unwrap());
                assert_eq!(number, Some(seq.get()), "{id} is {order_id}");
                let row = rows.orders().by_client_id(AccountId::new(account), &ClientOrderId::new(id).unwrap()).await;
                assert!(row.is_ok(), "LOST: order {id} has no row: {row:?}");
            }
        }
        rows.close().await;
        let dollars = AssetId::new(0);
        let inflow = recovered.exchange.supply(dollars).inflow.minor();
        let expected = i64::try_from((self.staff.dollars + demo_dollars) * 10_000).unwrap();
        assert_eq!(inflow, expected, "each deposit came in once");
    }

    /// Orders that were ever acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.traders.iter().map(|trader| trader.acknowledged.len()).sum()
    }
}

impl Working {
    /// Waits until everybody has noticed that the server is gone or the load is over.
    pub async fn rest(self) -> Crew {
        let mut traders = Vec::new();
        for trader in self.traders {
            traders.push(trader.await.unwrap());
        }
        Crew { traders, staff: self.staff.await.unwrap(), logged_in: self.logged_in }
    }
}
