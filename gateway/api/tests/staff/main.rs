//! What staff decide about the market, over REST: each command takes effect on traders, shows in what everybody reads, and
//! is written down with who decided.
#![allow(clippy::unwrap_used)]

mod accounts;
mod bad_input;
mod busts;
#[path = "../exchange/client.rs"]
#[allow(dead_code)] // shared likewise
mod client;
mod instruments;
mod market;
mod phases;
mod streams;
#[path = "../exchange/venue.rs"]
#[allow(dead_code)] // shared with the tests of trading, which use more of it
mod venue;

use axum::http::Method;
use cx_identity::{Origin, Registration, Role, SecretString};
use serde_json::{Value, json};

use venue::{Answer, PASSWORD, SYMBOL, TestVenue, Trader};

impl TestVenue {
    /// Somebody of this role, logged in.
    async fn staff(&self, role: Role) -> Trader {
        let email = format!("{role}.two@example.org");
        let registration = Registration {
            email: email.clone(),
            password: SecretString::from(PASSWORD),
            first_name: "Some".to_owned(),
            last_name: "Body".to_owned(),
            phone_number: None,
            company_name: None,
        };
        let user = self.state.identity.add_user(registration, role, true).await.unwrap();
        let login = self.state.identity.login(&email, SecretString::from(PASSWORD), Origin::default()).await.unwrap();
        Trader { id: user.id, account: user.account(), token: login.tokens.access }
    }

    /// One request of somebody's.
    async fn ask(&self, by: &Trader, method: Method, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { None } else { Some(body.to_string()) };
        self.call(method, path, Some(&by.token), body.as_deref()).await
    }

    /// How everybody sees the instrument.
    async fn listed(&self) -> Value {
        let all = self.public("/api/market/instruments").await.expect(200);
        let all = all["instruments"].as_array().unwrap();
        all.iter().find(|one| one["symbol"] == SYMBOL).unwrap().clone()
    }
}

/// A trade at this price between two others.
async fn print(venue: &TestVenue, seller: &Trader, buyer: &Trader, price: &str) -> Value {
    venue.place(seller, "sell", price, 1).await;
    let order = venue.place(buyer, "buy", price, 1).await;
    assert_eq!(order["status"], "filled", "{order}");
    let trades = venue.get("/api/trading/trades", buyer).await.expect(200);
    trades["trades"][0].clone()
}

/// Moves the instrument to a phase.
async fn to_phase(venue: &TestVenue, admin: &Trader, phase: &str) -> Value {
    let path = format!("/api/admin/instruments/{SYMBOL}/phase");
    venue.ask(admin, Method::PUT, &path, &json!({ "phase": phase })).await.expect(200)["instrument"].clone()
}

/// Decimals as they were written.
fn text(value: &Value) -> String {
    value.to_string()
}
