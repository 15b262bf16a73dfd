//! American Carbon Registry: projects, issuances, retirements, cancellations. Issuances have quantities and no serials;
//! serials appear when credits are used. Some of an issuance goes to the buffer pool, at issuance or later.

use super::table::{Cells, Column, columns, unknown};
use super::{check_serial, check_vintage, project_key};
use crate::classify::{Described, project_type, standing};
use crate::facts::{Authority, BlockFact, Entry, IssuanceFact, ProjectFact};
use crate::reason::Reason;
use crate::words::{BlockStatus, Registry};

columns! {
    /// The list of projects.
    Projects {
        id = "Project ID",
        name = "Project Name",
        developer = "Project Developer",
        kind = "Project Type",
        methodology = "Project Methodology/Protocol",
        country = "Project Site Country",
        sdgs = "Sustainable Development Goal(s)",
        start = "Current Crediting Period Start Date",
        end = "Current Crediting Period End Date",
        status = "Voluntary Status",
        compliance = "Compliance Program Status (ARB or Ecology)",
    }
}

columns! {
    /// Issuances.
    Issuances {
        id = "Project ID",
        name = "Project Name",
        developer = "Project Developer",
        kind = "Project Type",
        methodology = "Project Methodology/Protocol",
        country = "Project Site Country",
        sdgs = "Sustainable Development Goal(s)",
        issued = "Date Issued (GMT)",
        vintage = "Vintage",
        start = "ReportingPeriodBegin",
        end = "ReportingPeriodEnd",
        total = "Total Credits Issued",
        to_project = "Credits Issued to Project",
        to_buffer = "Credits Issued to Buffer Pool",
        transferred = "Credits Transferred to Buffer Pool",
    }
}

columns! {
    /// Retired blocks.
    Retirements {
        id = "Project ID",
        name = "Project Name",
        kind = "Project Type",
        methodology = "Project Methodology/Protocol",
        country = "Project Site Country",
        sdgs = "Sustainable Development Goal(s)",
        serial = "Credit Serial Numbers",
        issued = "Date Issued (GMT)",
        vintage = "Vintage",
        start = "Vintage Assignment Period Start Date",
        end = "Vintage Assignment Period End Date",
        quantity = "Quantity of Credits",
        used = "Status Effective (GMT)",
        arb = "ARB Eligible",
        ecology = "Ecology Eligible",
        corsia = "CORSIA Eligible",
        ccp = "CCP Approved",
        removal = "Verified Removal",
        reason = "Retirement Reason",
    }
}

columns! {
    /// Cancelled blocks.
    Cancellations {
        id = "Project ID",
        name = "Project Name",
        kind = "Project Type",
        methodology = "Project Methodology/Protocol",
        country = "Project Site Country",
        sdgs = "Sustainable Development Goal(s)",
        serial = "Credit Serial Numbers",
        issued = "Date Issued (GMT)",
        vintage = "Vintage",
        start = "Vintage Assignment Period Start Date",
        end = "Vintage Assignment Period End Date",
        quantity = "Quantity of Credits",
        used = "Status Effective (GMT)",
        arb = "ARB Eligible",
        ecology = "Ecology Eligible",
        corsia = "CORSIA Eligible",
        ccp = "CCP Approved",
        removal = "Verified Removal",
        reason = "Cancellation Type",
    }
}

impl Projects {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        // Compliance projects have no voluntary status.
        let column = if cells.text(self.status)?.is_empty() { self.compliance } else { self.status };
        let word = cells.required(column)?;
        let standing = standing(Registry::Acr, word).ok_or_else(|| unknown(column, word))?;
        let (starts_on, ends_on) = (cells.optional_date(self.start)?, cells.optional_date(self.end)?);
        if starts_on.zip(ends_on).is_some_and(|(start, end)| end < start) {
            return Err(Reason::Backwards { column: self.end.name });
        }
        let about = About {
            id: self.id,
            name: self.name,
            kind: self.kind,
            methodology: self.methodology,
            country: self.country,
            sdgs: self.sdgs,
        };
        let project = ProjectFact {
            authority: Authority::Listing,
            status: Some(standing.status),
            validation: Some(standing.validation),
            developer: cells.line(self.developer)?,
            starts_on,
            ends_on,
            ..about.project(cells)?
        };
        Ok((project, Entry::Project))
    }
}

