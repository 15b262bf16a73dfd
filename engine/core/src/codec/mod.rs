//! Fixed-layout little-endian records of commands and events: what the journal and the event log store.
//!
//! Layouts never change in place; [`LAYOUT_VERSION`] names the one in force and is stored in each journal batch.
//! Decoding accepts exactly what encoding produces and refuses everything else, so a record has one form.

mod commands;
pub(crate) mod describe;
mod events;
mod fields;

pub use commands::{COMMAND_RECORD_LEN, decode_command, encode_command};
pub use describe::{Visit, Word, describe_command, describe_event};
pub use events::{EVENT_RECORD_LEN, decode_event, encode_event};

/// The layout of command and event records.
pub const LAYOUT_VERSION: u8 = 2;

/// Why bytes are not a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The record's kind is not known.
    #[error("unknown record kind {0}")]
    UnknownKind(u8),
    /// A field holds a value outside its range.
    #[error("field {0} is out of range")]
    BadField(&'static str),
    /// Bytes behind the last field are not zero.
    #[error("trailing bytes are not zero")]
    Trailing,
}
