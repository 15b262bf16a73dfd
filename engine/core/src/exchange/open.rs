//! Open orders: what they hold, how they rest and how they end, alone or with the order that they are paired with.

use super::{Exchange, Instrument};
use crate::book::{Detail, Ladder, NONE, Node, key_of, price_of};
use crate::command::{Side, TimeInForce};
use crate::event::{Event, HoldChanged, OrderCancelled};
use crate::ids::{AccountId, InstrumentId, OrderId};
use crate::reject::CancelReason;
use crate::units::{Amount, Price, Quantity, Timestamp};

/// An order that was taken out of its pair: what it held, and the other one with what that held.
pub(super) struct Unpaired {
    pub(super) held: Amount,
    pub(super) other: u32,
    pub(super) other_held: Amount,
}

impl Exchange {
    #[inline]
    pub(super) fn instrument_of(&self, slot: u32) -> &Instrument {
        &self.instruments[self.orders.detail(slot).instrument.get() as usize]
    }

    /// All open lots of an order in the book or armed, hidden ones included.
    #[inline]
    pub(crate) fn leaves_of(&self, slot: u32) -> Quantity {
        Quantity::from_lots(self.orders.leaves(slot))
    }

    /// An open order's limit; [`Price::NONE`] for an armed stop without one.
    #[inline]
    pub(crate) fn limit_of(&self, slot: u32) -> Price {
        let detail = self.orders.detail(slot);
        if detail.armed { self.orders.terms(slot).limit } else { price_of(detail.side, self.orders.node(slot).key) }
    }

    /// An armed stop's stop price; [`Price::NONE`] for all other orders.
    #[inline]
    pub(crate) fn stop_price_of(&self, slot: u32) -> Price {
        let detail = self.orders.detail(slot);
        if detail.armed { price_of(detail.side.opposite(), self.orders.node(slot).key) } else { Price::NONE }
    }

    /// The price that an open order is valued at: its limit, or its stop price when it has none.
    #[inline]
    pub(crate) fn valued_at(&self, slot: u32) -> Price {
        match self.limit_of(slot) {
            Price::NONE => self.stop_price_of(slot),
            limit => limit,
        }
    }

    /// What an order of these terms needs.
    #[inline]
    pub(super) fn need(&self, detail: &Detail, price: Price, leaves: Quantity) -> Amount {
        let instrument = &self.instruments[detail.instrument.get() as usize];
        instrument.need(detail.side, price, leaves, detail.hold_rate())
    }

    /// What an order in the book or armed needs, whether or not it is one of a pair.
    #[inline]
    pub(crate) fn need_of(&self, slot: u32) -> Amount {
        self.need(self.orders.detail(slot), self.valued_at(slot), self.leaves_of(slot))
    }

    /// What an order in the book or armed holds: what it needs; the second of a pair what it needs beyond the first.
    #[inline]
    pub(crate) fn held_of(&self, slot: u32) -> Amount {
        let need = self.need_of(slot);
        let terms = self.orders.terms(slot);
        if terms.pair == NONE || !terms.second { need } else { beyond(need, self.need_of(terms.pair)) }
    }

    /// What an order in the book or armed is worth at its limit, or its stop price when it has none.
    pub(crate) fn notional_of(&self, slot: u32) -> Amount {
        self.instrument_of(slot).worth(self.valued_at(slot), self.leaves_of(slot))
    }

    /// Counts lots of an order in the running figures of its owner, when it has any: more, or with `-1` less.
    #[inline]
    pub(super) fn count_open(&mut self, slot: u32, price: Price, quantity: Quantity, sign: i64) {
        if self.orders.detail(slot).tracked {
            self.count_tracked(slot, price, quantity, sign);
        }
    }

    #[inline(never)]
    fn count_tracked(&mut self, slot: u32, price: Price, quantity: Quantity, sign: i64) {
        let detail = self.orders.detail(slot);
        let (instrument, side) = (detail.instrument, detail.side);
        let notional = self.instruments[instrument.get() as usize].worth(price, quantity).minor();
        let account = self.orders.node(slot).account;
        let lots = quantity.lots().cast_signed();
        self.track(account, instrument, side, sign * lots, sign * notional);
    }

