//! Projects and their vintages: finding, listing, adding, changing.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::{join_lines, split_lines, uuid_of};
use crate::clock::now_micros;
use crate::columns::{corrupt, flag, unsigned, unsigned_option};
use crate::{Page, PageRequest, Store, StoreError};

const TABLE: &str = "projects";

/// What is known of a project: the columns of `projects` that somebody writes, by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct ProjectContent {
    pub registry: String,
    pub number: String,
    pub listed: bool,
    pub name: String,
    pub description: String,
    pub project_type: String,
    pub registry_type: String,
    pub status: String,
    pub validation_status: String,
    pub standard: Option<String>,
    pub country: String,
    pub region: String,
    pub methodology: String,
    pub developer: String,
    pub annual_reductions: Option<u64>,
    pub total_reductions: Option<u64>,
    pub starts_on: Option<String>,
    pub ends_on: Option<String>,
    pub registered_on: Option<String>,
    pub sdgs: Vec<u8>,
    pub co_benefits: Vec<String>,
    pub permanence_risk: String,
    pub leakage_risk: String,
    pub overall_risk: String,
    pub estimated_price: Option<u64>,
    pub price_currency: String,
    pub onchain_project_id: Option<String>,
}

/// A stored project, with the sums over its vintages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRecord {
    /// Its row.
    pub id: i64,
    /// Its public name.
    pub uuid: String,
    /// What is known of it.
    pub content: ProjectContent,
    /// Tonnes issued.
    pub issued: u64,
    /// Tonnes issued and neither used nor in a buffer.
    pub available: u64,
    /// Tonnes retired.
    pub retired: u64,
    /// When it was entered, in microseconds.
    pub created_at: i64,
    /// When it last changed, in microseconds.
    pub updated_at: i64,
}

/// A vintage with its project's name in brief: what an instrument stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // columns of `vintages` and `projects`, by their names
pub struct VintageRecord {
    pub id: i64,
    pub project_id: i64,
    pub registry: String,
    pub number: String,
    pub project_name: String,
    pub project_type: String,
    pub standard: Option<String>,
    pub year: i32,
    pub starts_on: Option<String>,
    pub ends_on: Option<String>,
    pub issued: u64,
    pub buffer: u64,
    pub retired: u64,
    pub cancelled: u64,
    pub available: u64,
}

/// Which projects are wanted.
#[derive(Debug, Clone, Default)]
pub struct ProjectFilter {
    /// Only of this type.
    pub project_type: Option<String>,
    /// Only in this state.
    pub status: Option<String>,
    /// Only in this country (code).
    pub country: Option<String>,
}

/// The repository of projects.
#[derive(Debug, Clone, Copy)]
pub struct Projects<'a>(&'a Store);

impl Store {
    /// Projects and vintages.
    pub const fn projects(&self) -> Projects<'_> {
        Projects(self)
    }
}

/// Sums over vintages are BIGINT on both databases only when they are cast.
const SELECT: &str = "SELECT p.*, \
    COALESCE((SELECT CAST(SUM(v.issued) AS BIGINT) FROM vintages v WHERE v.project_id = p.id), 0) AS issued, \
    COALESCE((SELECT CAST(SUM(v.available) AS BIGINT) FROM vintages v WHERE v.project_id = p.id), 0) AS available, \
    COALESCE((SELECT CAST(SUM(v.retired) AS BIGINT) FROM vintages v WHERE v.project_id = p.id), 0) AS retired \
    FROM projects p ";

const SELECT_VINTAGES: &str = "SELECT v.id, v.project_id, v.year, v.starts_on, v.ends_on, v.issued, v.buffer, v.retired, \
    v.cancelled, v.available, p.registry, p.number, p.name, p.project_type, p.standard \
    FROM vintages v JOIN projects p ON p.id = v.project_id ";

