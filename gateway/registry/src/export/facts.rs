//! The table of facts that ships with the program: one row per block or issuance, with what it takes to list its
//! project. Drawn from the registries' exports by `examples/draw_facts.rs`.

use super::table::{Cells, columns, unknown};
use super::{check_serial, check_vintage};
use crate::facts::{Authority, BlockFact, Entry, IssuanceFact, Period, ProjectFact, ProjectKey};
use crate::reason::Reason;
use crate::serial::Serial;
use crate::words::{BlockStatus, ProjectType, Registry};

columns! {
    /// The table.
    Facts {
        project = "project",
        name = "name",
        project_type = "project_type",
        registry_type = "registry_type",
        country = "country",
        methodology = "methodology",
        developer = "developer",
        sdgs = "sdgs",
        vintage = "vintage",
        start = "vintage_start",
        end = "vintage_end",
        issued = "issued_on",
        quantity = "quantity",
        buffer = "buffer",
        cancelled = "cancelled",
        serial = "serial_number",
        status = "status",
        ended = "ended_on",
        labels = "labels",
    }
}

/// The header of the table.
pub const HEADER: &[&str] = Facts::COLUMNS;

impl Facts {
    pub(super) fn row(&self, cells: Cells<'_>) -> Result<(ProjectFact, Entry), Reason> {
        let id = cells.required(self.project)?;
        let key = ProjectKey::parse(id).filter(|key| key.registry() != Registry::Venue);
        let key = key.ok_or_else(|| unknown(self.project, id))?;
        let kind = cells.required(self.project_type)?;
        let project = ProjectFact {
            key,
            authority: Authority::Mention,
            name: cells.required_line(self.name)?,
            description: String::new(),
            project_type: ProjectType::parse(kind).ok_or_else(|| unknown(self.project_type, kind))?,
            registry_type: cells.line(self.registry_type)?,
            status: None,
            validation: None,
            country: cells.country(self.country)?,
            methodology: cells.line(self.methodology)?,
            developer: cells.line(self.developer)?,
            annual_reductions: None,
            starts_on: None,
            ends_on: None,
            registered_on: None,
            sdgs: cells.sdgs(self.sdgs)?,
        };
        let year = cells.year(self.vintage)?;
        let period = self.period(cells, year)?;
        let quantity = cells.some_quantity(self.quantity)?;
        let entry = if cells.text(self.serial)?.is_empty() {
            self.issuance(cells, &project, year, period, quantity)?
        } else {
            let serial = cells.serial(self.serial)?;
            self.block(cells, &project, year, period, serial, quantity)?
        };
        Ok((project, entry))
    }

    fn period(&self, cells: Cells<'_>, year: i32) -> Result<Option<Period>, Reason> {
        if cells.text(self.start)?.is_empty() && cells.text(self.end)?.is_empty() {
            return Ok(None);
        }
        let period = cells.period(self.start, self.end)?;
        check_vintage(year, period)?;
        Ok(Some(period))
    }

    fn issuance(
        &self,
        cells: Cells<'_>,
        project: &ProjectFact,
        year: i32,
        period: Option<Period>,
        quantity: u64,
    ) -> Result<Entry, Reason> {
        let buffer = cells.optional_quantity(self.buffer)?.unwrap_or(0);
        let cancelled = cells.optional_quantity(self.cancelled)?.unwrap_or(0);
        for (what, part) in [("quantity, buffer", buffer), ("quantity, cancelled", cancelled)] {
            if part > quantity {
                return Err(Reason::Figures { what, left: quantity, right: part });
            }
        }
        Ok(Entry::Issuance(IssuanceFact {
            project: project.key.clone(),
            year,
            period,
            issued_on: cells.date(self.issued)?,
            quantity,
            buffer,
            cancelled,
        }))
    }

    fn block(
        &self,
        cells: Cells<'_>,
        project: &ProjectFact,
        year: i32,
        period: Option<Period>,
        serial: Serial,
        quantity: u64,
    ) -> Result<Entry, Reason> {
        check_serial(&serial, quantity, &project.key, year)?;
        let word = cells.required(self.status)?;
        let known = [BlockStatus::Active, BlockStatus::Retired, BlockStatus::Cancelled];
        let status = BlockStatus::parse(word).filter(|status| known.contains(status));
        let labels = cells.labels(self.labels, ';')?;
        if let Some(flag) = serial.certified().filter(|&flag| flag == labels.is_empty()) {
            return Err(Reason::CertificationFlag { serial: flag });
        }
        Ok(Entry::Block(BlockFact {
            project: project.key.clone(),
            year,
            period,
            quantity,
            status: status.ok_or_else(|| unknown(self.status, word))?,
            issued_on: cells.optional_date(self.issued)?,
            ended_on: cells.optional_date(self.ended)?,
            labels,
            serial,
        }))
    }
}
