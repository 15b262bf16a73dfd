//! The window of client order ids: what makes sending an order twice harmless.
//!
//! The last [`WINDOW`] recorded ids of the venue are kept with their orders, oldest forgotten first. Part of the snapshot,
//! so the answer is the same after a restart.

use hashbrown::HashTable;

use crate::command::NewOrder;
use crate::ids::{AccountId, ClientOrderId, Seq};

/// How many ids are remembered.
pub(crate) const WINDOW: usize = 1 << 18;

#[derive(Clone, Copy)]
pub(crate) struct Used {
    pub(crate) seq: Seq,
    pub(crate) order: NewOrder,
}

/// The ids that are remembered.
#[derive(Clone, Default)]
pub(crate) struct ClientIds {
    ring: Vec<Used>,
    /// The oldest entry once the ring is full.
    oldest: usize,
    index: HashTable<u32>,
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

fn hash_of(order: &NewOrder) -> u64 {
    order.client_order_id.map_or(0, |id| hash(order.account, &id))
}

impl ClientIds {
    /// The order that used an id before.
    #[inline]
    pub(crate) fn find(&self, account: AccountId, id: &ClientOrderId) -> Option<&Used> {
        let same = |&at: &u32| {
            let used = &self.ring[at as usize].order;
            used.account == account && used.client_order_id.as_ref() == Some(id)
        };
        self.index.find(hash(account, id), same).map(|&at| &self.ring[at as usize])
    }

    /// Remembers an order's id; the oldest one is forgotten when the window is full.
    pub(crate) fn record(&mut self, seq: Seq, order: NewOrder) {
        debug_assert!(order.client_order_id.is_some(), "only orders with an id are recorded");
        let at = if self.ring.len() < WINDOW {
            self.ring.push(Used { seq, order });
            self.ring.len() - 1
        } else {
            let at = self.oldest;
            self.forget(at);
            self.ring[at] = Used { seq, order };
            self.oldest = (at + 1) % WINDOW;
            at
        };
        let at = u32::try_from(at).expect("the window fits in 32 bits");
        let ring = &self.ring;
        self.index.insert_unique(hash_of(&order), at, |&at| hash_of(&ring[at as usize].order));
    }

    fn forget(&mut self, at: usize) {
        let entry = self.index.find_entry(hash_of(&self.ring[at].order), |&other| other as usize == at);
        entry.expect("every remembered id is indexed").remove();
    }

    /// Everything remembered, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Used> {
        self.ring[self.oldest..].iter().chain(&self.ring[..self.oldest])
    }
}
