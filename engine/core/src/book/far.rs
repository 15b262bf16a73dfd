//! Levels outside a ladder's window: an ordered map from key to level that allocates nothing once there was room for as many.
//!
//! Levels lie in short sorted runs, found by their first keys. A full run is split in two, and one that empties is put by for
//! the next split. A change moves half a run, and once in half a run of changes half the list of runs; runs grow with the
//! root of the map, so that neither is long.

use super::ladder::Level;

/// Runs up to this length are not split.
const RUN_MIN: usize = 32;

/// Adjacent levels, in the order of their keys.
#[derive(Clone, Default)]
struct Run {
    keys: Vec<i64>,
    levels: Vec<Level>,
}

/// The map.
#[derive(Clone, Default)]
pub(super) struct Far {
    /// First key of each run in use, ascending.
    firsts: Vec<i64>,
    /// Where each of these runs is kept.
    order: Vec<u32>,
    runs: Vec<Run>,
    /// Runs that are not in use.
    spare: Vec<u32>,
    len: usize,
}

impl Far {
    pub(super) const fn new() -> Self {
        Self { firsts: Vec::new(), order: Vec::new(), runs: Vec::new(), spare: Vec::new(), len: 0 }
    }

    /// How many levels.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The lowest key.
    #[inline]
    pub(super) fn first(&self) -> Option<i64> {
        self.firsts.first().copied()
    }

    /// The lowest key above `key`.
    pub(super) fn after(&self, key: i64) -> Option<i64> {
        let next = self.firsts.partition_point(|&first| first <= key);
        let here = next.checked_sub(1).and_then(|at| {
            let keys = &self.run(at).keys;
            keys.get(keys.partition_point(|&other| other <= key)).copied()
        });
        here.or_else(|| self.firsts.get(next).copied())
    }

    /// A level.
    pub(super) fn get(&self, key: i64) -> Option<&Level> {
        let run = self.run(self.run_of(key)?);
        run.keys.binary_search(&key).ok().map(|at| &run.levels[at])
    }

    /// A level, to change.
    pub(super) fn get_mut(&mut self, key: i64) -> Option<&mut Level> {
        let at = self.run_of(key)?;
        let run = self.run_mut(at);
        run.keys.binary_search(&key).ok().map(|at| &mut run.levels[at])
    }

    /// A level, to change; empty if there was none.
    pub(super) fn entry(&mut self, key: i64) -> &mut Level {
        let mut at = match self.run_of(key) {
            Some(at) => at,
            // Below all others: it goes to the front of the first run, if there is one.
            None if self.order.is_empty() => self.open(0, key),
            None => 0,
        };
        if self.is_full(at) && self.run(at).keys.binary_search(&key).is_err() {
            self.split(at);
            at = self.run_of(key).unwrap_or(0);
        }
        let run = self.run(at);
        let place = match run.keys.binary_search(&key) {
            Ok(place) => place,
            Err(place) => {
                self.len += 1;
                if place == 0 {
                    self.firsts[at] = key;
                }
                let run = self.run_mut(at);
                run.keys.insert(place, key);
                run.levels.insert(place, Level::EMPTY);
                place
            }
        };
        &mut self.run_mut(at).levels[place]
    }

    /// Takes a level away and gives it.
    pub(super) fn remove(&mut self, key: i64) -> Option<Level> {
        let at = self.run_of(key)?;
        let run = self.run_mut(at);
        let place = run.keys.binary_search(&key).ok()?;
        run.keys.remove(place);
        let level = run.levels.remove(place);
        let first = run.keys.first().copied();
        self.len -= 1;
        if let Some(first) = first {
            self.firsts[at] = first;
        } else {
            self.firsts.remove(at);
            self.spare.push(self.order.remove(at));
        }
        Some(level)
    }

    /// Which run in use a key lies in if it is there; `None` below all.
    #[inline]
    fn run_of(&self, key: i64) -> Option<usize> {
        self.firsts.partition_point(|&first| first <= key).checked_sub(1)
    }

    #[inline]
    fn run(&self, at: usize) -> &Run {
        &self.runs[self.order[at] as usize]
    }

    #[inline]
    fn run_mut(&mut self, at: usize) -> &mut Run {
        &mut self.runs[self.order[at] as usize]
    }

    /// Takes an empty run into use, as the one before which `at` others come.
    fn open(&mut self, at: usize, first: i64) -> usize {
        let run = self.spare.pop().unwrap_or_else(|| {
            self.runs.push(Run::default());
            u32::try_from(self.runs.len() - 1).expect("there are fewer runs than orders")
        });
        self.firsts.insert(at, first);
        self.order.insert(at, run);
        at
    }

    /// Whether a run is split before another level comes into it. A million levels lie in runs of up to 62, sixteen million in
    /// runs of up to 256.
    #[inline]
    fn is_full(&self, at: usize) -> bool {
        let length = self.run(at).keys.len();
        length >= RUN_MIN && length >= self.len.isqrt() / 16
    }

    /// Moves the upper half of a run into one of its own behind it.
    fn split(&mut self, at: usize) {
        let middle = self.run(at).keys.len() / 2;
        let first = self.run(at).keys[middle];
        let behind = self.open(at + 1, first);
        let mut upper = std::mem::take(self.run_mut(behind));
        let lower = self.run_mut(at);
        upper.keys.extend(lower.keys.drain(middle..));
        upper.levels.extend(lower.levels.drain(middle..));
        *self.run_mut(behind) = upper;
    }
}

#[cfg(test)]
mod tests;
