//! Public ids: `ORD-20260307-0000001A`, `TRD-...`, `TXN-...`. A prefix, the UTC date, and the number that the row is
//! stored under in Crockford's base 32, so that an id needs no column of its own: parsing it gives the primary key.
//!
//! Eight characters hold 2^40; larger numbers take more characters and stay valid.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// Crockford's alphabet: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const WIDTH: usize = 8;
const WIDTH_MAX: usize = 13;

/// Namespace of the `UUIDv5` that stands beside each public id. Fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x5f0c_6b0a_91d2_5d3e_8a47_c0a2_b0e4_11ce);

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublicIdKind {
    /// An order; numbered by the journal position of the command that placed it.
    Order,
    /// A trade; numbered by its trade id.
    Trade,
    /// A wallet transaction; numbered by its row.
    Transaction,
    /// A compliance record; numbered by its row.
    ComplianceRecord,
    /// A report; numbered by its row.
    Report,
}

impl PublicIdKind {
    /// The letters that the id begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Order => "ORD",
            Self::Trade => "TRD",
            Self::Transaction => "TXN",
            Self::ComplianceRecord => "COMP",
            Self::Report => "RPT",
        }
    }
}

/// A public id, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicId {
    kind: PublicIdKind,
    date: NaiveDate,
    number: u64,
}

impl PublicId {
    /// The id of row `number`, made at `micros` microseconds since the epoch.
    pub fn from_micros(kind: PublicIdKind, micros: i64, number: u64) -> Self {
        let date = DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default().date_naive();
        Self { kind, date, number }
    }

    /// The id of row `number`, made at `nanos` nanoseconds since the epoch (engine time).
    pub fn from_nanos(kind: PublicIdKind, nanos: u64, number: u64) -> Self {
        let micros = i64::try_from(nanos / 1_000).expect("2^64 ns are fewer than 2^63 us");
        Self::from_micros(kind, micros, number)
    }

    /// Reads an id of this kind; `None` when it is not one. Lower case is accepted, and so are the letters that
    /// Crockford's base 32 leaves out because they are misread (I and L as 1, O as 0).
    pub fn parse(kind: PublicIdKind, text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (prefix, date, number) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !prefix.eq_ignore_ascii_case(kind.prefix()) || date.len() != 8 {
            return None;
        }
        let date = NaiveDate::parse_from_str(date, "%Y%m%d").ok()?;
        Some(Self { kind, date, number: decode(number)? })
    }

    /// The number that the row is stored under.
    pub const fn number(self) -> u64 {
        self.number
    }

    /// The UTC day on which it was made.
    pub const fn date(self) -> NaiveDate {
        self.date
    }

    /// The uuid that stands beside the id: `UUIDv5` of the id's text.
    pub fn uuid(self) -> Uuid {
        Uuid::new_v5(&NAMESPACE, self.to_string().as_bytes())
    }
}

impl std::fmt::Display for PublicId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-", self.kind.prefix(), self.date.format("%Y%m%d"))?;
        f.write_str(std::str::from_utf8(encode(self.number, &mut [0; WIDTH_MAX])).expect("the alphabet is ASCII"))
    }
}

fn encode(number: u64, buffer: &mut [u8; WIDTH_MAX]) -> &[u8] {
    let mut rest = number;
    let mut start = WIDTH_MAX;
    while rest > 0 || WIDTH_MAX - start < WIDTH {
        start -= 1;
        buffer[start] = ALPHABET[usize::from((rest & 31) as u8)];
        rest >>= 5;
    }
    &buffer[start..]
}

fn decode(text: &str) -> Option<u64> {
    if !(WIDTH..=WIDTH_MAX).contains(&text.len()) || (text.len() > WIDTH && text.starts_with('0')) {
        return None;
    }
    text.bytes().try_fold(0_u64, |number, byte| {
        let letter = match byte.to_ascii_uppercase() {
            b'I' | b'L' => b'1',
            b'O' => b'0',
            other => other,
        };
        let digit = ALPHABET.iter().position(|&known| known == letter)?;
        number.checked_mul(32)?.checked_add(u64::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests;
