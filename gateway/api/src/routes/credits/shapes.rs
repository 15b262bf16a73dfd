//! How projects and credits look from outside: Project and Credit of API.md section 2.
//!
//! What no registry says and nobody has entered is an empty text, zero, or `unrated`; the contract has no nulls there, and
//! nothing is made up.

use chrono::{Datelike, NaiveDate, Utc};
use cx_engine::units::Amount;
use cx_registry::classify::is_compliance_label;
use cx_registry::facts::ProjectKey;
use cx_registry::issue::listing_of;
use cx_registry::listing::instrument_symbol;
use cx_registry::words::{Assurance, Registry};
use cx_store::registry::{CreditRecord, ProjectRecord};
use serde::Serialize;
use utoipa::ToSchema;

use crate::number::Number;
use crate::problem::Problem;
use crate::routes::trading::shapes::{of_micros, percentage};
use crate::state::AppState;

/// Decimal places of the store's prices.
pub(super) const PRICE_SCALE: u8 = 4;
/// Where nobody has rated a risk.
const UNRATED: &str = "unrated";

/// A project.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Project)]
pub(super) struct ProjectBody {
    pub(super) id: i64,
    uuid: String,
    name: String,
    description: String,
    project_type: String,
    status: String,
    /// The registry's letters and its number there: `VCS-191`. Begins the symbols of its instruments.
    project_id: Option<String>,
    onchain_project_id: Option<String>,
    standard: Option<String>,
    /// ISO 3166-1 alpha-2; `XZ` for several countries.
    country: String,
    region: String,
    methodology: String,
    /// Tonnes a year, as estimated.
    annual_emission_reductions: u64,
    /// Tonnes over the crediting period, as estimated.
    total_emission_reductions: u64,
    /// Tonnes issued.
    actual_reductions_to_date: u64,
    /// Issued of estimated.
    completion_percentage: Number,
    project_start_date: String,
    project_end_date: String,
    developer_name: String,
    validation_status: String,
    verification_status: String,
    is_verified: bool,
    total_credits_issued: u64,
    available_credits: u64,
    retired_credits: u64,
    permanence_risk: String,
    leakage_risk: String,
    overall_risk_rating: String,
    estimated_credit_price: Number,
    price_currency: String,
    sdg_contributions: Vec<u8>,
    co_benefits: Vec<String>,
    created_at: String,
    updated_at: String,
}

impl ProjectBody {
    pub(super) fn of(project: &ProjectRecord) -> Self {
        let content = &project.content;
        let total = total_reductions(project);
        // Credits are issued for verified reductions only.
        let verification = if project.issued > 0 { Assurance::Verified } else { Assurance::NotStarted };
        Self {
            id: project.id,
            uuid: project.uuid.clone(),
            name: content.name.clone(),
            description: content.description.clone(),
            project_type: content.project_type.clone(),
            status: content.status.clone(),
            project_id: Some(format!("{}-{}", content.registry, content.number)),
            onchain_project_id: content.onchain_project_id.clone(),
            standard: content.standard.clone(),
            country: content.country.clone(),
            region: content.region.clone(),
            methodology: content.methodology.clone(),
            annual_emission_reductions: content.annual_reductions.unwrap_or(0),
            total_emission_reductions: total,
            actual_reductions_to_date: project.issued,
            completion_percentage: percentage(i128::from(project.issued), i128::from(total)),
            project_start_date: content.starts_on.clone().unwrap_or_default(),
            project_end_date: content.ends_on.clone().unwrap_or_default(),
            developer_name: content.developer.clone(),
            validation_status: content.validation_status.clone(),
            verification_status: verification.as_str().to_owned(),
            is_verified: verification == Assurance::Verified,
            total_credits_issued: project.issued,
            available_credits: project.available,
            retired_credits: project.retired,
            permanence_risk: rated(&content.permanence_risk),
            leakage_risk: rated(&content.leakage_risk),
            overall_risk_rating: rated(&content.overall_risk),
            estimated_credit_price: price(content.estimated_price),
            price_currency: content.price_currency.clone(),
            sdg_contributions: content.sdgs.clone(),
            co_benefits: content.co_benefits.clone(),
            created_at: of_micros(project.created_at),
            updated_at: of_micros(project.updated_at),
        }
    }
}

