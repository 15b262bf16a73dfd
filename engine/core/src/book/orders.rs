//! Where open orders live: a slab of 32-byte nodes with what matching touches, and beside it a cache line each with the
//! rest. Slots are reused last-freed first, so that the next order lands in a hot line; a slot's generation tells a stale
//! handle from a live one. What few orders have is apart: names (client order ids) by slot, rare terms in a slab of their own.

use super::ladder::NONE;
use crate::command::{OrderKind, SelfTrade, Side, TimeInForce};
use crate::ids::{AccountId, ClientOrderId, InstrumentId, OrderId};
use crate::units::{DisplayQuantity, FeeRate, Price, Timestamp, Trigger};

/// What matching touches of an order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// Open lots that the book shows; all open lots of an aggressor or an armed stop, 1 for a market buy by cash. 0 marks a free
    /// slot.
    pub(crate) leaves: u64,
    /// Its level's key on its side; of an armed stop the key of its stop price on the other side.
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
#[allow(clippy::struct_excessive_bools)] // one cache line; each says one thing
pub(crate) struct Detail {
    /// Total quantity, what has been filled included.
    pub(crate) quantity: u64,
    /// Open lots that the book does not show.
    pub(crate) hidden: u64,
    /// When it came to its place, counted over the venue; 0 before it rests for the first time.
    pub(crate) arrival: u64,
    /// Balance slot of the owner's credits.
    pub(crate) base: u32,
    /// Balance slot of the owner's cash.
    pub(crate) quote: u32,
    pub(crate) instrument: InstrumentId,
    /// The owner's open order that was accepted before it.
    pub(crate) older: u32,
    /// The owner's open order that was accepted after it.
    pub(crate) newer: u32,
    /// Where its rare terms are; `NONE` for plain orders.
    pub(crate) terms: u32,
    /// What it pays as maker, in force when it was accepted.
    pub(crate) maker: FeeRate,
    /// What it pays as taker, in force when it was accepted.
    pub(crate) taker: FeeRate,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) self_trade: SelfTrade,
    pub(crate) post_only: bool,
    /// Whether the owner's running figures count it.
    pub(crate) tracked: bool,
    /// Whether it is a stop that waits for its price.
    pub(crate) armed: bool,
    /// Whether it has a client order id.
    pub(crate) named: bool,
}

impl Detail {
    /// The rate that a buy holds at: the higher of its two, at least 0.
    #[inline]
    pub(crate) fn hold_rate(&self) -> FeeRate {
        self.maker.max(self.taker).max(FeeRate::ZERO)
    }

    /// Balance slot of what it sets aside: cash for a buy, credits for a sell.
    #[inline]
    pub(crate) const fn holder(&self) -> u32 {
        match self.side {
            Side::Buy => self.quote,
            Side::Sell => self.base,
        }
    }
}

/// What only some orders have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) display: DisplayQuantity,
    /// The slot of the order that it is paired with, or `NONE`.
    pub(crate) pair: u32,
    /// Whether it is the newer one of its pair.
    pub(crate) second: bool,
    /// When it ends by itself; zero for never.
    pub(crate) expires: Timestamp,
    /// When it goes off, if it is a stop.
    pub(crate) trigger: Trigger,
    /// The best last price since a trailing stop was placed.
    pub(crate) extreme: Price,
    /// The limit that an armed stop will have.
    pub(crate) limit: Price,
    /// The trailing stops of its instrument and side that were accepted right before and after it, or `NONE`.
    pub(crate) before: u32,
    pub(crate) behind: u32,
}

impl Terms {
    pub(crate) const NONE: Self = Self {
        display: DisplayQuantity::ALL,
        pair: NONE,
        second: false,
        expires: Timestamp::from_nanos(0),
        trigger: Trigger::NONE,
        extreme: Price::NONE,
        limit: Price::NONE,
        before: NONE,
        behind: NONE,
    };
}

const _: () = assert!(size_of::<Node>() == 32, "two nodes share a cache line");
const _: () = assert!(size_of::<Detail>() == 64, "a detail is one cache line");
const _: () = assert!(size_of::<Terms>() <= 64, "rare terms are one cache line");

/// Slots for which there is room at first.
const SLOTS_MIN: usize = 1 << 10;

