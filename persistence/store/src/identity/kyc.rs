//! Identity checks: where each stands, who waits, and what staff decided.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::record::{UserRecord, user_in};
use super::{HistoryEntry, remember};
use crate::clock::now_micros;
use crate::{Page, PageRequest, Store, StoreError};

/// Where one user's identity check stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the columns of `kyc`, by their names
pub struct KycRecord {
    pub id: i64,
    pub user_id: i64,
    pub status: String,
    pub level: i64,
    pub identity_verified: bool,
    pub address_verified: bool,
    pub phone_verified: bool,
    pub reason: Option<String>,
    pub reviewed_by: Option<i64>,
    pub submitted_at: Option<i64>,
    pub approved_at: Option<i64>,
    pub expires_at: Option<i64>,
    pub updated_at: i64,
}

/// What staff decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'a> {
    /// The person is who they say.
    Approve {
        /// 1 basic, 2 and more enhanced.
        level: i64,
        /// When the approval ends, in microseconds.
        expires_at: i64,
        /// Whether a pending user becomes active only once the mail address is verified too.
        needs_verified_email: bool,
    },
    /// Refused.
    Reject {
        /// Why.
        reason: &'a str,
    },
    /// Sent back for more.
    RequestUpdate {
        /// What is missing.
        reason: &'a str,
    },
}

/// A decision and who made it.
#[derive(Debug, Clone, Copy)]
pub struct Review<'a> {
    /// About whom.
    pub user_id: i64,
    /// What.
    pub decision: Decision<'a>,
    /// By whom.
    pub made_by: i64,
}

