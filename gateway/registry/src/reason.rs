//! Why a row or a file is refused. Every reason is written for the person who has the file open.

use crate::date::DateError;
use crate::quantity::QuantityError;
use crate::serial::{SerialError, SerialRange};
use crate::words::BlockStatus;

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A row with more or fewer cells than the header has: a quote that does not close, or a line cut off.
    #[error("has {found} cells where the header has {expected}")]
    Cells {
        /// What the header has.
        expected: usize,
        /// What the row has.
        found: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("{column}: is not UTF-8 text")]
    Encoding {
        /// Where.
        column: &'static str,
    },
    /// A cell that must not be empty is.
    #[error("{column}: is empty")]
    Missing {
        /// Where.
        column: &'static str,
    },
    /// A text beyond what the store takes.
    #[error("{column}: is longer than {max} characters")]
    TooLong {
        /// Where.
        column: &'static str,
        /// What is permitted.
        max: usize,
    },
    /// A word that is not in the vocabulary.
    #[error("{column}: {value:?} is not known")]
    Unknown {
        /// Where.
        column: &'static str,
        /// What stands there.
        value: String,
    },
    /// A damaged quantity.
    #[error("{column}: {value:?} {source}")]
    Quantity {
        /// Where.
        column: &'static str,
        /// What stands there.
        value: String,
        /// Why it is none.
        source: QuantityError,
    },
    /// No credits at all, where there must be some.
    #[error("{column}: must be above zero")]
    Zero {
        /// Where.
        column: &'static str,
    },
    /// A damaged date.
    #[error("{column}: {value:?} {source}")]
    Date {
        /// Where.
        column: &'static str,
        /// What stands there.
        value: String,
        /// Why it is none.
        source: DateError,
    },
    /// A period that ends before it starts.
    #[error("{column}: is before the start of the period")]
    Backwards {
        /// Where the end stands.
        column: &'static str,
    },
    /// A damaged serial.
    #[error("{column}: {value:?} {source}")]
    Serial {
        /// Where.
        column: &'static str,
        /// What stands there.
        value: String,
        /// What is wrong.
        source: SerialError,
    },
    /// The serial counts other credits than the row.
    #[error("the quantity is {quantity}, the serial numbers {range} are {}", range.quantity())]
    RangeLength {
        /// What the row says.
        quantity: u64,
        /// What the serial says.
        range: SerialRange,
    },
    /// The serial belongs to another project.
    #[error("the row is of project {row}, the serial of project {serial}")]
    SerialProject {
        /// What the row says.
        row: String,
        /// What the serial says.
        serial: String,
    },
    /// The serial belongs to another vintage.
    #[error("the row is of vintage {row}, the serial of {serial}")]
    SerialVintage {
        /// What the row says.
        row: String,
        /// What the serial says.
        serial: String,
    },
    /// Verra's last field is 1 exactly when there are additional certifications.
    #[error("the serial's last field says {} additional certifications, the row has {}", yes(*.serial), yes(!*.serial))]
    CertificationFlag {
        /// What the serial says.
        serial: bool,
    },
    /// Two figures of a row that exclude each other.
    #[error("{what}: {left} against {right}")]
    Figures {
        /// Which.
        what: &'static str,
        /// One.
        left: u64,
        /// The other.
        right: u64,
    },
    /// The same credits twice in one file.
    #[error("serial numbers {range} are also in the block of line {line}")]
    Repeated {
        /// The numbers that are in both.
        range: SerialRange,
        /// Where the others stand.
        line: u64,
    },
    /// Credits that were used once and now are used otherwise.
    #[error("serial numbers {range} are {before} already and cannot be {after}")]
    Final {
        /// Which numbers.
        range: SerialRange,
        /// What they are.
        before: BlockStatus,
        /// What the row says.
        after: BlockStatus,
    },
    /// Credits that an account of this venue holds are used at the registry: somebody must look into it.
    #[error("serial numbers {range} are held in block {block} of this venue and cannot be {after} at the registry")]
    Held {
        /// Which numbers.
        range: SerialRange,
        /// The venue's block.
        block: i64,
        /// What the row says.
        after: BlockStatus,
    },
    /// The numbers belong to credits of another project or vintage.
    #[error("serial numbers {range} belong to {owner}")]
    OtherVintage {
        /// Which numbers.
        range: SerialRange,
        /// Whose they are: project and vintage.
        owner: String,
    },
}

const fn yes(some: bool) -> &'static str {
    if some { "some" } else { "no" }
}

/// A row that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct Refusal {
    /// The file's name, as it was given.
    pub file: String,
    /// The line on which the row begins, from 1 (the header's).
    pub line: u64,
    /// What is wrong.
    pub reason: Reason,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened, or reading it fails.
    #[error("{file}: {source}")]
    Io {
        /// Which.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is empty.
    #[error("{file}: has no header line")]
    Empty {
        /// Which.
        file: String,
    },
    /// Two columns of one name.
    #[error("{file}: has two columns named {column:?}")]
    TwoColumns {
        /// Which.
        file: String,
        /// The name.
        column: String,
    },
    /// Its header is that of no export that is known here.
    #[error(
        "{file}: the header is that of no known export; the nearest is {nearest}, which also has {}",
        missing.join(", ")
    )]
    UnknownFormat {
        /// Which.
        file: String,
        /// The export whose columns fit best.
        nearest: &'static str,
        /// The columns of that export that the file lacks.
        missing: Vec<&'static str>,
    },
}
