//! Climate Action Reserve: projects, issuances, retirements, cancellations. As with ACR, issuances have no serials. An
//! issuance row says how many of its credits lie in the buffer pools, and how many were cancelled for a compliance
//! program; the cancelled ones appear again, with serials, in the list of cancellations.

use super::table::{Cells, Column, columns, unknown};
use super::{check_serial, project_key};
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
        country = "Project Site Country",
        status = "Status",
        sdgs = "SDG Impact",
        registered = "Project Registered Date",
    }
}

columns! {
    /// Issuances.
    Issuances {
        id = "Project ID",
        name = "Project Name",
        developer = "Project Developer",
        kind = "Project Type",
        protocol = "Protocol and Version",
        country = "Project Site Country",
        issued = "Date Issued",
        vintage = "Vintage",
        total = "Total Offset Credits Issued",
        reserve_buffer = "Offset Credits Currently in Reserve Buffer Pool",
        compliance_buffer = "Offset Credits Intended for Compliance Buffer Pool",
        converted = "Offset Credits Converted to VCUs",
        cancelled_for_compliance = "Canceled for Compliance",
        cancelled = "Canceled",
    }
}

columns! {
    /// Retired blocks.
    Retirements {
        id = "Project ID",
        name = "Project Name",
        kind = "Project Type",
        protocol = "Protocol and Version",
        country = "Project Site Country",
        vintage = "Vintage",
        serial = "Offset Credit Serial Numbers",
        quantity = "Quantity of Offset Credits",
        used = "Status Effective",
        certifications = "Additional Certification(s)",
        ccp = "CCP Approved",
        adjustment = "Corresponding Adjustment",
        reason = "Retirement Reason",
    }
}

columns! {
    /// Cancelled blocks.
    Cancellations {
        id = "Project ID",
        name = "Project Name",
        kind = "Project Type",
        protocol = "Protocol and Version",
        country = "Project Site Country",
        vintage = "Vintage",
        serial = "Offset Credit Serial Numbers",
        quantity = "Quantity of Offset Credits",
        used = "Status Effective",
        certifications = "Additional Certification(s)",
        reason = "Cancellation Reason",
    }
}

impl Projects {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        let word = cells.required(self.status)?;
        let standing = standing(Registry::Car, word).ok_or_else(|| unknown(self.status, word))?;
        let about = About { id: self.id, name: self.name, kind: self.kind, protocol: None, country: self.country };
        let project = ProjectFact {
            authority: Authority::Listing,
            status: Some(standing.status),
            validation: Some(standing.validation),
            developer: cells.line(self.developer)?,
            registered_on: cells.optional_date(self.registered)?,
            sdgs: cells.sdgs(self.sdgs)?,
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
            protocol: Some(self.protocol),
            country: self.country,
        };
        let project = ProjectFact { developer: cells.line(self.developer)?, ..about.project(cells)? };
        let quantity = cells.some_quantity(self.total)?;
        let sum = |columns: &[Column]| -> Result<u64, Reason> {
            columns.iter().try_fold(0, |sum, &column| Ok(sum + cells.optional_quantity(column)?.unwrap_or(0)))
        };
        let buffer = sum(&[self.reserve_buffer, self.compliance_buffer])?;
        let cancelled = sum(&[self.converted, self.cancelled_for_compliance, self.cancelled])?;
        for (what, part) in [("total issued, buffer pools", buffer), ("total issued, cancelled", cancelled)] {
            if part > quantity {
                return Err(Reason::Figures { what, left: quantity, right: part });
            }
        }
        let issuance = IssuanceFact {
            project: project.key.clone(),
            year: cells.year(self.vintage)?,
            period: None,
            issued_on: cells.date(self.issued)?,
            quantity,
            buffer,
            cancelled,
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
                protocol: Some(self.protocol),
                country: self.country,
            },
            vintage: self.vintage,
            serial: self.serial,
            quantity: self.quantity,
            used: self.used,
            certifications: self.certifications,
        };
        let mut labels = Vec::new();
        if cells.yes(self.ccp)? {
            labels.push("ICVCM CCP".to_owned());
        }
        if cells.yes(self.adjustment)? {
            labels.push("Corresponding Adjustment".to_owned());
        }
        credits.row(cells, BlockStatus::Retired, labels)
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
                protocol: Some(self.protocol),
                country: self.country,
            },
            vintage: self.vintage,
            serial: self.serial,
            quantity: self.quantity,
            used: self.used,
            certifications: self.certifications,
        };
        credits.row(cells, BlockStatus::Cancelled, Vec::new())
    }
}

/// The columns about the project, which all files have; the list of projects has no protocol.
struct About {
    id: Column,
    name: Column,
    kind: Column,
    protocol: Option<Column>,
    country: Column,
}

impl About {
    fn project(&self, cells: Cells<'_>) -> Result<ProjectFact, Reason> {
        let name = cells.required_line(self.name)?;
        Ok(ProjectFact {
            key: project_key(Registry::Car, cells, self.id)?,
            authority: Authority::Mention,
            description: String::new(),
            project_type: project_type(Described {
                types: &[cells.required(self.kind)?],
                activities: &[],
                methodologies: &[],
                name: &name,
            }),
            registry_type: cells.line(self.kind)?,
            status: None,
            validation: None,
            country: cells.country(self.country)?,
            methodology: self.protocol.map_or(Ok(String::new()), |column| cells.line(column))?,
            developer: String::new(),
            annual_reductions: None,
            starts_on: None,
            ends_on: None,
            registered_on: None,
            sdgs: Vec::new(),
            name,
        })
    }
}

/// The columns of used blocks.
struct Credits {
    about: About,
    vintage: Column,
    serial: Column,
    quantity: Column,
    used: Column,
    certifications: Column,
}

impl Credits {
    fn row(
        &self,
        cells: Cells<'_>,
        status: BlockStatus,
        mut labels: Vec<String>,
    ) -> Result<(ProjectFact, Entry), Reason> {
        let project = self.about.project(cells)?;
        let year = cells.year(self.vintage)?;
        let serial = cells.serial(self.serial)?;
        let quantity = cells.some_quantity(self.quantity)?;
        check_serial(&serial, quantity, &project.key, year)?;
        labels.extend(cells.labels(self.certifications, ';')?);
        let block = BlockFact {
            project: project.key.clone(),
            year,
            period: None,
            serial,
            quantity,
            status,
            issued_on: None,
            ended_on: Some(cells.date(self.used)?),
            labels,
        };
        Ok((project, Entry::Block(block)))
    }
}
