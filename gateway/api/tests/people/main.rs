//! People over HTTP: the router over a real store (SQLite in memory) and a real pipeline with a journal in memory.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod contract;
mod lifecycle;
mod limits;
mod roles;
mod tokens;
mod venue;
mod wallet;
