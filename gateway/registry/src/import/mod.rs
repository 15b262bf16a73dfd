//! x
mod file;
pub use file::{Export, REFUSALS_KEPT};
