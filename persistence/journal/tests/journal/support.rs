//! Writing journals for tests, and reaching under them to do damage.

use crate::flow::{self, Flow};
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use cx_engine::{CommandRecord, Event, EventRecord, Exchange};
use cx_journal::{Durability, JournalError, JournalStore, Recovered};
use cx_pipeline::{EventLog, Journal};
use rocksdb::{ColumnFamily, DB, Options};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// A market of four accounts and `orders` commands on it, stamped.
pub fn commands(seed: u64, orders: usize) -> Vec<CommandRecord> {
    let mut flow = Flow::new(seed, 4);
    let commands = flow::market(4).into_iter().chain(std::iter::repeat_with(move || flow.command()).take(orders));
    (1..).zip(commands).map(|(nanos, command)| CommandRecord { stamp: Timestamp::from_nanos(nanos), command }).collect()
}

/// The exchange after `commands`, and all events.
pub fn replay(commands: &[CommandRecord]) -> (Exchange, Vec<EventRecord>) {
    let mut exchange = Exchange::new();
    let (mut events, mut records): (Vec<Event>, Vec<EventRecord>) = Default::default();
    for command in commands {
        events.clear();
        let seq = exchange.seq().next();
        let time = exchange.apply(seq, command.stamp, &command.command, &mut events);
        records.extend((0..).zip(&events).map(|(index, &event)| EventRecord { seq, index, time, event }));
    }
    (exchange, records)
}

/// Opens a folder and recovers it.
pub fn recover(dir: &Path, durability: Durability) -> Result<(JournalStore, Recovered), JournalError> {
    let store = JournalStore::open(dir, durability)?;
    let recovered = store.recover(Seq::ZERO, |_| {})?;
    Ok((store, recovered))
}

/// The error of opening and recovering a folder.
pub fn refusal(dir: &Path) -> JournalError {
    match recover(dir, Durability::Fsync) {
        Ok((_, recovered)) => panic!("recovered up to {:?}", recovered.exchange.seq()),
        Err(error) => error,
    }
}

/// Appends `commands` in batches of the given sizes (the last size is repeated), with their events, and closes.
pub fn write(dir: &Path, commands: &[CommandRecord], sizes: &[usize], durability: Durability) {
    let (_store, mut recovered) = recover(dir, durability).unwrap();
    append(&mut recovered, commands, sizes);
    recovered.journal.close().unwrap();
    recovered.event_log.close().unwrap();
}

/// Appends as [`write`] does, without closing.
pub fn append(recovered: &mut Recovered, commands: &[CommandRecord], sizes: &[usize]) {
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(*sizes.last().unwrap()));
    let mut rest = commands;
    let mut events = Vec::new();
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
        recovered.journal.append(recovered.journal.tip().next(), batch).unwrap();
        for command in batch {
            events.clear();
            let exchange = &mut recovered.exchange;
            let seq = exchange.seq().next();
            let time = exchange.apply(seq, command.stamp, &command.command, &mut events);
            let records: Vec<_> =
                (0..).zip(&events).map(|(index, &event)| EventRecord { seq, index, time, event }).collect();
            recovered.event_log.append(&records).unwrap();
        }
        rest = later;
    }
}

/// All events of a folder's log.
pub fn logged(store: &JournalStore) -> Vec<EventRecord> {
    store.event_reader().read_after(Seq::ZERO, usize::MAX).unwrap()
}

/// Reaches into one of the databases while nobody has it open.
pub fn raw<T>(dir: &Path, database: &str, family: &str, reach: impl FnOnce(&DB, &ColumnFamily) -> T) -> T {
    let path = dir.join(database);
    let families = DB::list_cf(&Options::default(), &path).unwrap();
    let db = DB::open_cf(&Options::default(), &path, families).unwrap();
    let reached = reach(&db, db.cf_handle(family).unwrap());
    db.flush_cf(db.cf_handle(family).unwrap()).unwrap();
    reached
}

/// The value of a batch, changed.
pub fn change_batch(dir: &Path, first: u64, change: impl FnOnce(&mut Vec<u8>)) {
    raw(dir, "journal", "commands", |db, family| {
        let key = first.to_be_bytes();
        let mut value = db.get_cf(family, key).unwrap().expect("there is a batch at this seq");
        change(&mut value);
        db.put_cf(family, key, value).unwrap();
    });
}

/// The largest file of a folder with this ending.
pub fn largest_file(dir: &Path, ending: &str) -> PathBuf {
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|found| found == ending));
    files.max_by_key(|path| path.metadata().unwrap().len()).expect("there is such a file")
}

/// Waits for something that nothing announces.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        thread::yield_now();
    }
}
