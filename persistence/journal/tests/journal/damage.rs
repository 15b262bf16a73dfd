//! Damage: the answer is a sound beginning at or above the watermark, or a refusal that names the place. Never a
//! wrong state.

use crate::flow::Flow;
use crate::support::{append, change_batch, commands, largest_file, raw, recover, refusal, replay, write};
use cx_engine::ids::Seq;
use cx_journal::batch::{self, BatchError};
use cx_journal::{Durability, JournalError, verify};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

fn damaged(error: &JournalError) -> (u64, BatchError) {
    match error {
        JournalError::Damaged { seq, reason } => (*seq, *reason),
        other => panic!("{other}"),
    }
}

#[test]
fn a_changed_batch_is_refused_by_its_seq() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &commands(1, 85), &[10], Durability::Os);
    change_batch(dir.path(), 41, |batch| batch[200] ^= 1);
    let error = refusal(dir.path());
    assert_eq!(damaged(&error), (41, BatchError::Hash));
    assert!(error.to_string().starts_with("the journal is damaged at seq 41: "), "{error}");
    assert!(error.to_string().contains("carbonxchange verify"), "{error}");
}

#[test]
fn a_removed_batch_is_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &commands(1, 85), &[10], Durability::Os);
    raw(dir.path(), "journal", "commands", |db, family| db.delete_cf(family, 41_u64.to_be_bytes()).unwrap());
    assert_eq!(damaged(&refusal(dir.path())), (51, BatchError::Gap { expected: 41 }));
}

#[test]
fn a_rewritten_batch_breaks_the_chain_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(1, 85);
    write(dir.path(), &all, &[10], Durability::Os);
    // Somebody changes history with a batch that is well-formed in itself.
    change_batch(dir.path(), 41, |bytes| {
        let mut records = all[40..50].to_vec();
        records[3].command = Flow::new(99, 4).command();
        let prev = bytes[32..64].try_into().unwrap();
        batch::encode(bytes, 1, Seq::new(41), &prev, &records);
    });
    assert_eq!(damaged(&refusal(dir.path())), (51, BatchError::Chain));
}

#[test]
fn a_rewritten_last_batch_is_noticed_by_the_watermark() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(1, 85);
    write(dir.path(), &all, &[10], Durability::Os);
    change_batch(dir.path(), 91, |bytes| {
        let prev = bytes[32..64].try_into().unwrap();
        batch::encode(bytes, 1, Seq::new(91), &prev, &all[..10]);
    });
    let error = refusal(dir.path());
    assert!(matches!(error, JournalError::OtherHistory { seq: 100 }), "{error}");
}

#[test]
fn a_journal_that_ends_below_the_watermark_is_refused_with_both_seqs() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(1, 85);
    write(dir.path(), &all, &[10], Durability::Fsync);
    // The database itself does not mind a log that ends early.
    let log = largest_file(&dir.path().join("journal"), "log");
    let length = log.metadata().unwrap().len();
    OpenOptions::new().write(true).open(&log).unwrap().set_len(length / 2).unwrap();

    let error = refusal(dir.path());
    let JournalError::TipBelow { tip, reached: 100, .. } = error else { panic!("{error}") };
    assert!(tip > 0 && tip < 100 && tip % 10 == 0, "{tip}");
    let text = error.to_string();
    for part in [
        format!("the journal ends at seq {tip}, but the watermark says that it reached seq 100"),
        format!("seqs {} to 100 are missing", tip + 1),
        "Restore the folder from a backup".to_owned(),
        format!("remove the file {}", dir.path().join("watermark").display()),
    ] {
        assert!(text.contains(&part), "{part:?} is missing in {text}");
    }
    assert!(matches!(refusal(dir.path()), JournalError::TipBelow { .. }), "and again");

    // The operator accepts the loss as the message says.
    fs::remove_file(dir.path().join("watermark")).unwrap();
    let (_, recovered) = recover(dir.path(), Durability::Fsync).unwrap();
    let kept = usize::try_from(tip).unwrap();
    assert_eq!(recovered.exchange.state_hash(), replay(&all[..kept]).0.state_hash());
}

#[test]
fn a_lost_journal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &commands(1, 85), &[10], Durability::Fsync);
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, JournalError::TipBelow { tip: 0, reached: 100, .. }), "{error}");
}

#[test]
fn a_torn_tail_above_the_watermark_is_what_a_crash_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(1, 85);
    let (store, mut recovered) = recover(dir.path(), Durability::Os).unwrap();
    append(&mut recovered, &all, &[10]);
    drop((store, recovered));
    let log = largest_file(&dir.path().join("journal"), "log");
    let length = log.metadata().unwrap().len();
    OpenOptions::new().write(true).open(&log).unwrap().set_len(length - 5).unwrap();
    let (_, recovered) = recover(dir.path(), Durability::Os).unwrap();
    assert_eq!(recovered.exchange.state_hash(), replay(&all[..90]).0.state_hash());
}

