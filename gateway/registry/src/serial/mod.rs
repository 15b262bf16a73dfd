//! Serial numbers: the names of blocks of credits, in each registry's own form.
//!
//! | Form | Example |
//! |---|---|
//! | Verra | `19385-941467007-941467431-VCS-VCU-1507-VER-ET-14-1340-01012020-31122020-1` |
//! | Verra, older | `8040-449402275-449402275-VCU-042-MER-PE-14-1360-01072013-30062014-1` |
//! | Gold Standard | `GS1-1-KE-GS11603-16-2025-30256-110-5463` |
//! | CDM, as Gold Standard shows it | `RW-5-1463953-2-2-0-7014 - RW-5-1467609-2-2-0-7014` |
//! | ACR | `ACR-FR-1129-2025-2917-30932 to 35143` |
//! | Climate Action Reserve | `CAR-1-US-1335-31-983-KS-2025-9205-1 to 5000` |
//! | ART, FCPF | `ART-GY-102-2021-11-2759599 to 2760598` |
//! | Puro | `PURO_PR_CORC100+_FI_577166_2020_055a3fbe_1-100` |
//! | anything else | `iss_1KP6EDZ8K1S036PY`: opaque, without a range |
//!
//! A serial keeps its text, and where in it the first and the last number stand: so it comes out as it went in, and a part
//! of a block gets its serial by putting other numbers in the same places. A text that begins like a known form and does
//! not follow it is an error, not an opaque serial.

mod forms;

use std::fmt;

use chrono::{Datelike, NaiveDate};

use crate::date::DateError;
use crate::words::Registry;

/// The longest serial that is accepted, in bytes. Real ones stay under 100.
pub const SERIAL_LENGTH_MAX: usize = 160;

/// Which form a serial follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Verra, 13 fields.
    Verra,
    /// Verra, 12 fields, of the time when Markit (MER) and APX kept the book.
    VerraOld,
    /// Gold Standard.
    GoldStandard,
    /// Clean Development Mechanism: two serials, the first and the last.
    Cdm,
    /// American Carbon Registry.
    Acr,
    /// Climate Action Reserve.
    Car,
    /// ART and FCPF.
    Art,
    /// Puro.earth.
    Puro,
    /// Unknown: a name without a range.
    Opaque,
}

/// The numbers of a block, first and last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SerialRange {
    first: u64,
    last: u64,
}

impl SerialRange {
    /// The largest number that a serial may have: what the store's BIGINT holds.
    pub const NUMBER_MAX: u64 = i64::MAX as u64;

    /// A range; `None` when the last number is before the first or over [`SerialRange::NUMBER_MAX`].
    pub const fn new(first: u64, last: u64) -> Option<Self> {
        if first <= last && last <= Self::NUMBER_MAX { Some(Self { first, last }) } else { None }
    }

    /// The first number.
    pub const fn first(self) -> u64 {
        self.first
    }

    /// The last number.
    pub const fn last(self) -> u64 {
        self.last
    }

    /// How many numbers, which is how many credits.
    pub const fn quantity(self) -> u64 {
        self.last - self.first + 1
    }

    /// Whether any number is in both.
    pub const fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// Whether all numbers of `other` are in this one.
    pub const fn contains(self, other: Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// The numbers that are in both.
    pub fn common(self, other: Self) -> Option<Self> {
        Self::new(self.first.max(other.first), self.last.min(other.last))
    }
}

impl fmt::Display for SerialRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.first, self.last)
    }
}

/// Why a text is not a serial of the form that it begins like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SerialError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Over [`SERIAL_LENGTH_MAX`] bytes.
    #[error("is longer than {SERIAL_LENGTH_MAX} characters")]
    TooLong,
    /// A control character or the like.
    #[error("has a character that no serial has")]
    Character,
    /// More or fewer fields than its form has.
    #[error("has {found} fields where {form:?} serials have {expected}")]
    Fields {
        /// The form that it begins like.
        form: Form,
        /// How many fields that form has.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A field holds something that its form does not permit there.
    #[error("has {value:?} where the {field} should be")]
    Field {
        /// Which.
        field: &'static str,
        /// What stands there.
        value: String,
    },
    /// A date in it is none.
    #[error("has a vintage date {value:?} that {source}")]
    Date {
        /// What stands there.
        value: String,
        /// Why it is none.
        source: DateError,
    },
    /// The last number is before the first.
    #[error("ends at {last}, before it begins at {first}")]
    Backwards {
        /// The first number.
        first: u64,
        /// The last number.
        last: u64,
    },
    /// The two serials of a CDM block differ in more than their number.
    #[error("has two ends that belong to different blocks")]
    Ends,
}

/// A piece of the text: from, to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Span(usize, usize);

