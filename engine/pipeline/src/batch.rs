//! What the engine stage hands to the output stage: the events of consecutive commands, in a buffer that comes back.

use crate::replies::Token;
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use cx_engine::{Event, EventRecord};

/// Records that a recycled buffer may keep room for (8 MiB): one huge mass cancel must not hold its memory for ever.
const KEPT_RECORDS_MAX: usize = 65_536;

/// One command that was applied.
#[derive(Clone, Copy)]
struct Applied {
    token: Token,
    time: Timestamp,
    /// Where its records end.
    end: usize,
}

/// The events of consecutive commands.
#[derive(Default)]
pub(crate) struct EventBatch {
    first: Seq,
    commands: Vec<Applied>,
    records: Vec<EventRecord>,
}

/// One command of a batch with its events.
pub(crate) struct AppliedCommand<'a> {
    pub(crate) seq: Seq,
    pub(crate) time: Timestamp,
    pub(crate) token: Token,
    pub(crate) records: &'a [EventRecord],
}

impl EventBatch {
    /// An empty one with room for `commands` commands and `records` events.
    pub(crate) fn with_capacity(commands: usize, records: usize) -> Self {
        Self { first: Seq::ZERO, commands: Vec::with_capacity(commands), records: Vec::with_capacity(records) }
    }

    /// Adds a command and its events. Commands come without gaps.
    pub(crate) fn push(&mut self, seq: Seq, time: Timestamp, token: Token, events: &[Event]) {
        if self.commands.is_empty() {
            self.first = seq;
        }
        debug_assert_eq!(seq.get(), self.first.get() + self.commands.len() as u64, "commands come without gaps");
        let named = (0_u32..).zip(events).map(|(index, &event)| EventRecord { seq, index, time, event });
        self.records.extend(named);
        self.commands.push(Applied { token, time, end: self.records.len() });
    }

    /// Number of commands.
    pub(crate) fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether it holds no command.
    pub(crate) fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// The first command's position.
    pub(crate) fn first(&self) -> Seq {
        self.first
    }

    /// The events of the commands `from..to`, counted from the batch's first.
    pub(crate) fn records(&self, from: usize, to: usize) -> &[EventRecord] {
        &self.records[self.start_of(from)..self.start_of(to)]
    }

    /// The commands `from..to`, counted from the batch's first, with their events.
    pub(crate) fn commands(&self, from: usize, to: usize) -> impl Iterator<Item = AppliedCommand<'_>> {
        (from..to).map(|at| {
            let Applied { token, time, end } = self.commands[at];
            let seq = Seq::new(self.first.get() + at as u64);
            AppliedCommand { seq, time, token, records: &self.records[self.start_of(at)..end] }
        })
    }

    /// Empties it for the next use.
    pub(crate) fn clear(&mut self) {
        self.commands.clear();
        self.records.clear();
        self.records.shrink_to(KEPT_RECORDS_MAX);
    }

    fn start_of(&self, command: usize) -> usize {
        if command == 0 { 0 } else { self.commands[command - 1].end }
    }
}
