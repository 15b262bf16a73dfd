//! What the channels say: books that equal the REST depth, trades, execution reports and balances without holes.

use std::time::Duration;

use cx_api::ws::{OutboxLimits, SocketLimits};
use cx_identity::IdentitySettings;
use serde_json::{Value, json};

use crate::client::{BookCopy, Client, decimal};
use crate::venue::{SYMBOL, TestVenue, Trader};

async fn rest_depth(venue: &TestVenue, levels: usize) -> (Vec<(Value, Value)>, Vec<(Value, Value)>, u64) {
    let depth = venue.public(&format!("/api/market/depth/{SYMBOL}?levels={levels}")).await.expect(200);
    let side = |name: &str| {
        let levels = depth[name].as_array().unwrap();
        levels.iter().map(|level| (level["price"].clone(), level["quantity"].clone())).collect()
    };
    (side("bids"), side("asks"), depth["seq"].as_u64().unwrap())
}

/// Asserts that a copy equals the REST depth.
async fn assert_same(venue: &TestVenue, copy: &BookCopy, levels: usize) {
    let (bids, asks, _) = rest_depth(venue, levels).await;
    let plain = |side: Vec<(Value, Value)>| -> Vec<_> {
        side.iter().map(|(price, quantity)| (decimal(price), decimal(quantity))).collect()
    };
    let (mut own_bids, mut own_asks) = copy.levels();
    own_bids.truncate(levels);
    own_asks.truncate(levels);
    assert_eq!(own_bids, plain(bids));
    assert_eq!(own_asks, plain(asks));
}

/// Takes book messages until the copy has come to the given command, or to the last one that its depth shows.
async fn follow(client: &mut Client, copy: &mut BookCopy, until: u64) {
    while copy.seq < until {
        copy.take(&client.on("book").await);
    }
}

/// Orders that move the book in every way; each is placed, amended or cancelled over REST.
async fn churn(venue: &TestVenue, alice: &Trader, bob: &Trader) {
    let mut resting = Vec::new();
    for step in 0..40_u64 {
        let cents = 600 + (step * 37) % 90;
        let order = venue.place(alice, "buy", &format!("6.{:02}", cents % 100), 5 + step).await;
        resting.push(order["order_id"].as_str().unwrap().to_owned());
        let cents = 700 + (step * 53) % 95;
        venue.place(bob, "sell", &format!("7.{:02}", cents % 100), 3 + step).await;
        match step % 4 {
            1 => drop(venue.place(bob, "sell", "6.50", 40).await),
            2 => {
                let path = format!("/api/trading/orders/{}", resting[resting.len() / 2]);
                venue.put(&path, alice, r#"{"quantity": 4}"#).await;
            }
            3 => drop(
                venue
                    .delete(&format!("/api/trading/orders/{}", resting[usize::try_from(step).unwrap() / 3]), alice)
                    .await,
            ),
            _ => {}
        }
    }
}

#[tokio::test]
async fn snapshot_and_updates_equal_the_rest_depth() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let address = venue.listen().await;
    venue.place(&alice, "buy", "6.00", 7).await;
    venue.place(&bob, "sell", "7.99", 7).await;
    let mut clients = Vec::new();
    for (depth, levels) in [(json!(10), 10), (json!(50), 50), (json!("full"), 50)] {
        let mut client = Client::open(address).await;
        let subscribed = client.ok("subscribe", json!({ "channel": "book", "symbol": SYMBOL, "depth": depth })).await;
        assert_eq!(subscribed["snapshot_required"], true);
        let mut copy = BookCopy::default();
        copy.take(&client.on("book").await);
        assert_eq!((copy.snapshots, copy.seq), (1, subscribed["seq"].as_u64().unwrap()));
        assert_same(&venue, &copy, levels).await;
        clients.push((client, copy, levels));
    }
    churn(&venue, &alice, &bob).await;
    // A last change at the touch, which every depth shows.
    venue.place(&alice, "buy", "6.99", 1).await;
    let (_, _, seq) = rest_depth(&venue, 50).await;
    for (mut client, mut copy, levels) in clients {
        follow(&mut client, &mut copy, seq).await;
        assert_same(&venue, &copy, levels).await;
        assert_eq!(copy.snapshots, 1);
        assert!(copy.updates > 30, "{}", copy.updates);
    }
}

