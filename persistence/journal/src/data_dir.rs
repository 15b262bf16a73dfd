//! The data folder and its lock: one process at a time.

use crate::error::JournalError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Name of the lock file. What it contains (the holder's process id) is only for people.
const LOCK_FILE: &str = "carbonxchange.lock";

/// A data folder that this process holds. The lock goes with the value, and with the process however it ends.
#[derive(Debug)]
pub struct DataDir {
    dir: PathBuf,
    /// Held, never used: the lock lives as long as the open file.
    _lock: File,
}

impl DataDir {
    /// Makes the folder if need be, checks that it can be written, and takes its lock.
    pub fn lock(dir: &Path) -> Result<Self, JournalError> {
        let folder = |source| JournalError::Folder { dir: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(folder)?;
        fs::read_dir(dir).map_err(folder)?;
        let path = dir.join(LOCK_FILE);
        let mut lock =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(folder)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::InUse { dir: dir.to_owned(), holder: holder(&mut lock) });
            }
            Err(TryLockError::Error(source)) => return Err(JournalError::File { what: "lock", path, source }),
        }
        write_holder(&mut lock).map_err(|source| JournalError::File { what: "write", path, source })?;
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.dir
    }
}

fn write_holder(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.seek(SeekFrom::Start(0))?;
    write!(lock, "{}", std::process::id())
}

fn holder(lock: &mut File) -> String {
    let mut id = String::new();
    match lock.take(20).read_to_string(&mut id) {
        Ok(_) if !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit()) => format!("process {id}"),
        _ => "process unknown".to_owned(),
    }
}

/// Where the commands are.
pub(crate) fn journal_path(dir: &Path) -> PathBuf {
    dir.join("journal")
}

/// Where the events are.
pub(crate) fn events_path(dir: &Path) -> PathBuf {
    dir.join("events")
}

/// Where the watermark is.
pub(crate) fn watermark_path(dir: &Path) -> PathBuf {
    dir.join("watermark")
}
