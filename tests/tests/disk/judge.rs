//! Is what comes back right? The recovered exchange against a replay of the same commands, and every acknowledged order in it.

use crate::log;
use crate::log::Record;
use cx_engine::ids::Seq;
use cx_engine::{CommandRecord, Event, EventRecord, Exchange};
use cx_journal::{Archive, Durability, JournalError, JournalStore, verify};
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

/// Acknowledged orders: client order id and seq.
pub type Acked = BTreeMap<String, u64>;

/// The orders acknowledged before a record of the log, with those of earlier runs.
pub fn acked_before(records: &[Record], number: usize, earlier: &Acked) -> Acked {
    let mut acked = earlier.clone();
    for (at, id, seq) in log::acks(records) {
        if at <= number {
            assert_eq!(acked.insert(id.clone(), seq), None, "{id} was acknowledged twice");
        }
    }
    acked
}

/// All commands of a history, the first one first.
pub struct Known(pub Vec<CommandRecord>);

impl Known {
    /// Those in a data folder, which is not changed.
    pub fn of(data: &Path) -> Result<Self, JournalError> {
        let archive = Archive::open(data)?;
        let mut commands = Vec::new();
        let (first, last) = archive.range();
        assert_eq!(first, Seq::new(1), "the beginning was cut off");
        let collect = |_, record: &CommandRecord, _: &[EventRecord]| {
            commands.push(*record);
            ControlFlow::Continue(())
        };
        archive.replay(Seq::ZERO, last, collect)?;
        Ok(Self(commands))
    }

    /// The exchange after the first commands, and its events.
    pub fn replay(&self, count: u64) -> (Exchange, Vec<EventRecord>) {
        let mut exchange = Exchange::new();
        let (mut events, mut records): (Vec<Event>, Vec<EventRecord>) = Default::default();
        for command in &self.0[..usize::try_from(count).unwrap()] {
            events.clear();
            let seq = exchange.seq().next();
            let time = exchange.apply(seq, command.stamp, &command.command, &mut events);
            records.extend((0..).zip(&events).map(|(index, &event)| EventRecord { seq, index, time, event }));
        }
        (exchange, records)
    }
}

/// Verifies and recovers a data folder. Gives the last command, or the words of the refusal. Whatever comes back must be right:
/// sound, the state and the events of the same commands replayed, every order in it at most once and those of `acked` up to
/// the last command under their seqs.
pub fn judge(data: &Path, durability: Durability, acked: &Acked, known: Option<&Known>) -> Result<u64, String> {
    let report = verify(data, |_| {});
    let events_after = if known.is_some() { Seq::ZERO } else { Seq::new(u64::MAX) };
    let opened = JournalStore::open(data, durability);
    let recovered = opened.and_then(|store| Ok((store.recover(events_after, |_| {})?, store)));
    let (recovered, store) = match recovered {
        Err(error) => {
            assert!(!report.is_ok_and(|report| report.is_sound()), "verification finds nothing, but: {error}");
            return Err(error.to_string());
        }
        Ok(recovered) => recovered,
    };
    let tip = recovered.exchange.seq().get();
    match report {
        Ok(report) => {
            assert!(report.is_sound(), "{report}");
            assert_eq!(recovered.exchange.state_hash(), report.state_hash, "recovery and verification agree");
        }
        // Power went while the folder was made.
        Err(error) => assert_eq!(tip, 0, "{error}"),
    }
    if let Some(known) = known {
        let (exchange, events) = known.replay(tip);
        assert_eq!(recovered.exchange.state_hash(), exchange.state_hash(), "the state at seq {tip}");
        let stored = store.event_reader().read_after(Seq::ZERO, usize::MAX).unwrap();
        assert!(stored == events, "the events up to seq {tip}");
        orders_are_there(&events, tip, acked);
    }
    Ok(tip)
}

fn orders_are_there(events: &[EventRecord], tip: u64, acked: &Acked) {
    let mut found = BTreeMap::new();
    for record in events {
        if let Event::OrderAccepted(order) = record.event {
            let id = order.client_order_id.unwrap().as_str().to_owned();
            assert_eq!(found.insert(id.clone(), record.seq.get()), None, "order {id} is there twice");
        }
    }
    for (id, seq) in acked.iter().filter(|(_, seq)| **seq <= tip) {
        assert_eq!(found.get(id), Some(seq), "order {id}, acknowledged at seq {seq}");
    }
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
