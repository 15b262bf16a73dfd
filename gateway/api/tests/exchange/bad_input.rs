//! What clients get wrong, over REST and over WebSocket: each with its status and code, never 500.

use std::time::Duration;

use axum::http::Method;
use cx_api::ws::SocketLimits;
use cx_identity::IdentitySettings;
use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::client::Client;
use crate::venue::{SYMBOL, TestVenue, limit};

const ORDERS: &str = "/api/trading/orders";

/// Fields and their values.
type Changes = &'static [(&'static str, &'static str)];

/// A limit order with some fields changed: `"name": value` pairs; an empty value leaves the field out.
fn order(changes: &[(&str, &str)]) -> String {
    let symbol = format!("\"{SYMBOL}\"");
    let plain =
        [("order_type", "\"limit\""), ("side", "\"buy\""), ("quantity", "10"), ("price", "7.00"), ("symbol", &symbol)];
    let mut fields: Vec<(&str, &str)> = plain.to_vec();
    for change in changes {
        match fields.iter_mut().find(|(name, _)| *name == change.0) {
            Some(field) => field.1 = change.1,
            None => fields.push(*change),
        }
    }
    let fields = fields.iter().filter(|(_, value)| !value.is_empty());
    let fields: Vec<_> = fields.map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{{}}}", fields.join(", "))
}

