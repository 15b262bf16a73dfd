//! Lists before, while and after SQL has what happened: always complete, each item once.

use serde_json::{Value, json};

use crate::client::Client;
use crate::venue::{SYMBOL, TestVenue, Trader, limit};

async fn ids(venue: &TestVenue, trader: &Trader, path: &str, list: &str, id: &str) -> (Vec<String>, u64, u64) {
    let page = venue.get(path, trader).await.expect(200);
    let ids = page[list].as_array().unwrap().iter().map(|item| item[id].as_str().unwrap().to_owned()).collect();
    (ids, page["total"].as_u64().unwrap(), page["pages"].as_u64().unwrap())
}

/// All pages of a list, one after another.
async fn walk(venue: &TestVenue, trader: &Trader, query: &str, per_page: u64) -> Vec<String> {
    let mut all = Vec::new();
    for page in 1.. {
        let path = format!("/api/trading/orders?{query}&page={page}&per_page={per_page}");
        let (ids, total, pages) = ids(venue, trader, &path, "orders", "order_id").await;
        assert_eq!(pages, total.div_ceil(per_page));
        all.extend(ids);
        if page >= pages {
            assert_eq!(all.len() as u64, total, "{query}");
            return all;
        }
    }
    unreachable!("the last page ends it")
}

fn id(order: &Value) -> String {
    order["order_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn orders_are_listed_once_wherever_they_are() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let mut placed = Vec::new();
    for cents in 0..23 {
        placed.push(id(&venue.place(&alice, "buy", &format!("1.{cents:02}"), 2).await));
    }
    let newest_first = |placed: &[String]| placed.iter().rev().cloned().collect::<Vec<_>>();
    assert_eq!(walk(&venue, &alice, "", 5).await, newest_first(&placed), "nothing is in SQL");
    venue.sink().await;
    assert_eq!(walk(&venue, &alice, "", 5).await, newest_first(&placed), "everything is in SQL");
    for cents in 0..9 {
        placed.push(id(&venue.place(&alice, "buy", &format!("2.{cents:02}"), 2).await));
    }
    // Orders that SQL knows as open change after it was written.
    venue.delete(&format!("/api/trading/orders/{}", placed[3]), &alice).await.expect(200);
    venue.delete(&format!("/api/trading/orders/{}", placed[20]), &alice).await.expect(200);
    venue.place(&bob, "sell", "2.08", 2).await;
    for per_page in [1, 5, 7, 100] {
        assert_eq!(walk(&venue, &alice, "", per_page).await, newest_first(&placed), "part of it is in SQL");
    }
    let cancelled = [placed[20].clone(), placed[3].clone()];
    assert_eq!(walk(&venue, &alice, "status=cancelled", 1).await, cancelled);
    assert_eq!(walk(&venue, &alice, "status=filled", 5).await, [placed[31].clone()]);
    assert_eq!(walk(&venue, &alice, "status=open", 10).await.len(), 29);
    assert!(walk(&venue, &alice, "side=sell", 10).await.is_empty());
    assert_eq!(walk(&venue, &alice, "side=buy", 10).await.len(), 32);
    venue.sink().await;
    assert_eq!(walk(&venue, &alice, "status=cancelled", 1).await, cancelled);
    assert_eq!(walk(&venue, &alice, "", 7).await, newest_first(&placed));
    venue.get("/api/trading/orders?status=lost", &alice).await.refused(400, "invalid_value");
    venue.get("/api/trading/orders?page=0", &alice).await.refused(400, "invalid_value");
    assert_eq!(walk(&venue, &bob, "status=rejected", 10).await, Vec::<String>::new());
}

#[tokio::test]
async fn trades_are_listed_once_wherever_they_are() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let trade = async || {
        venue.place(&alice, "sell", "7.00", 1).await;
        venue.place(&bob, "buy", "7.00", 1).await;
    };
    for _ in 0..4 {
        trade().await;
    }
    venue.sink().await;
    for _ in 0..3 {
        trade().await;
    }
    for trader in [&alice, &bob] {
        let (all, total, pages) = ids(&venue, trader, "/api/trading/trades?per_page=100", "trades", "trade_id").await;
        assert_eq!((all.len(), total, pages), (7, 7, 1));
        assert!(all.windows(2).all(|pair| pair[0] > pair[1]), "newest first: {all:?}");
        let mut walked = Vec::new();
        for page in 1..=4 {
            let path = format!("/api/trading/trades?per_page=2&page={page}");
            walked.extend(ids(&venue, trader, &path, "trades", "trade_id").await.0);
        }
        assert_eq!(walked, all);
    }
}

