//! The watermark: how far the journal is known to have been durable.
//!
//! `RocksDB`'s recovery drops everything after the first bad record of its log without a word. The watermark is the
//! witness against that: a start whose journal ends below it is refused. It lies in a file of two slots that are written
//! in turn, each in a page of its own and with a checksum, so a torn write leaves the other one.
//!
//! ```text
//! slot    64 bytes at 0 and at 4096, the rest of the page is zero
//!      0  8   magic "CXWMARK1"
//!      8  8   seq, little-endian
//!     16 32   hash of the batch that ends at seq; zeros for seq 0
//!     48 12   zero
//!     60  4   CRC-32 of the bytes above, little-endian
//! ```

use crate::batch::{HASH_LEN, Hash, Link};
use crate::error::JournalError;
use cx_engine::ids::Seq;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const MAGIC: [u8; 8] = *b"CXWMARK1";
const SLOT_LEN: usize = 64;
const PAGE_LEN: u64 = 4096;
const FILE_LEN: usize = 8192;

/// A point that the journal reached durably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermark {
    /// The last command.
    pub seq: Seq,
    /// Hash of the batch that ends there.
    pub hash: Hash,
}

impl Watermark {
    /// An empty journal.
    pub const START: Self = Self { seq: Seq::ZERO, hash: [0; HASH_LEN] };

    /// The point where a chain stands.
    pub const fn at(link: &Link) -> Self {
        Self { seq: link.tip, hash: link.hash }
    }

    fn encode(&self) -> [u8; SLOT_LEN] {
        let mut slot = [0; SLOT_LEN];
        slot[..8].copy_from_slice(&MAGIC);
        slot[8..16].copy_from_slice(&self.seq.get().to_le_bytes());
        slot[16..48].copy_from_slice(&self.hash);
        let crc = crc32fast::hash(&slot[..60]);
        slot[60..].copy_from_slice(&crc.to_le_bytes());
        slot
    }

    fn decode(slot: &[u8; SLOT_LEN]) -> Option<Self> {
        let crc = u32::from_le_bytes(slot[60..].try_into().ok()?);
        if slot[..8] != MAGIC || crc != crc32fast::hash(&slot[..60]) {
            return None;
        }
        let seq = u64::from_le_bytes(slot[8..16].try_into().ok()?);
        Some(Self { seq: Seq::new(seq), hash: slot[16..48].try_into().ok()? })
    }
}

/// Reads the watermark; `None` when there is no file.
pub fn read(path: &Path) -> Result<Option<Watermark>, JournalError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(JournalError::File { what: "open", path: path.to_owned(), source }),
    };
    match slots(&file).map_err(|source| JournalError::File { what: "read", path: path.to_owned(), source })? {
        [None, None] => Err(JournalError::WatermarkDamaged { path: path.to_owned() }),
        slots => Ok(slots.into_iter().flatten().max_by_key(|watermark| watermark.seq)),
    }
}

/// Both slots; `None` for one that is damaged or not there.
fn slots(file: &File) -> io::Result<[Option<Watermark>; 2]> {
    let mut found = [None; 2];
    for (at, slot) in [0, PAGE_LEN].into_iter().zip(&mut found) {
        let mut bytes = [0; SLOT_LEN];
        match file.read_exact_at(&mut bytes, at) {
            Ok(()) => *slot = Watermark::decode(&bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Writes the watermark, each time into the slot that holds the older one.
#[derive(Debug)]
pub struct WatermarkFile {
    file: File,
    path: PathBuf,
    next_page: u64,
}

impl WatermarkFile {
    /// Opens the file, making it if need be, for writing past what it says now.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let failed = |what| move |source| JournalError::File { what, path: path.to_owned(), source };
        let is_new = !path.exists();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(libc::O_DSYNC)
            .open(path)
            .map_err(failed("open"))?;
        let [first, second] = slots(&file).map_err(failed("read"))?;
        // The slot with the older watermark, or a damaged one, is written next.
        let next_page = if first.map(|slot| slot.seq) > second.map(|slot| slot.seq) { PAGE_LEN } else { 0 };
        let mut watermark = Self { file, path: path.to_owned(), next_page };
        if is_new {
            // Both pages get their place on the disk now, so that no later write can fail for lack of space.
            watermark.file.write_all_at(&[0; FILE_LEN], 0).map_err(failed("write"))?;
            watermark.write(&Watermark::START)?;
            watermark.file.sync_all().map_err(failed("write"))?;
            let folder = path.parent().expect("the watermark lies in the data folder");
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("write"))?;
        }
        Ok(watermark)
    }

    /// Writes a new watermark. When it returns, it is on the disk.
    pub fn write(&mut self, watermark: &Watermark) -> Result<(), JournalError> {
        self.file.write_all_at(&watermark.encode(), self.next_page).map_err(|source| JournalError::File {
            what: "write",
            path: self.path.clone(),
            source,
        })?;
        self.next_page = PAGE_LEN - self.next_page;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
