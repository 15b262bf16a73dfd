//! A plan and the store: what the store knows goes into the plan, what the plan changes goes into the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;

use chrono::NaiveDate;
use cx_store::StoreError;
use cx_store::registry::{
    Block, BlockPart, BlockRow, IssuanceRow, LedgerTx, ProjectContent, ProjectRecord, VintageRow,
};

use super::ledger::{BlockChange, KnownBlock, Part};
use super::plan::{IssuanceKey, Known, Plan, VintageKey};
use crate::country::Country;
use crate::facts::{Authority, BlockFact, Period, ProjectFact, ProjectKey};
use crate::serial::{Serial, SerialRange};
use crate::words::{Assurance, BlockStatus, ProjectStatus, ProjectType, Registry};

/// The rows behind what is known, needed again when the plan is carried out.
#[derive(Debug, Default)]
pub(super) struct Rows {
    projects: BTreeMap<ProjectKey, (i64, ProjectContent)>,
    vintages: BTreeMap<VintageKey, i64>,
}

/// Reads what the store has of these registries.
pub(super) async fn load(tx: &mut LedgerTx, registries: &BTreeSet<Registry>) -> Result<(Known, Rows), StoreError> {
    let mut known = Known::default();
    let mut rows = Rows::default();
    for &registry in registries {
        let name = registry.as_str();
        for project in tx.projects(name).await? {
            let fact = project_fact(registry, &project)?;
            rows.projects.insert(fact.key.clone(), (project.id, project.content));
            known.projects.insert(fact.key.clone(), fact);
        }
        let mut by_row: HashMap<i64, VintageKey> = HashMap::new();
        for vintage in tx.vintages(name).await? {
            let key = (project_key(registry, &vintage.number)?, vintage.year);
            let days = day("vintages", vintage.starts_on.as_deref())?.zip(day("vintages", vintage.ends_on.as_deref())?);
            known.vintages.insert(key.clone(), days.and_then(|(start, end)| Period::new(start, end)));
            rows.vintages.insert(key.clone(), vintage.id);
            by_row.insert(vintage.id, key);
        }
        for issuance in tx.issuances(name).await? {
            let vintage = by_row.get(&issuance.vintage_id).cloned();
            let key = IssuanceKey {
                vintage: vintage.ok_or_else(|| corrupt("issuances", "vintage_id", issuance.vintage_id))?,
                issued_on: day("issuances", Some(&issuance.issued_on))?.expect("a text was given"),
                quantity: issuance.quantity,
                ordinal: issuance.ordinal,
            };
            known.issuances.insert(key, (issuance.buffer, issuance.cancelled));
        }
        for block in tx.blocks(name).await? {
            known.blocks.push(known_block(registry, block)?);
        }
    }
    Ok((known, rows))
}

/// Carries a plan out.
pub(super) async fn apply(tx: &mut LedgerTx, plan: &Plan, mut rows: Rows) -> Result<(), StoreError> {
    for fact in &plan.projects {
        let before = rows.projects.get(&fact.key).map(|(_, content)| content.clone()).unwrap_or_default();
        let content = project_content(fact, before);
        let id = tx.put_project(&content).await?;
        rows.projects.insert(fact.key.clone(), (id, content));
    }
    for (key, period) in &plan.vintages {
        let (project_id, _) = rows.projects.get(&key.0).ok_or(StoreError::NotFound("project"))?;
        let (starts_on, ends_on) = period.map(|p| (p.start().to_string(), p.end().to_string())).unzip();
        let vintage = VintageRow {
            project_id: *project_id,
            year: key.1,
            starts_on: starts_on.as_deref(),
            ends_on: ends_on.as_deref(),
        };
        rows.vintages.insert(key.clone(), tx.put_vintage(&vintage).await?);
    }
    for (key, fact) in &plan.issuances {
        let issuance = IssuanceRow {
            vintage_id: vintage_row(&rows, &key.vintage)?,
            issued_on: key.issued_on.to_string(),
            quantity: key.quantity,
            ordinal: key.ordinal,
            buffer: fact.buffer,
            cancelled: fact.cancelled,
        };
        tx.put_issuance(&issuance).await?;
    }
    for change in &plan.blocks {
        match change {
            BlockChange::New(fact) => {
                let vintage_id = vintage_row(&rows, &(fact.project.clone(), fact.year))?;
                tx.add_block(&block(fact, vintage_id)).await?;
            }
            BlockChange::Split { id, parts } => {
                let parts: Vec<BlockPart> = parts.iter().map(block_part).collect();
                tx.split_block(*id, &parts, 0).await?;
            }
        }
    }
    Ok(())
}

/// A block of a file as a row.
fn block(fact: &BlockFact, vintage_id: i64) -> Block {
    let range = fact.range();
    Block {
        registry: fact.project.registry().as_str().to_owned(),
        scope: fact.serial.scope(),
        vintage_id,
        serial_number: fact.serial.to_string(),
        batch: fact.serial.batch().to_owned(),
        first_number: range.first(),
        last_number: range.last(),
        status: fact.status.as_str().to_owned(),
        starts_on: fact.period.map(|period| period.start().to_string()),
        ends_on: fact.period.map(|period| period.end().to_string()),
        issued_on: fact.issued_on.map(|day| day.to_string()),
        ended_on: fact.ended_on.map(|day| day.to_string()),
        labels: fact.labels.clone(),
        price_currency: "USD".to_owned(),
        ..Block::default()
    }
}

