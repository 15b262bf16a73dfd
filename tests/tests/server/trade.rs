//! A first trade: what the README shows, against a server on a fresh folder.

use cx_tests::client::{Client, expect};
use cx_tests::server::{Launch, run};
use reqwest::StatusCode;
use serde_json::json;

use crate::{Demo, balance, offered, text};

/// Money as text with four places, in minor units.
fn minor(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<4}").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_trades_and_everything_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch::on(folder.path()).flag("--demo");
    let server = launch.start().await.unwrap();
    assert!(server.log().contains("buyer@demo.example"), "passwords are shown on first start:\n{}", server.log());
    let demo = Demo::read(folder.path());
    let buyer = Client::login(&server.url, demo.of("BUYER")).await;
    let maker = Client::login(&server.url, demo.of("MAKER")).await;
    let (symbol, price) = offered(&buyer).await;
    let asset = symbol.strip_suffix("-USD").unwrap();
    let (cash_before, held_before) = balance(&buyer, "USD").await;
    let maker_credits = balance(&maker, asset).await;
    assert_eq!((minor(&cash_before), minor(&held_before)), (100_000 * 10_000, 0));

    let order = json!({
        "order_type": "limit", "side": "buy", "symbol": symbol, "quantity": 7, "price": price,
        "time_in_force": "ioc", "client_order_id": "first-trade",
    });
    let placed = expect(StatusCode::CREATED, buyer.post("/api/trading/orders", &order).await)["order"].clone();
    assert_eq!((text(&placed["status"]), placed["filled_quantity"].to_string().as_str()), ("filled", "7"));

    // The taker pays the notional and 10 basis points of it, rounded down to the minor unit.
    let notional = 7 * minor(&price);
    let paid = notional + notional / 1_000;
    let (cash_after, held_after) = balance(&buyer, "USD").await;
    assert_eq!(minor(&cash_after), minor(&cash_before) - paid);
    assert_eq!((minor(&held_after), balance(&buyer, asset).await.0.as_str()), (0, "7"));
    let (available, held) = balance(&maker, asset).await;
    let tonnes = |(available, held): &(String, String)| minor(available) + minor(held);
    assert_eq!(tonnes(&(available, held)), tonnes(&maker_credits) - 7 * 10_000);

    let trades = expect(StatusCode::OK, buyer.get("/api/trading/trades").await);
    let trade = trades["trades"][0].clone();
    assert_eq!((trades["total"].to_string().as_str(), trade["quantity"].to_string().as_str()), ("1", "7"));
    assert_eq!((text(&trade["side"]), text(&trade["liquidity"])), ("buy", "taker"));

    let ended = server.stop().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);

    let data = folder.path().to_str().unwrap();
    let verified = run(&["verify", "--data", data]).await;
    let lines = String::from_utf8(verified.stdout).unwrap();
    assert_eq!(verified.status.code(), Some(0), "{lines}{}", String::from_utf8_lossy(&verified.stderr));
    for check in ["journal", "state", "conservation", "database"] {
        assert!(lines.lines().any(|line| line.starts_with(check) && line.contains(" ok ")), "{check}:\n{lines}");
    }

    let server = launch.start().await.unwrap();
    assert!(!server.log().contains(demo.of("BUYER").1), "passwords are shown once");
    let buyer = Client::login(&server.url, demo.of("BUYER")).await;
    assert_eq!(balance(&buyer, "USD").await, (cash_after, held_after));
    let id = text(&placed["order_id"]);
    let found = expect(StatusCode::OK, buyer.get(&format!("/api/trading/orders/{id}")).await);
    assert_eq!(found["status"], "filled");
    let trades = expect(StatusCode::OK, buyer.get("/api/trading/trades").await);
    assert_eq!(trades["trades"][0]["trade_id"], trade["trade_id"]);
    // The same order again is the same order, also across the restart.
    let again = expect(StatusCode::CREATED, buyer.post("/api/trading/orders", &order).await);
    assert_eq!(again["order"]["order_id"], placed["order_id"]);
    assert_eq!(expect(StatusCode::OK, buyer.get("/api/trading/trades").await)["total"], 1);
    assert_eq!(server.stop().await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_trades_once_staff_have_approved_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let server = Launch::on(folder.path()).flag("--demo").start().await.unwrap();
    let newcomer = Client::register(&server.url, "new@trader.example", "Str0ng-enough!").await;
    let (symbol, price) = offered(&newcomer).await;
    let order = json!({"order_type": "limit", "side": "buy", "symbol": symbol, "quantity": 1, "price": price});
    let (status, refused) = newcomer.post("/api/trading/orders", &order).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{refused:#}");

    // The first admin is the one that the environment names.
    let admin = Client::login(&server.url, cx_tests::server::ADMIN).await;
    let approve = format!("/api/admin/kyc/{}/approve", newcomer.id());
    let approved = expect(StatusCode::OK, admin.post(&approve, &json!({"level": 1})).await);
    assert_eq!(approved["user"]["is_kyc_approved"], true);
    let (status, refused) = newcomer.post("/api/trading/orders", &order).await;
    assert_eq!((status, &refused["code"]), (StatusCode::BAD_REQUEST, &json!("insufficient_funds")));

    let deposit = json!({"user_id": newcomer.id(), "currency": "USD", "amount": "5000.00", "reference": "wire 1"});
    let (first, again) = (
        admin.post_once("/api/wallet/deposits", "wire-1", &deposit).await,
        admin.post_once("/api/wallet/deposits", "wire-1", &deposit).await,
    );
    assert_eq!(expect(StatusCode::CREATED, first), expect(StatusCode::CREATED, again), "one key, one deposit");
    assert_eq!(balance(&newcomer, "USD").await.0, "5000.00");
    let placed = expect(StatusCode::CREATED, newcomer.post("/api/trading/orders", &order).await);
    assert_eq!(placed["order"]["status"], "filled");
    assert_eq!(server.stop().await.status.code(), Some(0));
}
