//! Phases now and planned: suspension, auctions, cancels only, delisting.

use axum::http::Method;
use chrono::{SecondsFormat, Utc};
use cx_api::venue::wall_nanos;
use cx_engine::Command;
use cx_identity::Role;
use serde_json::{Value, json};

use crate::venue::{OTHER_SYMBOL, SYMBOL, TestVenue, limit};
use crate::{print, text, to_phase};

const ORDERS: &str = "/api/trading/orders";

async fn status(venue: &TestVenue) -> Value {
    let all = venue.public(&format!("/api/market/status?symbol={SYMBOL}")).await.expect(200);
    assert_eq!(all["instruments"].as_array().unwrap().len(), 1);
    all["instruments"][0].clone()
}

#[tokio::test]
async fn a_suspended_instrument_takes_cancels_only_until_it_goes_on() {
    let venue = TestVenue::new().await;
    let (admin, alice) = (venue.staff(Role::Admin).await, venue.trader("alice").await);
    let order = venue.place(&alice, "buy", "7.00", 5).await;
    let now = to_phase(&venue, &admin, "suspended").await;
    assert_eq!((&now["phase"], &now["status"]), (&json!("suspended"), &json!("suspended")));
    let shown = venue.listed().await;
    assert_eq!((&shown["phase"], &shown["status"]), (&json!("suspended"), &json!("suspended")));
    assert_eq!((&status(&venue).await["phase"], shown["phase_ends_at"].is_null()), (&json!("suspended"), true));
    venue.post(ORDERS, &alice, &limit("buy", "7.00", 5, "")).await.refused(409, "wrong_phase");
    venue.delete(&format!("{ORDERS}/{}", order["order_id"].as_str().unwrap()), &alice).await.expect(200);
    let other = limit("buy", "7.00", 5, "").replace(SYMBOL, OTHER_SYMBOL);
    venue.post(ORDERS, &alice, &other).await.expect(201);
    to_phase(&venue, &admin, "continuous").await;
    venue.place(&alice, "buy", "7.00", 5).await;
    let path = format!("/api/admin/instruments/{SYMBOL}/phase");
    let again = venue.ask(&admin, Method::PUT, &path, &json!({"phase": "continuous"})).await;
    again.refused(400, "no_change");
}

