//! The registries' own exports. A file is known by its header; each row is read into a [`Row`] or refused with a
//! reason; nothing is kept between rows.
//!
//! A format needs all the columns that it reads, in any order; other columns are passed over. Registries also publish
//! these tables with columns that they add over time, so a column more is no error, and a column less is one.

mod acr;
mod car;
mod facts;
mod gold_standard;
mod table;
mod verra;

use std::io::{Chain, Read};

use csv::{ByteRecord, ReaderBuilder};

use crate::facts::{Entry, Period, ProjectFact, ProjectKey, Row};
use crate::reason::{FileError, Reason};
use crate::serial::Serial;
use crate::words::Registry;
use table::{Cells, Column, Header};

pub use facts::HEADER as FACTS_HEADER;

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident = $columns:path, $registry:expr, $name:literal;)+) => {
        /// A kind of export.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Format { $($(#[$doc])* $variant,)+ }

        impl Format {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name, for people.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whose export it is; `None` when rows say it themselves.
            pub const fn registry(self) -> Option<Registry> {
                match self { $(Self::$variant => $registry,)+ }
            }

            /// The columns that a file of this kind must have.
            pub const fn columns(self) -> &'static [&'static str] {
                match self { $(Self::$variant => <$columns>::COLUMNS,)+ }
            }
        }

        /// The columns of a format, found in a file.
        #[derive(Debug)]
        enum Places { $($variant($columns),)+ }

        impl Places {
            fn find(format: Format, header: &Header) -> Option<Self> {
                match format { $(Format::$variant => <$columns>::find(header).map(Self::$variant),)+ }
            }

            fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
                match self { $(Self::$variant(columns) => columns.row(cells),)+ }
            }
        }
    };
}

formats! {
    /// Verra's list of projects.
    VerraProjects = verra::Projects, Some(Registry::Verra), "Verra projects";
    /// Verra's list of issued blocks with what became of them.
    VerraTransactions = verra::Transactions, Some(Registry::Verra), "Verra transactions";
    /// Gold Standard's list of projects.
    GoldStandardProjects = gold_standard::Projects, Some(Registry::GoldStandard), "Gold Standard projects";
    /// Gold Standard's issuances.
    GoldStandardIssuances = gold_standard::Issuances, Some(Registry::GoldStandard), "Gold Standard issuances";
    /// Gold Standard's retirements and cancellations.
    GoldStandardRetirements = gold_standard::Retirements, Some(Registry::GoldStandard), "Gold Standard retirements";
    /// ACR's list of projects.
    AcrProjects = acr::Projects, Some(Registry::Acr), "ACR projects";
    /// ACR's issuances, which have no serials.
    AcrIssuances = acr::Issuances, Some(Registry::Acr), "ACR issuances";
    /// ACR's retirements.
    AcrRetirements = acr::Retirements, Some(Registry::Acr), "ACR retirements";
    /// ACR's cancellations.
    AcrCancellations = acr::Cancellations, Some(Registry::Acr), "ACR cancellations";
    /// Climate Action Reserve's list of projects.
    CarProjects = car::Projects, Some(Registry::Car), "Climate Action Reserve projects";
    /// Climate Action Reserve's issuances, which have no serials.
    CarIssuances = car::Issuances, Some(Registry::Car), "Climate Action Reserve issuances";
    /// Climate Action Reserve's retirements.
    CarRetirements = car::Retirements, Some(Registry::Car), "Climate Action Reserve retirements";
    /// Climate Action Reserve's cancellations.
    CarCancellations = car::Cancellations, Some(Registry::Car), "Climate Action Reserve cancellations";
    /// The table of facts that ships with the program.
    Facts = facts::Facts, None, "table of facts";
}

/// Reads an export row by row. Holds one row at a time.
#[derive(Debug)]
pub struct Reader<R> {
    file: String,
    csv: csv::Reader<Chain<R, &'static [u8]>>,
    record: ByteRecord,
    columns: usize,
    format: Format,
    places: Places,
}

/// A row that was read: good, or refused on its line.
pub type ReadRow = Result<Row, (u64, Reason)>;

