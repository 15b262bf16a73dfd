//! One socket's life: authenticate, trade, be limited, be closed.

use std::time::Duration;

use cx_api::ws::SocketLimits;
use cx_identity::IdentitySettings;
use futures_util::StreamExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::Client;
use crate::venue::{OTHER_SYMBOL, SYMBOL, TestVenue};

#[tokio::test]
async fn a_connection_is_authenticated_by_method_or_by_header() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let address = venue.listen().await;
    let mut client = Client::open(address).await;
    client.ok("ping", json!({})).await;
    for method in
        ["order.place", "order.get", "order.cancel", "order.cancel_all", "order.amend", "orders.open", "balances"]
    {
        assert_eq!(client.refused(method, json!({})).await["code"], "unauthenticated", "{method}");
    }
    for channel in ["orders", "balances"] {
        assert_eq!(client.refused("subscribe", json!({ "channel": channel })).await["code"], "unauthenticated");
    }
    assert_eq!(client.refused("auth", json!({ "token": "nonsense" })).await["code"], "token_invalid");
    let who = client.ok("auth", json!({ "token": alice.token })).await;
    assert_eq!((&who["account"], &who["may_trade"]), (&json!(alice.account.get()), &json!(true)));
    client.ok("balances", json!({})).await;
    // A socket belongs to one account.
    assert_eq!(client.refused("auth", json!({ "token": bob.token })).await["code"], "invalid_value");
    let mut by_header = Client::try_open(address, Some(&bob.token)).await.unwrap();
    by_header.ok("balances", json!({})).await;
    match Client::try_open(address, Some("nonsense")).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 401),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade() {
    let venue = TestVenue::new().await;
    let answer = venue.public("/ws").await;
    answer.refused(426, "upgrade_required");
    assert_eq!(answer.headers["upgrade"], "websocket");
}

#[tokio::test]
async fn orders_are_placed_amended_cancelled_and_shown() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let mut client = Client::of(venue.listen().await, &alice).await;
    let buy = json!({ "symbol": SYMBOL, "side": "buy", "order_type": "limit", "price": "7.00", "quantity": 10, "client_order_id": "x-1" });
    let placed = client.ok("order.place", buy.clone()).await;
    assert_eq!((&placed["repeated"], &placed["order"]["status"]), (&json!(false), &json!("open")));
    assert_eq!((&placed["order"]["price"], &placed["order"]["leaves_quantity"]), (&json!("7.00"), &json!("10")));
    let again = client.ok("order.place", buy).await;
    assert_eq!((&again["repeated"], &again["order"]), (&json!(true), &placed["order"]));
    let amended = client.ok("order.amend", json!({ "order_id": placed["order"]["order_id"], "price": "7.25" })).await;
    assert_eq!(amended["order"]["price"], "7.25");
    let shown = client.ok("order.get", json!({ "client_order_id": "x-1" })).await;
    assert_eq!(shown, amended);
    // The same order over REST.
    let rest = venue.get("/api/trading/orders?client_order_id=x-1", &alice).await.expect(200);
    assert_eq!(rest["orders"][0]["order_id"], shown["order"]["order_id"]);
    let other = json!({ "symbol": OTHER_SYMBOL, "side": "sell", "order_type": "limit", "price": 9, "quantity": 1 });
    client.ok("order.place", other).await;
    assert_eq!(client.ok("orders.open", json!({})).await["orders"].as_array().unwrap().len(), 2);
    let open = client.ok("orders.open", json!({ "symbol": OTHER_SYMBOL })).await;
    assert_eq!(open["orders"].as_array().unwrap().len(), 1);
    let cancelled = client.ok("order.cancel", json!({ "client_order_id": "x-1" })).await;
    assert_eq!(
        (&cancelled["order"]["status"], &cancelled["order"]["reason"]),
        (&json!("cancelled"), &json!("requested"))
    );
    assert_eq!(client.refused("order.cancel", json!({ "client_order_id": "x-1" })).await["code"], "order_not_open");
    assert_eq!(client.ok("order.cancel_all", json!({})).await["cancelled"], 1);
    assert_eq!(client.ok("orders.open", json!({})).await["orders"], json!([]));
}

#[tokio::test]
async fn many_orders_are_in_flight_at_once_and_enter_in_order() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let mut client = Client::of(venue.listen().await, &alice).await;
    client.ok("subscribe", json!({ "channel": "orders" })).await;
    client.on("orders").await;
    let order = |n: usize| json!({ "symbol": SYMBOL, "side": "buy", "order_type": "limit", "price": "1.00", "quantity": 1, "client_order_id": format!("p-{n}") });
    let mut ids = Vec::new();
    for n in 0..200 {
        ids.push(client.send("order.place", order(n)).await);
    }
    for id in ids {
        assert_eq!(client.answer(id).await["ok"], true);
    }
    for n in 0..200 {
        assert_eq!(client.on("orders").await["client_order_id"], format!("p-{n}"));
    }
}

