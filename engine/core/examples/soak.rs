//! The lockstep test for as long as asked: core and model on one generated venue after the other, with a line of progress
//! now and then. `CX_SOAK_COMMANDS` says how many commands (20 million when it is not set), `CX_SOAK_SEED` the first seed.
//! Ends with status 0 when the two never differed; otherwise it panics with the shortest stream that shows the difference.
#![allow(clippy::disallowed_macros, clippy::disallowed_methods, clippy::disallowed_types)] // a program around the core

#[path = "../tests/lockstep/holds.rs"]
mod holds;
#[path = "../tests/model/mod.rs"]
mod model;
#[path = "../tests/lockstep/run.rs"]
#[allow(dead_code)] // the tests use more of it
mod run;
#[path = "../tests/streams/mod.rs"]
mod streams;
#[path = "../tests/venue/mod.rs"]
mod venue;

use std::env;
use std::time::Instant;

use run::Run;
use streams::Shape;

/// Commands on one venue before the next is opened.
const EACH: u64 = 50_000;
/// Venues between two lines of progress.
const TOLD_EVERY: u64 = 100;

fn main() {
    let commands = setting("CX_SOAK_COMMANDS").unwrap_or(20_000_000);
    let first = setting("CX_SOAK_SEED").unwrap_or(1_000_000);
    let begun = Instant::now();
    let venues = commands.div_ceil(EACH);
    let each = usize::try_from(EACH).expect("it is small");
    for number in 0..venues {
        let kind = usize::try_from(number).expect("usize holds a u64") % Shape::ALL.len();
        let mut run = Run::new(Shape::ALL[kind]);
        run.seeded(first + number, each, 997);
        if let Err(difference) = run.drain() {
            panic!("seed {} on shape {kind}, drained: {difference}", first + number);
        }
        if (number + 1) % TOLD_EVERY == 0 {
            println!("{} commands in {} s, no difference", (number + 1) * EACH, begun.elapsed().as_secs());
        }
    }
    println!("{} commands on {venues} venues in {} s: core and model agree", venues * EACH, begun.elapsed().as_secs());
}

fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}