/// Changes to a good order, with the status, code and field of the refusal.
const BAD_ORDERS: &[(Changes, u16, &str, &str)] = &[
    (&[("side", "")], 400, "missing_fields", "side"),
    (&[("quantity", "null")], 400, "missing_fields", "quantity"),
    (&[("price", "")], 400, "missing_fields", "price"),
    (&[("symbol", "")], 400, "missing_fields", "symbol"),
    (&[("side", "\"hold\"")], 400, "invalid_value", "side"),
    (&[("side", "7")], 400, "invalid_value", "side"),
    (&[("order_type", "\"iceberg\"")], 400, "invalid_value", "order_type"),
    (&[("quantity", "true")], 400, "invalid_value", "quantity"),
    (&[("quantity", "\"ten\"")], 400, "invalid_value", "quantity"),
    (&[("quantity", "[1]")], 400, "invalid_value", "quantity"),
    (&[("quantity", "1.5")], 400, "too_precise", "quantity"),
    (&[("quantity", "0")], 400, "invalid_quantity", "quantity"),
    (&[("quantity", "-1")], 400, "invalid_quantity", "quantity"),
    (&[("quantity", "1099511627777")], 400, "invalid_quantity", "quantity"),
    (&[("quantity", "79228162514264337593543950335")], 400, "invalid_quantity", "quantity"),
    (&[("quantity", "79228162514264337593543950336")], 400, "invalid_value", "quantity"),
    (&[("price", "7.001")], 400, "too_precise", "price"),
    (&[("price", "\"0.000000000000000000001\"")], 400, "too_precise", "price"),
    (&[("price", "0")], 400, "invalid_price", "price"),
    (&[("price", "-7")], 400, "invalid_price", "price"),
    (&[("price", "100000.01")], 400, "invalid_price", "price"),
    (&[("price", "9e27")], 400, "invalid_price", "price"),
    (&[("price", "\"NaN\"")], 400, "invalid_value", "price"),
    (&[("price", "\"7,00\"")], 400, "invalid_value", "price"),
    (&[("symbol", "\"VCS-0-1999-USD\"")], 400, "unknown_instrument", "symbol"),
    (&[("symbol", "\"'; DROP TABLE orders; --\"")], 400, "unknown_instrument", "symbol"),
    (&[("symbol", "\"reforestation\"")], 400, "unsupported_instrument", "symbol"),
    (&[("symbol", ""), ("credit_type", "\"reforestation\"")], 400, "unsupported_instrument", "credit_type"),
    (&[("symbol", ""), ("project_id", "1")], 400, "missing_fields", "vintage_year"),
    (&[("symbol", ""), ("project_id", "1"), ("vintage_year", "1999")], 400, "unknown_instrument", "project_id"),
    (&[("time_in_force", "\"GTD\"")], 400, "missing_fields", "expires_at"),
    (&[("time_in_force", "\"GTD\""), ("expires_at", "\"2030-01-01T00:00:00\"")], 400, "invalid_value", "expires_at"),
    (&[("time_in_force", "\"GTD\""), ("expires_at", "\"2020-01-01T00:00:00Z\"")], 400, "invalid_expiry", "expires_at"),
    (&[("time_in_force", "\"GTD\""), ("expires_at", "\"1960-01-01T00:00:00Z\"")], 400, "invalid_expiry", "expires_at"),
    (&[("time_in_force", "\"GTD\""), ("expires_at", "7")], 400, "invalid_value", "expires_at"),
    (&[("time_in_force", "\"soon\"")], 400, "invalid_value", "time_in_force"),
    (&[("order_type", "\"stop\""), ("price", "")], 400, "missing_fields", "stop_price"),
    (&[("order_type", "\"stop\""), ("stop_price", "8")], 400, "invalid_combination", "price"),
    (&[("order_type", "\"stop\""), ("price", ""), ("stop_price", "8.001")], 400, "too_precise", "stop_price"),
    (&[("order_type", "\"stop\""), ("price", ""), ("stop_price", "0")], 400, "invalid_price", "stop_price"),
    (&[("order_type", "\"stop\""), ("time_in_force", "\"ioc\"")], 400, "invalid_combination", "time_in_force"),
    (&[("order_type", "\"stop_limit\""), ("price", ""), ("stop_price", "8")], 400, "missing_fields", "price"),
    (&[("order_type", "\"trailing_stop\""), ("price", "")], 400, "missing_fields", "trailing_amount"),
    (&[("order_type", "\"trailing_stop\""), ("trailing_amount", "1")], 400, "invalid_combination", "price"),
    (
        &[("order_type", "\"trailing_stop\""), ("price", ""), ("trailing_amount", "1"), ("trailing_percent", "1")],
        400,
        "invalid_combination",
        "trailing_percent",
    ),
    (
        &[("order_type", "\"trailing_stop\""), ("price", ""), ("trailing_amount", "0.001")],
        400,
        "too_precise",
        "trailing_amount",
    ),
    (
        &[("order_type", "\"trailing_stop\""), ("price", ""), ("trailing_amount", "50000000")],
        400,
        "invalid_price",
        "trailing_amount",
    ),
    (
        &[("order_type", "\"trailing_stop\""), ("price", ""), ("trailing_percent", "0.001")],
        400,
        "too_precise",
        "trailing_percent",
    ),
    (
        &[("order_type", "\"trailing_stop\""), ("price", ""), ("trailing_percent", "100")],
        400,
        "invalid_value",
        "trailing_percent",
    ),
    (
        &[("order_type", "\"trailing_stop\""), ("price", ""), ("trailing_percent", "0")],
        400,
        "invalid_value",
        "trailing_percent",
    ),
    (
        &[("order_type", "\"trailing_stop\""), ("price", ""), ("trailing_percent", "5")],
        400,
        "no_reference_price",
        "order_type",
    ),
    (&[("stop_price", "6")], 400, "invalid_combination", "stop_price"),
    (&[("trailing_percent", "6")], 400, "invalid_combination", "trailing_percent"),
    (&[("quote_quantity", "100")], 400, "invalid_combination", "quote_quantity"),
    (&[("quantity", ""), ("quote_quantity", "100")], 400, "invalid_combination", "quote_quantity"),
    (&[("order_type", "\"market\""), ("price", ""), ("quantity", "")], 400, "missing_fields", "quantity"),
    (
        &[("order_type", "\"market\""), ("price", ""), ("quantity", ""), ("quote_quantity", "0.00001")],
        400,
        "too_precise",
        "quote_quantity",
    ),
    (
        &[("order_type", "\"market\""), ("price", ""), ("quantity", ""), ("quote_quantity", "0")],
        400,
        "invalid_amount",
        "quote_quantity",
    ),
    (
        &[
            ("order_type", "\"market\""),
            ("price", ""),
            ("quantity", ""),
            ("quote_quantity", "100"),
            ("side", "\"sell\""),
        ],
        400,
        "invalid_combination",
        "time_in_force",
    ),
    (&[("oco_order_id", "\"never\"")], 404, "unknown_order", "oco_order_id"),
    (&[("display_quantity", "0")], 400, "invalid_quantity", "display_quantity"),
    (&[("display_quantity", "1.5")], 400, "too_precise", "display_quantity"),
    (&[("display_quantity", "4294967296")], 400, "invalid_quantity", "display_quantity"),
    (&[("display_quantity", "1000")], 400, "invalid_quantity", "quantity"),
    (&[("display_quantity", "1"), ("time_in_force", "\"IOC\"")], 400, "invalid_combination", "time_in_force"),
    (&[("expires_at", "\"2030-01-01T00:00:00Z\"")], 400, "invalid_value", "expires_at"),
    (&[("self_trade_prevention", "\"cancel_none\"")], 400, "invalid_value", "self_trade_prevention"),
    (&[("client_order_id", "\"has space\"")], 400, "invalid_value", "client_order_id"),
    (&[("client_order_id", "\"1234567890123456789012345678901234567\"")], 400, "invalid_value", "client_order_id"),
    (&[("client_order_id", "\"\"")], 400, "invalid_value", "client_order_id"),
    (&[("order_type", "\"market\"")], 400, "invalid_combination", "price"),
    (
        &[("order_type", "\"market\""), ("price", ""), ("time_in_force", "\"gtc\"")],
        400,
        "invalid_combination",
        "time_in_force",
    ),
    (&[("post_only", "true"), ("time_in_force", "\"ioc\"")], 400, "invalid_combination", "time_in_force"),
    (&[("post_only", "\"yes\"")], 400, "invalid_value", "post_only"),
    (&[("colour", "\"green\"")], 400, "unknown_field", "colour"),
    (&[("price", "100000"), ("quantity", "1000000000000")], 400, "notional_too_large", ""),
    (&[("price", "100000"), ("quantity", "1000")], 400, "insufficient_funds", ""),
    (&[("side", "\"sell\""), ("quantity", "10001")], 400, "insufficient_credits", "quantity"),
];

