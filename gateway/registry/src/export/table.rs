//! A CSV file as a table: columns found by name, cells read as what they should be, every failure with its column.

use std::collections::HashMap;

use chrono::NaiveDate;
use csv::ByteRecord;

use crate::country::Country;
use crate::date::parse_date;
use crate::facts::{Period, merge_sdgs};
use crate::quantity::{QuantityError, parse_quantity};
use crate::reason::Reason;
use crate::serial::Serial;

/// The longest name, type or label, in characters.
const LINE_MAX: usize = 500;
/// The longest description, in characters.
const PARAGRAPH_MAX: usize = 20_000;

/// A column of a known export: its name there, its place in this file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) at: usize,
}

/// The columns of a file by name.
#[derive(Debug)]
pub(super) struct Header(HashMap<String, usize>);

impl Header {
    /// Reads a header; the name of a column that occurs twice is the error.
    pub(super) fn read(record: &ByteRecord) -> Result<Self, String> {
        let mut places = HashMap::new();
        for (at, cell) in record.iter().enumerate() {
            let name = fold_name(&String::from_utf8_lossy(cell));
            if !name.is_empty() && places.insert(name.clone(), at).is_some() {
                return Err(name);
            }
        }
        Ok(Self(places))
    }

    /// Where a column is.
    pub(super) fn find(&self, name: &'static str) -> Option<Column> {
        self.0.get(&fold_name(name)).map(|&at| Column { name, at })
    }
}

/// Blanks and case do not matter: exports have "Status Effective  (GMT)" and "Status Effective (GMT)".
fn fold_name(name: &str) -> String {
    one_line(name.trim_start_matches('\u{feff}')).to_lowercase()
}

/// Declares the columns that a format reads: a struct with a place for each, and their names.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($field:ident = $column:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name { $($field: $crate::export::table::Column,)+ }

        impl $name {
            /// The names of the columns, all of which a file must have.
            pub(super) const COLUMNS: &'static [&'static str] = &[$($column),+];

            /// Finds them; `None` when one is missing.
            pub(super) fn find(header: &$crate::export::table::Header) -> Option<Self> {
                Some(Self { $($field: header.find($column)?,)+ })
            }
        }
    };
}
pub(super) use columns;

/// The cells of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells<'a>(pub(super) &'a ByteRecord);

