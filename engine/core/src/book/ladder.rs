//! One side of a book as a ladder of price levels: a directly indexed window of ticks over lazily backed pages, found
//! through bitmaps, and a sorted list for prices outside the window.
//!
//! A level is named by its *key*, chosen so that the best level has the lowest key on both sides: the price in ticks for
//! asks, its negative for bids. Best, next and membership are a few shifts and one count of trailing zeros.

use std::hint::select_unpredictable;

use super::far::Far;

/// No slot: end of a queue.
pub(crate) const NONE: u32 = u32::MAX;

const PAGE_LEVELS: usize = 64;
const WORDS: usize = 64;
/// A page that is not backed.
const NO_PAGE: u16 = u16::MAX;
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
    pub(super) const EMPTY: Self = Self { head: NONE, tail: NONE, quantity: 0 };

    /// Puts an order at the end of the queue and gives the one that was there, or `NONE`.
    #[inline]
    fn append(&mut self, slot: u32, lots: u64) -> u32 {
        self.quantity += lots;
        let last = std::mem::replace(&mut self.tail, slot);
        self.head = select_unpredictable(last == NONE, slot, self.head);
        last
    }

    /// Takes an order out of the queue that stands between two others, of which either may be `NONE`.
    #[inline]
    fn unlink(&mut self, (prev, next): (u32, u32), lots: u64) {
        self.quantity -= lots;
        self.head = select_unpredictable(prev == NONE, next, self.head);
        self.tail = select_unpredictable(next == NONE, prev, self.tail);
    }
}

/// Sixteen cache lines of levels, so that no level straddles two lines, and which of them are occupied: a bit each.
#[derive(Clone)]
#[repr(align(64))]
struct Page {
    levels: [Level; PAGE_LEVELS],
    occupied: u64,
}

impl Page {
    const EMPTY: Self = Self { levels: [Level::EMPTY; PAGE_LEVELS], occupied: 0 };
}

/// One side of a book.
#[derive(Clone)]
pub(crate) struct Ladder {
    /// Key of the window's first level.
    base: i64,
    /// Lowest occupied key, or [`Ladder::NO_KEY`].
    best: i64,
    /// Bit per word of `summary` that is not zero.
    top: u64,
    /// Bit per page with an occupied level.
    summary: [u64; WORDS],
    /// Where each page of the window is kept in `pages`; empty until the first order, so that nothing lies in the window.
    table: Vec<u16>,
    pages: Vec<Page>,
    /// Levels outside the window.
    far: Far,
    /// So many levels must lie outside before the window is moved again.
    far_limit: usize,
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)] // offsets inside the window
impl Ladder {
    /// What `best` holds when the side is empty; above every key, because prices end at 2^62.
    pub(crate) const NO_KEY: i64 = i64::MAX;

    pub(crate) const fn new() -> Self {
        Self {
            base: 0,
            best: Self::NO_KEY,
            top: 0,
            summary: [0; WORDS],
            table: Vec::new(),
            pages: Vec::new(),
            far: Far::new(),
            far_limit: FAR_LEVELS_MIN,
        }
    }

    /// The best level's key, [`Ladder::NO_KEY`] when the side is empty.
    #[inline]
    pub(crate) const fn best(&self) -> i64 {
        self.best
    }

    /// How many levels are occupied; counts them.
    pub(crate) fn len(&self) -> usize {
        self.near() + self.far.len()
    }

    /// How many levels of the window are occupied; counts them, because who adds and takes away levels should not have to.
    fn near(&self) -> usize {
        self.pages.iter().map(|page| page.occupied.count_ones() as usize).sum()
    }

    /// Ticks from the window's first level; huge for keys below it.
    #[inline]
    const fn offset(&self, key: i64) -> usize {
        key.wrapping_sub(self.base) as u64 as usize
    }

    /// An occupied level.
    #[inline]
    pub(crate) fn level(&self, key: i64) -> Option<&Level> {
        let offset = self.offset(key);
        match self.table.get(offset / PAGE_LEVELS) {
            Some(&at) => {
                let page = self.pages.get(at as usize)?;
                let level = offset % PAGE_LEVELS;
                (page.occupied >> level & 1 == 1).then(|| &page.levels[level])
            }
            None => self.far.get(key),
        }
    }

