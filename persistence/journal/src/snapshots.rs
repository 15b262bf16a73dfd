//! Snapshots: the exchange as it stood after a batch, so that a start replays only what came later.
//!
//! One file each in `DIR/snapshots`, named by its seq. A file is written beside its name, synced, renamed and made known to
//! the folder, so a name never stands for half a snapshot; what a crash leaves of one is removed at the next start.
//!
//! ```text
//! offset  bytes  field (integers little-endian)
//!      0      8  magic "CXSNAPF1"
//!      8      8  seq: the last command of a batch
//!     16      8  epoch of that batch
//!     24     32  hash of that batch
//!     56      8  length of the exchange's bytes
//!     64      8  length of the folds' bytes
//!     72    ...  the exchange ([`Exchange::snapshot`]), then the folds (whatever the gateway wrote)
//!    ...     32  BLAKE3 of everything above
//! ```

use crate::batch::{HASH_LEN, Link};
use crate::error::JournalError;
use cx_engine::Exchange;
use cx_engine::ids::Seq;
use cx_failpoint::{Point, pass};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"CXSNAPF1";
const HEAD: usize = 72;
/// What a finished file's name ends with.
const EXTENSION: &str = "snapshot";
/// What the name of a file ends with while it is written.
const UNFINISHED: &str = "unfinished";

/// A snapshot in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Where the journal's chain stood.
    pub link: Link,
    /// The exchange ([`Exchange::snapshot`]).
    pub exchange: Vec<u8>,
    /// What the gateway derives from events; empty when nobody gave it.
    pub folds: Vec<u8>,
}

impl Snapshot {
    /// The exchange that it holds, standing at its seq.
    pub fn restore(&self) -> Result<Exchange, String> {
        let exchange = Exchange::restore(&self.exchange).map_err(|error| error.to_string())?;
        if exchange.seq() != self.link.tip {
            let (found, named) = (exchange.seq().get(), self.link.tip.get());
            return Err(format!("it holds the exchange at seq {found}, but names seq {named}"));
        }
        Ok(exchange)
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.exchange.len() + self.folds.len() + HASH_LEN);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.link.tip.get().to_le_bytes());
        bytes.extend_from_slice(&self.link.epoch.to_le_bytes());
        bytes.extend_from_slice(&self.link.hash);
        bytes.extend_from_slice(&(self.exchange.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&(self.folds.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&self.exchange);
        bytes.extend_from_slice(&self.folds);
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        let Some((content, hash)) = bytes.split_last_chunk::<HASH_LEN>() else {
            return Err(format!("it is {} bytes long", bytes.len()));
        };
        let (head, body) = content.split_first_chunk::<HEAD>().ok_or(format!("it is {} bytes long", bytes.len()))?;
        if head[..8] != *MAGIC {
            return Err("it does not begin as a snapshot does".to_owned());
        }
        if blake3::hash(content) != *hash {
            return Err("its hash does not match its content".to_owned());
        }
        let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("eight bytes"));
        let lengths = [number(56), number(64)].map(usize::try_from);
        let [Ok(exchange), Ok(folds)] = lengths else { return Err("its lengths do not fit".to_owned()) };
        if exchange.checked_add(folds) != Some(body.len()) {
            return Err("its lengths do not fit".to_owned());
        }
        let link = Link {
            tip: Seq::new(number(8)),
            epoch: number(16),
            hash: head[24..24 + HASH_LEN].try_into().expect("as many bytes as a hash has"),
        };
        Ok(Self { link, exchange: body[..exchange].to_vec(), folds: body[exchange..].to_vec() })
    }
}

/// The folder of snapshots.
#[derive(Debug, Clone)]
pub struct Snapshots {
    dir: PathBuf,
}

impl Snapshots {
    /// The folder below the data folder; makes it, and removes what a crash left of an unfinished snapshot.
    pub fn open(data: &Path) -> Result<Self, JournalError> {
        let snapshots = Self::at(data);
        let dir = &snapshots.dir;
        fs::create_dir_all(dir).map_err(|source| failed("make", dir, source))?;
        for name in snapshots.names(UNFINISHED)? {
            fs::remove_file(&name).map_err(|source| failed("remove", &name, source))?;
        }
        Ok(snapshots)
    }

    /// The folder below the data folder, as it is.
    pub fn at(data: &Path) -> Self {
        Self { dir: data.join("snapshots") }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The seqs of all snapshots, newest first.
    pub fn list(&self) -> Result<Vec<Seq>, JournalError> {
        let names = self.names(EXTENSION)?;
        let seq = |path: &PathBuf| path.file_stem()?.to_str()?.parse().ok().map(Seq::new);
        let mut seqs: Vec<Seq> = names.iter().filter_map(seq).collect();
        seqs.sort_unstable_by(|one, other| other.cmp(one));
        Ok(seqs)
    }

    /// Where the snapshot of a seq lies.
    pub fn path(&self, seq: Seq) -> PathBuf {
        self.dir.join(format!("{:020}.{EXTENSION}", seq.get()))
    }

    /// Reads and checks a snapshot's file.
    pub fn read(&self, seq: Seq) -> Result<Snapshot, JournalError> {
        let path = self.path(seq);
        let bytes = fs::read(&path).map_err(|source| failed("read", &path, source))?;
        let damaged = |reason| JournalError::SnapshotDamaged { path: path.clone(), reason };
        let snapshot = Snapshot::decode(&bytes).map_err(damaged)?;
        if snapshot.link.tip != seq {
            return Err(damaged(format!("it is of seq {}", snapshot.link.tip.get())));
        }
        Ok(snapshot)
    }

    /// Writes a snapshot. When it returns, the file and its name are on the disk.
    pub fn write(&self, snapshot: &Snapshot) -> Result<PathBuf, JournalError> {
        let path = self.path(snapshot.link.tip);
        let unfinished = path.with_extension(UNFINISHED);
        let written = File::create(&unfinished).and_then(|mut file| {
            let bytes = snapshot.encode();
            let (one, other) = bytes.split_at(bytes.len() / 2);
            file.write_all(one)?;
            pass(Point::SnapshotHalf);
            file.write_all(other)?;
            file.sync_all()
        });
        written.map_err(|source| failed("write", &unfinished, source))?;
        pass(Point::SnapshotWritten);
        fs::rename(&unfinished, &path).map_err(|source| failed("rename", &unfinished, source))?;
        pass(Point::SnapshotRenamed);
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(|source| failed("sync", &self.dir, source))?;
        Ok(path)
    }

    /// Removes all but the newest `count` snapshots; gives the seqs that stayed, newest first.
    pub fn keep(&self, count: usize) -> Result<Vec<Seq>, JournalError> {
        let mut seqs = self.list()?;
        for old in seqs.split_off(count.min(seqs.len())) {
            let path = self.path(old);
            fs::remove_file(&path).map_err(|source| failed("remove", &path, source))?;
        }
        Ok(seqs)
    }

    fn names(&self, extension: &str) -> Result<Vec<PathBuf>, JournalError> {
        let read = || -> io::Result<Vec<PathBuf>> {
            let mut names = Vec::new();
            for entry in fs::read_dir(&self.dir)? {
                let path = entry?.path();
                if path.extension().is_some_and(|found| found == extension) {
                    names.push(path);
                }
            }
            Ok(names)
        };
        match read() {
            Ok(names) => Ok(names),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(failed("read", &self.dir, source)),
        }
    }
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> JournalError {
    JournalError::File { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