#[test]
fn a_journal_of_another_origin_is_refused() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(ours.path(), &commands(1, 85), &[10], Durability::Os);
    write(theirs.path(), &commands(2, 185), &[10], Durability::Os);
    fs::copy(ours.path().join("watermark"), theirs.path().join("watermark")).unwrap();
    let error = refusal(theirs.path());
    assert!(matches!(error, JournalError::OtherHistory { seq: 100 }), "{error}");
}

#[test]
fn a_watermark_in_the_middle_of_a_batch_is_of_another_origin() {
    // The same commands, but cut into other batches: not the files that the watermark belongs to.
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let all = commands(1, 185);
    write(ours.path(), &all[..100], &[10], Durability::Os);
    write(theirs.path(), &all, &[30], Durability::Os);
    fs::copy(ours.path().join("watermark"), theirs.path().join("watermark")).unwrap();
    let error = refusal(theirs.path());
    assert!(matches!(error, JournalError::OtherHistory { seq: 100 }), "{error}");
}

#[test]
fn a_damaged_watermark_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &commands(1, 85), &[10], Durability::Os);
    let file = OpenOptions::new().write(true).open(dir.path().join("watermark")).unwrap();
    file.write_all_at(b"X", 3).unwrap();
    file.write_all_at(b"X", 4096).unwrap();
    assert!(matches!(refusal(dir.path()), JournalError::WatermarkDamaged { .. }));
}

/// A batch as the first layout had it: records of 96 bytes.
fn of_layout_1(first: u64, prev: [u8; 32]) -> Vec<u8> {
    let mut bytes = b"CXJB\x01\x01\0\0".to_vec();
    bytes.extend_from_slice(&1_u64.to_le_bytes());
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&prev);
    bytes.extend_from_slice(&[7; 96]);
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    bytes
}

#[test]
fn a_journal_of_the_first_layout_is_refused_with_what_to_do() {
    // The last batch is looked at when the folder is opened, all others when it is replayed.
    for at in [91, 41] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &commands(1, 85), &[10], Durability::Os);
        change_batch(dir.path(), at, |batch| *batch = of_layout_1(at, batch[32..64].try_into().unwrap()));
        let error = refusal(dir.path());
        let JournalError::OtherLayout { seq, format: 1, layout: 1, known_format: 1, known_layout: 2 } = error else {
            panic!("{error}");
        };
        assert_eq!(seq, at);
        let text = error.to_string();
        assert!(text.contains("another version wrote it") && text.contains("--data <new folder>"), "{text}");
        let report = verify(dir.path(), |_| {}).unwrap();
        assert!(!report.is_sound());
        assert!(report.to_string().contains("another version wrote it"), "{report}");
    }
}

/// Copies the files of a database folder.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Flips bits and cuts ends of every file of a closed folder, those of the event log included.
#[test]
fn no_damage_to_any_file_leads_to_a_wrong_state() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(1, 985);
    // Part in table files, part in the log.
    write(dir.path(), &all[..600], &[10], Durability::Fsync);
    write(dir.path(), &all[600..], &[10], Durability::Fsync);
    let (expected, events) = replay(&all);
    let mut files = Vec::new();
    for folder in ["", "journal", "events"] {
        let entries = fs::read_dir(dir.path().join(folder)).unwrap().map(Result::unwrap);
        let entries = entries.filter(|entry| entry.file_type().unwrap().is_file());
        files.extend(entries.map(|entry| Path::new(folder).join(entry.file_name())));
    }
    let (mut refused, mut sound) = (0, 0);
    let mut random = Flow::new(7, 1);
    for file in &files {
        for round in 0..3 {
            let work = tempfile::tempdir().unwrap();
            copy(dir.path(), work.path());
            let mut bytes = fs::read(work.path().join(file)).unwrap();
            if bytes.is_empty() {
                continue;
            }
            let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
            if round == 0 {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 1 << random.below(8);
            }
            fs::write(work.path().join(file), bytes).unwrap();
            match recover(work.path(), Durability::Fsync) {
                Err(_) => refused += 1,
                Ok((store, recovered)) => {
                    sound += 1;
                    assert_eq!(recovered.exchange.state_hash(), expected.state_hash(), "{} at {at}", file.display());
                    if let Ok(stored) = store.event_reader().read_after(Seq::ZERO, usize::MAX) {
                        assert_eq!(stored, events, "{} at {at}", file.display());
                    }
                }
            }
        }
    }
    assert!(refused > 5 && sound > 5, "{refused} refused, {sound} sound, {} files", files.len());
}
