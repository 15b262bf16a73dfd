//! The event log: events by `(seq, index)`, written behind the ack gate, read by the SQL sink and resumed streams.

use crate::database::EventsDb;
use crate::error::JournalError;
use crate::store::Shared;
use cx_engine::EventRecord;
use cx_engine::codec::{EVENT_RECORD_LEN, decode_event, encode_event};
use cx_engine::ids::Seq;
use cx_pipeline::{EventLog, PortError};
use rocksdb::DBRawIterator;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The place of an event in the log: big-endian, so that bytes sort as events do.
pub(crate) fn key(seq: Seq, index: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&seq.get().to_be_bytes());
    key[8..].copy_from_slice(&index.to_be_bytes());
    key
}

/// The event that a key names; `None` if it is no key.
pub(crate) fn parse_key(key: &[u8]) -> Option<(Seq, u32)> {
    let (seq, index) = key.split_first_chunk::<8>()?;
    Some((Seq::new(u64::from_be_bytes(*seq)), u32::from_be_bytes(index.try_into().ok()?)))
}

/// Writes events, those that are there already once more under the same keys.
pub(crate) fn put(db: &EventsDb, records: &[EventRecord]) -> Result<(), JournalError> {
    db.put(records.iter().map(|record| (key(record.seq, record.index), encode_event(record))))
        .map_err(JournalError::database("write to the event log"))
}

/// The last event's command; [`Seq::ZERO`] when there is none.
pub(crate) fn last(db: &EventsDb) -> Result<Seq, JournalError> {
    let mut events = db.follow();
    events.seek_to_last();
    events.status().map_err(JournalError::database("read the event log"))?;
    Ok(events.key().and_then(parse_key).map_or(Seq::ZERO, |(seq, _)| seq))
}

/// The first event's command; nothing when there is none.
pub(crate) fn first(db: &EventsDb) -> Result<Option<Seq>, JournalError> {
    let mut events = db.follow();
    events.seek_to_first();
    events.status().map_err(JournalError::database("read the event log"))?;
    Ok(events.key().and_then(parse_key).map(|(seq, _)| seq))
}

/// Writes the event log; the pipeline's output stage owns it.
pub struct EventLogWriter {
    shared: Arc<Shared>,
}

impl EventLogWriter {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl EventLog for EventLogWriter {
    fn append(&mut self, records: &[EventRecord]) -> Result<(), PortError> {
        let Some(last) = records.last() else { return Ok(()) };
        put(&self.shared.events, records).map_err(PortError::new)?;
        self.shared.event_tip.store(last.seq.get(), Ordering::Release);
        Ok(())
    }

    /// Flushes, so that the next start has nothing to derive.
    fn close(&mut self) -> Result<(), PortError> {
        self.shared.events.flush().map_err(PortError::new)
    }
}

/// Reads the event log from any thread while it is written.
#[derive(Clone)]
pub struct EventReader {
    shared: Arc<Shared>,
}

impl EventReader {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The last command whose events are in the log.
    pub fn tip(&self) -> Seq {
        Seq::new(self.shared.event_tip.load(Ordering::Acquire))
    }

    /// Refuses when events of commands after `seq` were cut off from the log.
    pub fn require(&self, seq: Seq) -> Result<(), JournalError> {
        match first(&self.shared.events)? {
            Some(first) if first > seq.next() => {
                Err(JournalError::EventsCut { first: first.get(), needed: seq.get() + 1 })
            }
            _ => Ok(()),
        }
    }

    /// The events of the commands after `seq`, in order: whole commands, about `max` events. It is more only when the
    /// first command alone has more; it is empty only when there is no later command.
    pub fn read_after(&self, seq: Seq, max: usize) -> Result<Vec<EventRecord>, JournalError> {
        let tip = self.tip();
        let mut records: Vec<EventRecord> = Vec::new();
        if seq >= tip {
            return Ok(records);
        }
        // Events of whole commands at the beginning of `records`.
        let mut whole = 0;
        let mut events = self.shared.events.follow();
        events.seek(key(seq.next(), 0));
        while let Some(record) = current(&events)? {
            // Never past the tip, so that a reader's cursor is never ahead of it.
            if record.seq > tip {
                break;
            }
            if records.last().is_some_and(|last| last.seq != record.seq) {
                whole = records.len();
            }
            if records.len() >= max && whole > 0 {
                records.truncate(whole);
                return Ok(records);
            }
            records.push(record);
            events.next();
        }
        Ok(records)
    }
}

/// The event where the iterator stands; `None` at the end.
pub(crate) fn current(events: &DBRawIterator<'_>) -> Result<Option<EventRecord>, JournalError> {
    let Some((key, value)) = events.item() else {
        events.status().map_err(JournalError::database("read the event log"))?;
        return Ok(None);
    };
    let (seq, index) = parse_key(key).unwrap_or_default();
    let damaged = |reason| JournalError::DamagedEvent { seq: seq.get(), index, reason };
    let bytes: &[u8; EVENT_RECORD_LEN] =
        value.try_into().map_err(|_| damaged(format!("{} bytes long", value.len())))?;
    let record = decode_event(bytes).map_err(|error| damaged(error.to_string()))?;
    if (record.seq, record.index) != (seq, index) {
        return Err(damaged(format!("it says that it is seq {}, event {}", record.seq.get(), record.index)));
    }
    Ok(Some(record))
}
