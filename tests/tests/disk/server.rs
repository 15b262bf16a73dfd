//! The real server on the watched disk: power cuts under load, and a disk that stands still.

use crate::judge::{Acked, judge};
use crate::model::{Cut, Disk};
use crate::shim::Watched;
use crate::{Random, log, rounds};
use cx_journal::Durability;
use cx_tests::client::{Client, expect};
use cx_tests::server::{ADMIN, Launch, run};
use reqwest::StatusCode;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const TRADER: (&str, &str) = ("trader@disk.example", "Tr4der!of-the-disk");
/// Clients that place orders at the same time.
const CLIENTS: usize = 4;

/// Acknowledged orders: client order id and the id that the server gave.
#[derive(Default)]
struct Answers {
    orders: Mutex<BTreeMap<String, String>>,
    changed: Notify,
}

impl Answers {
    fn count(&self) -> usize {
        self.orders.lock().unwrap().len()
    }

    async fn reach(&self, count: usize) {
        while self.count() < count {
            self.changed.notified().await;
        }
    }
}

/// A trader with cash, and a symbol.
async fn prepare(url: &str) -> String {
    let admin = Client::login(url, ADMIN).await;
    let trader = Client::register(url, TRADER.0, TRADER.1).await;
    expect(StatusCode::OK, admin.post(&format!("/api/admin/kyc/{}/approve", trader.id()), &json!({"level": 2})).await);
    let deposit = json!({"user_id": trader.id(), "currency": "USD", "amount": 1_000_000, "reference": "disk"});
    expect(StatusCode::CREATED, admin.post_once("/api/wallet/deposits", "disk", &deposit).await);
    let instruments = expect(StatusCode::OK, trader.get("/api/market/instruments").await);
    instruments["instruments"][0]["symbol"].as_str().unwrap().to_owned()
}

/// Clients that place orders until the server is gone.
async fn load(url: &str, symbol: &str, round: usize, answers: &Arc<Answers>) -> Vec<JoinHandle<()>> {
    let trader = Client::login(url, TRADER).await;
    let place = |client: usize| {
        let (trader, symbol, answers) = (trader.clone(), symbol.to_owned(), Arc::clone(answers));
        async move {
            for number in 0.. {
                let id = format!("{round}-{client}-{number}");
                let order = json!({"symbol": symbol, "side": "buy", "quantity": 1, "order_type": "limit", "price": "0.05",
                    "client_order_id": id});
                let Ok((status, answer)) = trader.try_post("/api/trading/orders", &order).await else { return };
                assert_eq!(status, StatusCode::CREATED, "{answer}");
                let order = answer["order"]["order_id"].as_str().unwrap().to_owned();
                assert_eq!(answers.orders.lock().unwrap().insert(id, order), None, "acknowledged twice");
                answers.changed.notify_one();
            }
        }
    };
    (0..CLIENTS).map(|client| tokio::spawn(place(client))).collect()
}

fn watched_launch(watched: &Watched, faults: &str) -> Launch {
    let launch = Launch::on(&watched.data());
    watched.environment(faults, true).iter().fold(launch, |launch, (name, value)| launch.env(name, value))
}

