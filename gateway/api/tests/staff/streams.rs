//! What subscribers are told when staff decide: the `status` and `auction` channels.

use axum::http::Method;
use cx_identity::Role;
use serde_json::json;

use crate::client::Client;
use crate::to_phase;
use crate::venue::{OTHER_SYMBOL, SYMBOL, TestVenue};

#[tokio::test]
async fn status_tells_phases_bands_and_halts() {
    let venue = TestVenue::new().await;
    let admin = venue.staff(Role::Admin).await;
    let address = venue.listen().await;
    let mut client = Client::open(address).await;
    let subscribed = client.ok("subscribe", json!({"channel": "status", "symbol": SYMBOL})).await;
    assert_eq!(subscribed["snapshot_required"], true);
    let first = client.on("status").await;
    assert_eq!((&first["type"], &first["seq"]), (&json!("snapshot"), &subscribed["seq"]));
    assert_eq!(
        (&first["phase"], &first["status"], &first["bands"]),
        (&json!("continuous"), &json!("active"), &json!(null))
    );

    // Another instrument's phase is not told here.
    let other = format!("/api/admin/instruments/{OTHER_SYMBOL}/phase");
    venue.ask(&admin, Method::PUT, &other, &json!({"phase": "closed"})).await.expect(200);
    to_phase(&venue, &admin, "post_only").await;
    let update = client.on("status").await;
    assert_eq!(
        (&update["type"], &update["symbol"], &update["phase"]),
        (&json!("update"), &json!(SYMBOL), &json!("post_only"))
    );
    let bands = format!("/api/admin/instruments/{SYMBOL}/bands");
    let body = json!({"static_percent": 12.5, "halt_seconds": 60, "reference_price": 7});
    venue.ask(&admin, Method::PUT, &bands, &body).await.expect(200);
    let update = client.on("status").await["bands"].clone();
    assert_eq!(
        update,
        json!({"collar_percent": null, "static_percent": "12.5", "dynamic_percent": null, "reference_price": "7.00"})
    );
    venue.ask(&admin, Method::POST, "/api/admin/halt", &json!(null)).await.expect(200);
    let last = client.on("status").await;
    assert_eq!(
        (&last["halted"], &last["status"], &last["phase"]),
        (&json!(true), &json!("halted"), &json!("post_only"))
    );

    // Who has the last message has missed nothing; who has an older one gets the whole state.
    let mut second = Client::open(address).await;
    let resume = |seq: u64| json!({"channel": "status", "symbol": SYMBOL, "from_seq": seq, "epoch": last["epoch"]});
    let at = last["seq"].as_u64().unwrap();
    assert_eq!(second.ok("subscribe", resume(at)).await["snapshot_required"], false);
    assert_eq!(second.ok("subscribe", resume(at - 1)).await["snapshot_required"], true);
    let whole = second.on("status").await;
    assert_eq!((&whole["type"], &whole["status"]), (&json!("snapshot"), &json!("halted")));
    let left = second.ok("unsubscribe", json!({"channel": "status", "symbol": SYMBOL})).await;
    assert_eq!(left["unsubscribed"], true);
}

#[tokio::test]
async fn auction_tells_what_it_would_give_and_gave() {
    let venue = TestVenue::new().await;
    let admin = venue.staff(Role::Admin).await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let mut client = Client::open(venue.listen().await).await;
    client.ok("subscribe", json!({"channel": "auction", "symbol": SYMBOL})).await;
    let first = client.on("auction").await;
    assert_eq!(
        (&first["type"], &first["indicative"], &first["last"]),
        (&json!("snapshot"), &json!(null), &json!(null))
    );
    to_phase(&venue, &admin, "opening_auction").await;
    assert_eq!(client.on("auction").await["phase"], "opening_auction");
    venue.place(&alice, "sell", "6.90", 10).await;
    venue.place(&bob, "buy", "7.10", 15).await;
    let indicated = client.on("auction").await;
    assert_eq!(indicated["indicative"], json!({"price": "7.10", "volume": "10", "surplus": "5"}));
    to_phase(&venue, &admin, "continuous").await;
    let after = client.on("auction").await;
    assert_eq!((&after["phase"], &after["indicative"]), (&json!("continuous"), &json!(null)));
    assert_eq!((&after["last"]["price"], &after["last"]["volume"]), (&json!("7.10"), &json!("10")));
    assert!(after["last"]["ts_engine"].is_string());
}