/// The slab of open orders of the whole venue.
#[derive(Clone, Default)]
pub(crate) struct Orders {
    nodes: Vec<Node>,
    details: Vec<Detail>,
    free: Vec<u32>,
    open: usize,
    /// Client order ids by slot, as far as a slot ever had one.
    names: Vec<Option<ClientOrderId>>,
    terms: Vec<Terms>,
    free_terms: Vec<u32>,
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
        if self.nodes.len() == self.nodes.capacity() {
            self.grow();
        }
        let slot = self.slots();
        self.nodes.push(Node { leaves, key, next: NONE, prev: NONE, account, generation: 1 });
        self.details.push(detail);
        slot
    }

    /// Makes room for more orders in everything that is kept by slot, so that nothing is moved between two times.
    #[cold]
    fn grow(&mut self) {
        let more = self.nodes.len().max(SLOTS_MIN);
        self.nodes.reserve_exact(more);
        self.details.reserve_exact(more);
        let slots = self.nodes.capacity();
        self.free.reserve_exact(slots - self.free.len());
        if self.names.capacity() > 0 {
            self.names.reserve_exact(slots - self.names.len());
        }
    }

    /// How many orders there is room for.
    pub(crate) const fn room(&self) -> usize {
        self.nodes.capacity()
    }

    /// Frees the slot of an order that is done and is in no queue, and its terms.
    #[inline]
    pub(crate) fn remove(&mut self, slot: u32) {
        let terms = self.details[slot as usize].terms;
        if terms != NONE {
            self.free_terms.push(terms);
        }
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

    /// All open lots of an order, hidden ones included.
    #[inline]
    pub(crate) fn leaves(&self, slot: u32) -> u64 {
        self.node(slot).leaves + self.detail(slot).hidden
    }

    /// An order's rare terms; [`Terms::NONE`] for a plain one.
    #[inline]
    pub(crate) fn terms(&self, slot: u32) -> &Terms {
        match self.detail(slot).terms {
            NONE => &Terms::NONE,
            at => &self.terms[at as usize],
        }
    }

    /// An order's rare terms, to change; it has some from here on.
    pub(crate) fn terms_mut(&mut self, slot: u32) -> &mut Terms {
        let mut at = self.detail(slot).terms;
        if at == NONE {
            at = self.keep_terms(Terms::NONE);
            self.detail_mut(slot).terms = at;
        }
        &mut self.terms[at as usize]
    }

    /// Puts terms into the slab and says where.
    pub(crate) fn keep_terms(&mut self, terms: Terms) -> u32 {
        if let Some(at) = self.free_terms.pop() {
            self.terms[at as usize] = terms;
            return at;
        }
        if self.terms.len() == self.terms.capacity() {
            let more = self.terms.len().max(SLOTS_MIN);
            self.terms.reserve_exact(more);
            self.free_terms.reserve_exact(self.terms.capacity() - self.free_terms.len());
        }
        self.terms.push(terms);
        u32::try_from(self.terms.len() - 1).expect("there are no more terms than orders")
    }

    /// The client's own name for an order.
    pub(crate) fn name(&self, slot: u32) -> Option<ClientOrderId> {
        if self.detail(slot).named { self.names[slot as usize] } else { None }
    }

    /// Keeps the client's own name for an order.
    pub(crate) fn set_name(&mut self, slot: u32, name: ClientOrderId) {
        if self.names.len() <= slot as usize {
            if self.names.capacity() < self.nodes.capacity() {
                // Room for all slots at once, so that a higher slot does not move what is there.
                self.names.reserve_exact(self.nodes.capacity() - self.names.len());
            }
            self.names.resize(slot as usize + 1, None);
        }
        self.names[slot as usize] = Some(name);
        self.detail_mut(slot).named = true;
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

    /// Puts back what a snapshot holds: `(generation, live)` per slot and the free list. Names and terms follow one by one.
    pub(crate) fn restore(slots: Vec<(Node, Option<Detail>)>, free: Vec<u32>, vacant: Detail) -> Self {
        let open = slots.iter().filter(|(node, _)| node.leaves > 0).count();
        let (nodes, details) = slots.into_iter().map(|(node, detail)| (node, detail.unwrap_or(vacant))).unzip();
        Self { nodes, details, free, open, ..Self::default() }
    }
}
