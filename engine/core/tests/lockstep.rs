//! The core and its naive model in lockstep on generated streams: the same events after each command, the same state at
//! each checkpoint, and every answer that the rules allow is met at least once. `make soak` runs the same for as long as
//! asked.
#![allow(clippy::unwrap_used)]

#[path = "lockstep/holds.rs"]
mod holds;
mod model;
#[path = "lockstep/run.rs"]
mod run;
mod streams;
mod venue;

use proptest::prelude::*;

use run::Run;
use streams::{Coverage, Listed, Shape};

/// Commands of each seed, and commands of all seeds and shapes together.
const LONG: usize = 10_000;
const IN_ALL: usize = 8_000_000;

/// Runs every shape on every second seed, from the first or the second; two tests share the cores of a small machine.
fn half(first: u64, coverage: &mut Coverage) {
    let seeds = u64::try_from(IN_ALL.div_ceil(LONG * Shape::ALL.len())).unwrap();
    for seed in (first..=seeds).step_by(2) {
        for (number, &shape) in (0..).zip(Shape::ALL) {
            let mut run = Run::new(shape);
            run.seeded(seed * 1_000 + number, LONG, 97);
            run.drain().unwrap();
            coverage.merge(&run.coverage);
        }
    }
    let mut run = Run::new(Shape::EARNING);
    run.seeded(first, 600_000, 997);
    run.drain().unwrap();
    coverage.merge(&run.coverage);
}

#[allow(clippy::disallowed_macros)] // for whoever wants to see how much it was
fn assert_every_answer_met(coverage: &Coverage) {
    Coverage::assert_tables_complete();
    println!("{} commands in lockstep, {} kinds of answers met", coverage.commands(), coverage.kinds());
    assert_eq!(coverage.missing(), Vec::<String>::new(), "answers that no stream met");
    assert_eq!(coverage.unforeseen(), Vec::<String>::new(), "answers that the rules do not allow");
    let rarest = coverage.rarest(1);
    assert!(rarest[0].0 >= 10, "met too seldom to mean much: {rarest:?}");
}

/// Short enough for a build without optimisation, which `make test` runs too: with what only it asserts, and every overflow
/// caught.
#[test]
fn every_shape_agrees_for_a_while() {
    for (seed, &shape) in (1..).zip(Shape::ALL) {
        let mut run = Run::new(shape);
        run.seeded(seed, 5_000, 97);
        run.drain().unwrap();
    }
}

#[test]
fn even_seeds_agree_and_reach_every_answer() {
    let mut coverage = Coverage::default();
    half(0, &mut coverage);
    assert_every_answer_met(&coverage);
}

#[test]
fn odd_seeds_agree_and_reach_every_answer() {
    let mut coverage = Coverage::default();
    half(1, &mut coverage);
    assert_every_answer_met(&coverage);
}

/// Long enough that client order ids leave the venue's memory of 2^18 and come back. Purses are small, so that most orders
/// are refused, which leaves their names on record and the book thin.
#[test]
fn names_are_forgotten_in_the_same_order() {
    let mut run = Run::new(Shape { named_one_in: 1, purse: 50, ..Shape::SMALL });
    run.seeded(7, 800_000, 9_973);
    run.drain().unwrap();
    let recorded = run.generator.names_recorded();
    assert!(recorded > (1 << 18) + 50_000, "only {recorded} names: the memory's end was hardly reached");
}

/// Each command of a shrinkable stream is made from this many choices at most.
const CHOICES: usize = 14;

fn streams() -> impl Strategy<Value = (usize, Vec<[u16; CHOICES]>)> {
    (0..Shape::ALL.len(), prop::collection::vec(prop::array::uniform14(any::<u16>()), 1..150))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_stream_agrees((shape, stream) in streams()) {
        let mut run = Run::new(Shape::ALL[shape]);
        let mut outcome = run.opening();
        for choices in &stream {
            outcome = outcome.and_then(|()| run.step(&mut Listed(choices))).and_then(|()| run.compare());
        }
        let outcome = outcome.and_then(|()| run.drain());
        prop_assert!(outcome.is_ok(), "{}\n{:#?}", outcome.unwrap_err(), run.history);
    }
}
