//! Users: adding, finding, listing them, and changing their state and role.

use sqlx::{AssertSqlSafe, Row};

use super::credentials::end_sessions;
use super::mail::{self, MailToken};
use super::record::{SELECT, UserRecord, read_user, user_in};
use super::{HistoryEntry, remember};
use crate::clock::now_micros;
use crate::{Page, PageRequest, Store, StoreError};

/// What a new user brings.
#[derive(Debug, Clone)]
pub struct NewUser<'a> {
    /// The public name.
    pub uuid: &'a str,
    /// Normalised: unique as it stands.
    pub email: &'a str,
    /// Whether somebody vouches for the address.
    pub email_verified: bool,
    /// PHC text.
    pub password_hash: &'a str,
    /// Given name.
    pub first_name: &'a str,
    /// Family name.
    pub last_name: &'a str,
    /// As given.
    pub phone_number: Option<&'a str>,
    /// Empty for a person.
    pub company_name: &'a str,
    /// One of the roles.
    pub role: &'a str,
    /// One of the states.
    pub status: &'a str,
    /// One of the levels.
    pub risk_level: &'a str,
    /// The mail that asks to confirm the address.
    pub mail: Option<MailToken<'a>>,
}

/// Which users are wanted.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Only in this state.
    pub status: Option<String>,
    /// Only with this role.
    pub role: Option<String>,
}

/// How many users there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserCounts {
    /// All.
    pub total: u64,
    /// In state `active`.
    pub active: u64,
}

/// A change of a user's state.
#[derive(Debug, Clone)]
pub struct StatusChange<'a> {
    /// The new state.
    pub status: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
    /// When it ends by itself, in microseconds.
    pub until: Option<i64>,
    /// Whether all logins end now.
    pub end_sessions: bool,
    /// Who did it; `None` for the user or the venue itself.
    pub made_by: Option<i64>,
}

/// The repository of users.
#[derive(Debug, Clone)]
pub struct Users {
    pub(super) store: Store,
}

