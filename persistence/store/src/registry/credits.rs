//! Blocks of credits: finding and listing them, and the steps of a block that changes state alone. Blocks are added and
//! split in a [`super::LedgerTx`].

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::ledger::refresh_vintage;
use super::split_lines;
use crate::clock::now_micros;
use crate::columns::{corrupt, flag, unsigned, unsigned_option};
use crate::{Page, PageRequest, Store, StoreError};

const TABLE: &str = "credit_blocks";

/// A stored block, with what its project says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // columns of `credit_blocks`, `vintages` and `projects`, by their names
pub struct CreditRecord {
    pub id: i64,
    pub uuid: String,
    pub serial_number: String,
    pub batch: String,
    pub first_number: u64,
    pub last_number: u64,
    pub quantity: u64,
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
    pub created_at: i64,
    pub updated_at: i64,
    pub year: i32,
    pub project_id: i64,
    pub registry: String,
    pub number: String,
    pub project_type: String,
    pub standard: Option<String>,
    pub validation_status: String,
    pub permanence_risk: String,
    pub co_benefits: Vec<String>,
}

/// Which blocks are wanted.
#[derive(Debug, Clone, Default)]
pub struct CreditFilter {
    /// Only in one of these states; empty for all.
    pub statuses: Vec<&'static str>,
    /// `Some(true)`: only those that an account here was credited with; `Some(false)`: only the others.
    pub held: Option<bool>,
    /// Only of this project (row).
    pub project_id: Option<i64>,
    /// Only of this vintage.
    pub year: Option<i32>,
    /// Only of projects of this type.
    pub project_type: Option<String>,
    /// Only of projects under this standard.
    pub standard: Option<String>,
}

/// A change of a block's description. `None` leaves as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreditEdit {
    /// Price, in units of 0.0001 of the currency.
    pub price: Option<u64>,
    /// Who verified.
    pub verification_body: Option<String>,
    /// When.
    pub verified_on: Option<String>,
    /// Whether additionality was examined.
    pub additionality: Option<bool>,
}

/// How many blocks and projects there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditCounts {
    /// Projects.
    pub projects: u64,
    /// Vintages.
    pub vintages: u64,
    /// Blocks.
    pub credits: u64,
}

/// The repository of blocks.
#[derive(Debug, Clone, Copy)]
pub struct Credits<'a>(&'a Store);

impl Store {
    /// Blocks of credits.
    pub const fn credits(&self) -> Credits<'_> {
        Credits(self)
    }
}

const SELECT: &str = "SELECT b.*, v.year, v.project_id, p.registry, p.number, p.project_type, p.standard, \
    p.validation_status, p.permanence_risk, p.co_benefits FROM credit_blocks b \
    JOIN vintages v ON v.id = b.vintage_id JOIN projects p ON p.id = v.project_id ";

const FROM: &str = "FROM credit_blocks b JOIN vintages v ON v.id = b.vintage_id \
    JOIN projects p ON p.id = v.project_id ";

const WHERE: &str = "WHERE ($1 = '' OR $1 LIKE '%,' || b.status || ',%') \
    AND ($2 IS NULL OR (b.owner_id IS NOT NULL AND $2 = 1) OR (b.owner_id IS NULL AND $2 = 0)) \
    AND ($3 IS NULL OR v.project_id = $3) AND ($4 IS NULL OR v.year = $4) \
    AND ($5 IS NULL OR p.project_type = $5) AND ($6 IS NULL OR p.standard = $6) ";

