//! What is measured: latency from the scheduled time by kind of message, answers by code, and throughput over time. Sizes are
//! fixed when a run starts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest latency that is told apart.
const LATENCY_MAX: Duration = Duration::from_mins(2);
/// Intervals of the run that throughput and latency are shown for, at most.
const INTERVALS_MAX: u64 = 240;

/// Kinds of messages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// `order.place`.
    Place,
    /// `order.amend`.
    Amend,
    /// `order.cancel`.
    Cancel,
    /// REST reads.
    Read,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Place, Self::Amend, Self::Cancel, Self::Read];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Amend => "amend",
            Self::Cancel => "cancel",
            Self::Read => "read",
        }
    }
}

/// How a message ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Done.
    Ok,
    /// The exchange said no, as its rules demand: an order that has filled before its cancel came, for one.
    Refused,
    /// It should have been answered and was not, or with a fault.
    Error,
}

/// Codes that a correct client meets on a healthy server.
const REFUSALS: [&str; 9] = [
    "order_not_open",
    "unknown_order",
    "not_found",
    "no_change",
    "quantity_below_filled",
    "insufficient_funds",
    "insufficient_credits",
    "post_only_would_match",
    "invalid_price",
];

/// Classes a code of an answer that says no.
pub fn classify(code: &str) -> Outcome {
    if REFUSALS.contains(&code) { Outcome::Refused } else { Outcome::Error }
}

/// One kind's figures.
#[derive(Debug, Clone)]
pub struct Figures {
    /// Answered latencies in nanoseconds, from the scheduled time; 3 significant digits.
    pub latency: Histogram<u64>,
    /// Answers by code; `ok` for those that were done.
    pub codes: BTreeMap<String, u64>,
    /// Done, refused, failed.
    pub outcomes: [u64; 3],
}

/// One interval of the run, by scheduled time.
#[derive(Debug, Clone)]
pub struct Interval {
    /// Messages that were due.
    pub due: u64,
    /// Messages that were answered, by the time of the answer.
    pub answered: u64,
    /// Latency of those due in it; 2 significant digits.
    pub latency: Histogram<u64>,
}

/// All figures of a run.
#[derive(Debug, Clone)]
pub struct Figured {
    /// By kind.
    pub kinds: BTreeMap<Kind, Figures>,
    /// Over time.
    pub intervals: Vec<Interval>,
    /// How long one interval is.
    pub interval: Duration,
    /// How late messages were handed to the socket, in nanoseconds.
    pub delay: Histogram<u64>,
    /// Before it nothing is measured.
    pub warm_up: Duration,
    /// Messages handed to a socket or a request, those of the warm-up included.
    pub sent: u64,
}

/// The figures of a run, shared by its connections. One lock: it is held for some hundred nanoseconds a message.
#[derive(Debug, Clone)]
pub struct Meter(Arc<Mutex<Figured>>);

impl Meter {
    /// Nothing measured yet.
    pub fn new(duration: Duration, warm_up: Duration) -> Self {
        Self(Arc::new(Mutex::new(Figured::new(duration, warm_up))))
    }

