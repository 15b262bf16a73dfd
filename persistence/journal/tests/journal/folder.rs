//! The data folder: one process, clear refusals.

use crate::support::{commands, raw, refusal, write};
use cx_journal::{Durability, JournalError, JournalStore, verify};
use std::path::Path;

#[test]
fn a_folder_in_use_is_refused_with_the_holder() {
    let dir = tempfile::tempdir().unwrap();
    let held = JournalStore::open(dir.path(), Durability::Os).unwrap();
    let error = refusal(dir.path());
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("another carbonxchange uses the data folder"), "{text}");
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    assert!(text.contains(&dir.path().display().to_string()), "{text}");
    drop(held);
    drop(JournalStore::open(dir.path(), Durability::Os).unwrap());
}

#[test]
fn a_database_opened_by_something_else_is_in_use_too() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &commands(1, 0), &[4], Durability::Os);
    raw(dir.path(), "journal", "commands", |_, _| {
        assert!(matches!(refusal(dir.path()), JournalError::InUse { .. }));
    });
}

#[test]
fn what_cannot_be_a_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    for path in [file.clone(), file.join("below"), "/proc/none".into(), "/proc".into()] {
        let error = refusal(&path);
        assert!(matches!(error, JournalError::Folder { .. }), "{}: {error}", path.display());
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn a_newer_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &commands(1, 0), &[4], Durability::Os);
    raw(dir.path(), "journal", "meta", |db, family| db.put_cf(family, "format", 2_u64.to_le_bytes()).unwrap());
    let error = refusal(dir.path());
    assert!(matches!(error, JournalError::UnknownFormat { found: 2, known: 1 }), "{error}");
}

#[test]
fn there_is_nothing_to_verify_in_a_folder_without_a_journal() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(verify(dir.path(), |_| {}), Err(JournalError::NoJournal { .. })));
    assert!(matches!(verify(Path::new("/none"), |_| {}), Err(JournalError::NoJournal { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "and nothing is made there");
}