impl Credits<'_> {
    /// By row.
    pub async fn by_id(&self, id: i64) -> Result<Option<CreditRecord>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE b.id = $1")));
        row.bind(id).fetch_optional(self.0.pool()).await?.as_ref().map(read_credit).transpose()
    }

    /// By public name.
    pub async fn by_uuid(&self, uuid: &str) -> Result<Option<CreditRecord>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE b.uuid = $1")));
        row.bind(uuid).fetch_optional(self.0.pool()).await?.as_ref().map(read_credit).transpose()
    }

    /// A page of blocks, newest first.
    pub async fn list(&self, filter: &CreditFilter, request: PageRequest) -> Result<Page<CreditRecord>, StoreError> {
        let count = AssertSqlSafe(format!("SELECT COUNT(*) {FROM} {WHERE}"));
        let total: i64 = bind_filter(sqlx::query(count), filter).fetch_one(self.0.pool()).await?.try_get(0)?;
        let select = AssertSqlSafe(format!("{SELECT} {WHERE} ORDER BY b.id DESC LIMIT $7 OFFSET $8"));
        let rows = bind_filter(sqlx::query(select), filter)
            .bind(request.limit())
            .bind(request.offset())
            .fetch_all(self.0.pool())
            .await?;
        let items = rows.iter().map(read_credit).collect::<Result<_, _>>()?;
        Ok(Page { items, total: total.unsigned_abs(), request })
    }

    /// Blocks that were entered and whose owner has not been credited: what a restart must finish.
    pub async fn pending(&self) -> Result<Vec<CreditRecord>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE b.status = 'pending' ORDER BY b.id")))
            .fetch_all(self.0.pool())
            .await?;
        rows.iter().map(read_credit).collect()
    }

    /// The exchange has credited the owner. Doing it again changes nothing; a block in any other state is
    /// [`StoreError::WrongState`].
    pub async fn activate(&self, id: i64) -> Result<CreditRecord, StoreError> {
        let mut tx = self.0.begin().await?;
        let done = sqlx::query(
            "UPDATE credit_blocks SET status = 'active', updated_at = $1 WHERE id = $2 AND status = 'pending'",
        )
        .bind(now_micros())
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let credit = credit_in(&mut tx, id).await?;
        if done.rows_affected() == 0 && (credit.status != "active" || credit.owner_id.is_none()) {
            return Err(StoreError::WrongState { what: "block", status: credit.status });
        }
        let vintage = vintage_of(&mut tx, id).await?;
        refresh_vintage(&mut tx, vintage).await?;
        tx.commit().await?;
        Ok(credit)
    }

    /// The exchange has refused to credit the owner. A block that was at its registry before goes back there; one that was
    /// entered for this goes away. A block that does not wait stays as it is.
    pub async fn give_up(&self, id: i64) -> Result<(), StoreError> {
        let mut tx = self.0.begin().await?;
        let vintage = vintage_of(&mut tx, id).await?;
        for sql in [
            "DELETE FROM credit_blocks WHERE id = $1 AND status = 'pending' AND claimed = 0",
            "UPDATE credit_blocks SET status = 'active', claimed = 0, owner_id = NULL \
             WHERE id = $1 AND status = 'pending' AND claimed = 1",
        ] {
            sqlx::query(sql).bind(id).execute(&mut *tx).await?;
        }
        refresh_vintage(&mut tx, vintage).await?;
        tx.commit().await
    }

    /// Changes what is said about a block. Its state follows from what happens to it, its numbers never change.
    pub async fn edit(&self, id: i64, edit: &CreditEdit) -> Result<CreditRecord, StoreError> {
        let mut tx = self.0.begin().await?;
        sqlx::query(
            "UPDATE credit_blocks SET price = COALESCE($1, price), \
             verification_body = COALESCE($2, verification_body), verified_on = COALESCE($3, verified_on), \
             additionality = COALESCE($4, additionality), updated_at = $5 WHERE id = $6",
        )
        .bind(edit.price.map(u64::cast_signed))
        .bind(edit.verification_body.as_deref())
        .bind(edit.verified_on.as_deref())
        .bind(edit.additionality.map(i64::from))
        .bind(now_micros())
        .bind(id)
        .execute(&mut *tx)
        .await?;
        let credit = credit_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(credit)
    }

    /// How many there are.
    pub async fn counts(&self) -> Result<CreditCounts, StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM projects), (SELECT COUNT(*) FROM vintages), \
             (SELECT COUNT(*) FROM credit_blocks)",
        );
        let row = row.fetch_one(self.0.pool()).await?;
        let count = |at: usize| row.try_get::<i64, _>(at).map(i64::unsigned_abs);
        Ok(CreditCounts { projects: count(0)?, vintages: count(1)?, credits: count(2)? })
    }
}

type AnyQuery<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

/// Binds $1 to $6 of [`WHERE`]. The states go in as one text, `,active,pending,`.
fn bind_filter<'q>(query: AnyQuery<'q>, filter: &'q CreditFilter) -> AnyQuery<'q> {
    let statuses = if filter.statuses.is_empty() { String::new() } else { format!(",{},", filter.statuses.join(",")) };
    query
        .bind(statuses)
        .bind(filter.held.map(i64::from))
        .bind(filter.project_id)
        .bind(filter.year.map(i64::from))
        .bind(filter.project_type.as_deref())
        .bind(filter.standard.as_deref())
}

pub(super) async fn credit_in(tx: &mut AnyConnection, id: i64) -> Result<CreditRecord, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE b.id = $1"))).bind(id).fetch_optional(tx).await?;
    row.as_ref().map(read_credit).transpose()?.ok_or(StoreError::NotFound("block"))
}

async fn vintage_of(tx: &mut AnyConnection, id: i64) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT vintage_id FROM credit_blocks WHERE id = $1").bind(id).fetch_optional(tx).await?;
    Ok(row.ok_or(StoreError::NotFound("block"))?.try_get(0)?)
}

fn read_credit(row: &AnyRow) -> Result<CreditRecord, StoreError> {
    let year: i64 = row.try_get("year")?;
    Ok(CreditRecord {
        id: row.try_get("id")?,
        uuid: row.try_get("uuid")?,
        serial_number: row.try_get("serial_number")?,
        batch: row.try_get("batch")?,
        first_number: unsigned(row, TABLE, "first_number")?,
        last_number: unsigned(row, TABLE, "last_number")?,
        quantity: unsigned(row, TABLE, "quantity")?,
        status: row.try_get("status")?,
        owner_id: row.try_get("owner_id")?,
        starts_on: row.try_get("starts_on")?,
        ends_on: row.try_get("ends_on")?,
        issued_on: row.try_get("issued_on")?,
        ended_on: row.try_get("ended_on")?,
        labels: split_lines(row.try_get("labels")?),
        verification_body: row.try_get("verification_body")?,
        verified_on: row.try_get("verified_on")?,
        additionality: flag(row, "additionality")?,
        price: unsigned_option(row, TABLE, "price")?,
        price_currency: row.try_get("price_currency")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        year: i32::try_from(year).map_err(|_| corrupt("vintages", "year", year))?,
        project_id: row.try_get("project_id")?,
        registry: row.try_get("registry")?,
        number: row.try_get("number")?,
        project_type: row.try_get("project_type")?,
        standard: row.try_get("standard")?,
        validation_status: row.try_get("validation_status")?,
        permanence_risk: row.try_get("permanence_risk")?,
        co_benefits: split_lines(row.try_get("co_benefits")?),
    })
}
