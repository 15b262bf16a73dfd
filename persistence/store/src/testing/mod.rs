//! Databases for tests: every test gets one of its own, on SQLite and on PostgreSQL, through the same code.
//!
//! ```ignore
//! async fn a_user_is_found_by_mail(db: &TestDatabase) { ... }
//! cx_store::on_both_databases!(a_user_is_found_by_mail);
//! ```
//! makes the tests `sqlite::a_user_is_found_by_mail` and `postgres::a_user_is_found_by_mail`.

mod cluster;
pub mod flow;
mod server;

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::any::AnyRow;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};
use tempfile::TempDir;

use crate::{Backend, Store};
pub use server::OwnServer;

/// An empty, migrated database that goes away with this value.
#[derive(Debug)]
pub struct TestDatabase {
    /// The open store.
    pub store: Store,
    url: String,
    home: Home,
}

#[derive(Debug)]
enum Home {
    Folder { _folder: TempDir },
    Server { server_url: String, name: String },
}

impl TestDatabase {
    /// A SQLite file in a temporary folder.
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let url = format!("sqlite:{}", folder.path().join("store.sqlite").display());
        let store = Store::connect(&url).await.expect("a new SQLite file opens");
        Self { store, url, home: Home::Folder { _folder: folder } }
    }

    /// A database on `TEST_DATABASE_URL`'s server, or else on a throw-away cluster that is started when first asked for
    /// and ends by itself a while after the last test process. Panics when PostgreSQL is not installed.
    pub async fn postgres() -> Self {
        let server_url = std::env::var("TEST_DATABASE_URL").unwrap_or_else(|_| cluster::server_url());
        let name = fresh_name();
        run_on_server(&server_url, format!("CREATE DATABASE {name}")).await.expect("the server makes a database");
        let url = PgConnectOptions::from_str(&server_url)
            .expect("TEST_DATABASE_URL is a PostgreSQL URL")
            .database(&name)
            .to_url_lossy()
            .to_string();
        let store = Store::connect(&url).await.expect("a new PostgreSQL database opens");
        Self { store, url, home: Home::Server { server_url, name } }
    }

    /// Where it is, for a second [`Store::connect`] or a server under test.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database's name on its server; the file's path on SQLite.
    pub fn name(&self) -> &str {
        match &self.home {
            Home::Folder { .. } => self.url.trim_start_matches("sqlite:"),
            Home::Server { name, .. } => name,
        }
    }

    /// Runs statements that no repository offers, to break things on purpose. Answers the database's message on refusal.
    pub async fn execute(&self, sql: &str) -> Result<u64, String> {
        let done = self.store.pool().execute(AssertSqlSafe(sql)).await;
        done.map(|done| done.rows_affected()).map_err(|error| error.to_string())
    }
}

impl TestDatabase {
    /// Another empty database of the same kind.
    pub async fn another(&self) -> Self {
        match self.store.backend() {
            Backend::Sqlite => Self::sqlite().await,
            Backend::Postgres => Self::postgres().await,
        }
    }

    /// The rows of a query as text, cells separated by `|`, to compare tables.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(self.store.pool()).await.expect("the query runs");
        rows.iter().map(|row| (0..row.len()).map(|column| cell(row, column)).collect::<Vec<_>>().join("|")).collect()
    }
}

fn cell(row: &AnyRow, column: usize) -> String {
    if let Ok(number) = row.try_get::<Option<i64>, _>(column) {
        return number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    }
    row.try_get::<Option<String>, _>(column)
        .map_or_else(|_| format!("{:?}", row.get::<Vec<u8>, _>(column)), |text| text.unwrap_or_else(|| "-".to_owned()))
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Home::Server { server_url, name } = &self.home else { return };
        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let server_url = server_url.clone();
        // A thread, because a runtime may be running on this one. What cannot be dropped goes away with the cluster.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(run_on_server(&server_url, sql)).ok()
        });
        drop(dropped.join());
    }
}

async fn run_on_server(server_url: &str, sql: String) -> Result<(), sqlx::Error> {
    let mut server = sqlx::PgConnection::connect(server_url).await?;
    server.execute(AssertSqlSafe(sql)).await?;
    server.close().await
}

fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    format!("cx_test_{}_{}_{now}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Makes two tests of each named `async fn(&TestDatabase)`: one on SQLite, one on PostgreSQL.
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$attribute:meta])* $name:ident),+ $(,)?) => {
        mod sqlite {
            $($(#[$attribute])* #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&$crate::testing::TestDatabase::sqlite().await).await;
            })+
        }
        mod postgres {
            $($(#[$attribute])* #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&$crate::testing::TestDatabase::postgres().await).await;
            })+
        }
    };
}
