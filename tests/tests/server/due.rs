//! What has a time comes about at it although nobody sends anything: the server's own tick.

use cx_tests::client::Client;
use cx_tests::server::Launch;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{Demo, offered};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_not_heard_of_loses_its_orders_without_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let server = Launch::on(folder.path()).flag("--demo").start().await.unwrap();
    let buyer = Client::login(&server.url, Demo::read(folder.path()).of("BUYER")).await;
    let (symbol, _) = offered(&buyer).await;
    let address = format!("{}/ws", server.url.replace("http", "ws"));
    let (mut socket, _) = tokio_tungstenite::connect_async(address).await.unwrap();
    let order = json!({"order_type": "limit", "side": "buy", "symbol": symbol, "quantity": "1", "price": "0.01"});
    let requests = [
        ("auth", json!({"token": buyer.token})),
        ("subscribe", json!({"channel": "orders"})),
        ("order.place", order),
        ("cancel_after", json!({"seconds": 1})),
    ];
    for (id, (method, params)) in requests.iter().enumerate() {
        let request = json!({"id": id, "method": method, "params": params});
        socket.send(Message::text(request.to_string())).await.unwrap();
    }
    // Nothing more is sent. The last thing that is heard of the order is its end.
    let mut answered = 0;
    let ended = async {
        loop {
            let Message::Text(text) = socket.next().await.unwrap().unwrap() else { continue };
            let body: Value = serde_json::from_str(&text).unwrap();
            if body["id"].is_number() {
                assert_eq!(body["ok"], true, "{body:#}");
                answered += 1;
            }
            if text.contains("\"cancel_after\"") && text.contains("\"cancelled\"") {
                return body;
            }
        }
    };
    let told = tokio::time::timeout(std::time::Duration::from_mins(1), ended).await.expect("a tick brings it about");
    assert_eq!(answered, requests.len(), "{told:#}");
    assert_eq!(server.stop().await.status.code(), Some(0));
}
