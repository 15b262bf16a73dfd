//! The sink against a real exchange: each event lands exactly once, however it is cut up and whatever is killed.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use cx_engine::EventRecord;
use cx_engine::ids::Seq;
use cx_store::sink::{EventFeed, Sink, SinkGauge, run_sink};
use cx_store::testing::{TestDatabase, flow::Flow};
use cx_store::{Backend, StoreError};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::block_in_place;

/// Everything that the sink writes, in the order of the keys.
const TABLES: [&str; 7] = [
    "SELECT id, code, class, scale, seq, time_ns FROM assets ORDER BY id",
    "SELECT id, symbol, base_asset, quote_asset, tick_value, price_max, maker_fee_ppm, taker_fee_ppm, seq, time_ns \
     FROM instruments ORDER BY id",
    "SELECT seq, account, trade, withdraw, time_ns FROM permissions ORDER BY seq",
    "SELECT seq, handle, account, instrument, side, kind, time_in_force, post_only, price, quantity, filled, notional, fees, \
     status, client_order_id, reject_reason, cancel_reason, created_ns, updated_ns, closed_ns FROM orders ORDER BY seq",
    "SELECT id, seq, idx, instrument, taker_side, price, quantity, tick_value, notional, maker_order, taker_order, \
     maker_account, taker_account, maker_fee, taker_fee, time_ns FROM trades ORDER BY id",
    "SELECT seq, idx, line, account, asset, amount, kind, time_ns FROM postings ORDER BY seq, idx, line",
    "SELECT seq, time_ns, events, orders, trades FROM sink_cursor",
];

async fn tables(db: &TestDatabase) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for sql in TABLES {
        all.push(db.rows(sql).await);
    }
    all
}

fn stream(seed: u64, commands: usize) -> (Flow, Vec<EventRecord>) {
    let (mut flow, mut events) = Flow::funded(seed);
    events.extend(flow.next(commands));
    (flow, events)
}

/// The end of the command that stands at `at`.
fn whole(events: &[EventRecord], at: usize) -> usize {
    let later = events.get(at..).unwrap_or_default();
    later.iter().position(|record| record.index == 0).map_or(events.len(), |more| at + more)
}

