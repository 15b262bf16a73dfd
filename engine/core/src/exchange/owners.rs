//! Orders of one owner do not trade with each other: what happens instead, and what a fill-or-kill order may count on.

use super::Exchange;
use super::matching::{Budget, Taker};
use crate::book::{Level, NONE, price_of, reach};
use crate::command::{SelfTrade, Side};
use crate::event::{Event, OrderReduced};
use crate::ids::AccountId;
use crate::money;
use crate::reject::CancelReason;
use crate::units::{Amount, Price, Quantity};

impl Exchange {
    /// Whether an account and another one with its group have one owner.
    #[inline]
    pub(crate) fn one_owner(&self, account: AccountId, group: u32, other: AccountId) -> bool {
        account == other || (group != 0 && self.accounts.opened(other).group == group)
    }

    /// An aggressor meets a resting order of its owner. True when the aggressor is to be cancelled.
    pub(super) fn prevent_self_trade(&mut self, taker: &mut Taker, maker: u32, events: &mut Vec<Event>) -> bool {
        match taker.self_trade {
            SelfTrade::CancelNewest => return true,
            SelfTrade::CancelOldest => self.end_order(maker, CancelReason::SelfTrade, events),
            SelfTrade::CancelBoth => {
                self.end_order(maker, CancelReason::SelfTrade, events);
                return true;
            }
            SelfTrade::Decrement => {
                let by = Quantity::from_lots(self.orders.node(maker).leaves).min(taker.leaves);
                self.reduce_resting(maker, by, events);
                if taker.leaves == by {
                    return true;
                }
                self.reduce_taker(taker, by, events);
            }
        }
        false
    }

    fn reduce_resting(&mut self, slot: u32, by: Quantity, events: &mut Vec<Event>) {
        if self.leaves_of(slot) == by {
            return self.end_order(slot, CancelReason::SelfTrade, events);
        }
        if self.orders.detail(slot).terms != NONE {
            self.leave_pair(slot, events);
        }
        let before = self.need_of(slot);
        let detail = *self.orders.detail(slot);
        let price = self.limit_of(slot);
        let more = self.take(slot, detail.side, by);
        self.orders.detail_mut(slot).quantity -= by.lots();
        let held = self.need_of(slot);
        self.change_hold(detail.holder(), before, held);
        self.stir_auction(detail.instrument);
        events.push(Event::OrderReduced(OrderReduced {
            order: self.orders.id(slot),
            account: self.orders.node(slot).account,
            instrument: detail.instrument,
            side: detail.side,
            price,
            by,
            leaves: self.leaves_of(slot),
            resting: true,
            held,
        }));
        if more {
            self.replenish(slot, events);
        }
    }

    fn reduce_taker(&mut self, taker: &mut Taker, by: Quantity, events: &mut Vec<Event>) {
        if taker.has_terms {
            self.leave_pair_as_taker(taker.slot, events);
        }
        taker.leaves = taker.leaves.minus(by);
        self.orders.detail_mut(taker.slot).quantity -= by.lots();
        events.push(Event::OrderReduced(OrderReduced {
            order: taker.order,
            account: taker.account,
            instrument: taker.instrument,
            side: taker.side,
            price: taker.limit,
            by,
            leaves: taker.leaves,
            resting: false,
            held: Amount::ZERO,
        }));
    }

    /// Whether the orders that come first cover a fill-or-kill order within its limit and the bands, and can be paid.
    pub(super) fn can_fill(&self, taker: &Taker, bands: (i64, i64)) -> bool {
        let maker_side = taker.side.opposite();
        let ladder = self.instruments[taker.instrument.get() as usize].book.side(maker_side);
        let limit = reach(maker_side, (taker.limit != Price::NONE).then_some(taker.limit));
        let mut count = Count { wanted: taker.leaves, cash: None };
        if taker.budget == Budget::Available {
            count.cash = Some(self.balances.at(taker.quote).available);
        }
        let mut key = ladder.best();
        while key <= limit {
            let price = price_of(maker_side, key);
            if price.ticks() < bands.0 || price.ticks() > bands.1 {
                return false;
            }
            let level = ladder.level(key).expect("every key on the way is occupied");
            if let Some(answer) = self.count_level(taker, level, price, &mut count) {
                return answer;
            }
            key = ladder.next_after(key);
        }
        false
    }

    /// Counts a level for a fill-or-kill order; the answer when it is known.
    fn count_level(&self, taker: &Taker, level: &Level, price: Price, count: &mut Count) -> Option<bool> {
        let passes_own = taker.self_trade == SelfTrade::CancelOldest;
        let is_own = |slot| self.one_owner(taker.account, taker.group, self.orders.node(slot).account);
        // Asked only where an order hides something: before an own order only what is shown comes, for hidden parts queue up behind.
        let ends_here = || !passes_own && self.queue_from(level.head).any(is_own);
        let mut hidden_counts = None;
        for slot in self.queue_from(level.head) {
            if is_own(slot) {
                if passes_own {
                    continue;
                }
                return Some(false);
            }
            if self.orders.detail(slot).terms != NONE && self.follows_its_pair(slot) {
                continue;
            }
            let shown_only =
                self.orders.detail(slot).hidden == 0 || !*hidden_counts.get_or_insert_with(|| !ends_here());
            let there =
                if shown_only { Quantity::from_lots(self.orders.node(slot).leaves) } else { self.leaves_of(slot) };
            let lots = there.min(count.wanted);
            count.wanted = count.wanted.minus(lots);
            if let Some(cash) = count.cash {
                let tick_value = self.instruments[taker.instrument.get() as usize].listing.tick_value;
                let cost = money::hold(Side::Buy, price, lots, tick_value, taker.rate);
                match cost {
                    Some(cost) if cost <= cash => count.cash = Some(cash.minus(cost)),
                    _ => return Some(false),
                }
            }
            if count.wanted.is_zero() {
                return Some(true);
            }
        }
        None
    }

    /// Whether an order in the book is of a pair whose other order is met before it, and so takes it away.
    fn follows_its_pair(&self, slot: u32) -> bool {
        let other = self.orders.terms(slot).pair;
        if other == NONE || self.orders.detail(other).armed {
            return false;
        }
        let place = |slot| (self.orders.node(slot).key, self.orders.detail(slot).arrival);
        place(other) < place(slot)
    }

    /// The orders of a queue from one on.
    pub(super) fn queue_from(&self, head: u32) -> impl Iterator<Item = u32> {
        std::iter::successors((head != NONE).then_some(head), |&slot| {
            let next = self.orders.node(slot).next;
            (next != NONE).then_some(next)
        })
    }
}

/// What a fill-or-kill order still needs, and what it may still spend if that matters.
struct Count {
    wanted: Quantity,
    cash: Option<Amount>,
}
