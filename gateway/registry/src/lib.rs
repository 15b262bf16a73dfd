//! Registries: what Verra, Gold Standard, ACR and Climate Action Reserve publish, and what this venue makes of it.
//!
//! From outside in:
//! - [`export`] knows the registries' files and reads them row by row into [`facts`]; [`serial`], [`quantity`], [`date`],
//!   [`country`] and [`classify`] read what stands in the cells. Every bad row is refused with a [`reason`].
//! - [`import`] folds facts into a plan against what the store knows, and carries it out in one transaction.
//! - [`issue`] enters blocks that staff credit to an account.
//! - [`listing`] says which assets and instruments the exchange must have for it.
//! - [`shipped`] is the table of facts that is part of the program.

pub mod classify;
pub mod country;
pub mod date;
pub mod export;
pub mod facts;
pub mod import;
pub mod issue;
pub mod listing;
pub mod quantity;
pub mod reason;
pub mod serial;
pub mod shipped;
pub mod words;

pub use import::{ImportError, ImportReport, Options, Policy, Source, import};
pub use listing::{Listed, Listing, ListingTerms};
