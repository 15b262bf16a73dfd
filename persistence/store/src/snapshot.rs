//! One moment of the database. Lists that are merged with what the sink has not written yet need its cursor, the rows and
//! their count from the same moment: the sink goes on between any two statements.

use sqlx::{Any, AnyConnection, Transaction};

use crate::sink::{Cursor, read_cursor};
use crate::{Backend, Store, StoreError};

/// The database as it was when this was taken, whatever is written meanwhile. Holds a connection until it is dropped; ask
/// the store for nothing else until then (an in-memory database has only one).
#[derive(Debug)]
pub struct Snapshot {
    tx: Transaction<'static, Any>,
    cursor: Cursor,
}

impl Store {
    /// Takes a snapshot. It does not hold up writers.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let begin = match self.backend() {
            // A deferred transaction keeps what its first read sees.
            Backend::Sqlite => "BEGIN DEFERRED",
            Backend::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut tx = self.pool().begin_with(begin).await?;
        let cursor = read_cursor(&mut *tx).await?;
        Ok(Snapshot { tx, cursor })
    }
}

impl Snapshot {
    /// How far the sink had come: every row of an event up to here is in the snapshot, and none of a later one.
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }

    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }
}
