//! The pipeline on memory ports: the ack gate, order, overload, failure, shutdown, wake-ups.
#![allow(clippy::unwrap_used)]

mod acks;
mod failure;
mod flow;
mod load;
mod shutdown;
mod support;
