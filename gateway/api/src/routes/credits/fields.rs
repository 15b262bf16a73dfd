//! What staff may say about a project, field by field, and its checks. New projects and changes take the same fields.

use chrono::NaiveDate;
use cx_identity::policy;
use cx_registry::country::Country;
use cx_registry::words::{Assurance, ProjectStatus, ProjectType, Standard};
use cx_store::registry::ProjectContent;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shapes::PRICE_SCALE;
use crate::json::Input;
use crate::number::Number;
use crate::problem::Problem;

const LINE_CHARS_MAX: usize = 500;
const DESCRIPTION_CHARS_MAX: usize = 20_000;
const CO_BENEFITS_MAX: usize = 50;

/// A project's fields. What is left out stays as it is, or unknown.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(super) struct Fields {
    name: Option<String>,
    description: Option<String>,
    /// `reforestation`, `cookstoves`, ...
    project_type: Option<String>,
    /// `development`, `registered`, ...
    status: Option<String>,
    /// Registry and number there, such as `VCS-191`. Without it the venue numbers the project itself.
    pub(super) project_id: Option<String>,
    /// `vcs`, `gold_standard`, ...
    standard: Option<String>,
    /// A name or an ISO 3166-1 code.
    country: Option<String>,
    region: Option<String>,
    methodology: Option<String>,
    developer_name: Option<String>,
    /// Tonnes over the whole crediting period; the same as `total_emission_reductions`.
    total_credits: Option<Number>,
    total_emission_reductions: Option<Number>,
    /// Tonnes a year.
    annual_emission_reductions: Option<Number>,
    /// `YYYY-MM-DD`.
    project_start_date: Option<String>,
    /// `YYYY-MM-DD`.
    project_end_date: Option<String>,
    validation_status: Option<String>,
    permanence_risk: Option<String>,
    leakage_risk: Option<String>,
    overall_risk_rating: Option<String>,
    /// At most four decimal places.
    estimated_credit_price: Option<Number>,
    price_currency: Option<String>,
    /// 1 to 17.
    sdg_contributions: Option<Vec<u8>>,
    co_benefits: Option<Vec<String>>,
}

/// A new project.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(transparent)]
pub(super) struct NewProject(pub(super) Fields);

impl Input for NewProject {
    const REQUIRED: &'static [&'static str] = &["name", "project_type", "country", "total_credits"];
}

/// Changes of a project.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(transparent)]
pub(super) struct ProjectEdit(pub(super) Fields);

impl Input for ProjectEdit {
    const REQUIRED: &'static [&'static str] = &[];
}

impl Fields {
    /// Puts the fields that were given into the project; answers the names of those that changed it.
    pub(super) fn put_into(self, project: &mut ProjectContent) -> Result<Vec<&'static str>, Problem> {
        let before = project.clone();
        self.texts(project)?;
        self.words(project)?;
        self.figures(project)?;
        if project.starts_on.as_ref().zip(project.ends_on.as_ref()).is_some_and(|(start, end)| end < start) {
            return Err(Problem::invalid("project_end_date", "project_end_date is before project_start_date"));
        }
        Ok(changes(&before, project))
    }

    fn texts(&self, project: &mut ProjectContent) -> Result<(), Problem> {
        if let Some(name) = &self.name {
            project.name = line("name", name)?;
            if project.name.is_empty() {
                return Err(Problem::invalid("name", "name must not be empty"));
            }
        }
        if let Some(text) = &self.description {
            project.description = paragraph("description", text)?;
        }
        for (field, given, kept) in [
            ("region", &self.region, &mut project.region),
            ("methodology", &self.methodology, &mut project.methodology),
            ("developer_name", &self.developer_name, &mut project.developer),
            ("permanence_risk", &self.permanence_risk, &mut project.permanence_risk),
            ("leakage_risk", &self.leakage_risk, &mut project.leakage_risk),
            ("overall_risk_rating", &self.overall_risk_rating, &mut project.overall_risk),
        ] {
            if let Some(text) = given {
                *kept = line(field, text)?;
            }
        }
        if let Some(benefits) = &self.co_benefits {
            if benefits.len() > CO_BENEFITS_MAX {
                let message = format!("co_benefits must have at most {CO_BENEFITS_MAX} items");
                return Err(Problem::invalid("co_benefits", message));
            }
            let benefits = benefits.iter().map(|text| line("co_benefits", text)).collect::<Result<Vec<_>, _>>()?;
            project.co_benefits = benefits.into_iter().filter(|text| !text.is_empty()).collect();
        }
        Ok(())
    }

    fn words(&self, project: &mut ProjectContent) -> Result<(), Problem> {
        let unknown =
            |field: &'static str, text: &str| Problem::invalid(field, format!("{field} {text:?} is not known"));
        if let Some(text) = &self.project_type {
            let kind = ProjectType::parse(text).ok_or_else(|| unknown("project_type", text))?;
            kind.as_str().clone_into(&mut project.project_type);
        }
        if let Some(text) = &self.status {
            let status = ProjectStatus::parse(text).ok_or_else(|| unknown("status", text))?;
            status.as_str().clone_into(&mut project.status);
        }
        if let Some(text) = &self.validation_status {
            let status = Assurance::parse(text).ok_or_else(|| unknown("validation_status", text))?;
            status.as_str().clone_into(&mut project.validation_status);
        }
        if let Some(text) = &self.standard {
            let standard = Standard::parse(text).ok_or_else(|| unknown("standard", text))?;
            project.standard = Some(standard.as_str().to_owned());
        }
        if let Some(text) = &self.country {
            let country = Country::find(text).ok_or_else(|| unknown("country", text))?;
            country.code().clone_into(&mut project.country);
            if self.region.is_none() {
                country.region().name().clone_into(&mut project.region);
            }
        }
        if let Some(text) = &self.price_currency {
            if text != "USD" {
                return Err(unknown("price_currency", text));
            }
            project.price_currency.clone_from(text);
        }
        Ok(())
    }

    fn figures(&self, project: &mut ProjectContent) -> Result<(), Problem> {
        if let Some(number) = self.annual_emission_reductions {
            project.annual_reductions = Some(unsigned("annual_emission_reductions", number, 0)?);
        }
        let totals =
            [("total_credits", self.total_credits), ("total_emission_reductions", self.total_emission_reductions)];
        for (field, given) in totals {
            if let Some(number) = given {
                project.total_reductions = Some(unsigned(field, number, 0)?);
            }
        }
        if let Some(number) = self.estimated_credit_price {
            project.estimated_price = Some(unsigned("estimated_credit_price", number, PRICE_SCALE)?);
        }
        let days = [
            ("project_start_date", &self.project_start_date, &mut project.starts_on),
            ("project_end_date", &self.project_end_date, &mut project.ends_on),
        ];
        for (field, given, kept) in days {
            if let Some(text) = given {
                *kept = Some(day(field, text)?);
            }
        }
        if let Some(goals) = &self.sdg_contributions {
            if goals.iter().any(|goal| !(1..=17).contains(goal)) {
                return Err(Problem::invalid("sdg_contributions", "sdg_contributions must be goals 1 to 17"));
            }
            project.sdgs.clone_from(goals);
            project.sdgs.sort_unstable();
            project.sdgs.dedup();
        }
        Ok(())
    }
}

