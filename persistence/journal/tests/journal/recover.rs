//! What was appended is there again: commands, state, events, in every mode and however it was cut into batches.

use crate::flow::{Flow, market};
use crate::support::{append, commands, eventually, logged, recover, replay, write};
use cx_engine::ids::Seq;
use cx_engine::{CommandRecord, EventRecord};
use cx_journal::{Durability, JournalError, JournalStore, watermark};
use cx_pipeline::{Journal, Outlet, Pipeline, PipelineConfig, SystemClock};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

#[test]
fn a_new_folder_begins_at_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, recovered) = recover(&dir.path().join("made/on/the/way"), Durability::Fsync).unwrap();
    assert_eq!(recovered.exchange.seq(), Seq::ZERO);
    assert_eq!(recovered.journal.tip(), Seq::ZERO);
    assert_eq!((recovered.stats.commands, recovered.stats.batches), (0, 0));
    assert!(logged(&store).is_empty());
}

#[test]
fn the_state_comes_back_and_the_journal_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(1, 500);
    let (first, second) = all.split_at(300);
    write(dir.path(), first, &[1, 7, 64], Durability::Fsync);

    let (store, mut recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    assert_eq!(recovered.exchange.state_hash(), replay(first).0.state_hash());
    assert_eq!((recovered.stats.commands, recovered.stats.batches), (300, 2 + 292_u64.div_ceil(64)));
    assert_eq!(recovered.stats.events_restored, 0, "the log was closed properly");
    append(&mut recovered, second, &[50]);
    drop((store, recovered));

    let (store, recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    let (exchange, events) = replay(&all);
    assert_eq!(recovered.exchange.state_hash(), exchange.state_hash());
    assert_eq!(logged(&store), events);
    assert_eq!(store.opened_at(), Seq::new(all.len() as u64));
}

#[test]
fn no_mode_loses_anything_when_the_process_ends() {
    for durability in [Durability::Fsync, Durability::Interval(Duration::from_millis(5)), Durability::Os] {
        let dir = tempfile::tempdir().unwrap();
        let all = commands(2, 200);
        let (store, mut recovered) = recover(dir.path(), durability).unwrap();
        assert_eq!(store.durability(), durability);
        append(&mut recovered, &all, &[16]);
        // Not closed: dropped, as after a kill.
        drop((store, recovered));
        let (_, recovered) = recover(dir.path(), durability).unwrap();
        assert_eq!(recovered.exchange.state_hash(), replay(&all).0.state_hash(), "{durability}");
    }
}

#[test]
fn the_watermark_follows_what_is_durable() {
    let all = commands(3, 20);
    let tip = Seq::new(all.len() as u64);
    for durability in [Durability::Fsync, Durability::Interval(Duration::from_millis(150))] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watermark");
        let (_store, mut recovered) = recover(dir.path(), durability).unwrap();
        append(&mut recovered, &all, &[5]);
        eventually("the watermark is at the tip", || watermark::read(&path).unwrap().unwrap().seq == tip);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("watermark");
    let (_store, mut recovered) = recover(dir.path(), Durability::Os).unwrap();
    append(&mut recovered, &all, &[5]);
    assert_eq!(watermark::read(&path).unwrap().unwrap().seq, Seq::ZERO, "nothing is known to be durable");
    recovered.journal.close().unwrap();
    assert_eq!(watermark::read(&path).unwrap().unwrap().seq, tip, "closing syncs");
}

#[test]
fn only_the_next_seq_can_be_appended() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(4, 10);
    let (_store, mut recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    recovered.journal.append(Seq::new(1), &all[..3]).unwrap();
    for wrong in [1, 3, 5] {
        let error = recovered.journal.append(Seq::new(wrong), &all[3..4]).unwrap_err().to_string();
        assert_eq!(error, format!("seq {wrong} cannot be appended: the next one is 4"));
    }
    recovered.journal.append(Seq::new(4), &all[3..]).unwrap();
    assert_eq!(recovered.journal.tip(), Seq::new(all.len() as u64));
}

#[test]
fn there_is_one_writer() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    assert!(matches!(store.recover(Seq::ZERO, |_| {}), Err(JournalError::AlreadyRecovered)));
}

#[test]
fn each_writer_has_a_later_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(5, 0);
    for (number, record) in all.iter().enumerate() {
        let (_store, mut recovered) = recover(dir.path(), Durability::Os).unwrap();
        recovered.journal.append(Seq::new(number as u64 + 1), &[*record]).unwrap();
    }
    let epochs: Vec<u64> = crate::support::raw(dir.path(), "journal", "commands", |db, family| {
        let values = db.iterator_cf(family, rocksdb::IteratorMode::Start).map(|item| item.unwrap().1);
        values.map(|value| u64::from_le_bytes(value[8..16].try_into().unwrap())).collect()
    });
    assert!(epochs.is_sorted_by(|before, after| before < after), "{epochs:?}");
}

