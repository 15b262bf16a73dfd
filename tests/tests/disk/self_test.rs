//! The shim and the model do what the other tests believe of them.

use crate::Random;
use crate::log::{self, Record};
use crate::model::{Cut, Disk};
use crate::shim::Watched;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// How the scripts write. `dd` calls `write`; what a shell's own `printf` puts into a file goes by a way inside the C library
/// that no preloaded library sees.
const WRITING: &str = "put() { dd of=\"$1\" status=none; }; add() { dd of=\"$1\" oflag=append conv=notrunc status=none; };";

/// Runs a script with the shim below a folder, and plays what it did. Gives also whether it succeeded and what it complained of.
fn watch(root: &Path, faults: &str, script: &str) -> (Disk, Vec<Record>, Result<(), String>) {
    let watched = Watched::new(root);
    let mut disk = Disk::of(root);
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("{WRITING}{script}")]).current_dir(root).envs(watched.environment(faults, false));
    let output = shell.output().unwrap();
    let records = log::read(&watched.log());
    records.iter().for_each(|record| disk.play(record));
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(disk.differences(root), [""; 0], "{complaint}");
    (disk, records, if output.status.success() { Ok(()) } else { Err(complaint) })
}

/// What a cut leaves: path and content.
fn left(disk: &Disk, how: Cut, seed: u64) -> BTreeMap<String, String> {
    let dir = tempfile::tempdir().unwrap();
    disk.cut(how, &mut Random::new(seed), dir.path());
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(dir.path()).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read_to_string(entry).unwrap());
            }
        }
    }
    found
}

fn files<const N: usize>(files: [(&str, &str); N]) -> BTreeMap<String, String> {
    files.map(|(name, content)| (name.to_owned(), content.to_owned())).into()
}

#[test]
fn what_was_synced_stays_and_what_was_not_goes() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("old"), "before").unwrap();
    let script = "
        printf one | put synced; sync synced; printf two | add synced
        printf lost | put unsynced
        printf x | put nameless; sync nameless
        mkdir made; printf y | put made/file; sync made/file made
        sync .
        printf three | put after; sync after
        mv unsynced renamed; rm old
        printf direct | dd of=through oflag=dsync status=none
        mkdir late; sync .; printf z | put late/file; sync late/file
        truncate -s 1 synced";
    let (disk, _, done) = watch(dir.path(), "", script);
    done.unwrap();
    let expected = files([
        ("synced", "one"),
        ("nameless", "x"),
        ("made/file", "y"),
        ("after", "three"),
        ("renamed", ""),
        ("through", "direct"),
    ]);
    assert_eq!(left(&disk, Cut::Nothing, 1), expected, "the second `sync .` made the names safe, not the bytes");
    let all = left(&disk, Cut::Everything, 1);
    assert_eq!((all["synced"].as_str(), all["renamed"].as_str(), all["late/file"].as_str()), ("o", "lost", "z"));
    assert!(!disk.is_synced());
}

#[test]
fn what_a_cut_leaves_of_unsynced_bytes_and_names_varies() {
    let dir = tempfile::tempdir().unwrap();
    let script = "
        head -c 4096 /dev/zero | tr '\\0' a | put big; sync big .
        head -c 4096 /dev/zero | tr '\\0' b | dd of=big conv=notrunc status=none
        printf 1 | put first; printf 2 | put second";
    let (disk, _, done) = watch(dir.path(), "", script);
    done.unwrap();
    let (mut torn, mut scattered, mut names) = (0, 0, [0; 3]);
    for seed in 0..100 {
        let beginning = left(&disk, Cut::Beginning, seed);
        let big = &beginning["big"];
        assert_eq!(big.len(), 4096);
        let kept = big.bytes().take_while(|byte| *byte == b'b').count();
        assert!(big[kept..].bytes().all(|byte| byte == b'a'), "the first bytes only");
        torn += usize::from(kept > 0 && kept % 512 != 0);
        names[beginning.len() - 1] += 1;
        assert!(beginning.contains_key("first") || !beginning.contains_key("second"), "names go from the end");

        let big = &left(&disk, Cut::Scattered, seed)["big"];
        let sectors: Vec<&[u8]> = big.as_bytes().chunks(512).collect();
        assert!(sectors.iter().all(|sector| sector.iter().all(|byte| byte == &sector[0])), "whole sectors");
        scattered += usize::from(sectors.windows(2).any(|two| two[0][0] == b'a' && two[1][0] == b'b'));
    }
    assert!(torn > 20 && scattered > 50 && names.iter().all(|count| *count > 10), "{torn} {scattered} {names:?}");
}

#[test]
fn a_failed_sync_makes_nothing_safe_not_even_later() {
    let dir = tempfile::tempdir().unwrap();
    let script = "printf one | put file; sync .; sync file || printf two | add file; CX_DISK_FAULTS= sync file";
    let (disk, records, done) = watch(dir.path(), "sync file 1 1 5", script);
    done.expect("only the first sync fails");
    assert!(records.iter().any(|record| matches!(record, Record::Fault { errno: 5, .. })), "{records:?}");
    assert_eq!(left(&disk, Cut::Nothing, 1), files([("file", "\0\0\0two")]));
    assert_eq!(left(&disk, Cut::Everything, 1), files([("file", "onetwo")]));
}

#[test]
fn a_failed_write_takes_a_part_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let script = "printf 12345678 | put file";
    let (disk, _, done) = watch(dir.path(), "write file 1 0 28", script);
    let complaint = done.unwrap_err();
    assert!(complaint.contains("No space left on device"), "{complaint}");
    assert_eq!(left(&disk, Cut::Everything, 1), files([("file", "1234")]));
}

/// If anything wrote past the shim (a mapping, a call that is not listed), the model would not equal the folder.
#[test]
fn nothing_of_the_journal_passes_the_shim_by() {
    for arguments in [&["fsync", "0"][..], &["interval:5", "0", "cutting"], &["os", "0"]] {
        let dir = tempfile::tempdir().unwrap();
        let watched = Watched::new(dir.path());
        let mut disk = Disk::of(dir.path());
        let ended = watched.victim(arguments, "").close_after(5_000);
        assert!(ended.acked >= 5_000 && ended.status.success(), "{ended:?}");
        let records = log::read(&watched.log());
        records.iter().for_each(|record| disk.play(record));
        assert_eq!(disk.differences(dir.path()), [""; 0], "{arguments:?}");
        assert!(disk.mapped.is_empty(), "{arguments:?}: {:?}", disk.mapped);
        assert!(log::acks(&records).len() >= 5_000);
        let syncs = records.iter().filter(|record| matches!(record, Record::SyncEnd { .. })).count();
        assert!(syncs > 5, "{arguments:?}: {syncs} syncs");
    }
}
