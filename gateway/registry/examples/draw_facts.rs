//! Draws the table of facts that ships with the program (`data/registry-facts.csv`) from a folder of registry exports.
//!
//! `cargo run --release -p cx-registry --example draw_facts -- FOLDER > gateway/registry/data/registry-facts.csv`
//!
//! Takes vintages with unused credits, from each registry as many, and of as many kinds of project as there are, with
//! everything the exports say of their issuances and blocks; and a few vintages that are used up. Repeatable: the same
//! exports give the same table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use cx_registry::export::FACTS_HEADER;
use cx_registry::facts::{BlockFact, IssuanceFact, Period, ProjectFact, ProjectKey};
use cx_registry::import::{BlockChange, Export, Known, Plan, Policy, VintageKey, plan};
use cx_registry::words::{BlockStatus, ProjectType, Registry};

/// Vintages with unused credits, per registry.
const UNUSED: usize = 18;
/// Vintages that are used up, per registry.
const USED: usize = 4;
/// Vintages of more rows than this are left out, so that the table stays small.
const ROWS_MAX: usize = 4;
/// Vintages of one project, so that no project crowds out others.
const PER_PROJECT: usize = 2;

type Error = Box<dyn std::error::Error>;

#[derive(Default)]
struct Vintage {
    issuances: Vec<IssuanceFact>,
    blocks: Vec<BlockFact>,
}

impl Vintage {
    fn rows(&self) -> usize {
        self.issuances.len() + self.blocks.len()
    }

    /// Unused tonnes, as the store counts them.
    fn available(&self) -> u64 {
        let blocks = |status: Option<BlockStatus>| -> u64 {
            self.blocks.iter().filter(|b| status.is_none_or(|s| b.status == s)).map(|b| b.quantity).sum()
        };
        let issuances = |figure: fn(&IssuanceFact) -> u64| -> u64 { self.issuances.iter().map(figure).sum() };
        let issued = issuances(|i| i.quantity).max(blocks(None));
        let cancelled = issuances(|i| i.cancelled).max(blocks(Some(BlockStatus::Cancelled)));
        issued.saturating_sub(issuances(|i| i.buffer) + cancelled + blocks(Some(BlockStatus::Retired)))
    }
}

fn main() -> Result<(), Error> {
    let folder = std::env::args().nth(1).ok_or("name the folder of exports")?;
    let mut exports = read(Path::new(&folder))?;
    let plan = plan(&mut exports, Known::default(), Policy::AllOrNothing);
    let vintages = gather(&plan);
    let projects: BTreeMap<&ProjectKey, &ProjectFact> = plan.projects.iter().map(|fact| (&fact.key, fact)).collect();
    let mut writer = csv::WriterBuilder::new().flexible(false).from_writer(std::io::stdout().lock());
    writer.write_record(FACTS_HEADER)?;
    for registry in [Registry::Verra, Registry::GoldStandard, Registry::Acr, Registry::Car] {
        let mut chosen = choose(registry, &projects, &vintages, UNUSED, |vintage| vintage.available() > 0);
        chosen.extend(choose(registry, &projects, &vintages, USED, |vintage| vintage.available() == 0));
        for key in chosen {
            let vintage = &vintages[&key];
            for issuance in &vintage.issuances {
                writer.write_record(row(projects[&key.0], key.1, Some(issuance), None))?;
            }
            for block in &vintage.blocks {
                writer.write_record(row(projects[&key.0], key.1, None, Some(block)))?;
            }
        }
    }
    writer.flush()?;
    Ok(())
}

