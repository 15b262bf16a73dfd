//! Calls that fail and calls that take long. After an error of the journal the process ends with code 70 and says what is safe;
//! nothing is acknowledged that was not on the disk before; a slow disk delays answers and nothing else.

use crate::judge::{Acked, Known, acked_before, judge};
use crate::log::{self, Record};
use crate::model::{Cut, Disk};
use crate::shim::{Ended, Watched};
use crate::{Random, rounds};
use cx_journal::Durability;
use std::collections::BTreeMap;

/// Orders after which a victim is killed that no fault has ended.
const ORDERS: u64 = 20_000;

/// What can fail: operation, files, and within how many calls the first one does.
const TARGETS: [(&str, &str, u64); 7] = [
    ("sync", ".log", 150),
    ("write", ".log", 300),
    ("sync", "data/journal/", 60),
    ("write", "data/journal/", 60),
    ("write", "data/watermark", 4),
    ("any", "data/", 30),
    ("sync", "data/events/", 6),
];
/// EIO and ENOSPC.
const ERRORS: [(u64, &str); 2] = [(5, "Input/output error"), (28, "No space left on device")];

/// A run with a fault: what the log tells, judged as after a power cut.
struct Run {
    ended: Ended,
    records: Vec<Record>,
    acked: Acked,
}

fn run(mode: &str, faults: &str, orders: u64, random: &mut Random) -> Run {
    let root = tempfile::tempdir().unwrap();
    let watched = Watched::new(root.path());
    let mut disk = Disk::of(root.path());
    let ended = watched.victim(&[mode, "0"], faults).until_it_ends(orders);
    let records = log::read(&watched.log());
    records.iter().for_each(|record| disk.play(record));
    let acked = acked_before(&records, records.len(), &Acked::new());
    let known = Known::of(&watched.data()).unwrap_or_else(|error| {
        assert!(acked.is_empty(), "{faults}: {error}");
        Known(Vec::new())
    });
    let durability: Durability = mode.parse().unwrap();
    for how in Cut::ALL {
        let left = tempfile::tempdir().unwrap();
        disk.cut(how, random, left.path());
        let tip = judge(&left.path().join("data"), durability, &acked, Some(&known));
        let tip = tip.unwrap_or_else(|refusal| panic!("{mode} {faults} {how:?}: refused: {refusal}\n{}", ended.stderr));
        if durability == Durability::Fsync || how == Cut::Everything {
            let last = acked.values().max().copied().unwrap_or(0);
            assert!(tip >= last, "{mode} {faults} {how:?}: seq {last} was acknowledged, {tip} is left\n{}", ended.stderr);
        }
    }
    Run { ended, records, acked }
}

impl Run {
    fn fired(&self) -> usize {
        self.records.iter().filter(|record| matches!(record, Record::Fault { .. })).count()
    }

    fn was_ready(&self) -> bool {
        self.records.iter().any(|record| matches!(record, Record::Printed { text } if text.contains("ready")))
    }
}

/// The seq that the last words call durable.
fn durable(stderr: &str) -> u64 {
    let (_, rest) = stderr.split_once("durable up to seq ").unwrap_or_else(|| panic!("no seq in {stderr}"));
    rest.split('.').next().unwrap().parse().unwrap()
}

#[test]
fn after_an_error_the_process_ends_and_everything_acknowledged_is_there() {
    let mut random = Random::new(11);
    let (mut ended, mut at_start, mut went_on, mut unfired) = (0, 0, 0, 0);
    for number in 0..rounds("CX_CRASH_ROUNDS", 4, 14) {
        let (op, part, within) = TARGETS[number % TARGETS.len()];
        let (errno, text) = ERRORS[random.index(ERRORS.len())];
        let (nth, count) = (1 + random.below(within), random.below(2));
        let mode = if random.below(4) == 0 { "interval:20" } else { "fsync" };
        let faults = format!("{op} {part} {nth} {count} {errno}");
        let run = run(mode, &faults, ORDERS, &mut random);
        let stderr = &run.ended.stderr;
        match run.ended.status.code() {
            Some(70) => {
                ended += 1;
                for part in ["the exchange stops: ", "stage failed: ", text, "What is safe: ", "What to do: check free space"] {
                    assert!(stderr.contains(part), "{faults}: {part:?} is missing in {stderr}");
                }
                let (durable, last) = (durable(stderr), run.acked.values().max().copied().unwrap_or(0));
                assert!(last <= durable, "{faults}: seq {last} was acknowledged, {durable} is called durable");
            }
            Some(1) => {
                at_start += 1;
                assert!(!run.was_ready(), "{faults}: {stderr}");
                assert!(stderr.contains(text) || stderr.contains("NoSpace") || stderr.contains("code: "), "{faults}: {stderr}");
            }
            // Killed at the end: the call came never, or was one that RocksDB makes again in the background.
            None => {
                let fired = run.fired();
                went_on += usize::from(fired > 0);
                unfired += usize::from(fired == 0);
                assert!(fired == 0 || part != ".log", "{faults}: the journal's log failed, and orders went on");
            }
            other => panic!("{faults}: {other:?} {stderr}"),
        }
    }
    println!("sync faults  ended with 70: {ended}, start refused: {at_start}, went on: {went_on}, never came: {unfired}");
    assert!(ended >= 4, "{ended} {at_start} {went_on} {unfired}");
}

#[test]
fn a_slow_disk_delays_answers_and_changes_nothing() {
    let mut random = Random::new(12);
    let waits: Vec<u64> = match std::env::var("CX_CRASH_ROUNDS") {
        // Ten milliseconds to ten seconds, evenly by order of magnitude.
        Ok(_) => (0..rounds("CX_CRASH_ROUNDS", 16, 0)).map(|_| 10_u64.pow(1 + u32::try_from(random.below(3)).unwrap())).collect(),
        Err(_) => vec![10, 300],
    };
    let waits: Vec<u64> = waits.iter().map(|wait| if *wait > 10 { wait * (1 + random.below(10)) } else { *wait }).collect();
    for (number, wait) in waits.iter().enumerate() {
        let op = ["sync", "write"][number % 2];
        let faults = format!("{op} .log {} {} -{wait}", 1 + random.below(20), 1 + random.below(2));
        let run = run("fsync", &faults, 6_000, &mut random);
        assert!(run.fired() > 0, "{faults}");
        assert_eq!(run.ended.status.code(), None, "{faults}: {}", run.ended.stderr);
        in_order(&run.records);
    }
    println!("stalls       {} runs, waits of {waits:?} ms: answers came later, all in order", waits.len());
}

/// Each account's orders were acknowledged in the order in which it gave them, under ever higher seqs.
fn in_order(records: &[Record]) {
    let mut last: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (_, id, seq) in log::acks(records) {
        let (account, number) = id.rsplit_once('-').unwrap();
        let here = (number.parse().unwrap(), seq);
        if let Some(before) = last.insert(account.to_owned(), here) {
            assert!(before.0 < here.0 && before.1 < here.1, "{id} at {here:?} after {before:?}");
        }
    }
    assert_eq!(last.len(), 4, "four accounts");
}
