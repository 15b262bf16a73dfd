//! What one row of an export says: about a project, about an issuance, about a block of serials.

use std::fmt;

use chrono::NaiveDate;

use crate::country::Country;
use crate::serial::{Serial, SerialRange};
use crate::words::{Assurance, BlockStatus, ProjectStatus, ProjectType, Registry};

/// The name of a project: its registry, and its number there without letters. `VCS-1340`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectKey {
    registry: Registry,
    number: String,
}

impl ProjectKey {
    /// The longest number, so that the symbol of an instrument always fits.
    pub const NUMBER_LENGTH_MAX: usize = 12;

    /// Joins registry and number. The number may carry the registry's letters (`ACR1129`, `GS11603`); `None` when the
    /// rest is not one to twelve digits.
    pub fn new(registry: Registry, number: &str) -> Option<Self> {
        let number = number.trim();
        let number = number.strip_prefix(registry.as_str()).unwrap_or(number).trim_start_matches('-');
        let digits =
            (1..=Self::NUMBER_LENGTH_MAX).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| Self { registry, number: number.to_owned() })
    }

    /// Reads `VCS-1340`.
    pub fn parse(text: &str) -> Option<Self> {
        let (registry, number) = text.split_once('-')?;
        Self::new(Registry::parse(registry)?, number)
    }

    /// Who keeps the book.
    pub const fn registry(&self) -> Registry {
        self.registry
    }

    /// The number there.
    pub fn number(&self) -> &str {
        &self.number
    }
}

impl fmt::Display for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.registry, self.number)
    }
}

/// How much a row's word on a project weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Authority {
    /// Said beside something else (an issuance, a retirement): fills what is not known.
    Mention,
    /// The registry's list of projects: replaces what is known.
    Listing,
}

/// What is said about a project. Empty texts and `None` mean: not said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFact {
    /// Which project.
    pub key: ProjectKey,
    /// How much this weighs.
    pub authority: Authority,
    /// Its name.
    pub name: String,
    /// What it does, in its developer's words.
    pub description: String,
    /// The contract's kind.
    pub project_type: ProjectType,
    /// The registry's kind, in its own words.
    pub registry_type: String,
    /// Where it stands.
    pub status: Option<ProjectStatus>,
    /// Where the validation of its design stands.
    pub validation: Option<Assurance>,
    /// Where it is.
    pub country: Country,
    /// Methodologies or protocols, `; ` between them.
    pub methodology: String,
    /// Developer or proponent.
    pub developer: String,
    /// Tonnes a year that it is estimated to reduce.
    pub annual_reductions: Option<u64>,
    /// First day of the crediting period.
    pub starts_on: Option<NaiveDate>,
    /// Last day of the crediting period.
    pub ends_on: Option<NaiveDate>,
    /// Day of registration.
    pub registered_on: Option<NaiveDate>,
    /// Sustainable Development Goals, 1 to 17, ascending.
    pub sdgs: Vec<u8>,
}

impl ProjectFact {
    /// Takes over what another row says, by weight: a listing replaces what is known, a mention fills gaps. Goals add up.
    pub fn merge(&mut self, other: &Self) {
        let replace = other.authority == Authority::Listing;
        let text = |mine: &mut String, theirs: &String| {
            if !theirs.is_empty() && (replace || mine.is_empty()) {
                mine.clone_from(theirs);
            }
        };
        text(&mut self.name, &other.name);
        text(&mut self.description, &other.description);
        text(&mut self.registry_type, &other.registry_type);
        text(&mut self.methodology, &other.methodology);
        text(&mut self.developer, &other.developer);
        if replace {
            self.authority = other.authority;
            self.project_type = other.project_type;
            self.country = other.country;
        }
        merge_option(&mut self.status, other.status, replace);
        merge_option(&mut self.validation, other.validation, replace);
        merge_option(&mut self.annual_reductions, other.annual_reductions, replace);
        merge_option(&mut self.starts_on, other.starts_on, replace);
        merge_option(&mut self.ends_on, other.ends_on, replace);
        merge_option(&mut self.registered_on, other.registered_on, replace);
        merge_sdgs(&mut self.sdgs, &other.sdgs);
    }
}

fn merge_option<T: Copy>(mine: &mut Option<T>, theirs: Option<T>, replace: bool) {
    if theirs.is_some() && (replace || mine.is_none()) {
        *mine = theirs;
    }
}

/// The goals of both, ascending, each once.
pub fn merge_sdgs(mine: &mut Vec<u8>, theirs: &[u8]) {
    mine.extend_from_slice(theirs);
    mine.sort_unstable();
    mine.dedup();
}

/// First and last day of something, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    start: NaiveDate,
    end: NaiveDate,
}

impl Period {
    /// A period; `None` when it ends before it starts.
    pub fn new(start: NaiveDate, end: NaiveDate) -> Option<Self> {
        (start <= end).then_some(Self { start, end })
    }

    /// First day.
    pub const fn start(self) -> NaiveDate {
        self.start
    }

    /// Last day.
    pub const fn end(self) -> NaiveDate {
        self.end
    }

    /// The part that lies in a calendar year; `None` when nothing does.
    pub fn within_year(self, year: i32) -> Option<Self> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1)?;
        let last = NaiveDate::from_ymd_opt(year, 12, 31)?;
        Self::new(self.start.max(first), self.end.min(last))
    }
}

/// An issuance that its registry publishes as a number only, without serials (ACR, Climate Action Reserve).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuanceFact {
    /// Of which project.
    pub project: ProjectKey,
    /// Of which vintage.
    pub year: i32,
    /// The vintage's days, where given.
    pub period: Option<Period>,
    /// When.
    pub issued_on: NaiveDate,
    /// How many tonnes in all.
    pub quantity: u64,
    /// How many of them went to the buffer pool.
    pub buffer: u64,
    /// How many of them have been cancelled since, as far as the issuance row says.
    pub cancelled: u64,
}

/// A block of serials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockFact {
    /// Of which project.
    pub project: ProjectKey,
    /// Of which vintage.
    pub year: i32,
    /// The vintage's days, where given.
    pub period: Option<Period>,
    /// Its serial.
    pub serial: Serial,
    /// How many tonnes.
    pub quantity: u64,
    /// Active, retired or cancelled.
    pub status: BlockStatus,
    /// When it was issued, where given.
    pub issued_on: Option<NaiveDate>,
    /// When it was retired or cancelled, where given.
    pub ended_on: Option<NaiveDate>,
    /// Certifications and eligibilities, normalised, in the registry's order.
    pub labels: Vec<String>,
}

impl BlockFact {
    /// The numbers of the block. An opaque serial is a scope of its own, in which its credits are numbered from 1.
    pub fn range(&self) -> SerialRange {
        self.serial
            .range()
            .or_else(|| SerialRange::new(1, self.quantity))
            .expect("a quantity is above zero and below 10^15")
    }
}

/// What else a row says, beside naming its project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Nothing: a row of a list of projects.
    Project,
    /// An issuance without serials.
    Issuance(IssuanceFact),
    /// A block.
    Block(BlockFact),
}

/// A row of an export that was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line of the file on which it begins, from 1 (the header's).
    pub line: u64,
    /// The project that it names.
    pub project: ProjectFact,
    /// What else it says.
    pub entry: Entry,
}
