//! Which instrument a client means: a symbol, or a project and a vintage.

use cx_engine::ids::InstrumentId;
use cx_engine::reject::Reject;
use cx_registry::words::ProjectType;
use serde_json::Value;

use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::venue::Folds;
use crate::venue::facts::Facts;

/// How a client names what is traded.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Named<'a> {
    /// A symbol, or a credit type.
    pub symbol: Option<&'a str>,
    /// A project.
    pub project: Option<&'a Value>,
    /// A vintage.
    pub vintage: Option<i32>,
    /// A credit type.
    pub credit_type: Option<&'a str>,
}

/// The instrument of this symbol; a credit type names a standard contract, which is not listed yet.
pub(crate) fn by_symbol(folds: &Folds, symbol: &str) -> Result<InstrumentId, Problem> {
    if let Some(listed) = folds.market.listings().instrument_by_symbol(symbol) {
        return Ok(listed.instrument);
    }
    if is_credit_type(symbol) {
        return Err(Problem::new(Code::UnsupportedInstrument).field("symbol", format!("{symbol} is a credit type")));
    }
    Err(Problem::new(Reject::UnknownInstrument).field("symbol", "there is no such instrument"))
}

/// The instrument that is meant.
pub(crate) async fn resolve(state: &AppState, named: Named<'_>) -> Result<InstrumentId, Problem> {
    if let Some(symbol) = named.symbol {
        return by_symbol(&state.venue.read(), symbol);
    }
    match (named.project, named.vintage) {
        (Some(project), Some(vintage)) => by_project(state, project, vintage).await,
        (Some(_), None) => Err(missing("vintage_year", "a project's credits are traded by vintage")),
        (None, _) if named.credit_type.is_some() => {
            Err(Problem::new(Code::UnsupportedInstrument).field("credit_type", "standard contracts are not listed yet"))
        }
        (None, _) => Err(missing("symbol", "name a symbol, or project_id and vintage_year")),
    }
}

/// The instrument of a project's vintage. A project is named by its integer id, its uuid, or the registry's letters and
/// number (`VCS-191`).
async fn by_project(state: &AppState, project: &Value, vintage: i32) -> Result<InstrumentId, Problem> {
    let facts = state.venue.facts(&state.store).await;
    let text = project.as_str();
    let id = match (project.as_i64(), text.filter(|text| uuid::Uuid::try_parse(text).is_ok())) {
        (None, Some(uuid)) => state.store.projects().by_uuid(uuid).await?.map(|project| project.id),
        (number, _) => number.or_else(|| text?.parse().ok()),
    };
    let is_meant = |facts: &Facts| {
        let by_id = id.is_some() && facts.project_id == id;
        let by_code = text.is_some_and(|text| text.eq_ignore_ascii_case(&facts.project_code));
        facts.vintage_year == Some(vintage) && (by_id || by_code)
    };
    let folds = state.venue.read();
    let mut all = folds.market.listings().instruments().iter().map(|listed| listed.instrument);
    all.find(|instrument| is_meant(&facts.of(&folds.quoted_or_bare(*instrument)))).ok_or_else(|| {
        Problem::new(Reject::UnknownInstrument)
            .field("project_id", "no instrument is listed for this project and vintage")
    })
}

fn is_credit_type(word: &str) -> bool {
    ProjectType::parse(word).is_some()
}

fn missing(field: &str, message: &str) -> Problem {
    let text = format!("Missing fields: {field}");
    Problem::new(Code::MissingFields).error(text.clone()).detail(format!("{text}: {message}.")).field(field, message)
}
