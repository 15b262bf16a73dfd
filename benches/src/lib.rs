//! What the benchmarks share: the seeded order flow and the loops that drive it.
//!
//! Each file in `benches/` is one criterion group; `make bench` runs them all and says where the report lies. Figures depend
//! on the machine, so a group measures the plain operation underneath as well where there is one, and allocations are
//! counted exactly, in `tests/allocations.rs`.

pub mod book_flow;
pub mod desk;
pub mod flow;
pub mod operations;
mod path;
pub mod profile;
pub mod warmup;

pub use flow::{Flow, Shares};
pub use profile::Profile;

use cx_engine::command::CommandRecord;
use cx_engine::{Event, Exchange};
use cx_engine::{command, ids, units};

/// The book is private to the core, and nothing is exposed for this: its source is compiled into this crate once more.
#[path = "../../engine/core/src/book/mod.rs"]
#[allow(dead_code, unused_imports)] // only what is measured is used
mod book;

/// Applies commands one after another as the engine stage does, with one buffer for events; gives how many came out.
pub fn drive(exchange: &mut Exchange, commands: &[CommandRecord], events: &mut Vec<Event>) -> usize {
    let mut count = 0;
    let mut seq = exchange.seq();
    for record in commands {
        seq = seq.next();
        events.clear();
        exchange.apply(seq, record.stamp, &record.command, events);
        count += events.len();
    }
    count
}
