//! The relational store: everything that is looked up rather than matched.
//!
//! One schema, two homes: SQLite in the data folder when nothing is configured, PostgreSQL for production. SQL is written
//! here and nowhere else. Rows come from two sides:
//!
//! - the **sink** ([`sink`]) folds the exchange's events into orders, trades and ledger postings, each event exactly once;
//! - the gateway's own records (users, projects, wallet requests, idempotency keys) are written by the repositories.

pub mod clock;
mod columns;
mod error;
pub mod history;
pub mod idempotency;
pub mod identity;
pub mod ledger;
mod page;
pub mod permissions;
pub mod public_id;
pub mod registry;
pub mod sink;
mod snapshot;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wallet;

pub use error::StoreError;
pub use page::{Page, PageRequest};
pub use public_id::{PublicId, PublicIdKind};
pub use snapshot::Snapshot;
pub use store::{Backend, Store};