#[tokio::test]
async fn an_account_has_ten_connections_and_a_connection_two_hundred_subscriptions() {
    let limits = SocketLimits { subscriptions_max: 3, ..SocketLimits::default() };
    let venue = TestVenue::with(limits, IdentitySettings::default()).await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let address = venue.listen().await;
    assert_eq!((SocketLimits::default().connections_per_account, SocketLimits::default().subscriptions_max), (10, 200));
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(Client::of(address, &alice).await);
    }
    let mut one_more = Client::open(address).await;
    one_more.send("auth", json!({ "token": alice.token })).await;
    let (texts, frame) = one_more.until_closed().await;
    assert_eq!(texts[0]["error"]["code"], "too_many_connections");
    let frame = frame.unwrap();
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4003, "too_many_connections"));
    Client::of(address, &bob).await.ok("ping", json!({})).await;
    let client = &mut clients[0];
    for channel in ["orders", "balances"] {
        client.ok("subscribe", json!({ "channel": channel })).await;
    }
    client.ok("subscribe", json!({ "channel": "trades", "symbol": SYMBOL })).await;
    let more = json!({ "channel": "book", "symbol": SYMBOL });
    assert_eq!(client.refused("subscribe", more.clone()).await["code"], "too_many_subscriptions");
    // The same again is not one more, and one less makes room.
    client.ok("subscribe", json!({ "channel": "orders" })).await;
    client.ok("unsubscribe", json!({ "channel": "orders" })).await;
    client.ok("subscribe", more).await;
}

#[tokio::test]
async fn a_revoked_session_loses_its_sockets_at_once() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let address = venue.listen().await;
    let mut by_method = Client::of(address, &alice).await;
    let mut by_header = Client::try_open(address, Some(&alice.token)).await.unwrap();
    by_header.ok("ping", json!({})).await;
    let mut other = Client::of(address, &bob).await;
    let principal = venue.state.identity.authenticate(&alice.token).await.unwrap();
    venue.state.identity.logout(&principal).await.unwrap();
    for client in [&mut by_method, &mut by_header] {
        assert_eq!(client.closed().await, (4001, "session_revoked".to_owned()));
    }
    other.ok("ping", json!({})).await;
    let mut late = Client::open(address).await;
    assert_eq!(late.refused("auth", json!({ "token": alice.token })).await["code"], "token_revoked");
}

#[tokio::test]
async fn a_shutdown_is_announced_answers_what_is_in_flight_and_closes() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let address = venue.listen().await;
    let mut client = Client::of(address, &alice).await;
    venue.state.sockets.announce_shutdown();
    assert_eq!(client.next().await["event"], "server_shutdown");
    let order = json!({ "symbol": SYMBOL, "side": "buy", "order_type": "limit", "price": "1.00", "quantity": 1 });
    assert_eq!(client.refused("order.place", order).await["code"], "shutting_down");
    venue.public("/readyz").await.refused(503, "shutting_down");
    let ((), end) = tokio::join!(venue.state.sockets.shut_down(), client.closed());
    assert_eq!(end, (1012, "server_shutdown".to_owned()));
    assert_eq!(venue.state.sockets.count(), 0);
    match Client::try_open(address, None).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 503),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

#[tokio::test]
async fn the_server_pings_and_cuts_a_silent_peer() {
    let (ping_every, idle_max) = (Duration::from_millis(40), Duration::from_millis(400));
    let limits = SocketLimits { ping_every, idle_max, ..SocketLimits::default() };
    let venue = TestVenue::with(limits, IdentitySettings::default()).await;
    let address = venue.listen().await;
    let (mut silent, mut lively) = (Client::open(address).await, Client::open(address).await);
    // Reading answers pings; 20 of them take twice as long as a peer may be silent.
    let mut pings = 0;
    while pings < 20 {
        match lively.socket.next().await {
            Some(Ok(Message::Ping(_))) => pings += 1,
            other => panic!("{other:?}"),
        }
    }
    lively.ok("ping", json!({})).await;
    assert_eq!(silent.closed().await, (4002, "idle_timeout".to_owned()));
    let limits = SocketLimits::default();
    assert_eq!((limits.ping_every.as_secs(), limits.idle_max.as_secs()), (20, 60));
}

#[tokio::test]
async fn a_flood_of_messages_is_closed() {
    let limits = SocketLimits { messages_per_second: 1, messages_burst: 5, ..SocketLimits::default() };
    let venue = TestVenue::with(limits, IdentitySettings::default()).await;
    let mut client = Client::open(venue.listen().await).await;
    for _ in 0..6 {
        client.send("ping", json!({})).await;
    }
    let (texts, frame) = client.until_closed().await;
    assert_eq!((texts.len(), frame.unwrap().reason.as_str()), (5, "too_many_messages"));
}