impl Projects<'_> {
    /// By row.
    pub async fn by_id(&self, id: i64) -> Result<Option<ProjectRecord>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE p.id = $1")));
        row.bind(id).fetch_optional(self.0.pool()).await?.as_ref().map(read_project).transpose()
    }

    /// By public name.
    pub async fn by_uuid(&self, uuid: &str) -> Result<Option<ProjectRecord>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE p.uuid = $1")));
        row.bind(uuid).fetch_optional(self.0.pool()).await?.as_ref().map(read_project).transpose()
    }

    /// By registry and number there.
    pub async fn by_number(&self, registry: &str, number: &str) -> Result<Option<ProjectRecord>, StoreError> {
        let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE p.registry = $1 AND p.number = $2")));
        row.bind(registry).bind(number).fetch_optional(self.0.pool()).await?.as_ref().map(read_project).transpose()
    }

    /// A page of projects in the order in which they were entered.
    pub async fn list(&self, filter: &ProjectFilter, request: PageRequest) -> Result<Page<ProjectRecord>, StoreError> {
        const WHERE: &str = "WHERE ($1 IS NULL OR p.project_type = $1) AND ($2 IS NULL OR p.status = $2) \
             AND ($3 IS NULL OR p.country = $3)";
        let total: i64 = sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) FROM projects p {WHERE}")))
            .bind(filter.project_type.as_deref())
            .bind(filter.status.as_deref())
            .bind(filter.country.as_deref())
            .fetch_one(self.0.pool())
            .await?
            .try_get(0)?;
        let rows = sqlx::query(AssertSqlSafe(format!("{SELECT} {WHERE} ORDER BY p.id LIMIT $4 OFFSET $5")))
            .bind(filter.project_type.as_deref())
            .bind(filter.status.as_deref())
            .bind(filter.country.as_deref())
            .bind(request.limit())
            .bind(request.offset())
            .fetch_all(self.0.pool())
            .await?;
        let items = rows.iter().map(read_project).collect::<Result<_, _>>()?;
        Ok(Page { items, total: total.unsigned_abs(), request })
    }

    /// The vintages of a project, oldest first.
    pub async fn vintages(&self, project_id: i64) -> Result<Vec<VintageRecord>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!("{SELECT_VINTAGES} WHERE v.project_id = $1 ORDER BY v.year")))
            .bind(project_id)
            .fetch_all(self.0.pool())
            .await?;
        rows.iter().map(read_vintage).collect()
    }

    /// Every vintage of every project, by project and year: what the venue's instruments stand for.
    pub async fn all_vintages(&self) -> Result<Vec<VintageRecord>, StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!("{SELECT_VINTAGES} ORDER BY v.project_id, v.year")))
            .fetch_all(self.0.pool())
            .await?;
        rows.iter().map(read_vintage).collect()
    }

    /// Adds a project. An empty number is filled with the next one of its registry, which is for projects that no
    /// registry numbers. [`StoreError::Conflict`] when registry and number are taken.
    pub async fn add(&self, content: &ProjectContent, created_by: Option<i64>) -> Result<ProjectRecord, StoreError> {
        let mut tx = self.0.begin().await?;
        let id = if content.number.is_empty() {
            let number = next_number(&mut tx, &content.registry).await?.to_string();
            insert(&mut tx, &ProjectContent { number, ..content.clone() }, created_by, now_micros()).await?
        } else {
            insert(&mut tx, content, created_by, now_micros()).await?
        };
        let project = project_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(project)
    }

    /// Replaces what is known of a project. Registry and number stay as they are.
    pub async fn update(&self, id: i64, content: &ProjectContent) -> Result<ProjectRecord, StoreError> {
        let mut tx = self.0.begin().await?;
        update(&mut tx, id, content, now_micros()).await?;
        let project = project_in(&mut tx, id).await?;
        tx.commit().await?;
        Ok(project)
    }
}

/// Counts projects that no registry numbers.
async fn next_number(tx: &mut AnyConnection, registry: &str) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO serial_scopes (registry, scope, revision) VALUES ($1, 'project numbers', 1) \
         ON CONFLICT (registry, scope) DO UPDATE SET revision = serial_scopes.revision + 1 RETURNING revision",
    );
    Ok(row.bind(registry).fetch_one(tx).await?.try_get(0)?)
}

pub(super) async fn insert(
    tx: &mut AnyConnection,
    content: &ProjectContent,
    created_by: Option<i64>,
    now: i64,
) -> Result<i64, StoreError> {
    let query = sqlx::query(
        "INSERT INTO projects (name, description, project_type, registry_type, status, validation_status, standard, \
         country, region, methodology, developer, annual_reductions, total_reductions, starts_on, ends_on, \
         registered_on, sdgs, co_benefits, permanence_risk, leakage_risk, overall_risk, estimated_price, \
         price_currency, onchain_project_id, listed, updated_at, registry, number, uuid, created_by, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
         $23, $24, $25, $26, $27, $28, $29, $30, $31) RETURNING id",
    );
    let row = bind_content(query, content, now)
        .bind(&content.registry)
        .bind(&content.number)
        .bind(uuid_of(&format!("project {}-{}", content.registry, content.number)))
        .bind(created_by)
        .bind(now)
        .fetch_one(tx)
        .await?;
    Ok(row.try_get(0)?)
}

pub(super) async fn update(
    tx: &mut AnyConnection,
    id: i64,
    content: &ProjectContent,
    now: i64,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "UPDATE projects SET name = $1, description = $2, project_type = $3, registry_type = $4, status = $5, \
         validation_status = $6, standard = $7, country = $8, region = $9, methodology = $10, developer = $11, \
         annual_reductions = $12, total_reductions = $13, starts_on = $14, ends_on = $15, registered_on = $16, \
         sdgs = $17, co_benefits = $18, permanence_risk = $19, leakage_risk = $20, overall_risk = $21, \
         estimated_price = $22, price_currency = $23, onchain_project_id = $24, listed = $25, updated_at = $26 \
         WHERE id = $27",
    );
    let done = bind_content(query, content, now).bind(id).execute(tx).await?;
    if done.rows_affected() == 0 { Err(StoreError::NotFound("project")) } else { Ok(()) }
}

type AnyQuery<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

