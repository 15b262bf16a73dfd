//! The core and its naive model in lockstep on generated streams: the same events after each command, the same state at
//! each checkpoint, and every answer that the rules allow is met at least once.
#![allow(clippy::unwrap_used)]

mod model;
mod streams;
mod venue;

use std::collections::BTreeSet;

use cx_engine::Command;
use cx_engine::command::{CancelAll, CommandRecord, Side};
use cx_engine::ids::AccountId;
use cx_engine::units::Timestamp;
use proptest::prelude::*;

use streams::{Choices, Coverage, Generator, Listed, Seeded, Shape};
use venue::{Pair, Venue, minimise};

/// How many commands of a failing stream are shown.
const SHOWN_MAX: usize = 100;

/// One stream on one venue, with everything needed to tell where it went wrong.
struct Run {
    shape: Shape,
    generator: Generator,
    pair: Pair,
    history: Vec<CommandRecord>,
    coverage: Coverage,
}

impl Run {
    fn new(shape: Shape) -> Self {
        Self {
            shape,
            generator: Generator::new(shape),
            pair: Pair::new(),
            history: Vec::new(),
            coverage: Coverage::default(),
        }
    }

    fn step(&mut self, choices: &mut impl Choices) -> Result<(), String> {
        let record = self.generator.next(choices);
        self.history.push(record);
        let events = self.pair.apply(&record)?;
        self.coverage.count(&record.command, events);
        self.generator.observe(events);
        Ok(())
    }

    fn opening(&mut self) -> Result<(), String> {
        while self.generator.is_opening() {
            self.step(&mut Listed(&[]))?;
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), String> {
        self.pair.compare(self.shape.accounts)
    }

    /// Runs a seed; when the two differ, panics with the shortest stream found that shows it.
    fn seeded(&mut self, seed: u64, commands: usize, checkpoint: usize) {
        let mut choices = Seeded::new(seed);
        for number in 1..=commands {
            let mut outcome = self.step(&mut choices);
            if number % checkpoint == 0 {
                outcome = outcome.and_then(|()| self.compare());
            }
            if let Err(difference) = outcome {
                let shortest = minimise(self.history.clone(), self.shape.accounts);
                let last = &shortest[shortest.len().saturating_sub(SHOWN_MAX)..];
                let commands: Vec<_> = last.iter().map(|record| record.command).collect();
                let again = replay_difference(&shortest, self.shape.accounts);
                panic!(
                    "seed {seed} on {:?}: {difference}\nshortest has {} commands, at its end {commands:#?}\n{again}",
                    self.shape,
                    shortest.len()
                );
            }
        }
    }

    /// Cancels everything: no order, no level and no hold is left on either side.
    fn drain(&mut self) -> Result<(), String> {
        let stamp = Timestamp::default();
        let owners: BTreeSet<AccountId> = self.pair.model.open_orders().iter().map(|order| order.account).collect();
        for account in owners {
            let command = Command::CancelAll(CancelAll { account, instrument: None });
            self.pair.apply(&CommandRecord { stamp, command })?;
        }
        self.compare()?;
        let core: &dyn Venue = &self.pair.core;
        assert_eq!(core.orders(), []);
        for (account, asset, (_, held)) in core.holdings() {
            assert_eq!(held, 0, "{account:?} still holds {held} of {asset:?}");
        }
        for instrument in core.instrument_list() {
            for side in [Side::Buy, Side::Sell] {
                assert_eq!(core.levels(instrument.instrument, side, 1), []);
            }
        }
        Ok(())
    }
}

fn replay_difference(stream: &[CommandRecord], accounts: u32) -> String {
    let mut pair = Pair::new();
    let differing = stream.iter().find_map(|record| pair.apply(record).err());
    differing.or_else(|| pair.compare(accounts).err()).unwrap_or_else(|| "the shortest stream no longer differs".into())
}

/// Commands per seed and seeds per shape of the long run.
const LONG: (usize, u64) = (10_000, 32);

#[test]
fn seeded_streams_agree_and_reach_every_answer() {
    Coverage::assert_tables_complete();
    let mut coverage = Coverage::default();
    for (number, &shape) in (0..).zip(Shape::ALL) {
        for seed in 0..LONG.1 {
            let mut run = Run::new(shape);
            run.seeded(seed * 1_000 + number, LONG.0, 97);
            run.drain().unwrap();
            coverage.merge(&run.coverage);
        }
    }
    assert_eq!(coverage.missing(), Vec::<String>::new(), "answers that no stream met");
    assert_eq!(coverage.unforeseen(), Vec::<String>::new(), "answers that the rules do not allow");
    let rarest = coverage.rarest(1);
    assert!(rarest[0].0 >= 10, "met too seldom to mean much: {rarest:?}");
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
