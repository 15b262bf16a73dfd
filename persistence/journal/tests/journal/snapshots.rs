//! Snapshots: a start from one equals a start from the first command, whatever happened to the files beside it.

use crate::support::{append, commands, logged, recover, refusal, replay, write};
use cx_engine::ids::Seq;
use cx_engine::{CommandRecord, EventRecord};
use cx_journal::{Durability, Fold, JournalError, JournalStore, Snapshots, Snapshotter};
use std::fs;
use std::path::Path;

/// Counts events, as a fold that is kept with snapshots.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count(u64);

impl Fold for Count {
    fn take(&mut self, records: &[EventRecord]) {
        self.0 += records.len() as u64;
    }

    fn encode(&self) -> Vec<u8> {
        self.0.to_le_bytes().to_vec()
    }
}

impl Count {
    fn decode(bytes: Option<&[u8]>) -> Result<Self, String> {
        let Some(bytes) = bytes else { return Ok(Self::default()) };
        bytes.try_into().map(|bytes| Self(u64::from_le_bytes(bytes))).map_err(|_| "not a count".to_owned())
    }
}

fn snapshotter(store: &JournalStore) -> Snapshotter<Count> {
    store.snapshotter(Count::decode).unwrap()
}

/// Writes `all` in batches of ten, with a snapshot after each of the commands `at`.
fn with_snapshots(dir: &Path, all: &[CommandRecord], at: &[u64]) {
    write(dir, all, &[10], Durability::Fsync);
    let (store, _recovered) = recover(dir, Durability::Fsync).unwrap();
    let mut snapshots = snapshotter(&store);
    for &seq in at {
        assert_eq!(snapshots.advance(Seq::new(seq)).unwrap(), Seq::new(seq));
        snapshots.write(usize::MAX, Seq::ZERO).unwrap();
    }
}

#[test]
fn a_start_begins_with_the_newest_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(1, 500);
    with_snapshots(dir.path(), &all, &[100, 300]);
    let (store, recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    let (exchange, events) = replay(&all);
    assert_eq!(recovered.exchange.state_hash(), exchange.state_hash());
    assert_eq!(recovered.stats.began_at, Seq::new(300));
    assert_eq!(recovered.stats.commands, all.len() as u64 - 300);
    assert_eq!(logged(&store), events);
    let (seq, folds) = recovered.folds.unwrap();
    assert_eq!(seq, Seq::new(300));
    let before = events.iter().filter(|event| event.seq <= seq).count() as u64;
    assert_eq!(Count::decode(Some(&folds)).unwrap(), Count(before));
}

#[test]
fn a_snapshotter_goes_on_where_the_last_one_stood_and_does_not_pass_what_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(2, 300);
    with_snapshots(dir.path(), &all, &[100]);
    let (store, _recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    let mut snapshots = snapshotter(&store);
    assert_eq!(snapshots.seq(), Seq::new(100));
    // Whole batches only.
    assert_eq!(snapshots.advance(Seq::new(119)).unwrap(), Seq::new(110));
    assert_eq!(snapshots.state_hash(), replay(&all[..110]).0.state_hash());
    assert_eq!(snapshots.write(1, Seq::new(u64::MAX)).unwrap(), [Seq::new(110)]);
}

#[test]
fn a_damaged_snapshot_is_passed_over_for_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(3, 400);
    with_snapshots(dir.path(), &all, &[100, 300]);
    let path = Snapshots::at(dir.path()).path(Seq::new(300));
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (_store, recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    assert_eq!(recovered.stats.began_at, Seq::new(100));
    assert_eq!(recovered.exchange.state_hash(), replay(&all).0.state_hash());
    fs::write(Snapshots::at(dir.path()).path(Seq::new(100)), b"").unwrap();
    drop((_store, recovered));
    let (_store, recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    assert_eq!(recovered.stats.began_at, Seq::ZERO);
    assert!(recovered.folds.is_none());
}

#[test]
fn a_snapshot_beyond_the_journals_end_refuses_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(4, 300);
    with_snapshots(dir.path(), &all, &[200]);
    let other = tempfile::tempdir().unwrap();
    write(other.path(), &all[..150], &[10], Durability::Fsync);
    fs::create_dir_all(other.path().join("snapshots")).unwrap();
    let name = Snapshots::at(dir.path()).path(Seq::new(200));
    fs::copy(&name, Snapshots::at(other.path()).path(Seq::new(200))).unwrap();
    let error = refusal(other.path());
    assert!(matches!(error, JournalError::TipBelow { tip: 150, reached: 200, .. }), "{error}");
    assert!(error.to_string().contains("snapshot"), "{error}");
}

#[test]
fn a_snapshot_of_another_journal_is_not_used() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let all = commands(5, 300);
    with_snapshots(dir.path(), &all, &[100]);
    with_snapshots(other.path(), &commands(6, 300), &[200]);
    let name = |dir: &Path| Snapshots::at(dir).path(Seq::new(200));
    fs::copy(name(other.path()), name(dir.path())).unwrap();
    let (_store, recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    assert_eq!(recovered.stats.began_at, Seq::new(100));
    assert_eq!(recovered.exchange.state_hash(), replay(&all).0.state_hash());
}