/// Binds $1 to $26 of [`insert`] and [`update`].
fn bind_content<'q>(query: AnyQuery<'q>, content: &'q ProjectContent, now: i64) -> AnyQuery<'q> {
    let sdgs: Vec<String> = content.sdgs.iter().map(u8::to_string).collect();
    query
        .bind(&content.name)
        .bind(&content.description)
        .bind(&content.project_type)
        .bind(&content.registry_type)
        .bind(&content.status)
        .bind(&content.validation_status)
        .bind(content.standard.as_deref())
        .bind(&content.country)
        .bind(&content.region)
        .bind(&content.methodology)
        .bind(&content.developer)
        .bind(content.annual_reductions.map(u64::cast_signed))
        .bind(content.total_reductions.map(u64::cast_signed))
        .bind(content.starts_on.as_deref())
        .bind(content.ends_on.as_deref())
        .bind(content.registered_on.as_deref())
        .bind(sdgs.join(","))
        .bind(join_lines(&content.co_benefits))
        .bind(&content.permanence_risk)
        .bind(&content.leakage_risk)
        .bind(&content.overall_risk)
        .bind(content.estimated_price.map(u64::cast_signed))
        .bind(&content.price_currency)
        .bind(content.onchain_project_id.as_deref())
        .bind(i64::from(content.listed))
        .bind(now)
}

pub(super) async fn project_in(tx: &mut AnyConnection, id: i64) -> Result<ProjectRecord, StoreError> {
    let row = sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE p.id = $1"))).bind(id).fetch_optional(tx).await?;
    row.as_ref().map(read_project).transpose()?.ok_or(StoreError::NotFound("project"))
}

/// All projects of a registry.
pub(super) async fn of_registry(tx: &mut AnyConnection, registry: &str) -> Result<Vec<ProjectRecord>, StoreError> {
    let rows =
        sqlx::query(AssertSqlSafe(format!("{SELECT} WHERE p.registry = $1"))).bind(registry).fetch_all(tx).await?;
    rows.iter().map(read_project).collect()
}

/// All vintages of a registry's projects.
pub(super) async fn vintages_of_registry(
    tx: &mut AnyConnection,
    registry: &str,
) -> Result<Vec<VintageRecord>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!("{SELECT_VINTAGES} WHERE p.registry = $1")));
    rows.bind(registry).fetch_all(tx).await?.iter().map(read_vintage).collect()
}

fn read_project(row: &AnyRow) -> Result<ProjectRecord, StoreError> {
    let sdgs: &str = row.try_get("sdgs")?;
    let sdgs = sdgs
        .split(',')
        .filter(|text| !text.is_empty())
        .map(|text| text.parse().map_err(|_| corrupt(TABLE, "sdgs", text)));
    let content = ProjectContent {
        registry: row.try_get("registry")?,
        number: row.try_get("number")?,
        listed: flag(row, "listed")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        project_type: row.try_get("project_type")?,
        registry_type: row.try_get("registry_type")?,
        status: row.try_get("status")?,
        validation_status: row.try_get("validation_status")?,
        standard: row.try_get("standard")?,
        country: row.try_get("country")?,
        region: row.try_get("region")?,
        methodology: row.try_get("methodology")?,
        developer: row.try_get("developer")?,
        annual_reductions: unsigned_option(row, TABLE, "annual_reductions")?,
        total_reductions: unsigned_option(row, TABLE, "total_reductions")?,
        starts_on: row.try_get("starts_on")?,
        ends_on: row.try_get("ends_on")?,
        registered_on: row.try_get("registered_on")?,
        sdgs: sdgs.collect::<Result<_, _>>()?,
        co_benefits: split_lines(row.try_get("co_benefits")?),
        permanence_risk: row.try_get("permanence_risk")?,
        leakage_risk: row.try_get("leakage_risk")?,
        overall_risk: row.try_get("overall_risk")?,
        estimated_price: unsigned_option(row, TABLE, "estimated_price")?,
        price_currency: row.try_get("price_currency")?,
        onchain_project_id: row.try_get("onchain_project_id")?,
    };
    Ok(ProjectRecord {
        id: row.try_get("id")?,
        uuid: row.try_get("uuid")?,
        content,
        issued: unsigned(row, TABLE, "issued")?,
        available: unsigned(row, TABLE, "available")?,
        retired: unsigned(row, TABLE, "retired")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn read_vintage(row: &AnyRow) -> Result<VintageRecord, StoreError> {
    const TABLE: &str = "vintages";
    let year: i64 = row.try_get("year")?;
    Ok(VintageRecord {
        id: row.try_get("id")?,
        project_id: row.try_get("project_id")?,
        registry: row.try_get("registry")?,
        number: row.try_get("number")?,
        project_name: row.try_get("name")?,
        project_type: row.try_get("project_type")?,
        standard: row.try_get("standard")?,
        year: i32::try_from(year).map_err(|_| corrupt(TABLE, "year", year))?,
        starts_on: row.try_get("starts_on")?,
        ends_on: row.try_get("ends_on")?,
        issued: unsigned(row, TABLE, "issued")?,
        buffer: unsigned(row, TABLE, "buffer")?,
        retired: unsigned(row, TABLE, "retired")?,
        cancelled: unsigned(row, TABLE, "cancelled")?,
        available: unsigned(row, TABLE, "available")?,
    })
}
