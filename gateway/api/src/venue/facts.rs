//! What an instrument's credits are: project, vintage, kind, standard. The registry's rows know; the symbol itself tells
//! standard and vintage for instruments that no project stands behind.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use cx_store::{Store, StoreError};
use tokio::sync::Mutex;

use super::Quoted;

/// How long facts are believed: staff may change what a project is.
const LIFE: Duration = Duration::from_secs(30);

/// What an instrument's credits are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The project's row.
    pub project_id: Option<i64>,
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
    /// By the code of the credits: `VCS-191-2016`.
    by_code: HashMap<String, Facts>,
    /// How many instruments were listed then.
    listed: usize,
    read_at: Option<Instant>,
}

impl FactsView {
    /// What an instrument's credits are.
    pub fn of(&self, quoted: &Quoted) -> Facts {
        let symbol = quoted.symbol.as_str();
        let code = symbol.strip_suffix(quoted.currency.as_str()).and_then(|rest| rest.strip_suffix('-'));
        let known = code.and_then(|code| self.by_code.get(code));
        known.cloned().unwrap_or_else(|| Facts::of_symbol(symbol))
    }

    fn serves(&self, listed: usize) -> bool {
        self.listed >= listed && self.read_at.is_some_and(|at| at.elapsed() < LIFE)
    }

    async fn read(store: &Store, listed: usize) -> Result<Self, StoreError> {
        let vintages = store.projects().all_vintages().await?;
        let by_code = vintages.into_iter().map(|vintage| {
            let project_code = format!("{}-{}", vintage.registry, vintage.number);
            let code = format!("{project_code}-{}", vintage.year);
            let facts = Facts {
                project_id: Some(vintage.project_id),
                project_code,
                vintage_year: Some(vintage.year),
                credit_type: vintage.project_type,
                standard: vintage.standard.unwrap_or_default(),
            };
            (code, facts)
        });
        Ok(Self { by_code: by_code.collect(), listed, read_at: Some(Instant::now()) })
    }
}

/// Keeps the facts, and reads them again when instruments were added, and after a while. Nobody fails for want of facts:
/// orders and market data go on without the database.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    view: RwLock<Arc<FactsView>>,
    reading: Mutex<()>,
}

impl Catalog {
    /// The facts of at least `listed` instruments. Facts that are merely old are given as they are, and read again meanwhile.
    pub(super) async fn view(self: &Arc<Self>, store: &Store, listed: usize) -> Arc<FactsView> {
        let view = self.last();
        if view.serves(listed) {
            return view;
        }
        if view.listed < listed || view.read_at.is_none() {
            let _reading = self.reading.lock().await;
            self.refresh(store, listed).await;
            return self.last();
        }
        let (this, store) = (Arc::clone(self), store.clone());
        tokio::spawn(async move {
            if let Ok(_reading) = this.reading.try_lock() {
                this.refresh(&store, listed).await;
            }
        });
        view
    }

    async fn refresh(&self, store: &Store, listed: usize) {
        let view = self.last();
        if view.serves(listed) {
            return;
        }
        let fresh = FactsView::read(store, listed).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the facts of instruments could not be read; older ones are shown");
            FactsView { by_code: view.by_code.clone(), listed, read_at: Some(Instant::now()) }
        });
        *self.view.write().expect("nothing panics while it is held") = Arc::new(fresh);
    }

    fn last(&self) -> Arc<FactsView> {
        Arc::clone(&self.view.read().expect("nothing panics while it is held"))
    }
}
