//! A heap of times whose entries can be taken out: what makes a million good-till-date orders cheap to cancel.

const NOWHERE: u32 = u32::MAX;

/// Entries `(time, key)`, earliest first, at equal times the lower key first. At most one entry for each low half of a key.
#[derive(Clone, Default)]
pub(super) struct Heap {
    items: Vec<(u64, u64)>,
    /// Where the entry of each low half stands.
    places: Vec<u32>,
}

#[allow(clippy::cast_possible_truncation)] // the low half is what is wanted
const fn low(key: u64) -> usize {
    key as u32 as usize
}

fn short(place: usize) -> u32 {
    u32::try_from(place).expect("there are no more entries than low halves")
}

impl Heap {
    pub(super) fn first(&self) -> Option<(u64, u64)> {
        self.items.first().copied()
    }

    pub(super) const fn len(&self) -> usize {
        self.items.len()
    }

    /// The entry of a low half.
    pub(super) fn get(&self, index: u32) -> Option<(u64, u64)> {
        let place = *self.places.get(index as usize)?;
        if place == NOWHERE { None } else { Some(self.items[place as usize]) }
    }

    /// Every entry, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.items.iter().copied()
    }

    /// Makes room for so many entries with low halves below `end`, so that putting them in moves nothing.
    pub(super) fn make_room(&mut self, end: usize, count: usize) {
        if self.places.capacity() < end {
            self.places.reserve_exact(end - self.places.len());
        }
        if self.items.capacity() < count {
            self.items.reserve_exact(count - self.items.len());
        }
    }

    /// Whether there is room for a low half.
    pub(super) const fn has_room(&self, index: u32) -> bool {
        (index as usize) < self.places.capacity() && self.items.len() < self.items.capacity()
    }

    /// Puts an entry in, in place of the one of the same low half.
    pub(super) fn put(&mut self, time: u64, key: u64) {
        let at = low(key);
        self.remove(short(at));
        if self.places.len() <= at {
            self.places.resize(at + 1, NOWHERE);
        }
        self.items.push((time, key));
        self.rise(self.items.len() - 1);
    }

    /// Takes the entry of a low half out, if there is one.
    pub(super) fn remove(&mut self, index: u32) {
        let Some(place) = self.places.get_mut(index as usize).map(|place| std::mem::replace(place, NOWHERE)) else {
            return;
        };
        if place == NOWHERE {
            return;
        }
        let place = place as usize;
        self.items.swap_remove(place);
        if place < self.items.len() {
            self.sink(place);
            self.rise(place);
        }
    }

    fn rise(&mut self, mut place: usize) {
        while place > 0 {
            let above = (place - 1) / 2;
            if self.items[above] <= self.items[place] {
                break;
            }
            self.items.swap(above, place);
            self.note(place);
            place = above;
        }
        self.note(place);
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let left = 2 * place + 1;
            let smaller = (left..(left + 2).min(self.items.len())).min_by_key(|&below| self.items[below]);
            let Some(below) = smaller.filter(|&below| self.items[below] < self.items[place]) else { break };
            self.items.swap(place, below);
            self.note(place);
            place = below;
        }
        self.note(place);
    }

    fn note(&mut self, place: usize) {
        self.places[low(self.items[place].1)] = short(place);
    }
}

#[cfg(test)]
mod tests;
