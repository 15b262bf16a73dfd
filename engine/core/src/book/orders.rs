//! Where open orders live: a slab of 32-byte nodes with what matching touches, and beside it a cache line each with the
//! rest. Slots are reused last-freed first, so that the next order lands in a hot line; a slot's generation tells a stale
//! handle from a live one.

use super::ladder::NONE;
use crate::command::{Side, TimeInForce};
use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId};

/// What matching touches of an order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// Open lots; 0 marks a free slot.
    pub(crate) leaves: u64,
    /// Its level's key on its side.
    pub(crate) key: i64,
    /// The order behind it in its queue; the next free slot when free.
    pub(crate) next: u32,
    /// The order before it.
    pub(crate) prev: u32,
    /// Whose.
    pub(crate) account: AccountId,
    /// Generation of the slot.
    pub(crate) generation: u32,
}

/// The rest of an order.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Detail {
    /// Total quantity, what has been filled included.
    pub(crate) quantity: u64,
    /// Balance slot of the owner's credits.
    pub(crate) base: u32,
    /// Balance slot of the owner's cash.
    pub(crate) quote: u32,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) post_only: bool,
    pub(crate) client_order_id: Option<ClientOrderId>,
}

const _: () = assert!(size_of::<Node>() == 32, "two nodes share a cache line");
const _: () = assert!(size_of::<Detail>() == 64, "a detail is one cache line");

/// The slab of open orders of the whole venue.
#[derive(Clone, Default)]
pub(crate) struct Orders {
    nodes: Vec<Node>,
    details: Vec<Detail>,
    free: Vec<u32>,
    open: usize,
}

impl Orders {
    /// Open orders at most, over the whole venue.
    pub(crate) const OPEN_MAX: usize = 1 << 24;

    /// How many orders are open.
    pub(crate) const fn open(&self) -> usize {
        self.open
    }

    /// One past the highest slot ever used.
    pub(crate) fn slots(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("slots fit in 32 bits")
    }

    /// Gives an order a slot.
    #[inline]
    pub(crate) fn insert(&mut self, account: AccountId, leaves: u64, key: i64, detail: Detail) -> u32 {
        assert!(leaves > 0, "an open order has something open");
        self.open += 1;
        if let Some(slot) = self.free.pop() {
            let node = &mut self.nodes[slot as usize];
            *node = Node { leaves, key, next: NONE, prev: NONE, account, generation: node.generation + 1 };
            self.details[slot as usize] = detail;
            return slot;
        }
        let slot = self.slots();
        self.nodes.push(Node { leaves, key, next: NONE, prev: NONE, account, generation: 1 });
        self.details.push(detail);
        slot
    }

    /// Frees the slot of an order that is done and is in no queue.
    #[inline]
    pub(crate) fn remove(&mut self, slot: u32) {
        let node = &mut self.nodes[slot as usize];
        node.leaves = 0;
        self.open -= 1;
        if node.generation < u32::MAX {
            self.free.push(slot);
        }
    }

    #[inline]
    pub(crate) fn node(&self, slot: u32) -> &Node {
        &self.nodes[slot as usize]
    }

    #[inline]
    pub(crate) fn node_mut(&mut self, slot: u32) -> &mut Node {
        &mut self.nodes[slot as usize]
    }

    #[inline]
    pub(crate) fn detail(&self, slot: u32) -> &Detail {
        &self.details[slot as usize]
    }

    #[inline]
    pub(crate) fn detail_mut(&mut self, slot: u32) -> &mut Detail {
        &mut self.details[slot as usize]
    }

    /// The handle of an order in a slot.
    #[inline]
    pub(crate) fn id(&self, slot: u32) -> OrderId {
        OrderId::from_parts(slot, self.nodes[slot as usize].generation)
    }

    /// The slot of an open order; `None` for a stale handle.
    #[inline]
    pub(crate) fn find(&self, order: OrderId) -> Option<u32> {
        let node = self.nodes.get(order.slot() as usize)?;
        (node.leaves > 0 && node.generation == order.generation()).then_some(order.slot())
    }

    /// Free slots, the next to be used last.
    pub(crate) fn free_slots(&self) -> &[u32] {
        &self.free
    }

    /// Puts back what a snapshot holds: `(generation, live)` per slot and the free list.
    pub(crate) fn restore(slots: Vec<(Node, Option<Detail>)>, free: Vec<u32>, vacant: Detail) -> Self {
        let open = slots.iter().filter(|(node, _)| node.leaves > 0).count();
        let (nodes, details) = slots.into_iter().map(|(node, detail)| (node, detail.unwrap_or(vacant))).unzip();
        Self { nodes, details, free, open }
    }
}
