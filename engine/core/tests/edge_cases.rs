//! Hand-made edge cases, each run on the core and on its model: what traders and their lawyers would ask about.
//!
//! A case is a short script: `what happens > what comes out`, one command a line (see `script`). Cases that need loops or
//! extreme terms are functions in `scale` and `limits`.
#![allow(clippy::unwrap_used)]

mod model;
mod venue;

#[path = "edge_cases/amends.rs"]
mod amends;
#[path = "edge_cases/limits.rs"]
mod limits;
#[path = "edge_cases/money.rs"]
mod money;
#[path = "edge_cases/names.rs"]
mod names;
#[path = "edge_cases/queue.rs"]
mod queue;
#[path = "edge_cases/scale.rs"]
mod scale;
#[path = "edge_cases/script.rs"]
mod script;
#[path = "edge_cases/terms.rs"]
mod terms;
