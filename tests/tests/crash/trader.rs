//! One trading client: sends every kind of command, remembers what it was promised, and after a crash asks for all of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cx_tests::client::{Client, expect};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::Random;
use crate::door::{Answer, Door, Kind, Outcome, Unknown};
use crate::tally::{Progress, Tally};

/// Orders of which the first answer is asked for again after a crash.
const ASKED_AGAIN: usize = 8;

/// What became of a wish to end an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// None was sent, or it was refused.
    No,
    /// Its answer did not come.
    Unsure,
    /// The order was cancelled.
    Cancelled,
    /// All orders were cancelled: it is not open any more.
    Over,
}

/// An order that was sent.
struct Sent {
    wanted: Value,
    outcome: Outcome,
    end: End,
    /// Price and quantity of the last change that was answered; `None` after one that was not.
    changed: Option<(String, String)>,
    /// The trader takes it to be open.
    open: bool,
}

impl Sent {
    fn new(wanted: Value, outcome: Outcome) -> Self {
        let open = matches!(&outcome, Ok(Answer::Done(order)) if order["status"] == "open");
        Self { wanted, outcome, end: End::No, changed: None, open }
    }

    fn id(&self) -> &str {
        self.wanted["client_order_id"].as_str().unwrap()
    }

    /// The order as it was first answered.
    fn order(&self) -> Option<&Value> {
        match &self.outcome {
            Ok(Answer::Done(order)) => Some(order),
            _ => None,
        }
    }

    fn order_id(&self) -> Option<&str> {
        self.order().map(|order| order["order_id"].as_str().unwrap())
    }

    /// Compares with what the server lists.
    fn check(&self, listed: &[Value]) {
        assert!(listed.len() <= 1, "{} is listed {} times", self.id(), listed.len());
        let Some(order_id) = self.order_id() else {
            if let Ok(Answer::Refused(code)) = &self.outcome {
                let rejected = listed.iter().all(|order| order["status"] == "rejected");
                assert!(rejected, "{} was refused ({code}) and is there: {listed:#?}", self.id());
            }
            return;
        };
        let Some(order) = listed.first() else { panic!("LOST: {} was acknowledged as {order_id}", self.id()) };
        assert_eq!(order["order_id"], order_id, "{}", self.id());
        let status = order["status"].as_str().unwrap();
        let is_open = matches!(status, "open" | "partially_filled");
        match self.end {
            End::Cancelled => assert_eq!(status, "cancelled", "{} was cancelled", self.id()),
            End::Over => assert!(!is_open, "{} is {status} though all orders were cancelled", self.id()),
            End::No | End::Unsure => {}
        }
        if let Some((price, quantity)) = &self.changed
            && is_open
        {
            let now = (digits(&order["price"]), digits(&order["quantity"]));
            assert_eq!((&now.0, &now.1), (price, quantity), "{} was amended", self.id());
        }
    }
}