/// The contract's names of what differs.
fn changes(before: &ProjectContent, after: &ProjectContent) -> Vec<&'static str> {
    let fields = [
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("project_type", before.project_type != after.project_type),
        ("status", before.status != after.status),
        ("standard", before.standard != after.standard),
        ("country", before.country != after.country),
        ("region", before.region != after.region),
        ("methodology", before.methodology != after.methodology),
        ("developer_name", before.developer != after.developer),
        ("annual_emission_reductions", before.annual_reductions != after.annual_reductions),
        ("total_emission_reductions", before.total_reductions != after.total_reductions),
        ("project_start_date", before.starts_on != after.starts_on),
        ("project_end_date", before.ends_on != after.ends_on),
        ("validation_status", before.validation_status != after.validation_status),
        ("permanence_risk", before.permanence_risk != after.permanence_risk),
        ("leakage_risk", before.leakage_risk != after.leakage_risk),
        ("overall_risk_rating", before.overall_risk != after.overall_risk),
        ("estimated_credit_price", before.estimated_price != after.estimated_price),
        ("price_currency", before.price_currency != after.price_currency),
        ("sdg_contributions", before.sdgs != after.sdgs),
        ("co_benefits", before.co_benefits != after.co_benefits),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// A short text on one line; may be empty.
pub(super) fn line(field: &'static str, text: &str) -> Result<String, Problem> {
    policy::free_text(field, text, LINE_CHARS_MAX).map_err(|fault| Problem::invalid(fault.field, fault.message))
}

/// A long text, whose line breaks stay.
fn paragraph(field: &'static str, text: &str) -> Result<String, Problem> {
    let lines: Vec<&str> = text.lines().collect();
    for text in &lines {
        policy::free_text(field, text, DESCRIPTION_CHARS_MAX)
            .map_err(|fault| Problem::invalid(fault.field, fault.message))?;
    }
    if text.chars().count() > DESCRIPTION_CHARS_MAX {
        let message = format!("{field} must have at most {DESCRIPTION_CHARS_MAX} characters");
        return Err(Problem::invalid(field, message));
    }
    Ok(lines.join("\n").trim().to_owned())
}

/// A day, `YYYY-MM-DD`, with or without a time after it, which is dropped.
pub(super) fn day(field: &'static str, text: &str) -> Result<String, Problem> {
    let date = text.split(['T', ' ']).next().unwrap_or_default();
    let parsed = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok().filter(|_| date.len() == 10);
    parsed.map(|day| day.to_string()).ok_or_else(|| Problem::invalid(field, format!("{field} must be YYYY-MM-DD")))
}

/// Zero or more, in units of `scale` decimal places.
pub(super) fn unsigned(field: &'static str, number: Number, scale: u8) -> Result<u64, Problem> {
    let minor = number.to_minor(scale).map_err(|error| error.on(field))?.minor();
    u64::try_from(minor).map_err(|_| Problem::invalid(field, format!("{field} must not be below zero")))
}
