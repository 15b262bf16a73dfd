#![allow(clippy::unwrap_used)]
//! Snapshots' files: whole or not there, never another's, never half.

use super::{Snapshot, Snapshots};
use crate::batch::Link;
use crate::error::JournalError;
use cx_engine::Exchange;
use cx_engine::ids::Seq;
use std::fs;

fn snapshot(seq: u64, folds: &[u8]) -> Snapshot {
    let link = Link { tip: Seq::new(seq), hash: [7; 32], epoch: 3 };
    Snapshot { link, exchange: Exchange::new().snapshot(), folds: folds.to_vec() }
}

#[test]
fn what_was_written_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::open(dir.path()).unwrap();
    for (seq, folds) in [(12, &b"books"[..]), (9, b""), (100, b"more")] {
        snapshots.write(&snapshot(seq, folds)).unwrap();
    }
    assert_eq!(snapshots.list().unwrap(), [100, 12, 9].map(Seq::new));
    assert_eq!(snapshots.read(Seq::new(12)).unwrap(), snapshot(12, b"books"));
    assert_eq!(snapshots.keep(2, Seq::new(50)).unwrap(), [100, 12].map(Seq::new));
    assert_eq!(snapshots.list().unwrap(), [100, 12].map(Seq::new));
}

#[test]
fn what_a_slow_reader_needs_stays() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::open(dir.path()).unwrap();
    for seq in [10, 20, 30, 40, 50] {
        snapshots.write(&snapshot(seq, b"")).unwrap();
    }
    assert_eq!(snapshots.keep(2, Seq::new(29)).unwrap(), [50, 40, 20].map(Seq::new));
    assert_eq!(snapshots.keep(1, Seq::new(45)).unwrap(), [50, 40].map(Seq::new));
    assert_eq!(snapshots.keep(1, Seq::new(5)).unwrap(), [Seq::new(50)], "nothing is old enough");
}

#[test]
fn a_snapshot_of_another_seq_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::open(dir.path()).unwrap();
    let written = snapshots.write(&snapshot(12, b"")).unwrap();
    fs::rename(written, snapshots.path(Seq::new(13))).unwrap();
    let error = snapshots.read(Seq::new(13)).unwrap_err();
    assert!(matches!(&error, JournalError::SnapshotDamaged { reason, .. } if reason.contains("seq 12")), "{error}");
    // Its exchange stands elsewhere, too.
    assert!(snapshot(12, b"").restore().err().unwrap().contains("at seq 0"));
    assert!(snapshot(0, b"").restore().is_ok());
}

#[test]
fn every_cut_and_every_changed_byte_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::open(dir.path()).unwrap();
    let path = snapshots.write(&snapshot(12, b"some folds")).unwrap();
    let sound = fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        matches!(snapshots.read(Seq::new(12)), Err(JournalError::SnapshotDamaged { .. }))
    };
    for length in 0..sound.len() {
        assert!(refused(&sound[..length]), "cut to {length} bytes");
    }
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(refused(&bytes), "byte {at} changed");
    }
}

#[test]
fn what_a_crash_left_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let snapshots = Snapshots::open(dir.path()).unwrap();
    snapshots.write(&snapshot(5, b"")).unwrap();
    let half = snapshots.path(Seq::new(9)).with_extension("unfinished");
    fs::write(&half, b"half").unwrap();
    assert_eq!(snapshots.list().unwrap(), [Seq::new(5)]);
    Snapshots::open(dir.path()).unwrap();
    assert!(!half.exists());
}
