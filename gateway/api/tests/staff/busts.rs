//! Trades that are reversed.

use axum::http::Method;
use cx_identity::Role;
use serde_json::{Value, json};

use crate::venue::{OTHER_SYMBOL, SYMBOL, TestVenue, Trader, limit};
use crate::{print, text};

async fn balance(venue: &TestVenue, trader: &Trader, asset: &str) -> String {
    let all = venue.get("/api/trading/balances", trader).await.expect(200);
    let all = all["balances"].as_array().unwrap();
    all.iter().find(|one| one["asset"] == asset).map_or("0".to_owned(), |one| text(&one["total"]))
}

fn path(trade: &Value) -> String {
    format!("/api/admin/trades/{}/bust", trade["trade_id"].as_str().unwrap())
}

#[tokio::test]
async fn a_busted_trade_gives_everything_back() {
    let venue = TestVenue::new().await;
    let admin = venue.staff(Role::Admin).await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let trade = print(&venue, &alice, &bob, "25.50").await;
    assert_eq!(balance(&venue, &bob, "USD").await, "99974.4745");
    let why = json!({"reason": "clearly erroneous"});
    let answer = venue.ask(&admin, Method::POST, &path(&trade), &why).await;
    let busted = answer.expect(200)["trade"].clone();
    assert_eq!((&busted["buyer"], &busted["seller"]), (&json!(bob.id), &json!(alice.id)));
    assert_eq!((text(&busted["buyer_fee"]), text(&busted["seller_fee"])), ("0.0255".to_owned(), "0.0127".to_owned()));
    for trader in [&alice, &bob] {
        assert_eq!(balance(&venue, trader, "USD").await, "100000.00");
        assert_eq!(balance(&venue, trader, "VCS-191-2016").await, "10000");
        let shown = venue.get("/api/trading/trades", trader).await.expect(200)["trades"][0].clone();
        assert_eq!((&shown["trade_id"], &shown["status"]), (&trade["trade_id"], &json!("cancelled")), "{shown}");
        // What it did to the cost of the position is undone as well.
        let holdings = venue.get("/api/trading/portfolio/holdings", trader).await.expect(200);
        let holding = holdings["holdings"].as_array().unwrap().iter().find(|one| one["symbol"] == SYMBOL);
        assert_eq!(text(&holding.unwrap()["average_cost"]), "0.00", "{holdings}");
    }
    venue.ask(&admin, Method::POST, &path(&trade), &why).await.refused(409, "already_busted");
    let by_number = format!("/api/admin/trades/{}/bust", trade["id"]);
    venue.ask(&admin, Method::POST, &by_number, &why).await.refused(409, "already_busted");
    venue.sink().await;
    let shown = venue.get("/api/trading/trades", &bob).await.expect(200)["trades"][0].clone();
    assert_eq!(shown["status"], "cancelled", "out of SQL too");
}

#[tokio::test]
async fn what_is_gone_cannot_be_given_back() {
    let venue = TestVenue::new().await;
    let admin = venue.staff(Role::Admin).await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let why = json!({"reason": "clearly erroneous"});
    // The buyer sells on all credits.
    let trade = print(&venue, &alice, &bob, "7.00").await;
    venue.place(&bob, "sell", "7.00", 10_001).await;
    let refused = venue.ask(&admin, Method::POST, &path(&trade), &why).await.refused(400, "insufficient_credits");
    assert!(refused["detail"].as_str().unwrap().contains("retired"), "{refused}");
    venue.delete(&format!("/api/trading/orders?symbol={SYMBOL}"), &bob).await.expect(200);
    // The seller puts the proceeds into another order.
    let sold = venue.poor("sold").await;
    let credits = cx_engine::command::Movement {
        account: sold.account,
        asset: cx_engine::ids::AssetId::new(1),
        amount: cx_engine::units::Amount::from_minor(1),
        reference: 0,
    };
    venue.run(cx_engine::Command::Issue(credits)).await;
    let trade = print(&venue, &sold, &bob, "7.00").await;
    let spend = limit("buy", "1.00", 6, "").replace(SYMBOL, OTHER_SYMBOL);
    venue.post("/api/trading/orders", &sold, &spend).await.expect(201);
    venue.ask(&admin, Method::POST, &path(&trade), &why).await.refused(400, "insufficient_funds");
}

#[tokio::test]
async fn trades_that_are_not_there_are_404() {
    let venue = TestVenue::new().await;
    let admin = venue.staff(Role::Admin).await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let trade = print(&venue, &alice, &bob, "7.00").await;
    let why = json!({"reason": "clearly erroneous"});
    let id = trade["trade_id"].as_str().unwrap();
    let other_day = format!("TRD-19990101-{}", id.rsplit('-').next().unwrap());
    for name in [other_day.as_str(), "2", "0", "18446744073709551616", "ORD-20260307-00000001", "x", "-1", "1.0"] {
        let path = format!("/api/admin/trades/{name}/bust");
        venue.ask(&admin, Method::POST, &path, &why).await.refused(404, "unknown_trade");
    }
    for body in [json!({"reason": "  "}), json!({"reason": "x".repeat(501)}), json!({"reason": 5})] {
        venue.ask(&admin, Method::POST, &path(&trade), &body).await.refused(400, "invalid_value");
    }
    venue.ask(&admin, Method::POST, &path(&trade), &json!({})).await.refused(400, "missing_fields");
    assert_eq!(balance(&venue, &bob, "VCS-191-2016").await, "10001", "nothing happened");
}
