//! One generated stream on the core and its model, with everything needed to tell where the two part.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic;
use std::sync::Once;

use cx_engine::Command;
use cx_engine::command::{CancelAll, CommandRecord, Side};
use cx_engine::ids::AccountId;
use cx_engine::units::Timestamp;

use crate::holds::Holds;
use crate::streams::{Choices, Coverage, Generator, Listed, Seeded, Shape};
use crate::venue::{Pair, Venue, difference, minimise};

/// How many commands of a failing stream are shown.
const SHOWN_MAX: usize = 100;

/// One stream on one venue.
pub struct Run {
    /// What the venue looks like.
    pub shape: Shape,
    /// Where its commands come from.
    pub generator: Generator,
    /// Core and model.
    pub pair: Pair,
    /// All commands so far.
    pub history: Vec<CommandRecord>,
    /// What they were answered with.
    pub coverage: Coverage,
    holds: Holds,
}

impl Run {
    /// An empty venue.
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            generator: Generator::new(shape),
            pair: Pair::new(),
            history: Vec::new(),
            coverage: Coverage::default(),
            holds: Holds::default(),
        }
    }

    /// One more command to both.
    pub fn step(&mut self, choices: &mut impl Choices) -> Result<(), String> {
        let record = self.generator.next(choices);
        self.history.push(record);
        let events = self.pair.apply(&record)?;
        self.coverage.count(&record.command, events);
        self.holds.fold(events);
        self.generator.observe(events);
        Ok(())
    }

    /// The commands that open the venue.
    pub fn opening(&mut self) -> Result<(), String> {
        while self.generator.is_opening() {
            self.step(&mut Listed(&[]))?;
        }
        Ok(())
    }

    /// Compares the states.
    pub fn compare(&self) -> Result<(), String> {
        self.pair.compare(self.shape.accounts)?;
        self.holds.compare(&self.pair.model)
    }

    /// Runs a seed; when the two differ, panics with the shortest stream found that shows it. States are compared at
    /// each checkpoint, and at every fifth the core goes on from its snapshot.
    pub fn seeded(&mut self, seed: u64, commands: usize, checkpoint: usize) {
        let mut choices = Seeded::new(seed);
        for number in 1..=commands {
            let mut outcome = self.step(&mut choices);
            if number % checkpoint == 0 {
                outcome = outcome.and_then(|()| self.compare());
            }
            if number % (checkpoint * 5) == 0 {
                outcome = outcome.and_then(|()| self.pair.reload());
            }
            if let Err(told) = outcome {
                panic!("seed {seed} on {:?}: {told}\n{}", self.shape, self.shortest());
            }
        }
    }

    /// The shortest stream found that still tells core and model apart, and what they differ in after it.
    fn shortest(&self) -> String {
        let accounts = self.shape.accounts;
        quiet(true);
        let reloading = difference(&self.history, accounts, false).is_none();
        let stream = minimise(self.history.clone(), accounts, reloading);
        let again = difference(&stream, accounts, reloading);
        quiet(false);
        let again = again.unwrap_or_else(|| "replayed, the stream no longer differs".into());
        let last = &stream[stream.len().saturating_sub(SHOWN_MAX)..];
        format!("shortest (reloading: {reloading}) has {} commands, at its end {last:#?}\n{again}", stream.len())
    }

    /// Cancels everything: no order, no level and no hold is left on either side.
    pub fn drain(&mut self) -> Result<(), String> {
        let stamp = Timestamp::default();
        let owners: BTreeSet<AccountId> = self.pair.model.open_orders().iter().map(|order| order.account).collect();
        for account in owners {
            let command = Command::CancelAll(CancelAll { account, instrument: None, side: None });
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

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Whether panics of this thread are printed: each replay of a search can end in one of the core.
fn quiet(quiet: bool) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                told(info);
            }
        }));
    });
    QUIET.set(quiet);
}
