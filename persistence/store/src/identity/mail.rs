//! Mail that waits to be sent, and the tokens in it. While no mail server is configured it stays in the outbox.

use sqlx::{AnyConnection, Row};

use super::record::{UserRecord, user_in};
use super::{HistoryEntry, remember};
use crate::clock::now_micros;
use crate::{Store, StoreError};

/// What a token that came by mail is good for.
pub const VERIFY_EMAIL: &str = "verify_email";

/// A mail with a token in it.
#[derive(Debug, Clone, Copy)]
pub struct MailToken<'a> {
    /// What the token is good for: [`VERIFY_EMAIL`].
    pub purpose: &'a str,
    /// SHA-256 of the token, in hexadecimal.
    pub token_hash: &'a str,
    /// When the token expires, in microseconds.
    pub expires_at: i64,
    /// The mail's subject.
    pub subject: &'a str,
    /// The mail's text, with the token.
    pub body: &'a str,
}

/// A mail that has not been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailWaiting {
    /// Its row.
    pub id: i64,
    /// To whom.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
}

/// Stores the token and its mail inside a transaction. Earlier tokens of the same purpose stop working.
pub(crate) async fn put(
    tx: &mut AnyConnection,
    user_id: i64,
    email: &str,
    token: &MailToken<'_>,
    now: i64,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM mail_tokens WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL")
        .bind(user_id)
        .bind(token.purpose)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO mail_tokens (token_hash, user_id, purpose, email, expires_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(token.token_hash)
    .bind(user_id)
    .bind(token.purpose)
    .bind(email)
    .bind(token.expires_at)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO outbox (user_id, kind, recipient, subject, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(user_id)
    .bind(token.purpose)
    .bind(email)
    .bind(token.subject)
    .bind(token.body)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The repository of mail.
#[derive(Debug, Clone)]
pub struct Mail {
    store: Store,
}

impl Mail {
    /// On this store.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Puts a mail with a token into the outbox.
    pub async fn send(&self, user_id: i64, email: &str, token: &MailToken<'_>) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        put(&mut tx, user_id, email, token, now_micros()).await?;
        tx.commit().await
    }

    /// Mails to one address that have not been sent, oldest first.
    pub async fn waiting(&self, recipient: &str) -> Result<Vec<MailWaiting>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, recipient, subject, body FROM outbox WHERE sent_at IS NULL AND recipient = $1 ORDER BY id",
        )
        .bind(recipient)
        .fetch_all(self.store.pool())
        .await?;
        let read = |row: &sqlx::any::AnyRow| {
            Ok(MailWaiting {
                id: row.try_get("id")?,
                recipient: row.try_get("recipient")?,
                subject: row.try_get("subject")?,
                body: row.try_get("body")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Uses a token of [`VERIFY_EMAIL`] up and marks the address as verified. `activate` makes a pending user with an
    /// approved identity check active. [`StoreError::NotFound`] when the token is wrong, used or expired.
    pub async fn verify_email(&self, token_hash: &str, activate: bool) -> Result<UserRecord, StoreError> {
        let now = now_micros();
        let mut tx = self.store.begin().await?;
        let row = sqlx::query(
            "UPDATE mail_tokens SET used_at = $1 WHERE token_hash = $2 AND purpose = 'verify_email' \
             AND used_at IS NULL AND expires_at > $1 RETURNING user_id, email",
        )
        .bind(now)
        .bind(token_hash)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(StoreError::NotFound("token"))?;
        let (user_id, email): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        let done = sqlx::query("UPDATE users SET email_verified_at = $1, updated_at = $1 WHERE id = $2 AND email = $3")
            .bind(now)
            .bind(user_id)
            .bind(email.as_str())
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::NotFound("token"));
        }
        let user = user_in(&mut tx, user_id).await?;
        if activate && user.status == "pending" && user.kyc_status == "approved" {
            sqlx::query("UPDATE users SET status = 'active' WHERE id = $1").bind(user_id).execute(&mut *tx).await?;
        }
        let entry = HistoryEntry {
            user_id,
            action: "email verified",
            detail: &email,
            reason: None,
            made_by: None,
            made_at: now,
        };
        remember(&mut tx, entry).await?;
        let user = user_in(&mut tx, user_id).await?;
        tx.commit().await?;
        Ok(user)
    }
}