impl Span {
    fn of(self, text: &str) -> &str {
        &text[self.0..self.1]
    }
}

/// Where in the text the numbers stand, and which they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Numbers {
    range: SerialRange,
    first: Span,
    last: Span,
}

/// When the reductions were made, as far as the serial says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Dated {
    Not,
    Year(i32),
    Period(NaiveDate, NaiveDate),
}

/// A serial number, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Serial {
    form: Form,
    text: String,
    numbers: Option<Numbers>,
    batch: Option<Span>,
    project: Option<Span>,
    country: Option<Span>,
    dated: Dated,
    certified: Option<bool>,
}

impl Serial {
    /// Reads a serial. Typographic dashes count as hyphens and runs of blanks as one blank; the rest is strict.
    pub fn parse(text: &str) -> Result<Self, SerialError> {
        let text = normalise(text)?;
        if text.is_empty() {
            return Err(SerialError::Empty);
        }
        if text.len() > SERIAL_LENGTH_MAX {
            return Err(SerialError::TooLong);
        }
        forms::parse(text)
    }

    /// Which form it follows.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The registry that its form belongs to. CDM and opaque serials do not say.
    pub fn registry(&self) -> Option<Registry> {
        match self.form {
            Form::Verra | Form::VerraOld => Some(Registry::Verra),
            Form::GoldStandard => Some(Registry::GoldStandard),
            Form::Acr => Some(Registry::Acr),
            Form::Car => Some(Registry::Car),
            Form::Art => Some(Registry::Art),
            Form::Puro => Some(Registry::Puro),
            Form::Cdm | Form::Opaque => None,
        }
    }

    /// Its numbers; `None` for opaque ones.
    pub fn range(&self) -> Option<SerialRange> {
        self.numbers.map(|numbers| numbers.range)
    }

    /// The project's number in the registry that the form belongs to. A CDM serial names the project's number there,
    /// which is not Gold Standard's: `None`.
    pub fn project(&self) -> Option<&str> {
        self.project.map(|span| span.of(&self.text))
    }

    /// The country's ISO code.
    pub fn country(&self) -> Option<&str> {
        self.country.map(|span| span.of(&self.text))
    }

    /// The year of the vintage; of a period, the year in which it ends.
    pub fn vintage_year(&self) -> Option<i32> {
        match self.dated {
            Dated::Not => None,
            Dated::Year(year) => Some(year),
            Dated::Period(_, end) => Some(end.year()),
        }
    }

    /// The days of the vintage, where the serial has them (Verra).
    pub fn vintage_period(&self) -> Option<(NaiveDate, NaiveDate)> {
        match self.dated {
            Dated::Period(start, end) => Some((start, end)),
            Dated::Not | Dated::Year(_) => None,
        }
    }

    /// Verra's last field: whether the block carries certifications beyond the standard's own.
    pub const fn certified(&self) -> Option<bool> {
        self.certified
    }

    /// The batch or issuance, for people. Opaque serials are a batch of their own.
    pub fn batch(&self) -> &str {
        self.batch.map_or(&self.text, |span| span.of(&self.text))
    }

    /// Within what the numbers are unique: two blocks of one registry and one scope that share a number are the same
    /// credits twice. Verra numbers all its credits in one run, so its scope is the whole registry; the others begin
    /// again with each batch. An opaque serial is a scope of its own.
    pub fn scope(&self) -> String {
        match (self.form, self.numbers) {
            (Form::Verra | Form::VerraOld, _) => "VCU".to_owned(),
            (Form::Cdm, Some(numbers)) => {
                let middle = &self.text[numbers.first.1..];
                let end = middle.find(' ').unwrap_or(middle.len());
                format!("{}*{}", &self.text[..numbers.first.0], &middle[..end])
            }
            (_, Some(numbers)) => self.text[..numbers.first.0].trim_end_matches(['-', '_']).to_owned(),
            (_, None) => self.text.clone(),
        }
    }

    /// The serial of other numbers of the same batch; `None` for opaque ones.
    #[must_use]
    pub fn with_range(&self, range: SerialRange) -> Option<Self> {
        let numbers = self.numbers?;
        let (head, middle, tail) =
            (&self.text[..numbers.first.0], &self.text[numbers.first.1..numbers.last.0], &self.text[numbers.last.1..]);
        let text = format!("{head}{}{middle}{}{tail}", range.first, range.last);
        // Reading it again moves all spans at once, and cannot fail: only digits were exchanged.
        forms::parse(text).ok()
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Hyphens for dashes, one blank for a run of blanks, nothing at the ends.
fn normalise(text: &str) -> Result<String, SerialError> {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => out.push('-'),
            c if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            ' '..='~' => out.push(c),
            _ => return Err(SerialError::Character),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
