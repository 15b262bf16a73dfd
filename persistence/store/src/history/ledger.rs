//! The ledger, read back and summed up.

use cx_engine::ids::{AccountId, AssetId, Seq};
use cx_engine::units::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::joined;
use crate::columns::{unsigned, word};
use crate::ledger::{LedgerAccount, PostingKind};
use crate::{Page, PageRequest, Store, StoreError};

const TABLE: &str = "postings";

/// A stored line of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerLine {
    /// The command of its event.
    pub seq: Seq,
    /// The event's place in it.
    pub index: u32,
    /// The line's place in the event.
    pub line: u32,
    /// Whose.
    pub account: LedgerAccount,
    /// Of which asset.
    pub asset: AssetId,
    /// What was added (above zero) or taken, in minor units.
    pub amount: i64,
    /// Why.
    pub kind: PostingKind,
    /// Engine time.
    pub time: Timestamp,
}

/// An account's sum of one asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerSum {
    /// Whose.
    pub account: LedgerAccount,
    /// Of which asset.
    pub asset: AssetId,
    /// The sum of its lines, in minor units.
    pub amount: i128,
}

/// An event whose lines do not sum to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unbalanced {
    /// The command of the event.
    pub seq: Seq,
    /// The event's place in it.
    pub index: u32,
    /// Of which asset.
    pub asset: AssetId,
    /// What is too much or missing.
    pub amount: i128,
}

/// Reads the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Ledger<'a>(&'a Store);

impl<'a> Ledger<'a> {
    pub(super) const fn new(store: &'a Store) -> Self {
        Self(store)
    }

    /// Every account's sum of every asset, by account and asset, zero sums left out; reads the whole table.
    pub async fn sums(self) -> Result<Vec<LedgerSum>, StoreError> {
        let rows = sqlx::query(
            "SELECT account, asset, CAST(SUM(amount / 4294967296) AS BIGINT) AS amount_high, \
             CAST(SUM(amount % 4294967296) AS BIGINT) AS amount_low FROM postings GROUP BY account, asset \
             ORDER BY account, asset",
        )
        .fetch_all(self.0.pool())
        .await?;
        let sums = rows.iter().map(|row| {
            Ok(LedgerSum {
                account: LedgerAccount::new(row.try_get("account")?),
                asset: AssetId::new(unsigned(row, TABLE, "asset")?),
                amount: amount(row)?,
            })
        });
        sums.filter(|sum| sum.as_ref().map_or(true, |sum| sum.amount != 0)).collect()
    }

    /// Events whose lines do not sum to zero per asset: there must be none. Reads the whole table, answers the first `limit`.
    pub async fn unbalanced(self, limit: u32) -> Result<Vec<Unbalanced>, StoreError> {
        let rows = sqlx::query(
            "SELECT seq, idx, asset, CAST(SUM(amount / 4294967296) AS BIGINT) AS amount_high, \
             CAST(SUM(amount % 4294967296) AS BIGINT) AS amount_low FROM postings GROUP BY seq, idx, asset \
             HAVING SUM(amount / 4294967296) * 4294967296 + SUM(amount % 4294967296) <> 0 ORDER BY seq, idx, asset LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(self.0.pool())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Unbalanced {
                    seq: Seq::new(unsigned(row, TABLE, "seq")?),
                    index: unsigned(row, TABLE, "idx")?,
                    asset: AssetId::new(unsigned(row, TABLE, "asset")?),
                    amount: amount(row)?,
                })
            })
            .collect()
    }

    /// An account's lines of one asset, newest first.
    pub async fn statement(
        self,
        account: AccountId,
        asset: AssetId,
        page: PageRequest,
    ) -> Result<Page<LedgerLine>, StoreError> {
        let (account, asset) = (i64::from(account.get()), i64::from(asset.get()));
        let rows = sqlx::query(
            "SELECT seq, idx, line, account, asset, amount, kind, time_ns FROM postings WHERE account = $1 AND asset = $2 \
             ORDER BY seq DESC, idx DESC, line DESC LIMIT $3 OFFSET $4",
        )
        .bind(account)
        .bind(asset)
        .bind(page.limit())
        .bind(page.offset())
        .fetch_all(self.0.pool())
        .await?;
        let count = sqlx::query("SELECT COUNT(*) AS total FROM postings WHERE account = $1 AND asset = $2")
            .bind(account)
            .bind(asset)
            .fetch_one(self.0.pool())
            .await?;
        let items = rows.iter().map(line).collect::<Result<_, _>>()?;
        Ok(Page { items, total: unsigned(&count, TABLE, "total")?, request: page })
    }
}

fn amount(row: &AnyRow) -> Result<i128, StoreError> {
    Ok(joined(row.try_get("amount_high")?, row.try_get("amount_low")?))
}

fn line(row: &AnyRow) -> Result<LedgerLine, StoreError> {
    Ok(LedgerLine {
        seq: Seq::new(unsigned(row, TABLE, "seq")?),
        index: unsigned(row, TABLE, "idx")?,
        line: unsigned(row, TABLE, "line")?,
        account: LedgerAccount::new(row.try_get("account")?),
        asset: AssetId::new(unsigned(row, TABLE, "asset")?),
        amount: row.try_get("amount")?,
        kind: word(row, TABLE, "kind", PostingKind::from_code)?,
        time: Timestamp::from_nanos(unsigned(row, TABLE, "time_ns")?),
    })
}
