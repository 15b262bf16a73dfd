//! Verra: `projects.csv` and `transactions.csv`. A transaction row is a block: when it was issued, and, when used, on
//! which day and what for. The vintage's year is that of its end.

use chrono::Datelike;

use super::table::{Cells, columns, unknown};
use super::{check_serial, project_key};
use crate::classify::{Described, project_type, standing};
use crate::facts::{Authority, BlockFact, Entry, ProjectFact};
use crate::reason::Reason;
use crate::words::{BlockStatus, Registry};

columns! {
    /// The list of projects.
    Projects {
        id = "ID",
        name = "Name",
        proponent = "Proponent",
        kind = "Project Type",
        activities = "AFOLU Activities",
        methodology = "Methodology",
        status = "Status",
        country = "Country/Area",
        annual = "Estimated Annual Emission Reductions",
        registered = "Project Registration Date",
        start = "Crediting Period Start Date",
        end = "Crediting Period End Date",
    }
}

columns! {
    /// The list of blocks.
    Transactions {
        issued = "Issuance Date",
        sdgs = "Sustainable Development Goals",
        start = "Vintage Start",
        end = "Vintage End",
        id = "ID",
        name = "Name",
        country = "Country/Area",
        kind = "Project Type",
        methodology = "Methodology",
        total = "Total Vintage Quantity",
        quantity = "Quantity Issued",
        serial = "Serial Number",
        certifications = "Additional Certifications",
        used = "Retirement/Cancellation Date",
        beneficiary = "Retirement Beneficiary",
        reason = "Retirement Reason",
        details = "Retirement Details",
    }
}

impl Projects {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        let word = cells.required(self.status)?;
        let standing = standing(Registry::Verra, word).ok_or_else(|| unknown(self.status, word))?;
        let name = cells.required_line(self.name)?;
        let methodologies = cells.labels(self.methodology, ';')?;
        let (starts_on, ends_on) = (cells.optional_date(self.start)?, cells.optional_date(self.end)?);
        if starts_on.zip(ends_on).is_some_and(|(start, end)| end < start) {
            return Err(Reason::Backwards { column: self.end.name });
        }
        let project = ProjectFact {
            key: project_key(Registry::Verra, cells, self.id)?,
            authority: Authority::Listing,
            description: String::new(),
            project_type: project_type(Described {
                types: &scopes(cells.text(self.kind)?),
                activities: &cells.list(self.activities, ';')?,
                methodologies: &methodologies,
                name: &name,
            }),
            registry_type: cells.line(self.kind)?,
            status: Some(standing.status),
            validation: Some(standing.validation),
            country: cells.country(self.country)?,
            methodology: methodologies.join("; "),
            developer: cells.line(self.proponent)?,
            annual_reductions: cells.optional_quantity(self.annual)?,
            starts_on,
            ends_on,
            registered_on: cells.optional_date(self.registered)?,
            sdgs: Vec::new(),
            name,
        };
        Ok((project, Entry::Project))
    }
}

impl Transactions {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        let name = cells.required_line(self.name)?;
        let methodologies = cells.labels(self.methodology, ';')?;
        let project = ProjectFact {
            key: project_key(Registry::Verra, cells, self.id)?,
            authority: Authority::Mention,
            description: String::new(),
            project_type: project_type(Described {
                types: &scopes(cells.text(self.kind)?),
                activities: &[],
                methodologies: &methodologies,
                name: &name,
            }),
            registry_type: cells.line(self.kind)?,
            status: None,
            validation: None,
            country: cells.country(self.country)?,
            methodology: methodologies.join("; "),
            developer: String::new(),
            annual_reductions: None,
            starts_on: None,
            ends_on: None,
            registered_on: None,
            sdgs: cells.sdgs(self.sdgs)?,
            name,
        };
        let block = self.block(cells, &project)?;
        Ok((project, Entry::Block(block)))
    }

    fn block(&self, cells: Cells<'_>, project: &ProjectFact) -> Result<BlockFact, Reason> {
        let period = cells.period(self.start, self.end)?;
        let year = period.end().year();
        let serial = cells.serial(self.serial)?;
        let quantity = cells.some_quantity(self.quantity)?;
        check_serial(&serial, quantity, &project.key, year)?;
        if serial.vintage_period() != Some((period.start(), period.end())) {
            let dates = serial.vintage_period().map_or_else(String::new, |(start, end)| format!("{start} to {end}"));
            let row = format!("{} to {}", period.start(), period.end());
            return Err(Reason::SerialVintage { row, serial: dates });
        }
        let labels = cells.labels(self.certifications, ';')?;
        if let Some(flag) = serial.certified().filter(|&flag| flag == labels.is_empty()) {
            return Err(Reason::CertificationFlag { serial: flag });
        }
        let total = cells.quantity(self.total)?;
        if total < quantity {
            return Err(Reason::Figures {
                what: "total of the vintage, quantity issued",
                left: total,
                right: quantity,
            });
        }
        let ended_on = cells.optional_date(self.used)?;
        Ok(BlockFact {
            project: project.key.clone(),
            year,
            period: Some(period),
            serial,
            quantity,
            status: self.status(cells, ended_on.is_some())?,
            issued_on: Some(cells.date(self.issued)?),
            ended_on,
            labels,
        })
    }

    /// One column dates retirements and cancellations alike. A retirement has a reason or a beneficiary: Verra asks for
    /// them. A dated row without any is read as a cancellation; either way the credits are gone for ever.
    fn status(&self, cells: Cells<'_>, ended: bool) -> Result<BlockStatus, Reason> {
        let mut explained = false;
        for column in [self.reason, self.beneficiary, self.details] {
            explained |= !cells.text(column)?.is_empty();
        }
        match (ended, explained) {
            (true, true) => Ok(BlockStatus::Retired),
            (true, false) => Ok(BlockStatus::Cancelled),
            (false, false) => Ok(BlockStatus::Active),
            (false, true) => Err(Reason::Missing { column: self.used.name }),
        }
    }
}

/// Scopes are separated by `;`, and one of them has commas in it.
fn scopes(text: &str) -> Vec<&str> {
    text.split(';').map(str::trim).filter(|scope| !scope.is_empty()).collect()
}
