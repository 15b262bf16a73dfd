//! What staff decide about the market and about trading accounts: `/api/admin/instruments`, `fees`, `limits`, `halt`,
//! `resume`, `kill`, `trades`. Each decision is one journaled command; the answer comes when it is durable and shows what
//! is in force then.
//!
//! Who decided is not in the journal: the log has it before the command, and `user_history` after it ([`decisions`]). A
//! database that is away does not keep anybody from stopping the market.

use cx_engine::Command;
use cx_engine::event::Event;
use cx_engine::ids::AccountId;
use cx_engine::reject::Reject;
use cx_identity::{Identity, NewDecision};
use cx_pipeline::Reply;
use utoipa_axum::router::OpenApiRouter;

use crate::auth::CurrentUser;
use crate::problem::Problem;
use crate::routes::trading::desk;
use crate::standing;
use crate::state::AppState;

mod accounts;
mod assets;
mod busts;
mod decisions;
mod fees;
mod fields;
mod halts;
mod instruments;
mod kills;
mod phases;
mod shapes;

/// The routes.
pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(assets::routes())
        .merge(instruments::routes())
        .merge(phases::routes())
        .merge(fees::routes())
        .merge(accounts::routes())
        .merge(halts::routes())
        .merge(kills::routes())
        .merge(busts::routes())
        .merge(decisions::routes())
}

/// A decision on its way.
struct Decision<'a> {
    by: &'a CurrentUser,
    /// Begins with `venue.`.
    action: &'static str,
    /// The account that it is about; `None` for the market.
    about: Option<AccountId>,
    /// What was asked for, in words for those who read it later.
    detail: String,
    reason: Option<&'a str>,
}

impl<'a> Decision<'a> {
    fn new(by: &'a CurrentUser, action: &'static str, detail: impl Into<String>) -> Self {
        Self { by, action, about: None, detail: detail.into(), reason: None }
    }

    fn about(self, account: AccountId) -> Self {
        Self { about: Some(account), ..self }
    }

    fn because(self, reason: Option<&'a str>) -> Self {
        Self { reason, ..self }
    }

    /// Carries it out, and writes down who decided once it is durable.
    async fn carry_out(self, state: &AppState, command: Command) -> Result<Reply, Problem> {
        let reason = Identity::reason(self.reason)?;
        let (by, action, detail) = (self.by.id, self.action, self.detail.as_str());
        tracing::info!(by, action, detail, reason = reason.as_deref(), "staff decide about the market");
        let reply = desk::answer(standing::submit(state, command).await?).await?;
        let refused = reply.events.iter().find_map(|event| match event {
            Event::CommandRejected(refused) => Some(refused.reason),
            _ => None,
        });
        if let Some(reason) = refused {
            tracing::info!(by, action, detail, code = reason.code(), "the exchange refused what staff decided");
            return Err(Problem::new(reason).detail(reason.message()));
        }
        let decision = NewDecision {
            user_id: self.about.map_or(by, |account| i64::from(account.get())),
            action,
            detail: &format!("journal position {}: {detail}", reply.seq.get()),
            reason: reason.as_deref(),
            made_by: by,
        };
        // It has taken effect: that it could not be written down must not read as if it had not.
        if let Err(error) = state.identity.note_decision(&decision).await {
            tracing::error!(%error, by, action, detail, seq = reply.seq.get(), "a decision was not written down");
        }
        Ok(reply)
    }
}

/// The trading account that a path names: a user's number, which is the account's, or a user's uuid. Numbers are known
/// without the database.
async fn account(state: &AppState, name: &str) -> Result<AccountId, Problem> {
    let account = match name.parse::<u32>() {
        Ok(number) if name.bytes().all(|byte| byte.is_ascii_digit()) => AccountId::new(number),
        _ => state.identity.user_by_name(name).await?.account(),
    };
    let known = state.venue.read().accounts.permissions(account).is_some();
    if known || account == AccountId::VENUE { Ok(account) } else { Err(Problem::new(Reject::UnknownAccount)) }
}
