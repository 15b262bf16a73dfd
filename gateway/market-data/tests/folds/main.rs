//! The folds against the real exchange: whatever commands come, books, balances, orders, trades and bars agree with it.
#![allow(clippy::unwrap_used)]

mod accounts;
mod bars;
mod books;
mod properties;
mod venue;
