//! The window of client order ids: what makes sending an order twice harmless.
//!
//! The last [`WINDOW`] recorded ids of the venue are kept with their orders, oldest forgotten first. Part of the snapshot,
//! so the answer is the same after a restart. The index never moves its entries to another table: it is open addressing over
//! a fixed number of places, twice as many as there are ids, and what is removed is closed up at once.

use crate::command::NewOrder;
use crate::ids::{AccountId, ClientOrderId, Seq};

/// How many ids are remembered.
pub(crate) const WINDOW: usize = 1 << 18;
/// Places of the index.
const PLACES: usize = WINDOW * 2;

#[derive(Clone, Copy)]
pub(crate) struct Used {
    pub(crate) seq: Seq,
    pub(crate) order: NewOrder,
}

/// A place of the index: a part of the hash, and one more than where the entry is in the ring; 0 when vacant.
#[derive(Clone, Copy, Default)]
struct Place {
    mark: u32,
    entry: u32,
}

/// The ids that are remembered.
#[derive(Clone, Default)]
pub(crate) struct ClientIds {
    ring: Vec<Used>,
    /// The oldest entry once the ring is full.
    oldest: usize,
    /// Empty until the first id.
    index: Vec<Place>,
}

fn hash(account: AccountId, id: &ClientOrderId) -> u64 {
    // FNV-1a over eight bytes at a time with a final spread: fixed, so the same on every machine.
    let mut state = 0xCBF2_9CE4_8422_2325 ^ u64::from(account.get());
    for chunk in id.as_bytes().chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        state = (state ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        state ^= state >> 29;
    }
    state
}

fn mark_of(order: &NewOrder) -> u32 {
    order.client_order_id.map_or(0, |id| mark(order.account, &id))
}

/// What the index keeps of a hash: its lower half, whose lowest bits name the place.
#[allow(clippy::cast_possible_truncation)] // the lower half is what is wanted
fn mark(account: AccountId, id: &ClientOrderId) -> u32 {
    hash(account, id) as u32
}

const fn home(mark: u32) -> usize {
    mark as usize & (PLACES - 1)
}

const fn behind(place: usize) -> usize {
    (place + 1) & (PLACES - 1)
}

impl ClientIds {
    /// The order that used an id before.
    #[inline]
    pub(crate) fn find(&self, account: AccountId, id: &ClientOrderId) -> Option<&Used> {
        if self.index.is_empty() {
            return None;
        }
        let mark = mark(account, id);
        let mut at = home(mark);
        loop {
            let place = self.index[at];
            if place.entry == 0 {
                return None;
            }
            if place.mark == mark {
                let used = &self.ring[place.entry as usize - 1];
                if used.order.account == account && used.order.client_order_id.as_ref() == Some(id) {
                    return Some(used);
                }
            }
            at = behind(at);
        }
    }

    /// Remembers an order's id; the oldest one is forgotten when the window is full.
    pub(crate) fn record(&mut self, seq: Seq, order: NewOrder) {
        debug_assert!(order.client_order_id.is_some(), "only orders with an id are recorded");
        if self.index.is_empty() {
            self.index = vec![Place::default(); PLACES];
        }
        let at = if self.ring.len() < WINDOW {
            if self.ring.capacity() < WINDOW {
                // Room for all at once: memory that is not used yet costs nothing, moving it later would.
                self.ring.reserve_exact(WINDOW - self.ring.len());
            }
            self.ring.push(Used { seq, order });
            self.ring.len() - 1
        } else {
            let at = self.oldest;
            self.forget(at);
            self.ring[at] = Used { seq, order };
            self.oldest = (at + 1) % WINDOW;
            at
        };
        let entry = u32::try_from(at + 1).expect("the window fits in 32 bits");
        let mark = mark_of(&order);
        let mut place = home(mark);
        while self.index[place].entry != 0 {
            place = behind(place);
        }
        self.index[place] = Place { mark, entry };
    }

    /// Takes an entry out of the index and closes the gap: whatever was pushed past it moves up.
    fn forget(&mut self, at: usize) {
        let mut gap = home(mark_of(&self.ring[at].order));
        while self.index[gap].entry as usize != at + 1 {
            assert!(self.index[gap].entry != 0, "every remembered id is indexed");
            gap = behind(gap);
        }
        let mut next = behind(gap);
        while self.index[next].entry != 0 {
            let wanted = home(self.index[next].mark);
            // The entry may move into the gap when its home does not lie between the gap and where it is now.
            let distance = |from: usize, to: usize| to.wrapping_sub(from) & (PLACES - 1);
            if distance(wanted, next) >= distance(gap, next) {
                self.index[gap] = self.index[next];
                gap = next;
            }
            next = behind(next);
        }
        self.index[gap] = Place::default();
    }

    /// Everything remembered, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Used> {
        self.ring[self.oldest..].iter().chain(&self.ring[..self.oldest])
    }
}

#[cfg(test)]
mod tests;
