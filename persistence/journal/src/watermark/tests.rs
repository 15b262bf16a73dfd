//! The two slots: in turn, and each good for the other.
#![allow(clippy::unwrap_used)]

use super::{PAGE_LEN, Watermark, WatermarkFile, read};
use crate::error::JournalError;
use cx_engine::ids::Seq;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

fn mark(seq: u64) -> Watermark {
    Watermark { seq: Seq::new(seq), hash: [u8::try_from(seq).unwrap(); 32] }
}

fn damage(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

#[test]
fn the_latest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("watermark");
    assert_eq!(read(&path).unwrap(), None);
    let mut file = WatermarkFile::open(&path).unwrap();
    assert_eq!(read(&path).unwrap(), Some(Watermark::START));
    for seq in [3, 4, 9] {
        file.write(&mark(seq)).unwrap();
        assert_eq!(read(&path).unwrap(), Some(mark(seq)));
    }
    drop(file);
    WatermarkFile::open(&path).unwrap().write(&mark(10)).unwrap();
    assert_eq!(read(&path).unwrap(), Some(mark(10)));
    assert_eq!(fs::metadata(&path).unwrap().len(), 2 * PAGE_LEN);
}

#[test]
fn a_torn_write_leaves_the_one_before() {
    for place in [0, 8, 20, 47, 60] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watermark");
        let mut file = WatermarkFile::open(&path).unwrap();
        // START went to the first slot, 5 goes to the second, 6 to the first.
        file.write(&mark(5)).unwrap();
        file.write(&mark(6)).unwrap();
        damage(&path, place);
        assert_eq!(read(&path).unwrap(), Some(mark(5)));
        // The next write replaces the damaged slot, not the good one.
        drop(file);
        WatermarkFile::open(&path).unwrap().write(&mark(7)).unwrap();
        damage(&path, PAGE_LEN + place);
        assert_eq!(read(&path).unwrap(), Some(mark(7)));
    }
}

#[test]
fn two_damaged_slots_are_an_error_not_an_empty_watermark() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("watermark");
    WatermarkFile::open(&path).unwrap().write(&mark(5)).unwrap();
    damage(&path, 10);
    damage(&path, PAGE_LEN + 10);
    let error = read(&path).unwrap_err();
    assert!(matches!(error, JournalError::WatermarkDamaged { .. }));
    assert!(error.to_string().contains("carbonxchange verify"), "{error}");

    fs::write(&path, []).unwrap();
    assert!(matches!(read(&path), Err(JournalError::WatermarkDamaged { .. })));
}
