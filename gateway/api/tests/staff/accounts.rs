//! Limits, owners and kill switches of trading accounts.

use axum::http::Method;
use cx_engine::command::{NewOrder, Side};
use cx_engine::ids::InstrumentId;
use cx_engine::reject::Reject;
use cx_engine::units::{Price, Quantity};
use cx_engine::{Command, Event};
use cx_identity::Role;
use serde_json::{Value, json};

use crate::venue::{SYMBOL, TestVenue, limit};
use crate::{print, text};

const ORDERS: &str = "/api/trading/orders";

#[tokio::test]
async fn limits_bind_and_are_shown_exactly() {
    let venue = TestVenue::new().await;
    let (admin, auditor) = (venue.staff(Role::Admin).await, venue.staff(Role::Auditor).await);
    let alice = venue.trader("alice").await;
    let path = format!("/api/admin/limits/{}", alice.id);
    let free = venue.get(&path, &auditor).await.expect(200);
    assert!(free["limits"].as_object().unwrap().values().all(Value::is_null), "{free}");
    let set = async |body: Value| venue.ask(&admin, Method::PUT, &path, &body).await.expect(200);
    let refused = async |price: &str, quantity, code: &str| {
        venue.post(ORDERS, &alice, &limit("buy", price, quantity, "")).await.refused(400, code);
    };
    let answer = set(json!({"order_quantity_max": 10, "order_notional_max": "70.0001", "exposure_max": 100})).await;
    assert_eq!(text(&answer["limits"]["order_notional_max"]), "70.0001");
    assert_eq!(text(&answer["limits"]["exposure_max"]), "100.00");
    refused("1.00", 11, "order_quantity_limit").await;
    refused("7.01", 10, "order_notional_limit").await;
    venue.place(&alice, "buy", "7.00", 10).await;
    refused("3.01", 10, "exposure_limit").await;
    set(json!({"open_orders_max": 1})).await;
    refused("1.00", 1, "open_orders_limit").await;

    // Two at once: of orders of one moment, which a batch has, two are taken.
    set(json!({"rate_per_second": 1, "burst": 2})).await;
    let order = Command::Place(NewOrder::limit(
        alice.account,
        InstrumentId::new(0),
        Side::Buy,
        Price::from_ticks(1),
        Quantity::from_lots(1),
    ));
    let mut throttled = Vec::new();
    for pending in venue.sequencer.submit_batch(&[order; 5]).unwrap() {
        let reply = pending.await.unwrap();
        let refused = |event: &Event| matches!(event, Event::OrderRejected(it) if it.reason == Reject::Throttled);
        throttled.push(reply.own().iter().any(refused));
    }
    assert_eq!(throttled, [false, false, true, true, true]);
    let off = set(json!({})).await;
    assert!(off["limits"].as_object().unwrap().values().all(Value::is_null), "{off}");
    venue.place(&alice, "buy", "1.00", 1_000).await;
}

#[tokio::test]
async fn a_position_limit_counts_what_is_owned_and_bid_for() {
    let venue = TestVenue::new().await;
    let (admin, alice) = (venue.staff(Role::Admin).await, venue.trader("alice").await);
    let path = format!("/api/admin/limits/{}/positions", alice.id);
    let body = json!({"symbol": SYMBOL, "position_max": 10_005});
    let answer = venue.ask(&admin, Method::PUT, &path, &body).await.expect(200);
    assert_eq!(answer["position_limits"], json!([{"symbol": SYMBOL, "position_max": 10_005}]));
    venue.place(&alice, "buy", "1.00", 5).await;
    venue.post(ORDERS, &alice, &limit("buy", "1.00", 1, "")).await.refused(400, "position_limit");
    let off = venue.ask(&admin, Method::PUT, &path, &json!({"symbol": SYMBOL})).await.expect(200);
    assert_eq!(off["position_limits"], json!([]));
    venue.place(&alice, "buy", "1.00", 1).await;
}

