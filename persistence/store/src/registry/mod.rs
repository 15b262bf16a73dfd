//! Repositories of what the registries know: projects ([`projects`]), blocks of serial-numbered credits ([`credits`]),
//! and the transaction in which imports and issues change them together ([`ledger`]).
//!
//! Registries, types and states are text here; what they mean, and how serial numbers are read and split, is known to
//! the registry crate. Days are `YYYY-MM-DD`, quantities tonnes, prices units of 0.0001 of their currency.

pub mod credits;
pub mod ledger;
pub mod projects;

use uuid::Uuid;

pub use credits::{CreditCounts, CreditEdit, CreditFilter, CreditRecord, Credits};
pub use ledger::{Block, BlockPart, BlockRow, IssuanceRow, LedgerTx, VintageRow};
pub use projects::{ProjectContent, ProjectFilter, ProjectRecord, Projects, VintageRecord};

/// Namespace of the uuids of projects and blocks. Fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x8a9d_36c1_5e0f_5b7e_9d14_70c5_16ab_42f3);

/// The same name always has the same uuid, so that a venue that is set up again has the links of before.
fn uuid_of(name: &str) -> String {
    Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string()
}

/// Several values in one column, one a line.
fn join_lines(values: &[String]) -> String {
    values.join("\n")
}

fn split_lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
