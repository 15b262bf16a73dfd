//! The real server, end to end: a trade over the wire, stops and restarts, and what it says when something is wrong.
#![allow(clippy::unwrap_used)]

mod bad_starts;
mod due;
mod imports;
mod lifecycle;
mod trade;

use std::collections::HashMap;
use std::path::Path;

use cx_tests::client::{Client, expect};
use reqwest::StatusCode;
use serde_json::Value;

/// The demonstration's accounts as `serve --demo` leaves them in the data folder: address and password by name.
struct Demo(HashMap<String, String>);

impl Demo {
    fn read(data: &Path) -> Self {
        let text = std::fs::read_to_string(data.join("demo-accounts.txt")).unwrap();
        let pairs = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once('=').unwrap());
        Self(pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect())
    }

    fn of(&self, name: &str) -> (&str, &str) {
        (&self.0[&format!("{name}_EMAIL")], &self.0[&format!("{name}_PASSWORD")])
    }
}

/// Available and held of an asset, as exact text.
async fn balance(client: &Client, asset: &str) -> (String, String) {
    let body = expect(StatusCode::OK, client.get("/api/trading/balances").await);
    let found = body["balances"].as_array().unwrap().iter().find(|balance| balance["asset"] == asset);
    found.map_or(("0".into(), "0".into()), |balance| (balance["available"].to_string(), balance["held"].to_string()))
}

/// The first instrument that somebody offers, with its best ask as exact text.
async fn offered(client: &Client) -> (String, String) {
    let body = expect(StatusCode::OK, client.get("/api/market/instruments").await);
    for instrument in body["instruments"].as_array().unwrap() {
        let symbol = instrument["symbol"].as_str().unwrap();
        let depth = expect(StatusCode::OK, client.get(&format!("/api/market/depth/{symbol}")).await);
        if let Some(ask) = depth["asks"].get(0) {
            return (symbol.to_owned(), ask["price"].to_string());
        }
    }
    panic!("nothing is offered: {body:#}")
}

/// The text of a field.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}