fn read_kyc(row: &AnyRow) -> Result<KycRecord, StoreError> {
    Ok(KycRecord {
        id: row.try_get("id")?,
        user_id: row.try_get("user_id")?,
        status: row.try_get("status")?,
        level: row.try_get("level")?,
        identity_verified: row.try_get::<i64, _>("identity_verified")? != 0,
        address_verified: row.try_get::<i64, _>("address_verified")? != 0,
        phone_verified: row.try_get::<i64, _>("phone_verified")? != 0,
        reason: row.try_get("reason")?,
        reviewed_by: row.try_get("reviewed_by")?,
        submitted_at: row.try_get("submitted_at")?,
        approved_at: row.try_get("approved_at")?,
        expires_at: row.try_get("expires_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

async fn kyc_in(tx: &mut AnyConnection, user_id: i64) -> Result<KycRecord, StoreError> {
    let row = sqlx::query("SELECT * FROM kyc WHERE user_id = $1").bind(user_id).fetch_optional(tx).await?;
    row.as_ref().map(read_kyc).transpose()?.ok_or(StoreError::NotFound("identity check"))
}

/// The repository of identity checks.
#[derive(Debug, Clone)]
pub struct Kyc {
    store: Store,
}

impl Kyc {
    /// On this store.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Where a user's check stands.
    pub async fn of(&self, user_id: i64) -> Result<KycRecord, StoreError> {
        let row = sqlx::query("SELECT * FROM kyc WHERE user_id = $1").bind(user_id);
        let row = row.fetch_optional(self.store.pool()).await?;
        row.as_ref().map(read_kyc).transpose()?.ok_or(StoreError::NotFound("identity check"))
    }

    /// A page of checks, those that wait longest first.
    pub async fn list(&self, status: Option<&str>, request: PageRequest) -> Result<Page<KycRecord>, StoreError> {
        const WHERE: &str = "WHERE ($1 IS NULL OR status = $1)";
        let total: i64 = sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) FROM kyc {WHERE}")))
            .bind(status)
            .fetch_one(self.store.pool())
            .await?
            .try_get(0)?;
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT * FROM kyc {WHERE} ORDER BY COALESCE(submitted_at, updated_at), id LIMIT $2 OFFSET $3"
        )))
        .bind(status)
        .bind(request.limit())
        .bind(request.offset())
        .fetch_all(self.store.pool())
        .await?;
        let items = rows.iter().map(read_kyc).collect::<Result<_, _>>()?;
        Ok(Page { items, total: total.unsigned_abs(), request })
    }

    /// The user asks for the check. [`StoreError::WrongState`] when it is approved or waits already.
    pub async fn submit(&self, user_id: i64) -> Result<KycRecord, StoreError> {
        let now = now_micros();
        let mut tx = self.store.begin().await?;
        let done = sqlx::query(
            "UPDATE kyc SET status = 'pending_review', submitted_at = $1, reason = NULL, updated_at = $1 \
             WHERE user_id = $2 AND status NOT IN ('approved', 'pending_review')",
        )
        .bind(now)
        .bind(user_id)
        .execute(&mut *tx)
        .await?;
        let kyc = kyc_in(&mut tx, user_id).await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::WrongState { what: "identity check", status: kyc.status });
        }
        let entry = HistoryEntry {
            user_id,
            action: "kyc submitted",
            detail: "",
            reason: None,
            made_by: Some(user_id),
            made_at: now,
        };
        remember(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(kyc)
    }

    /// Writes what staff decided. An approval makes a pending user active when nothing else is missing.
    /// [`StoreError::WrongState`] when the account is closed.
    pub async fn review(&self, review: &Review<'_>) -> Result<(KycRecord, UserRecord), StoreError> {
        let now = now_micros();
        let user_id = review.user_id;
        let mut tx = self.store.begin().await?;
        let before = user_in(&mut tx, user_id).await?;
        if before.status == "closed" {
            return Err(StoreError::WrongState { what: "account", status: before.status });
        }
        let (action, detail, reason) = match review.decision {
            Decision::Approve { level, expires_at, needs_verified_email } => {
                approve(&mut tx, review, level, expires_at, now).await?;
                sqlx::query(
                    "UPDATE users SET status = 'active', updated_at = $1 \
                     WHERE id = $2 AND status = 'pending' AND (email_verified_at IS NOT NULL OR $3 = 0)",
                )
                .bind(now)
                .bind(user_id)
                .bind(i64::from(needs_verified_email))
                .execute(&mut *tx)
                .await?;
                ("kyc approved", format!("level {level}"), None)
            }
            Decision::Reject { reason } => {
                refuse(&mut tx, review, "rejected", reason, now).await?;
                ("kyc rejected", String::new(), Some(reason))
            }
            Decision::RequestUpdate { reason } => {
                refuse(&mut tx, review, "requires_update", reason, now).await?;
                ("kyc sent back", String::new(), Some(reason))
            }
        };
        let entry =
            HistoryEntry { user_id, action, detail: &detail, reason, made_by: Some(review.made_by), made_at: now };
        remember(&mut tx, entry).await?;
        let answer = (kyc_in(&mut tx, user_id).await?, user_in(&mut tx, user_id).await?);
        tx.commit().await?;
        Ok(answer)
    }
}

async fn approve(
    tx: &mut AnyConnection,
    review: &Review<'_>,
    level: i64,
    expires_at: i64,
    now: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE kyc SET status = 'approved', level = $1, identity_verified = 1, \
         address_verified = CASE WHEN $1 >= 2 THEN 1 ELSE address_verified END, reason = NULL, reviewed_by = $2, \
         approved_at = $3, expires_at = $4, updated_at = $3 WHERE user_id = $5",
    )
    .bind(level)
    .bind(review.made_by)
    .bind(now)
    .bind(expires_at)
    .bind(review.user_id)
    .execute(tx)
    .await?;
    Ok(())
}

async fn refuse(
    tx: &mut AnyConnection,
    review: &Review<'_>,
    status: &str,
    reason: &str,
    now: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE kyc SET status = $1, reason = $2, reviewed_by = $3, identity_verified = 0, level = 0, \
         expires_at = NULL, updated_at = $4 WHERE user_id = $5",
    )
    .bind(status)
    .bind(reason)
    .bind(review.made_by)
    .bind(now)
    .bind(review.user_id)
    .execute(tx)
    .await?;
    Ok(())
}
