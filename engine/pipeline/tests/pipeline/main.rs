//! The pipeline on memory ports: the ack gate, order, overload, failure, shutdown, wake-ups.
#![allow(clippy::unwrap_used)]

mod acks;
mod batches;
mod failure;
mod flow;
mod load;
mod resume;
mod shutdown;
#[path = "../../../core/tests/streams/mod.rs"]
mod streams;
mod support;
