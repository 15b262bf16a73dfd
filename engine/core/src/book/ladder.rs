//! One side of a book as a ladder of price levels: a directly indexed window of ticks over lazily backed pages, found
//! through bitmaps, and an ordered map for prices outside the window.
//!
//! A level is named by its *key*, chosen so that the best level has the lowest key on both sides: the price in ticks for
//! asks, its negative for bids. Best, next and membership are a few shifts and one count of trailing zeros.

use std::collections::BTreeMap;

/// No slot: end of a queue, or a page that is not backed.
pub(crate) const NONE: u32 = u32::MAX;

const PAGE_BITS: u32 = 6;
const PAGE_LEVELS: usize = 64;
const WORDS: usize = 64;
const PAGES: usize = WORDS * 64;
/// Ticks that the window covers.
pub(crate) const WINDOW_TICKS: u64 = (PAGES * PAGE_LEVELS) as u64;
/// The window follows the market only when at least this many levels lie outside it.
const FAR_LEVELS_MIN: usize = 64;

/// A price level: the ends of its queue and the sum of its orders' leaves. An unoccupied level has no queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) head: u32,
    pub(crate) tail: u32,
    pub(crate) quantity: u64,
}

const _: () = assert!(size_of::<Level>() == 16, "four levels share a cache line");

impl Level {
    const EMPTY: Self = Self { head: NONE, tail: NONE, quantity: 0 };
}

/// Sixteen cache lines of levels; which of them are occupied is kept apart, so that no level straddles two lines.
#[derive(Clone)]
#[repr(align(64))]
struct Page([Level; PAGE_LEVELS]);

impl Page {
    const EMPTY: Self = Self([Level::EMPTY; PAGE_LEVELS]);
}

/// One side of a book.
#[derive(Clone)]
pub(crate) struct Ladder {
    /// Key of the window's first level.
    base: i64,
    /// Lowest occupied key, or [`Ladder::NO_KEY`].
    best: i64,
    /// Occupied levels in the window.
    near: usize,
    /// Bit per word of `summary` that is not zero.
    top: u64,
    /// Bit per page with an occupied level.
    summary: [u64; WORDS],
    /// Where each page of the window is kept in `pages`; empty until the first order.
    table: Vec<u32>,
    pages: Vec<Page>,
    /// Bit per occupied level, for each of `pages`.
    occupied: Vec<u64>,
    /// Levels outside the window.
    far: BTreeMap<i64, Level>,
    /// So many levels must lie outside before the window is moved again.
    far_limit: usize,
}

enum Place {
    Near { page: usize, level: usize },
    Far,
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)] // offsets inside the window
impl Ladder {
    /// What `best` holds when the side is empty; above every key, because prices end at 2^62.
    pub(crate) const NO_KEY: i64 = i64::MAX;

    pub(crate) const fn new() -> Self {
        Self {
            base: 0,
            best: Self::NO_KEY,
            near: 0,
            top: 0,
            summary: [0; WORDS],
            table: Vec::new(),
            pages: Vec::new(),
            occupied: Vec::new(),
            far: BTreeMap::new(),
            far_limit: FAR_LEVELS_MIN,
        }
    }

    /// The best level's key, [`Ladder::NO_KEY`] when the side is empty.
    #[inline]
    pub(crate) const fn best(&self) -> i64 {
        self.best
    }

    /// How many levels are occupied.
    pub(crate) fn len(&self) -> usize {
        self.near + self.far.len()
    }

    #[inline]
    fn place(&self, key: i64) -> Place {
        let offset = key.wrapping_sub(self.base) as u64;
        if offset < WINDOW_TICKS && !self.table.is_empty() {
            Place::Near { page: (offset >> PAGE_BITS) as usize, level: (offset as usize) & (PAGE_LEVELS - 1) }
        } else {
            Place::Far
        }
    }

    /// An occupied level.
    #[inline]
    pub(crate) fn level(&self, key: i64) -> Option<&Level> {
        match self.place(key) {
            Place::Near { page, level } => {
                let at = self.table[page] as usize;
                (self.occupied.get(at)? >> level & 1 == 1).then(|| &self.pages[at].0[level])
            }
            Place::Far => self.far.get(&key),
        }
    }

    /// An occupied level, to change. Panics when it is not occupied: then book and index disagree.
    #[inline]
    pub(crate) fn level_mut(&mut self, key: i64) -> &mut Level {
        match self.place(key) {
            Place::Near { page, level } => &mut self.pages[self.table[page] as usize].0[level],
            Place::Far => self.far.get_mut(&key).expect("an order's level exists"),
        }
    }

    /// The level of a key, occupied from here on.
    #[inline]
    pub(crate) fn occupy(&mut self, key: i64) -> &mut Level {
        if let Place::Far = self.place(key) {
            self.consider_moving(key);
        }
        self.best = self.best.min(key);
        match self.place(key) {
            Place::Near { page, level } => {
                let at = self.back(page);
                let bit = 1 << level;
                if self.occupied[at] & bit == 0 {
                    self.occupied[at] |= bit;
                    self.summary[page >> PAGE_BITS] |= 1 << (page & (WORDS - 1));
                    self.top |= 1 << (page >> PAGE_BITS);
                    self.near += 1;
                }
                &mut self.pages[at].0[level]
            }
            Place::Far => self.far.entry(key).or_insert(Level::EMPTY),
        }
    }

