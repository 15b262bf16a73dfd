//! The serial ledger: per scope, disjoint ranges, each with its state. Pure; the store's rows go in, changes come out.
//!
//! A block of a file meets what is known number by number. Numbers that are new become new blocks. Numbers that are
//! known as issued and that the file says are used split their block in up to three parts. Numbers that are known as
//! the file says them change nothing, so that the same file twice changes nothing. What is final stays: a retired
//! credit cannot be cancelled, an older list of issuances does not bring a used one back.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use crate::facts::{BlockFact, ProjectKey};
use crate::reason::Reason;
use crate::serial::{Serial, SerialRange};
use crate::words::{BlockStatus, Registry};

/// A block as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownBlock {
    /// Its row.
    pub id: i64,
    /// Whose credits.
    pub project: ProjectKey,
    /// Of which vintage.
    pub year: i32,
    /// Within what its numbers are unique.
    pub scope: String,
    /// Its numbers.
    pub range: SerialRange,
    /// Its serial.
    pub serial: Serial,
    /// Where it stands.
    pub status: BlockStatus,
    /// Whether an account of this venue was credited with it.
    pub held: bool,
}

/// A part of a stored block, as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its numbers.
    pub range: SerialRange,
    /// Its serial.
    pub serial: Serial,
    /// What the file says about it; `None` for a part that stays as it was.
    pub used: Option<Use>,
}

/// How a part was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Retired or cancelled.
    pub status: BlockStatus,
    /// When, where known.
    pub ended_on: Option<NaiveDate>,
}

/// What is to be done to the store's blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockChange {
    /// A block that was not known. Its serial and quantity are those of the part that was not.
    New(Box<BlockFact>),
    /// A stored block that is used as a whole or in part. The parts cover it, in order.
    Split {
        /// The block's row.
        id: i64,
        /// What it falls into; one part when it is used as a whole.
        parts: Vec<Part>,
    },
}

/// Where a piece came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The store's block at this place of the known ones.
    Stored(usize),
    /// The file's block at this place of the facts.
    New(usize),
}

#[derive(Debug, Clone)]
struct Piece {
    last: u64,
    status: BlockStatus,
    ended_on: Option<NaiveDate>,
    held: Option<i64>,
    origin: Origin,
}

/// The ledger of the scopes that an import touches.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    known: Vec<KnownBlock>,
    facts: Vec<BlockFact>,
    scopes: HashMap<(Registry, String), BTreeMap<u64, Piece>>,
}

impl Ledger {
    /// From the store's blocks.
    pub(super) fn new(known: Vec<KnownBlock>) -> Self {
        let mut scopes: HashMap<_, BTreeMap<u64, Piece>> = HashMap::new();
        for (at, block) in known.iter().enumerate() {
            let piece = Piece {
                last: block.range.last(),
                status: block.status,
                ended_on: None,
                held: block.held.then_some(block.id),
                origin: Origin::Stored(at),
            };
            let scope = scopes.entry((block.project.registry(), block.scope.clone())).or_default();
            scope.insert(block.range.first(), piece);
        }
        Self { known, facts: Vec::new(), scopes }
    }

    /// Whether a block can be taken in. Changes nothing.
    pub(super) fn check(&self, fact: &BlockFact) -> Result<(), Reason> {
        let range = fact.range();
        let Some(scope) = self.scopes.get(&(fact.project.registry(), fact.serial.scope())) else { return Ok(()) };
        for (first, piece) in overlapping(scope, range) {
            let Some(common) = SerialRange::new(first, piece.last).and_then(|piece| piece.common(range)) else {
                continue;
            };
            let (project, year) = self.owner(piece.origin);
            if (project, year) != (&fact.project, fact.year) {
                return Err(Reason::OtherVintage { range: common, owner: format!("{project}-{year}") });
            }
            if fact.serial.range().is_none() && SerialRange::new(first, piece.last) != Some(range) {
                let known = piece.last - first + 1;
                return Err(Reason::Figures { what: "quantity, quantity known", left: fact.quantity, right: known });
            }
            if !fact.status.is_final() || piece.status == fact.status {
                continue;
            }
            if piece.status.is_final() {
                return Err(Reason::Final { range: common, before: piece.status, after: fact.status });
            }
            if let Some(block) = piece.held {
                return Err(Reason::Held { range: common, block, after: fact.status });
            }
        }
        Ok(())
    }

