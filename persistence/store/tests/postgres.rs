//! What only PostgreSQL does: rows that refuse change, views in decimals, connections that are cut.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cx_engine::ids::Seq;
use cx_store::sink::{EventFeed, Sink, SinkGauge, run_sink};
use cx_store::testing::{TestDatabase, flow::Flow};
use tokio::sync::{Notify, watch};

async fn filled() -> TestDatabase {
    let db = TestDatabase::postgres().await;
    let (mut flow, mut events) = Flow::funded(21);
    events.extend(flow.next(500));
    Sink::open(db.store.clone()).await.unwrap().apply(&events).await.unwrap();
    db
}

#[tokio::test]
async fn what_is_kept_for_good_refuses_change() {
    let db = filled().await;
    for table in ["trades", "postings", "busts", "control_events"] {
        let before = db.rows(&format!("SELECT COUNT(*) FROM {table}")).await;
        for statement in [
            format!("UPDATE {table} SET time_ns = 0"),
            format!("DELETE FROM {table}"),
            format!("DELETE FROM {table} WHERE seq = (SELECT MAX(seq) FROM {table})"),
        ] {
            let refusal = db.execute(&statement).await.unwrap_err();
            assert!(refusal.contains(&format!("{table} is append-only")), "{statement}: {refusal}");
        }
        // With what refers to it, or that alone would be the reason for the refusal.
        let refusal = db.execute(&format!("TRUNCATE {table} CASCADE")).await.unwrap_err();
        assert!(refusal.contains("is append-only"), "TRUNCATE {table}: {refusal}");
        assert_eq!(db.rows(&format!("SELECT COUNT(*) FROM {table}")).await, before);
    }
}

#[tokio::test]
async fn analysts_see_decimals_and_dates() {
    let db = filled().await;
    let raw = db
        .rows(
            "SELECT t.id, i.symbol, t.price, t.quantity, t.notional, t.taker_fee, t.time_ns FROM trades t \
             JOIN instruments i ON i.id = t.instrument ORDER BY t.id",
        )
        .await;
    let seen = db
        .rows(
            "SELECT id, symbol, price::text, quantity::text, notional::text, taker_fee::text, \
             to_char(executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') FROM trades_decimal ORDER BY id",
        )
        .await;
    assert_eq!(raw.len(), seen.len());
    assert!(raw.len() > 20);
    for (raw, seen) in raw.iter().zip(&seen) {
        let raw: Vec<&str> = raw.split('|').collect();
        let number = |at: usize| raw[at].parse::<i64>().unwrap();
        // Ticks are hundredths of a dollar, amounts hundredths of a cent.
        let decimal = |minor: i64| format!("{}.{:04}", minor / 10_000, minor % 10_000);
        let time = chrono::DateTime::from_timestamp_micros(number(6) / 1_000).unwrap();
        let wanted = [
            raw[0].to_owned(),
            raw[1].to_owned(),
            decimal(number(2) * 100),
            raw[3].to_owned(),
            decimal(number(4)),
            decimal(number(5)),
            time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
        ];
        assert_eq!(seen.split('|').collect::<Vec<_>>(), wanted);
    }
    let orders = db.rows("SELECT COUNT(*) FROM orders_decimal").await;
    assert_eq!(orders, db.rows("SELECT COUNT(*) FROM orders").await);
    let postings = db.rows("SELECT asset, SUM(amount)::text FROM postings_decimal GROUP BY asset ORDER BY asset").await;
    assert!(postings.iter().all(|sum| sum.ends_with("|0") || sum.ends_with("|0.0000")), "{postings:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_lose_nothing() {
    let db = TestDatabase::postgres().await;
    let (mut flow, mut events) = Flow::funded(22);
    events.extend(flow.next(250));
    let tip = flow.exchange().seq();
    let all = Arc::new(events);
    let released = Arc::new(AtomicU64::new(0));
    let news = Arc::new(Notify::new());
    let (read, gate, shown) = (Arc::clone(&all), Arc::clone(&released), Arc::clone(&released));
    let feed = EventFeed::new(
        move |after, _| {
            // One command at a time: many transactions to be cut in.
            let next = after.next();
            let there = next.get() <= gate.load(Ordering::Acquire);
            let start = read.partition_point(|record| record.seq <= after);
            let one = read[start..].iter().take_while(|record| there && record.seq == next);
            Ok::<_, Infallible>(one.copied().collect())
        },
        move || Seq::new(shown.load(Ordering::Acquire)),
        Arc::clone(&news),
    );
    let gauge = SinkGauge::new(feed);
    let (_stop, stopped) = watch::channel(false);
    let task = tokio::spawn(run_sink(db.store.clone(), gauge.clone(), stopped));
    let admin = db.another().await;
    let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", db.name());
    let mut cuts = 0;
    while released.load(Ordering::Acquire) < tip.get() {
        let next = (released.load(Ordering::Acquire) + 6).min(tip.get());
        released.store(next, Ordering::Release);
        news.notify_one();
        // While the sink is at these commands. The pool keeps at least one connection, so there is one to cut.
        cuts += admin.execute(&cut).await.unwrap();
        gauge.reached(Seq::new(next)).await;
    }
    assert!(cuts >= tip.get() / 6, "only {cuts} connections were cut");
    task.abort();
    let cursor = db.store.sink_cursor().await.unwrap();
    assert_eq!((cursor.seq, cursor.events), (tip, all.len() as u64));
    assert_eq!(db.store.ledger().unbalanced(1).await.unwrap(), []);
    assert_eq!(db.store.trades().totals().await.unwrap().count, cursor.trades);
}
