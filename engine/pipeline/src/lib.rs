//! The way of a command: sequencer ring, journal stage, engine stage, ack gate.
//!
//! ```text
//! Sequencer::submit -> ring -+-> journal stage: one Journal::append per batch ---> durable cursor --+
//!                            |                                                                      v
//!                            +-> engine stage: Exchange::apply -> event batches -> output stage (ack gate)
//!                                                                                   |
//!                                  replies <- Outlet::release <- EventLog::append <-+
//! ```
//!
//! Invariants that the tests of this crate hold on to:
//! - A position in the ring is a position in the journal: `Seq` = the exchange's seq at the start + ring position + 1.
//! - Nothing leaves the output stage before its command is durable, and everything leaves in the order of the journal.
//! - A command that was taken is answered exactly once, or its [`Pending`] says [`Lost`].
//! - A full ring refuses at once; nothing waits on behalf of a caller.
//! - An idle pipeline uses no processor time (unless [`WaitPolicy::BusySpin`] asks for it).
//!
//! The world outside is behind the [`ports`]: the journal, the event log, the fan-out and the clock.

mod batch;
pub mod config;
mod engine_stage;
pub mod eventcount;
pub mod fatal;
mod journal_stage;
mod output_stage;
pub mod pipeline;
pub mod ports;
pub mod replies;
pub mod ring;
pub mod sequencer;
mod shared;
pub mod status;
pub mod stepped;
mod sync;
pub mod waiting;

pub use config::{PipelineConfig, StageCores, WaitPolicy};
pub use fatal::{Fatal, FatalHandler, Stage};
pub use pipeline::Pipeline;
pub use ports::{Clock, EventLog, Journal, Outlet, PortError, SystemClock};
pub use replies::{Lost, Pending, Reply};
pub use sequencer::{Sequencer, SubmitError};
pub use status::{PipelineStatus, StatusHandle};
pub use stepped::Stepped;
pub use waiting::Step;