    /// An occupied level, to change. Panics when it is not occupied: then book and index disagree.
    #[inline]
    pub(crate) fn level_mut(&mut self, key: i64) -> &mut Level {
        let offset = self.offset(key);
        match self.table.get(offset / PAGE_LEVELS) {
            Some(&at) => &mut self.pages[at as usize].levels[offset % PAGE_LEVELS],
            None => self.far_level(key),
        }
    }

    #[cold]
    fn far_level(&mut self, key: i64) -> &mut Level {
        self.far.get_mut(key).expect("an order's level exists")
    }

    /// The level of a key, occupied from here on.
    #[inline(always)]
    pub(crate) fn occupy(&mut self, key: i64) -> &mut Level {
        let offset = self.offset(key);
        let Some(&at) = self.table.get(offset / PAGE_LEVELS) else { return self.occupy_far(key) };
        let mut at = at as usize;
        if at >= self.pages.len() {
            at = self.back(offset / PAGE_LEVELS);
        }
        let page = &mut self.pages[at];
        let before = page.occupied;
        page.occupied = before | 1 << (offset % PAGE_LEVELS);
        self.best = self.best.min(key);
        if before == 0 {
            let page = offset / PAGE_LEVELS;
            self.summary[page / 64 % WORDS] |= 1 << (page % 64);
            self.top |= 1 << (page / 64);
        }
        &mut page.levels[offset % PAGE_LEVELS]
    }

    #[cold]
    fn occupy_far(&mut self, key: i64) -> &mut Level {
        self.consider_moving(key);
        if self.offset(key) < self.table.len() * PAGE_LEVELS {
            return self.occupy(key);
        }
        self.best = self.best.min(key);
        self.far.entry(key)
    }

    /// Backs a page of the window and says where it is kept.
    #[cold]
    fn back(&mut self, page: usize) -> usize {
        let at = self.pages.len();
        self.table[page] = u16::try_from(at).expect("a window has at most 4096 pages");
        self.pages.push(Page::EMPTY);
        at
    }

    /// Puts an order at the end of a level's queue, and gives the one that was there, or `NONE`.
    #[inline(always)]
    pub(super) fn append(&mut self, key: i64, slot: u32, lots: u64) -> u32 {
        self.occupy(key).append(slot, lots)
    }

    /// Takes an order that stands between two others out of a level's queue, and gives the level up when it was the last one,
    /// unless it `stays`.
    #[inline(always)]
    #[allow(clippy::needless_bitwise_bool)] // what cannot be guessed is not branched on
    pub(super) fn unlink(&mut self, key: i64, links: (u32, u32), lots: u64, stays: bool) {
        let offset = self.offset(key);
        let Some(&at) = self.table.get(offset / PAGE_LEVELS) else {
            return self.unlink_far(key, links, lots, stays);
        };
        let page = &mut self.pages[at as usize];
        let level = &mut page.levels[offset % PAGE_LEVELS];
        level.unlink(links, lots);
        let gone = (level.head == NONE) & !stays;
        page.occupied &= !(u64::from(gone) << (offset % PAGE_LEVELS));
        // Whether a level goes is hard to guess; that it was the best one or the last of its page is rarer.
        let last = page.occupied == 0;
        if gone & (last | (key == self.best)) {
            self.gone(offset / PAGE_LEVELS, last, key);
        }
    }

    #[cold]
    fn unlink_far(&mut self, key: i64, links: (u32, u32), lots: u64, stays: bool) {
        let level = self.far_level(key);
        level.unlink(links, lots);
        if level.head == NONE && !stays {
            self.vacate(key);
        }
    }

    /// A level of a page has gone, the last of the page or the best one of all.
    #[inline(never)]
    fn gone(&mut self, page: usize, last: bool, key: i64) {
        if last {
            let word = page / 64;
            self.summary[word] &= !(1 << (page % 64));
            if self.summary[word] == 0 {
                self.top &= !(1 << word);
            }
        }
        if key == self.best {
            self.best = self.first();
        }
    }

    /// Gives up a level whose queue is empty.
    pub(crate) fn vacate(&mut self, key: i64) {
        let offset = self.offset(key);
        if let Some(&at) = self.table.get(offset / PAGE_LEVELS) {
            let page = &mut self.pages[at as usize];
            page.levels[offset % PAGE_LEVELS] = Level::EMPTY;
            page.occupied &= !(1 << (offset % PAGE_LEVELS));
            let last = page.occupied == 0;
            return self.gone(offset / PAGE_LEVELS, last, key);
        }
        self.far.remove(key);
        if self.far.len() < self.far_limit / 4 {
            self.far_limit = (self.far_limit / 2).max(FAR_LEVELS_MIN);
        }
        if key == self.best {
            self.best = self.first();
        }
    }

