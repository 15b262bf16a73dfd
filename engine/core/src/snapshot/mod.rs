//! The whole state as bytes and back, and its hash.
//!
//! The encoding is canonical: equal states give equal bytes, however they came about, so the hash of the bytes names the
//! state. Layout: magic, version, body (bincode, only behind this module), BLAKE3 of everything before.
//! What does not shape outcomes (where a ladder's window stands, balance slots, table sizes) is not part of it.

mod list;
mod orders;
mod settings;
mod state;
mod venue;

use crate::exchange::Exchange;
use state::State;

const MAGIC: &[u8; 8] = b"CXSNAP\0\0";
const VERSION: u8 = 2;
const HEAD: usize = MAGIC.len() + 1;
const HASH: usize = 32;

/// Why bytes are not a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// They do not start like one.
    #[error("not a snapshot")]
    NotASnapshot,
    /// A version that this program does not know.
    #[error("snapshot version {0} is not supported")]
    Version(u8),
    /// They were changed or cut after they were written.
    #[error("the snapshot is damaged: its hash does not match")]
    Damaged,
    /// The hash matches but the content makes no sense: it was written by something else.
    #[error("the snapshot's content is invalid: {0}")]
    Invalid(String),
}

impl Exchange {
    /// The state as bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bincode::encode_into_std_write(State::of(self), &mut bytes, bincode::config::standard())
            .expect("writing to memory cannot fail");
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    /// BLAKE3 of the state's canonical bytes: equal for equal states, on any machine.
    pub fn state_hash(&self) -> [u8; 32] {
        let bytes = self.snapshot();
        *bytes.last_chunk::<HASH>().expect("a snapshot ends with its hash")
    }

    /// The state from its bytes; refuses anything that is damaged or breaks an invariant.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let Some((content, hash)) = bytes.split_last_chunk::<HASH>() else {
            return Err(SnapshotError::NotASnapshot);
        };
        if content.len() < HEAD || content[..MAGIC.len()] != MAGIC[..] {
            return Err(SnapshotError::NotASnapshot);
        }
        if blake3::hash(content).as_bytes() != hash {
            return Err(SnapshotError::Damaged);
        }
        if content[MAGIC.len()] != VERSION {
            return Err(SnapshotError::Version(content[MAGIC.len()]));
        }
        let config = bincode::config::standard();
        let (state, read): (State, usize) = bincode::decode_from_slice(&content[HEAD..], config)
            .map_err(|error| SnapshotError::Invalid(error.to_string()))?;
        if read != content.len() - HEAD {
            return Err(SnapshotError::Invalid("bytes behind the end".into()));
        }
        let exchange = state.into_exchange().map_err(SnapshotError::Invalid)?;
        exchange.audit().map_err(|error| SnapshotError::Invalid(error.to_string()))?;
        if exchange.snapshot() != bytes {
            return Err(SnapshotError::Invalid("not in canonical form".into()));
        }
        Ok(exchange)
    }
}