    /// Tells an auction that its book changed.
    #[inline]
    pub(super) fn stir_auction(&mut self, instrument: InstrumentId) {
        if self.instruments[instrument.get() as usize].session.phase.is_auction() {
            self.stir(instrument);
        }
    }

    /// Links an accepted order as its owner's newest.
    #[inline]
    pub(super) fn enlist(&mut self, slot: u32, account: AccountId) {
        let owner = self.accounts.opened_mut(account);
        owner.open_orders += 1;
        let older = std::mem::replace(&mut owner.newest, slot);
        if older == NONE {
            owner.oldest = slot;
        } else {
            self.orders.detail_mut(older).newer = slot;
        }
        let detail = self.orders.detail_mut(slot);
        (detail.older, detail.newer) = (older, NONE);
    }

    /// Frees the slot of an order that ended and is in no queue.
    #[inline]
    pub(super) fn close(&mut self, slot: u32, account: AccountId) {
        let detail = self.orders.detail(slot);
        let (older, newer, terms) = (detail.older, detail.newer, detail.terms);
        let owner = self.accounts.opened_mut(account);
        owner.open_orders -= 1;
        if older == NONE {
            owner.oldest = newer;
        } else {
            self.orders.detail_mut(older).newer = newer;
        }
        if newer == NONE {
            owner.newest = older;
        } else {
            self.orders.detail_mut(newer).older = older;
        }
        if terms != NONE {
            self.forget_terms(slot);
        }
        self.orders.remove(slot);
    }

    /// An order with rare terms ends: it is not due any more.
    #[inline(never)]
    fn forget_terms(&mut self, slot: u32) {
        if self.orders.terms(slot).expires > Timestamp::default() {
            self.forget_expiry(slot);
        }
    }

    /// Puts an order with `leaves` open lots at the back of its level, displaying anew; gives what the book shows of it. It
    /// arrives now. Does not hold anything.
    #[inline]
    pub(super) fn queue(&mut self, slot: u32, price: Price, leaves: Quantity) -> Quantity {
        let shown = match self.orders.detail(slot).terms {
            NONE => leaves,
            _ => self.orders.terms(slot).display.of(leaves),
        };
        self.last_arrival += 1;
        let detail = self.orders.detail_mut(slot);
        let (side, instrument) = (detail.side, detail.instrument);
        detail.arrival = self.last_arrival;
        detail.hidden = leaves.minus(shown).lots();
        let node = self.orders.node_mut(slot);
        (node.leaves, node.key) = (shown.lots(), key_of(side, price));
        self.instruments[instrument.get() as usize].book.rest(&mut self.orders, side, slot, leaves.lots());
        self.count_open(slot, price, leaves, 1);
        self.stir_auction(instrument);
        shown
    }

    /// Takes an order out of the book or out of the armed stops. It keeps its slot, and what it holds.
    pub(super) fn unqueue(&mut self, slot: u32) {
        if self.orders.detail(slot).armed {
            return self.disarm(slot);
        }
        self.take_out(slot, self.limit_of(slot), self.leaves_of(slot));
    }

    /// Takes an order out of the book. It keeps its slot, and what it holds.
    #[inline]
    pub(super) fn take_out(&mut self, slot: u32, price: Price, leaves: Quantity) {
        self.count_open(slot, price, leaves, -1);
        let detail = self.orders.detail(slot);
        let (side, instrument) = (detail.side, detail.instrument);
        let book = &mut self.instruments[instrument.get() as usize].book;
        book.unrest(&mut self.orders, side, slot, leaves.lots());
        self.stir_auction(instrument);
    }

    /// Cancels an order that is in the book or armed, and then the one that it is paired with.
    #[inline]
    pub(crate) fn end_order(&mut self, slot: u32, reason: CancelReason, events: &mut Vec<Event>) {
        if self.orders.detail(slot).terms == NONE {
            self.withdraw_plain(slot, reason, events);
        } else {
            self.end_rare(slot, reason, events);
        }
    }

    #[inline(never)]
    fn end_rare(&mut self, slot: u32, reason: CancelReason, events: &mut Vec<Event>) {
        let Unpaired { held, other, other_held } = self.unpair(slot);
        self.withdraw(slot, held, reason, events);
        if other != NONE {
            self.withdraw(other, other_held, CancelReason::Paired, events);
        }
    }

