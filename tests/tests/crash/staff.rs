//! A member of staff under load: money that comes in, limits, halts.

use std::sync::Arc;

use cx_tests::client::{Client, expect};
use cx_tests::server::ADMIN;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Random;
use crate::door::{Answer, Outcome, Unknown, call};
use crate::tally::{Progress, Tally};

/// What one deposit under load brings, in dollars.
const DEPOSIT: u64 = 1;
/// The limit is above this once one was set.
const LIMIT_BEFORE: u64 = 1_000;
/// Deposits that are named again after a crash.
const ASKED_AGAIN: usize = 4;

struct Deposit {
    key: String,
    body: Value,
    outcome: Outcome,
}

/// A member of staff.
pub struct Staff {
    client: Client,
    random: Random,
    accounts: Vec<i64>,
    /// Deposits since the last check.
    deposits: Vec<Deposit>,
    made: usize,
    /// All dollars that ever came in.
    pub dollars: u64,
    /// Limits of the first account's orders: the last that was acknowledged, and the last that was sent.
    limit: (u64, u64),
    /// Whether the market is halted; `None` when an answer is missing.
    halted: Option<bool>,
    acknowledged: usize,
}

impl Staff {
    pub async fn log_in(url: &str, seed: u64) -> Self {
        Self {
            client: Client::login(url, ADMIN).await,
            random: Random(seed),
            accounts: Vec::new(),
            deposits: Vec::new(),
            made: 0,
            dollars: 0,
            limit: (LIMIT_BEFORE, LIMIT_BEFORE),
            halted: Some(false),
            acknowledged: 0,
        }
    }

    pub fn moved(&mut self, url: &str) {
        self.client.move_to(url);
    }

    pub async fn log_in_again(&mut self) {
        self.client = Client::login(self.client.base(), ADMIN).await;
    }

    /// Lets somebody trade, with a million dollars and 100,000 t of each instrument.
    pub async fn admit(&mut self, user: i64, name: &str, instruments: &[Value]) {
        let approve = format!("/api/admin/kyc/{user}/approve");
        expect(StatusCode::OK, self.client.post(&approve, &json!({"level": 2})).await);
        let deposit = json!({"user_id": user, "currency": "USD", "amount": 1_000_000, "reference": name});
        expect(StatusCode::CREATED, self.client.post_once("/api/wallet/deposits", name, &deposit).await);
        self.dollars += 1_000_000;
        for instrument in instruments {
            let symbol = instrument["symbol"].as_str().unwrap();
            // No registry has a form that begins like this, so the serial is taken as it is.
            let serial = format!("crash-{name}-{symbol}");
            let block = json!({
                "project_id": instrument["project_id"], "vintage_year": instrument["vintage_year"],
                "serial_number": serial, "quantity": 100_000, "owner_user_id": user,
            });
            expect(StatusCode::CREATED, self.client.post_once("/api/carbon-credits", &serial, &block).await);
        }
        self.accounts.push(user);
    }

    /// Decides things until the server is gone or the load is to end.
    pub async fn work(mut self, progress: Arc<Progress>) -> Self {
        while !progress.is_over() && self.step().await.is_ok() {}
        self
    }

    async fn step(&mut self) -> Result<(), Unknown> {
        match self.random.below(10) {
            0..6 => self.deposit().await,
            6..9 => self.set_limit().await,
            _ => {
                self.switch("halt", true).await?;
                self.switch("resume", false).await
            }
        }
    }

    async fn deposit(&mut self) -> Result<(), Unknown> {
        self.made += 1;
        let user = self.accounts[self.random.index(self.accounts.len())];
        let key = format!("under-load-{}", self.made);
        let body = json!({"user_id": user, "currency": "USD", "amount": DEPOSIT, "reference": key});
        let outcome = self.pay_in(&key, &body).await;
        let known = outcome.as_ref().map(drop).map_err(|unknown| *unknown);
        if !matches!(outcome, Ok(Answer::Refused(_))) {
            self.dollars += DEPOSIT;
            self.deposits.push(Deposit { key, body, outcome });
        }
        known
    }

    async fn pay_in(&self, key: &str, body: &Value) -> Outcome {
        call(&self.client, Method::POST, "/api/wallet/deposits", Some(body), Some(key)).await
    }

    fn limits_path(&self) -> String {
        format!("/api/admin/limits/{}", self.accounts[0])
    }

    async fn set_limit(&mut self) -> Result<(), Unknown> {
        self.limit.1 += 1;
        let body = json!({"order_quantity_max": self.limit.1});
        if let Answer::Done(_) = call(&self.client, Method::PUT, &self.limits_path(), Some(&body), None).await? {
            self.limit.0 = self.limit.1;
            self.acknowledged += 1;
        }
        Ok(())
    }

    async fn switch(&mut self, how: &str, halted: bool) -> Result<(), Unknown> {
        let before = self.halted.take();
        let done = call(&self.client, Method::POST, &format!("/api/admin/{how}"), None, None).await?;
        self.halted = if matches!(done, Answer::Done(_)) { Some(halted) } else { before };
        self.acknowledged += 1;
        Ok(())
    }

    /// After a restart: what was acknowledged is in force, and what was asked for without an answer is done once when it is
    /// asked for again.
    pub async fn check(&mut self, tally: &mut Tally) {
        tally.staff += std::mem::take(&mut self.acknowledged);
        let standing = expect(StatusCode::OK, self.client.get(&self.limits_path()).await);
        let (acknowledged, sent) = self.limit;
        let limit = standing["limits"]["order_quantity_max"].as_u64().unwrap_or(LIMIT_BEFORE);
        assert!((acknowledged..=sent).contains(&limit), "LOST: the limit is {limit}, not {acknowledged} to {sent}");
        self.limit.0 = limit;
        let status = expect(StatusCode::OK, self.client.get("/api/market/status").await);
        let as_told = self.halted.is_none_or(|halted| status["halted"] == halted);
        assert!(as_told, "LOST: halted should be {:?}: {status:#}", self.halted);
        self.switch("resume", false).await.unwrap();
        self.acknowledged = 0;

        let mut deposits = std::mem::take(&mut self.deposits);
        for deposit in &mut deposits {
            if deposit.outcome.is_ok() {
                tally.staff += 1;
            } else {
                deposit.outcome = self.pay_in(&deposit.key, &deposit.body).await;
            }
            let Ok(Answer::Done(body)) = &deposit.outcome else { panic!("{}: {:?}", deposit.key, deposit.outcome) };
            assert_eq!(body["transaction"]["status"], "completed", "{body:#}");
        }
        for _ in 0..ASKED_AGAIN.min(deposits.len()) {
            let deposit = &deposits[self.random.index(deposits.len())];
            assert_eq!(self.pay_in(&deposit.key, &deposit.body).await, deposit.outcome, "LOST: one key, one answer");
        }
    }
}
