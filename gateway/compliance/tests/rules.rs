//! Whatever the core's rules bring about, the store agrees with the journal: stops, auctions, rebates, decrements, reversals.
#![allow(clippy::unwrap_used)]

mod owners;
#[path = "../../../engine/core/tests/streams/mod.rs"]
mod streams;

use std::collections::BTreeSet;

use cx_compliance::{Expectation, Finding, Measure, reconcile};
use cx_engine::{Event, EventRecord, Exchange};
use cx_store::Backend;
use cx_store::sink::Sink;
use cx_store::testing::TestDatabase;
use owners::owners;
use streams::{Coverage, Generator, Seeded, Shape};

/// A venue, and everything that happened on it.
struct Venue {
    exchange: Exchange,
    events: Vec<EventRecord>,
    coverage: Coverage,
}

impl Venue {
    fn run(shape: Shape, seed: u64, commands: usize) -> Self {
        let (mut generator, mut choices) = (Generator::new(shape), Seeded::new(seed));
        let mut venue = Self { exchange: Exchange::new(), events: Vec::new(), coverage: Coverage::default() };
        for _ in 0..commands {
            let record = generator.next(&mut choices);
            let seq = venue.exchange.seq().next();
            let mut events = Vec::new();
            let time = venue.exchange.apply(seq, record.stamp, &record.command, &mut events);
            venue.coverage.count(&record.command, &events);
            generator.observe(&events);
            venue.events.extend((0..).zip(events).map(|(index, event)| EventRecord { seq, index, time, event }));
        }
        venue
    }

    /// How many events lie up to a command.
    fn upto(&self, seq: u64) -> usize {
        self.events.partition_point(|record| record.seq.get() <= seq)
    }
}

/// All accounts that were ever permitted anything.
fn permitted(venue: &Venue) -> BTreeSet<u32> {
    let permitted = venue.events.iter().filter_map(|record| match &record.event {
        Event::PermissionsSet(set) => Some(set.account.get()),
        _ => None,
    });
    permitted.collect()
}

async fn findings(db: &TestDatabase, venue: &Venue) -> Vec<Finding> {
    let mut expectation = Expectation::at(db.store.sink_cursor().await.unwrap());
    venue.events.iter().for_each(|record| expectation.observe(record));
    reconcile(&db.store, &expectation, &venue.exchange).await.unwrap().findings
}

/// In three steps: at each the store is behind, and at the last it is not.
async fn every_stream_of_the_core_reconciles(db: &TestDatabase) {
    const COMMANDS: usize = 2_400;
    let mut coverage = Coverage::default();
    let rounds = if db.store.backend() == Backend::Sqlite { 2 } else { 1 };
    for seed in 0..rounds * Shape::ALL.len() {
        let venue = Venue::run(Shape::ALL[seed % Shape::ALL.len()], seed as u64 + 100, COMMANDS);
        coverage.merge(&venue.coverage);
        let db = db.another().await;
        owners(&db, permitted(&venue)).await;
        let mut done = 0;
        for seq in [COMMANDS / 3, COMMANDS / 2 + seed, COMMANDS].map(|seq| seq as u64) {
            let upto = venue.upto(seq);
            Sink::open(db.store.clone()).await.unwrap().apply(&venue.events[done..upto]).await.unwrap();
            assert_eq!(findings(&db, &venue).await, [], "seed {seed} at {seq}");
            done = upto;
        }
    }
    for met in [
        "trade reversed",
        "traded with a rebate",
        "reduced in the book",
        "reduced as aggressor",
        "stop went off",
        "accepted: market by cash",
        "traded in an auction, both filled",
        "account stopped",
        "next part shown",
    ] {
        assert!(coverage.of(met) > 5, "met too seldom: {met}, {} times", coverage.of(met));
    }
}

async fn a_reversal_that_is_missing_or_too_much_is_found(db: &TestDatabase) {
    let venue = Venue::run(Shape::ALL[1], 7, 2_000);
    owners(db, permitted(&venue)).await;
    Sink::open(db.store.clone()).await.unwrap().apply(&venue.events).await.unwrap();
    assert_eq!(findings(db, &venue).await, []);
    if db.store.backend() == Backend::Postgres {
        for table in ["busts", "control_events", "postings"] {
            db.execute(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL")).await.unwrap();
        }
    }
    let measures = |found: &[Finding]| -> Vec<(Measure, i128)> {
        let differs = found.iter().filter_map(|finding| match finding {
            Finding::Differs { measure, stored, expected } => Some((*measure, stored - expected)),
            _ => None,
        });
        differs.collect()
    };
    let first = "(SELECT MIN(trade) FROM busts)";
    let lots: i128 = db.rows(&format!("SELECT quantity FROM trades WHERE id = {first}")).await[0].parse().unwrap();
    let told = db.rows(&format!("SELECT trade, seq, idx, time_ns FROM busts WHERE trade = {first}")).await[0]
        .replace('|', ", ");
    assert_eq!(db.execute(&format!("DELETE FROM busts WHERE trade = {first}")).await, Ok(1));
    let found = findings(db, &venue).await;
    assert_eq!(measures(&found), [(Measure::BustedTrades, -1), (Measure::BustedLots, -lots)], "{found:?}");
    assert!(found[0].to_string().starts_with("reversed trades: the store has "), "{}", found[0]);
    db.execute(&format!("INSERT INTO busts VALUES ({told})")).await.unwrap();
    assert_eq!(findings(db, &venue).await, []);

    // Lines of a reversal that never was: the ledger is balanced, and the balances are not the exchange's.
    let standing: Vec<String> =
        db.rows("SELECT id FROM trades WHERE id NOT IN (SELECT trade FROM busts) LIMIT 1").await;
    db.execute(&format!("INSERT INTO busts VALUES ({}, 1, 0, 1)", standing[0])).await.unwrap();
    assert_eq!(measures(&findings(db, &venue).await)[0], (Measure::BustedTrades, 1));
    db.execute(&format!("DELETE FROM busts WHERE trade = {}", standing[0])).await.unwrap();

    let gone = db.execute("DELETE FROM postings WHERE kind = 'bust'").await.unwrap();
    assert!(gone >= 4);
    let found = findings(db, &venue).await;
    assert!(
        !found.is_empty() && found.iter().all(|finding| matches!(finding, Finding::BalanceDiffers { .. })),
        "{found:?}"
    );

    assert_eq!(db.execute("DELETE FROM control_events WHERE seq = (SELECT MIN(seq) FROM control_events)").await, Ok(1));
    assert_eq!(measures(&findings(db, &venue).await), [(Measure::Decisions, -1)]);
}

cx_store::on_both_databases!(every_stream_of_the_core_reconciles, a_reversal_that_is_missing_or_too_much_is_found);
