//! Every kind of order, over REST and WebSocket.

use serde_json::{Value, json};

use crate::client::Client;
use crate::venue::{SYMBOL, TestVenue, Trader, limit};

const ORDERS: &str = "/api/trading/orders";

fn entry(kind: &str, side: &str, more: &str) -> String {
    format!(r#"{{"order_type": "{kind}", "side": "{side}", "symbol": "{SYMBOL}", {more}}}"#)
}

async fn shown(venue: &TestVenue, trader: &Trader, order: &Value) -> Value {
    venue.get(&format!("{ORDERS}/{}", order["order_id"].as_str().unwrap()), trader).await.expect(200)
}

/// A trade at this price between two others.
async fn print(venue: &TestVenue, sellers: &Trader, buyers: &Trader, price: &str) {
    venue.place(sellers, "sell", price, 1).await;
    assert_eq!(venue.place(buyers, "buy", price, 1).await["status"], "filled");
}

#[tokio::test]
async fn a_stop_waits_and_goes_off() {
    let venue = TestVenue::new().await;
    let (alice, bob, carol) = (venue.trader("alice").await, venue.trader("bob").await, venue.trader("carol").await);
    let stop = entry("stop", "sell", r#""stop_price": 6.50, "quantity": 5"#);
    let answer = venue.post(ORDERS, &alice, &stop).await;
    let order = answer.expect(201)["order"].clone();
    assert_eq!(
        (&order["status"], &order["order_type"], &order["price"]),
        (&json!("open"), &json!("stop"), &json!(null))
    );
    assert!(answer.text.contains(r#""stop_price":6.50"#), "{}", answer.text);
    venue.place(&bob, "buy", "6.00", 5).await;
    print(&venue, &bob, &carol, "6.51").await;
    assert_eq!(shown(&venue, &alice, &order).await["status"], "open", "6.51 is above the stop");
    print(&venue, &bob, &carol, "6.50").await;
    let done = shown(&venue, &alice, &order).await;
    assert_eq!((&done["status"], &done["filled_quantity"]), (&json!("filled"), &json!(5)));
    assert_eq!(done["average_fill_price"].to_string(), "6.00");
}

#[tokio::test]
async fn a_stop_limit_without_a_stop_price_goes_off_at_its_limit_and_moves_when_amended() {
    let venue = TestVenue::new().await;
    let (alice, bob, carol) = (venue.trader("alice").await, venue.trader("bob").await, venue.trader("carol").await);
    let body = entry("stop_limit", "buy", r#""price": 8, "quantity": 5"#);
    let answer = venue.post(ORDERS, &alice, &body).await;
    assert!(answer.text.contains(r#""price":8.00,"stop_price":8.00"#), "{}", answer.text);
    let order = answer.expect(201)["order"].clone();
    let path = format!("{ORDERS}/{}", order["order_id"].as_str().unwrap());
    let moved = venue.put(&path, &alice, r#"{"stop_price": 7.50}"#).await;
    assert!(moved.text.contains(r#""price":8.00,"stop_price":7.50"#), "{}", moved.text);
    moved.expect(200);
    print(&venue, &bob, &carol, "7.50").await;
    let bids = venue.get(&format!("/api/market/depth/{SYMBOL}"), &bob).await;
    assert!(bids.text.contains(r#""bids":[{"price":8.00,"quantity":5}]"#), "{}", bids.text);
    venue.put(&path, &alice, r#"{"stop_price": 7.40}"#).await.refused(400, "invalid_combination");
}

#[tokio::test]
async fn a_trailing_stop_follows_the_market() {
    let venue = TestVenue::new().await;
    let (alice, bob, carol) = (venue.trader("alice").await, venue.trader("bob").await, venue.trader("carol").await);
    print(&venue, &bob, &carol, "7.00").await;
    let body = entry("trailing_stop", "sell", r#""trailing_amount": 0.50, "quantity": 5"#);
    let order = venue.post(ORDERS, &alice, &body).await.expect(201)["order"].clone();
    assert_eq!(order["stop_price"].to_string(), "6.50");
    print(&venue, &bob, &carol, "8.00").await;
    assert_eq!(shown(&venue, &alice, &order).await["stop_price"].to_string(), "7.50");
    print(&venue, &bob, &carol, "7.50").await;
    // Nobody bids: what went off finds nothing.
    assert_eq!(shown(&venue, &alice, &order).await["status"], "cancelled");
}

#[tokio::test]
async fn of_a_pair_one_cancels_the_other() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let first = venue.post(ORDERS, &alice, &limit("sell", "9.00", 5, r#", "client_order_id": "goal""#)).await;
    let first = first.expect(201)["order"].clone();
    let body = entry("stop", "sell", r#""stop_price": 6, "quantity": 5, "oco_order_id": "goal""#);
    let second = venue.post(ORDERS, &alice, &body).await.expect(201)["order"].clone();
    // A pair is two; it is also named by the public id.
    let third = format!(r#""stop_price": 6, "quantity": 5, "oco_order_id": {}"#, first["order_id"]);
    venue.post(ORDERS, &alice, &entry("stop", "sell", &third)).await.refused(409, "linked_order");
    venue.post(ORDERS, &bob, &body).await.refused(404, "unknown_order");
    venue.place(&bob, "buy", "9.00", 1).await;
    assert_eq!(shown(&venue, &alice, &second).await["status"], "cancelled");
    assert_eq!(shown(&venue, &alice, &first).await["status"], "partially_filled");
}

#[tokio::test]
async fn a_market_buy_spends_an_amount_of_cash() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    venue.place(&alice, "sell", "7.00", 100).await;
    let order = venue.post(ORDERS, &bob, &entry("market", "buy", r#""quote_quantity": 100"#)).await;
    let order = order.expect(201)["order"].clone();
    // 14 x 7.00 and 0.1% of it are 98.098; a 15th would cost more than 100.
    assert_eq!((&order["filled_quantity"], &order["quantity"]), (&json!(14), &json!(14)));
    assert_eq!(order["quote_quantity"].to_string(), "100.00");
    assert_eq!(order["status"], "filled");
}

#[tokio::test]
async fn a_batch_has_one_outcome_for_each_order() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let mut client = Client::of(venue.listen().await, &alice).await;
    let order =
        |price: &str| json!({"symbol": SYMBOL, "side": "buy", "order_type": "limit", "price": price, "quantity": 1});
    let orders = json!([order("1.00"), order("1.001"), order("1000.00"), {"side": "buy"}, order("2.00")]);
    let answer = client.ok("order.batch", json!({ "orders": orders })).await;
    let outcomes: Vec<_> = answer["results"].as_array().unwrap().iter().map(|one| &one["error"]["code"]).collect();
    let refused = |code: &str| json!(code);
    assert_eq!(
        outcomes,
        [&json!(null), &refused("too_precise"), &json!(null), &refused("missing_fields"), &json!(null)]
    );
    assert_eq!(answer["results"][4]["order"]["price"], "2.00");
    let open = client.ok("orders.open", json!({})).await;
    let prices: Vec<_> = open["orders"].as_array().unwrap().iter().map(|one| one["price"].clone()).collect();
    assert_eq!(prices, ["2.00", "1000.00", "1.00"], "newest first");
    let many = vec![order("1.00"); 21];
    assert_eq!(client.refused("order.batch", json!({ "orders": many })).await["code"], "invalid_value");
}

#[tokio::test]
async fn a_batch_without_room_for_all_is_not_placed_at_all() {
    let venue = TestVenue::narrow(8).await;
    let alice = venue.trader("alice").await;
    let mut client = Client::of(venue.listen().await, &alice).await;
    let order = json!({"symbol": SYMBOL, "side": "buy", "order_type": "limit", "price": "1.00", "quantity": 1});
    let bad = json!({"symbol": SYMBOL, "side": "hold", "order_type": "limit", "price": "1.00", "quantity": 1});
    let batch = |count| [vec![bad.clone()], vec![order.clone(); count]].concat();
    let refused = client.refused("order.batch", json!({ "orders": batch(9) })).await;
    assert_eq!((&refused["code"], &refused["retry_after"]), (&json!("overloaded"), &json!(1)));
    assert_eq!(client.ok("orders.open", json!({})).await["orders"], json!([]));
    let answer = client.ok("order.batch", json!({ "orders": batch(8) })).await;
    let placed: Vec<_> = answer["results"].as_array().unwrap().iter().map(|one| one["ok"] == true).collect();
    assert_eq!(placed, [vec![false], vec![true; 8]].concat());
}

#[tokio::test]
async fn a_batch_of_nothing_good_has_outcomes_only() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let mut client = Client::of(venue.listen().await, &alice).await;
    let answer = client.ok("order.batch", json!({ "orders": [{"side": "buy"}, 7] })).await;
    let codes: Vec<_> = answer["results"].as_array().unwrap().iter().map(|one| &one["error"]["code"]).collect();
    assert_eq!(codes, ["missing_fields", "invalid_value"]);
}

#[tokio::test]
async fn silence_cancels_all_orders() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let mut client = Client::of(venue.listen().await, &alice).await;
    let order = json!({"symbol": SYMBOL, "side": "buy", "order_type": "limit", "price": "1.00", "quantity": 1});
    client.ok("order.place", order.clone()).await;
    let off = client.ok("cancel_after", json!({ "seconds": 0 })).await;
    assert_eq!(off["cancel_at"], json!(null));
    let on = client.ok("cancel_after", json!({ "seconds": 60 })).await;
    let at: u64 = on["cancel_at"].as_str().unwrap().parse().unwrap();
    // The account sets it to the next nanosecond; whatever comes next finds it over.
    let soon = cx_engine::command::CancelAfter {
        account: alice.account,
        at: cx_engine::units::Timestamp::from_nanos(cx_api::venue::wall_nanos() + 50_000_000),
    };
    assert!(soon.at.nanos() < at, "a minute is longer");
    venue.run(cx_engine::Command::CancelAfter(soon)).await;
    while cx_api::venue::wall_nanos() <= soon.at.nanos() {
        tokio::task::yield_now().await;
    }
    // A new order comes after what was due, and is answered with its own events.
    client.ok("order.place", order).await;
    let open = client.ok("orders.open", json!({})).await;
    assert_eq!(open["orders"].as_array().unwrap().len(), 1, "{open}");
}
