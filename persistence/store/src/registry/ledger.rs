//! One transaction over projects, vintages, issuances and blocks: what an import or an issue changes, it changes as a
//! whole. Sums of the vintages that were touched are brought up to date when it commits.

use std::collections::{BTreeSet, HashMap};

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::projects::{self, ProjectContent, ProjectRecord, VintageRecord};
use super::{credits, join_lines, uuid_of};
use crate::clock::now_micros;
use crate::columns::{corrupt, unsigned};
use crate::idempotency::{self, Claim, IdempotencyKey};
use crate::store::WriteTx;
use crate::{Backend, Store, StoreError};

/// A vintage to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // columns of `vintages`, by their names
pub struct VintageRow<'a> {
    pub project_id: i64,
    pub year: i32,
    pub starts_on: Option<&'a str>,
    pub ends_on: Option<&'a str>,
}

/// An issuance without serials.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // columns of `issuances`, by their names
pub struct IssuanceRow {
    pub vintage_id: i64,
    pub issued_on: String,
    pub quantity: u64,
    pub ordinal: u32,
    pub buffer: u64,
    pub cancelled: u64,
}

/// A block to be added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)] // columns of `credit_blocks`, by their names
pub struct Block {
    pub registry: String,
    pub scope: String,
    pub vintage_id: i64,
    pub serial_number: String,
    pub batch: String,
    pub first_number: u64,
    pub last_number: u64,
    pub status: String,
    pub owner_id: Option<i64>,
    pub starts_on: Option<String>,
    pub ends_on: Option<String>,
    pub issued_on: Option<String>,
    pub ended_on: Option<String>,
    pub labels: Vec<String>,
    pub verification_body: String,
    pub verified_on: Option<String>,
    pub additionality: bool,
    pub price: Option<u64>,
    pub price_currency: String,
    pub created_by: Option<i64>,
}

/// A part of a stored block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockPart {
    /// Its first number.
    pub first_number: u64,
    /// Its last number.
    pub last_number: u64,
    /// Its serial.
    pub serial_number: String,
    /// Its state from now on, and the day on which it ended; `None` leaves both as they are.
    pub status: Option<(String, Option<String>)>,
}

/// A stored block, as far as a ledger needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // columns of `credit_blocks` and its tables, by their names
pub struct BlockRow {
    pub id: i64,
    pub number: String,
    pub year: i32,
    pub scope: String,
    pub serial_number: String,
    pub first_number: u64,
    pub last_number: u64,
    pub status: String,
    pub owner_id: Option<i64>,
}

/// A transaction over the registry's tables. Dropping it without [`LedgerTx::commit`] undoes it.
#[derive(Debug)]
pub struct LedgerTx {
    tx: WriteTx,
    now: i64,
    touched: BTreeSet<i64>,
    /// The scopes whose revision this transaction has raised, by registry and scope.
    scopes: HashMap<(String, String), i64>,
}

impl Store {
    /// Begins a transaction over the registry's tables. One runs at a time: SQLite has one writer, and on PostgreSQL the
    /// table of blocks is locked against other writers.
    pub async fn begin_ledger(&self) -> Result<LedgerTx, StoreError> {
        let mut tx = self.begin().await?;
        if self.backend() == Backend::Postgres {
            sqlx::query("LOCK TABLE credit_blocks IN SHARE ROW EXCLUSIVE MODE").execute(&mut *tx).await?;
        }
        Ok(LedgerTx { tx, now: now_micros(), touched: BTreeSet::new(), scopes: HashMap::new() })
    }
}

impl LedgerTx {
    /// Claims an idempotency key within this transaction.
    pub async fn claim_key(&mut self, key: &IdempotencyKey) -> Result<Claim, StoreError> {
        idempotency::claim(&mut self.tx, key).await
    }

    /// Notes which block a claimed key made.
    pub async fn set_subject(&mut self, key: &IdempotencyKey, block: i64) -> Result<(), StoreError> {
        idempotency::set_subject(&mut self.tx, key, block).await
    }

