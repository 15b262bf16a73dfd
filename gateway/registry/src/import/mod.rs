//! Importing: files become a plan, a plan becomes one transaction.
//!
//! Every file is all or nothing, unless asked otherwise: one bad row, and nothing of the file is imported, and every bad row
//! is reported. The same file twice changes nothing the second time.

mod apply;
mod file;
mod ledger;
mod plan;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use cx_engine::command::Command;
use cx_store::{Store, StoreError};

use crate::export::Format;
use crate::facts::ProjectKey;
use crate::listing::{self, Listed, Listing, ListingTerms};
use crate::reason::{FileError, Refusal};
use crate::shipped;
use crate::words::Registry;

pub(crate) use apply::{block_part, known_block};
pub use file::{Export, REFUSALS_KEPT};
pub use ledger::{BlockChange, KnownBlock, Part, Use};
pub use plan::{IssuanceKey, Known, Plan, Policy, VintageKey, plan};

/// Where facts come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The table that is part of the program.
    Shipped,
    /// An export, or a folder with exports (`*.csv`, folders within included).
    Path(PathBuf),
}

/// How to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// What happens to a file with a bad row.
    pub policy: Policy,
    /// Report what would change, and change nothing.
    pub dry_run: bool,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// Its name.
    pub file: String,
    /// What kind of export it is.
    pub format: Format,
    /// How many rows were found good.
    pub accepted: u64,
    /// How many rows were refused.
    pub refused: u64,
    /// The first of the refusals ([`REFUSALS_KEPT`]).
    pub refusals: Vec<Refusal>,
    /// Whether its good rows were imported (or would be, in a dry run).
    pub imported: bool,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// File by file.
    pub files: Vec<FileReport>,
    /// Projects that were added or changed.
    pub projects: usize,
    /// Vintages that were added or whose days changed.
    pub vintages: usize,
    /// Issuances without serials that were added or changed.
    pub issuances: usize,
    /// Blocks that were added or split.
    pub blocks: usize,
    /// Every vintage in the store that has issued, unused credits: what the exchange should list. Empty in a dry run.
    pub listings: Vec<Listing>,
}

impl ImportReport {
    /// Good rows of all files.
    pub fn accepted(&self) -> u64 {
        self.files.iter().map(|file| file.accepted).sum()
    }

    /// Refused rows of all files.
    pub fn refused(&self) -> u64 {
        self.files.iter().map(|file| file.refused).sum()
    }

    /// Whether the store is as it was.
    pub const fn changed_nothing(&self) -> bool {
        self.projects == 0 && self.vintages == 0 && self.issuances == 0 && self.blocks == 0
    }

    /// The next commands on the way to listing all of [`ImportReport::listings`]; see [`listing::commands`].
    pub fn commands(&self, terms: &ListingTerms, listed: &Listed) -> Vec<Command> {
        listing::commands(&self.listings, terms, listed)
    }
}

/// Why nothing at all was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read or is no export.
    #[error(transparent)]
    File(#[from] FileError),
    /// A folder without a single `*.csv`.
    #[error("{0}: there is no .csv file in this folder")]
    NoFiles(String),
    /// The store refused; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the sources, and imports what is good as `options` say, in one transaction.
pub async fn import(store: &Store, sources: &[Source], options: Options) -> Result<ImportReport, ImportError> {
    let owned = sources.to_vec();
    let reading = tokio::task::spawn_blocking(move || read(&owned));
    let mut exports = reading.await.expect("reading does not panic and is not cancelled")?;
    let registries: BTreeSet<Registry> =
        exports.iter().flat_map(|export| export.projects.keys().map(ProjectKey::registry)).collect();
    let mut tx = store.begin_ledger().await?;
    let (known, rows) = apply::load(&mut tx, &registries).await?;
    let plan = plan(&mut exports, known, options.policy);
    if !options.dry_run && !plan.is_empty() {
        apply::apply(&mut tx, &plan, rows).await?;
        tx.commit().await?;
    } else {
        drop(tx);
    }
    let listings = if options.dry_run { Vec::new() } else { listings(store).await? };
    let report = |export: Export| FileReport {
        imported: export.refused == 0 || options.policy == Policy::SkipBadRows,
        file: export.file,
        format: export.format,
        accepted: export.accepted,
        refused: export.refused,
        refusals: export.refusals,
    };
    Ok(ImportReport {
        files: exports.into_iter().map(report).collect(),
        projects: plan.projects.len(),
        vintages: plan.vintages.len(),
        issuances: plan.issuances.len(),
        blocks: plan.blocks.len(),
        listings,
    })
}

/// The vintages in the store with issued, unused credits, by project and year.
pub async fn listings(store: &Store) -> Result<Vec<Listing>, StoreError> {
    let vintages = store.projects().all_vintages().await?;
    let wanted = vintages.into_iter().filter(|vintage| vintage.available > 0).filter_map(|vintage| {
        let project = ProjectKey::new(Registry::parse(&vintage.registry)?, &vintage.number)?;
        Some(Listing { project, year: vintage.year, available: vintage.available })
    });
    Ok(wanted.collect())
}

/// Reads all sources. Issuances come before what uses them, whatever the order in which files are named: a file that
/// issues a block must not meet one that retires it as unknown.
fn read(sources: &[Source]) -> Result<Vec<Export>, ImportError> {
    let mut exports = Vec::new();
    for source in sources {
        match source {
            Source::Shipped => exports.push(Export::read(shipped::NAME, shipped::TABLE.as_bytes())?),
            Source::Path(path) => {
                for file in files_of(path)? {
                    let name = file.display().to_string();
                    let input = File::open(&file).map_err(|source| FileError::Io { file: name.clone(), source })?;
                    exports.push(Export::read(&name, input)?);
                }
            }
        }
    }
    exports.sort_by_key(|export| order(export.format));
    Ok(exports)
}

/// Lists of projects, then issuances, then retirements and cancellations.
const fn order(format: Format) -> u8 {
    match format {
        Format::VerraProjects | Format::GoldStandardProjects | Format::AcrProjects | Format::CarProjects => 0,
        Format::VerraTransactions
        | Format::GoldStandardIssuances
        | Format::AcrIssuances
        | Format::CarIssuances
        | Format::Facts => 1,
        Format::GoldStandardRetirements
        | Format::AcrRetirements
        | Format::AcrCancellations
        | Format::CarRetirements
        | Format::CarCancellations => 2,
    }
}

/// The file itself, or the exports of a folder in the order of their names.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let name = folder.display().to_string();
        let io = |source| FileError::Io { file: name.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?.path();
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
                found.push(entry);
            }
        }
    }
    found.sort();
    if found.is_empty() { Err(ImportError::NoFiles(path.display().to_string())) } else { Ok(found) }
}

#[cfg(test)]
mod tests;
