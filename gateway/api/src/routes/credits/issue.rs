//! Issuing: staff enter a block, its instrument is listed, and the exchange credits the owner.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cx_engine::event::Event;
use cx_engine::ids::AccountId;
use cx_engine::reject::Reject;
use cx_identity::{Permission, User, UserStatus};
use cx_registry::issue::{IssueError, NewIssue, Opened, issue_command, listing_of, open};
use cx_registry::words::BlockStatus;
use cx_store::idempotency::{Answer, IdempotencyKey};
use cx_store::registry::CreditRecord;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::fields::{day, line, unsigned};
use super::shapes::{CreditBody, PRICE_SCALE, find_project};
use crate::auth::CurrentUser;
use crate::idempotency::{IdempotencyHeader, written};
use crate::json::{Body, Input};
use crate::listing;
use crate::number::Number;
use crate::problem::{Code, Problem, ProblemBody};
use crate::routes::trading::desk;
use crate::standing;
use crate::state::AppState;

const LABELS_MAX: usize = 50;

/// A block to be issued.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(super) struct IssueBody {
    /// The project: number, uuid, or registry and number there (`VCS-191`).
    #[schema(value_type = String)]
    project_id: Name,
    /// As the registry writes it.
    serial_number: String,
    vintage_year: i32,
    /// Tonnes; what the serial number says, where it has a range.
    quantity: Number,
    /// At most four decimal places.
    price_per_unit: Option<Number>,
    /// Whose account is credited: the user's number or uuid. Without it the block is entered as it lies at its registry.
    #[schema(value_type = Option<String>)]
    owner_user_id: Option<Name>,
    verification_body: Option<String>,
    /// `YYYY-MM-DD`.
    verification_date: Option<String>,
    additionality_verified: Option<bool>,
    /// Certifications and eligibilities, such as `CORSIA - Pilot Phase, 2021-2023 Eligible`.
    labels: Option<Vec<String>>,
}

impl Input for IssueBody {
    const REQUIRED: &'static [&'static str] = &["project_id", "serial_number", "vintage_year", "quantity"];
}

/// A number, as a JSON number or text, or any other name.
#[derive(Debug, Clone)]
struct Name(String);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            serde_json::Value::String(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("must be a number or text")),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IssuedCredit {
    credit: CreditBody,
    /// Null: the venue is not connected to a chain.
    blockchain_tx: Option<String>,
}

/// Issues a block of credits to an account. The block's instrument (project and vintage) is listed when it is not yet.
/// Serial numbers that are in another block here, or used at their registry, are refused.
#[utoipa::path(
    post,
    path = "",
    tag = "credits",
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this issue: the same key and body count once.")),
    request_body = IssueBody,
    responses(
        (status = 201, description = "Issued, and credited to the owner.", body = IssuedCredit),
        (status = 400, description = "A field is missing or not valid, or contradicts the serial number.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Not for this role.", body = ProblemBody),
        (status = 404, description = "No such project or owner.", body = ProblemBody),
        (status = 409, description = "Some of the serial numbers are taken, or the key was used with another body.", body = ProblemBody),
    ),
)]
pub(super) async fn issue(
    State(state): State<AppState>,
    current: CurrentUser,
    header: IdempotencyHeader,
    body: Body,
) -> Result<Response, Problem> {
    current.require(Permission::WriteCredits)?;
    let key = header.optional(current.account, "POST /api/carbon-credits", &body)?;
    let input: IssueBody = body.read()?;
    let project = find_project(&state, &input.project_id.0).await?;
    let owner = match &input.owner_user_id {
        Some(name) => Some(owner(&state, &name.0).await?.id),
        None => None,
    };
    let new = checked(input, project.id, owner, current.id)?;
    let credit = match open(&state.store, &new, key.as_ref()).await.map_err(refused)? {
        Opened::New(credit) | Opened::Again(credit) => credit,
        Opened::Answered(answer) => return Ok(written(answer)),
        Opened::OtherBody => return Err(Problem::new(Code::IdempotencyMismatch)),
    };
    let credit = match settle(&state, credit).await {
        Ok(credit) => credit,
        Err(problem) => {
            if let (Code::Rejected(reject), Some(key)) = (problem.code(), &key) {
                let kept = Answer { status: problem.http_status().as_u16(), body: reject.code().to_owned() };
                state.store.idempotency().answer(key, &kept).await?;
            }
            return Err(problem);
        }
    };
    answer(&state, key.as_ref(), &credit).await
}

async fn answer(state: &AppState, key: Option<&IdempotencyKey>, credit: &CreditRecord) -> Result<Response, Problem> {
    let body = IssuedCredit { credit: CreditBody::of(state, credit), blockchain_tx: None };
    let body = serde_json::to_string(&body).map_err(|error| Problem::internal(&error))?;
    let answer = Answer { status: StatusCode::CREATED.as_u16(), body };
    if let Some(key) = key {
        state.store.idempotency().answer(key, &answer).await?;
    }
    Ok(written(answer).into_response())
}