impl Issuances {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        let about = About {
            id: self.id,
            name: self.name,
            kind: self.kind,
            methodology: self.methodology,
            country: self.country,
            sdgs: self.sdgs,
        };
        let project = ProjectFact { developer: cells.line(self.developer)?, ..about.project(cells)? };
        let year = cells.year(self.vintage)?;
        let period = cells.period(self.start, self.end)?;
        check_vintage(year, period)?;
        let quantity = cells.some_quantity(self.total)?;
        let issued = [cells.quantity(self.to_project)?, cells.quantity(self.to_buffer)?];
        if issued[0] + issued[1] != quantity {
            let what = "total credits issued, sum of those to the project and to the buffer pool";
            return Err(Reason::Figures { what, left: quantity, right: issued[0] + issued[1] });
        }
        let buffer = issued[1] + cells.quantity(self.transferred)?;
        if buffer > quantity {
            return Err(Reason::Figures { what: "total credits issued, buffer pool", left: quantity, right: buffer });
        }
        let issuance = IssuanceFact {
            project: project.key.clone(),
            year,
            period: Some(period),
            issued_on: cells.date(self.issued)?,
            quantity,
            buffer,
            cancelled: 0,
        };
        Ok((project, Entry::Issuance(issuance)))
    }
}

impl Retirements {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        cells.required(self.reason)?;
        let credits = Credits {
            about: About {
                id: self.id,
                name: self.name,
                kind: self.kind,
                methodology: self.methodology,
                country: self.country,
                sdgs: self.sdgs,
            },
            serial: self.serial,
            issued: self.issued,
            vintage: self.vintage,
            start: self.start,
            end: self.end,
            quantity: self.quantity,
            used: self.used,
            marks: [self.arb, self.ecology, self.corsia, self.ccp, self.removal],
        };
        credits.row(cells, BlockStatus::Retired)
    }
}

impl Cancellations {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        cells.required(self.reason)?;
        let credits = Credits {
            about: About {
                id: self.id,
                name: self.name,
                kind: self.kind,
                methodology: self.methodology,
                country: self.country,
                sdgs: self.sdgs,
            },
            serial: self.serial,
            issued: self.issued,
            vintage: self.vintage,
            start: self.start,
            end: self.end,
            quantity: self.quantity,
            used: self.used,
            marks: [self.arb, self.ecology, self.corsia, self.ccp, self.removal],
        };
        credits.row(cells, BlockStatus::Cancelled)
    }
}

/// The columns about the project, which all files have.
struct About {
    id: Column,
    name: Column,
    kind: Column,
    methodology: Column,
    country: Column,
    sdgs: Column,
}

impl About {
    fn project(&self, cells: Cells<'_>) -> Result<ProjectFact, Reason> {
        let name = cells.required_line(self.name)?;
        let methodology = cells.line(self.methodology)?;
        Ok(ProjectFact {
            key: project_key(Registry::Acr, cells, self.id)?,
            authority: Authority::Mention,
            description: String::new(),
            // Afforestation and the like are in the protocol's name.
            project_type: project_type(Described {
                types: &[cells.required(self.kind)?, &methodology],
                activities: &[],
                methodologies: &[],
                name: &name,
            }),
            registry_type: cells.line(self.kind)?,
            status: None,
            validation: None,
            country: cells.country(self.country)?,
            methodology,
            developer: String::new(),
            annual_reductions: None,
            starts_on: None,
            ends_on: None,
            registered_on: None,
            sdgs: cells.sdgs(self.sdgs)?,
            name,
        })
    }
}

/// The columns of used blocks.
struct Credits {
    about: About,
    serial: Column,
    issued: Column,
    vintage: Column,
    start: Column,
    end: Column,
    quantity: Column,
    used: Column,
    marks: [Column; 5],
}

/// What each mark is called as a label.
const MARKS: [&str; 5] = ["ARB Eligible", "Ecology Eligible", "CORSIA Eligible", "ICVCM CCP", "Verified Removal"];

impl Credits {
    fn row(&self, cells: Cells<'_>, status: BlockStatus) -> Result<(ProjectFact, Entry), Reason> {
        let project = self.about.project(cells)?;
        let year = cells.year(self.vintage)?;
        let period = cells.period(self.start, self.end)?;
        check_vintage(year, period)?;
        let serial = cells.serial(self.serial)?;
        let quantity = cells.some_quantity(self.quantity)?;
        check_serial(&serial, quantity, &project.key, year)?;
        let mut labels = Vec::new();
        for (column, label) in self.marks.into_iter().zip(MARKS) {
            if cells.yes(column)? {
                labels.push(label.to_owned());
            }
        }
        let block = BlockFact {
            project: project.key.clone(),
            year,
            period: Some(period),
            serial,
            quantity,
            status,
            issued_on: Some(cells.date(self.issued)?),
            ended_on: Some(cells.date(self.used)?),
            labels,
        };
        Ok((project, Entry::Block(block)))
    }
}