impl Users {
    /// On this store.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Adds a user with an empty profile and an identity check that has not started. [`StoreError::Conflict`] when the
    /// address is taken.
    pub async fn create(&self, new: &NewUser<'_>) -> Result<UserRecord, StoreError> {
        // Asked first, because on PostgreSQL an insert that is refused uses up an account number.
        if self.by_email(new.email).await?.is_some() {
            return Err(StoreError::Conflict { rule: "users.email".to_owned() });
        }
        let now = now_micros();
        let mut tx = self.store.begin().await?;
        let id: i64 = sqlx::query(
            "INSERT INTO users (uuid, email, email_verified_at, password_hash, first_name, last_name, phone_number, role, \
             status, risk_level, mfa_enabled, failed_logins, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, $11, $12) RETURNING id",
        )
        .bind(new.uuid)
        .bind(new.email)
        .bind(new.email_verified.then_some(now))
        .bind(new.password_hash)
        .bind(new.first_name)
        .bind(new.last_name)
        .bind(new.phone_number)
        .bind(new.role)
        .bind(new.status)
        .bind(new.risk_level)
        .bind(now)
        .bind(now)
        .fetch_one(&mut *tx)
        .await?
        .try_get(0)?;
        sqlx::query("INSERT INTO profiles (user_id, company_name) VALUES ($1, $2)")
            .bind(id)
            .bind(new.company_name)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO kyc (user_id, status, level, identity_verified, address_verified, phone_verified, updated_at) \
             VALUES ($1, 'not_started', 0, 0, 0, 0, $2)",
        )
        .bind(id)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        if let Some(token) = &new.mail {
            mail::put(&mut tx, id, new.email, token, now).await?;
        }
        let entry = HistoryEntry {
            user_id: id,
            action: "created",
            detail: new.role,
            reason: None,
            made_by: None,
            made_at: now,
        };
        remember(&mut tx, entry).await?;
        let user = user_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// By row id.
    pub async fn by_id(&self, id: i64) -> Result<Option<UserRecord>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE u.id = $1")));
        row.bind(id).fetch_optional(self.store.pool()).await?.as_ref().map(read_user).transpose()
    }

    /// By public name.
    pub async fn by_uuid(&self, uuid: &str) -> Result<Option<UserRecord>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE u.uuid = $1")));
        row.bind(uuid).fetch_optional(self.store.pool()).await?.as_ref().map(read_user).transpose()
    }

    /// By normalised address.
    pub async fn by_email(&self, email: &str) -> Result<Option<UserRecord>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE u.email = $1")));
        row.bind(email).fetch_optional(self.store.pool()).await?.as_ref().map(read_user).transpose()
    }

    /// A page of users, newest first.
    pub async fn list(&self, filter: &UserFilter, request: PageRequest) -> Result<Page<UserRecord>, StoreError> {
        const WHERE: &str = "WHERE ($1 IS NULL OR u.status = $1) AND ($2 IS NULL OR u.role = $2)";
        let total: i64 = sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) FROM users u {WHERE}")))
            .bind(filter.status.as_deref())
            .bind(filter.role.as_deref())
            .fetch_one(self.store.pool())
            .await?
            .try_get(0)?;
        let rows = sqlx::query(AssertSqlSafe(format!("{SELECT} {WHERE} ORDER BY u.id DESC LIMIT $3 OFFSET $4")))
            .bind(filter.status.as_deref())
            .bind(filter.role.as_deref())
            .bind(request.limit())
            .bind(request.offset())
            .fetch_all(self.store.pool())
            .await?;
        let items = rows.iter().map(read_user).collect::<Result<_, _>>()?;
        Ok(Page { items, total: total.unsigned_abs(), request })
    }

    /// Up to `most` users with an id above `after`, ascending: for walking through all of them.
    pub async fn after(&self, after: i64, most: u32) -> Result<Vec<UserRecord>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE u.id > $1 ORDER BY u.id LIMIT $2")))
            .bind(after)
            .bind(i64::from(most))
            .fetch_all(self.store.pool())
            .await?;
        rows.iter().map(read_user).collect()
    }

    /// How many there are.
    pub async fn counts(&self) -> Result<UserCounts, StoreError> {
        let row = sqlx::query("SELECT COUNT(*), COUNT(CASE WHEN status = 'active' THEN 1 END) FROM users");
        let row = row.fetch_one(self.store.pool()).await?;
        let (total, active): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok(UserCounts { total: total.unsigned_abs(), active: active.unsigned_abs() })
    }

    /// Changes the state. A closed account stays closed: [`StoreError::WrongState`].
    pub async fn set_status(&self, id: i64, change: &StatusChange<'_>) -> Result<UserRecord, StoreError> {
        let now = now_micros();
        let mut tx = self.store.begin().await?;
        let done = sqlx::query(
            "UPDATE users SET status = $1, status_reason = $2, status_until = $3, updated_at = $4 \
             WHERE id = $5 AND (status <> 'closed' OR $1 = 'closed')",
        )
        .bind(change.status)
        .bind(change.reason)
        .bind(change.until)
        .bind(now)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            let status = user_in(&mut tx, id).await?.status;
            return Err(StoreError::WrongState { what: "account", status });
        }
        if change.end_sessions {
            end_sessions(&mut tx, id, change.status, now).await?;
        }
        let entry = HistoryEntry {
            user_id: id,
            action: "status",
            detail: change.status,
            reason: change.reason,
            made_by: change.made_by,
            made_at: now,
        };
        remember(&mut tx, entry).await?;
        let user = user_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Changes the role and ends all logins, because tokens name the role.
    pub async fn set_role(&self, id: i64, role: &str, made_by: Option<i64>) -> Result<UserRecord, StoreError> {
        let now = now_micros();
        let mut tx = self.store.begin().await?;
        sqlx::query("UPDATE users SET role = $1, updated_at = $2 WHERE id = $3")
            .bind(role)
            .bind(now)
            .bind(id)
            .execute(&mut *tx)
            .await?;
        end_sessions(&mut tx, id, "role changed", now).await?;
        let entry = HistoryEntry { user_id: id, action: "role", detail: role, reason: None, made_by, made_at: now };
        remember(&mut tx, entry).await?;
        let user = user_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(user)
    }
}
