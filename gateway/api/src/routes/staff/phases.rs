//! Phases of an instrument: now, and planned.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use cx_engine::Command;
use cx_engine::control::{ClearSchedule, Phase, SchedulePhase, SetPhase};
use cx_engine::reject::Reject;
use cx_identity::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::shapes::{InstrumentAnswer, after, named};
use super::{Decision, fields};
use crate::auth::CurrentUser;
use crate::json::{Body, Input, Segment};
use crate::number::Number;
use crate::problem::{Problem, ProblemBody};
use crate::routes::market::session::{self, Plan};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(set_phase)).routes(routes!(schedule, schedule_phase, clear_schedule))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PhaseBody {
    /// `continuous`, `pre_open`, `opening_auction`, `closing_auction`, `volatility_halt`, `closed`, `cancel_only`, `post_only`,
    /// `suspended`, or for good `delisted`.
    #[schema(example = "suspended")]
    phase: String,
    /// Why, for those who read it later.
    reason: Option<String>,
}

impl Input for PhaseBody {
    const REQUIRED: &'static [&'static str] = &["phase"];
}

fn phase(word: &str) -> Result<Phase, Problem> {
    Phase::from_code(word).ok_or_else(|| {
        let words: Vec<_> = Phase::ALL.iter().map(|phase| phase.code()).collect();
        Problem::invalid("phase", format!("phase must be one of {}", words.join(", ")))
    })
}

/// Moves an instrument to a phase now: suspends it, lets it go on (`continuous`), opens or closes an auction, delists it.
/// Leaving an auction for another phase uncrosses it; `closed` ends day orders, `delisted` all orders, for good.
#[utoipa::path(
    put,
    path = "/instruments/{symbol}/phase",
    tag = "admin",
    params(("symbol" = String, Path, description = "Its symbol.")),
    request_body = PhaseBody,
    responses(
        (status = 200, description = "The instrument is in that phase.", body = InstrumentAnswer),
        (status = 400, description = "There is no such phase, or the instrument is in it.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `instruments.manage`.", body = ProblemBody),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
        (status = 409, description = "The instrument is delisted.", body = ProblemBody),
    ),
)]
async fn set_phase(
    State(state): State<AppState>,
    user: CurrentUser,
    symbol: Segment,
    body: Body,
) -> Result<Answer<InstrumentAnswer>, Problem> {
    user.require(Permission::ManageInstruments)?;
    let listed = named(&state, &symbol)?;
    let body: PhaseBody = body.read()?;
    let to = phase(&body.phase)?;
    let detail = format!("{} is {}", listed.symbol, to.code());
    let decision = Decision::new(&user, "venue.phase", detail.as_str()).because(body.reason.as_deref());
    let command = Command::SetPhase(SetPhase { instrument: listed.instrument, phase: to });
    decision.carry_out(&state, command).await?;
    after(&state, &listed, detail)
}

#[derive(Debug, Serialize, ToSchema)]
struct ScheduleAnswer {
    symbol: String,
    schedule: Vec<Plan>,
}

/// Shows what is planned for an instrument, the next first.
#[utoipa::path(
    get,
    path = "/instruments/{symbol}/schedule",
    tag = "admin",
    params(("symbol" = String, Path, description = "Its symbol.")),
    responses(
        (status = 200, description = "The plans.", body = ScheduleAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `venue.read`.", body = ProblemBody),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
    ),
)]
async fn schedule(
    State(state): State<AppState>,
    user: CurrentUser,
    symbol: Segment,
) -> Result<Answer<ScheduleAnswer>, Problem> {
    user.require(Permission::ReadVenue)?;
    let listed = named(&state, &symbol)?;
    let schedule = session::plans(&state.venue.read(), listed.instrument);
    Ok(Answer(ScheduleAnswer { symbol: listed.symbol.to_string(), schedule }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanBody {
    /// Any phase but `volatility_halt`.
    #[schema(example = "opening_auction")]
    phase: String,
    /// When: RFC 3339 with a zone, later than now.
    #[schema(example = "2026-12-01T08:00:00Z")]
    at: String,
    /// Again every so many seconds, 1 to 366 days; left out: once.
    #[schema(example = 86400)]
    every_seconds: Option<Number>,
    /// Why, for those who read it later.
    reason: Option<String>,
}

impl Input for PlanBody {
    const REQUIRED: &'static [&'static str] = &["phase", "at"];
}

/// Plans a phase, once or again and again. The same phase at the same time replaces its plan.
#[utoipa::path(
    post,
    path = "/instruments/{symbol}/schedule",
    tag = "admin",
    params(("symbol" = String, Path, description = "Its symbol.")),
    request_body = PlanBody,
    responses(
        (status = 201, description = "Planned.", body = InstrumentAnswer),
        (status = 400, description = "A field is missing or not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `instruments.manage`.", body = ProblemBody),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
        (status = 409, description = "The instrument is delisted.", body = ProblemBody),
        (status = 503, description = "256 phases are planned for the instrument.", body = ProblemBody),
    ),
)]
async fn schedule_phase(
    State(state): State<AppState>,
    user: CurrentUser,
    symbol: Segment,
    body: Body,
) -> Result<(StatusCode, Answer<InstrumentAnswer>), Problem> {
    user.require(Permission::ManageInstruments)?;
    let listed = named(&state, &symbol)?;
    let body: PlanBody = body.read()?;
    let to = phase(&body.phase)?;
    let plan = SchedulePhase {
        instrument: listed.instrument,
        phase: to,
        at: fields::moment("at", &body.at)?,
        every_ns: fields::nanos("every_seconds", body.every_seconds)?,
    };
    let detail =
        format!("{} is to be {} at {} ns, every {} ns", listed.symbol, to.code(), plan.at.nanos(), plan.every_ns);
    let decision = Decision::new(&user, "venue.plan", detail).because(body.reason.as_deref());
    let planned = decision.carry_out(&state, Command::SchedulePhase(plan)).await;
    planned.map_err(|problem| if problem.code() == Reject::InvalidExpiry.into() { past(problem) } else { problem })?;
    Ok((StatusCode::CREATED, after(&state, &listed, "Phase planned")?))
}

fn past(problem: Problem) -> Problem {
    problem.field("at", "at must be later than now")
}

/// Takes back all that is planned for an instrument.
#[utoipa::path(
    delete,
    path = "/instruments/{symbol}/schedule",
    tag = "admin",
    params(("symbol" = String, Path, description = "Its symbol.")),
    responses(
        (status = 200, description = "Nothing is planned.", body = InstrumentAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `instruments.manage`.", body = ProblemBody),
        (status = 404, description = "There is no such instrument.", body = ProblemBody),
    ),
)]
async fn clear_schedule(
    State(state): State<AppState>,
    user: CurrentUser,
    symbol: Segment,
) -> Result<Answer<InstrumentAnswer>, Problem> {
    user.require(Permission::ManageInstruments)?;
    let listed = named(&state, &symbol)?;
    let decision = Decision::new(&user, "venue.plan", format!("nothing is planned for {}", listed.symbol));
    let command = Command::ClearSchedule(ClearSchedule { instrument: listed.instrument });
    decision.carry_out(&state, command).await?;
    after(&state, &listed, "Schedule cleared")
}
