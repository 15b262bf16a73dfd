//! How many events a second the sink writes, on both databases: the median of several runs.
//!
//! `cargo run --release -p cx-store --example sink_throughput [commands] [runs]`. PostgreSQL syncs here when
//! `TEST_DATABASE_URL` names a server that does; the throw-away cluster of the tests does not.

use std::time::{Duration, Instant};

use cx_engine::EventRecord;
use cx_store::sink::Sink;
use cx_store::testing::{TestDatabase, flow::Flow};

/// What the sink's task takes at a time.
const BATCH: usize = 4_096;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse::<usize>().ok());
    let commands = arguments.next().unwrap_or(200_000);
    let runs = arguments.next().unwrap_or(5);
    let (mut flow, mut events) = Flow::funded(7);
    events.extend(flow.next(commands));
    println!("{commands} commands, {} events, batches of {BATCH}", events.len());

    let (mut sqlite, mut postgres) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        sqlite.push(run(&TestDatabase::sqlite().await, &events).await);
        postgres.push(run(&TestDatabase::postgres().await, &events).await);
    }
    report("sqlite", &mut sqlite, events.len());
    report("postgresql", &mut postgres, events.len());
}

async fn run(db: &TestDatabase, events: &[EventRecord]) -> Duration {
    let mut sink = Sink::open(db.store.clone()).await.expect("a new store has a cursor");
    let start = Instant::now();
    let mut rest = events;
    while !rest.is_empty() {
        let whole =
            rest.iter().skip(BATCH).position(|record| record.index == 0).map_or(rest.len(), |more| BATCH + more);
        let (batch, later) = rest.split_at(whole);
        sink.apply(batch).await.expect("the stream applies");
        rest = later;
    }
    start.elapsed()
}

fn report(name: &str, runs: &mut [Duration], events: usize) {
    runs.sort_unstable();
    let rate = |took: Duration| u128::try_from(events).unwrap_or_default() * 1_000_000 / took.as_micros().max(1);
    let rates: Vec<_> = runs.iter().map(|took| rate(*took)).collect();
    println!("{name}: median {} events/s, all runs {rates:?}", rate(runs[runs.len() / 2]));
}