    /// Takes a block in that [`Ledger::check`] found good.
    pub(super) fn take(&mut self, fact: BlockFact) {
        let range = fact.range();
        let (status, ended_on) = (fact.status, fact.ended_on);
        let at = self.facts.len();
        let scope = self.scopes.entry((fact.project.registry(), fact.serial.scope())).or_default();
        self.facts.push(fact);
        let touched: Vec<(u64, Piece)> =
            overlapping(scope, range).map(|(first, piece)| (first, piece.clone())).collect();
        let mut next = range.first();
        for (first, piece) in touched {
            let new = |last| Piece { last, status, ended_on, held: None, origin: Origin::New(at) };
            if next < first {
                scope.insert(next, new(first - 1));
            }
            next = piece.last + 1;
            if status.is_final() && piece.status != status {
                split(scope, first, &piece, range, status, ended_on);
            }
        }
        if next <= range.last() {
            scope.insert(next, Piece { last: range.last(), status, ended_on, held: None, origin: Origin::New(at) });
        }
    }

    /// What the store must do, in the order of registries, scopes and numbers.
    pub(super) fn changes(self) -> Vec<BlockChange> {
        let mut scopes: Vec<_> = self.scopes.into_iter().collect();
        scopes.sort_by(|a, b| a.0.cmp(&b.0));
        let mut changes = Vec::new();
        for (_, pieces) in scopes {
            for (first, piece) in pieces {
                let range = SerialRange::new(first, piece.last).expect("a piece keeps its order");
                match piece.origin {
                    Origin::New(at) => {
                        let mut fact = self.facts[at].clone();
                        fact.serial = part_serial(&fact.serial, range);
                        fact.quantity = range.quantity();
                        fact.status = piece.status;
                        fact.ended_on = piece.ended_on;
                        changes.push(BlockChange::New(Box::new(fact)));
                    }
                    Origin::Stored(at) => {
                        let block = &self.known[at];
                        let used = (piece.status != block.status)
                            .then_some(Use { status: piece.status, ended_on: piece.ended_on });
                        let part = Part { range, serial: part_serial(&block.serial, range), used };
                        match changes.last_mut() {
                            Some(BlockChange::Split { id, parts }) if *id == block.id => parts.push(part),
                            _ if part.used.is_none() && range == block.range => {}
                            _ => changes.push(BlockChange::Split { id: block.id, parts: vec![part] }),
                        }
                    }
                }
            }
        }
        changes
    }

    fn owner(&self, origin: Origin) -> (&ProjectKey, i32) {
        match origin {
            Origin::Stored(at) => (&self.known[at].project, self.known[at].year),
            Origin::New(at) => (&self.facts[at].project, self.facts[at].year),
        }
    }
}

/// The pieces that share a number with the range, ascending.
fn overlapping(scope: &BTreeMap<u64, Piece>, range: SerialRange) -> impl Iterator<Item = (u64, &Piece)> {
    let before = scope.range(..range.first()).next_back().filter(|(_, piece)| piece.last >= range.first());
    before.into_iter().chain(scope.range(range.first()..=range.last())).map(|(&first, piece)| (first, piece))
}

/// Puts the piece's part within the range into another state; what lies before and after stays.
fn split(
    scope: &mut BTreeMap<u64, Piece>,
    first: u64,
    piece: &Piece,
    range: SerialRange,
    status: BlockStatus,
    ended_on: Option<NaiveDate>,
) {
    let from = first.max(range.first());
    let to = piece.last.min(range.last());
    if first < from {
        scope.insert(first, Piece { last: from - 1, ..piece.clone() });
    }
    scope.insert(from, Piece { last: to, status, ended_on, ..piece.clone() });
    if to < piece.last {
        scope.insert(to + 1, piece.clone());
    }
}

/// The serial of a part. An opaque serial is never split ([`Ledger::check`]), so its part is the whole.
fn part_serial(serial: &Serial, range: SerialRange) -> Serial {
    serial.with_range(range).unwrap_or_else(|| serial.clone())
}
