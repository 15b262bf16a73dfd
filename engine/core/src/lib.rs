//! The deterministic exchange: one thread, integers only, no clock, no random, no I/O.
//!
//! [`Exchange::apply`] is the one door: a [`Command`] with its journal position and time goes in, [`Event`]s come out,
//! and the same commands give the same events and the same state bit for bit, on any machine. Everything else here is
//! vocabulary ([`command`], [`event`], [`reject`], [`ids`], [`units`]) or a room behind that door.

pub mod codec;
pub mod command;
pub mod event;
pub mod ids;
pub mod money;
pub mod reject;
pub mod units;

pub use command::{Command, CommandRecord};
pub use event::{Event, EventRecord};
