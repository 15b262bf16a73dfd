//! Gold Standard: projects, issuances, retirements. One monitoring period may cover several vintages; each row names its
//! own, and the vintage's days are the part of the period in that year.

use super::table::{Cells, Column, columns, unknown};
use super::{check_serial, check_vintage, project_key};
use crate::classify::{Described, project_type, standing};
use crate::facts::{Authority, BlockFact, Entry, ProjectFact};
use crate::reason::Reason;
use crate::words::{BlockStatus, Registry};

columns! {
    /// The list of projects.
    Projects {
        id = "GSID",
        name = "Project Name",
        developer = "Project Developer Name",
        status = "Status",
        sdgs = "Sustainable Development Goals",
        kind = "Project Type",
        country = "Country",
        description = "Description",
        annual = "Estimated Annual Credits",
        methodology = "Methodology",
    }
}

columns! {
    /// Issued blocks.
    Issuances {
        vintage = "Vintage",
        status = "Credit Status",
        quantity = "Quantity",
        id = "GSID",
        name = "Project Name",
        developer = "Project Developer",
        country = "Country",
        kind = "Project Type",
        methodology = "Methodology",
        issued = "Issuance Date",
        start = "Monitoring Period Start",
        end = "Monitoring Period End",
        serial = "Serial Number",
        label = "Label",
        article_six = "Article Six Authorization",
    }
}

columns! {
    /// Retired and cancelled blocks.
    Retirements {
        vintage = "Vintage",
        status = "Credit Status",
        quantity = "Quantity",
        id = "GSID",
        name = "Project Name",
        developer = "Project Developer",
        country = "Country",
        kind = "Project Type",
        methodology = "Methodology",
        issued = "Issuance Date",
        start = "Monitoring Period Start",
        end = "Monitoring Period End",
        serial = "Serial Number",
        label = "Label",
        article_six = "Article Six Authorization",
        used = "Retirement Date",
    }
}

/// Stands where a methodology should.
const NOT_PROVIDED: &str = "Not provided";
/// Stands where an authorisation might.
const NOT_APPLICABLE: &str = "Not Applicable";

impl Projects {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        let word = cells.required(self.status)?;
        let standing = standing(Registry::GoldStandard, word).ok_or_else(|| unknown(self.status, word))?;
        let about = About {
            id: self.id,
            name: self.name,
            developer: self.developer,
            country: self.country,
            kind: self.kind,
            methodology: self.methodology,
        };
        let project = ProjectFact {
            authority: Authority::Listing,
            status: Some(standing.status),
            validation: Some(standing.validation),
            description: cells.paragraph(self.description)?,
            annual_reductions: cells.optional_quantity(self.annual)?,
            sdgs: cells.sdgs(self.sdgs)?,
            ..about.project(cells)?
        };
        Ok((project, Entry::Project))
    }
}

impl Issuances {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        match cells.required(self.status)? {
            "Issued" => self.credits().row(cells, BlockStatus::Active, None),
            other => Err(unknown(self.status, other)),
        }
    }

    const fn credits(&self) -> Credits {
        Credits {
            about: About {
                id: self.id,
                name: self.name,
                developer: self.developer,
                country: self.country,
                kind: self.kind,
                methodology: self.methodology,
            },
            vintage: self.vintage,
            quantity: self.quantity,
            issued: self.issued,
            start: self.start,
            end: self.end,
            serial: self.serial,
            label: self.label,
            article_six: self.article_six,
        }
    }
}

impl Retirements {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        match cells.required(self.status)? {
            "Retired" => {
                cells.required(self.used)?;
                self.credits().row(cells, BlockStatus::Retired, Some(self.used))
            }
            // Credits that Gold Standard cancels (for another programme's books) are not dated.
            "Canceled" | "Cancelled" => self.credits().row(cells, BlockStatus::Cancelled, Some(self.used)),
            other => Err(unknown(self.status, other)),
        }
    }

    const fn credits(&self) -> Credits {
        Credits {
            about: About {
                id: self.id,
                name: self.name,
                developer: self.developer,
                country: self.country,
                kind: self.kind,
                methodology: self.methodology,
            },
            vintage: self.vintage,
            quantity: self.quantity,
            issued: self.issued,
            start: self.start,
            end: self.end,
            serial: self.serial,
            label: self.label,
            article_six: self.article_six,
        }
    }
}

/// The columns about the project, which all three files have.
struct About {
    id: Column,
    name: Column,
    developer: Column,
    country: Column,
    kind: Column,
    methodology: Column,
}

impl About {
    fn project(&self, cells: Cells<'_>) -> Result<ProjectFact, Reason> {
        let name = cells.required_line(self.name)?;
        let methodology = cells.line(self.methodology)?;
        let methodologies: Vec<String> =
            Some(methodology.clone()).into_iter().filter(|text| !text.is_empty() && text != NOT_PROVIDED).collect();
        Ok(ProjectFact {
            key: project_key(Registry::GoldStandard, cells, self.id)?,
            authority: Authority::Mention,
            description: String::new(),
            project_type: project_type(Described {
                types: &[cells.required(self.kind)?],
                activities: &[],
                methodologies: &methodologies,
                name: &name,
            }),
            registry_type: cells.line(self.kind)?,
            status: None,
            validation: None,
            country: cells.country(self.country)?,
            methodology: methodologies.concat(),
            developer: cells.line(self.developer)?,
            annual_reductions: None,
            starts_on: None,
            ends_on: None,
            registered_on: None,
            sdgs: Vec::new(),
            name,
        })
    }
}

/// The columns about credits, which issuances and retirements have.
struct Credits {
    about: About,
    vintage: Column,
    quantity: Column,
    issued: Column,
    start: Column,
    end: Column,
    serial: Column,
    label: Column,
    article_six: Column,
}

impl Credits {
    fn row(&self, cells: Cells<'_>, status: BlockStatus, used: Option<Column>) -> Result<(ProjectFact, Entry), Reason> {
        let project = self.about.project(cells)?;
        let year = cells.year(self.vintage)?;
        let period = cells.period(self.start, self.end)?;
        check_vintage(year, period)?;
        let serial = cells.serial(self.serial)?;
        let quantity = cells.some_quantity(self.quantity)?;
        check_serial(&serial, quantity, &project.key, year)?;
        let mut labels = cells.labels(self.label, ',')?;
        let authorisation = cells.line(self.article_six)?;
        if !authorisation.is_empty() && authorisation != NOT_APPLICABLE {
            labels.push(format!("Article 6 {authorisation}"));
        }
        let block = BlockFact {
            project: project.key.clone(),
            year,
            period: period.within_year(year),
            serial,
            quantity,
            status,
            issued_on: Some(cells.date(self.issued)?),
            ended_on: used.map_or(Ok(None), |used| cells.optional_date(used))?,
            labels,
        };
        Ok((project, Entry::Block(block)))
    }
}
