//! Orders over REST: place, match, amend, cancel, repeat.

use serde_json::json;

use crate::venue::{OTHER_SYMBOL, SYMBOL, TestVenue, limit};

const ORDERS: &str = "/api/trading/orders";

#[tokio::test]
async fn an_order_rests_and_is_shown_in_full() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let answer = venue.post(ORDERS, &alice, &limit("buy", "7.50", 10, r#", "client_order_id": "a-1""#)).await;
    let body = answer.expect(201);
    assert!(body["message"].is_string());
    let order = &body["order"];
    let id = order["order_id"].as_str().unwrap();
    assert!(id.starts_with("ORD-"), "{id}");
    assert_eq!(order["client_order_id"], "a-1");
    assert_eq!(order["status"], "open");
    assert_eq!(order["order_type"], "limit");
    assert_eq!(order["side"], "buy");
    assert_eq!(order["symbol"], SYMBOL);
    assert_eq!(order["time_in_force"], "GTC");
    assert_eq!(order["vintage_year"], 2016);
    assert_eq!(order["currency"], "USD");
    assert_eq!(order["user_id"], alice.account.get());
    // Exactly as decimals: digits of the text, not of a float.
    for digits in [r#""price":7.50"#, r#""total_value":75.00"#, r#""remaining_quantity":10"#, r#""fees":0.00"#] {
        assert!(answer.text.contains(digits), "{digits} is not in {}", answer.text);
    }
    for null in ["stop_price", "average_fill_price", "closed_at", "reject_reason"] {
        assert!(order[null].is_null(), "{null}");
    }
    let shown = venue.get(&format!("{ORDERS}/{id}"), &alice).await.expect(200);
    assert_eq!(shown, *order);
    let by_number = venue.get(&format!("{ORDERS}/{}", order["id"]), &alice).await.expect(200);
    assert_eq!(by_number, *order);
    let balances = venue.get("/api/trading/balances", &alice).await;
    // 75 USD and the dearer fee (10 bp) on it are held.
    let usd = r#"{"asset":"USD","available":99924.925,"held":75.075,"total":100000.00}"#;
    assert!(balances.text.contains(usd), "{}", balances.text);
}

#[tokio::test]
async fn orders_match_and_settle_at_the_makers_price() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let resting = venue.place(&alice, "sell", "7.25", 10).await;
    let taking = venue.post(ORDERS, &bob, &limit("buy", "8", 4, "")).await;
    let order = taking.expect(201)["order"].clone();
    assert_eq!((&order["status"], &order["filled_quantity"]), (&json!("filled"), &json!(4)));
    assert!(taking.text.contains(r#""average_fill_price":7.25"#), "{}", taking.text);
    assert!(taking.text.contains(r#""fees":0.029"#), "{}", taking.text); // 29.00 x 0.1%
    assert!(taking.text.contains(r#""fill_percentage":100.00"#), "{}", taking.text);
    assert!(order["closed_at"].is_string());

    let resting = venue.get(&format!("{ORDERS}/{}", resting["order_id"].as_str().unwrap()), &alice).await.expect(200);
    assert_eq!(resting["status"], "partially_filled");
    assert_eq!(resting["remaining_quantity"], 6);

    // Read your writes: balances, holdings and trades have it at once, before SQL has anything.
    let trades = venue.get("/api/trading/trades", &bob).await.expect(200);
    assert_eq!(trades["total"], 1);
    let trade = &trades["trades"][0];
    assert_eq!((&trade["side"], &trade["liquidity"]), (&json!("buy"), &json!("taker")));
    assert_eq!((&trade["status"], &trade["quantity"]), (&json!("settled"), &json!(4)));
    let balances = venue.get("/api/trading/balances", &bob).await.text;
    assert!(balances.contains(r#"{"asset":"USD","available":99970.971,"held":0.00,"total":99970.971}"#), "{balances}");
    assert!(balances.contains(r#"{"asset":"VCS-191-2016","available":10004,"held":0,"total":10004}"#), "{balances}");
    let maker = venue.get("/api/trading/trades", &alice).await.expect(200)["trades"][0].clone();
    assert_eq!((&maker["side"], &maker["liquidity"]), (&json!("sell"), &json!("maker")));
    assert_eq!(maker["trade_id"], trade["trade_id"]);
}

#[tokio::test]
async fn market_orders_and_times_in_force_do_what_they_say() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    venue.place(&alice, "sell", "7.00", 5).await;
    let market = format!(r#"{{"order_type": "market", "side": "buy", "quantity": "3", "symbol": "{SYMBOL}"}}"#);
    let order = venue.post(ORDERS, &bob, &market).await.expect(201)["order"].clone();
    assert_eq!((&order["status"], &order["time_in_force"]), (&json!("filled"), &json!("IOC")));
    assert!(order["price"].is_null());
    let killed = venue.post(ORDERS, &bob, &limit("buy", "7.00", 3, r#", "time_in_force": "fok""#)).await.expect(201);
    assert_eq!(killed["order"]["status"], "cancelled");
    assert_eq!(killed["order"]["filled_quantity"], 0);
    let partly = venue.post(ORDERS, &bob, &limit("buy", "7.00", 3, r#", "time_in_force": "Ioc""#)).await.expect(201);
    assert_eq!((&partly["order"]["status"], &partly["order"]["filled_quantity"]), (&json!("cancelled"), &json!(2)));
    let none = venue.post(ORDERS, &bob, &market).await.expect(201);
    assert_eq!((&none["order"]["status"], &none["order"]["total_value"]), (&json!("cancelled"), &json!(null)));
}

#[tokio::test]
async fn an_amendment_changes_price_and_quantity() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let order = venue.place(&alice, "buy", "7.00", 10).await;
    let path = format!("{ORDERS}/{}", order["order_id"].as_str().unwrap());
    let smaller = venue.put(&path, &alice, r#"{"quantity": 6}"#).await.expect(200);
    assert_eq!(smaller["order"]["quantity"], 6);
    assert_eq!(smaller["order"]["order_id"], order["order_id"]);
    let dearer = venue.put(&path, &alice, r#"{"price": "7.10", "quantity": 8}"#).await;
    dearer.expect(200);
    assert!(dearer.text.contains(r#""price":7.10"#), "{}", dearer.text);
    venue.put(&path, &alice, r#"{"price": 7.10}"#).await.refused(400, "no_change");
    venue.put(&path, &alice, "{}").await.refused(400, "missing_fields");
    venue.put(&path, &alice, r#"{"price": 7.101}"#).await.refused(400, "too_precise");
    venue.put(&path, &alice, r#"{"side": "sell"}"#).await.refused(400, "unknown_field");
    venue.put(&path, &bob, r#"{"quantity": 5}"#).await.refused(404, "not_found");
    // An amendment that crosses matches.
    venue.place(&bob, "sell", "7.50", 3).await;
    let crossed = venue.put(&path, &alice, r#"{"price": 7.50}"#).await.expect(200);
    assert_eq!(crossed["order"]["status"], "partially_filled");
    assert_eq!(crossed["order"]["filled_quantity"], 3);
    venue.put(&path, &alice, r#"{"quantity": 3}"#).await.refused(400, "quantity_below_filled");
}

#[tokio::test]
async fn a_cancellation_ends_an_open_order_once() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let order = venue.place(&alice, "buy", "7.00", 10).await;
    let path = format!("{ORDERS}/{}", order["order_id"].as_str().unwrap());
    venue.post(&format!("{path}/cancel"), &bob, "").await.refused(404, "not_found");
    let cancelled = venue.post(&format!("{path}/cancel"), &alice, "").await.expect(200);
    assert_eq!(cancelled["order"]["status"], "cancelled");
    assert_eq!(cancelled["order"]["notes"], "The owner cancelled it.");
    assert!(cancelled["message"].is_string());
    venue.post(&format!("{path}/cancel"), &alice, "").await.refused(400, "order_not_open");
    venue.delete(&path, &alice).await.refused(400, "order_not_open");
    venue.put(&path, &alice, r#"{"quantity": 5}"#).await.refused(400, "order_not_open");
    let again = venue.place(&alice, "buy", "7.00", 10).await;
    let path = format!("{ORDERS}/{}", again["order_id"].as_str().unwrap());
    assert_eq!(venue.delete(&path, &alice).await.expect(200)["order"]["status"], "cancelled");
    let balances = venue.get("/api/trading/balances", &alice).await.text;
    assert!(balances.contains(r#"{"asset":"USD","available":100000.00,"held":0.00,"#), "{balances}");
}

#[tokio::test]
async fn all_orders_are_cancelled_at_once_or_by_instrument() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    venue.place(&alice, "buy", "7.00", 10).await;
    venue.place(&alice, "buy", "6.00", 10).await;
    let other = limit("sell", "9", 1, "").replace(SYMBOL, OTHER_SYMBOL);
    venue.post(ORDERS, &alice, &other).await.expect(201);
    let one = venue.delete(&format!("{ORDERS}?symbol={OTHER_SYMBOL}"), &alice).await.expect(200);
    assert_eq!(one["cancelled"], 1);
    assert_eq!(one["orders"][0]["symbol"], OTHER_SYMBOL);
    let rest = venue.delete(ORDERS, &alice).await.expect(200);
    assert_eq!((&rest["cancelled"], rest["orders"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(venue.delete(ORDERS, &alice).await.expect(200)["cancelled"], 0);
    venue.delete(&format!("{ORDERS}?symbol=NOPE"), &alice).await.refused(400, "unknown_instrument");
    // The core has never heard of somebody who was not approved.
    let stranger = venue.stranger("carol").await;
    assert_eq!(venue.delete(ORDERS, &stranger).await.expect(200)["cancelled"], 0);
}

#[tokio::test]
async fn a_client_order_id_names_one_order() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let body = limit("buy", "7.00", 10, r#", "client_order_id": "once""#);
    let first = venue.post(ORDERS, &alice, &body).await;
    first.expect(201);
    // Whatever happens to the order, its repetition is answered like the first time.
    venue.place(&bob, "sell", "7.00", 4).await;
    let second = venue.post(ORDERS, &alice, &body).await;
    assert_eq!((second.status, &second.text), (first.status, &first.text));
    let listed = venue.get(ORDERS, &alice).await.expect(200);
    assert_eq!(listed["total"], 1);
    assert_eq!(listed["orders"][0]["status"], "partially_filled");
    let other = limit("buy", "7.01", 10, r#", "client_order_id": "once""#);
    venue.post(ORDERS, &alice, &other).await.refused(409, "duplicate_client_order_id");
    // Names are per account.
    venue.post(ORDERS, &bob, &limit("buy", "1", 1, r#", "client_order_id": "once""#)).await.expect(201);
}

#[tokio::test]
async fn a_refused_order_is_answered_400_and_stays_to_be_seen() {
    let venue = TestVenue::new().await;
    let poor = venue.poor("alice").await;
    let body = limit("buy", "7.00", 10, r#", "client_order_id": "broke""#);
    let problem = venue.post(ORDERS, &poor, &body).await.refused(400, "insufficient_funds");
    assert!(problem["message"].as_str().unwrap().contains("Not enough cash"));
    venue.post(ORDERS, &poor, &body).await.refused(400, "insufficient_funds");
    let sell = limit("sell", "7.00", 10, "");
    let problem = venue.post(ORDERS, &poor, &sell).await.refused(400, "insufficient_credits");
    assert_eq!(problem["errors"][0]["field"], "quantity");
    let found = venue.get(&format!("{ORDERS}?client_order_id=broke"), &poor).await.expect(200);
    assert_eq!(found["total"], 1);
    let order = &found["orders"][0];
    assert_eq!((&order["status"], &order["reject_reason"]), (&json!("rejected"), &json!("insufficient_funds")));
    assert!(order["submitted_at"].is_null() && order["closed_at"].is_string());
    let rejected = venue.get(&format!("{ORDERS}?status=rejected"), &poor).await.expect(200);
    assert_eq!(rejected["total"], 2);
    let path = format!("{ORDERS}/{}", order["order_id"].as_str().unwrap());
    assert_eq!(venue.get(&path, &poor).await.expect(200)["risk_limit_checked"], false);
}

#[tokio::test]
async fn only_verified_traders_trade() {
    let venue = TestVenue::new().await;
    let stranger = venue.stranger("alice").await;
    // Before anything is said about the body.
    venue.post(ORDERS, &stranger, "{").await.refused(403, "kyc_required");
    venue.post(ORDERS, &stranger, &limit("buy", "7.00", 10, "")).await.refused(403, "kyc_required");
    // The gateway says yes, the core does not know of it.
    venue.approve(&stranger).await;
    venue
        .run(cx_engine::Command::SetPermissions(cx_engine::command::SetPermissions {
            account: stranger.account,
            permissions: cx_engine::command::Permissions::default(),
        }))
        .await;
    venue.post(ORDERS, &stranger, &limit("buy", "7.00", 10, "")).await.refused(403, "trading_not_permitted");
    let auditor = venue.trader("bob").await;
    venue.set_role(&auditor, cx_identity::Role::Auditor).await;
    venue.post(ORDERS, &auditor, &limit("buy", "7.00", 10, "")).await.refused(401, "token_revoked");
}

#[tokio::test]
async fn trading_goes_on_while_the_database_is_away() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    // Whoever was there before is known for a moment.
    let first = venue.place(&alice, "sell", "7.00", 5).await;
    venue.place(&bob, "buy", "6.00", 5).await;
    venue.state.store.close().await;
    let order = venue.place(&bob, "buy", "7.00", 5).await;
    assert_eq!(order["status"], "filled");
    let path = format!("{ORDERS}/{}", first["order_id"].as_str().unwrap());
    assert_eq!(venue.get(&path, &alice).await.expect(200)["status"], "filled");
    assert_eq!(venue.get(&format!("{ORDERS}?status=open"), &bob).await.expect(200)["total"], 1);
    assert_eq!(venue.delete(ORDERS, &bob).await.expect(200)["cancelled"], 1);
    venue.public(&format!("/api/market/ticker/{SYMBOL}")).await.expect(200);
    venue.get(ORDERS, &alice).await.refused(503, "database_unavailable");
}

#[tokio::test]
async fn an_iceberg_shows_only_its_part() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let body = limit("sell", "7.25", 10, r#", "display_quantity": 3, "time_in_force": "day""#);
    let order = venue.post(ORDERS, &alice, &body).await.expect(201)["order"].clone();
    assert_eq!((&order["display_quantity"], &order["time_in_force"]), (&json!(3), &json!("DAY")));
    assert!(order["expires_at"].is_string());
    let shown = async || {
        venue.get(&format!("/api/market/depth/{SYMBOL}"), &bob).await.expect(200)["asks"][0]["quantity"].clone()
    };
    assert_eq!(shown().await, 3);
    venue.place(&bob, "buy", "7.25", 4).await;
    assert_eq!(shown().await, 2);
    let order = venue.get(&format!("{ORDERS}/{}", order["order_id"].as_str().unwrap()), &alice).await.expect(200);
    assert_eq!((&order["remaining_quantity"], &order["status"]), (&json!(6), &json!("partially_filled")));
}

#[tokio::test]
async fn self_trade_prevention_is_the_orders_choice() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let resting = venue.place(&alice, "sell", "7.25", 10).await;
    let body = limit("buy", "7.25", 4, r#", "self_trade_prevention": "decrement""#);
    let arriving = venue.post(ORDERS, &alice, &body).await.expect(201)["order"].clone();
    assert_eq!((&arriving["status"], &arriving["filled_quantity"]), (&json!("cancelled"), &json!(0)));
    let resting = venue.get(&format!("{ORDERS}/{}", resting["order_id"].as_str().unwrap()), &alice).await.expect(200);
    assert_eq!((&resting["quantity"], &resting["remaining_quantity"]), (&json!(6), &json!(6)));
    let body = limit("buy", "7.25", 4, r#", "self_trade_prevention": "cancel_oldest""#);
    let arriving = venue.post(ORDERS, &alice, &body).await.expect(201)["order"].clone();
    assert_eq!((&arriving["status"], &arriving["self_trade_prevention"]), (&json!("open"), &json!("cancel_oldest")));
    // Only one side's orders go.
    venue.place(&alice, "sell", "9.00", 1).await;
    let gone = venue.delete(&format!("{ORDERS}?side=sell"), &alice).await.expect(200);
    assert_eq!(gone["orders"].as_array().unwrap().len(), 1, "{gone}");
}