/// A decimal without its trailing zeros, whether it came as a number or as text.
fn digits(number: &Value) -> String {
    let text = number.as_str().map_or_else(|| number.to_string(), str::to_owned);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A trading client.
pub struct Trader {
    name: String,
    kind: Kind,
    password: String,
    client: Client,
    symbols: Vec<String>,
    random: Random,
    /// Orders since the last check.
    sent: Vec<Sent>,
    round: usize,
    /// Orders ever made.
    made: usize,
    /// Client order ids that were acknowledged, with the order's id, of all rounds; that are to be found at the end.
    pub acknowledged: BTreeMap<String, String>,
}

impl Trader {
    /// Registers somebody; staff still have to let them trade.
    pub async fn register(url: &str, number: u64, symbols: &[String], seed: u64) -> Self {
        let kind = if number.is_multiple_of(2) { Kind::Rest } else { Kind::Socket };
        let name = format!("{}{number}", if kind == Kind::Rest { "rest" } else { "sock" });
        let password = format!("Tr4der!of-the-crash-{number}");
        let client = Client::register(url, &format!("{name}@crash.example"), &password).await;
        let (symbols, random) = (symbols.to_vec(), Random(seed + 0x9E37_79B9 * (number + 1)));
        let (sent, acknowledged) = (Vec::new(), BTreeMap::new());
        Self { name, kind, password, client, symbols, random, sent, round: 0, made: 0, acknowledged }
    }

    pub fn id(&self) -> i64 {
        self.client.id()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Goes on with the server at another address. The token is still good; tests that take longer than it lasts log in anew.
    pub fn moved(&mut self, url: &str) {
        self.client.move_to(url);
    }

    /// Logs in anew.
    pub async fn log_in(&mut self) {
        let email = format!("{}@crash.example", self.name);
        self.client = Client::login(self.client.base(), (&email, &self.password)).await;
    }

    /// Sends commands until the server is gone or the load is to end.
    pub async fn work(mut self, progress: Arc<Progress>) -> Self {
        self.round += 1;
        if let Ok(mut door) = Door::open(self.kind, &self.client).await {
            while !progress.is_over() && self.step(&mut door, &progress).await.is_ok() {}
        }
        self
    }

    async fn step(&mut self, door: &mut Door, progress: &Progress) -> Result<(), Unknown> {
        match self.random.below(100) {
            0..12 => {
                let many: Vec<Value> = (0..2 + self.random.below(7)).map(|_| self.order()).collect();
                let in_one = self.random.below(2) == 0;
                let outcomes = door.place_many(&many, in_one).await;
                let lost = outcomes.contains(&Err(Unknown));
                for (wanted, outcome) in many.into_iter().zip(outcomes) {
                    self.note(wanted, outcome, progress);
                }
                if lost { Err(Unknown) } else { Ok(()) }
            }
            12..32 => self.cancel(door, progress).await,
            32..47 => self.amend(door, progress).await,
            47 => self.cancel_all(door, progress).await,
            _ => {
                let wanted = self.order();
                let outcome = door.place(&wanted).await;
                let known = outcome.as_ref().map(drop).map_err(|unknown| *unknown);
                self.note(wanted, outcome, progress);
                known
            }
        }
    }

    fn note(&mut self, wanted: Value, outcome: Outcome, progress: &Progress) {
        progress.note(&outcome);
        self.sent.push(Sent::new(wanted, outcome));
    }

    /// One of the trader's open orders.
    fn an_open_one(&mut self) -> Option<usize> {
        let open: Vec<usize> = (0..self.sent.len()).filter(|&at| self.sent[at].open).collect();
        if open.is_empty() { None } else { Some(open[self.random.index(open.len())]) }
    }

    async fn cancel(&mut self, door: &mut Door, progress: &Progress) -> Result<(), Unknown> {
        let Some(at) = self.an_open_one() else { return Ok(()) };
        let sent = &mut self.sent[at];
        sent.open = false;
        sent.end = End::Unsure;
        let order_id = sent.order_id().unwrap().to_owned();
        let outcome = door.cancel(&order_id).await;
        progress.note(&outcome);
        match outcome? {
            Answer::Done(order) => {
                assert_eq!(order["status"], "cancelled", "{order:#}");
                sent.end = End::Cancelled;
            }
            Answer::Refused(_) => sent.end = End::No,
        }
        Ok(())
    }

    async fn amend(&mut self, door: &mut Door, progress: &Progress) -> Result<(), Unknown> {
        let Some(at) = self.an_open_one() else { return Ok(()) };
        if self.sent[at].wanted["order_type"] != "limit" {
            return Ok(());
        }
        let (price, quantity) = (self.price(), (1 + self.random.below(9)).to_string());
        let sent = &mut self.sent[at];
        let before = sent.changed.take();
        let order_id = sent.order_id().unwrap().to_owned();
        let outcome = door.amend(&order_id, &price, &quantity).await;
        progress.note(&outcome);
        match outcome? {
            Answer::Done(order) => {
                sent.changed = Some((digits(&order["price"]), digits(&order["quantity"])));
                sent.open = order["status"] == "open";
            }
            Answer::Refused(_) => sent.changed = before,
        }
        Ok(())
    }

    async fn cancel_all(&mut self, door: &mut Door, progress: &Progress) -> Result<(), Unknown> {
        let outcome = door.cancel_all().await;
        progress.note(&outcome);
        let done = matches!(outcome?, Answer::Done(_));
        for sent in self.sent.iter_mut().filter(|sent| done && sent.order().is_some()) {
            sent.open = false;
            if sent.end == End::No {
                sent.end = End::Over;
            }
        }
        Ok(())
    }

    fn price(&mut self) -> String {
        let cents = 950 + self.random.below(101);
        format!("{}.{:02}", cents / 100, cents % 100)
    }

    /// A new order of any kind, around one price, so that orders meet.
    fn order(&mut self) -> Value {
        self.made += 1;
        let id = format!("{}-{}-{}", self.name, self.round, self.made);
        let symbol = self.symbols[self.random.index(self.symbols.len())].clone();
        let side = ["buy", "sell"][self.random.index(2)];
        let quantity = (1 + self.random.below(9)).to_string();
        let mut order = json!({"client_order_id": id, "symbol": symbol, "side": side, "quantity": quantity});
        let mut put = |name: &str, value: &str| order[name] = json!(value);
        match self.random.below(20) {
            0 => put("order_type", "market"),
            1..3 => {
                put("order_type", "stop");
                put("stop_price", &self.price());
            }
            3..5 => {
                put("order_type", "stop_limit");
                put("stop_price", &self.price());
                put("price", &self.price());
            }
            other => {
                put("order_type", "limit");
                put("price", &self.price());
                match other {
                    5 | 6 => put("time_in_force", "IOC"),
                    7 => put("time_in_force", "FOK"),
                    8 => put("display_quantity", "1"),
                    9 => order["post_only"] = json!(true),
                    _ => {}
                }
            }
        }
        order
    }

    /// After a restart: everything that was promised is there, and what was not is there whole or not at all. The same client
    /// order ids get the same answers.
    pub async fn check(&mut self, tally: &mut Tally) {
        let before = self.listed().await;
        let of = |listed: &HashMap<String, Vec<Value>>, id: &str| listed.get(id).cloned().unwrap_or_default();
        let mut door = Door::open(self.kind, &self.client).await.unwrap();
        let mut all = std::mem::take(&mut self.sent);
        for sent in &mut all {
            let listed = of(&before, sent.id());
            sent.check(&listed);
            match &sent.outcome {
                Ok(Answer::Done(_)) => tally.acknowledged += 1,
                Ok(Answer::Refused(code)) => tally.refused(code),
                Err(Unknown) => {
                    // Whoever has no answer asks again, with the same words.
                    sent.outcome = door.place(&sent.wanted).await;
                    assert!(sent.outcome.is_ok(), "{} has no answer", sent.id());
                    sent.changed = None;
                    if listed.is_empty() {
                        tally.lost += 1
                    } else {
                        tally.kept += 1
                    }
                    let listed = if listed.is_empty() { self.listed_one(sent.id()).await } else { listed };
                    sent.check(&listed);
                }
            }
        }
        let answered: Vec<usize> = (0..all.len()).filter(|&at| all[at].order().is_some()).collect();
        for _ in 0..ASKED_AGAIN.min(answered.len()) {
            let sent = &all[answered[self.random.index(answered.len())]];
            let again = door.place(&sent.wanted).await;
            assert_eq!(again, sent.outcome, "{}: the same client order id gets the same answer", sent.id());
        }
        let after = self.listed().await;
        for sent in all {
            sent.check(&of(&after, sent.id()));
            if let Some(order_id) = sent.order_id() {
                let known = self.acknowledged.insert(sent.id().to_owned(), order_id.to_owned());
                assert_eq!(known, None, "{} is new", sent.id());
            }
        }
    }

    /// The orders of this round as the server lists them, by client order id: history and folds merged.
    async fn listed(&self) -> HashMap<String, Vec<Value>> {
        let ours = format!("{}-{}-", self.name, self.round);
        let mut found: HashMap<String, Vec<Value>> = HashMap::new();
        for page in 1.. {
            let path = format!("/api/trading/orders?per_page=100&page={page}");
            let body = expect(StatusCode::OK, self.client.get(&path).await);
            let mut any = false;
            for order in body["orders"].as_array().unwrap() {
                let Some(id) = order["client_order_id"].as_str().filter(|id| id.starts_with(&ours)) else { continue };
                found.entry(id.to_owned()).or_default().push(order.clone());
                any = true;
            }
            // The newest come first.
            if !any {
                break;
            }
        }
        found
    }

    async fn listed_one(&self, id: &str) -> Vec<Value> {
        let path = format!("/api/trading/orders?client_order_id={id}");
        let body = expect(StatusCode::OK, self.client.get(&path).await);
        body["orders"].as_array().unwrap().clone()
    }
}
