//! Who decided what about the market: halts, phases, fees, limits, busts. `control_events` has what took effect; the core
//! does not know who asked for it, and these rows do.

use sqlx::Row;

use super::{HistoryEntry, remember};
use crate::clock::now_micros;
use crate::{Page, PageRequest, Store, StoreError};

/// What all these actions begin with, so that they are told from what was decided about people.
const PREFIX: &str = "venue.";

/// A decision to be written down.
#[derive(Debug, Clone, Copy)]
pub struct NewDecision<'a> {
    /// Whom it is about; who decided, when it is about the market.
    pub user_id: i64,
    /// What was done, as a word that begins with `venue.`.
    pub action: &'a str,
    /// The position in the journal, and what was asked for.
    pub detail: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
    /// Who decided.
    pub made_by: i64,
}

/// A decision as it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRecord {
    /// Its row.
    pub id: i64,
    /// Whom it is about; who decided, when it is about the market.
    pub user_id: i64,
    /// What was done.
    pub action: String,
    /// The position in the journal, and what was asked for.
    pub detail: String,
    /// Why.
    pub reason: Option<String>,
    /// Who decided.
    pub made_by: i64,
    /// When, in microseconds since the epoch.
    pub made_at: i64,
}

/// The repository of decisions about the market. Rows are only ever added.
#[derive(Debug, Clone)]
pub struct Decisions {
    store: Store,
}

impl Decisions {
    /// On this store.
    pub const fn new(store: Store) -> Self {
        Self { store }
    }

    /// Writes one down.
    pub async fn add(&self, new: &NewDecision<'_>) -> Result<(), StoreError> {
        debug_assert!(new.action.starts_with(PREFIX), "{} is not about the market", new.action);
        let mut tx = self.store.begin().await?;
        let entry = HistoryEntry {
            user_id: new.user_id,
            action: new.action,
            detail: new.detail,
            reason: new.reason,
            made_by: Some(new.made_by),
            made_at: now_micros(),
        };
        remember(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A page of them, newest first.
    pub async fn list(&self, request: PageRequest) -> Result<Page<DecisionRecord>, StoreError> {
        let total: i64 = sqlx::query("SELECT COUNT(*) FROM user_history WHERE action LIKE 'venue.%'")
            .fetch_one(self.store.pool())
            .await?
            .try_get(0)?;
        let rows = sqlx::query(
            "SELECT id, user_id, action, detail, reason, made_by, made_at FROM user_history \
             WHERE action LIKE 'venue.%' ORDER BY id DESC LIMIT $1 OFFSET $2",
        )
        .bind(request.limit())
        .bind(request.offset())
        .fetch_all(self.store.pool())
        .await?;
        let item = |row: &sqlx::any::AnyRow| -> Result<DecisionRecord, StoreError> {
            Ok(DecisionRecord {
                id: row.try_get("id")?,
                user_id: row.try_get("user_id")?,
                action: row.try_get("action")?,
                detail: row.try_get("detail")?,
                reason: row.try_get("reason")?,
                made_by: row.try_get("made_by")?,
                made_at: row.try_get("made_at")?,
            })
        };
        let items = rows.iter().map(item).collect::<Result<_, _>>()?;
        Ok(Page { items, total: total.unsigned_abs(), request })
    }
}