/// Every acknowledged order is listed once, under the id that it was given.
async fn check_listed(data: &Path, answers: &Answers) {
    let server = Launch::on(data).start().await.unwrap_or_else(|ended| panic!("{}", ended.stderr));
    let trader = Client::login(&server.url, TRADER).await;
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for page in 1.. {
        let path = format!("/api/trading/orders?per_page=100&page={page}");
        let body = expect(StatusCode::OK, trader.get(&path).await);
        for order in body["orders"].as_array().unwrap() {
            let text = |name: &str| order[name].as_str().unwrap().to_owned();
            found.entry(text("client_order_id")).or_default().push(text("order_id"));
        }
        if page >= body["pages"].as_u64().unwrap() {
            break;
        }
    }
    for (id, order) in answers.orders.lock().unwrap().iter() {
        assert_eq!(found.get(id), Some(&vec![order.clone()]), "order {id}");
    }
    assert!(found.values().all(|orders| orders.len() == 1), "no order is there twice");
    let ended = server.stop().await;
    assert!(ended.status.success(), "{}", ended.stderr);
    let report = run(&["verify", "--data", data.to_str().unwrap()]).await;
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_takes_nothing_that_the_server_acknowledged() {
    let mut random = Random::new(31);
    let root = tempfile::tempdir().unwrap();
    let (mut root, answers) = (root, Arc::new(Answers::default()));
    let mut symbol = String::new();
    let rounds = rounds("CX_CRASH_ROUNDS", 20, 2);
    for round in 0..rounds {
        let watched = Watched::new(root.path());
        let mut disk = Disk::of(root.path());
        let mut launch = watched_launch(&watched, "");
        if round == 0 {
            launch = launch.flag("--demo");
        }
        let server = launch.start().await.unwrap_or_else(|ended| panic!("{}", ended.stderr));
        if round == 0 {
            symbol = prepare(&server.url).await;
        }
        let clients = load(&server.url, &symbol, round, &answers).await;
        answers.reach(answers.count() + 1 + random.index(200)).await;
        server.kill().await;
        for client in clients {
            client.await.unwrap();
        }
        log::read(&watched.log()).iter().for_each(|record| disk.play(record));
        let mapped: Vec<_> = disk.mapped.iter().filter(|path| !path.ends_with("-shm")).collect();
        assert!(mapped.is_empty(), "only SQLite's index of its log, which it makes anew: {mapped:?}");
        for how in Cut::ALL {
            let left = tempfile::tempdir().unwrap();
            let seed = random.below(1 << 32);
            disk.cut(how, &mut Random::new(seed), left.path());
            let data = left.path().join("data");
            judge(&data, Durability::Fsync, &Acked::new(), None).unwrap_or_else(|refusal| panic!("{how:?} {seed}: {refusal}"));
            check_listed(&data, &answers).await;
            if how == Cut::ALL[round % Cut::ALL.len()] {
                root = tempfile::tempdir().unwrap();
                disk.cut(how, &mut Random::new(seed), root.path());
            }
        }
    }
    println!("power cut  server: runs {rounds}, cuts {}, orders acknowledged {}, lost 0", rounds * 4, answers.count());
    assert!(answers.count() > rounds);
}

/// The disk stands still for as long as the test wants: no order is answered, everything else is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_disk_stands_still_the_server_answers_all_else() {
    let root = tempfile::tempdir().unwrap();
    let watched = Watched::new(root.path());
    let launch = watched_launch(&watched, "sync .log 1 0 -0").flag("--demo");
    let server = launch.start().await.unwrap_or_else(|ended| panic!("{}", ended.stderr));
    let symbol = prepare(&server.url).await;
    let answers = Arc::new(Answers::default());
    let clients = load(&server.url, &symbol, 0, &answers).await;
    answers.reach(20).await;

    fs::write(watched.armed(), "").unwrap();
    let waits = || log::read(&watched.log()).iter().any(|record| matches!(record, log::Record::Fault { .. }));
    while !waits() {
        tokio::task::yield_now().await;
    }
    // At most the answers of the batches that were synced are still under way; then there is one order of each client.
    let anybody = Client::new(&server.url);
    let mut before = answers.count();
    for _ in 0..50 {
        expect(StatusCode::OK, anybody.get("/api/health").await);
        expect(StatusCode::OK, anybody.get("/api/market/instruments").await);
        before = before.max(answers.count());
    }
    for _ in 0..50 {
        expect(StatusCode::OK, anybody.get("/api/health").await);
        assert_eq!(answers.count(), before, "an order was answered that is not on the disk");
    }
    fs::remove_file(watched.armed()).unwrap();
    answers.reach(before + 20).await;
    let ended = server.stop().await;
    assert!(ended.status.success(), "{}", ended.stderr);
    for client in clients {
        client.abort();
        drop(client.await);
    }
    check_listed(&watched.data(), &answers).await;
}
