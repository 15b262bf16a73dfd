//! The lockstep test for as long as asked: core and model on one generated venue after the other, with a line of progress
//! every half minute, and at the end what was met. Settings are environment variables:
//!
//! - `CX_SOAK_COMMANDS`: how many commands (20 million).
//! - `CX_SOAK_SEED`: the seed of the first venue (1,000,000); each further venue has the next. A line of progress names the seed
//!   below which all is done: a run that was ended goes on from there, and a seed alone reproduces its venue.
//! - `CX_SOAK_THREADS`: on how many threads (1). Venues are independent, so that the outcome is the same.
//!
//! Ends with status 0 when the two never differed; otherwise with 101 and the shortest stream found that shows the difference.
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

use std::collections::BTreeSet;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use run::Run;
use streams::{Coverage, Shape};

/// Commands on one venue before the next is opened.
const EACH: u64 = 50_000;
/// Between two lines of progress.
const TOLD_EVERY: Duration = Duration::from_secs(30);
/// How many of the rarest answers are told at the end.
const RAREST: usize = 12;

/// What all threads have reached together.
struct Progress {
    begun: Instant,
    told: Instant,
    /// The seed of the next venue, and of the first that is not to be run.
    next: u64,
    end: u64,
    /// All venues below are done; those above that are done too.
    below: u64,
    above: BTreeSet<u64>,
    commands: u64,
    coverage: Coverage,
}

impl Progress {
    fn take(&mut self) -> Option<u64> {
        let seed = self.next;
        self.next = (seed + 1).min(self.end);
        (seed < self.end).then_some(seed)
    }

    fn done(&mut self, seed: u64, coverage: &Coverage) {
        self.commands += EACH;
        self.coverage.merge(coverage);
        self.above.insert(seed);
        while self.above.remove(&self.below) {
            self.below += 1;
        }
        if self.told.elapsed() >= TOLD_EVERY {
            self.told = Instant::now();
            println!("{}, no difference; done below seed {}", self.reached(), self.below);
        }
    }

    fn reached(&self) -> String {
        let seconds = self.begun.elapsed().as_secs();
        format!("{} commands in {seconds} s, {} a second", self.commands, self.commands / seconds.max(1))
    }
}

fn main() {
    let commands = setting("CX_SOAK_COMMANDS").unwrap_or(20_000_000);
    let first = setting("CX_SOAK_SEED").unwrap_or(1_000_000);
    let threads = setting("CX_SOAK_THREADS").unwrap_or(1).max(1);
    let now = Instant::now();
    let progress = Mutex::new(Progress {
        begun: now,
        told: now,
        next: first,
        end: first + commands.div_ceil(EACH),
        below: first,
        above: BTreeSet::new(),
        commands: 0,
        coverage: Coverage::default(),
    });
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&progress));
        }
    });
    let progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{} on seeds {first} to {}: core and model agree", progress.reached(), progress.end - 1);
    println!(
        "answers that the rules allow: {} met, {} not",
        progress.coverage.kinds(),
        progress.coverage.missing().len()
    );
    for missing in progress.coverage.missing() {
        println!("  not met: {missing}");
    }
    for (times, name) in progress.coverage.rarest(RAREST) {
        println!("  {times:>12} x {name}");
    }
}

/// Takes one venue after the other.
fn work(progress: &Mutex<Progress>) {
    let lock = || progress.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let taken = lock().take();
        let Some(seed) = taken else { return };
        match catch_unwind(AssertUnwindSafe(|| soak(seed))) {
            Ok(coverage) => lock().done(seed, &coverage),
            Err(_) => {
                // The panic has told the stream already; the others need not go on.
                println!("seed {seed} shows a difference; {}", lock().reached());
                exit(101);
            }
        }
    }
}

/// One venue, drained at the end.
fn soak(seed: u64) -> Coverage {
    let mut run = Run::new(Shape::of_seed(seed));
    run.seeded(seed, usize::try_from(EACH).expect("it is small"), 997);
    if let Err(difference) = run.drain() {
        panic!("seed {seed}, drained: {difference}");
    }
    run.coverage
}

fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}
