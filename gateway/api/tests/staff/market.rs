//! Halts, and fees.

use axum::http::Method;
use cx_identity::Role;
use serde_json::{Value, json};

use crate::text;
use crate::venue::{OTHER_SYMBOL, SYMBOL, TestVenue, limit};

const ORDERS: &str = "/api/trading/orders";

#[tokio::test]
async fn a_halt_stops_all_trading_but_not_cancels() {
    let venue = TestVenue::new().await;
    let (admin, officer) = (venue.staff(Role::Admin).await, venue.staff(Role::ComplianceOfficer).await);
    let alice = venue.trader("alice").await;
    let order = venue.place(&alice, "buy", "7.00", 5).await;
    let why = json!({"reason": "prices out of order"});
    let answer = venue.ask(&officer, Method::POST, "/api/admin/halt", &why).await.expect(200);
    assert_eq!(answer["halted"], true);
    let all = venue.public("/api/market/instruments").await.expect(200);
    assert_eq!((&all["halted"], &all["instruments"][0]["status"]), (&json!(true), &json!("halted")));
    assert_eq!(all["instruments"][0]["phase"], "continuous", "the phase is what it was");
    assert_eq!(venue.get("/api/admin/instruments", &admin).await.expect(200)["halted"], true);
    for symbol in [SYMBOL, OTHER_SYMBOL] {
        let body = limit("buy", "7.00", 5, "").replace(SYMBOL, symbol);
        venue.post(ORDERS, &alice, &body).await.refused(503, "market_halted");
    }
    let path = format!("{ORDERS}/{}", order["order_id"].as_str().unwrap());
    venue.put(&path, &alice, r#"{"quantity": 3}"#).await.refused(503, "market_halted");
    venue.delete(&path, &alice).await.expect(200);
    venue.ask(&officer, Method::POST, "/api/admin/resume", &json!(null)).await.refused(403, "forbidden");
    let answer = venue.ask(&admin, Method::POST, "/api/admin/resume", &json!({})).await.expect(200);
    assert_eq!(answer["halted"], false);
    venue.place(&alice, "buy", "7.00", 5).await;
    let list = venue.get("/api/admin/decisions", &admin).await.expect(200);
    assert_eq!(list["decisions"][1]["reason"], "prices out of order");
    assert_eq!(
        (&list["decisions"][1]["made_by"], &list["decisions"][1]["user_id"]),
        (&json!(officer.id), &json!(null))
    );
}

#[tokio::test]
async fn fees_are_set_by_tier_shown_and_paid() {
    let venue = TestVenue::new().await;
    let admin = venue.staff(Role::Admin).await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let path = format!("/api/admin/fees/{SYMBOL}");
    let set = async |body: Value| venue.ask(&admin, Method::PUT, &path, &body).await.expect(200);
    set(json!({"tier": 0, "maker": -0.0002, "taker": "0.00125"})).await;
    set(json!({"tier": 3, "maker": 0, "taker": 0.0001})).await;
    let tiers = json!({"tier": 3, "volume": 50_000});
    let answer = venue.ask(&admin, Method::PUT, "/api/admin/fee-tiers", &tiers).await.expect(200);
    assert_eq!(answer["tiers"], json!([tiers]));

    let shown = venue.listed().await;
    assert_eq!(text(&shown["fees"]), r#"{"maker":-0.0002,"taker":0.00125}"#);
    let lines = r#"[{"maker":-0.0002,"taker":0.00125,"tier":0,"volume":null},{"maker":0,"taker":0.0001,"tier":3,"volume":50000}]"#;
    assert_eq!(text(&shown["fee_tiers"]), lines);
    let table = venue.get("/api/admin/fees", &admin).await.expect(200);
    assert_eq!((&table["tiers"], text(&table["instruments"][0]["fees"])), (&json!([tiers]), lines.to_owned()));
    assert_eq!(text(&table["instruments"][1]["fees"][0]["taker"]), "0.001", "the other instrument keeps its own");

    venue.place(&alice, "sell", "10.00", 10).await;
    let order = venue.place(&bob, "buy", "10.00", 10).await;
    assert_eq!(text(&order["fees"]), "0.125");
    let maker = venue.get("/api/trading/trades", &alice).await.expect(200)["trades"][0].clone();
    assert_eq!(text(&maker["fee"]), "-0.02");
    let recent = venue.public("/api/market/trades/recent").await.expect(200)["trades"][0].clone();
    assert_eq!(text(&recent["fee"]), "0.125", "what the aggressor paid, not what the listing said");
    let off = json!({"tier": 3, "volume": 0});
    let answer = venue.ask(&admin, Method::PUT, "/api/admin/fee-tiers", &off).await.expect(200);
    assert_eq!(answer["tiers"], json!([]));
}