/// Polls a future so many times, then drops it: a crash at one of its waits. `None` when it was dropped.
async fn crash_after<F: Future>(polls: u32, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

async fn one_pass(events: &[EventRecord]) -> Vec<Vec<String>> {
    let db = TestDatabase::sqlite().await;
    Sink::open(db.store.clone()).await.unwrap().apply(events).await.unwrap();
    tables(&db).await
}

/// Applies the stream in pieces of the given sizes; each piece is first tried with a crash after so many polls. A new sink
/// takes over after odd crashes; after even ones the same sink is used again. Pieces overlap with what was applied before.
async fn in_pieces(db: &TestDatabase, events: &[EventRecord], pieces: &[(usize, u32)]) -> u32 {
    let mut sink = Sink::open(db.store.clone()).await.unwrap();
    let (mut start, mut crashes) = (0, 0);
    for &(size, polls) in pieces.iter().cycle() {
        let end = whole(events, start + size);
        let overlap = events[..start].len().saturating_sub(7);
        if crash_after(polls, sink.apply(&events[overlap..end])).await.is_none() {
            crashes += 1;
            if crashes % 2 == 1 {
                sink = Sink::open(db.store.clone()).await.unwrap();
            }
        }
        sink.apply(&events[overlap..end]).await.unwrap();
        start = end;
        if start == events.len() {
            return crashes;
        }
    }
    unreachable!("the pieces cycle")
}

async fn pieces_and_crashes_change_nothing(db: &TestDatabase) {
    let cases = if db.store.backend() == Backend::Sqlite { 24 } else { 8 };
    let pieces = prop::collection::vec((1_usize..150, 0_u32..70), 1..12);
    let crashes = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
    let held = runner.run(&(any::<u64>(), 1_usize..900, pieces), |(seed, commands, pieces)| {
        let (_, events) = stream(seed, commands);
        let (found, wanted) = block_in_place(|| {
            Handle::current().block_on(async {
                let db = db.another().await;
                crashes.set(crashes.get() + in_pieces(&db, &events, &pieces).await);
                (tables(&db).await, one_pass(&events).await)
            })
        });
        prop_assert_eq!(found, wanted);
        Ok(())
    });
    held.unwrap();
    assert!(crashes.get() > cases, "only {} crashes: this does not test what it should", crashes.get());
}

async fn the_ledger_balances_and_equals_the_cores_balances(db: &TestDatabase) {
    let (flow, events) = stream(11, 4_000);
    let mut sink = Sink::open(db.store.clone()).await.unwrap();
    sink.apply(&events).await.unwrap();

    assert_eq!(db.store.ledger().unbalanced(10).await.unwrap(), []);
    let sums = db.store.ledger().sums().await.unwrap();
    let held: Vec<_> = sums.iter().filter_map(|sum| Some((sum.account.account()?, sum.asset, sum.amount))).collect();
    let core: Vec<_> = flow
        .exchange()
        .balances()
        .into_iter()
        .map(|(account, asset, balance)| (account, asset, i128::from(balance.available.plus(balance.held).minor())))
        .collect();
    assert_eq!(held, core);
    assert!(core.len() > 30);

    for asset in flow.exchange().assets() {
        let outside: i128 =
            sums.iter().filter(|sum| sum.asset == asset.asset && sum.account.get() < 0).map(|sum| sum.amount).sum();
        assert_eq!(-outside, i128::from(flow.exchange().supply(asset.asset).outstanding().minor()), "{asset:?}");
    }
}

async fn orders_and_trades_agree_with_the_core(db: &TestDatabase) {
    let (flow, events) = stream(12, 4_000);
    let mut sink = Sink::open(db.store.clone()).await.unwrap();
    let cursor = sink.apply(&events).await.unwrap();
    assert_eq!((cursor.seq, cursor.time), (flow.exchange().seq(), flow.exchange().now()));
    assert_eq!(cursor.events, events.len() as u64);
    assert_eq!(db.store.sink_cursor().await.unwrap(), cursor);

    let (orders, trades) = (db.store.orders().totals().await.unwrap(), db.store.trades().totals().await.unwrap());
    assert_eq!((orders.count, trades.count), (cursor.orders, cursor.trades));
    assert_eq!((orders.filled, orders.notional, orders.fees), (trades.quantity * 2, trades.notional * 2, trades.fees));
    let open = flow.exchange().open_orders();
    assert_eq!(orders.open, open.len() as u64);
    assert!(open.len() > 20 && trades.count > 300 && orders.rejected > 20, "{orders:?} {trades:?}");
    for core in open {
        let client = core.client_order_id;
        let handle = core.order.get().cast_signed();
        let seq: u64 = db.rows(&format!("SELECT seq FROM orders WHERE handle = {handle}")).await[0].parse().unwrap();
        let row = db.store.orders().by_seq(Seq::new(seq)).await.unwrap();
        assert!(row.status.is_open());
        assert_eq!(
            (row.handle, row.account, row.instrument, row.side),
            (Some(core.order), core.account, core.instrument, core.side)
        );
        assert_eq!((row.price, row.quantity, row.client_order_id), (Some(core.price), core.quantity, client));
        assert_eq!(row.quantity.minus(row.filled), core.leaves);
    }
    assert_eq!(db.store.trades().unpermitted(10).await.unwrap(), []);
}

async fn a_batch_that_fails_leaves_no_trace(db: &TestDatabase) {
    let (_, events) = stream(13, 600);
    let cut = whole(&events, events.len() / 2);
    let mut sink = Sink::open(db.store.clone()).await.unwrap();
    sink.apply(&events[..cut]).await.unwrap();
    let before = tables(db).await;

    // The last statement of the transaction fails.
    db.execute("ALTER TABLE sink_cursor RENAME TO cursor_elsewhere").await.unwrap();
    assert!(sink.apply(&events[cut..]).await.is_err());
    db.execute("ALTER TABLE cursor_elsewhere RENAME TO sink_cursor").await.unwrap();
    assert_eq!(tables(db).await, before);

    sink.apply(&events[cut..]).await.unwrap();
    assert_eq!(tables(db).await, one_pass(&events).await);
}

async fn events_that_do_not_follow_are_refused(db: &TestDatabase) {
    let (_, events) = stream(14, 500);
    let second = whole(&events, 1);
    let mut sink = Sink::open(db.store.clone()).await.unwrap();
    assert!(matches!(sink.apply(&events[second..]).await, Err(StoreError::Gap { cursor: 0, first: 2 })));
    // One event is missing in the middle of a command.
    let third = events.iter().position(|record| record.index == 2).unwrap();
    let mut holed = events.clone();
    let missing = holed.remove(third - 1);
    let cursor = missing.seq.get();
    let refused = sink.apply(&holed).await;
    assert!(
        matches!(refused, Err(StoreError::Gap { cursor: at, first }) if (at, first) == (cursor, cursor)),
        "{refused:?}"
    );

    sink.apply(&events).await.unwrap();
    let before = tables(db).await;
    for _ in 0..2 {
        sink.apply(&events).await.unwrap();
        sink.apply(&events[..second]).await.unwrap();
        sink.apply(&[]).await.unwrap();
    }
    assert_eq!(tables(db).await, before);
}

async fn a_second_sink_is_recognised(db: &TestDatabase) {
    let (_, events) = stream(15, 400);
    let cut = whole(&events, events.len() / 2);
    let mut first = Sink::open(db.store.clone()).await.unwrap();
    let mut second = Sink::open(db.store.clone()).await.unwrap();
    first.apply(&events[..cut]).await.unwrap();
    assert!(second.apply(&events).await.is_err());
    // It reads the cursor again and goes on from there.
    second.apply(&events).await.unwrap();
    assert_eq!(tables(db).await, one_pass(&events).await);
}

/// A feed whose events come in by and by.
struct Log {
    events: Arc<Mutex<Vec<EventRecord>>>,
    news: Arc<Notify>,
    feed: EventFeed,
}

impl Log {
    fn new() -> Self {
        let events = Arc::new(Mutex::new(Vec::<EventRecord>::new()));
        let news = Arc::new(Notify::new());
        let (read, tip) = (Arc::clone(&events), Arc::clone(&events));
        let feed = EventFeed::new(
            move |after, max| {
                let events = read.lock().unwrap();
                let start = events.partition_point(|record| record.seq <= after);
                Ok::<_, Infallible>(events[start..whole(&events, start + max.min(50))].to_vec())
            },
            move || tip.lock().unwrap().last().map_or(Seq::ZERO, |last| last.seq),
            Arc::clone(&news),
        );
        Self { events, news, feed }
    }

    fn append(&self, events: &[EventRecord]) {
        self.events.lock().unwrap().extend_from_slice(events);
        self.news.notify_one();
    }
}

async fn the_running_sink_follows_waits_out_trouble_and_drains(db: &TestDatabase) {
    let (flow, events) = stream(16, 900);
    let (third, two_thirds) = (whole(&events, events.len() / 3), whole(&events, events.len() / 3 * 2));
    let log = Log::new();
    let gauge = SinkGauge::new(log.feed.clone());
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(run_sink(db.store.clone(), gauge.clone(), stopped));

    log.append(&events[..third]);
    gauge.reached(events[third - 1].seq).await;
    assert_eq!((gauge.status().lag, gauge.status().last_error), (0, None));

    db.execute("ALTER TABLE sink_cursor RENAME TO cursor_elsewhere").await.unwrap();
    log.append(&events[third..two_thirds]);
    let failing = gauge.wait_until(|status| status.last_error.is_some()).await;
    assert!(failing.lag > 0 && failing.failing_for.is_some(), "{failing:?}");
    assert!(failing.last_error.unwrap().contains("sink_cursor"));
    db.execute("ALTER TABLE cursor_elsewhere RENAME TO sink_cursor").await.unwrap();
    gauge.reached(events[two_thirds - 1].seq).await;
    assert_eq!(gauge.status().last_error, None);

    log.append(&events[two_thirds..]);
    stop.send(true).unwrap();
    task.await.unwrap();
    assert_eq!(gauge.status().cursor, Some(flow.exchange().seq()));
    assert_eq!(tables(db).await, one_pass(&events).await);
}

cx_store::on_both_databases!(
    pieces_and_crashes_change_nothing,
    the_ledger_balances_and_equals_the_cores_balances,
    orders_and_trades_agree_with_the_core,
    a_batch_that_fails_leaves_no_trace,
    events_that_do_not_follow_are_refused,
    a_second_sink_is_recognised,
    the_running_sink_follows_waits_out_trouble_and_drains,
);
