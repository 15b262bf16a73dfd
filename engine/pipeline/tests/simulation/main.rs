//! A deterministic simulation of the pipeline: one seed makes a workload, an order of the stages' steps and their faults (failed
//! appends, crashes, lost tails of the event log, jumping clocks, an absent sink). The naive model of the exchange judges each
//! answer, event and row; then the faults stop and everything must heal. A seed that fails fails again.
//!
//! `CX_SIM_SEEDS=FIRST..END` runs other seeds than the usual ones (`make simulate`).
#![allow(clippy::unwrap_used)]

mod judge;
#[path = "../../../core/tests/model/mod.rs"]
mod model;
mod run;
#[path = "../../../core/tests/streams/mod.rs"]
mod streams;
mod world;

use run::{Outcome, Run};
use std::ops::Range;
use world::Canary;

/// Seeds of the usual run.
const SEEDS: Range<u64> = 0..10_000;
/// Seeds within which each canary must be caught.
const CANARY_SEEDS: Range<u64> = 0..40;

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("CX_SIM_SEEDS") else { return SEEDS };
    let (first, end) = text.split_once("..").expect("CX_SIM_SEEDS is FIRST..END");
    first.parse().expect("FIRST is a number")..end.parse().expect("END is a number")
}

/// Runs a part of the seeds: every second one, so that two tests share the cores of a small machine.
fn part(remainder: u64) {
    let mut all = Outcome::default();
    let wanted = seeds().filter(|seed| seed % 2 == remainder);
    for seed in wanted {
        match Run::new(seed, Canary::None).finish() {
            Ok(outcome) => all.add(&outcome),
            Err(fault) => panic!("seed {seed}: {fault}\nrun it alone with CX_SIM_SEEDS={seed}..{}", seed + 1),
        }
    }
    report(&all);
    if seeds() == SEEDS {
        for (count, what) in all.counts() {
            assert!(count > 1_000, "too few to mean much: {count} {what}");
        }
    }
}

#[allow(clippy::disallowed_macros)] // for whoever wants to see how much it was
fn report(outcome: &Outcome) {
    for (count, what) in outcome.counts() {
        println!("{count:>9} {what}");
    }
}

#[test]
fn even_seeds_lose_nothing() {
    part(0);
}

#[test]
fn odd_seeds_lose_nothing() {
    part(1);
}

#[test]
fn a_seed_gives_the_same_run_again() {
    for seed in 0..20 {
        let [one, other] = [0, 1].map(|_| Run::new(seed, Canary::None).finish().unwrap());
        assert_eq!(one, other);
    }
}

#[test]
fn each_canary_is_caught() {
    for canary in Canary::ALL {
        let caught = CANARY_SEEDS.filter(|&seed| Run::new(seed, canary).finish().is_err()).count();
        assert!(caught > 0, "{canary:?} was not caught by any of {CANARY_SEEDS:?}");
    }
}
