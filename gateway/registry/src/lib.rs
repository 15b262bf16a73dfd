//! cx-registry
pub mod date;
pub mod quantity;
pub mod serial;
pub mod words;