    /// The projects of a registry.
    pub async fn projects(&mut self, registry: &str) -> Result<Vec<ProjectRecord>, StoreError> {
        projects::of_registry(&mut self.tx, registry).await
    }

    /// The vintages of a registry's projects.
    pub async fn vintages(&mut self, registry: &str) -> Result<Vec<VintageRecord>, StoreError> {
        projects::vintages_of_registry(&mut self.tx, registry).await
    }

    /// The issuances of a registry's projects.
    pub async fn issuances(&mut self, registry: &str) -> Result<Vec<IssuanceRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT i.vintage_id, i.issued_on, i.quantity, i.ordinal, i.buffer, i.cancelled FROM issuances i \
             JOIN vintages v ON v.id = i.vintage_id JOIN projects p ON p.id = v.project_id WHERE p.registry = $1",
        );
        rows.bind(registry).fetch_all(&mut *self.tx).await?.iter().map(read_issuance).collect()
    }

    /// The blocks of a registry.
    pub async fn blocks(&mut self, registry: &str) -> Result<Vec<BlockRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT b.id, p.number, v.year, s.scope, b.serial_number, b.first_number, b.last_number, b.status, b.owner_id \
             FROM credit_blocks b JOIN serial_scopes s ON s.id = b.scope_id JOIN vintages v ON v.id = b.vintage_id \
             JOIN projects p ON p.id = v.project_id WHERE s.registry = $1",
        );
        rows.bind(registry).fetch_all(&mut *self.tx).await?.iter().map(read_block).collect()
    }

    /// The blocks of a scope that share a number with `first` to `last`, ascending.
    pub async fn overlapping(
        &mut self,
        registry: &str,
        scope: &str,
        first: u64,
        last: u64,
    ) -> Result<Vec<BlockRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT b.id, p.number, v.year, s.scope, b.serial_number, b.first_number, b.last_number, b.status, b.owner_id \
             FROM credit_blocks b JOIN serial_scopes s ON s.id = b.scope_id JOIN vintages v ON v.id = b.vintage_id \
             JOIN projects p ON p.id = v.project_id \
             WHERE s.registry = $1 AND s.scope = $2 AND b.first_number <= $3 AND b.last_number >= $4 \
             ORDER BY b.first_number",
        );
        let rows = rows.bind(registry).bind(scope).bind(last.cast_signed()).bind(first.cast_signed());
        rows.fetch_all(&mut *self.tx).await?.iter().map(read_block).collect()
    }

    /// Adds a project, or replaces what is known of it; its row.
    pub async fn put_project(&mut self, content: &ProjectContent) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT id FROM projects WHERE registry = $1 AND number = $2")
            .bind(&content.registry)
            .bind(&content.number)
            .fetch_optional(&mut *self.tx)
            .await?;
        if let Some(row) = row {
            let id = row.try_get(0)?;
            projects::update(&mut self.tx, id, content, self.now).await?;
            Ok(id)
        } else {
            projects::insert(&mut self.tx, content, None, self.now).await
        }
    }

    /// Adds a vintage, or replaces its days; its row.
    pub async fn put_vintage(&mut self, vintage: &VintageRow<'_>) -> Result<i64, StoreError> {
        let row = sqlx::query(
            "INSERT INTO vintages (project_id, year, starts_on, ends_on) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (project_id, year) DO UPDATE SET starts_on = excluded.starts_on, ends_on = excluded.ends_on \
             RETURNING id",
        );
        let id = row
            .bind(vintage.project_id)
            .bind(i64::from(vintage.year))
            .bind(vintage.starts_on)
            .bind(vintage.ends_on)
            .fetch_one(&mut *self.tx)
            .await?
            .try_get(0)?;
        self.touched.insert(id);
        Ok(id)
    }

    /// Adds a vintage, or leaves it as it is; its row.
    pub async fn ensure_vintage(&mut self, vintage: &VintageRow<'_>) -> Result<i64, StoreError> {
        let row = sqlx::query(
            "INSERT INTO vintages (project_id, year, starts_on, ends_on) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (project_id, year) DO UPDATE SET year = excluded.year RETURNING id",
        );
        let row = row
            .bind(vintage.project_id)
            .bind(i64::from(vintage.year))
            .bind(vintage.starts_on)
            .bind(vintage.ends_on)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Adds an issuance, or replaces its buffer and cancelled tonnes.
    pub async fn put_issuance(&mut self, issuance: &IssuanceRow) -> Result<(), StoreError> {
        self.touched.insert(issuance.vintage_id);
        sqlx::query(
            "INSERT INTO issuances (vintage_id, issued_on, quantity, ordinal, buffer, cancelled) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (vintage_id, issued_on, quantity, ordinal) \
             DO UPDATE SET buffer = excluded.buffer, cancelled = excluded.cancelled",
        )
        .bind(issuance.vintage_id)
        .bind(&issuance.issued_on)
        .bind(issuance.quantity.cast_signed())
        .bind(i64::from(issuance.ordinal))
        .bind(issuance.buffer.cast_signed())
        .bind(issuance.cancelled.cast_signed())
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Adds a block; its row. The database refuses one that overlaps another of its scope.
    pub async fn add_block(&mut self, block: &Block) -> Result<i64, StoreError> {
        self.touched.insert(block.vintage_id);
        let scope = self.scope(&block.registry, &block.scope).await?;
        let row = sqlx::query(
            "INSERT INTO credit_blocks (uuid, scope_id, vintage_id, serial_number, batch, first_number, last_number, \
             quantity, status, owner_id, starts_on, ends_on, issued_on, ended_on, labels, verification_body, \
             verified_on, additionality, price, price_currency, created_by, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
             $22, $22) RETURNING id",
        );
        let row = row
            .bind(uuid_of(&format!("block {} {}", block.registry, block.serial_number)))
            .bind(scope)
            .bind(block.vintage_id)
            .bind(&block.serial_number)
            .bind(&block.batch)
            .bind(block.first_number.cast_signed())
            .bind(block.last_number.cast_signed())
            .bind((block.last_number - block.first_number + 1).cast_signed())
            .bind(&block.status)
            .bind(block.owner_id)
            .bind(block.starts_on.as_deref())
            .bind(block.ends_on.as_deref())
            .bind(block.issued_on.as_deref())
            .bind(block.ended_on.as_deref())
            .bind(join_lines(&block.labels))
            .bind(&block.verification_body)
            .bind(block.verified_on.as_deref())
            .bind(i64::from(block.additionality))
            .bind(block.price.map(u64::cast_signed))
            .bind(&block.price_currency)
            .bind(block.created_by)
            .bind(self.now)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Cuts a block into parts, which must cover it in order. The part at `kept` keeps the row; the rows of all parts,
    /// in order.
    pub async fn split_block(&mut self, id: i64, parts: &[BlockPart], kept: usize) -> Result<Vec<i64>, StoreError> {
        let block = credits::credit_in(&mut self.tx, id).await?;
        let covered = parts.windows(2).all(|pair| pair[0].last_number + 1 == pair[1].first_number);
        let ends = parts.first().map(|part| part.first_number) == Some(block.first_number)
            && parts.last().map(|part| part.last_number) == Some(block.last_number);
        assert!(covered && ends && kept < parts.len(), "the parts of a block cover it");
        // Its own row shrinks first: rows of a scope are disjoint at every moment.
        self.shrink(id, &parts[kept]).await?;
        let mut ids = Vec::with_capacity(parts.len());
        for (at, part) in parts.iter().enumerate() {
            ids.push(if at == kept { id } else { self.copy(id, &block.registry, part).await? });
        }
        // Last, because the copies are made of the row as it was.
        if let Some((status, ended_on)) = &parts[kept].status {
            sqlx::query("UPDATE credit_blocks SET status = $1, ended_on = $2 WHERE id = $3")
                .bind(status)
                .bind(ended_on.as_deref())
                .bind(id)
                .execute(&mut *self.tx)
                .await?;
        }
        self.touch(id).await?;
        Ok(ids)
    }

    /// Hands a block to an account: it waits until the exchange has credited the account.
    pub async fn claim_block(&mut self, id: i64, claim: &Block) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE credit_blocks SET status = 'pending', claimed = 1, owner_id = $1, verification_body = $2, verified_on = $3, \
             additionality = $4, price = $5, price_currency = $6, updated_at = $7 \
             WHERE id = $8 AND status = 'active' AND owner_id IS NULL",
        )
        .bind(claim.owner_id)
        .bind(&claim.verification_body)
        .bind(claim.verified_on.as_deref())
        .bind(i64::from(claim.additionality))
        .bind(claim.price.map(u64::cast_signed))
        .bind(&claim.price_currency)
        .bind(self.now)
        .bind(id)
        .execute(&mut *self.tx)
        .await?;
        self.touch(id).await
    }

    /// A block as it is in this transaction.
    pub async fn credit(&mut self, id: i64) -> Result<super::CreditRecord, StoreError> {
        credits::credit_in(&mut self.tx, id).await
    }

    /// Brings the sums of the touched vintages up to date and makes everything permanent.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        for vintage in std::mem::take(&mut self.touched) {
            refresh_vintage(&mut self.tx, vintage).await?;
        }
        self.tx.commit().await
    }

    /// The scope's row, with its revision raised. Once a transaction: PostgreSQL keeps every version of a row until the end,
    /// and a hundred thousand blocks of one scope would each walk through all of them.
    async fn scope(&mut self, registry: &str, scope: &str) -> Result<i64, StoreError> {
        let name = (registry.to_owned(), scope.to_owned());
        if let Some(&id) = self.scopes.get(&name) {
            return Ok(id);
        }
        let row = sqlx::query(
            "INSERT INTO serial_scopes (registry, scope) VALUES ($1, $2) \
             ON CONFLICT (registry, scope) DO UPDATE SET revision = serial_scopes.revision + 1 RETURNING id",
        );
        let id = row.bind(registry).bind(scope).fetch_one(&mut *self.tx).await?.try_get(0)?;
        self.scopes.insert(name, id);
        Ok(id)
    }

    async fn shrink(&mut self, id: i64, part: &BlockPart) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE credit_blocks SET first_number = $1, last_number = $2, quantity = $3, serial_number = $4, \
             updated_at = $5 WHERE id = $6",
        )
        .bind(part.first_number.cast_signed())
        .bind(part.last_number.cast_signed())
        .bind((part.last_number - part.first_number + 1).cast_signed())
        .bind(&part.serial_number)
        .bind(self.now)
        .bind(id)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn copy(&mut self, id: i64, registry: &str, part: &BlockPart) -> Result<i64, StoreError> {
        let (status, ended_on) = part.status.clone().unzip();
        let row = sqlx::query(
            "INSERT INTO credit_blocks (uuid, scope_id, vintage_id, serial_number, batch, first_number, last_number, \
             quantity, status, owner_id, starts_on, ends_on, issued_on, ended_on, labels, verification_body, \
             verified_on, additionality, price, price_currency, created_by, created_at, updated_at) \
             SELECT $1, scope_id, vintage_id, $2, batch, $3, $4, $5, COALESCE($6, status), owner_id, starts_on, ends_on, \
             issued_on, COALESCE($7, ended_on), labels, verification_body, verified_on, additionality, price, \
             price_currency, created_by, created_at, $8 FROM credit_blocks WHERE id = $9 RETURNING id",
        );
        let row = row
            .bind(uuid_of(&format!("block {registry} {}", part.serial_number)))
            .bind(&part.serial_number)
            .bind(part.first_number.cast_signed())
            .bind(part.last_number.cast_signed())
            .bind((part.last_number - part.first_number + 1).cast_signed())
            .bind(status)
            .bind(ended_on.flatten())
            .bind(self.now)
            .bind(id)
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(row.try_get(0)?)
    }

    async fn touch(&mut self, id: i64) -> Result<(), StoreError> {
        let row = sqlx::query("SELECT vintage_id FROM credit_blocks WHERE id = $1");
        self.touched.insert(row.bind(id).fetch_one(&mut *self.tx).await?.try_get(0)?);
        Ok(())
    }
}

