//! A batch of commands as the journal stores it: header, fixed-length records, hash; each names the one before.
//!
//! ```text
//! offset  bytes  field (integers little-endian)
//!      0      4  magic "CXJB"
//!      4      1  format version, 1
//!      5      1  layout version of the records
//!      6      2  zero
//!      8      8  epoch of the writer
//!     16      8  first seq
//!     24      4  count, 1 or more
//!     28      4  zero
//!     32     32  hash of the batch before; zeros for the first
//!     64  112 x n  records
//!    ...     32  BLAKE3 of everything above
//! ```

use cx_engine::CommandRecord;
use cx_engine::codec::{COMMAND_RECORD_LEN, CodecError, LAYOUT_VERSION, decode_command, encode_command};
use cx_engine::ids::Seq;

/// First bytes of every batch.
pub const MAGIC: [u8; 4] = *b"CXJB";
/// The format that this version writes.
pub const FORMAT_VERSION: u8 = 1;
/// Bytes before the records.
pub const HEADER_LEN: usize = 64;
/// Bytes of a hash.
pub const HASH_LEN: usize = 32;

/// A BLAKE3 hash.
pub type Hash = [u8; HASH_LEN];

/// What is wrong with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Too short, or not as long as its count says.
    #[error("its length of {0} bytes does not fit its contents")]
    Length(usize),
    /// It does not begin as a batch does.
    #[error("it is not a batch of commands")]
    Magic,
    /// Its format or layout is not known.
    #[error("it has format {format} and layout {layout}, which this version does not know")]
    Version {
        /// The format version.
        format: u8,
        /// The layout version of its records.
        layout: u8,
    },
    /// Bytes that must be zero are not.
    #[error("reserved bytes are not zero")]
    Reserved,
    /// Its contents do not have the hash that it says.
    #[error("its hash does not match its contents")]
    Hash,
    /// It is stored under another seq than it says.
    #[error("it is stored under seq {key}, but says that it begins at seq {first}")]
    Key {
        /// Where it is stored.
        key: u64,
        /// What it says.
        first: u64,
    },
    /// Commands before it are missing, or there twice.
    #[error("seq {expected} was expected here")]
    Gap {
        /// The next seq.
        expected: u64,
    },
    /// It was written after another batch than the one before it.
    #[error("it does not follow the batch before it: the hash chain is broken")]
    Chain,
    /// Its writer's epoch is older than that of the batch before.
    #[error("its epoch {found} is older than the epoch {before} of the batch before it")]
    Epoch {
        /// The epoch before.
        before: u64,
        /// Its epoch.
        found: u64,
    },
    /// A record cannot be read.
    #[error("the command at seq {seq} cannot be read: {source}")]
    Record {
        /// Its position.
        seq: u64,
        /// Why.
        source: CodecError,
    },
}

/// Writes a batch into `buffer`, replacing what is there, and gives its hash.
pub fn encode(buffer: &mut Vec<u8>, epoch: u64, first: Seq, prev_hash: &Hash, records: &[CommandRecord]) -> Hash {
    let count = u32::try_from(records.len()).expect("a batch has at most some thousand commands");
    assert!(count > 0, "a batch has at least one command");
    buffer.clear();
    buffer.extend_from_slice(&MAGIC);
    buffer.extend_from_slice(&[FORMAT_VERSION, LAYOUT_VERSION, 0, 0]);
    buffer.extend_from_slice(&epoch.to_le_bytes());
    buffer.extend_from_slice(&first.get().to_le_bytes());
    buffer.extend_from_slice(&count.to_le_bytes());
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(prev_hash);
    for record in records {
        buffer.extend_from_slice(&encode_command(record));
    }
    let hash = *blake3::hash(buffer).as_bytes();
    buffer.extend_from_slice(&hash);
    hash
}

/// A batch whose form and hash are right.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// Its first command.
    pub first: Seq,
    /// Epoch of its writer.
    pub epoch: u64,
    /// Hash of the batch before.
    pub prev_hash: Hash,
    /// Its own hash.
    pub hash: Hash,
    records: &'a [[u8; COMMAND_RECORD_LEN]],
}