#[tokio::test]
async fn holdings_carry_average_cost_and_gains() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.poor("bob").await);
    let empty = venue.get("/api/trading/portfolio", &bob).await.expect(200);
    assert_eq!((&empty["total"], &empty["portfolios"][0]["number_of_holdings"]), (&1.into(), &0.into()));
    assert_eq!(venue.get("/api/trading/portfolio/holdings", &bob).await.expect(200)["total"], 0);
    let carol = venue.trader("carol").await;
    venue.place(&alice, "sell", "10.00", 10).await;
    venue.place(&alice, "sell", "20.00", 10).await;
    venue.place(&carol, "buy", "10.00", 10).await;
    venue.place(&carol, "buy", "20.00", 10).await;
    let answer = venue.get("/api/trading/portfolio/holdings", &carol).await;
    let holding = answer.expect(200)["holdings"][0].clone();
    assert_eq!((&holding["symbol"], &holding["quantity"]), (&"VCS-191-2016-USD".into(), &10_020.into()));
    // 300 USD and 0.30 USD of fees over 10,020 credits, 10,000 of which were issued to her.
    assert!(answer.text.contains(r#""average_cost":0.02997006"#), "{}", answer.text);
    assert!(answer.text.contains(r#""current_price":20.00"#), "{}", answer.text);
    assert!(answer.text.contains(r#""current_value":200400.00"#), "{}", answer.text);
    assert!(answer.text.contains(r#""total_pnl":200099.70"#), "{}", answer.text);
    assert_eq!(holding["vintage_year"], 2016);
    let portfolio = venue.get("/api/trading/portfolio", &carol).await.expect(200)["portfolios"][0].clone();
    assert_eq!((&portfolio["number_of_holdings"], &portfolio["base_currency"]), (&2.into(), &"USD".into()));
    assert_eq!(portfolio["total_credits"], 20_020);
}

/// The order of this name as it is shown, over REST and over WebSocket.
async fn shown(venue: &TestVenue, trader: &Trader, client: &mut Client, name: &str) -> (Value, Value) {
    let query = format!("/api/trading/orders?client_order_id={name}");
    let found = venue.get(&query, trader).await.expect(200)["orders"][0].clone();
    let id = found["order_id"].as_str().unwrap_or_else(|| panic!("{name} is not found"));
    let over_rest = venue.get(&format!("/api/trading/orders/{id}"), trader).await.expect(200);
    let over_socket = client.ok("order.get", json!({ "client_order_id": name })).await["order"].clone();
    (over_rest, over_socket)
}

#[tokio::test]
async fn a_closed_order_reads_the_same_out_of_sql() {
    let venue = TestVenue::forgetful().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let mut client = Client::of(venue.listen().await, &alice).await;
    venue.place(&bob, "sell", "7.00", 1).await;
    venue.place(&bob, "sell", "8.00", 50).await;
    venue.place(&alice, "buy", "7.00", 1).await;
    let until = "2199-01-01T00:00:00Z";
    let entry = |kind: &str, side: &str, more: &str| {
        format!(r#"{{"order_type": "{kind}", "side": "{side}", "symbol": "{SYMBOL}", {more}}}"#)
    };
    // Each with what it must show, so that nothing is left out on both ways.
    let iceberg = format!(r#", "display_quantity": 3, "time_in_force": "GTD", "expires_at": "{until}""#);
    let orders = [
        ("iceberg", limit("buy", "5.00", 30, &iceberg), "display_quantity", json!(3)),
        ("dated", limit("buy", "5.00", 3, &iceberg), "expires_at", json!("2199-01-01T00:00:00.000000Z")),
        (
            "went-off",
            entry("stop_limit", "sell", r#""price": 9, "stop_price": 7, "quantity": 2"#),
            "triggered",
            json!(true),
        ),
        ("waits", entry("stop", "sell", r#""stop_price": 6.50, "quantity": 2"#), "triggered", json!(false)),
        (
            "trails",
            entry("trailing_stop", "sell", r#""trailing_percent": 10, "quantity": 2"#),
            "order_type",
            json!("trailing_stop"),
        ),
        ("by-cash", entry("market", "buy", r#""quote_quantity": 100.5"#), "status", json!("filled")),
        (
            "post-only",
            limit("buy", "5.00", 3, r#", "post_only": true, "self_trade_prevention": "decrement""#),
            "self_trade_prevention",
            json!("decrement"),
        ),
        (
            "refused",
            entry("stop_limit", "buy", r#""price": 90000, "stop_price": 89000, "quantity": 9"#),
            "reject_reason",
            json!("insufficient_funds"),
        ),
    ];
    let mut before = Vec::new();
    for (name, body, field, value) in &orders {
        let body = body.replace('}', &format!(r#", "client_order_id": "{name}"}}"#));
        let answer = venue.post("/api/trading/orders", &alice, &body).await;
        assert_eq!(answer.status.as_u16(), if *name == "refused" { 400 } else { 201 }, "{name}: {}", answer.text);
        if *name != "refused" && answer.json()["order"]["status"] == "open" {
            client.ok("order.cancel", json!({ "client_order_id": name })).await;
        }
        let now = shown(&venue, &alice, &mut client, name).await;
        assert_eq!(&now.0[*field], value, "{name}: {}", now.0);
        before.push(now);
    }
    assert_eq!(before[4].1["stop_price"], "6.30", "10% below the last price");
    assert_eq!(
        (&before[5].0["quote_quantity"].to_string(), &before[5].1["quote_quantity"]),
        (&"100.50".to_owned(), &json!("100.50"))
    );
    venue.sink().await;
    // The folds keep one closed order: that of somebody else.
    let other = id(&venue.place(&bob, "buy", "1.00", 1).await);
    venue.delete(&format!("/api/trading/orders/{other}"), &bob).await.expect(200);
    assert_eq!(venue.state.venue.read().accounts.closed_orders(alice.account).count(), 0);
    for ((name, ..), before) in orders.iter().zip(&before) {
        let now = shown(&venue, &alice, &mut client, name).await;
        assert_eq!(&now, before, "{name}");
    }
}

#[tokio::test]
async fn a_status_that_no_order_has_lists_none() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    venue.place(&alice, "buy", "1.00", 1).await;
    assert_eq!(venue.get("/api/trading/orders?status=pending", &alice).await.expect(200)["total"], 0);
    assert_eq!(venue.get("/api/trading/orders?status=expired", &alice).await.expect(200)["total"], 0);
    assert_eq!(venue.get("/api/trading/orders?status=open", &alice).await.expect(200)["total"], 1);
}
