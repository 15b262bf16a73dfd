//! A full disk: a small file system in memory where mounting is possible, else the shim's answer to every write.

use crate::judge::{Acked, Known, acked_before, judge};
use crate::shim::Watched;
use crate::{Random, log, rounds};
use cx_journal::Durability;
use std::path::Path;
use std::process::Command;

/// A mounted file system, until it is dropped.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn mount(point: &'a Path, size: u64) -> Result<Self, String> {
        let size = format!("size={size}k");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(point).output();
        let output = output.map_err(|error| error.to_string())?;
        if output.status.success() { Ok(Self(point)) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    fn grow(&self, size: u64) {
        let size = format!("remount,size={size}k");
        assert!(Command::new("mount").args(["-o", &size]).arg(self.0).status().unwrap().success());
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0).status());
    }
}

#[test]
fn a_full_disk_ends_the_exchange_and_space_brings_it_back() {
    let mut random = Random::new(21);
    let rounds = rounds("CX_CRASH_ROUNDS", 20, 1);
    let (mut mounted, mut refused, mut looked_for) = (0, 0, 0);
    for _ in 0..rounds {
        let root = tempfile::tempdir().unwrap();
        let size = 4_096 + random.below(24_576);
        let disk = Mounted::mount(root.path(), size);
        let (faults, mode) = (if disk.is_ok() { "" } else { "write data/ 2000 0 28" }, ["fsync", "os"][random.index(2)]);
        if let Err(reason) = &disk {
            println!("full disk    mounting is not possible here ({}): the shim says that there is no space", reason.trim());
        }
        mounted += usize::from(disk.is_ok());
        let watched = Watched::new(root.path());
        let ended = watched.victim(&[mode, "0"], faults).until_it_ends(2_000_000);
        assert_eq!(ended.status.code(), Some(70), "{size} KiB: {ended:?}");
        for part in ["the exchange stops: ", "No space left on device", "What is safe: ", "What to do: check free space"] {
            assert!(ended.stderr.contains(part), "{part:?} is missing in {}", ended.stderr);
        }
        let records = log::read(&watched.log());
        let acked = acked_before(&records, records.len(), &Acked::new());
        looked_for += acked.len();

        // Still full: it starts or is refused, and nothing is lost by the attempt.
        let again = watched.victim(&[mode, "1"], faults).until_it_ends(1);
        if let Some(code) = again.status.code() {
            assert!(code == 1 || code == 70, "{again:?}");
            refused += 1;
        }
        if let Ok(disk) = &disk {
            disk.grow(1 << 20);
        }
        let known = Known::of(&watched.data()).unwrap();
        let tip = judge(&watched.data(), Durability::Fsync, &acked, Some(&known)).unwrap();
        assert!(tip >= acked.values().max().copied().unwrap(), "{tip}");
    }
    println!("full disk    {rounds} rounds, {mounted} on a small file system, orders looked for {looked_for}, start on the full disk refused {refused} times");
}