/// What was entered, or the yearly estimate over the crediting period.
fn total_reductions(project: &ProjectRecord) -> u64 {
    let content = &project.content;
    let day = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<NaiveDate>().ok());
    content.total_reductions.unwrap_or_else(|| {
        let days =
            day(&content.starts_on).zip(day(&content.ends_on)).map_or(0, |(start, end)| (end - start).num_days() + 1);
        let annual = u128::from(content.annual_reductions.unwrap_or(0));
        // A year has 365.25 days: 1461 in four.
        let total = annual * u128::from(days.max(0).unsigned_abs()) * 4 / 1461;
        u64::try_from(total).unwrap_or(u64::MAX)
    })
}

/// A block of credits.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Credit)]
#[allow(clippy::struct_excessive_bools)] // the contract's fields
pub(super) struct CreditBody {
    pub(super) id: i64,
    uuid: String,
    serial_number: String,
    batch_id: String,
    project_id: i64,
    /// Tonnes.
    quantity: u64,
    vintage_year: i32,
    /// `pending`: waits for the exchange; `available`: credited to an account here; `issued`: at its registry, unused;
    /// `locked`: on hold or in a buffer; `retired`, `cancelled`, `expired`.
    status: &'static str,
    is_tradeable: bool,
    is_available: bool,
    is_retired: bool,
    is_expired: bool,
    is_valid: bool,
    age_in_years: i32,
    /// Of the block's instrument; 0 before its first trade.
    last_trade_price: Number,
    /// The last trade's, or what was entered; 0 without either.
    market_price: Number,
    last_trade_currency: String,
    permanence_risk: String,
    additionality_verified: bool,
    verification_body: String,
    verification_date: String,
    co_benefits: Vec<String>,
    compliance_standards: Vec<String>,
    is_tokenized: bool,
    blockchain_tx_hash: &'static str,
    onchain_batch_id: &'static str,
    smart_contract_address: &'static str,
    token_id: &'static str,
    created_at: String,
    updated_at: String,
}

impl CreditBody {
    pub(super) fn of(state: &AppState, credit: &CreditRecord) -> Self {
        let status = Standing::of(credit);
        let last = last_trade(state, credit);
        let (compliance, mut benefits): (Vec<String>, Vec<String>) =
            credit.labels.iter().cloned().partition(|label| is_compliance_label(label));
        benefits.extend(credit.co_benefits.iter().filter(|benefit| !credit.labels.contains(benefit)).cloned());
        let available = status == Standing::Available;
        Self {
            id: credit.id,
            uuid: credit.uuid.clone(),
            serial_number: credit.serial_number.clone(),
            batch_id: credit.batch.clone(),
            project_id: credit.project_id,
            quantity: credit.quantity,
            vintage_year: credit.year,
            status: status.word(),
            is_tradeable: available,
            is_available: available,
            is_retired: status == Standing::Retired,
            is_expired: status == Standing::Expired,
            is_valid: !matches!(status, Standing::Pending | Standing::Cancelled | Standing::Expired),
            age_in_years: (Utc::now().year() - credit.year).max(0),
            last_trade_price: last.map_or(Number::ZERO, |(price, _)| price),
            market_price: last.map_or_else(|| price(credit.price), |(price, _)| price),
            last_trade_currency: last
                .map_or_else(|| credit.price_currency.clone(), |(_, currency)| currency.to_string()),
            permanence_risk: rated(&credit.permanence_risk),
            additionality_verified: credit.additionality,
            verification_body: credit.verification_body.clone(),
            verification_date: credit.verified_on.clone().unwrap_or_default(),
            co_benefits: benefits,
            compliance_standards: compliance,
            is_tokenized: false,
            blockchain_tx_hash: "",
            onchain_batch_id: "",
            smart_contract_address: "",
            token_id: "",
            created_at: of_micros(credit.created_at),
            updated_at: of_micros(credit.updated_at),
        }
    }
}

