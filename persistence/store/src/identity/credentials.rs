//! Passwords, failed attempts, locks, and states that end by themselves.

use sqlx::{AnyConnection, Row};

use super::record::{UserRecord, user_in};
use super::users::Users;
use super::{HistoryEntry, remember};
use crate::StoreError;
use crate::clock::now_micros;

/// How an attempt to log in begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It may go on. It is counted as failed until [`Users::attempt_succeeded`].
    Open,
    /// Too many have failed; the lock ends then, in microseconds.
    Locked {
        /// When it ends.
        until: i64,
    },
}

/// Ends all logins of a user inside a transaction.
pub(crate) async fn end_sessions(
    tx: &mut AnyConnection,
    user_id: i64,
    reason: &str,
    now: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE sessions SET revoked_at = $1, revoke_reason = $2 WHERE user_id = $3 AND revoked_at IS NULL")
        .bind(now)
        .bind(reason)
        .bind(user_id)
        .execute(tx)
        .await?;
    Ok(())
}

impl Users {
    /// Counts an attempt as failed before its password is checked, so that any number of attempts at once get no more
    /// than `most` guesses. The attempt that reaches `most` sets the lock.
    pub async fn begin_attempt(&self, id: i64, most: i64, now: i64, lock_until: i64) -> Result<Attempt, StoreError> {
        let mut tx = self.store.begin().await?;
        let open = sqlx::query(
            "UPDATE users SET \
             locked_until = CASE WHEN locked_until IS NULL AND failed_logins + 1 >= $1 THEN $2 ELSE NULL END, \
             failed_logins = CASE WHEN locked_until IS NULL THEN failed_logins + 1 ELSE 1 END \
             WHERE id = $3 AND (locked_until IS NULL OR locked_until <= $4)",
        )
        .bind(most)
        .bind(lock_until)
        .bind(id)
        .bind(now)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let attempt = if open == 1 {
            Attempt::Open
        } else {
            Attempt::Locked { until: user_in(&mut tx, id).await?.locked_until.unwrap_or(now) }
        };
        tx.commit().await?;
        Ok(attempt)
    }

    /// The password was right: the count starts anew.
    pub async fn attempt_succeeded(&self, id: i64) -> Result<(), StoreError> {
        sqlx::query("UPDATE users SET failed_logins = 0, locked_until = NULL WHERE id = $1")
            .bind(id)
            .execute(self.store.pool())
            .await?;
        Ok(())
    }

    /// Lifts the lock of failed logins; a state of `locked` becomes `active`, or `pending` when the
    /// identity check is not approved.
    pub async fn unlock(&self, id: i64, made_by: i64) -> Result<UserRecord, StoreError> {
        let now = now_micros();
        let mut tx = self.store.begin().await?;
        sqlx::query(
            "UPDATE users SET failed_logins = 0, locked_until = NULL, updated_at = $1, \
             status_until = CASE WHEN status = 'locked' THEN NULL ELSE status_until END, \
             status_reason = CASE WHEN status = 'locked' THEN NULL ELSE status_reason END, \
             status = CASE WHEN status <> 'locked' THEN status \
             WHEN EXISTS (SELECT 1 FROM kyc WHERE kyc.user_id = users.id AND kyc.status = 'approved') THEN 'active' \
             ELSE 'pending' END WHERE id = $2",
        )
        .bind(now)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let entry = HistoryEntry {
            user_id: id,
            action: "unlocked",
            detail: "",
            reason: None,
            made_by: Some(made_by),
            made_at: now,
        };
        remember(&mut tx, entry).await?;
        let user = user_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Stores a new password and ends all logins.
    pub async fn set_password(&self, id: i64, password_hash: &str) -> Result<(), StoreError> {
        let now = now_micros();
        let mut tx = self.store.begin().await?;
        sqlx::query("UPDATE users SET password_hash = $1, updated_at = $2 WHERE id = $3")
            .bind(password_hash)
            .bind(now)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        end_sessions(&mut tx, id, "password changed", now).await?;
        let entry =
            HistoryEntry { user_id: id, action: "password", detail: "", reason: None, made_by: None, made_at: now };
        remember(&mut tx, entry).await?;
        tx.commit().await
    }

    /// Lifts suspensions and locks that have run out by `now` (to `active`, or `pending` without an approved check), and
    /// makes approved checks expired whose time is over. Answers whose permissions may have changed.
    pub async fn lapse(&self, now: i64) -> Result<Vec<i64>, StoreError> {
        let mut tx = self.store.begin().await?;
        let mut changed = Vec::new();
        for (sql, action) in [
            (
                "UPDATE users SET status = CASE WHEN EXISTS (SELECT 1 FROM kyc WHERE kyc.user_id = users.id \
                 AND kyc.status = 'approved') THEN 'active' ELSE 'pending' END, status_reason = NULL, \
                 status_until = NULL, updated_at = $1 \
                 WHERE status_until IS NOT NULL AND status_until <= $1 AND status <> 'closed' RETURNING id",
                "status lapsed",
            ),
            (
                "UPDATE kyc SET status = 'expired', updated_at = $1 \
                 WHERE status = 'approved' AND expires_at IS NOT NULL AND expires_at <= $1 RETURNING user_id",
                "kyc expired",
            ),
        ] {
            for row in sqlx::query(sql).bind(now).fetch_all(&mut *tx).await? {
                let user_id: i64 = row.try_get(0)?;
                let entry = HistoryEntry { user_id, action, detail: "", reason: None, made_by: None, made_at: now };
                remember(&mut tx, entry).await?;
                changed.push(user_id);
            }
        }
        tx.commit().await?;
        changed.sort_unstable();
        changed.dedup();
        Ok(changed)
    }
}
