//! cx-registry
pub mod classify;
pub mod country;
pub mod date;
pub mod export;
pub mod facts;
pub mod import;
pub mod quantity;
pub mod reason;
pub mod serial;
pub mod words;