impl<'a> Cells<'a> {
    /// The cell without blanks at its ends; may be empty.
    pub(super) fn text(self, column: Column) -> Result<&'a str, Reason> {
        let bytes = self.0.get(column.at).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| Reason::Encoding { column: column.name })?;
        Ok(text.trim())
    }

    /// The cell, which must not be empty.
    pub(super) fn required(self, column: Column) -> Result<&'a str, Reason> {
        let text = self.text(column)?;
        if text.is_empty() { Err(Reason::Missing { column: column.name }) } else { Ok(text) }
    }

    /// A short text on one line.
    pub(super) fn line(self, column: Column) -> Result<String, Reason> {
        limited(one_line(self.text(column)?), column, LINE_MAX)
    }

    /// A short text on one line, which must not be empty.
    pub(super) fn required_line(self, column: Column) -> Result<String, Reason> {
        self.required(column)?;
        self.line(column)
    }

    /// A long text; its line breaks stay.
    pub(super) fn paragraph(self, column: Column) -> Result<String, Reason> {
        let text: String = self.text(column)?.chars().filter(|&c| c == '\n' || !c.is_control()).collect();
        limited(text, column, PARAGRAPH_MAX)
    }

    /// Several values with a separator; empty ones and `N/A` are left out.
    pub(super) fn list(self, column: Column, separator: char) -> Result<Vec<&'a str>, Reason> {
        let text = self.text(column)?;
        Ok(text.split(separator).map(str::trim).filter(|value| !value.is_empty() && *value != "N/A").collect())
    }

    /// Several labels, with hyphens for dashes and single blanks.
    pub(super) fn labels(self, column: Column, separator: char) -> Result<Vec<String>, Reason> {
        self.list(column, separator)?
            .into_iter()
            .map(|label| limited(hyphens(&one_line(label)), column, LINE_MAX))
            .collect()
    }

    /// `Yes`, `No` or nothing, which is no.
    pub(super) fn yes(self, column: Column) -> Result<bool, Reason> {
        match self.text(column)? {
            "Yes" => Ok(true),
            "No" | "" => Ok(false),
            other => Err(unknown(column, other)),
        }
    }

    /// A quantity; may be zero.
    pub(super) fn quantity(self, column: Column) -> Result<u64, Reason> {
        let value = self.text(column)?;
        parse_quantity(value).map_err(|source| Reason::Quantity {
            column: column.name,
            value: value.to_owned(),
            source,
        })
    }

    /// A quantity above zero.
    pub(super) fn some_quantity(self, column: Column) -> Result<u64, Reason> {
        match self.quantity(column)? {
            0 => Err(Reason::Zero { column: column.name }),
            quantity => Ok(quantity),
        }
    }

    /// A quantity, or an empty cell.
    pub(super) fn optional_quantity(self, column: Column) -> Result<Option<u64>, Reason> {
        match self.quantity(column) {
            Err(Reason::Quantity { source: QuantityError::Empty, .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    /// A date.
    pub(super) fn date(self, column: Column) -> Result<NaiveDate, Reason> {
        let value = self.required(column)?;
        parse_date(value).map_err(|source| Reason::Date { column: column.name, value: value.to_owned(), source })
    }

    /// A date, or an empty cell.
    pub(super) fn optional_date(self, column: Column) -> Result<Option<NaiveDate>, Reason> {
        if self.text(column)?.is_empty() { Ok(None) } else { self.date(column).map(Some) }
    }

    /// Two dates in order.
    pub(super) fn period(self, start: Column, end: Column) -> Result<Period, Reason> {
        let (first, last) = (self.date(start)?, self.date(end)?);
        Period::new(first, last).ok_or(Reason::Backwards { column: end.name })
    }

    /// A year.
    pub(super) fn year(self, column: Column) -> Result<i32, Reason> {
        let text = self.required(column)?;
        match text.parse() {
            Ok(year @ 1990..=2200) if text.len() == 4 => Ok(year),
            _ => Err(unknown(column, text)),
        }
    }

    /// A serial.
    pub(super) fn serial(self, column: Column) -> Result<Serial, Reason> {
        let value = self.required(column)?;
        Serial::parse(value).map_err(|source| Reason::Serial { column: column.name, value: value.to_owned(), source })
    }

    /// A country, or several (`; ` between them), which is [`Country::INTERNATIONAL`].
    pub(super) fn country(self, column: Column) -> Result<Country, Reason> {
        let text = self.required(column)?;
        let mut found = None;
        for name in text.split(';') {
            let country = Country::find(name).ok_or_else(|| unknown(column, name.trim()))?;
            found = match found {
                Some(before) if before != country => Some(Country::INTERNATIONAL),
                _ => Some(country),
            };
        }
        found.ok_or(Reason::Missing { column: column.name })
    }

    /// Sustainable Development Goals: `15,13,6`, `01: No Poverty; 13: Climate Action` or `2. Zero Hunger;13. ...`.
    pub(super) fn sdgs(self, column: Column) -> Result<Vec<u8>, Reason> {
        let text = self.text(column)?;
        let bare = text.bytes().all(|b| b.is_ascii_digit() || b == b',' || b == b' ');
        let mut goals = Vec::new();
        for value in text.split(if bare { ',' } else { ';' }).map(str::trim).filter(|value| !value.is_empty()) {
            let number = value.split([':', '.']).next().unwrap_or_default().trim();
            match number.parse() {
                Ok(goal @ 1..=17) => goals.push(goal),
                _ => return Err(unknown(column, value)),
            }
        }
        merge_sdgs(&mut goals, &[]);
        Ok(goals)
    }
}

/// A value that is not in the vocabulary.
pub(super) fn unknown(column: Column, value: &str) -> Reason {
    let value = value.chars().take(80).collect();
    Reason::Unknown { column: column.name, value }
}

fn limited(text: String, column: Column, max: usize) -> Result<String, Reason> {
    if text.chars().count() > max { Err(Reason::TooLong { column: column.name, max }) } else { Ok(text) }
}

/// One blank for a run of blanks and line breaks; no control or zero-width characters.
fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn hyphens(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') { '-' } else { c }).collect()
}
