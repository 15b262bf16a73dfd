//! What lies around the stages: a disk that may fail, a clock that jumps, and known faults that the judge must notice.

use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use cx_engine::{CommandRecord, EventRecord};
use cx_pipeline::{Clock, EventLog, Journal, Outlet, PortError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// A fault that is put in on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canary {
    None,
    /// An append that says it is done and stores nothing.
    LostBatch,
    /// An append that stores two commands in the other order.
    SwappedCommands,
    /// A batch that is stored twice.
    RepeatedBatch,
    /// An event that does not reach the log.
    LostEvent,
    /// A sink that commits its rows without its cursor.
    RepeatedRows,
}

impl Canary {
    pub const ALL: [Self; 5] =
        [Self::LostBatch, Self::SwappedCommands, Self::RepeatedBatch, Self::LostEvent, Self::RepeatedRows];
}

/// What the next append does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Append {
    Works,
    /// It fails, and nothing of the batch is on the disk.
    FailsAndLoses,
    /// It fails, but the batch is on the disk.
    FailsAndKeeps,
}

/// What survives a crash.
#[derive(Debug)]
pub struct Disk {
    /// The journal: what was appended is synced.
    pub commands: Vec<CommandRecord>,
    /// The event log, of which only a part is synced.
    pub events: Vec<EventRecord>,
    pub events_synced: usize,
    /// A snapshot of the exchange after so many commands.
    pub snapshot: Option<(usize, Vec<u8>)>,
    /// What the next append does.
    pub next: Append,
    pub canary: Canary,
}

/// The world, shared by all that lies in it.
#[derive(Debug, Clone)]
pub struct World(Arc<Mutex<Disk>>, Arc<AtomicU64>, Arc<Mutex<Vec<EventRecord>>>);

impl World {
    pub fn new(canary: Canary) -> Self {
        let disk = Disk {
            commands: Vec::new(),
            events: Vec::new(),
            events_synced: 0,
            snapshot: None,
            next: Append::Works,
            canary,
        };
        Self(Arc::new(Mutex::new(disk)), Arc::default(), Arc::default())
    }

    pub fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }

    /// Sets the clock.
    pub fn set_clock(&self, to: Timestamp) {
        self.1.store(to.nanos(), Ordering::Relaxed);
    }

    /// What has been released since this was asked last.
    pub fn released(&self) -> Vec<EventRecord> {
        std::mem::take(&mut self.2.lock().unwrap())
    }
}

impl Journal for World {
    fn append(&mut self, first: Seq, records: &[CommandRecord]) -> Result<(), PortError> {
        let mut disk = self.disk();
        if first.get() != disk.commands.len() as u64 + 1 && disk.canary == Canary::None {
            return Err(PortError::new(format!("seq {first:?} after {} commands", disk.commands.len())));
        }
        match std::mem::replace(&mut disk.next, Append::Works) {
            Append::FailsAndLoses => return Err(PortError::new("no space left on the device")),
            Append::FailsAndKeeps => {
                disk.commands.extend_from_slice(records);
                return Err(PortError::new("input/output error"));
            }
            Append::Works => {}
        }
        let mut stored = records.to_vec();
        // Only now and then, and not before there is something to lose.
        let late = disk.commands.len() > 60 && first.get() % 7 == 0;
        match disk.canary {
            Canary::LostBatch if late => stored.clear(),
            Canary::SwappedCommands if late && stored.len() > 1 => stored.swap(0, 1),
            Canary::RepeatedBatch if late => stored.extend_from_slice(records),
            _ => {}
        }
        disk.commands.extend(stored);
        Ok(())
    }
}

impl EventLog for World {
    fn append(&mut self, records: &[EventRecord]) -> Result<(), PortError> {
        let mut disk = self.disk();
        let lost = disk.canary == Canary::LostEvent && disk.events.len() > 100 && records.len() > 1;
        disk.events.extend_from_slice(&records[usize::from(lost)..]);
        Ok(())
    }
}

impl Outlet for World {
    fn release(&mut self, records: &[EventRecord]) {
        self.2.lock().unwrap().extend_from_slice(records);
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.1.load(Ordering::Relaxed))
    }
}