    /// The window's best key.
    #[inline]
    fn first_near(&self) -> i64 {
        if self.top == 0 { Self::NO_KEY } else { self.first_of_word(self.top.trailing_zeros() as usize) }
    }

    /// The best key of a word of pages, one of which has an occupied level.
    #[inline]
    fn first_of_word(&self, word: usize) -> i64 {
        let page = (word * 64) | self.summary[word].trailing_zeros() as usize;
        self.first_in(page, self.occupied(page))
    }

    /// A bit per level of a page that is occupied.
    #[inline]
    fn occupied(&self, page: usize) -> u64 {
        self.pages.get(self.table[page] as usize).map_or(0, |page| page.occupied)
    }

    fn first(&self) -> i64 {
        let near = self.first_near();
        self.far.first().map_or(near, |far| far.min(near))
    }

    #[inline]
    fn first_in(&self, page: usize, occupied: u64) -> i64 {
        self.base.wrapping_add(((page * PAGE_LEVELS) | occupied.trailing_zeros() as usize) as i64)
    }

    /// The next occupied key behind `key`, [`Ladder::NO_KEY`] when there is none.
    pub(crate) fn next_after(&self, key: i64) -> i64 {
        let offset = self.offset(key);
        let near = if offset < self.table.len() * PAGE_LEVELS {
            self.near_after(offset / PAGE_LEVELS, offset % PAGE_LEVELS)
        } else if key < self.base {
            // Behind a key below the window comes the window's first level, behind one above it nothing near.
            self.first_near()
        } else {
            Self::NO_KEY
        };
        self.far.after(key).map_or(near, |far| far.min(near))
    }

    fn near_after(&self, page: usize, level: usize) -> i64 {
        let behind = |bits: u64, at: usize| if at + 1 < 64 { bits & (!0 << (at + 1)) } else { 0 };
        let rest = behind(self.occupied(page), level);
        if rest != 0 {
            return self.first_in(page, rest);
        }
        let word = page / 64;
        let rest = behind(self.summary[word], page % 64);
        if rest != 0 {
            let next = (word * 64) | rest.trailing_zeros() as usize;
            return self.first_in(next, self.occupied(next));
        }
        match behind(self.top, word) {
            0 => Self::NO_KEY,
            words => self.first_of_word(words.trailing_zeros() as usize),
        }
    }

    /// Moves the window to a key outside it when the window is empty, or when twice as many levels lie outside as inside.
    /// Moves are amortised: where a window cannot hold most of the levels, the next one waits until twice as many lie outside.
    #[cold]
    fn consider_moving(&mut self, key: i64) {
        let outside = self.far.len();
        if self.top != 0 {
            if outside < self.far_limit {
                return;
            }
            let near = self.near();
            if outside < 2 * near {
                // Not yet; look again, which counts the levels of the window, when half as many more lie outside.
                self.far_limit = outside + outside / 2;
                return;
            }
        }
        let mut at = if self.top == 0 { Self::NO_KEY } else { self.first() };
        while at != Self::NO_KEY {
            let offset = self.offset(at);
            if let Some(&page) = self.table.get(offset / PAGE_LEVELS) {
                *self.far.entry(at) = self.pages[page as usize].levels[offset % PAGE_LEVELS];
            }
            at = self.next_after(at);
        }
        self.base = key.saturating_sub((WINDOW_TICKS / 2) as i64);
        self.table.clear();
        self.table.resize(PAGES, NO_PAGE);
        self.pages.clear();
        (self.top, self.summary) = (0, [0; WORDS]);
        let end = self.base.saturating_add(WINDOW_TICKS as i64);
        let mut next = self.far.after(self.base.saturating_sub(1));
        while let Some(key) = next.filter(|&key| key < end) {
            let level = self.far.remove(key).expect("the key was found there");
            *self.occupy(key) = level;
            next = self.far.after(key);
        }
        self.far_limit = (2 * self.far.len()).max(FAR_LEVELS_MIN);
    }
}

#[cfg(test)]
mod tests;