    /// Backs a page of the window and says where it is kept.
    #[inline]
    fn back(&mut self, page: usize) -> usize {
        if self.table[page] == NONE {
            self.table[page] = u32::try_from(self.pages.len()).expect("a window has at most 4096 pages");
            self.pages.push(Page::EMPTY);
            self.occupied.push(0);
        }
        self.table[page] as usize
    }

    /// Gives up a level whose queue is empty.
    #[inline]
    pub(crate) fn vacate(&mut self, key: i64) {
        match self.place(key) {
            Place::Near { page, level } => {
                let at = self.table[page] as usize;
                self.pages[at].0[level] = Level::EMPTY;
                self.occupied[at] &= !(1 << level);
                self.near -= 1;
                if self.occupied[at] == 0 {
                    let word = page >> PAGE_BITS;
                    self.summary[word] &= !(1 << (page & (WORDS - 1)));
                    if self.summary[word] == 0 {
                        self.top &= !(1 << word);
                    }
                }
            }
            Place::Far => {
                self.far.remove(&key);
                if self.far.len() < self.far_limit / 4 {
                    self.far_limit = (self.far_limit / 2).max(FAR_LEVELS_MIN);
                }
            }
        }
        if key == self.best {
            self.best = self.first();
        }
    }

    fn first(&self) -> i64 {
        let near = if self.top == 0 {
            Self::NO_KEY
        } else {
            let word = self.top.trailing_zeros() as usize;
            let page = (word << PAGE_BITS) | self.summary[word].trailing_zeros() as usize;
            self.first_in(page, self.occupied[self.table[page] as usize])
        };
        self.far.first_key_value().map_or(near, |(&far, _)| far.min(near))
    }

    #[inline]
    fn first_in(&self, page: usize, occupied: u64) -> i64 {
        self.base.wrapping_add(((page << PAGE_BITS) | occupied.trailing_zeros() as usize) as i64)
    }

    /// The next occupied key behind `key`, [`Ladder::NO_KEY`] when there is none.
    pub(crate) fn next_after(&self, key: i64) -> i64 {
        let near = match self.place(key) {
            Place::Near { page, level } => self.near_after(page, level),
            // Behind a key below the window comes the window's first level, behind one above it nothing near.
            Place::Far if key < self.base && self.top != 0 => {
                let word = self.top.trailing_zeros() as usize;
                let page = (word << PAGE_BITS) | self.summary[word].trailing_zeros() as usize;
                self.first_in(page, self.occupied[self.table[page] as usize])
            }
            Place::Far => Self::NO_KEY,
        };
        if self.far.is_empty() || key == Self::NO_KEY {
            return near;
        }
        self.far.range(key + 1..).next().map_or(near, |(&far, _)| far.min(near))
    }

    fn near_after(&self, page: usize, level: usize) -> i64 {
        let behind = |bits: u64, at: usize| if at + 1 < 64 { bits & (!0 << (at + 1)) } else { 0 };
        if let Some(&occupied) = self.occupied.get(self.table[page] as usize) {
            let rest = behind(occupied, level);
            if rest != 0 {
                return self.first_in(page, rest);
            }
        }
        let word = page >> PAGE_BITS;
        let rest = behind(self.summary[word], page & (WORDS - 1));
        let next = if rest != 0 {
            (word << PAGE_BITS) | rest.trailing_zeros() as usize
        } else {
            let words = behind(self.top, word);
            if words == 0 {
                return Self::NO_KEY;
            }
            let word = words.trailing_zeros() as usize;
            (word << PAGE_BITS) | self.summary[word].trailing_zeros() as usize
        };
        self.first_in(next, self.occupied[self.table[next] as usize])
    }

    /// Moves the window to a key outside it when the window is empty, or when twice as many levels lie outside as inside.
    /// Moves are amortised: where a window cannot hold most of the levels, the next one waits until twice as many lie outside.
    #[cold]
    fn consider_moving(&mut self, key: i64) {
        let outside = self.far.len();
        if self.near > 0 && (outside < self.far_limit || outside < 2 * self.near) {
            return;
        }
        let mut at = if self.near > 0 { self.first() } else { Self::NO_KEY };
        while at != Self::NO_KEY {
            if let Place::Near { page, level } = self.place(at) {
                self.far.insert(at, self.pages[self.table[page] as usize].0[level]);
            }
            at = self.next_after(at);
        }
        self.base = key.saturating_sub((WINDOW_TICKS / 2) as i64);
        self.table.clear();
        self.table.resize(PAGES, NONE);
        self.pages.clear();
        self.occupied.clear();
        (self.top, self.summary, self.near) = (0, [0; WORDS], 0);
        let end = self.base.saturating_add(WINDOW_TICKS as i64);
        let mut moved = self.far.split_off(&self.base);
        let mut beyond = moved.split_off(&end);
        self.far.append(&mut beyond);
        for (key, level) in moved {
            *self.occupy(key) = level;
        }
        self.far_limit = (2 * self.far.len()).max(FAR_LEVELS_MIN);
    }
}

#[cfg(test)]
mod tests;
