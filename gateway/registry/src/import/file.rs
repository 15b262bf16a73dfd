//! A whole export in memory: its good rows gathered, its bad ones listed.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use crate::export::{Format, Reader};
use crate::facts::{BlockFact, Entry, IssuanceFact, ProjectFact, ProjectKey, Row};
use crate::reason::{FileError, Reason, Refusal};
use crate::serial::SerialRange;
use crate::words::Registry;

/// Refusals beyond this many are counted and not kept: the first thousand say what is wrong with a file.
pub const REFUSALS_KEPT: usize = 1_000;

/// What one file says.
#[derive(Debug)]
pub struct Export {
    /// Its name, as it was given.
    pub file: String,
    /// What kind of export it is.
    pub format: Format,
    /// How many rows were found good.
    pub accepted: u64,
    /// How many rows were refused.
    pub refused: u64,
    /// The first [`REFUSALS_KEPT`] refusals, in the order of their lines.
    pub refusals: Vec<Refusal>,
    /// The projects that good rows name.
    pub projects: BTreeMap<ProjectKey, ProjectFact>,
    /// Issuances without serials, with their lines.
    pub issuances: Vec<(u64, IssuanceFact)>,
    /// Blocks with their lines. No two share a number of one scope.
    pub blocks: Vec<(u64, BlockFact)>,
}

impl Export {
    /// Reads a file to its end. Rows are read one by one; what is kept are the facts, once each.
    pub fn read(file: &str, input: impl Read) -> Result<Self, FileError> {
        let mut reader = Reader::open(file, input)?;
        let mut export = Self {
            file: file.to_owned(),
            format: reader.format(),
            accepted: 0,
            refused: 0,
            refusals: Vec::new(),
            projects: BTreeMap::new(),
            issuances: Vec::new(),
            blocks: Vec::new(),
        };
        let mut taken = Taken::default();
        while let Some(row) = reader.next_row()? {
            match row.and_then(|row| taken.check(row)) {
                Ok(row) => export.accept(row),
                Err((line, reason)) => export.refuse(line, reason),
            }
        }
        Ok(export)
    }

    fn accept(&mut self, row: Row) {
        self.accepted += 1;
        match self.projects.get_mut(&row.project.key) {
            Some(known) => known.merge(&row.project),
            None => {
                self.projects.insert(row.project.key.clone(), row.project);
            }
        }
        match row.entry {
            Entry::Project => {}
            Entry::Issuance(issuance) => self.issuances.push((row.line, issuance)),
            Entry::Block(block) => self.blocks.push((row.line, block)),
        }
    }

    /// Records a refusal.
    pub(super) fn refuse(&mut self, line: u64, reason: Reason) {
        self.refused += 1;
        if self.refusals.len() < REFUSALS_KEPT {
            self.refusals.push(Refusal { file: self.file.clone(), line, reason });
        }
    }
}

/// The numbers that earlier rows of the file have taken: by registry and scope, first number to last number and line.
#[derive(Default)]
struct Taken(HashMap<(Registry, String), BTreeMap<u64, (u64, u64)>>);

impl Taken {
    /// Passes a row on, unless it has a number that an earlier row has.
    fn check(&mut self, row: Row) -> Result<Row, (u64, Reason)> {
        let Entry::Block(block) = &row.entry else { return Ok(row) };
        let range = block.range();
        let scope = self.0.entry((block.project.registry(), block.serial.scope())).or_default();
        // Ranges in the map are disjoint, so only the last one that begins before the end can reach in.
        if let Some((&first, &(last, line))) = scope.range(..=range.last()).next_back() {
            let other = SerialRange::new(first, last);
            if let Some(range) = other.and_then(|other| other.common(range)) {
                return Err((row.line, Reason::Repeated { range, line }));
            }
        }
        scope.insert(range.first(), (range.last(), row.line));
        Ok(row)
    }
}
