//! Hand-made edge cases, each run on the core and on its model: what traders and their lawyers would ask about.
//!
//! A case is a short script: `what happens > what comes out`, one command a line (see `script`). Cases that need loops or
//! extreme terms are functions in `scale` and `limits`.
#![allow(clippy::unwrap_used)]

mod model;
mod venue;

#[path = "edge_cases/amends.rs"]
mod amends;
#[path = "edge_cases/auctions.rs"]
mod auctions;
#[path = "edge_cases/bands.rs"]
mod bands;
#[path = "edge_cases/busts.rs"]
mod busts;
#[path = "edge_cases/cash.rs"]
mod cash;
#[path = "edge_cases/controls.rs"]
mod controls;
#[path = "edge_cases/counts.rs"]
mod counts;
#[path = "edge_cases/domain.rs"]
mod domain;
#[path = "edge_cases/expiry.rs"]
mod expiry;
#[path = "edge_cases/fees.rs"]
mod fees;
#[path = "edge_cases/icebergs.rs"]
mod icebergs;
#[path = "edge_cases/limits.rs"]
mod limits;
#[path = "edge_cases/money.rs"]
mod money;
#[path = "edge_cases/names.rs"]
mod names;
#[path = "edge_cases/owners.rs"]
mod owners;
#[path = "edge_cases/pairs.rs"]
mod pairs;
#[path = "edge_cases/phases.rs"]
mod phases;
#[path = "edge_cases/prevention.rs"]
mod prevention;
#[path = "edge_cases/queue.rs"]
mod queue;
#[path = "edge_cases/scale.rs"]
mod scale;
#[path = "edge_cases/script.rs"]
mod script;
#[path = "edge_cases/stops.rs"]
mod stops;
#[path = "edge_cases/terms.rs"]
mod terms;
#[path = "edge_cases/trailing.rs"]
mod trailing;