/// Computes a vintage's sums anew from its issuances and blocks.
///
/// An issuance and its blocks are the same credits seen twice (where both are published), so of the two figures the
/// larger counts. What waits for the exchange counts as issued: at its registry it is.
pub(super) async fn refresh_vintage(tx: &mut AnyConnection, id: i64) -> Result<(), StoreError> {
    let row = sqlx::query(
        "SELECT COALESCE((SELECT CAST(SUM(quantity) AS BIGINT) FROM issuances WHERE vintage_id = $1), 0), \
         COALESCE((SELECT CAST(SUM(buffer) AS BIGINT) FROM issuances WHERE vintage_id = $1), 0), \
         COALESCE((SELECT CAST(SUM(cancelled) AS BIGINT) FROM issuances WHERE vintage_id = $1), 0), \
         COALESCE((SELECT CAST(SUM(quantity) AS BIGINT) FROM credit_blocks WHERE vintage_id = $1), 0), \
         COALESCE((SELECT CAST(SUM(quantity) AS BIGINT) FROM credit_blocks WHERE vintage_id = $1 AND status = 'buffer'), 0), \
         COALESCE((SELECT CAST(SUM(quantity) AS BIGINT) FROM credit_blocks WHERE vintage_id = $1 \
                   AND status IN ('cancelled', 'expired')), 0), \
         COALESCE((SELECT CAST(SUM(quantity) AS BIGINT) FROM credit_blocks WHERE vintage_id = $1 AND status = 'retired'), 0)",
    )
    .bind(id)
    .fetch_one(&mut *tx)
    .await?;
    let sum = |at: usize| row.try_get::<i64, _>(at);
    let issued = sum(0)?.max(sum(3)?);
    let buffer = sum(1)?.max(sum(4)?);
    let cancelled = sum(2)?.max(sum(5)?);
    let retired = sum(6)?;
    let available = (issued - buffer - cancelled - retired).max(0);
    sqlx::query(
        "UPDATE vintages SET issued = $1, buffer = $2, cancelled = $3, retired = $4, available = $5 WHERE id = $6",
    )
    .bind(issued)
    .bind(buffer)
    .bind(cancelled)
    .bind(retired)
    .bind(available)
    .bind(id)
    .execute(&mut *tx)
    .await?;
    Ok(())
}

fn read_issuance(row: &AnyRow) -> Result<IssuanceRow, StoreError> {
    const TABLE: &str = "issuances";
    Ok(IssuanceRow {
        vintage_id: row.try_get("vintage_id")?,
        issued_on: row.try_get("issued_on")?,
        quantity: unsigned(row, TABLE, "quantity")?,
        ordinal: unsigned(row, TABLE, "ordinal")?,
        buffer: unsigned(row, TABLE, "buffer")?,
        cancelled: unsigned(row, TABLE, "cancelled")?,
    })
}

fn read_block(row: &AnyRow) -> Result<BlockRow, StoreError> {
    const TABLE: &str = "credit_blocks";
    let year: i64 = row.try_get("year")?;
    Ok(BlockRow {
        id: row.try_get("id")?,
        number: row.try_get("number")?,
        year: i32::try_from(year).map_err(|_| corrupt("vintages", "year", year))?,
        scope: row.try_get("scope")?,
        serial_number: row.try_get("serial_number")?,
        first_number: unsigned(row, TABLE, "first_number")?,
        last_number: unsigned(row, TABLE, "last_number")?,
        status: row.try_get("status")?,
        owner_id: row.try_get("owner_id")?,
    })
}