/// A part of a stored block as a row.
pub(crate) fn block_part(part: &Part) -> BlockPart {
    BlockPart {
        first_number: part.range.first(),
        last_number: part.range.last(),
        serial_number: part.serial.to_string(),
        status: part
            .used
            .as_ref()
            .map(|used| (used.status.as_str().to_owned(), used.ended_on.map(|day| day.to_string()))),
    }
}

fn vintage_row(rows: &Rows, key: &VintageKey) -> Result<i64, StoreError> {
    rows.vintages.get(key).copied().ok_or(StoreError::NotFound("vintage"))
}

/// What is known of a project as what a file might have said.
fn project_fact(registry: Registry, record: &ProjectRecord) -> Result<ProjectFact, StoreError> {
    const TABLE: &str = "projects";
    let content = &record.content;
    let word = |column, value: &str| corrupt(TABLE, column, value);
    Ok(ProjectFact {
        key: project_key(registry, &content.number)?,
        authority: if content.listed { Authority::Listing } else { Authority::Mention },
        name: content.name.clone(),
        description: content.description.clone(),
        project_type: ProjectType::parse(&content.project_type)
            .ok_or_else(|| word("project_type", &content.project_type))?,
        registry_type: content.registry_type.clone(),
        status: Some(ProjectStatus::parse(&content.status).ok_or_else(|| word("status", &content.status))?),
        validation: Some(
            Assurance::parse(&content.validation_status)
                .ok_or_else(|| word("validation_status", &content.validation_status))?,
        ),
        country: Country::find(&content.country).ok_or_else(|| word("country", &content.country))?,
        methodology: content.methodology.clone(),
        developer: content.developer.clone(),
        annual_reductions: content.annual_reductions,
        starts_on: day(TABLE, content.starts_on.as_deref())?,
        ends_on: day(TABLE, content.ends_on.as_deref())?,
        registered_on: day(TABLE, content.registered_on.as_deref())?,
        sdgs: content.sdgs.clone(),
    })
}

/// What a project is to be, over what staff have said of it.
fn project_content(fact: &ProjectFact, before: ProjectContent) -> ProjectContent {
    let new = before.number.is_empty();
    ProjectContent {
        registry: fact.key.registry().as_str().to_owned(),
        number: fact.key.number().to_owned(),
        listed: fact.authority == Authority::Listing,
        name: fact.name.clone(),
        description: fact.description.clone(),
        project_type: fact.project_type.as_str().to_owned(),
        registry_type: fact.registry_type.clone(),
        // Whatever has issued credits has been validated, and is at work as far as anybody says.
        status: fact.status.unwrap_or(ProjectStatus::Active).as_str().to_owned(),
        validation_status: fact.validation.unwrap_or(Assurance::Verified).as_str().to_owned(),
        standard: fact.key.registry().standard().map(|standard| standard.as_str().to_owned()).or(before.standard),
        country: fact.country.code().to_owned(),
        region: fact.country.region().name().to_owned(),
        methodology: fact.methodology.clone(),
        developer: fact.developer.clone(),
        annual_reductions: fact.annual_reductions,
        starts_on: fact.starts_on.map(|day| day.to_string()),
        ends_on: fact.ends_on.map(|day| day.to_string()),
        registered_on: fact.registered_on.map(|day| day.to_string()),
        sdgs: fact.sdgs.clone(),
        price_currency: if new { "USD".to_owned() } else { before.price_currency },
        total_reductions: before.total_reductions,
        co_benefits: before.co_benefits,
        permanence_risk: before.permanence_risk,
        leakage_risk: before.leakage_risk,
        overall_risk: before.overall_risk,
        estimated_price: before.estimated_price,
        onchain_project_id: before.onchain_project_id,
    }
}

/// A stored block as the ledger wants it.
pub(crate) fn known_block(registry: Registry, row: BlockRow) -> Result<KnownBlock, StoreError> {
    const TABLE: &str = "credit_blocks";
    Ok(KnownBlock {
        id: row.id,
        project: project_key(registry, &row.number)?,
        year: row.year,
        range: SerialRange::new(row.first_number, row.last_number)
            .ok_or_else(|| corrupt(TABLE, "last_number", row.last_number))?,
        serial: Serial::parse(&row.serial_number).map_err(|_| corrupt(TABLE, "serial_number", &row.serial_number))?,
        status: BlockStatus::parse(&row.status).ok_or_else(|| corrupt(TABLE, "status", &row.status))?,
        held: row.owner_id.is_some(),
        scope: row.scope,
    })
}

fn project_key(registry: Registry, number: &str) -> Result<ProjectKey, StoreError> {
    ProjectKey::new(registry, number).ok_or_else(|| corrupt("projects", "number", number))
}

fn day(table: &'static str, text: Option<&str>) -> Result<Option<NaiveDate>, StoreError> {
    text.map(|text| text.parse().map_err(|_| corrupt(table, "a day", text))).transpose()
}

fn corrupt(table: &'static str, column: &'static str, value: impl Display) -> StoreError {
    StoreError::Corrupt { table, column, value: value.to_string() }
}
