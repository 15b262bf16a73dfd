//! The folds against the real exchange: whatever commands come, books, balances, orders, trades and bars agree with it.
#![allow(clippy::unwrap_used)]

mod accounts;
mod bars;
mod books;
mod checks;
mod followers;
mod properties;
mod sessions;
#[path = "../../../../engine/core/tests/streams/mod.rs"]
mod streams;
mod venue;