#[test]
fn progress_ends_at_the_total() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &commands(6, 100_000), &[4_096], Durability::Os);
    let store = JournalStore::open(dir.path(), Durability::Os).unwrap();
    let mut seen = Vec::new();
    let recovered = store.recover(Seq::ZERO, |progress| seen.push((progress.replayed, progress.total))).unwrap();
    let total = recovered.exchange.seq().get();
    assert_eq!((seen.len(), seen.last().copied()), (2, Some((total, total))), "{seen:?}");
    assert!(seen.is_sorted());
    assert!(recovered.stats.commands_per_second() > 0);
}

#[test]
fn a_cursor_beyond_the_journal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &commands(7, 0), &[4], Durability::Os);
    let store = JournalStore::open(dir.path(), Durability::Os).unwrap();
    store.require(Seq::new(15), "the SQL store's cursor").unwrap();
    let error = store.require(Seq::new(18), "the SQL store's cursor").unwrap_err().to_string();
    assert!(
        error.contains(
            "ends at seq 15, but the SQL store's cursor says that it reached seq 18: seqs 16 to 18 are missing"
        ),
        "{error}"
    );
}

struct Kept(Arc<Mutex<Vec<EventRecord>>>);

impl Outlet for Kept {
    fn release(&mut self, records: &[EventRecord]) {
        self.0.lock().unwrap().extend_from_slice(records);
    }
}

#[test]
fn a_pipeline_on_the_journal_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (store, recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    let released = Arc::new(Mutex::new(Vec::new()));
    let (pipeline, sequencer) = Pipeline::start(
        PipelineConfig::default(),
        recovered.exchange,
        Box::new(recovered.journal),
        Box::new(recovered.event_log),
        Box::new(Kept(Arc::clone(&released))),
        Arc::new(SystemClock),
    );
    for command in market(8) {
        sequencer.submit(command).unwrap().wait().unwrap();
    }
    thread::scope(|scope| {
        for producer in 0..4 {
            let sequencer = sequencer.clone();
            scope.spawn(move || {
                let mut flow = Flow::new(producer, 8);
                for _ in 0..10 {
                    let pending: Vec<_> = (0..100).map(|_| sequencer.submit(flow.command()).unwrap()).collect();
                    for pending in pending {
                        pending.wait().unwrap();
                    }
                }
            });
        }
    });
    let reader = store.event_reader();
    let hash = pipeline.shutdown().state_hash();
    let released = released.lock().unwrap().clone();
    assert_eq!(reader.tip(), released.last().unwrap().seq);
    assert_eq!(logged(&store), released);
    drop((store, reader));

    let (store, recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    assert_eq!(recovered.exchange.state_hash(), hash);
    assert_eq!(recovered.stats.events_restored, 0);
    assert_eq!(logged(&store), released);
}

/// All commands in a folder, and the batch sizes.
fn stored(dir: &std::path::Path) -> (Vec<CommandRecord>, Vec<usize>) {
    crate::support::raw(dir, "journal", "commands", |db, family| {
        let (mut all, mut sizes) = (Vec::new(), Vec::new());
        for item in db.iterator_cf(family, rocksdb::IteratorMode::Start) {
            let (key, value) = item.unwrap();
            let first = Seq::new(u64::from_be_bytes((*key).try_into().unwrap()));
            let batch = cx_journal::batch::Batch::decode(first, &value).unwrap();
            sizes.push(batch.len());
            all.extend(batch.commands().map(|command| command.unwrap().1));
        }
        (all, sizes)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn batches_cut_in_any_way_hold_the_same(
        seed in any::<u64>(),
        orders in 0_usize..120,
        one in proptest::collection::vec(1_usize..40, 1..8),
        other in proptest::collection::vec(1_usize..40, 1..8),
    ) {
        let all = commands(seed, orders);
        let hashes = [one, other].map(|sizes| {
            let dir = tempfile::tempdir().unwrap();
            write(dir.path(), &all, &sizes, Durability::Os);
            let (store, recovered) = recover(dir.path(), Durability::Os).unwrap();
            assert_eq!(logged(&store), replay(&all).1);
            let hash = recovered.exchange.state_hash();
            drop((store, recovered));
            let (contents, cut) = stored(dir.path());
            assert_eq!(contents, all);
            assert_eq!(cut.iter().sum::<usize>(), all.len());
            hash
        });
        prop_assert_eq!(hashes[0], hashes[1]);
        prop_assert_eq!(hashes[0], replay(&all).0.state_hash());
    }
}