#[tokio::test]
async fn an_auction_collects_shows_its_price_and_uncrosses() {
    let venue = TestVenue::new().await;
    let admin = venue.staff(Role::Admin).await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    to_phase(&venue, &admin, "opening_auction").await;
    venue.place(&alice, "sell", "6.90", 10).await;
    let order = venue.place(&bob, "buy", "7.10", 15).await;
    assert_eq!(order["status"], "open");
    let auction = status(&venue).await["auction"].clone();
    assert_eq!((text(&auction["volume"]), text(&auction["surplus"])), ("10".to_owned(), "5".to_owned()));
    assert_eq!(text(&auction["price"]), "7.10", "buys are in surplus everywhere");
    venue.post(ORDERS, &bob, &limit("buy", "7.10", 5, r#", "time_in_force": "IOC""#)).await.refused(409, "wrong_phase");
    let now = to_phase(&venue, &admin, "continuous").await;
    assert_eq!((text(&now["last_price"]), &now["auction"]), ("7.10".to_owned(), &json!(null)));
    let filled = venue.get(&format!("{ORDERS}/{}", order["order_id"].as_str().unwrap()), &bob).await.expect(200);
    assert_eq!((&filled["status"], text(&filled["filled_quantity"])), (&json!("partially_filled"), "10".to_owned()));
}

#[tokio::test]
async fn post_only_and_cancel_only_take_what_they_say() {
    let venue = TestVenue::new().await;
    let (admin, alice) = (venue.staff(Role::Admin).await, venue.trader("alice").await);
    let resting = venue.place(&alice, "sell", "7.00", 5).await;
    to_phase(&venue, &admin, "post_only").await;
    let post_only = |side: &str, price: &str| limit(side, price, 1, r#", "post_only": true"#);
    venue.post(ORDERS, &alice, &post_only("buy", "6.00")).await.expect(201);
    venue.post(ORDERS, &alice, &post_only("buy", "7.00")).await.refused(400, "post_only_would_match");
    venue.post(ORDERS, &alice, &limit("buy", "6.00", 1, "")).await.refused(409, "wrong_phase");
    to_phase(&venue, &admin, "cancel_only").await;
    venue.post(ORDERS, &alice, &post_only("buy", "6.00")).await.refused(409, "wrong_phase");
    venue.delete(&format!("{ORDERS}/{}", resting["order_id"].as_str().unwrap()), &alice).await.expect(200);
}

#[tokio::test]
async fn a_delisted_instrument_is_gone_for_good() {
    let venue = TestVenue::new().await;
    let (admin, alice) = (venue.staff(Role::Admin).await, venue.trader("alice").await);
    let order = venue.place(&alice, "buy", "7.00", 5).await;
    let later = (Utc::now() + chrono::Duration::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let schedule = format!("/api/admin/instruments/{SYMBOL}/schedule");
    let plan = json!({"phase": "closed", "at": later});
    venue.ask(&admin, Method::POST, &schedule, &plan).await.expect(201);
    let now = to_phase(&venue, &admin, "delisted").await;
    assert_eq!((&now["status"], &now["schedule"]), (&json!("delisted"), &json!([])));
    let gone = venue.get(&format!("{ORDERS}/{}", order["order_id"].as_str().unwrap()), &alice).await.expect(200);
    assert_eq!((&gone["status"], &gone["notes"]), (&json!("cancelled"), &json!("The instrument was delisted.")));
    venue.ask(&admin, Method::POST, &schedule, &plan).await.refused(409, "wrong_phase");
    let path = format!("/api/admin/instruments/{SYMBOL}/phase");
    venue.ask(&admin, Method::PUT, &path, &json!({"phase": "continuous"})).await.refused(409, "wrong_phase");
    let open = venue.public("/api/market/status").await.expect(200);
    let symbols: Vec<&Value> = open["instruments"].as_array().unwrap().iter().map(|one| &one["symbol"]).collect();
    assert_eq!(symbols, [OTHER_SYMBOL]);
}

#[tokio::test]
async fn plans_are_shown_take_effect_and_are_taken_back() {
    let venue = TestVenue::new().await;
    let (admin, auditor) = (venue.staff(Role::Admin).await, venue.staff(Role::Auditor).await);
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    print(&venue, &alice, &bob, "7.00").await;
    let schedule = format!("/api/admin/instruments/{SYMBOL}/schedule");
    let at = |ahead: chrono::Duration| (Utc::now() + ahead).to_rfc3339_opts(SecondsFormat::Nanos, true);
    let plan = async |phase: &str, at: String, every: Value| {
        let body = json!({"phase": phase, "at": at, "every_seconds": every});
        venue.ask(&admin, Method::POST, &schedule, &body).await
    };
    plan("pre_open", at(chrono::Duration::hours(2)), json!(86_400)).await.expect(201);
    // As soon as the machine can: a plan that comes too late is refused.
    let mut ahead = 50;
    let soon = loop {
        let soon = at(chrono::Duration::milliseconds(ahead));
        let answer = plan("closing_auction", soon.clone(), json!(86_400)).await;
        if answer.status.as_u16() == 201 {
            break soon;
        }
        answer.refused(400, "invalid_expiry");
        ahead *= 2;
    };
    let shown = venue.get(&schedule, &auditor).await.expect(200);
    let phases: Vec<&Value> = shown["schedule"].as_array().unwrap().iter().map(|plan| &plan["phase"]).collect();
    assert_eq!(phases, ["closing_auction", "pre_open"], "the next first");
    assert_eq!(status(&venue).await["next"]["phase"], "closing_auction");

    let due = chrono::DateTime::parse_from_rfc3339(&soon).unwrap().timestamp_nanos_opt().unwrap();
    while wall_nanos() <= due.unsigned_abs() {
        tokio::task::yield_now().await;
    }
    venue.run(Command::Tick).await;
    assert_eq!(status(&venue).await["phase"], "closing_auction");
    let shown = venue.get(&schedule, &auditor).await.expect(200);
    let again = chrono::DateTime::parse_from_rfc3339(shown["schedule"][1]["at"].as_str().unwrap()).unwrap();
    let day_later = due / 1_000 + 86_400_000_000;
    assert_eq!(again.timestamp_micros(), day_later, "it comes again a day later");

    let cleared = venue.ask(&admin, Method::DELETE, &schedule, &json!(null)).await.expect(200);
    assert_eq!(cleared["instrument"]["schedule"], json!([]));
    assert_eq!(status(&venue).await["next"], json!(null));
    plan("closed", "2020-01-01T00:00:00Z".to_owned(), json!(null)).await.refused(400, "invalid_expiry");
}
