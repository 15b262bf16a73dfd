//! The event log: whole commands for readers, complete after every start.

use crate::support::{append, commands, logged, raw, recover, replay, write};
use cx_engine::EventRecord;
use cx_engine::codec::encode_event;
use cx_engine::ids::Seq;
use cx_journal::Durability;
use cx_pipeline::EventLog;

fn event_key(record: &EventRecord) -> Vec<u8> {
    let mut key = record.seq.get().to_be_bytes().to_vec();
    key.extend(record.index.to_be_bytes());
    key
}

#[test]
fn a_reader_gets_whole_commands_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(1, 400);
    write(dir.path(), &all, &[32], Durability::Os);
    let (store, _recovered) = recover(dir.path(), Durability::Os).unwrap();
    let reader = store.event_reader();
    assert_eq!(reader.tip(), Seq::new(all.len() as u64));
    let (_, expected) = replay(&all);
    for max in [1, 2, 3, 7, 100, 100_000] {
        let mut read: Vec<EventRecord> = Vec::new();
        loop {
            let after = read.last().map_or(Seq::ZERO, |record| record.seq);
            let part = reader.read_after(after, max).unwrap();
            let Some(last) = part.last() else { break };
            let commands = part.chunk_by(|a, b| a.seq == b.seq).count();
            assert!(part.len() <= max || commands == 1, "{} events, {commands} commands, max {max}", part.len());
            let whole = expected.iter().filter(|record| record.seq == last.seq).count();
            assert_eq!(part.iter().filter(|record| record.seq == last.seq).count(), whole);
            read.extend(part);
        }
        assert_eq!(read, expected, "in parts of {max}");
    }
    assert!(reader.read_after(reader.tip(), 10).unwrap().is_empty());
    assert!(reader.read_after(Seq::new(u64::MAX), 10).unwrap().is_empty());
}

#[test]
fn a_reader_follows_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut recovered) = recover(dir.path(), Durability::Os).unwrap();
    let reader = store.event_reader();
    let (_, events) = replay(&commands(2, 50));
    let mut cursor = Seq::ZERO;
    for command in events.chunk_by(|a, b| a.seq == b.seq) {
        assert!(reader.read_after(cursor, 100).unwrap().is_empty());
        recovered.event_log.append(command).unwrap();
        assert_eq!(reader.read_after(cursor, 100).unwrap(), command);
        cursor = reader.tip();
    }
}

#[test]
fn a_lost_tail_is_derived_again_under_the_same_keys() {
    let all = commands(3, 300);
    let (_, expected) = replay(&all);
    for kept in [0, 1, 15, 200, expected.len() - 1] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &all, &[64], Durability::Os);
        // A crash leaves whole commands: the log is written command by command.
        let kept_to = if kept == 0 { Seq::ZERO } else { expected[kept - 1].seq };
        let lost: Vec<_> = expected.iter().filter(|record| record.seq > kept_to).collect();
        raw(dir.path(), "events", "events", |db, family| {
            for record in &lost {
                db.delete_cf(family, event_key(record)).unwrap();
            }
        });
        let (store, recovered) = recover(dir.path(), Durability::Os).unwrap();
        assert_eq!(recovered.stats.events_restored, lost.len() as u64);
        assert_eq!(logged(&store), expected);
    }
}

#[test]
fn events_of_commands_that_a_power_cut_took_are_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let (all, tip) = (commands(4, 100), 80);
    write(dir.path(), &all[..tip], &[16], Durability::Os);
    let (_, events) = replay(&all);
    raw(dir.path(), "events", "events", |db, family| {
        for record in events.iter().filter(|record| record.seq.get() > tip as u64) {
            db.put_cf(family, event_key(record), encode_event(record)).unwrap();
        }
    });
    let (store, mut recovered) = recover(dir.path(), Durability::Os).unwrap();
    let (_, expected) = replay(&all[..tip]);
    assert_eq!(store.event_reader().tip(), Seq::new(tip as u64));
    assert_eq!(logged(&store), expected);
    // Other commands take the places of the lost ones.
    let others = commands(5, 100);
    append(&mut recovered, &others[90..], &[10]);
    drop((store, recovered));
    let (store, _recovered) = recover(dir.path(), Durability::Os).unwrap();
    let history: Vec<_> = all[..tip].iter().chain(&others[90..]).copied().collect();
    assert_eq!(logged(&store), replay(&history).1);
}

#[test]
fn a_damaged_event_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(6, 10);
    write(dir.path(), &all, &[16], Durability::Os);
    raw(dir.path(), "events", "events", |db, family| {
        let mut key = 5_u64.to_be_bytes().to_vec();
        key.extend(0_u32.to_be_bytes());
        db.put_cf(family, key, [0xFF; 128]).unwrap();
    });
    let (store, _recovered) = recover(dir.path(), Durability::Os).unwrap();
    let error = store.event_reader().read_after(Seq::ZERO, 100).unwrap_err().to_string();
    assert!(error.contains("damaged at seq 5, event 0") && error.contains("can be derived again"), "{error}");
}
