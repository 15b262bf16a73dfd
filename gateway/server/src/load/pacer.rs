//! Hands each message over when it is due. A thread of its own: the system's sleep is exact to some 60 microseconds, the
//! asynchronous timer only to a millisecond. When it is late it does not wait, so a slow server is never spared.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::flow::{Action, Flow, Planned};
use super::measure::Meter;
use super::session::kind;

/// A wait is cut into pieces of this length, so that a request to stop is seen.
const NAP: Duration = Duration::from_millis(50);

/// Where messages go.
#[derive(Debug)]
pub struct Lanes {
    /// One for each seat; bounded.
    pub seats: Vec<mpsc::Sender<Planned>>,
    /// For REST reads; bounded.
    pub reads: mpsc::Sender<Planned>,
}

/// Runs the schedule from `start` until it ends, `stop` is set, or no seat is left. Gives how many messages were due.
pub fn pace(flow: Flow, start: Instant, lanes: &Lanes, stop: &Arc<AtomicBool>, meter: &Meter) -> u64 {
    let mut due = 0;
    for planned in flow {
        while let Some(left) = planned.due.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            if stop.load(Ordering::Relaxed) {
                return due;
            }
            std::thread::sleep(left.min(NAP));
        }
        if stop.load(Ordering::Relaxed) {
            return due;
        }
        due += 1;
        let lane = match planned.action {
            Action::Read(_) => &lanes.reads,
            _ => &lanes.seats[planned.seat],
        };
        if lane.blocking_send(planned).is_err() {
            meter.lock().lost(kind(&planned.action), "not_sent");
            if lanes.seats.iter().all(mpsc::Sender::is_closed) {
                return due;
            }
        }
    }
    due
}
