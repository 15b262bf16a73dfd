//! The deterministic exchange: one thread, integers only, no clock, no random, no I/O.
//!
//! [`Exchange::apply`] is the one door: a [`Command`] with its journal position and time goes in, [`Event`]s come out,
//! and the same commands give the same events and the same state bit for bit, on any machine. Everything else here is
//! vocabulary ([`command`], [`control`], [`event`], [`reject`], [`ids`], [`units`], [`money`]) or a room behind that door: `book`
//! (ladders and queues), `session` (phases, auctions, bands, timers), `risk` (limits, fees, busts), `accounts` (balances
//! and permissions), `client_ids`, `snapshot`, `audit`.

#![deny(clippy::float_arithmetic)]

mod accounts;
mod audit;
mod book;
mod client_ids;
pub mod codec;
pub mod command;
pub mod control;
pub mod event;
mod exchange;
pub mod ids;
pub mod money;
pub mod reject;
mod risk;
mod session;
mod snapshot;
pub mod units;

pub use accounts::Balance;
pub use audit::AuditError;
pub use book::DepthLevel;
pub use command::{Command, CommandRecord};
pub use event::{Event, EventRecord};
pub use exchange::{Asset, Exchange, OpenOrder, Supply};
pub use session::Trading;
pub use snapshot::SnapshotError;
