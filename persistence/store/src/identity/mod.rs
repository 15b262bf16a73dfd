//! Repositories of people: users and profiles ([`users`]), identity checks ([`kyc`]), logins ([`sessions`]), mail that
//! waits to be sent ([`mail`]), and what staff decided about the market ([`decisions`]).
//!
//! Roles and states are text here; what they mean is known to the identity crate. Every change of a user's standing adds
//! a row to the history in the same transaction.

mod credentials;
pub mod decisions;
pub mod kyc;
pub mod mail;
mod profile;
mod record;
pub mod sessions;
pub mod users;

use sqlx::AnyConnection;

use crate::StoreError;

pub use credentials::Attempt;
pub use decisions::{DecisionRecord, Decisions, NewDecision};
pub use kyc::{Decision, Kyc, KycRecord, Review};
pub use mail::{Mail, MailToken, MailWaiting};
pub use profile::{Profile, ProfileChange};
pub use record::UserRecord;
pub use sessions::{NewSession, Rotation, SessionState, Sessions};
pub use users::{NewUser, StatusChange, UserCounts, UserFilter, Users};

/// What is written into a user's history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistoryEntry<'a> {
    pub(crate) user_id: i64,
    pub(crate) action: &'a str,
    pub(crate) detail: &'a str,
    pub(crate) reason: Option<&'a str>,
    /// `None`: the user or the venue itself.
    pub(crate) made_by: Option<i64>,
    pub(crate) made_at: i64,
}

pub(crate) async fn remember(tx: &mut AnyConnection, entry: HistoryEntry<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO user_history (user_id, action, detail, reason, made_by, made_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(entry.user_id)
    .bind(entry.action)
    .bind(entry.detail)
    .bind(entry.reason)
    .bind(entry.made_by)
    .bind(entry.made_at)
    .execute(tx)
    .await?;
    Ok(())
}
