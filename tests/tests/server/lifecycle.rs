//! Stopping and dying: what was acknowledged stays, and whoever is connected hears of a stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cx_tests::client::{Client, expect};
use cx_tests::server::{Launch, run};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;

use crate::{Demo, offered, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_is_announced_and_answers_what_it_took() {
    let folder = tempfile::tempdir().unwrap();
    let server = Launch::on(folder.path()).flag("--demo").start().await.unwrap();
    let buyer = Client::login(&server.url, Demo::read(folder.path()).of("BUYER")).await;
    let (symbol, _) = offered(&buyer).await;
    let address = format!("{}/ws", server.url.replace("http", "ws"));
    let (mut socket, _) = tokio_tungstenite::connect_async(address).await.unwrap();
    let request = |id: u32, method: &str, params: Value| {
        Message::text(json!({"id": id, "method": method, "params": params}).to_string())
    };
    socket.send(request(1, "auth", json!({"token": buyer.token}))).await.unwrap();
    let order = json!({"order_type": "limit", "side": "buy", "symbol": symbol, "quantity": "1", "price": "0.01"});
    socket.send(request(2, "order.place", order)).await.unwrap();
    let answered = async |socket: &mut tokio_tungstenite::WebSocketStream<_>, id: u32| loop {
        let message = socket.next().await.unwrap().unwrap();
        let Message::Text(text) = message else { continue };
        let body: Value = serde_json::from_str(&text).unwrap();
        if body["id"] == id {
            return body;
        }
    };
    assert_eq!(answered(&mut socket, 1).await["ok"], true);
    let placed = answered(&mut socket, 2).await;
    assert_eq!(placed["ok"], true, "{placed:#}");

    server.signal(libc::SIGTERM);
    let mut announced = false;
    let mut closed = false;
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(text) => announced |= text.contains("server_shutdown"),
            Message::Close(_) => closed = true,
            _ => {}
        }
    }
    assert!(announced && closed, "the socket was told ({announced}) and closed ({closed})");
    let ended = server.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("journal synced and closed"), "{}", ended.stderr);

    let server = Launch::on(folder.path()).start().await.unwrap();
    let buyer = Client::login(&server.url, Demo::read(folder.path()).of("BUYER")).await;
    let id = text(&placed["result"]["order"]["order_id"]);
    let found = expect(StatusCode::OK, buyer.get(&format!("/api/trading/orders/{id}")).await);
    assert_eq!(found["status"], "open");
    assert_eq!(server.stop().await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_keeps_every_acknowledged_order() {
    const ENOUGH: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch::on(folder.path()).flag("--demo");
    let server = launch.start().await.unwrap();
    let demo = Demo::read(folder.path());
    let buyer = Client::login(&server.url, demo.of("BUYER")).await;
    let (symbol, _) = offered(&buyer).await;

    let acknowledged = Arc::new(AtomicUsize::new(0));
    let enough = Arc::new(Notify::new());
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let (buyer, symbol) = (buyer.clone(), symbol.clone());
            let (acknowledged, enough) = (Arc::clone(&acknowledged), Arc::clone(&enough));
            tokio::spawn(async move {
                let mut own = Vec::new();
                for number in 0.. {
                    let id = format!("w{worker}-{number}");
                    let order = json!({
                        "order_type": "limit", "side": "buy", "symbol": symbol, "quantity": 1, "price": "0.01",
                        "client_order_id": id,
                    });
                    // The connection breaks when the server dies: then this order was not acknowledged.
                    let Ok((status, body)) = buyer.try_post("/api/trading/orders", &order).await else { break };
                    assert_eq!(status, StatusCode::CREATED, "{body:#}");
                    own.push((id, text(&body["order"]["order_id"]).to_owned()));
                    if acknowledged.fetch_add(1, Ordering::Relaxed) + 1 == ENOUGH {
                        enough.notify_one();
                    }
                }
                own
            })
        })
        .collect();
    enough.notified().await;
    server.kill().await;
    let mut orders = Vec::new();
    for worker in workers {
        orders.extend(worker.await.unwrap());
    }
    assert!(orders.len() >= ENOUGH);

    let verified = run(&["verify", "--data", folder.path().to_str().unwrap()]).await;
    let lines = String::from_utf8(verified.stdout).unwrap();
    assert_eq!(verified.status.code(), Some(0), "{lines}{}", String::from_utf8_lossy(&verified.stderr));

    let server = launch.start().await.unwrap();
    let buyer = Client::login(&server.url, demo.of("BUYER")).await;
    for (client_id, id) in &orders {
        let found = expect(StatusCode::OK, buyer.get(&format!("/api/trading/orders/{id}")).await);
        assert_eq!((&found["status"], &found["client_order_id"]), (&json!("open"), &json!(client_id)), "{id}");
    }
    assert_eq!(server.stop().await.status.code(), Some(0));
}