#[tokio::test]
async fn each_bad_order_is_refused_with_its_code_over_rest() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    for (changes, status, code, field) in BAD_ORDERS {
        let body = order(changes);
        let answer = venue.post(ORDERS, &alice, &body).await;
        let problem = answer.refused(*status, code);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        if !field.is_empty() {
            assert_eq!(problem["errors"][0]["field"], *field, "{body}: {problem}");
        }
        if *code == "missing_fields" {
            assert!(problem["error"].as_str().unwrap().contains("Missing fields"), "{problem}");
        }
    }
    let texts = [
        ("", "missing_fields"),
        ("{", "malformed_json"),
        ("{]", "malformed_json"),
        ("[]", "invalid_value"),
        ("\"order\"", "invalid_value"),
        (r#"{"side": "buy", "side": "sell"}"#, "duplicate_key"),
    ];
    for (text, code) in texts {
        let answer = venue.post(ORDERS, &alice, text).await;
        assert_eq!(answer.status, 400, "{text}: {}", answer.text);
        if !text.is_empty() {
            answer.refused(400, code);
        }
    }
    let deep = format!("{{\"side\": {}1{}}}", "[".repeat(40), "]".repeat(40));
    venue.post(ORDERS, &alice, &deep).await.refused(400, "too_deep");
    let long = format!("{{\"side\": \"{}\"}}", "x".repeat(70_000));
    venue.post(ORDERS, &alice, &long).await.refused(413, "payload_too_large");
    // None of it reached the book.
    assert_eq!(venue.get(&format!("{ORDERS}?status=open"), &alice).await.expect(200)["total"], 0);
}