/// Price and currency of the last trade of the block's instrument.
fn last_trade(state: &AppState, credit: &CreditRecord) -> Option<(Number, cx_engine::ids::Symbol)> {
    let listing = listing_of(credit)?;
    let currency = cx_engine::ids::Symbol::new(&credit.price_currency).ok()?;
    let symbol = instrument_symbol(&listing.project, listing.year, currency);
    let folds = state.venue.read();
    let listings = folds.market.listings();
    let instrument = listings.instrument_by_symbol(symbol.as_str())?;
    let scale = listings.asset(instrument.quote)?.scale;
    let trade = folds.market.trades().last(instrument.instrument)?;
    Some((Number::price(trade.price, instrument.tick_value, scale), currency))
}

/// A block's status, as clients know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Pending,
    Issued,
    Available,
    Locked,
    Retired,
    Cancelled,
    Expired,
}

impl Standing {
    fn of(credit: &CreditRecord) -> Self {
        match (credit.status.as_str(), credit.owner_id) {
            ("pending", _) => Self::Pending,
            ("active", Some(_)) => Self::Available,
            ("active", None) => Self::Issued,
            ("retired", _) => Self::Retired,
            ("cancelled", _) => Self::Cancelled,
            ("expired", _) => Self::Expired,
            _ => Self::Locked,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Issued => "issued",
            Self::Available => "available",
            Self::Locked => "locked",
            Self::Retired => "retired",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// The store's states behind a status of the contract, and whether such blocks are held here. `None` for a word that is
/// not in the contract.
pub(super) fn states_of(status: &str) -> Option<(Vec<&'static str>, Option<bool>)> {
    Some(match status {
        "pending" => (vec!["pending"], None),
        "issued" => (vec!["active"], Some(false)),
        "available" => (vec!["active"], Some(true)),
        "locked" => (vec!["on_hold", "buffer"], None),
        "retired" => (vec!["retired"], None),
        "cancelled" => (vec!["cancelled"], None),
        "expired" => (vec!["expired"], None),
        // Part of the contract, and no block is ever in them here.
        "verified" | "reserved" | "traded" => (vec!["none"], None),
        _ => return None,
    })
}

pub(super) fn price(minor: Option<u64>) -> Number {
    let minor = minor.and_then(|minor| i64::try_from(minor).ok()).unwrap_or(0);
    if minor == 0 { Number::ZERO } else { Number::cash(Amount::from_minor(minor), PRICE_SCALE) }
}

fn rated(risk: &str) -> String {
    if risk.is_empty() { UNRATED.to_owned() } else { risk.to_owned() }
}

/// Finds a project by its integer id, its uuid, or registry and number (`VCS-191`); 404 when there is none.
pub(super) async fn find_project(state: &AppState, name: &str) -> Result<ProjectRecord, Problem> {
    let projects = state.store.projects();
    let found = if let Ok(id) = name.parse::<i64>() {
        projects.by_id(id).await?
    } else if let Ok(uuid) = name.parse::<uuid::Uuid>() {
        projects.by_uuid(&uuid.to_string()).await?
    } else if let Some((registry, number)) = name.split_once('-') {
        let key = Registry::parse(&registry.to_uppercase()).and_then(|registry| ProjectKey::new(registry, number));
        match key {
            Some(key) => projects.by_number(key.registry().as_str(), key.number()).await?,
            None => None,
        }
    } else {
        None
    };
    found.ok_or_else(|| Problem::not_found("project"))
}

/// Finds a block by its integer id or uuid; 404 when there is none.
pub(super) async fn find_credit(state: &AppState, name: &str) -> Result<CreditRecord, Problem> {
    let found = if let Ok(id) = name.parse::<i64>() {
        state.store.credits().by_id(id).await?
    } else if let Ok(uuid) = name.parse::<uuid::Uuid>() {
        state.store.credits().by_uuid(&uuid.to_string()).await?
    } else {
        None
    };
    found.ok_or_else(|| Problem::not_found("credit"))
}