/// The exports in the folder's folders, lists of projects first, then issuances, then what uses them.
fn read(folder: &Path) -> Result<Vec<Export>, Error> {
    let mut paths = Vec::new();
    for registry in std::fs::read_dir(folder)? {
        let registry = registry?.path();
        if registry.is_dir() {
            for file in std::fs::read_dir(registry)? {
                paths.push(file?.path());
            }
        }
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
    let order = |path: &Path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (
            ["projects", "transactions", "issuances"].iter().position(|known| *known == name).unwrap_or(9),
            path.to_owned(),
        )
    };
    paths.sort_by_key(|path| order(path));
    paths.iter().map(|path| Ok(Export::read(&path.display().to_string(), File::open(path)?)?)).collect()
}

fn gather(plan: &Plan) -> BTreeMap<VintageKey, Vintage> {
    let mut vintages: BTreeMap<VintageKey, Vintage> = BTreeMap::new();
    for (key, fact) in &plan.issuances {
        vintages.entry(key.vintage.clone()).or_default().issuances.push(fact.clone());
    }
    for change in &plan.blocks {
        if let BlockChange::New(fact) = change {
            vintages.entry((fact.project.clone(), fact.year)).or_default().blocks.push(BlockFact::clone(fact));
        }
    }
    vintages
}

/// Vintages of a registry, the kinds of project in turn, the largest unused quantity first.
fn choose(
    registry: Registry,
    projects: &BTreeMap<&ProjectKey, &ProjectFact>,
    vintages: &BTreeMap<VintageKey, Vintage>,
    count: usize,
    wanted: impl Fn(&Vintage) -> bool,
) -> Vec<VintageKey> {
    let mut kinds: BTreeMap<ProjectType, Vec<&VintageKey>> = BTreeMap::new();
    for (key, vintage) in vintages {
        if key.0.registry() == registry && vintage.rows() <= ROWS_MAX && wanted(vintage) {
            kinds.entry(projects[&key.0].project_type).or_default().push(key);
        }
    }
    for keys in kinds.values_mut() {
        // Taken from the end.
        keys.sort_by_key(|key| vintages[*key].available());
    }
    let mut per_project: BTreeMap<&ProjectKey, usize> = BTreeMap::new();
    let mut chosen = BTreeSet::new();
    while chosen.len() < count && kinds.values().any(|keys| !keys.is_empty()) {
        for keys in kinds.values_mut() {
            while let Some(key) = keys.pop() {
                let taken = per_project.entry(&key.0).or_default();
                if *taken < PER_PROJECT {
                    *taken += 1;
                    if chosen.len() < count {
                        chosen.insert(key.clone());
                    }
                    break;
                }
            }
        }
    }
    chosen.into_iter().collect()
}

fn row(project: &ProjectFact, year: i32, issuance: Option<&IssuanceFact>, block: Option<&BlockFact>) -> Vec<String> {
    let period = issuance.map_or_else(|| block.and_then(|b| b.period), |i| i.period);
    let issued_on = issuance.map_or_else(|| block.and_then(|b| b.issued_on), |i| Some(i.issued_on));
    let quantity = issuance.map_or_else(|| block.map_or(0, |b| b.quantity), |i| i.quantity);
    let text = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let some = |number: u64| if number == 0 { String::new() } else { number.to_string() };
    let sdgs: Vec<String> = project.sdgs.iter().map(u8::to_string).collect();
    vec![
        project.key.to_string(),
        project.name.clone(),
        project.project_type.to_string(),
        project.registry_type.clone(),
        project.country.to_string(),
        project.methodology.clone(),
        project.developer.clone(),
        sdgs.join(","),
        year.to_string(),
        text(period.map(Period::start)),
        text(period.map(Period::end)),
        text(issued_on),
        quantity.to_string(),
        issuance.map(|i| some(i.buffer)).unwrap_or_default(),
        issuance.map(|i| some(i.cancelled)).unwrap_or_default(),
        block.map(|b| b.serial.to_string()).unwrap_or_default(),
        block.map(|b| b.status.to_string()).unwrap_or_default(),
        text(block.and_then(|b| b.ended_on)),
        block.map(|b| b.labels.join("; ")).unwrap_or_default(),
    ]
}
