//! Blocks: listed and shown to whoever is logged in; what is said about them is changed by staff.

use axum::Json as Answer;
use axum::extract::State;
use cx_identity::Permission;
use cx_store::registry::{CreditEdit, CreditFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::{day, line, unsigned};
use super::shapes::{CreditBody, PRICE_SCALE, find_credit, find_project, states_of};
use crate::auth::CurrentUser;
use crate::json::{Body, Input, Params, Segment};
use crate::number::Number;
use crate::page::{PageMeta, PageParams};
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::AppState;

#[derive(Debug, Default, Deserialize)]
struct CreditQuery {
    status: Option<String>,
    project_id: Option<String>,
    vintage_year: Option<i32>,
    project_type: Option<String>,
    standard: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CreditList {
    credits: Vec<CreditBody>,
    #[serde(flatten)]
    page: PageMeta,
}

#[derive(Serialize, ToSchema)]
pub(super) struct OneCredit {
    credit: CreditBody,
}

#[derive(Serialize, ToSchema)]
pub(super) struct EditedCredit {
    credit: CreditBody,
    /// The fields that changed.
    updated_fields: Vec<&'static str>,
}

/// What is said about a block. What is left out stays as it is.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(super) struct CreditChanges {
    /// At most four decimal places.
    price_per_unit: Option<Number>,
    verification_body: Option<String>,
    /// `YYYY-MM-DD`.
    verification_date: Option<String>,
    additionality_verified: Option<bool>,
    /// Never changes: a block stays what its registry issued.
    #[schema(value_type = Option<String>)]
    serial_number: Option<serde_json::Value>,
    /// Never changes.
    #[schema(value_type = Option<u64>)]
    quantity: Option<serde_json::Value>,
    /// Never changes.
    #[schema(value_type = Option<i32>)]
    vintage_year: Option<serde_json::Value>,
    /// Follows from what happens to the block.
    #[schema(value_type = Option<String>)]
    status: Option<serde_json::Value>,
}

impl Input for CreditChanges {
    const REQUIRED: &'static [&'static str] = &[];
}

/// Lists blocks of credits, newest first. An unknown type, standard or project has none; an unknown status is refused.
#[utoipa::path(
    get,
    path = "",
    tag = "credits",
    params(
        PageParams,
        ("status" = Option<String>, Query, description = "Only those that stand so."),
        ("project_id" = Option<String>, Query, description = "Only of this project: number, uuid, or `VCS-191`."),
        ("vintage_year" = Option<i32>, Query, description = "Only of this vintage."),
        ("project_type" = Option<String>, Query, description = "Only of projects of this kind."),
        ("standard" = Option<String>, Query, description = "Only of projects under this standard."),
    ),
    responses(
        (status = 200, description = "A page of credits.", body = CreditList),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
    ),
)]
pub(super) async fn list(
    State(state): State<AppState>,
    _current: CurrentUser,
    params: Params,
) -> Result<Answer<CreditList>, Problem> {
    let request = PageParams::read(&params)?;
    let query: CreditQuery = params.read()?;
    let (statuses, held) = match query.status.as_deref() {
        None => (Vec::new(), None),
        Some(status) => {
            states_of(status).ok_or_else(|| Problem::invalid("status", format!("status {status:?} is not known")))?
        }
    };
    let project_id = match query.project_id.as_deref() {
        None => None,
        Some(name) => match find_project(&state, name).await {
            Ok(project) => Some(project.id),
            // No row has it.
            Err(problem) if problem.code() == Code::NotFound => Some(0),
            Err(problem) => return Err(problem),
        },
    };
    let filter = CreditFilter {
        statuses,
        held,
        project_id,
        year: query.vintage_year,
        project_type: query.project_type,
        standard: query.standard,
    };
    let page = state.store.credits().list(&filter, request).await?;
    let meta = PageMeta::from(&page);
    let credits = page.items.iter().map(|credit| CreditBody::of(&state, credit)).collect();
    Ok(Answer(CreditList { credits, page: meta }))
}

/// Shows a block of credits.
#[utoipa::path(
    get,
    path = "/{id}",
    tag = "credits",
    params(("id" = String, Path, description = "The block's number or uuid.")),
    responses(
        (status = 200, description = "The block.", body = OneCredit),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 404, description = "No such block.", body = ProblemBody),
    ),
)]
pub(super) async fn show(
    State(state): State<AppState>,
    _current: CurrentUser,
    Segment(id): Segment,
) -> Result<Answer<OneCredit>, Problem> {
    let credit = find_credit(&state, &id).await?;
    Ok(Answer(OneCredit { credit: CreditBody::of(&state, &credit) }))
}

/// Changes what is said about a block. Serial, quantity and vintage are what the registry issued, and the status follows
/// from what happens to the block: none of them is set by hand.
#[utoipa::path(
    put,
    path = "/{id}",
    tag = "credits",
    params(("id" = String, Path, description = "The block's number or uuid.")),
    request_body = CreditChanges,
    responses(
        (status = 200, description = "Changed.", body = EditedCredit),
        (status = 400, description = "A field is not valid, or never changes.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role.", body = ProblemBody),
        (status = 404, description = "No such block.", body = ProblemBody),
    ),
)]
pub(super) async fn edit(
    State(state): State<AppState>,
    current: CurrentUser,
    Segment(id): Segment,
    body: Body,
) -> Result<Answer<EditedCredit>, Problem> {
    current.require(Permission::WriteCredits)?;
    let before = find_credit(&state, &id).await?;
    let changes: CreditChanges = body.read()?;
    let fixed = [
        ("serial_number", changes.serial_number.is_some()),
        ("quantity", changes.quantity.is_some()),
        ("vintage_year", changes.vintage_year.is_some()),
        ("status", changes.status.is_some()),
    ];
    if let Some((field, _)) = fixed.into_iter().find(|(_, given)| *given) {
        return Err(Problem::invalid(field, format!("{field} is not set by hand")));
    }
    let edit = CreditEdit {
        price: changes.price_per_unit.map(|price| unsigned("price_per_unit", price, PRICE_SCALE)).transpose()?,
        verification_body: changes.verification_body.map(|text| line("verification_body", &text)).transpose()?,
        verified_on: changes.verification_date.map(|text| day("verification_date", &text)).transpose()?,
        additionality: changes.additionality_verified,
    };
    let updated_fields: Vec<&'static str> = [
        ("price_per_unit", edit.price.is_some() && edit.price != before.price),
        ("verification_body", edit.verification_body.as_ref().is_some_and(|text| *text != before.verification_body)),
        ("verification_date", edit.verified_on.is_some() && edit.verified_on != before.verified_on),
        ("additionality_verified", edit.additionality.is_some_and(|flag| flag != before.additionality)),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(name, _)| name)
    .collect();
    let credit = if updated_fields.is_empty() { before } else { state.store.credits().edit(before.id, &edit).await? };
    Ok(Answer(EditedCredit { credit: CreditBody::of(&state, &credit), updated_fields }))
}
