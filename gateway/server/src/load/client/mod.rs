//! A typed client of the exchange: REST for accounts and reads, WebSocket for orders.

pub mod rest;
pub mod socket;
pub mod wire;

pub use rest::{Rest, RestError};
