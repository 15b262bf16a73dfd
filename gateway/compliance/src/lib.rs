//! Compliance: whether what the books say is what happened, and where users stand.
//!
//! [`reconcile`] compares the relational store with the journal's own events and with the exchange's balances; whatever
//! does not agree is a [`Finding`], data that a person can act on. [`standing_of`] and [`aml_summary`] answer the
//! compliance pages.

mod expectation;
mod reconcile;
mod standing;

pub use expectation::Expectation;
pub use reconcile::{Finding, Measure, Reconciliation, reconcile};
pub use standing::{AmlSummary, UserStanding, aml_summary, standing_of};