/// The fields, each checked by itself.
fn checked(input: IssueBody, project_id: i64, owner_id: Option<i64>, created_by: i64) -> Result<NewIssue, Problem> {
    let labels = input.labels.unwrap_or_default();
    if labels.len() > LABELS_MAX {
        return Err(Problem::invalid("labels", format!("labels must have at most {LABELS_MAX} items")));
    }
    let labels = labels.iter().map(|label| line("labels", label)).collect::<Result<Vec<_>, _>>()?;
    Ok(NewIssue {
        project_id,
        serial_number: input.serial_number,
        year: input.vintage_year,
        quantity: input.quantity.to_quantity().map_err(|error| error.on("quantity"))?.lots(),
        owner_id,
        price: input.price_per_unit.map(|price| unsigned("price_per_unit", price, PRICE_SCALE)).transpose()?,
        price_currency: "USD".to_owned(),
        verification_body: line("verification_body", input.verification_body.as_deref().unwrap_or_default())?,
        verified_on: input.verification_date.map(|text| day("verification_date", &text)).transpose()?,
        additionality: input.additionality_verified.unwrap_or(false),
        labels: labels.into_iter().filter(|label| !label.is_empty()).collect(),
        created_by,
    })
}

/// A user who can hold credits.
async fn owner(state: &AppState, name: &str) -> Result<User, Problem> {
    let user = state.identity.user_by_name(name).await?;
    if !user.role.may(Permission::Trade) {
        return Err(Problem::invalid("owner_user_id", "owner_user_id names staff, who hold no account"));
    }
    if user.status == UserStatus::Closed {
        return Err(Problem::new(Code::Conflict).detail("The owner's account is closed."));
    }
    Ok(user)
}

/// What a refusal of the registry is to the client.
fn refused(error: IssueError) -> Problem {
    let text = error.to_string();
    match error {
        IssueError::UnknownProject => Problem::not_found("project"),
        IssueError::ProjectCancelled => Problem::new(Code::Conflict).detail("The project is cancelled."),
        IssueError::Serial(_) => Problem::invalid("serial_number", text),
        IssueError::Mismatch(reason) => {
            use cx_registry::reason::Reason;
            let field = match reason {
                Reason::RangeLength { .. } => "quantity",
                Reason::SerialVintage { .. } => "vintage_year",
                Reason::CertificationFlag { .. } => "labels",
                _ => "serial_number",
            };
            Problem::invalid(field, text)
        }
        IssueError::Year => Problem::invalid("vintage_year", text),
        IssueError::Quantity => Problem::invalid("quantity", text),
        IssueError::Taken { .. } => Problem::new(Code::Conflict).detail(text.clone()).field("serial_number", text),
        IssueError::Store(error) => error.into(),
    }
}

/// Lists the block's instrument, has the exchange credit the owner, and makes the block active. Doing it again for the same
/// block changes nothing: the exchange lets the block's number take effect once.
async fn settle(state: &AppState, credit: CreditRecord) -> Result<CreditRecord, Problem> {
    if credit.status != BlockStatus::Pending.as_str() {
        return Ok(credit);
    }
    let broken = || Problem::internal(&format!("block {} cannot be issued", credit.id));
    let listing = listing_of(&credit).ok_or_else(broken)?;
    let owner = credit.owner_id.ok_or_else(broken)?;
    let account = AccountId::new(u32::try_from(owner).map_err(|_| broken())?);
    let known = state.venue.read().accounts.permissions(account).is_some();
    if !known {
        // Credits may come in before the identity check is done: the account opens without any permission.
        standing::follow(state, owner).await?;
    }
    listing::list(state, std::slice::from_ref(&listing)).await?;
    let code = listing.asset_code();
    let asset = state.venue.read().market.listings().asset_by_code(code.as_str()).map(|asset| asset.asset);
    let command = asset.and_then(|asset| issue_command(&credit, asset)).ok_or_else(broken)?;
    let reply = desk::answer(desk::submit(state, command)?).await?;
    match reply.own().first() {
        Some(Event::Issued(_)) => {}
        // It took effect the first time.
        Some(Event::CommandRejected(refused)) if refused.reason == Reject::DuplicateReference => {}
        Some(Event::CommandRejected(refused)) => {
            state.store.credits().give_up(credit.id).await?;
            return Err(desk::refusal(refused.reason));
        }
        other => return Err(Problem::internal(&format!("an issue was answered with {other:?}"))),
    }
    Ok(state.store.credits().activate(credit.id).await?)
}

/// Takes up blocks that were entered when the process ended. The server calls it after
/// [`standing::reconcile`]. Answers how many.
pub async fn resume(state: &AppState) -> Result<usize, Problem> {
    let interrupted = state.store.credits().pending().await?;
    let count = interrupted.len();
    for credit in interrupted {
        let id = credit.id;
        match settle(state, credit).await {
            Ok(_) => {}
            // Given up: the exchange's word is final.
            Err(problem) if matches!(problem.code(), Code::Rejected(_)) => {
                tracing::warn!(block = id, code = problem.code().as_str(), "an interrupted issue was refused");
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(count)
}
