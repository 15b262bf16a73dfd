//! Stopping and resuming all trading.

use axum::Json as Answer;
use axum::extract::State;
use cx_engine::Command;
use cx_engine::control::HaltMarket;
use cx_identity::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Decision;
use crate::auth::CurrentUser;
use crate::json::{Body, Input};
use crate::problem::{Problem, ProblemBody};
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(halt)).routes(routes!(resume))
}

/// Why; the body may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhyBody {
    /// For those who read it later.
    pub reason: Option<String>,
}

impl Input for WhyBody {
    const REQUIRED: &'static [&'static str] = &[];
}

impl WhyBody {
    /// Reads it; no body at all gives no reason.
    pub(super) fn read(body: &Body) -> Result<Self, Problem> {
        if body.bytes().is_empty() { Ok(Self::default()) } else { body.read() }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct HaltAnswer {
    message: &'static str,
    /// Whether all trading is stopped.
    halted: bool,
}

/// Stops all trading. Cancels are taken, orders stay, and what is planned waits.
#[utoipa::path(
    post,
    path = "/halt",
    tag = "admin",
    request_body = Option<WhyBody>,
    responses(
        (status = 200, description = "All trading is stopped.", body = HaltAnswer),
        (status = 400, description = "The body is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `market.halt`.", body = ProblemBody),
    ),
)]
async fn halt(State(state): State<AppState>, user: CurrentUser, body: Body) -> Result<Answer<HaltAnswer>, Problem> {
    user.require(Permission::HaltMarket)?;
    switch(&state, &user, &body, true, "Trading is halted").await
}

/// Lets trading go on.
#[utoipa::path(
    post,
    path = "/resume",
    tag = "admin",
    request_body = Option<WhyBody>,
    responses(
        (status = 200, description = "Trading goes on.", body = HaltAnswer),
        (status = 400, description = "The body is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `market.resume`.", body = ProblemBody),
    ),
)]
async fn resume(State(state): State<AppState>, user: CurrentUser, body: Body) -> Result<Answer<HaltAnswer>, Problem> {
    user.require(Permission::ResumeMarket)?;
    switch(&state, &user, &body, false, "Trading goes on").await
}

async fn switch(
    state: &AppState,
    user: &CurrentUser,
    body: &Body,
    halted: bool,
    message: &'static str,
) -> Result<Answer<HaltAnswer>, Problem> {
    let why = WhyBody::read(body)?;
    let (action, detail) =
        if halted { ("venue.halt", "all trading is stopped") } else { ("venue.resume", "trading goes on") };
    let decision = Decision::new(user, action, detail).because(why.reason.as_deref());
    decision.carry_out(state, Command::HaltMarket(HaltMarket { halted })).await?;
    Ok(Answer(HaltAnswer { message, halted: state.venue.read().market.halted() }))
}
