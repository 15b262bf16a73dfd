//! The journal on a real disk: recovery, events, damage, verification.
#![allow(clippy::unwrap_used)]

mod damage;
mod events;
#[allow(dead_code)]
#[path = "../../../../engine/pipeline/tests/pipeline/flow.rs"]
mod flow;
mod folder;
mod recover;
mod snapshots;
mod support;
mod verify;
