//! The judge: the naive model, run on the commands that are on the disk, knows what every answer, event and row must be.

use crate::model::Model;
use cx_engine::ids::Seq;
use cx_engine::{Command, CommandRecord, Event, EventRecord, Exchange};
use cx_pipeline::Reply;

/// What must be.
#[derive(Default)]
pub struct Judge {
    model: Model,
    /// The commands that were judged.
    commands: Vec<CommandRecord>,
    /// All events, and where those of each command end.
    events: Vec<EventRecord>,
    ends: Vec<usize>,
}

impl Judge {
    /// Takes the commands that are new on the disk. What was there before must still be there.
    pub fn read(&mut self, disk: &[CommandRecord]) -> Result<(), String> {
        if disk.len() < self.commands.len() {
            return Err(format!("the journal shrank from {} commands to {}", self.commands.len(), disk.len()));
        }
        let (before, new) = disk.split_at(self.commands.len());
        if before != self.commands {
            return Err("the journal's past changed".to_owned());
        }
        let mut events: Vec<Event> = Vec::new();
        for record in new {
            let seq = Seq::new(self.commands.len() as u64 + 1);
            events.clear();
            let time = self.model.apply(seq, record.stamp, &record.command, &mut events);
            let named = (0..).zip(&events).map(|(index, &event)| EventRecord { seq, index, time, event });
            self.events.extend(named);
            self.ends.push(self.events.len());
            self.commands.push(*record);
        }
        Ok(())
    }

    /// The events of the commands after `from` up to `to`.
    pub fn between(&self, from: Seq, to: Seq) -> &[EventRecord] {
        let end = |seq: Seq| match seq.get() {
            0 => 0,
            seq => self.ends[usize::try_from(seq).unwrap() - 1],
        };
        &self.events[end(from)..end(to)]
    }

    /// Where the judged journal ends.
    pub fn tip(&self) -> Seq {
        Seq::new(self.commands.len() as u64)
    }

    /// An answer: its command is on the disk at its place, and this is what it led to.
    pub fn answer(&self, sent: &Command, reply: &Reply) -> Result<(), String> {
        let seq = reply.seq;
        if seq > self.tip() {
            return Err(format!("seq {} was acknowledged and is not on the disk", seq.get()));
        }
        self.stands(seq, sent)?;
        let expected = self.between(Seq::new(seq.get() - 1), seq);
        if !expected.iter().map(|record| record.event).eq(reply.events.iter().copied()) {
            return Err(format!("seq {} was answered with {:#?}, not {expected:#?}", seq.get(), reply.events));
        }
        Ok(())
    }

    /// The command at a place of the journal is the one that was sent there.
    pub fn stands(&self, seq: Seq, sent: &Command) -> Result<(), String> {
        let stored = &self.commands[usize::try_from(seq.get()).unwrap() - 1].command;
        if stored == sent { Ok(()) } else { Err(format!("seq {} is {stored:?}, but {sent:?} was sent", seq.get())) }
    }

    /// Events of whole commands that follow upon `after`. Gives the last of their commands.
    pub fn events(&self, what: &str, after: Seq, records: &[EventRecord]) -> Result<Seq, String> {
        let last = records.last().map_or(after, |record| record.seq);
        if last > self.tip() {
            return Err(format!("{what}: events of seq {}, which is not on the disk", last.get()));
        }
        let expected = self.between(after, last);
        match expected.iter().zip(records).find(|(expected, found)| expected != found) {
            Some((expected, found)) => Err(format!("{what}: {found:?} where {expected:?} belongs")),
            None if expected.len() != records.len() => {
                Err(format!("{what}: {} events where {} belong", records.len(), expected.len()))
            }
            None => Ok(last),
        }
    }

    /// An exchange that stands at the journal's end has what the model has.
    pub fn state(&self, exchange: &Exchange) -> Result<(), String> {
        if exchange.seq() != self.tip() {
            return Err(format!("the exchange stands at seq {}, not {}", exchange.seq().get(), self.tip().get()));
        }
        exchange.audit().map_err(|error| error.to_string())?;
        let wide = |amount: cx_engine::units::Amount| i128::from(amount.minor());
        let found = exchange
            .balances()
            .into_iter()
            .map(|(account, asset, balance)| (account, asset, (wide(balance.available), wide(balance.held))));
        if found.eq(self.model.balances()) { Ok(()) } else { Err("balances are not the model's".to_owned()) }
    }
}
