//! What is counted: while a load runs, and over all rounds of a campaign.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use cx_tests::server::PATIENCE;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::door::{Answer, Outcome};

/// How many commands of traders were done under a load, and whether it is to end.
#[derive(Default)]
pub struct Progress {
    done: AtomicUsize,
    over: AtomicBool,
    changed: Notify,
}

impl Progress {
    /// Counts a command if it was done.
    pub fn note(&self, outcome: &Outcome) {
        if matches!(outcome, Ok(Answer::Done(_))) {
            self.done.fetch_add(1, Ordering::Relaxed);
            self.changed.notify_one();
        }
    }

    pub fn count(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Waits until so many are done.
    pub async fn reach(&self, count: usize) {
        let reached = timeout(PATIENCE, async {
            while self.count() < count {
                self.changed.notified().await;
            }
        });
        assert!(reached.await.is_ok(), "{} of {count} commands were done within {PATIENCE:?}", self.count());
    }

    /// Ends the load.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// What the clients of a round found after the restart.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Orders that were acknowledged.
    pub acknowledged: usize,
    /// Orders that were refused, by code.
    pub refused: BTreeMap<String, usize>,
    /// Orders without an answer that are there.
    pub kept: usize,
    /// Orders without an answer that are not.
    pub lost: usize,
    /// Commands of staff that were acknowledged.
    pub staff: usize,
}

impl Tally {
    pub fn refused(&mut self, code: &str) {
        *self.refused.entry(code.to_owned()).or_default() += 1;
    }

    fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.kept += other.kept;
        self.lost += other.lost;
        self.staff += other.staff;
        for (code, count) in &other.refused {
            *self.refused.entry(code.clone()).or_default() += count;
        }
    }
}

/// All rounds, by the way in which they ended.
#[derive(Default)]
pub struct Table(BTreeMap<(usize, &'static str), Row>);

#[derive(Default)]
struct Row {
    rounds: usize,
    tally: Tally,
    restarts: Vec<Duration>,
}

impl Table {
    /// Adds a round of the `place`th way.
    pub fn add(&mut self, place: usize, way: &'static str, tally: &Tally, restart: Duration) {
        let row = self.0.entry((place, way)).or_default();
        row.rounds += 1;
        row.tally.add(tally);
        row.restarts.push(restart);
    }

    /// All rounds together.
    pub fn total(&self) -> Tally {
        let mut total = Tally::default();
        self.0.values().for_each(|row| total.add(&row.tally));
        total
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<18} {:>6} {:>12} {:>6} {:>15} {:>15} {:>22}",
            "stage", "rounds", "acknowledged", "staff", "unanswered kept", "unanswered lost", "restart median, max ms"
        )?;
        let mut rounds = 0;
        for ((_, way), row) in &self.0 {
            rounds += row.rounds;
            let mut times: Vec<u128> = row.restarts.iter().map(Duration::as_millis).collect();
            times.sort_unstable();
            let Tally { acknowledged, kept, lost, staff, .. } = &row.tally;
            let (median, max) = (times[times.len() / 2], times[times.len() - 1]);
            let restart = format!("{median}, {max}");
            writeln!(
                f,
                "{way:<18} {:>6} {acknowledged:>12} {staff:>6} {kept:>15} {lost:>15} {restart:>22}",
                row.rounds
            )?;
        }
        let Tally { acknowledged, kept, lost, staff, refused } = self.total();
        writeln!(f, "{:<18} {rounds:>6} {acknowledged:>12} {staff:>6} {kept:>15} {lost:>15}", "all")?;
        let refused: Vec<String> = refused.iter().map(|(code, count)| format!("{code} {count}")).collect();
        writeln!(f, "refused: {}", refused.join(", "))
    }
}
