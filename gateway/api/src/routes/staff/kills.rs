//! The kill switch of an account.

use axum::Json as Answer;
use axum::extract::State;
use cx_engine::Command;
use cx_engine::control::Kill;
use cx_engine::event::Event;
use cx_engine::ids::AccountId;
use cx_identity::Permission;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::AccountStanding;
use super::halts::WhyBody;
use super::{Decision, account};
use crate::auth::CurrentUser;
use crate::json::{Body, Segment};
use crate::problem::{Problem, ProblemBody};
use crate::routes::trading::desk;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(kill, revive))
}

#[derive(Debug, Serialize, ToSchema)]
struct KillAnswer {
    message: &'static str,
    /// How many orders were cancelled.
    cancelled: u32,
    #[serde(flatten)]
    standing: AccountStanding,
}

/// Stops an account: all its orders are cancelled, and it cannot place or amend until it is let go on.
#[utoipa::path(
    post,
    path = "/kill/{account}",
    tag = "admin",
    params(("account" = String, Path, description = "The user's number or uuid.")),
    request_body = Option<WhyBody>,
    responses(
        (status = 200, description = "The account is stopped.", body = KillAnswer),
        (status = 400, description = "The body is not valid.", body = ProblemBody),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `accounts.kill`, or the account is the venue's own.", body = ProblemBody),
        (status = 404, description = "There is no such account.", body = ProblemBody),
    ),
)]
async fn kill(
    State(state): State<AppState>,
    user: CurrentUser,
    Segment(name): Segment,
    body: Body,
) -> Result<Answer<KillAnswer>, Problem> {
    user.require(Permission::KillAccounts)?;
    let account = account(&state, &name).await?;
    let why = WhyBody::read(&body)?;
    switch(&state, &user, account, why.reason.as_deref(), true).await
}

/// Lets an account go on that was stopped. Its cancelled orders do not come back.
#[utoipa::path(
    delete,
    path = "/kill/{account}",
    tag = "admin",
    params(("account" = String, Path, description = "The user's number or uuid.")),
    responses(
        (status = 200, description = "The account goes on.", body = KillAnswer),
        (status = 401, description = "No valid access token.", body = ProblemBody),
        (status = 403, description = "Needs `accounts.revive`, or the account is the venue's own.", body = ProblemBody),
        (status = 404, description = "There is no such account.", body = ProblemBody),
    ),
)]
async fn revive(
    State(state): State<AppState>,
    user: CurrentUser,
    Segment(name): Segment,
) -> Result<Answer<KillAnswer>, Problem> {
    user.require(Permission::ReviveAccounts)?;
    let account = account(&state, &name).await?;
    switch(&state, &user, account, None, false).await
}

async fn switch(
    state: &AppState,
    user: &CurrentUser,
    account: AccountId,
    reason: Option<&str>,
    killed: bool,
) -> Result<Answer<KillAnswer>, Problem> {
    let (action, done) = if killed { ("venue.kill", "is stopped") } else { ("venue.revive", "goes on") };
    let decision = Decision::new(user, action, format!("account {} {done}", account.get())).about(account);
    let reply = decision.because(reason).carry_out(state, Command::Kill(Kill { account, killed })).await?;
    let cancelled = match reply.own().last() {
        Some(Event::AccountKilled { count, .. }) => *count,
        other => return Err(desk::unexpected(other)),
    };
    let message = if killed { "Account stopped" } else { "Account goes on" };
    Ok(Answer(KillAnswer { message, cancelled, standing: AccountStanding::of(state, account) }))
}
