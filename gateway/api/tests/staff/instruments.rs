//! Listing, and bands.

use axum::http::Method;
use cx_identity::Role;
use serde_json::{Value, json};

use crate::venue::{SYMBOL, TestVenue, limit};
use crate::{print, text, to_phase};

const INSTRUMENTS: &str = "/api/admin/instruments";
const ORDERS: &str = "/api/trading/orders";

#[tokio::test]
async fn a_currency_is_added_and_an_instrument_listed_in_it() {
    let venue = TestVenue::new().await;
    let (admin, auditor) = (venue.staff(Role::Admin).await, venue.staff(Role::Auditor).await);
    let euro = json!({"code": "EUR", "class": "cash", "scale": 4});
    let added = venue.ask(&admin, Method::POST, "/api/admin/assets", &euro).await.expect(201);
    assert_eq!(added["asset"], euro);
    venue.ask(&admin, Method::POST, "/api/admin/assets", &euro).await.refused(409, "already_exists");
    let assets = venue.get("/api/admin/assets", &auditor).await.expect(200);
    let codes: Vec<&Value> = assets["assets"].as_array().unwrap().iter().map(|asset| &asset["code"]).collect();
    assert_eq!(codes, ["USD", "VCS-191-2016", "GS-11603-2025", "EUR"]);

    let body = json!({"asset": "VCS-191-2016", "currency": "EUR", "tick_size": 0.005, "price_max": 500,
        "maker_fee": -0.0001, "taker_fee": 0.0015});
    let answer = venue.ask(&admin, Method::POST, INSTRUMENTS, &body).await;
    let listed = answer.expect(201)["instrument"].clone();
    assert_eq!((&listed["symbol"], &listed["phase"]), (&json!("VCS-191-2016-EUR"), &json!("continuous")));
    assert_eq!((text(&listed["tick_size"]), text(&listed["price_max"])), ("0.005".to_owned(), "500.000".to_owned()));
    assert_eq!(text(&listed["fees"]), r#"[{"maker":-0.0001,"taker":0.0015,"tier":0,"volume":null}]"#);
    venue.ask(&admin, Method::POST, INSTRUMENTS, &body).await.refused(409, "already_exists");

    // Traders find it and its terms bind them.
    let alice = venue.trader("alice").await;
    let at = |price: &str| limit("sell", price, 1, "").replace(SYMBOL, "VCS-191-2016-EUR");
    venue.post(ORDERS, &alice, &at("7.005")).await.expect(201);
    venue.post(ORDERS, &alice, &at("7.001")).await.refused(400, "too_precise");
    venue.post(ORDERS, &alice, &at("500.005")).await.refused(400, "invalid_price");
}

#[tokio::test]
async fn an_instrument_is_listed_on_the_usual_terms_when_none_are_given() {
    let venue = TestVenue::new().await;
    let admin = venue.staff(Role::Admin).await;
    let body = json!({"asset": "VCS-191-2016", "currency": "USD", "symbol": "SECOND"});
    let second = venue.ask(&admin, Method::POST, INSTRUMENTS, &body).await.expect(201)["instrument"].clone();
    let first = venue.get(&format!("{INSTRUMENTS}/{SYMBOL}"), &admin).await.expect(200);
    for field in ["tick_size", "lot_size", "price_max", "fees", "bands", "status", "phase"] {
        assert_eq!(second[field], first[field], "{field}");
    }
    assert_eq!(second["symbol"], "SECOND");
}

#[tokio::test]
async fn bands_stop_trades_and_the_collar_refuses_limits() {
    let venue = TestVenue::new().await;
    let admin = venue.staff(Role::Admin).await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    print(&venue, &alice, &bob, "10.00").await;
    assert_eq!(venue.listed().await["price_bands"], json!(null));
    let body = json!({"collar_percent": 20, "static_percent": "12.5", "dynamic_percent": 5, "halt_seconds": 300.5,
        "extensions_max": 2, "extension_seconds": 60, "reference_price": 9.5});
    let path = format!("{INSTRUMENTS}/{SYMBOL}/bands");
    venue.ask(&admin, Method::PUT, &path, &body).await.expect(200);
    let bands = venue.listed().await["price_bands"].clone();
    assert_eq!((text(&bands["static_percent"]), text(&bands["halt_seconds"])), ("12.5".to_owned(), "300.5".to_owned()));
    // 8.3125 and 10.6875, rounded inwards to ticks.
    assert_eq!(text(&bands["static"]), r#"{"high":10.68,"low":8.32}"#);
    assert_eq!(text(&bands["dynamic"]), r#"{"high":10.50,"low":9.50}"#);
    assert_eq!(text(&bands["collar"]), r#"{"high":12.00,"low":8.00}"#);

    let over = venue.post(ORDERS, &alice, &limit("buy", "12.01", 1, "")).await.refused(400, "price_outside_collar");
    assert_eq!(over["errors"][0]["field"], "price");
    venue.place(&alice, "sell", "10.51", 3).await;
    let order = venue.place(&bob, "buy", "10.60", 3).await;
    assert_eq!(order["status"], "open", "the band stopped it: {order}");
    let halted = venue.listed().await;
    assert_eq!(halted["phase"], "volatility_halt");
    assert!(halted["phase_ends_at"].is_string(), "{halted}");
    assert_eq!(text(&halted["auction"]["volume"]), "3");
    // Staff end the halt: the auction trades, and its price is the new reference.
    let now = to_phase(&venue, &admin, "continuous").await;
    assert_eq!(text(&now["bands"]["reference_price"]), text(&now["last_price"]));
    assert_eq!(venue.listed().await["auction"], json!(null));

    // All at once: what is not named is off, but the reference price stays.
    let off = venue.ask(&admin, Method::PUT, &path, &json!({})).await.expect(200)["instrument"]["bands"].clone();
    assert_eq!(off["reference_price"], now["bands"]["reference_price"]);
    for field in ["collar_percent", "static_percent", "dynamic_percent", "collar", "static", "dynamic"] {
        assert_eq!(off[field], json!(null), "{field}");
    }
    assert_eq!(venue.listed().await["price_bands"], json!(null));
}
