//! The plan of an import: from what the files say and what the store knows to what the store must change. Pure, so that
//! it can be tested without a database, and shown without being done.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::file::Export;
use super::ledger::{BlockChange, KnownBlock, Ledger};
use crate::facts::{IssuanceFact, Period, ProjectFact, ProjectKey};
use crate::reason::Reason;

/// What happens to a file with a bad row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Nothing of the file is imported.
    #[default]
    AllOrNothing,
    /// Its good rows are.
    SkipBadRows,
}

/// A vintage of a project.
pub type VintageKey = (ProjectKey, i32);

/// An issuance without serials, told from others of its vintage by its day and size, and from others of the same day and
/// size by counting.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IssuanceKey {
    /// Of which vintage.
    pub vintage: VintageKey,
    /// When.
    pub issued_on: chrono::NaiveDate,
    /// How many tonnes.
    pub quantity: u64,
    /// Which of several alike, from 0.
    pub ordinal: u32,
}

/// What the store has of the registries that an import touches.
#[derive(Debug, Default)]
pub struct Known {
    /// Its projects.
    pub projects: BTreeMap<ProjectKey, ProjectFact>,
    /// Its vintages with their days.
    pub vintages: BTreeMap<VintageKey, Option<Period>>,
    /// Its issuances with their buffer and cancelled tonnes.
    pub issuances: HashMap<IssuanceKey, (u64, u64)>,
    /// Its blocks.
    pub blocks: Vec<KnownBlock>,
}

/// What the store must change.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Projects that are new or say something new, as they are to be.
    pub projects: Vec<ProjectFact>,
    /// Vintages that are new or reach further, with their days as they are to be.
    pub vintages: Vec<(VintageKey, Option<Period>)>,
    /// Issuances that are new or whose buffer and cancelled tonnes have changed.
    pub issuances: Vec<(IssuanceKey, IssuanceFact)>,
    /// Blocks that are new or used.
    pub blocks: Vec<BlockChange>,
}

impl Plan {
    /// Whether nothing changes.
    pub const fn is_empty(&self) -> bool {
        self.projects.is_empty() && self.vintages.is_empty() && self.issuances.is_empty() && self.blocks.is_empty()
    }
}

/// Plans an import. Files are taken in the order given; a file's rows are checked against the store and the files
/// before it, and what does not fit is added to the file's refusals. A file with refusals is left out as `policy` says.
pub fn plan(exports: &mut [Export], known: Known, policy: Policy) -> Plan {
    let mut ledger = Ledger::new(known.blocks);
    let mut projects = Changed::new(known.projects);
    let mut vintages = Changed::new(known.vintages);
    let mut issuances = Issuances { known: known.issuances, changed: Vec::new() };
    for export in exports {
        refuse_conflicts(export, &ledger);
        if export.refused > 0 && policy == Policy::AllOrNothing {
            continue;
        }
        for (key, fact) in &export.projects {
            projects.put(key, fact.clone(), ProjectFact::merge);
        }
        let mut ordinals: HashMap<IssuanceKey, u32> = HashMap::new();
        for (_, fact) in &export.issuances {
            let vintage = (fact.project.clone(), fact.year);
            vintages.put(&vintage, fact.period, |mine, &theirs| widen(mine, theirs));
            let mut key = IssuanceKey { vintage, issued_on: fact.issued_on, quantity: fact.quantity, ordinal: 0 };
            let count = ordinals.entry(key.clone()).or_default();
            key.ordinal = *count;
            *count += 1;
            issuances.put(key, fact);
        }
        for (_, fact) in &export.blocks {
            vintages.put(&(fact.project.clone(), fact.year), fact.period, |mine, &theirs| widen(mine, theirs));
            ledger.take(fact.clone());
        }
    }
    Plan {
        projects: projects.into_changes().map(|(_, fact)| fact).collect(),
        vintages: vintages.into_changes().collect(),
        issuances: issuances.changed,
        blocks: ledger.changes(),
    }
}

/// Moves blocks that contradict the ledger to the refusals. The blocks of one file are disjoint, so each can be judged by
/// the state before the file.
fn refuse_conflicts(export: &mut Export, ledger: &Ledger) {
    let mut refused: Vec<(u64, Reason)> = Vec::new();
    export.blocks.retain(|(line, fact)| match ledger.check(fact) {
        Ok(()) => true,
        Err(reason) => {
            refused.push((*line, reason));
            false
        }
    });
    for (line, reason) in refused {
        export.accepted -= 1;
        export.refuse(line, reason);
    }
}

/// The union of two spans of days.
fn widen(mine: &mut Option<Period>, theirs: Option<Period>) {
    *mine = match (*mine, theirs) {
        (Some(a), Some(b)) => Period::new(a.start().min(b.start()), a.end().max(b.end())),
        (a, b) => a.or(b),
    };
}

/// Values by key that remember which of them were added or changed.
struct Changed<K, V> {
    values: BTreeMap<K, V>,
    changed: BTreeSet<K>,
}

impl<K: Ord + Clone, V: PartialEq + Clone> Changed<K, V> {
    const fn new(values: BTreeMap<K, V>) -> Self {
        Self { values, changed: BTreeSet::new() }
    }

    fn put(&mut self, key: &K, value: V, merge: impl Fn(&mut V, &V)) {
        if let Some(known) = self.values.get_mut(key) {
            let before = known.clone();
            merge(known, &value);
            if *known != before {
                self.changed.insert(key.clone());
            }
        } else {
            self.values.insert(key.clone(), value);
            self.changed.insert(key.clone());
        }
    }

    fn into_changes(mut self) -> impl Iterator<Item = (K, V)> {
        self.changed.into_iter().filter_map(move |key| self.values.remove_entry(&key))
    }
}

struct Issuances {
    known: HashMap<IssuanceKey, (u64, u64)>,
    changed: Vec<(IssuanceKey, IssuanceFact)>,
}

impl Issuances {
    fn put(&mut self, key: IssuanceKey, fact: &IssuanceFact) {
        let figures = (fact.buffer, fact.cancelled);
        if self.known.insert(key.clone(), figures) != Some(figures) {
            self.changed.push((key, fact.clone()));
        }
    }
}
