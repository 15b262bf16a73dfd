//! The file of acknowledged orders: one client order id a line, in the order of the answers. A crash check compares it with
//! what the server still knows after a restart.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An open file of acknowledged orders.
#[derive(Debug)]
pub struct Acks(Mutex<State>);

#[derive(Debug)]
struct State {
    file: BufWriter<File>,
    count: u64,
    /// The first error; told at the end.
    failed: Option<io::Error>,
}

impl Acks {
    /// Makes the file, or empties it.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(State { file: BufWriter::new(File::create(path)?), count: 0, failed: None })))
    }

    /// Adds an order.
    pub fn write(&self, client_order_id: &str) {
        let mut state = self.lock();
        match writeln!(state.file, "{client_order_id}") {
            Ok(()) => state.count += 1,
            Err(error) => drop(state.failed.get_or_insert(error)),
        }
    }

    /// Hands everything to the operating system.
    pub fn flush(&self) {
        let mut state = self.lock();
        if let Err(error) = state.file.flush() {
            state.failed.get_or_insert(error);
        }
    }

    /// Flushes and gives the number of orders written, or the first error there was.
    pub fn finish(&self) -> io::Result<u64> {
        self.flush();
        let mut state = self.lock();
        state.failed.take().map_or(Ok(state.count), Err)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
