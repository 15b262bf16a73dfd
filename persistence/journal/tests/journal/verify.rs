//! Verification: quiet when all is well, precise when not, and it changes nothing.

use crate::support::{append, change_batch, commands, raw, recover, replay, write};
use cx_engine::codec::encode_event;
use cx_engine::ids::Seq;
use cx_journal::{Durability, Finding, JournalError, VerifyReport, verify};
use cx_pipeline::EventLog;
use std::fs;
use std::path::Path;

fn report(dir: &Path) -> VerifyReport {
    verify(dir, |_| {}).unwrap()
}

fn event_key(seq: u64, index: u32) -> Vec<u8> {
    let mut key = seq.to_be_bytes().to_vec();
    key.extend(index.to_be_bytes());
    key
}

#[test]
fn a_sound_folder_has_no_findings_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(1, 500);
    write(dir.path(), &all, &[10], Durability::Fsync);
    let files = |folder: &str| {
        let entries = fs::read_dir(dir.path().join(folder)).unwrap().map(Result::unwrap);
        let mut files: Vec<_> = entries.map(|entry| (entry.file_name(), entry.metadata().unwrap().len())).collect();
        files.sort();
        files
    };
    let before = [files("."), files("journal"), files("events")];
    let report = report(dir.path());
    assert!(report.findings.is_empty() && report.is_sound(), "{report}");
    let (exchange, events) = replay(&all);
    assert_eq!((report.tip, report.watermark), (exchange.seq(), Some(exchange.seq())));
    assert_eq!((report.commands, report.batches), (all.len() as u64, all.len().div_ceil(10) as u64));
    assert_eq!((report.events, report.events_stored), (events.len() as u64, events.len() as u64));
    assert_eq!(report.state_hash, exchange.state_hash());
    assert!(report.to_string().ends_with("result        sound"), "{report}");
    assert_eq!([files("."), files("journal"), files("events")], before);
}

#[test]
fn it_runs_beside_a_live_server() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(2, 300);
    let (_store, mut recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    append(&mut recovered, &all[..200], &[10]);
    let report = report(dir.path());
    assert!(report.is_sound(), "{report}");
    assert_eq!(report.tip, Seq::new(200));
    assert!(
        matches!(report.findings[..], [Finding::EventsBehind { stored_to: 0, tip: 200 }]),
        "the events are in the server's memory: {report}"
    );
    append(&mut recovered, &all[200..], &[10]);
}

#[test]
fn closing_the_log_writes_its_events_down_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, mut recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    append(&mut recovered, &commands(2, 100), &[10]);
    recovered.event_log.close().unwrap();
    let report = report(dir.path());
    assert!(report.findings.is_empty(), "still open, and complete on the disk: {report}");
    assert_eq!(report.events_stored, report.events);
}

#[test]
fn a_damaged_batch_ends_the_sound_part() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(3, 85);
    write(dir.path(), &all, &[10], Durability::Fsync);
    change_batch(dir.path(), 41, |batch| batch[100] ^= 4);
    let report = report(dir.path());
    assert!(!report.is_sound());
    assert_eq!((report.tip, report.batches), (Seq::new(40), 4));
    assert_eq!(report.state_hash, replay(&all[..40]).0.state_hash());
    assert!(matches!(report.findings[0], Finding::Journal(JournalError::Damaged { seq: 41, .. })), "{report}");
    let below =
        |finding: &Finding| matches!(finding, Finding::Journal(JournalError::TipBelow { tip: 40, reached: 100, .. }));
    assert!(report.findings.iter().any(below), "{report}");
    assert!(report.to_string().ends_with("NOT SOUND"), "{report}");
}

#[test]
fn stored_events_are_held_against_the_derived_ones() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(4, 85);
    write(dir.path(), &all, &[10], Durability::Fsync);
    let (_, events) = replay(&all);
    let of = |seq: u64| events.iter().filter(move |record| record.seq.get() == seq);
    let beyond = u32::try_from(of(60).count()).unwrap();
    raw(dir.path(), "events", "events", |db, family| {
        // Another event in the place of seq 30's first, seq 50's first gone, one too many behind seq 60.
        db.put_cf(family, event_key(30, 0), encode_event(of(1).next().unwrap())).unwrap();
        db.delete_cf(family, event_key(50, 0)).unwrap();
        db.put_cf(family, event_key(60, beyond), encode_event(of(1).next().unwrap())).unwrap();
    });
    let report = report(dir.path());
    assert!(!report.is_sound());
    assert!(
        matches!(
            report.findings[..],
            [
                Finding::EventDiffers { seq: 30, index: 0 },
                Finding::EventMissing { seq: 50, index: 0 },
                Finding::EventUnexpected { seq: 60, .. },
            ]
        ),
        "{report}"
    );
}

#[test]
fn many_findings_of_one_kind_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(5, 85);
    write(dir.path(), &all, &[10], Durability::Fsync);
    raw(dir.path(), "events", "events", |db, family| {
        for seq in 1..=50_u64 {
            db.put_cf(family, event_key(seq, 0), [0; 128]).unwrap();
        }
    });
    let report = report(dir.path());
    assert_eq!(report.findings.len(), 21, "{report}");
    assert!(matches!(report.findings[20], Finding::More { count: 30, .. }), "{report}");
}

#[test]
fn what_heals_by_itself_is_a_notice() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(6, 85);
    write(dir.path(), &all, &[10], Durability::Fsync);
    raw(dir.path(), "events", "events", |db, family| {
        db.delete_range_cf(family, event_key(71, 0), event_key(1_000, 0)).unwrap();
    });
    fs::remove_file(dir.path().join("watermark")).unwrap();
    let report = report(dir.path());
    assert!(report.is_sound(), "{report}");
    assert!(
        matches!(report.findings[..], [Finding::WatermarkMissing, Finding::EventsBehind { stored_to: 70, tip: 100 }]),
        "{report}"
    );
}
