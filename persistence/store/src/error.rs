//! What can go wrong with the database, sorted by what the caller can do about it.

use sqlx::error::ErrorKind;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The row does not exist (or belongs to somebody else, which answers alike).
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A unique rule of the schema refused the row: it exists already.
    #[error("already exists: {rule}")]
    Conflict {
        /// The constraint (PostgreSQL) or `table.column` (SQLite) that refused.
        rule: String,
    },
    /// The row is there but in a state that does not permit the step.
    #[error("{what} is {status}")]
    WrongState {
        /// What kind of row.
        what: &'static str,
        /// The state that it is in.
        status: String,
    },
    /// Nobody approves what they made, or what is for themselves.
    #[error("the {0} must be approved by somebody else")]
    FourEyes(&'static str),
    /// The database cannot be reached or has no connection to spare right now: try again later.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The database refused for another reason: a defect of ours, or a disk that is full.
    #[error("the database refused")]
    Database(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The URL names no database that is known here.
    #[error("not a database URL (sqlite:PATH or postgres://...): {0}")]
    BadUrl(String),
    /// A row holds what this program never writes.
    #[error("table {table} holds an unexpected value in {column}: {value}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// In which column.
        column: &'static str,
        /// What was found.
        value: String,
    },
    /// The event log that the sink reads could not be read.
    #[error("the event log cannot be read")]
    Feed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Events were handed to the sink that do not follow its cursor.
    #[error("the sink stands at {cursor} and was given events from {first}")]
    Gap {
        /// The last sequence that was applied.
        cursor: u64,
        /// The first sequence that was given.
        first: u64,
    },
    /// An event contradicts what the sink knows, such as a fill of an order it has never seen.
    #[error("event {seq}.{index} contradicts the store: {what}")]
    Contradiction {
        /// The event's command.
        seq: u64,
        /// The event's place in it.
        index: u32,
        /// What does not fit.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anybody's doing.
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether a unique rule refused.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) if refusal.kind() == ErrorKind::UniqueViolation => {
                let rule = refusal.constraint().map_or_else(
                    // SQLite names the columns in its message only: "UNIQUE constraint failed: users.email".
                    || refusal.message().rsplit(": ").next().unwrap_or_default().to_owned(),
                    str::to_owned,
                );
                Self::Conflict { rule }
            }
            sqlx::Error::Database(refusal) if is_passing(refusal.code().as_deref().unwrap_or_default()) => {
                Self::Unavailable(error)
            }
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
            | sqlx::Error::Protocol(_) => Self::Unavailable(error),
            sqlx::Error::RowNotFound => Self::NotFound("row"),
            _ => Self::Database(error),
        }
    }
}

/// Codes of conditions that pass by themselves. SQLite: BUSY 5, LOCKED 6, IOERR 10, FULL 13, CANTOPEN 14 (the low byte
/// of extended codes). PostgreSQL (SQLSTATE): connection trouble 08, out of resources 53, operator intervention 57,
/// system error 58, serialisation failure and deadlock 40.
fn is_passing(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "40", "53", "57", "58"].contains(&&code[..2]);
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14))
}
