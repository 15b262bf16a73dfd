//! Makes the exchange core follow what the store says about people.
//!
//! Whether an account may trade and withdraw is decided by role, state and identity check (SQL) and enforced by the core
//! (a journaled command). The two are not one transaction, so: SQL first, which closes the gateway's own gate at once; then
//! the command, one user's changes strictly in the order of the store; and at every start [`reconcile`], which heals what a
//! crash between the two has left.

use std::time::Duration;

use cx_engine::Command;
use cx_engine::command::SetPermissions;
use cx_engine::event::Event;
use cx_identity::{Permission, User};
use cx_pipeline::{Pending, SubmitError};
use cx_store::clock::now_micros;

use crate::problem::{Code, Problem};
use crate::routes::trading::desk;
use crate::state::AppState;

/// A full ring is asked again so often: what is revoked must not wait for a quiet moment.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);
/// Users read from the store at a time.
const CHUNK: u32 = 500;

/// What a reconciliation found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reconciled {
    /// How many users were looked at.
    pub users: u64,
    /// For how many the core had to be told something else.
    pub changed: u64,
}

/// Tells the core what a user's account may do now, and waits until that is durable. Answers the user as of then.
///
/// One at a time over the whole venue: reading the store and submitting must not interleave with another change of the
/// same user, and such changes are rare.
pub(crate) async fn follow(state: &AppState, user_id: i64) -> Result<User, Problem> {
    let _turn = state.standing.lock().await;
    let user = state.identity.user(user_id).await?;
    let account = user.account();
    let known = state.venue.read().accounts.permissions(account);
    if known.is_none() && !user.role.may(Permission::Trade) {
        // Staff have no account in the core.
        return Ok(user);
    }
    let permissions = user.permissions(now_micros());
    let pending = submit(state, Command::SetPermissions(SetPermissions { account, permissions })).await?;
    let reply = desk::answer(pending).await?;
    match reply.own().last() {
        Some(Event::PermissionsSet(set)) if set.permissions == permissions => Ok(user),
        Some(Event::CommandRejected(refused)) => Err(Problem::new(refused.reason)),
        other => Err(Problem::internal(&format!("permissions were answered with {other:?}"))),
    }
}

/// Hands over a command of the house.
pub(crate) async fn submit(state: &AppState, command: Command) -> Result<Pending, Problem> {
    for _ in 1..TRIES {
        match state.sequencer.submit(command) {
            Err(SubmitError::Overloaded) => tokio::time::sleep(PAUSE).await,
            done => return Ok(done?),
        }
    }
    Ok(state.sequencer.submit(command)?)
}

/// Compares every user with what the core permits and tells the core where they differ. The server calls it once it has
/// recovered and before it serves; calling it at any other time does no harm.
pub async fn reconcile(state: &AppState) -> Result<Reconciled, Problem> {
    state.identity.lapse().await?;
    let mut done = Reconciled::default();
    let mut after = 0;
    loop {
        let chunk = state.identity.after(after, CHUNK).await?;
        let Some(last) = chunk.last() else { return Ok(done) };
        after = last.id;
        for user in &chunk {
            done.users += 1;
            let known = state.venue.read().accounts.permissions(user.account()).unwrap_or_default();
            if known != user.permissions(now_micros()) {
                tracing::warn!(user = user.id, "the core permitted something else than the store says: told it");
                follow(state, user.id).await?;
                done.changed += 1;
            }
        }
    }
}

/// Ends what ends by itself (suspensions with an end, approvals that expire) and tells the core. The server calls it now
/// and then, once a minute say. Answers how many users it was about.
pub async fn sweep(state: &AppState) -> Result<usize, Problem> {
    let changed = state.identity.lapse().await?;
    for user_id in &changed {
        follow(state, *user_id).await?;
    }
    Ok(changed.len())
}

impl From<cx_identity::IdentityError> for Problem {
    fn from(error: cx_identity::IdentityError) -> Self {
        use cx_identity::IdentityError as E;
        let with_faults = |code, faults: Vec<cx_identity::Fault>| {
            faults.into_iter().fold(Self::new(code), |problem, fault| problem.field(fault.field, fault.message))
        };
        match error {
            E::Invalid(faults) => with_faults(Code::InvalidValue, faults),
            E::WeakPassword(faults) => with_faults(Code::WeakPassword, faults),
            E::EmailTaken => Self::new(Code::EmailTaken).field("email", "email is registered already"),
            E::InvalidCredentials => Self::new(Code::InvalidCredentials),
            E::WrongPassword => Self::new(Code::WrongPassword).field("current_password", "current_password is wrong"),
            E::Locked { until } => locked(until),
            E::Suspended => Self::new(Code::AccountSuspended),
            E::Closed => Self::new(Code::AccountClosed),
            E::FourEyes => Self::new(Code::FourEyes),
            E::BadVerification => Self::new(Code::InvalidVerification).field("token", "token is wrong or expired"),
            E::Store(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

fn locked(until: Option<i64>) -> Problem {
    let problem = Problem::new(Code::AccountLocked);
    let Some(until) = until else { return problem };
    let seconds = (until - now_micros()).max(0).unsigned_abs().div_ceil(1_000_000);
    problem.retry_after(seconds.max(1))
}
