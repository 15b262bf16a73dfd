//! Pipeline and journal in a process of their own (`journal_victim`), killed at random moments.

use crate::Random;
use cx_engine::Event;
use cx_engine::ids::Seq;
use cx_journal::{Durability, JournalStore, verify};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const VICTIM: &str = env!("CARGO_BIN_EXE_journal_victim");

/// Orders that were acknowledged: client order id and seq.
type Acked = BTreeMap<String, u64>;

/// Runs the victim until it has acknowledged `orders`, then kills it. Everything that it had printed by then counts.
fn run_and_kill(dir: &Path, durability: &str, round: usize, orders: u64, acked: &mut Acked) {
    let mut victim = Command::new(VICTIM);
    victim.arg(dir).args([durability, &round.to_string()]).stdout(Stdio::piped());
    let mut victim = victim.spawn().unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap());
    let (mut line, mut seen) = (String::new(), 0);
    while lines.read_line(&mut line).unwrap() > 0 {
        // A line that was cut by the kill has no end; its order was acknowledged, but we cannot tell which it was.
        if let Some(ack) = line.strip_prefix("acked ").and_then(|rest| rest.strip_suffix('\n')) {
            let (seq, id) = ack.split_once(' ').unwrap();
            assert_eq!(acked.insert(id.to_owned(), seq.parse().unwrap()), None, "{id} was acknowledged twice");
            seen += 1;
        }
        if seen == orders {
            victim.kill().unwrap();
        }
        line.clear();
    }
    assert!(seen >= orders, "the victim ended after {seen} orders: {}", victim.wait().unwrap());
    victim.wait().unwrap();
}

/// Recovers the folder and looks for every acknowledged order. Says whether any orders met: a process that is killed
/// after its first order may have had none that did.
fn check(dir: &Path, acked: &Acked) -> bool {
    let report = verify(dir, |_| {}).unwrap();
    assert!(report.is_sound(), "{report}");

    let store = JournalStore::open(dir, Durability::Fsync).unwrap();
    let recovered = store.recover(Seq::ZERO, |_| {}).unwrap();
    assert_eq!(recovered.exchange.state_hash(), report.state_hash, "recovery and verification agree");
    let events = store.event_reader().read_after(Seq::ZERO, usize::MAX).unwrap();
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for record in &events {
        if let Event::OrderAccepted(order) = record.event {
            let id = order.client_order_id.unwrap().as_str().to_owned();
            found.entry(id).or_default().push(record.seq.get());
        }
    }
    for (id, seq) in acked {
        assert_eq!(found.get(id).map(Vec::as_slice), Some(&[*seq][..]), "order {id}, acknowledged at seq {seq}");
    }
    assert!(found.values().all(|seqs| seqs.len() == 1), "no order is there twice");
    events.iter().any(|record| matches!(record.event, Event::Trade(_)))
}

fn killed_ten_times(durability: &str, seed: u64) {
    let dir = tempfile::tempdir().unwrap();
    let mut random = Random(seed);
    let mut acked = Acked::new();
    let mut met = false;
    for round in 0..10 {
        // Early, in the middle of a batch, or after several thousand.
        let orders = 1 + random.below(10_u64.pow(u32::try_from(round % 4 + 1).unwrap()));
        run_and_kill(dir.path(), durability, round, orders, &mut acked);
        met = check(dir.path(), &acked);
    }
    assert!(met, "orders met");
}

#[test]
fn acknowledged_orders_survive_kill_9_with_fsync() {
    killed_ten_times("fsync", 0x5EED_0001);
}

/// The process's death loses nothing in any mode, for what was written belongs to the system: a sync that is missing is
/// seen by a power cut only.
#[test]
fn acknowledged_orders_survive_kill_9_in_the_other_modes() {
    killed_ten_times("interval:20", 0x5EED_0002);
    killed_ten_times("os", 0x5EED_0003);
}

/// The check of the check: acknowledged before it was written.
#[test]
fn a_journal_that_answers_too_early_is_caught() {
    let dir = tempfile::tempdir().unwrap();
    let mut acked = Acked::new();
    run_and_kill(dir.path(), "early", 0, 5_000, &mut acked);
    let checked = std::panic::catch_unwind(|| check(dir.path(), &acked));
    let panic = checked.expect_err("orders that were lost are seen");
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("acknowledged at seq"), "{message}");
}

/// A full disk, as the journal sees it: no file may grow beyond a limit. The victim must end with the code and the
/// message of a fatal storage error, and everything it had acknowledged must be there.
#[test]
fn a_write_that_fails_ends_the_process_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let script = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$1\" fsync 0";
    let output = Command::new("bash").args(["-c", script, VICTIM]).arg(dir.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(70), "{stderr}");
    for part in ["the journal stage failed", "File too large", "What is safe:", "What to do: check free space"] {
        assert!(stderr.contains(part), "{part:?} is missing in {stderr}");
    }
    let stdout = String::from_utf8(output.stdout).unwrap();
    let acks = stdout.lines().filter_map(|line| line.strip_prefix("acked ")?.split_once(' '));
    let acked: Acked = acks.map(|(seq, id)| (id.to_owned(), seq.parse().unwrap())).collect();
    assert!(acked.len() > 100, "only {} orders before the limit", acked.len());
    assert!(check(dir.path(), &acked), "orders met");
}