#[tokio::test]
async fn a_subscriber_that_comes_late_gets_the_same_book() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let address = venue.listen().await;
    churn(&venue, &alice, &bob).await;
    let mut client = Client::open(address).await;
    client.ok("subscribe", json!({ "channel": "book", "symbol": SYMBOL, "depth": "full" })).await;
    let mut copy = BookCopy::default();
    copy.take(&client.on("book").await);
    assert_same(&venue, &copy, 50).await;
    assert_eq!(
        client.ok("unsubscribe", json!({ "channel": "book", "symbol": SYMBOL, "depth": "full" })).await["unsubscribed"],
        true
    );
    // Who resumes gets what was missed, and no snapshot.
    venue.place(&alice, "buy", "6.98", 1).await;
    venue.place(&alice, "buy", "6.99", 1).await;
    let from =
        json!({ "channel": "book", "symbol": SYMBOL, "depth": "full", "from_seq": copy.seq, "epoch": copy.epoch });
    assert_eq!(client.ok("subscribe", from).await["snapshot_required"], false);
    for _ in 0..2 {
        copy.take(&client.on("book").await);
    }
    assert_eq!((copy.snapshots, copy.updates), (1, 2));
    assert_same(&venue, &copy, 50).await;
    // Numbers of another run mean nothing here.
    let from = json!({ "channel": "book", "symbol": SYMBOL, "depth": "full", "from_seq": copy.seq, "epoch": 1 });
    assert_eq!(client.ok("subscribe", from).await["snapshot_required"], true);
    assert_eq!(client.on("book").await["type"], "snapshot");
}

#[tokio::test]
async fn trades_are_told_in_order() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let address = venue.listen().await;
    let mut client = Client::open(address).await;
    client.ok("subscribe", json!({ "channel": "trades", "symbol": SYMBOL })).await;
    let snapshot = client.on("trades").await;
    assert_eq!((&snapshot["type"], &snapshot["trades"], &snapshot["seq"]), (&json!("snapshot"), &json!([]), &json!(0)));
    for price in ["7.00", "7.01", "7.02"] {
        venue.place(&alice, "sell", price, 2).await;
    }
    venue.place(&bob, "buy", "7.01", 3).await;
    venue.place(&bob, "buy", "7.02", 2).await;
    let first = client.on("trades").await;
    assert_eq!(first["prev_seq"], 0);
    let lines = first["trades"].as_array().unwrap();
    assert_eq!(lines.len(), 2, "one message a command");
    assert_eq!(
        (&lines[0]["price"], &lines[0]["quantity"], &lines[0]["side"]),
        (&json!("7.00"), &json!("2"), &json!("buy"))
    );
    let second = client.on("trades").await;
    assert_eq!(second["prev_seq"], first["seq"]);
    // Public trades name nobody.
    assert!(!second.to_string().contains("account") && !second.to_string().contains("ORD-"));
    let resumed = json!({ "channel": "trades", "symbol": SYMBOL, "from_seq": first["seq"], "epoch": first["epoch"] });
    assert_eq!(client.ok("subscribe", resumed).await["snapshot_required"], false);
    let again = client.on("trades").await;
    assert_eq!((&again["seq"], &again["trades"]), (&second["seq"], &second["trades"]));
    let recent = venue.public("/api/market/trades/recent").await.expect(200);
    assert_eq!(recent["trades"][0]["trade_id"], second["trades"].as_array().unwrap().last().unwrap()["trade_id"]);
}