    /// Cancels an order that is in the book or armed, and is of no pair any more.
    pub(super) fn withdraw(&mut self, slot: u32, held: Amount, reason: CancelReason, events: &mut Vec<Event>) {
        let (Node { account, leaves: shown, .. }, detail) = (*self.orders.node(slot), *self.orders.detail(slot));
        let (order, price, leaves) = (self.orders.id(slot), self.limit_of(slot), self.leaves_of(slot));
        let resting = !detail.armed;
        self.unqueue(slot);
        self.balances.release(detail.holder(), held, held);
        self.close(slot, account);
        events.push(Event::OrderCancelled(OrderCancelled {
            order,
            account,
            instrument: detail.instrument,
            side: detail.side,
            price,
            leaves,
            displayed: if resting { Quantity::from_lots(shown) } else { Quantity::ZERO },
            resting,
            reason,
        }));
    }

    /// Cancels an order without rare terms: it is in the book, shows all it has, and is of no pair.
    fn withdraw_plain(&mut self, slot: u32, reason: CancelReason, events: &mut Vec<Event>) {
        let (node, detail) = (self.orders.node(slot), self.orders.detail(slot));
        let (account, side, instrument, holder) = (node.account, detail.side, detail.instrument, detail.holder());
        let (order, price) = (OrderId::from_parts(slot, node.generation), price_of(side, node.key));
        let leaves = Quantity::from_lots(node.leaves);
        let kept = &mut self.instruments[instrument.get() as usize];
        let held = kept.need(side, price, leaves, detail.hold_rate());
        let (tracked, auction) = (detail.tracked, kept.session.phase.is_auction());
        kept.book.unrest(&mut self.orders, side, slot, leaves.lots());
        if tracked {
            self.count_tracked(slot, price, leaves, -1);
        }
        if auction {
            self.stir(instrument);
        }
        self.balances.release_all(holder, held);
        self.close(slot, account);
        events.push(Event::OrderCancelled(OrderCancelled {
            order,
            account,
            instrument,
            side,
            price,
            leaves,
            displayed: leaves,
            resting: true,
            reason,
        }));
    }

    /// Takes an order in the book or armed out of its pair, if it is of one.
    #[inline]
    pub(super) fn unpair(&mut self, slot: u32) -> Unpaired {
        let other = self.orders.terms(slot).pair;
        let held = self.held_of(slot);
        if other == NONE {
            return Unpaired { held, other, other_held: Amount::ZERO };
        }
        let other_held = self.held_of(other);
        self.part(slot, other);
        Unpaired { held, other, other_held }
    }

    /// Forgets that two orders are a pair.
    fn part(&mut self, slot: u32, other: u32) {
        for slot in [slot, other] {
            let terms = self.orders.terms_mut(slot);
            (terms.pair, terms.second) = (NONE, false);
        }
    }

    /// Cancels the other of a pair before an order in the book or armed trades, shrinks or goes off; the order then holds what it
    /// needs.
    #[inline(never)]
    pub(super) fn leave_pair(&mut self, slot: u32, events: &mut Vec<Event>) {
        if self.orders.terms(slot).pair == NONE {
            return;
        }
        let Unpaired { held, other, other_held } = self.unpair(slot);
        self.withdraw(other, other_held, CancelReason::Paired, events);
        let more = self.need_of(slot).minus(held);
        self.balances.hold(self.orders.detail(slot).holder(), more);
    }

    /// Cancels the first of a pair whose second is an aggressor, which holds nothing.
    pub(super) fn leave_pair_as_taker(&mut self, slot: u32, events: &mut Vec<Event>) {
        if let Some((first, held)) = self.leave_first(slot) {
            self.withdraw(first, held, CancelReason::Paired, events);
        }
    }

    /// Takes an aggressor out of its pair: the first of it and what that holds.
    pub(super) fn leave_first(&mut self, slot: u32) -> Option<(u32, Amount)> {
        let first = self.orders.terms(slot).pair;
        if first == NONE {
            return None;
        }
        let held = self.held_of(first);
        self.part(slot, first);
        Some((first, held))
    }

