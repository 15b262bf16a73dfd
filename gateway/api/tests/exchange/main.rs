//! The API over a real exchange: pipeline with a journal in memory, folds, SQLite, users with tokens; REST through the
//! router, WebSocket through a listener on the loopback.
#![allow(clippy::unwrap_used)]

mod bad_input;
mod client;
mod contract;
mod history;
mod kinds;
mod market;
mod orders;
mod sockets;
mod streams;
mod venue;
