//! Answers kept under the client's `Idempotency-Key`, so that a repeated request has one effect and one answer.
//!
//! A request first claims its key, in the same transaction as the row that it makes; when its work is done it leaves its
//! answer. Whoever comes with a key that is claimed but not answered (a crash, or the first request still running) is told
//! which row the claim made, and finishes that instead of making another.

use cx_engine::ids::AccountId;
use sqlx::{AnyConnection, Row};

use crate::clock::now_micros;
use crate::columns::{corrupt, unsigned_option};
use crate::{Store, StoreError};

/// A request that must not take effect twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Who asks.
    pub account: AccountId,
    /// The route, such as `POST /api/wallet/deposits`.
    pub route: String,
    /// The client's key.
    pub key: String,
    /// A hash of the body: the same key with another body is refused.
    pub body_hash: [u8; 32],
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: String,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is new, and claimed from here on.
    New,
    /// The request was answered before: answer the same.
    Answered(Answer),
    /// It is claimed, and not answered yet. `subject` is the row that the first request made, if it got that far.
    Unanswered {
        /// The row's number.
        subject: Option<i64>,
    },
    /// The key was used with another body.
    OtherBody,
}

/// Keeps and finds answers.
#[derive(Debug, Clone, Copy)]
pub struct Idempotency<'a>(&'a Store);

impl Store {
    /// Answers kept under idempotency keys.
    pub const fn idempotency(&self) -> Idempotency<'_> {
        Idempotency(self)
    }
}

impl Idempotency<'_> {
    /// Claims a key, or tells what is known of it. Of concurrent requests with one key exactly one gets [`Claim::New`].
    pub async fn claim(self, key: &IdempotencyKey) -> Result<Claim, StoreError> {
        let mut tx = self.0.begin().await?;
        let claim = claim(&mut tx, key).await?;
        tx.commit().await?;
        Ok(claim)
    }

    /// Keeps the answer of a claimed key. The first answer stands.
    pub async fn answer(self, key: &IdempotencyKey, answer: &Answer) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        sqlx::query(
            "UPDATE idempotency SET status = $1, body = $2 WHERE account = $3 AND route = $4 AND key = $5 AND status IS NULL",
        )
        .bind(i64::from(answer.status))
        .bind(answer.body.as_str())
        .bind(i64::from(key.account.get()))
        .bind(key.route.as_str())
        .bind(key.key.as_str())
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Gives a claimed key back that has made nothing, because the request was refused before it had any effect. Claims with
    /// a row or an answer stay.
    pub async fn release(self, key: &IdempotencyKey) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        sqlx::query(
            "DELETE FROM idempotency WHERE account = $1 AND route = $2 AND key = $3 AND status IS NULL AND subject IS NULL",
        )
        .bind(i64::from(key.account.get()))
        .bind(key.route.as_str())
        .bind(key.key.as_str())
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Forgets answered keys that were claimed before `micros`; answers how many.
    pub async fn forget_before(self, micros: i64) -> Result<u64, StoreError> {
        let mut tx = self.0.begin().await?;
        let gone = sqlx::query("DELETE FROM idempotency WHERE created_at < $1 AND status IS NOT NULL")
            .bind(micros)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}

/// Claims a key within a transaction. On PostgreSQL a concurrent claim of the same key waits here until the other commits.
pub(crate) async fn claim(connection: &mut AnyConnection, key: &IdempotencyKey) -> Result<Claim, StoreError> {
    let claimed = sqlx::query(
        "INSERT INTO idempotency (account, route, key, body_hash, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (account, route, key) DO NOTHING",
    )
    .bind(i64::from(key.account.get()))
    .bind(key.route.as_str())
    .bind(key.key.as_str())
    .bind(key.body_hash.to_vec())
    .bind(now_micros())
    .execute(&mut *connection)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::New);
    }
    let row = sqlx::query(
        "SELECT body_hash, subject, status, body FROM idempotency WHERE account = $1 AND route = $2 AND key = $3",
    )
    .bind(i64::from(key.account.get()))
    .bind(key.route.as_str())
    .bind(key.key.as_str())
    .fetch_one(connection)
    .await?;
    if row.try_get::<Vec<u8>, _>("body_hash")? != key.body_hash {
        return Ok(Claim::OtherBody);
    }
    let body: Option<String> = row.try_get("body")?;
    match (unsigned_option(&row, "idempotency", "status")?, body) {
        (Some(status), Some(body)) => Ok(Claim::Answered(Answer { status, body })),
        (None, None) => Ok(Claim::Unanswered { subject: row.try_get("subject")? }),
        _ => Err(corrupt("idempotency", "body", "a status without a body, or the reverse")),
    }
}

/// Notes which row a claimed key made.
pub(crate) async fn set_subject(
    connection: &mut AnyConnection,
    key: &IdempotencyKey,
    subject: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE idempotency SET subject = $1 WHERE account = $2 AND route = $3 AND key = $4")
        .bind(subject)
        .bind(i64::from(key.account.get()))
        .bind(key.route.as_str())
        .bind(key.key.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