    /// Changes what the second of a pair holds after what the first needs has changed from `before`.
    pub(super) fn follow_first(&mut self, first: u32, before: Amount, events: &mut Vec<Event>) {
        let terms = self.orders.terms(first);
        if terms.pair == NONE || terms.second {
            return;
        }
        let second = terms.pair;
        let (need, now) = (self.need_of(second), self.held_of(second));
        let then = beyond(need, before);
        if now == then {
            return;
        }
        let detail = *self.orders.detail(second);
        self.change_hold(detail.holder(), then, now);
        events.push(Event::HoldChanged(HoldChanged {
            order: self.orders.id(second),
            account: self.orders.node(second).account,
            instrument: detail.instrument,
            side: detail.side,
            held: now,
        }));
    }

    /// Sets aside more or less than before.
    #[inline]
    pub(super) fn change_hold(&mut self, holder: u32, before: Amount, after: Amount) {
        if after >= before {
            self.balances.hold(holder, after.minus(before));
        } else {
            let back = before.minus(after);
            self.balances.release(holder, back, back);
        }
    }

    /// Cancels an account's open orders in the order in which they were accepted, of one instrument and side if asked; gives how
    /// many. An order that goes with its pair is not counted.
    pub(crate) fn cancel_orders_of(
        &mut self,
        account: AccountId,
        instrument: Option<InstrumentId>,
        side: Option<Side>,
        reason: CancelReason,
        events: &mut Vec<Event>,
    ) -> u32 {
        let mut slot = self.accounts.opened(account).oldest;
        let mut count = 0;
        while slot != NONE {
            let detail = self.orders.detail(slot);
            let wanted = instrument.is_none_or(|it| it == detail.instrument) && side.is_none_or(|it| it == detail.side);
            let mut next = detail.newer;
            if wanted {
                if detail.terms != NONE && next != NONE && next == self.orders.terms(slot).pair {
                    next = self.orders.detail(next).newer;
                }
                self.end_order(slot, reason, events);
                count += 1;
            }
            slot = next;
        }
        count
    }

    /// Calls `f` with the slot of each open order of an account, oldest first.
    pub(crate) fn for_each_order_of(&mut self, account: AccountId, mut f: impl FnMut(&mut Self, u32)) {
        let mut slot = self.accounts.opened(account).oldest;
        while slot != NONE {
            let next = self.orders.detail(slot).newer;
            f(self, slot);
            slot = next;
        }
    }

    /// Cancels an instrument's orders, or only its day orders: buys by priority, sells by priority, then buy stops and sell stops
    /// as they would go off.
    pub(crate) fn cancel_instrument_orders(
        &mut self,
        instrument: InstrumentId,
        reason: CancelReason,
        events: &mut Vec<Event>,
        only_day: bool,
    ) {
        for (armed, side) in [(false, Side::Buy), (false, Side::Sell), (true, Side::Sell), (true, Side::Buy)] {
            let mut key = Ladder::NO_KEY;
            while let Some((at, mut slot)) = self.first_behind(instrument, armed, side, key) {
                key = at;
                while slot != NONE {
                    let mut next = self.orders.node(slot).next;
                    if !only_day || self.orders.detail(slot).time_in_force == TimeInForce::Day {
                        if next != NONE && next == self.orders.terms(slot).pair {
                            next = self.orders.node(next).next;
                        }
                        self.end_order(slot, reason, events);
                    }
                    slot = next;
                }
            }
        }
    }

    /// Key and first order of the level behind a key, of the best one for [`Ladder::NO_KEY`].
    fn first_behind(&self, instrument: InstrumentId, armed: bool, side: Side, key: i64) -> Option<(i64, u32)> {
        let instrument = &self.instruments[instrument.get() as usize];
        let book = if armed { &instrument.stops.as_ref()?.book } else { &instrument.book };
        let ladder = book.side(side);
        let next = if key == Ladder::NO_KEY { ladder.best() } else { ladder.next_after(key) };
        (next != Ladder::NO_KEY).then(|| (next, ladder.level(next).expect("every key on the way is occupied").head))
    }
}

/// What the second of a pair needs beyond the first.
pub(super) fn beyond(need: Amount, first: Amount) -> Amount {
    need.minus(first).max(Amount::ZERO)
}