#[tokio::test]
async fn accounts_of_one_owner_do_not_trade_with_each_other() {
    let venue = TestVenue::new().await;
    let admin = venue.staff(Role::Admin).await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    for trader in [&alice, &bob] {
        let path = format!("/api/admin/limits/{}/group", trader.id);
        let answer = venue.ask(&admin, Method::PUT, &path, &json!({"group": 7})).await.expect(200);
        assert_eq!((&answer["group"], &answer["account"]), (&json!(7), &json!(trader.id)));
    }
    venue.place(&alice, "sell", "7.00", 5).await;
    let order = venue.place(&bob, "buy", "7.00", 5).await;
    assert_eq!((&order["status"], text(&order["filled_quantity"])), (&json!("cancelled"), "0".to_owned()));
    let path = format!("/api/admin/limits/{}/group", bob.id);
    venue.ask(&admin, Method::PUT, &path, &json!({"group": 0})).await.expect(200);
    assert_eq!(venue.place(&bob, "buy", "7.00", 5).await["status"], "filled");
}

#[tokio::test]
async fn a_killed_account_loses_its_orders_and_places_none_until_it_is_revived() {
    let venue = TestVenue::new().await;
    let (admin, officer) = (venue.staff(Role::Admin).await, venue.staff(Role::ComplianceOfficer).await);
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let order = venue.place(&alice, "buy", "7.00", 5).await;
    venue.place(&alice, "sell", "8.00", 5).await;
    venue.place(&bob, "buy", "6.00", 5).await;
    let uuid = venue.state.identity.user(alice.id).await.unwrap().uuid;
    let path = format!("/api/admin/kill/{uuid}");
    let why = json!({"reason": "orders out of control"});
    let killed = venue.ask(&officer, Method::POST, &path, &why).await.expect(200);
    assert_eq!((&killed["killed"], &killed["cancelled"]), (&json!(true), &json!(2)));
    assert_eq!((&killed["account"], &killed["open_orders"]), (&json!(alice.id), &json!(0)));
    let gone = venue.get(&format!("{ORDERS}/{}", order["order_id"].as_str().unwrap()), &alice).await.expect(200);
    assert_eq!((&gone["status"], &gone["notes"]), (&json!("cancelled"), &json!("The account was stopped.")));
    venue.post(ORDERS, &alice, &limit("buy", "7.00", 5, "")).await.refused(403, "account_stopped");
    venue.ask(&officer, Method::DELETE, &path, &json!(null)).await.refused(403, "forbidden");
    let revived = venue.ask(&admin, Method::DELETE, &path, &json!(null)).await.expect(200);
    assert_eq!((&revived["killed"], &revived["cancelled"]), (&json!(false), &json!(0)));
    print(&venue, &bob, &alice, "7.00").await;

    let list = venue.get("/api/admin/decisions?per_page=2", &officer).await.expect(200);
    let decided: Vec<_> = list["decisions"].as_array().unwrap().iter().map(|one| &one["action"]).collect();
    assert_eq!(decided, ["venue.revive", "venue.kill"]);
    assert_eq!(list["total"], 2);
    let kill = &list["decisions"][1];
    assert_eq!((&kill["made_by"], &kill["user_id"]), (&json!(officer.id), &json!(alice.id)));
    assert_eq!(kill["reason"], "orders out of control");
    assert!(kill["detail"].as_str().unwrap().starts_with("journal position "), "{kill}");
}

#[tokio::test]
async fn the_market_is_stopped_without_the_database() {
    let venue = TestVenue::new().await;
    let (admin, alice) = (venue.staff(Role::Admin).await, venue.trader("alice").await);
    venue.place(&alice, "buy", "7.00", 5).await;
    // The token is known from here on.
    venue.get("/api/admin/fees", &admin).await.expect(200);
    venue.get("/api/trading/balances", &alice).await.expect(200);
    venue.state.store.close().await;
    let path = format!("/api/admin/kill/{}", alice.id);
    assert_eq!(venue.ask(&admin, Method::POST, &path, &json!(null)).await.expect(200)["cancelled"], 1);
    assert_eq!(venue.ask(&admin, Method::POST, "/api/admin/halt", &json!(null)).await.expect(200)["halted"], true);
    assert_eq!(venue.public("/api/market/status").await.expect(200)["halted"], true);
}
