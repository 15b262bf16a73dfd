//! Who decided what about the market, for those who ask later.

use axum::Json as Answer;
use axum::extract::State;
use cx_identity::{DecisionRecord, Permission};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::CurrentUser;
use crate::json::Params;
use crate::page::{PageMeta, PageParams};
use crate::problem::{Problem, ProblemBody};
use crate::routes::trading::shapes::of_micros;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_decisions))
}

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
struct DecisionBody {
    id: i64,
    /// What was done.
    #[schema(example = "venue.halt")]
    action: String,
    /// The position in the journal, and what was asked for.
    detail: String,
    reason: Option<String>,
    /// The user that it is about; null when it is about the market.
    user_id: Option<i64>,
    /// Who decided.
    made_by: i64,
    made_at: String,
}

impl DecisionBody {
    fn of(record: DecisionRecord) -> Self {
        Self {
            id: record.id,
            action: record.action,
            detail: record.detail,
            reason: record.reason,
            user_id: (record.user_id != record.made_by).then_some(record.user_id),
            made_by: record.made_by,
            made_at: of_micros(record.made_at),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct DecisionList {
    decisions: Vec<DecisionBody>,
    #[serde(flatten)]
    page: PageMeta,
}

/// Lists what staff decided about the market and about trading accounts, newest first.
#[utoipa::path(
    get,
    path = "/decisions",
    tag = "admin",
    params(PageParams),
    responses(
        (status = 200, description = "A page of decisions.", body = DecisionList),
        (status = 400, description = "A parameter is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `venue.read`.", body = ProblemBody),
    ),
)]
async fn list_decisions(
    State(state): State<AppState>,
    user: CurrentUser,
    params: Params,
) -> Result<Answer<DecisionList>, Problem> {
    user.require(Permission::ReadVenue)?;
    let page = state.identity.decisions(PageParams::read(&params)?).await?;
    let meta = PageMeta::from(&page);
    Ok(Answer(DecisionList { decisions: page.items.into_iter().map(DecisionBody::of).collect(), page: meta }))
}