#[tokio::test]
async fn each_bad_order_is_refused_with_its_code_over_websocket() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let mut client = Client::of(venue.listen().await, &alice).await;
    for (place, (changes, _, code, field)) in BAD_ORDERS.iter().enumerate() {
        let id = format!("bad-{place}");
        client.send_text(format!(r#"{{"id": "{id}", "method": "order.place", "params": {}}}"#, order(changes))).await;
        let answer = client.next().await;
        assert_eq!((&answer["id"], &answer["ok"]), (&json!(id), &json!(false)), "{answer}");
        assert_eq!(answer["error"]["code"], *code, "{}: {answer}", order(changes));
        if !field.is_empty() {
            assert_eq!(answer["error"]["errors"][0]["field"], *field, "{answer}");
        }
    }
}

#[tokio::test]
async fn bad_messages_are_refused_and_the_socket_stays() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let mut client = Client::of(venue.listen().await, &alice).await;
    let deep = format!(r#"{{"id": 1, "method": "ping", "params": {{"a": {}1{}}}}}"#, "[".repeat(40), "]".repeat(40));
    let messages = [
        ("", "malformed_json"),
        ("hello", "malformed_json"),
        (r#"{"id": 1, "method": "ping""#, "malformed_json"),
        (r#"["id", 1]"#, "bad_request"),
        (r#"{"method": "ping"}"#, "bad_request"),
        (r#"{"id": null, "method": "ping"}"#, "bad_request"),
        (r#"{"id": {}, "method": "ping"}"#, "bad_request"),
        (r#"{"id": 1}"#, "bad_request"),
        (r#"{"id": 1, "method": 7}"#, "bad_request"),
        (r#"{"id": 1, "id": 2, "method": "ping"}"#, "bad_request"),
        (r#"{"id": 1, "method": "ping", "more": true}"#, "bad_request"),
        (r#"{"id": 1, "method": "ping", "params": []}"#, "invalid_value"),
        (r#"{"id": 1, "method": "ping", "params": {"a": 1}}"#, "unknown_field"),
        (r#"{"id": 1, "method": "order.get", "params": {"order_id": "a", "order_id": "b"}}"#, "duplicate_key"),
        (&deep, "too_deep"),
        (r#"{"id": 1, "method": "order.fill"}"#, "unknown_method"),
        (r#"{"id": 1, "method": "order.batch"}"#, "missing_fields"),
        (r#"{"id": 1, "method": "order.batch", "params": {"orders": []}}"#, "invalid_value"),
        (r#"{"id": 1, "method": "cancel_after", "params": {"seconds": 86401}}"#, "invalid_value"),
        (r#"{"id": 1, "method": "cancel_after", "params": {"seconds": -1}}"#, "invalid_value"),
        (r#"{"id": 1, "method": "cancel_on_disconnect"}"#, "not_supported"),
        (r#"{"id": 1, "method": "order.get", "params": {}}"#, "missing_fields"),
        (r#"{"id": 1, "method": "order.get", "params": {"order_id": "ORD-20260307-00000ZZZ"}}"#, "not_found"),
        (r#"{"id": 1, "method": "order.get", "params": {"client_order_id": "never"}}"#, "not_found"),
        (r#"{"id": 1, "method": "order.cancel", "params": {"order_id": "nonsense"}}"#, "not_found"),
        (r#"{"id": 1, "method": "subscribe", "params": {"channel": "weather"}}"#, "invalid_value"),
        (r#"{"id": 1, "method": "subscribe", "params": {"channel": "bbo"}}"#, "not_supported"),
        (r#"{"id": 1, "method": "subscribe", "params": {"channel": "candles:1m"}}"#, "not_supported"),
        (r#"{"id": 1, "method": "subscribe", "params": {"channel": "book"}}"#, "missing_fields"),
        (r#"{"id": 1, "method": "subscribe", "params": {"channel": "book", "symbol": "NOPE"}}"#, "unknown_instrument"),
        (
            r#"{"id": 1, "method": "subscribe", "params": {"channel": "book", "symbol": "VCS-191-2016-USD", "depth": 11}}"#,
            "invalid_value",
        ),
        (
            r#"{"id": 1, "method": "subscribe", "params": {"channel": "orders", "symbol": "VCS-191-2016-USD"}}"#,
            "invalid_value",
        ),
    ];
    for (message, code) in messages {
        client.send_text(message).await;
        let answer = client.next().await;
        assert_eq!(answer["ok"], false, "{message}: {answer}");
        assert_eq!(answer["error"]["code"], code, "{message}: {answer}");
        assert!(answer["error"]["message"].as_str().is_some_and(|text| !text.is_empty()));
    }
    client.ok("ping", json!({})).await;
    // Ids come back as they were written, digit for digit.
    client.send_text(r#"{"id": 12345678901234567890123, "method": "ping"}"#).await;
    match futures_util::StreamExt::next(&mut client.socket).await {
        Some(Ok(Message::Text(text))) => {
            assert!(text.starts_with(r#"{"id":12345678901234567890123,"ok":true"#), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn bad_frames_end_the_connection_with_their_code() {
    let venue = TestVenue::new().await;
    let address = venue.listen().await;
    let bad_text = Frame::message(Bytes::from_static(b"\xff\xfe"), OpCode::Data(Data::Text), true);
    let frames = [
        (Message::binary(vec![1, 2, 3]), 1003, "text_only"),
        (Message::text("x".repeat((64 << 10) + 1)), 1009, "message_too_big"),
        (Message::text("x".repeat(1 << 20)), 1009, "message_too_big"),
        (Message::Frame(bad_text), 1007, "not_utf8"),
    ];
    for (frame, code, reason) in frames {
        let mut client = Client::open(address).await;
        client.socket.send(frame).await.unwrap();
        assert_eq!(client.closed().await, (code, reason.to_owned()));
    }
    // As long as permitted.
    let mut client = Client::open(address).await;
    let frame = r#"{"id": 1, "method": "ping", "params": {}}"#;
    client.send_text(format!("{frame}{}", " ".repeat((64 << 10) - frame.len()))).await;
    assert_eq!(client.answer(1).await["ok"], true);
}

#[tokio::test]
async fn other_peoples_orders_do_not_exist() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let order = venue.place(&alice, "buy", "7.00", 10).await;
    let id = order["order_id"].as_str().unwrap();
    let path = format!("{ORDERS}/{id}");
    for (method, path, body) in [
        (Method::GET, path.clone(), None),
        (Method::DELETE, path.clone(), None),
        (Method::PUT, path.clone(), Some(r#"{"quantity": 1}"#)),
        (Method::POST, format!("{path}/cancel"), None),
        (Method::GET, format!("{ORDERS}/{}", order["id"]), None),
    ] {
        venue.call(method, &path, Some(&bob.token), body).await.refused(404, "not_found");
    }
    for nobodys in ["ORD-20260307-00000ZZZ", "1", "99999999999999999999", "nonsense", "%00", "..%2F..", "-1"] {
        let answer = venue.get(&format!("{ORDERS}/{nobodys}"), &alice).await;
        assert_eq!(answer.status, 404, "{nobodys}: {}", answer.text);
    }
    // The right number under the wrong day.
    let (number, wrong_day) = (id.rsplit('-').next().unwrap(), "19990101");
    venue.get(&format!("{ORDERS}/ORD-{wrong_day}-{number}"), &alice).await.refused(404, "not_found");
    let mut client = Client::of(venue.listen().await, &bob).await;
    for method in ["order.get", "order.cancel"] {
        assert_eq!(client.refused(method, json!({ "order_id": id })).await["code"], "not_found");
    }
    let change = json!({ "order_id": id, "quantity": 1 });
    assert_eq!(client.refused("order.amend", change).await["code"], "not_found");
    assert_eq!(venue.get(&path, &alice).await.expect(200)["status"], "open");
}

#[tokio::test]
async fn tokens_that_are_missing_wrong_or_expired_open_nothing() {
    let identity = IdentitySettings { access_ttl: Duration::ZERO, ..IdentitySettings::default() };
    let venue = TestVenue::with(SocketLimits::default(), identity).await;
    let alice = venue.trader("alice").await;
    // Tokens count whole seconds: even one that lives for none is good until the second is over.
    while venue.state.identity.authenticate(&alice.token).await.is_ok() {
        tokio::task::yield_now().await;
    }
    for path in ["orders", "orders/1", "trades", "portfolio", "portfolio/holdings", "balances"] {
        let path = format!("/api/trading/{path}");
        venue.public(&path).await.refused(401, "unauthenticated");
        venue.call(Method::GET, &path, Some("nonsense"), None).await.refused(401, "token_invalid");
        venue.get(&path, &alice).await.refused(401, "token_expired");
    }
    venue.post(ORDERS, &alice, &limit("buy", "7.00", 1, "")).await.refused(401, "token_expired");
    let mut client = Client::open(venue.listen().await).await;
    assert_eq!(client.refused("auth", json!({ "token": alice.token })).await["code"], "token_expired");
}