#[tokio::test]
async fn execution_reports_come_in_order_with_every_field() {
    let venue = TestVenue::new().await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let address = venue.listen().await;
    let (mut maker, mut taker) = (Client::of(address, &alice).await, Client::of(address, &bob).await);
    for client in [&mut maker, &mut taker] {
        client.ok("subscribe", json!({ "channel": "orders" })).await;
        let snapshot = client.on("orders").await;
        assert_eq!((&snapshot["type"], &snapshot["orders"]), (&json!("snapshot"), &json!([])));
    }
    let sell = json!({ "symbol": SYMBOL, "side": "sell", "order_type": "limit", "price": "7.00", "quantity": "10", "client_order_id": "m-1" });
    let order = maker.ok("order.place", sell).await["order"].clone();
    let buy = json!({ "symbol": SYMBOL, "side": "buy", "order_type": "limit", "price": "7.05", "quantity": "4" });
    taker.ok("order.place", buy).await;
    maker.ok("order.amend", json!({ "client_order_id": "m-1", "quantity": "8" })).await;
    maker.ok("order.cancel", json!({ "order_id": order["order_id"] })).await;

    let mut reports = Vec::new();
    for _ in 0..4 {
        reports.push(maker.on("orders").await);
    }
    let kinds: Vec<_> = reports.iter().map(|report| report["exec_type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["new", "trade", "replaced", "cancelled"]);
    let seqs: Vec<_> = reports.iter().map(|report| report["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    let fields = [
        "seq",
        "account",
        "order_id",
        "client_order_id",
        "symbol",
        "side",
        "order_type",
        "time_in_force",
        "exec_type",
        "status",
        "reason",
        "price",
        "quantity",
        "last_quantity",
        "last_price",
        "leaves_quantity",
        "cumulative_quantity",
        "average_price",
        "liquidity",
        "fee",
        "fee_asset",
        "trade_id",
        "ts_engine",
        "ts_send",
    ];
    for report in &reports {
        for field in fields {
            assert!(report.get(field).is_some(), "{field} is missing in {report}");
        }
        assert_eq!(report["order_id"], order["order_id"]);
        assert_eq!((&report["client_order_id"], &report["account"]), (&json!("m-1"), &json!(alice.account.get())));
    }
    let trade = &reports[1];
    let told = [
        "last_quantity",
        "last_price",
        "leaves_quantity",
        "cumulative_quantity",
        "average_price",
        "liquidity",
        "fee",
        "fee_asset",
    ];
    let told: Vec<_> = told.iter().map(|field| trade[field].as_str().unwrap()).collect();
    assert_eq!(told, ["4", "7.00", "6", "4", "7.00", "maker", "0.014", "USD"]);
    assert_eq!((&reports[3]["status"], &reports[3]["reason"]), (&json!("cancelled"), &json!("requested")));
    assert_eq!(reports[3]["leaves_quantity"], "0");

    let own: Vec<_> = [taker.on("orders").await, taker.on("orders").await].to_vec();
    assert_eq!((&own[0]["exec_type"], &own[1]["exec_type"]), (&json!("new"), &json!("trade")));
    assert_eq!((&own[1]["liquidity"], &own[1]["trade_id"]), (&json!("taker"), &trade["trade_id"]));

    // A refusal is reported too, and can be asked for by its name.
    let huge = json!({ "symbol": SYMBOL, "side": "buy", "order_type": "limit", "price": "90000", "quantity": "1000", "client_order_id": "big" });
    assert_eq!(taker.refused("order.place", huge).await["code"], "insufficient_funds");
    let refused = taker.on("orders").await;
    assert_eq!((&refused["exec_type"], &refused["reason"]), (&json!("rejected"), &json!("insufficient_funds")));
    let found = taker.ok("order.get", json!({ "client_order_id": "big" })).await;
    assert_eq!(found["order"]["status"], "rejected");

    // Who resumes gets exactly what was missed.
    let resumed = taker.ok("subscribe", json!({ "channel": "orders", "from_seq": 1 })).await;
    assert_eq!(resumed["snapshot_required"], false);
    let again: Vec<_> = [taker.on("orders").await, taker.on("orders").await].to_vec();
    assert_eq!((&again[0]["seq"], &again[1]["seq"]), (&json!(2), &json!(3)));
}

#[tokio::test]
async fn balances_are_told_as_they_change() {
    let venue = TestVenue::new().await;
    let alice = venue.trader("alice").await;
    let address = venue.listen().await;
    let mut client = Client::of(address, &alice).await;
    client.ok("subscribe", json!({ "channel": "balances" })).await;
    let snapshot = client.on("balances").await;
    let before = snapshot["seq"].as_u64().unwrap();
    assert_eq!(
        snapshot["balances"][0],
        json!({ "asset": "USD", "available": "100000.00", "held": "0.00", "total": "100000.00" })
    );
    venue.place(&alice, "buy", "7.50", 10).await;
    let held = client.on("balances").await;
    assert_eq!(
        (&held["asset"], &held["held"], &held["available"]),
        (&json!("USD"), &json!("75.075"), &json!("99924.925"))
    );
    assert_eq!(held["seq"], before + 1);
    venue.delete("/api/trading/orders", &alice).await.expect(200);
    let freed = client.on("balances").await;
    assert_eq!((&freed["seq"], &freed["held"]), (&json!(before + 2), &json!("0.00")));
    assert_eq!(client.ok("balances", json!({})).await["balances"][0]["available"], "100000.00");
}

/// Limits under which a client that does not read is slow after a few messages.
fn narrow() -> SocketLimits {
    let outbox = OutboxLimits { messages_max: 64, conflate_from: 4, ..OutboxLimits::default() };
    SocketLimits { outbox, farewell_max: Duration::from_mins(1), ..SocketLimits::default() }
}

#[tokio::test]
async fn a_private_stream_that_nobody_reads_is_closed_with_its_reason() {
    let venue = TestVenue::with(narrow(), IdentitySettings::default()).await;
    let alice = venue.trader("alice").await;
    let mut client = Client::narrow(venue.listen_narrow(), &alice).await;
    client.ok("subscribe", json!({ "channel": "orders" })).await;
    for _ in 0..300 {
        venue.place(&alice, "buy", "1.00", 1).await;
    }
    let (texts, frame) = client.until_closed().await;
    let frame = frame.expect("a close frame");
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4000, "slow_reader"));
    let seqs: Vec<_> = texts.iter().filter(|text| text["type"] == "report").map(|text| text["seq"].as_u64()).collect();
    assert!(seqs.len() < 300, "it was closed before the end");
    assert!(seqs.iter().enumerate().all(|(place, seq)| *seq == Some(place as u64 + 1)), "no holes before the end");
    // Everybody else goes on: the exchange has not waited.
    assert_eq!(venue.get("/api/trading/orders?status=open", &alice).await.expect(200)["total"], 300);
}

#[tokio::test]
async fn a_book_that_is_read_slowly_is_conflated() {
    let venue = TestVenue::with(narrow(), IdentitySettings::default()).await;
    let (alice, bob) = (venue.trader("alice").await, venue.trader("bob").await);
    let address = venue.listen_narrow();
    let mut client = Client::narrow(address, &alice).await;
    client.ok("subscribe", json!({ "channel": "book", "symbol": SYMBOL, "depth": "full" })).await;
    for _ in 0..8 {
        churn(&venue, &alice, &bob).await;
        for trader in [&alice, &bob] {
            venue.delete("/api/trading/orders", trader).await.expect(200);
        }
    }
    venue.place(&alice, "buy", "6.99", 1).await;
    let (_, _, seq) = rest_depth(&venue, 50).await;
    let mut copy = BookCopy::default();
    follow(&mut client, &mut copy, seq).await;
    assert!(copy.snapshots > 1, "{} snapshots, {} updates", copy.snapshots, copy.updates);
    assert_same(&venue, &copy, 50).await;
}