    /// The figures.
    pub fn lock(&self) -> MutexGuard<'_, Figured> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn histogram(digits: u8) -> Histogram<u64> {
    let max = u64::try_from(LATENCY_MAX.as_nanos()).expect("two minutes fit");
    let mut histogram = Histogram::new_with_bounds(1_000, max, digits).expect("bounds and digits are in range");
    histogram.auto(false);
    histogram
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Figured {
    /// Nothing measured yet, with room for a run of `duration`.
    pub fn new(duration: Duration, warm_up: Duration) -> Self {
        let seconds = duration.as_secs().max(1);
        let interval = Duration::from_secs(seconds.div_ceil(INTERVALS_MAX).max(1));
        let count = nanos(duration).div_ceil(nanos(interval)).max(1);
        let figures = || Figures { latency: histogram(3), codes: BTreeMap::new(), outcomes: [0; 3] };
        let empty = Interval { due: 0, answered: 0, latency: histogram(2) };
        Self {
            kinds: Kind::ALL.into_iter().map(|kind| (kind, figures())).collect(),
            intervals: vec![empty; usize::try_from(count).expect("at most a few hundred")],
            interval,
            delay: histogram(3),
            warm_up,
            sent: 0,
        }
    }

    /// A message was handed over `late` after it was due.
    pub fn sent(&mut self, due: Duration, late: Duration) {
        self.sent += 1;
        if due >= self.warm_up {
            self.delay.saturating_record(nanos(late));
        }
        if let Some(interval) = self.interval_of(due) {
            interval.due += 1;
        }
    }

    /// A message was answered `latency` after it was due. `code` is `ok` or that of the answer.
    pub fn answered(&mut self, kind: Kind, due: Duration, latency: Duration, code: &str) {
        if let Some(interval) = self.interval_of(due + latency) {
            interval.answered += 1;
        }
        let outcome = self.count(kind, due, code);
        if due >= self.warm_up && outcome != Some(Outcome::Error) {
            self.figures(kind).latency.saturating_record(nanos(latency));
            if let Some(interval) = self.interval_of(due) {
                interval.latency.saturating_record(nanos(latency));
            }
        }
    }

    /// A message will not be answered any more.
    pub fn lost(&mut self, kind: Kind, code: &str) {
        self.count(kind, Duration::MAX, code);
    }

    /// Messages that ended so.
    pub fn total(&self, outcome: Outcome) -> u64 {
        self.kinds.values().map(|figures| figures.outcomes[outcome as usize]).sum()
    }

    fn count(&mut self, kind: Kind, due: Duration, code: &str) -> Option<Outcome> {
        let outcome = if code == "ok" { Outcome::Ok } else { classify(code) };
        // Faults count from the beginning, answers from the end of the warm-up.
        if due < self.warm_up && outcome != Outcome::Error {
            return None;
        }
        let figures = self.figures(kind);
        figures.outcomes[outcome as usize] += 1;
        match figures.codes.get_mut(code) {
            Some(count) => *count += 1,
            None => drop(figures.codes.insert(code.to_owned(), 1)),
        }
        Some(outcome)
    }

    fn figures(&mut self, kind: Kind) -> &mut Figures {
        self.kinds.get_mut(&kind).expect("every kind has figures")
    }

    fn interval_of(&mut self, at: Duration) -> Option<&mut Interval> {
        let place = nanos(at) / nanos(self.interval).max(1);
        self.intervals.get_mut(usize::try_from(place).ok()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn latency_counts_from_the_end_of_the_warm_up_and_faults_always() {
        let mut figured = Figured::new(10 * SECOND, 2 * SECOND);
        figured.answered(Kind::Place, SECOND, MILLI, "ok");
        figured.answered(Kind::Place, SECOND, MILLI, "overloaded");
        figured.answered(Kind::Place, 3 * SECOND, MILLI, "ok");
        figured.answered(Kind::Cancel, 3 * SECOND, 2 * MILLI, "order_not_open");
        figured.answered(Kind::Cancel, 3 * SECOND, 2 * MILLI, "internal");
        figured.lost(Kind::Amend, "no_answer");
        let place = &figured.kinds[&Kind::Place];
        assert_eq!((place.outcomes, place.latency.len()), ([1, 0, 1], 1));
        let cancel = &figured.kinds[&Kind::Cancel];
        assert_eq!((cancel.outcomes, cancel.latency.len()), ([0, 1, 1], 1));
        assert_eq!(cancel.codes.keys().collect::<Vec<_>>(), ["internal", "order_not_open"]);
        assert_eq!([Outcome::Ok, Outcome::Refused, Outcome::Error].map(|outcome| figured.total(outcome)), [1, 1, 3]);
    }

    #[test]
    fn a_late_answer_belongs_to_the_interval_in_which_its_message_was_due() {
        let mut figured = Figured::new(10 * SECOND, Duration::ZERO);
        figured.sent(2 * SECOND, MILLI);
        figured.answered(Kind::Place, 2 * SECOND, 3 * SECOND, "ok");
        let brief: Vec<_> = figured.intervals.iter().map(|i| (i.due, i.answered, i.latency.len())).collect();
        assert_eq!(brief.len(), 10);
        assert_eq!((brief[2], brief[5]), ((1, 0, 1), (0, 1, 0)));
        figured.answered(Kind::Place, 9 * SECOND, 60 * SECOND, "ok"); // after the run: in no interval's throughput
        assert_eq!(figured.intervals.iter().map(|i| i.answered).sum::<u64>(), 1);
    }

    #[test]
    fn memory_does_not_grow_with_the_run() {
        let figured = Figured::new(Duration::from_hours(24), Duration::ZERO);
        assert_eq!((figured.intervals.len(), figured.interval), (240, Duration::from_mins(6)));
    }
}
