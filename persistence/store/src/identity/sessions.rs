//! Logins and their refresh tokens. A session is the family of all tokens that came from one login.

use sqlx::Row;

use super::{HistoryEntry, remember};
use crate::clock::now_micros;
use crate::{Store, StoreError};

/// A login that has just succeeded.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    /// Its name.
    pub id: &'a str,
    /// Whose.
    pub user_id: i64,
    /// The password hash that was checked.
    pub password_hash: &'a str,
    /// From where.
    pub ip: Option<&'a str>,
    /// With what.
    pub user_agent: Option<&'a str>,
    /// The first refresh token.
    pub jti: &'a str,
    /// When that expires, in microseconds.
    pub expires_at: i64,
    /// Whether it counts as a login (registration does not).
    pub login: bool,
}

/// Whether a session stands, and who is behind it, as of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionState {
    /// Whose.
    pub user_id: i64,
    /// The user's public name.
    pub uuid: String,
    /// The user's role.
    pub role: String,
    /// The user's state.
    pub status: String,
    /// When the state ends by itself.
    pub status_until: Option<i64>,
    /// Where the identity check stands.
    pub kyc_status: String,
    /// At which level.
    pub kyc_level: i64,
    /// When it expires.
    pub kyc_expires_at: Option<i64>,
    /// Whether the session was ended.
    pub revoked: bool,
}

/// What became of a refresh token that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was good and is spent now; the next one is stored.
    Renewed,
    /// It had been spent before: the whole session was ended.
    Reused,
    /// Its session has ended, or it is not known.
    Ended,
}

/// The repository of logins.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Store,
}

impl Sessions {
    /// On this store.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Opens a session with its first refresh token. `false`, and nothing is opened, when the user's password or state
    /// has changed since it was checked.
    pub async fn open(&self, new: &NewSession<'_>) -> Result<bool, StoreError> {
        let now = now_micros();
        let mut tx = self.store.begin().await?;
        // Also locks the user's row on PostgreSQL: whoever ends all sessions comes before or after, not between.
        let stands = sqlx::query(
            "UPDATE users SET last_login_at = CASE WHEN $1 = 1 THEN $2 ELSE last_login_at END, \
             last_login_ip = CASE WHEN $1 = 1 THEN $3 ELSE last_login_ip END \
             WHERE id = $4 AND password_hash = $5 AND status NOT IN ('suspended', 'locked', 'closed')",
        )
        .bind(i64::from(new.login))
        .bind(now)
        .bind(new.ip)
        .bind(new.user_id)
        .bind(new.password_hash)
        .execute(&mut *tx)
        .await?;
        if stands.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO sessions (id, user_id, ip, user_agent, created_at, refreshed_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(new.id)
        .bind(new.user_id)
        .bind(new.ip)
        .bind(new.user_agent)
        .bind(now)
        .bind(now)
        .bind(new.expires_at)
        .execute(&mut *tx)
        .await?;
        sqlx::query("INSERT INTO refresh_tokens (jti, session_id, expires_at) VALUES ($1, $2, $3)")
            .bind(new.jti)
            .bind(new.id)
            .bind(new.expires_at)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Whether the session stands and who is behind it; `None` when there is none by that name.
    pub async fn state(&self, id: &str) -> Result<Option<SessionState>, StoreError> {
        let row = sqlx::query(
            "SELECT s.user_id, u.uuid, u.role, u.status, u.status_until, k.status AS kyc_status, k.level AS kyc_level, \
             k.expires_at AS kyc_expires_at, s.revoked_at \
             FROM sessions s JOIN users u ON u.id = s.user_id JOIN kyc k ON k.user_id = u.id WHERE s.id = $1",
        )
        .bind(id)
        .fetch_optional(self.store.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SessionState {
            user_id: row.try_get("user_id")?,
            uuid: row.try_get("uuid")?,
            role: row.try_get("role")?,
            status: row.try_get("status")?,
            status_until: row.try_get("status_until")?,
            kyc_status: row.try_get("kyc_status")?,
            kyc_level: row.try_get("kyc_level")?,
            kyc_expires_at: row.try_get("kyc_expires_at")?,
            revoked: row.try_get::<Option<i64>, _>("revoked_at")?.is_some(),
        }))
    }

    /// Spends the refresh token `jti` of a session and stores `next`. Of any number of callers at once, one wins and the
    /// others find it reused.
    pub async fn rotate(&self, session: &str, jti: &str, next: &str, expires_at: i64) -> Result<Rotation, StoreError> {
        let now = now_micros();
        let mut tx = self.store.begin().await?;
        // This row lock makes callers go one after the other on PostgreSQL; SQLite has one writer anyway.
        let stands = sqlx::query(
            "UPDATE sessions SET refreshed_at = $1, expires_at = $2 WHERE id = $3 AND revoked_at IS NULL RETURNING user_id",
        )
        .bind(now)
        .bind(expires_at)
        .bind(session)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(stands) = stands else { return Ok(Rotation::Ended) };
        let user_id: i64 = stands.try_get(0)?;
        let token = sqlx::query("SELECT spent_at FROM refresh_tokens WHERE jti = $1 AND session_id = $2")
            .bind(jti)
            .bind(session)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(token) = token else { return Ok(Rotation::Ended) };
        if token.try_get::<Option<i64>, _>(0)?.is_some() {
            sqlx::query("UPDATE sessions SET revoked_at = $1, revoke_reason = 'refresh token reused' WHERE id = $2")
                .bind(now)
                .bind(session)
                .execute(&mut *tx)
                .await?;
            let entry = HistoryEntry {
                user_id,
                action: "session ended",
                detail: session,
                reason: Some("a spent refresh token was shown again"),
                made_by: None,
                made_at: now,
            };
            remember(&mut tx, entry).await?;
            tx.commit().await?;
            return Ok(Rotation::Reused);
        }
        sqlx::query("UPDATE refresh_tokens SET spent_at = $1 WHERE jti = $2")
            .bind(now)
            .bind(jti)
            .execute(&mut *tx)
            .await?;
        sqlx::query("INSERT INTO refresh_tokens (jti, session_id, expires_at) VALUES ($1, $2, $3)")
            .bind(next)
            .bind(session)
            .bind(expires_at)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Rotation::Renewed)
    }

    /// Ends one session. Ending it twice is no error.
    pub async fn end(&self, id: &str, reason: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET revoked_at = $1, revoke_reason = $2 WHERE id = $3 AND revoked_at IS NULL")
            .bind(now_micros())
            .bind(reason)
            .bind(id)
            .execute(self.store.pool())
            .await?;
        Ok(())
    }

    /// Forgets sessions and tokens that expired before `before`. Answers how many sessions.
    pub async fn forget(&self, before: i64) -> Result<u64, StoreError> {
        let mut tx = self.store.begin().await?;
        sqlx::query(
            "DELETE FROM refresh_tokens WHERE expires_at < $1 \
             OR session_id IN (SELECT id FROM sessions WHERE expires_at < $1)",
        )
        .bind(before)
        .execute(&mut *tx)
        .await?;
        let gone = sqlx::query("DELETE FROM sessions WHERE expires_at < $1").bind(before).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}
