//! The real server, killed at random moments while clients place orders over REST.

use crate::Random;
use cx_engine::Event;
use cx_engine::ids::Seq;
use cx_journal::{Durability, JournalStore};
use cx_tests::client::{Client, expect};
use cx_tests::server::{ADMIN, Launch, Server, run};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

const ROUNDS: usize = 10;
/// Clients that place orders at the same time.
const CLIENTS: usize = 8;
const TRADER: (&str, &str) = ("trader@crash.example", "Tr4der!of-the-crash");

/// Acknowledged orders: client order id and the id that the server gave.
#[derive(Default)]
struct Acked {
    orders: Mutex<BTreeMap<String, String>>,
    changed: Notify,
}

impl Acked {
    fn count(&self) -> usize {
        self.orders.lock().unwrap().len()
    }

    fn add(&self, id: String, order: String) {
        assert_eq!(self.orders.lock().unwrap().insert(id, order), None, "acknowledged twice");
        self.changed.notify_one();
    }

    async fn reach(&self, count: usize) {
        while self.count() < count {
            self.changed.notified().await;
        }
    }
}

/// An approved trader with cash, and the symbols that can be traded.
async fn prepare(url: &str) -> Vec<String> {
    let admin = Client::login(url, ADMIN).await;
    let trader = Client::register(url, TRADER.0, TRADER.1).await;
    let approve = format!("/api/admin/kyc/{}/approve", trader.id());
    expect(StatusCode::OK, admin.post(&approve, &json!({"level": 2})).await);
    let deposit = json!({"user_id": trader.id(), "currency": "USD", "amount": 1_000_000, "reference": "crash"});
    expect(StatusCode::CREATED, admin.post_once("/api/wallet/deposits", "crash", &deposit).await);
    let instruments = expect(StatusCode::OK, trader.get("/api/market/instruments").await);
    let symbols = instruments["instruments"].as_array().unwrap().iter();
    symbols.map(|instrument| instrument["symbol"].as_str().unwrap().to_owned()).take(5).collect()
}

/// Places orders until the server is gone. Every fifth takes what the book offers, the others rest.
async fn place(url: String, token: String, symbols: Vec<String>, name: String, acked: Arc<Acked>) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for number in 0_usize.. {
        let id = format!("{name}-{number}");
        let mut order = json!({
            "symbol": symbols[number % symbols.len()], "side": "buy", "quantity": 1 + number % 3, "client_order_id": id,
        });
        if number % 5 == 0 {
            order["order_type"] = json!("market");
        } else {
            order["order_type"] = json!("limit");
            order["price"] = json!("0.05");
        }
        let request = http.post(format!("{url}/api/trading/orders")).bearer_auth(&token).body(order.to_string());
        let Ok(response) = request.header("content-type", "application/json").send().await else { return };
        let status = response.status();
        // An answer that was cut off promised nothing.
        let Ok(text) = response.text().await else { return };
        assert_eq!(status, StatusCode::CREATED, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        acked.add(id, answer["order"]["order_id"].as_str().unwrap().to_owned());
    }
}

/// Loads the server, kills it once `more` further orders are acknowledged, and waits for the clients to notice.
async fn load_and_kill(server: Server, round: usize, more: usize, symbols: &[String], acked: &Arc<Acked>) {
    let trader = Client::login(&server.url, TRADER).await;
    let token = trader.token.unwrap();
    let goal = acked.count() + more;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let name = format!("{round}-{client}");
            let (url, token, symbols, acked) = (server.url.clone(), token.clone(), symbols.to_vec(), Arc::clone(acked));
            tokio::spawn(place(url, token, symbols, name, acked))
        })
        .collect();
    acked.reach(goal).await;
    server.kill().await;
    for client in clients {
        client.await.unwrap();
    }
}

/// All orders of the trader by client order id, as the API lists them.
async fn listed(url: &str) -> BTreeMap<String, Vec<String>> {
    let trader = Client::login(url, TRADER).await;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for page in 1.. {
        let path = format!("/api/trading/orders?per_page=100&page={page}");
        let body = expect(StatusCode::OK, trader.get(&path).await);
        for order in body["orders"].as_array().unwrap() {
            let id = order["client_order_id"].as_str().unwrap().to_owned();
            found.entry(id).or_default().push(order["order_id"].as_str().unwrap().to_owned());
        }
        if page >= body["pages"].as_u64().unwrap() {
            break;
        }
    }
    found
}

/// Every acknowledged order is listed once, under the id that it was given.
async fn check_api(url: &str, acked: &Acked) {
    let found = listed(url).await;
    for (id, order) in acked.orders.lock().unwrap().iter() {
        assert_eq!(found.get(id), Some(&vec![order.clone()]), "order {id}");
    }
    assert!(found.values().all(|orders| orders.len() == 1), "no order is listed twice");
}

/// Every acknowledged order is in the journal once.
fn check_journal(data: &Path, acked: &Acked) {
    let store = JournalStore::open(data, Durability::Fsync).unwrap();
    store.recover(Seq::ZERO, |_| {}).unwrap();
    let mut accepted: BTreeMap<String, usize> = BTreeMap::new();
    for record in store.event_reader().read_after(Seq::ZERO, usize::MAX).unwrap() {
        if let Event::OrderAccepted(order) = record.event
            && let Some(id) = order.client_order_id
        {
            *accepted.entry(id.as_str().to_owned()).or_default() += 1;
        }
    }
    for id in acked.orders.lock().unwrap().keys() {
        assert_eq!(accepted.get(id), Some(&1), "order {id}");
    }
}

async fn verify(data: &Path) {
    let output = run(&["verify", "--data", data.to_str().unwrap()]).await;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_orders_survive_kill_9_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let launch = Launch::on(dir.path());
    let acked = Arc::new(Acked::default());
    let mut random = Random(0x5EED_0004);

    // Real projects and a market maker come with the demonstration; it is made once and stays.
    let first = launch.clone().flag("--demo").start().await.unwrap();
    let symbols = prepare(&first.url).await;
    let mut server = first;
    for round in 0..ROUNDS {
        let more = 1 + usize::try_from(random.below(400)).unwrap();
        load_and_kill(server, round, more, &symbols, &acked).await;
        verify(dir.path()).await;
        server = launch.start().await.unwrap();
        check_api(&server.url, &acked).await;
    }
    let ended = server.stop().await;
    assert!(ended.status.success(), "{}", ended.stderr);
    verify(dir.path()).await;
    check_journal(dir.path(), &acked);
    assert!(acked.count() >= ROUNDS);
}