impl<'a> Batch<'a> {
    /// Checks the form and the hash of what is stored under `key`.
    pub fn decode(key: Seq, bytes: &'a [u8]) -> Result<Self, BatchError> {
        match Self::decode_unhashed(key, bytes) {
            // Another version is one only if its contents are as they were written: the hash stands at the end in all of them.
            Ok(_) | Err(BatchError::Version { .. }) if !is_hashed(bytes) => Err(BatchError::Hash),
            decoded => decoded,
        }
    }

    fn decode_unhashed(key: Seq, bytes: &'a [u8]) -> Result<Self, BatchError> {
        let length = || BatchError::Length(bytes.len());
        let (header, rest) = bytes.split_first_chunk::<HEADER_LEN>().ok_or_else(length)?;
        let (body, hash) = rest.split_last_chunk::<HASH_LEN>().ok_or_else(length)?;
        if header[..4] != MAGIC {
            return Err(BatchError::Magic);
        }
        let (format, layout) = (header[4], header[5]);
        if (format, layout) != (FORMAT_VERSION, LAYOUT_VERSION) {
            return Err(BatchError::Version { format, layout });
        }
        if header[6..8] != [0; 2] || header[28..32] != [0; 4] {
            return Err(BatchError::Reserved);
        }
        let (records, odd) = body.as_chunks::<COMMAND_RECORD_LEN>();
        let count = u32::from_le_bytes(field(header, 24));
        if !odd.is_empty() || records.is_empty() || records.len() != count as usize {
            return Err(length());
        }
        let first = Seq::new(u64::from_le_bytes(field(header, 16)));
        if first != key {
            return Err(BatchError::Key { key: key.get(), first: first.get() });
        }
        let epoch = u64::from_le_bytes(field(header, 8));
        Ok(Self { first, epoch, prev_hash: field(header, 32), hash: *hash, records })
    }

    /// Its last command.
    pub fn last(&self) -> Seq {
        Seq::new(self.first.get() + self.records.len() as u64 - 1)
    }

    /// Number of commands.
    #[allow(clippy::len_without_is_empty)] // a batch is never empty
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Its commands with their positions.
    pub fn commands(&self) -> impl Iterator<Item = Result<(Seq, CommandRecord), BatchError>> + use<'a> {
        (self.first.get()..).zip(self.records).map(|(seq, bytes)| match decode_command(bytes) {
            Ok(record) => Ok((Seq::new(seq), record)),
            Err(source) => Err(BatchError::Record { seq, source }),
        })
    }
}

/// Whether the last bytes are the hash of those before.
fn is_hashed(bytes: &[u8]) -> bool {
    bytes.split_last_chunk::<HASH_LEN>().is_some_and(|(content, hash)| blake3::hash(content).as_bytes() == hash)
}

fn field<const N: usize>(header: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    header[at..at + N].try_into().expect("the header is longer than its fields")
}

/// Where the chain of batches stands: what the next batch must follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The last command.
    pub tip: Seq,
    /// Hash of the last batch; zeros before the first.
    pub hash: Hash,
    /// Epoch of the last batch.
    pub epoch: u64,
}

impl Link {
    /// Before the first batch.
    pub const GENESIS: Self = Self { tip: Seq::ZERO, hash: [0; HASH_LEN], epoch: 0 };

    /// The link after `batch`, if `batch` follows this one.
    pub fn follow(&self, batch: &Batch<'_>) -> Result<Self, BatchError> {
        if batch.first != self.tip.next() {
            return Err(BatchError::Gap { expected: self.tip.get() + 1 });
        }
        if batch.prev_hash != self.hash {
            return Err(BatchError::Chain);
        }
        if batch.epoch < self.epoch {
            return Err(BatchError::Epoch { before: self.epoch, found: batch.epoch });
        }
        Ok(Self { tip: batch.last(), hash: batch.hash, epoch: batch.epoch })
    }
}

#[cfg(test)]
mod tests;
