//! The connection: one pool over SQLite or PostgreSQL, brought up to date before anybody gets it.
//!
//! Both databases are reached through sqlx's `Any` driver with the same SQL and `$1` placeholders. What that driver can
//! carry decides the column types:
//!
//! - Declare INTEGER, BIGINT, TEXT and BLOB (BYTEA on PostgreSQL) only. BOOLEAN, DATE, TIMESTAMP, NUMERIC, JSON and UUID
//!   columns make a query fail on one side or both. Flags are INTEGER 0/1, times BIGINT, uuids and enums TEXT.
//! - `SUM` of a BIGINT is NUMERIC on PostgreSQL: write `CAST(SUM(x) AS BIGINT)`. SQLite fails when such a sum overflows.
//! - Bind `i64`, `&str`/`String`, `Vec<u8>` and `Option` of these. Never bind `Arc<str>` (the SQLite side panics), nor
//!   `None` without a type.
//! - There is no `last_insert_id`: write `RETURNING id`.
//! - PostgreSQL types a bare parameter by what is bound: `$1 IS NULL OR x = $1` works because `None::<i64>` is a BIGINT.

use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::{Arc, Once};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Executor, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::StoreError;

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// How long a caller waits for a connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections at most. Writers on SQLite go one at a time; the rest read.
const CONNECTIONS_MAX: u32 = 8;

/// Set on every new SQLite connection. WAL lets readers work beside the one writer. `synchronous = FULL` syncs the log at
/// each commit: the sink could do with less, because its cursor would be lost together with its rows and the event log
/// still has the events; but a wallet request that was answered must not vanish in a power cut (its number is the
/// reference that makes a deposit count once), and the sink's batches make one sync cheap.
const SQLITE_PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
     PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; \
     PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF";

/// Which database stands behind a [`Store`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Embedded, in one file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Backend {
    /// Its name, for health pages and banners.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
}

/// A handle on the relational store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    backend: Backend,
    /// SQLite has one writer at a time and makes the others poll. Queueing here instead is fair and wakes at once.
    writer: Arc<Mutex<()>>,
}

impl Store {
    /// Opens `sqlite:PATH` (made when missing), `sqlite::memory:` (one connection; gone when closed) or
    /// `postgres://...`, and brings its schema up to date.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let (backend, url) = if url.starts_with("sqlite:") {
            (Backend::Sqlite, sqlite_url(url))
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            (Backend::Postgres, url.to_owned())
        } else {
            let scheme = url.split(':').next().unwrap_or_default();
            return Err(StoreError::BadUrl(format!("scheme {scheme:?}")));
        };
        let options = AnyConnectOptions::from_str(&url)
            .map_err(|error| StoreError::BadUrl(error.to_string()))?
            .disable_statement_logging();
        let store = Self { pool: pool(backend, &url, options).await?, backend, writer: Arc::default() };
        match backend {
            Backend::Sqlite => SQLITE.run(&store.pool).await?,
            Backend::Postgres => POSTGRES.run(&store.pool).await?,
        }
        Ok(store)
    }

    /// Which database this is.
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes all connections; on SQLite this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// The pool, for reads. Writes of more than one statement go through [`Store::begin`].
    pub(crate) const fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Begins a transaction that writes. Dropping it without [`WriteTx::commit`] undoes it.
    ///
    /// Use the transaction alone until it is committed: asking the pool for a second connection meanwhile would wait for
    /// ever on an in-memory database, which has one.
    pub(crate) async fn begin(&self) -> Result<WriteTx, StoreError> {
        let turn = match self.backend {
            Backend::Sqlite => Some(Arc::clone(&self.writer).lock_owned().await),
            Backend::Postgres => None,
        };
        let begin = match self.backend {
            // A deferred transaction that reads first and writes later fails at once when another writer was faster.
            Backend::Sqlite => "BEGIN IMMEDIATE",
            Backend::Postgres => "BEGIN",
        };
        Ok(WriteTx { tx: self.pool.begin_with(begin).await?, _turn: turn })
    }
}

/// A transaction that writes; see [`Store::begin`]. Use it as the connection: `.execute(&mut *tx)`.
#[derive(Debug)]
pub(crate) struct WriteTx {
    // Declared first, so that the rollback of a dropped transaction is under way before the next writer's turn.
    tx: Transaction<'static, Any>,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl WriteTx {
    /// Makes it permanent.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.tx.commit().await?)
    }
}

impl Deref for WriteTx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.tx
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }
}

async fn pool(backend: Backend, url: &str, options: AnyConnectOptions) -> Result<AnyPool, StoreError> {
    let memory = backend == Backend::Sqlite && (url.contains(":memory:") || url.contains("mode=memory"));
    let mut pool = AnyPoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).max_connections(CONNECTIONS_MAX);
    if memory {
        // The database lives as long as its one connection.
        pool = pool.min_connections(1).max_connections(1).idle_timeout(None).max_lifetime(None);
    }
    if backend == Backend::Sqlite {
        pool = pool.after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(SQLITE_PRAGMAS).await?;
                Ok(())
            })
        });
    }
    Ok(pool.connect_with(options).await?)
}

/// Adds the wish to make the file when it is missing.
fn sqlite_url(url: &str) -> String {
    if url.contains("mode=") || url.contains(":memory:") {
        return url.to_owned();
    }
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}mode=rwc")
}
