//! Rows in bulk: one statement carries many rows, and few distinct statements are ever made, so that each is prepared
//! once a connection.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use crate::{Backend, StoreError};

pub(super) type Bound = Query<'static, Any, AnyArguments>;

/// Rows in one statement at most; a power of two. With the widest table (26 columns) this stays below SQLite's limit of 32,766
/// parameters and PostgreSQL's of 65,535; 32 were slower by a tenth, 1,024 by more.
const ROWS_MAX: usize = 128;

/// A statement that repeats a list of rows.
pub(super) struct Bulk {
    /// What stands before the rows.
    pub head: &'static str,
    /// Parameters of a row.
    pub columns: usize,
    /// What stands after the rows.
    pub tail: &'static str,
}

/// The texts of the statements made so far.
#[derive(Debug)]
pub(super) struct Statements {
    backend: Backend,
    made: HashMap<(&'static str, usize), Arc<str>>,
}

impl Statements {
    pub(super) fn new(backend: Backend) -> Self {
        Self { backend, made: HashMap::new() }
    }

    fn text(&mut self, bulk: &Bulk, rows: usize) -> Arc<str> {
        let made = self.made.entry((bulk.head, rows)).or_insert_with(|| {
            let mut sql = String::from(bulk.head);
            for row in 0..rows {
                for column in 0..bulk.columns {
                    sql.push_str(match (row, column) {
                        (0, 0) => "(",
                        (_, 0) => "), (",
                        _ => ", ",
                    });
                    match self.backend {
                        // Nameless: SQLite looks a named parameter up by walking all names, sqlx does so at each bind,
                        // and with thousands of parameters that took three quarters of the sink's time.
                        Backend::Sqlite => sql.push('?'),
                        Backend::Postgres => {
                            write!(sql, "${}", row * bulk.columns + column + 1).expect("a string takes all");
                        }
                    }
                }
            }
            sql.push(')');
            sql.push_str(bulk.tail);
            sql.into()
        });
        Arc::clone(made)
    }

    /// Runs `bulk` over `rows`: chunks of [`ROWS_MAX`], then of falling powers of two. `bind` binds a row's parameters.
    pub(super) async fn run<R>(
        &mut self,
        connection: &mut AnyConnection,
        bulk: &Bulk,
        rows: &[R],
        bind: impl Fn(Bound, &R) -> Bound,
    ) -> Result<u64, StoreError> {
        let mut rest = rows;
        let mut affected = 0;
        while !rest.is_empty() {
            let size = if rest.len() >= ROWS_MAX { ROWS_MAX } else { 1 << rest.len().ilog2() };
            let (chunk, later) = rest.split_at(size);
            let query = sqlx::query(AssertSqlSafe(self.text(bulk, size)));
            affected += chunk.iter().fold(query, &bind).execute(&mut *connection).await?.rows_affected();
            rest = later;
        }
        Ok(affected)
    }
}
