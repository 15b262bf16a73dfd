//! What accounts are permitted, as the exchange was told, and how that agrees with where their owners stand.

use cx_engine::command::Permissions as Permitted;
use cx_engine::ids::{AccountId, Seq};
use cx_engine::units::Timestamp;
use sqlx::any::AnyRow;

use crate::columns::{flag, unsigned};
use crate::{Store, StoreError};

const TABLE: &str = "permissions";

/// What an account is permitted from a point of the journal on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionRow {
    /// The command that set it.
    pub seq: Seq,
    /// Whose.
    pub account: AccountId,
    /// What it may do.
    pub permitted: Permitted,
    /// Engine time.
    pub time: Timestamp,
}

/// How many users stand where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standings {
    /// All users.
    pub users: u64,
    /// Whose identity check is approved and has not expired.
    pub approved: u64,
    /// Whose identity check waits for review.
    pub waiting: u64,
    /// Whose risk is high, very high or prohibitive.
    pub risky: u64,
    /// Who are suspended, under review or locked.
    pub held: u64,
}

/// Reads permissions.
#[derive(Debug, Clone, Copy)]
pub struct Permissions<'a>(&'a Store);

impl Store {
    /// What accounts are permitted.
    pub const fn permissions(&self) -> Permissions<'_> {
        Permissions(self)
    }
}

impl Permissions<'_> {
    /// What an account is permitted now; `None` when it was never opened.
    pub async fn now(self, account: AccountId) -> Result<Option<PermissionRow>, StoreError> {
        let row = sqlx::query(
            "SELECT seq, account, trade, withdraw, time_ns FROM permissions WHERE account = $1 ORDER BY seq DESC LIMIT 1",
        )
        .bind(i64::from(account.get()))
        .fetch_optional(self.0.pool())
        .await?;
        row.as_ref().map(permission).transpose()
    }

    /// Accounts that may trade although their owner is unknown, not active, or without an identity check approved at `now`
    /// (microseconds since the epoch): there must be none. Answers the first `limit`.
    pub async fn undue(self, now: i64, limit: u32) -> Result<Vec<AccountId>, StoreError> {
        let rows = sqlx::query(
            "SELECT p.account AS account FROM permissions p LEFT JOIN users u ON u.id = p.account \
             LEFT JOIN kyc k ON k.user_id = p.account \
             WHERE p.trade = 1 AND p.seq = (SELECT MAX(q.seq) FROM permissions q WHERE q.account = p.account) \
             AND (u.id IS NULL OR k.user_id IS NULL OR u.status <> 'active' OR k.status <> 'approved' \
             OR k.expires_at <= $1) ORDER BY p.account LIMIT $2",
        )
        .bind(now)
        .bind(i64::from(limit))
        .fetch_all(self.0.pool())
        .await?;
        rows.iter().map(|row| Ok(AccountId::new(unsigned(row, TABLE, "account")?))).collect()
    }

    /// How many users stand where at `now` (microseconds since the epoch).
    pub async fn standings(self, now: i64) -> Result<Standings, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS users, \
             COUNT(CASE WHEN k.status = 'approved' AND (k.expires_at IS NULL OR k.expires_at > $1) THEN 1 END) AS approved, \
             COUNT(CASE WHEN k.status = 'pending_review' THEN 1 END) AS waiting, \
             COUNT(CASE WHEN u.risk_level IN ('high', 'very_high', 'prohibited') THEN 1 END) AS risky, \
             COUNT(CASE WHEN u.status IN ('suspended', 'under_review', 'locked') THEN 1 END) AS held \
             FROM users u LEFT JOIN kyc k ON k.user_id = u.id",
        )
        .bind(now)
        .fetch_one(self.0.pool())
        .await?;
        let count = |column| unsigned(&row, "users", column);
        Ok(Standings {
            users: count("users")?,
            approved: count("approved")?,
            waiting: count("waiting")?,
            risky: count("risky")?,
            held: count("held")?,
        })
    }
}

fn permission(row: &AnyRow) -> Result<PermissionRow, StoreError> {
    Ok(PermissionRow {
        seq: Seq::new(unsigned(row, TABLE, "seq")?),
        account: AccountId::new(unsigned(row, TABLE, "account")?),
        permitted: Permitted { trade: flag(row, "trade")?, withdraw: flag(row, "withdraw")? },
        time: Timestamp::from_nanos(unsigned(row, TABLE, "time_ns")?),
    })
}