impl<R: Read> Reader<R> {
    /// Reads the header and finds out what kind of export it heads. `file` is the name that messages use.
    pub fn open(file: &str, input: R) -> Result<Self, FileError> {
        let mut csv = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input.chain(END));
        let mut record = ByteRecord::new();
        let some = csv.read_byte_record(&mut record).map_err(|error| io_error(file, error))?;
        if !some || record.iter().all(<[u8]>::is_empty) {
            return Err(FileError::Empty { file: file.to_owned() });
        }
        let header = Header::read(&record).map_err(|column| FileError::TwoColumns { file: file.to_owned(), column })?;
        // An export may have all the columns of another and more: the one that uses most of the file is meant.
        let mut formats: Vec<Format> = Format::ALL.to_vec();
        formats.sort_by_key(|format| std::cmp::Reverse(format.columns().len()));
        let found = formats.into_iter().find_map(|format| Some((format, Places::find(format, &header)?)));
        let (format, places) = found.ok_or_else(|| unknown_format(file, &header))?;
        let columns = record.len();
        Ok(Self { file: file.to_owned(), csv, record, columns, format, places })
    }

    /// What kind of export it is.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The line on which the row just read begins. The record's own position is that of the empty lines before it, so count
    /// back from where its reading ended. (A row that runs to the end because its quote does not close has no line break
    /// after it; its own position is the later one.)
    fn line(&self) -> u64 {
        let within: usize = self.record.iter().map(|cell| cell.split(|&byte| byte == b'\n').count() - 1).sum();
        let end = self.csv.position().line();
        let counted = end.saturating_sub(1 + u64::try_from(within).unwrap_or(0));
        counted.max(self.record.position().map_or(0, csv::Position::line))
    }

    /// The next row; `None` at the end. Empty lines are passed over.
    pub fn next_row(&mut self) -> Result<Option<ReadRow>, FileError> {
        let some = self.csv.read_byte_record(&mut self.record).map_err(|error| io_error(&self.file, error))?;
        if !some {
            return Ok(None);
        }
        let line = self.line();
        let row = if self.record.len() == self.columns {
            self.places.row(Cells(&self.record))
        } else {
            Err(Reason::Cells { expected: self.columns, found: self.record.len() })
        };
        Ok(Some(row.map(|(project, entry)| Row { line, project, entry }).map_err(|reason| (line, reason))))
    }
}

/// Ends the last line where the file does not: then every row ends with a line break, which [`Reader::line`] counts on.
const END: &[u8] = b"\n";

fn io_error(file: &str, error: csv::Error) -> FileError {
    let source = match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        // With byte records of any length, nothing but reading can fail.
        other => std::io::Error::other(format!("{other:?}")),
    };
    FileError::Io { file: file.to_owned(), source }
}

fn unknown_format(file: &str, header: &Header) -> FileError {
    let missing = |format: Format| -> Vec<&'static str> {
        format.columns().iter().copied().filter(|name| header.find(name).is_none()).collect()
    };
    let nearest = Format::ALL
        .iter()
        .copied()
        .max_by_key(|&format| {
            let all = format.columns().len();
            // Share of the columns that are there, in thousandths.
            (all - missing(format).len()) * 1000 / all
        })
        .unwrap_or(Format::Facts);
    FileError::UnknownFormat { file: file.to_owned(), nearest: nearest.name(), missing: missing(nearest) }
}

/// A project's number in a registry.
fn project_key(registry: Registry, cells: Cells<'_>, column: Column) -> Result<ProjectKey, Reason> {
    let number = cells.required(column)?;
    ProjectKey::new(registry, number).ok_or_else(|| table::unknown(column, number))
}

/// What holds for every serial: as many numbers as credits, the row's project, the row's vintage.
pub(crate) fn check_serial(serial: &Serial, quantity: u64, project: &ProjectKey, year: i32) -> Result<(), Reason> {
    if let Some(range) = serial.range().filter(|range| range.quantity() != quantity) {
        return Err(Reason::RangeLength { quantity, range });
    }
    let same_registry = serial.registry().is_none_or(|registry| registry == project.registry());
    if !same_registry || serial.project().is_some_and(|number| number != project.number()) {
        let registry = serial.registry().map_or("", Registry::as_str);
        let serial = format!("{registry}-{}", serial.project().unwrap_or_default());
        return Err(Reason::SerialProject { row: project.to_string(), serial });
    }
    match serial.vintage_year() {
        Some(other) if other != year => Err(Reason::SerialVintage { row: year.to_string(), serial: other.to_string() }),
        _ => Ok(()),
    }
}

/// A vintage lies in its period: its year is one of the years that the period touches.
fn check_vintage(year: i32, period: Period) -> Result<(), Reason> {
    if period.within_year(year).is_some() {
        Ok(())
    } else {
        let period = format!("{} to {}", period.start(), period.end());
        Err(Reason::SerialVintage { row: year.to_string(), serial: period })
    }
}

#[cfg(test)]
mod tests;