#[test]
fn a_lost_event_log_is_derived_from_where_its_reader_stands() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(7, 500);
    with_snapshots(dir.path(), &all, &[100, 300]);
    let events = replay(&all).1;
    fs::remove_dir_all(dir.path().join("events")).unwrap();
    let store = JournalStore::open(dir.path(), Durability::Fsync).unwrap();
    let recovered = store.recover(Seq::new(150), |_| {}).unwrap();
    assert_eq!(recovered.stats.began_at, Seq::new(100), "the newest snapshot before what the reader needs");
    let after = |seq: u64| events.iter().filter(move |event| event.seq.get() > seq).copied().collect::<Vec<_>>();
    assert_eq!(store.event_reader().read_after(Seq::new(100), usize::MAX).unwrap(), after(100));
    drop((store, recovered));
    // Now the log begins after seq 100: who needs more gets it from the first command.
    let (store, recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    assert_eq!(recovered.stats.began_at, Seq::ZERO);
    assert_eq!(logged(&store), events);
}

#[test]
fn a_replay_that_leads_elsewhere_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(8, 100);
    let (store, mut recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    append(&mut recovered, &all[..50], &[10]);
    // The live exchange goes another way than the journal says.
    let mut other = all[50..60].to_vec();
    other.reverse();
    let mut events = Vec::new();
    cx_pipeline::Journal::append(&mut recovered.journal, Seq::new(51), &all[50..60]).unwrap();
    for command in &other {
        events.clear();
        let seq = recovered.exchange.seq().next();
        let time = recovered.exchange.apply(seq, command.stamp, &command.command, &mut events);
        let records: Vec<_> =
            (0..).zip(&events).map(|(index, &event)| EventRecord { seq, index, time, event }).collect();
        cx_pipeline::EventLog::append(&mut recovered.event_log, &records).unwrap();
    }
    let mut snapshots = snapshotter(&store);
    assert_eq!(snapshots.advance(Seq::new(50)).unwrap(), Seq::new(50));
    let error = snapshots.advance(Seq::new(60)).unwrap_err();
    assert!(matches!(error, JournalError::Diverged { .. }), "{error}");
}

#[test]
fn what_nothing_needs_is_cut_off_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(9, 500);
    let (exchange, events) = replay(&all);
    with_snapshots(dir.path(), &all, &[100, 300, 400]);
    {
        let (store, _recovered) = recover(dir.path(), Durability::Fsync).unwrap();
        let mut snapshots = snapshotter(&store);
        // Not more than the oldest snapshot allows: the batch that ends there stays.
        assert_eq!(snapshots.cut(Seq::new(450), Seq::new(450)).unwrap(), Seq::new(91));
        snapshots.write(2, Seq::new(u64::MAX)).unwrap();
        assert_eq!(snapshots.cut(Seq::new(250), Seq::new(280)).unwrap(), Seq::new(241));
        let left = events.iter().filter(|event| event.seq.get() >= 280).copied().collect::<Vec<_>>();
        assert_eq!(logged(&store), left);
    }
    let store = JournalStore::open(dir.path(), Durability::Fsync).unwrap();
    let recovered = store.recover(Seq::new(350), |_| {}).unwrap();
    assert_eq!(recovered.exchange.state_hash(), exchange.state_hash());
    drop((store, recovered));
    // Both snapshots are sound and the whole chain that is left is.
    let report = cx_journal::verify(dir.path(), |_| {}).unwrap();
    assert!(report.is_sound(), "{report}");
    assert_eq!((report.began_at, report.tip), (Seq::new(300), Seq::new(all.len() as u64)));
    assert_eq!(report.commands, all.len() as u64 - 240);
    // Events that were cut off cannot be derived any more.
    let error = refusal(dir.path());
    assert!(matches!(error, JournalError::NoStart { first: 241, needed: 0, .. }), "{error}");
}

#[test]
fn verification_holds_snapshots_against_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(10, 300);
    with_snapshots(dir.path(), &all, &[100, 200]);
    let snapshots = Snapshots::at(dir.path());
    let sound = cx_journal::verify(dir.path(), |_| {}).unwrap();
    assert!(sound.is_sound(), "{sound}");
    assert_eq!(sound.snapshots, 2);
    // A snapshot that is whole but holds another state.
    let mut other = snapshots.read(Seq::new(200)).unwrap();
    other.exchange = snapshots.read(Seq::new(100)).unwrap().exchange;
    snapshots.write(&other).unwrap();
    let report = cx_journal::verify(dir.path(), |_| {}).unwrap();
    assert!(!report.is_sound() && report.to_string().contains("leads to another state"), "{report}");
    // Recovery does not take it either: it stands elsewhere than it says.
    let (_store, recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    assert_eq!(recovered.stats.began_at, Seq::new(100));
}
