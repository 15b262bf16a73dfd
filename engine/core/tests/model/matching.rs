//! Matching of the model: an aggressor against the book.

use std::collections::BTreeSet;

use cx_engine::Event;
use cx_engine::command::{OrderKind, SelfTrade, Side};
use cx_engine::control::Phase;
use cx_engine::event::{OrderReduced, OrderReplenished, OrderRested};
use cx_engine::ids::InstrumentId;
use cx_engine::reject::CancelReason;
use cx_engine::units::{Price, Quantity};

use super::Model;
use super::money::{affordable, fee, per_lot};
use super::order::{Order, State};

impl Model {
    /// Whether the orders that come first in priority cover the whole quantity within the limit and the bands, and, for
    /// a buy without a limit, the account can pay for them.
    pub(super) fn can_fill(&self, order: &Order) -> bool {
        let (low, high) = self.bands(order.instrument);
        let listed = self.venue(order.instrument).listed;
        let mut left = i128::from(order.leaves.lots());
        let mut cash = self.budget(order);
        // Of a pair only the order that is met first trades.
        let mut gone = BTreeSet::new();
        let passes_own = order.self_trade == SelfTrade::CancelOldest;
        let own = |maker: &Order| self.one_owner(maker.account, order.account);
        for (price, queue) in self.venue(order.instrument).book.levels(order.side.opposite()) {
            if !crosses(order.side, order.limit(), price) || price.ticks() < low || price.ticks() > high {
                break;
            }
            let makers: Vec<&Order> = queue.iter().map(|slot| &self.orders[slot]).collect();
            let ends_here = !passes_own && makers.iter().any(|maker| own(maker));
            for maker in makers {
                if own(maker) && !passes_own {
                    break;
                }
                if own(maker) || gone.contains(&maker.slot()) {
                    continue;
                }
                gone.extend(maker.pair.map(|link| link.other));
                // Before an own order of the level only what is shown comes: hidden parts queue up behind it.
                let lots = if ends_here { maker.displayed } else { maker.leaves };
                let lots = left.min(i128::from(lots.lots()));
                left -= lots;
                if let Some(cash) = &mut cash {
                    let value = per_lot(&listed, price) * lots;
                    *cash -= value + fee(value, order.taker_rate);
                    if *cash < 0 {
                        return false;
                    }
                }
                if left == 0 {
                    return true;
                }
            }
            if ends_here {
                break;
            }
        }
        false
    }

    /// What an aggressor that buys without a limit may still spend; `None` for all others.
    fn budget(&self, order: &Order) -> Option<i128> {
        if order.side == Side::Sell || order.kind.is_limited() {
            return None;
        }
        let quote = self.venue(order.instrument).listed.quote;
        Some(order.cash.unwrap_or_else(|| self.available(order.account, quote)))
    }

    /// An order that is not in the book matches what it can; what is left rests or ends.
    pub(super) fn aggress(&mut self, slot: u32, out: &mut Vec<Event>) {
        let instrument = self.orders[&slot].instrument;
        let (low, high) = self.bands(instrument);
        let mut stopped = false;
        loop {
            let taker = self.orders[&slot];
            match taker.cash {
                Some(0) => return self.end(slot, CancelReason::CashSpent, out),
                None if taker.leaves.is_zero() => return self.free_slot(slot),
                _ => {}
            }
            let Some(maker) = self.next_maker(&taker) else { break };
            if maker.price.ticks() < low || maker.price.ticks() > high {
                stopped = true;
                break;
            }
            if self.one_owner(maker.account, taker.account) {
                self.prevent_self_trade(&maker, &taker, out);
                if !self.is_open(taker.order) {
                    return;
                }
                continue;
            }
            let Some(lots) = self.match_size(&maker, &taker) else {
                let reason =
                    if taker.cash.is_some() { CancelReason::CashSpent } else { CancelReason::InsufficientFunds };
                return self.end(slot, reason, out);
            };
            self.trade(maker.slot(), slot, lots, maker.price, out);
        }
        self.finish(slot, stopped, out);
    }

    /// What is left after matching rests or ends; bands that stopped it start a halt.
    fn finish(&mut self, slot: u32, stopped: bool, out: &mut Vec<Event>) {
        let order = self.orders[&slot];
        if order.may_rest() {
            self.rest(slot, out);
        } else {
            let reason = match order.kind {
                _ if stopped => CancelReason::OutsideBands,
                OrderKind::Limit => CancelReason::ImmediateOrCancel,
                _ => CancelReason::NoLiquidity,
            };
            self.end(slot, reason, out);
        }
        if stopped {
            self.enter(order.instrument, Phase::VolatilityHalt, out);
        }
    }

    fn next_maker(&self, taker: &Order) -> Option<Order> {
        let maker = self.orders[&self.venue(taker.instrument).book.first(taker.side.opposite())?];
        crosses(taker.side, taker.limit(), maker.price).then_some(maker)
    }

    /// How much the two match; `None` when the taker cannot pay for one lot.
    fn match_size(&self, maker: &Order, taker: &Order) -> Option<Quantity> {
        let mut lots = i128::from(maker.displayed.lots());
        if taker.cash.is_none() {
            lots = lots.min(i128::from(taker.leaves.lots()));
        }
        if let Some(budget) = self.budget(taker) {
            let listed = &self.venue(taker.instrument).listed;
            lots = affordable(budget, per_lot(listed, maker.price), taker.taker_rate, lots);
        }
        (lots > 0).then(|| Quantity::from_lots(u64::try_from(lots).expect("a maker's quantity fits")))
    }

    fn prevent_self_trade(&mut self, maker: &Order, taker: &Order, out: &mut Vec<Event>) {
        match taker.self_trade {
            SelfTrade::CancelNewest => self.end(taker.slot(), CancelReason::SelfTrade, out),
            SelfTrade::CancelOldest => self.end(maker.slot(), CancelReason::SelfTrade, out),
            SelfTrade::CancelBoth => {
                self.end(maker.slot(), CancelReason::SelfTrade, out);
                self.end(taker.slot(), CancelReason::SelfTrade, out);
            }
            SelfTrade::Decrement => {
                let by = maker.displayed.min(taker.leaves);
                self.reduce(maker.slot(), by, out);
                self.reduce(taker.slot(), by, out);
            }
        }
    }

    /// An order becomes smaller without a trade, or ends when nothing is left of it.
    fn reduce(&mut self, slot: u32, by: Quantity, out: &mut Vec<Event>) {
        if self.orders[&slot].leaves == by {
            return self.end(slot, CancelReason::SelfTrade, out);
        }
        self.part_pair(slot, out);
        let order = self.order_mut(slot);
        order.leaves = order.leaves.minus(by);
        order.quantity = order.quantity.minus(by);
        let resting = order.state == State::Resting;
        if resting {
            order.displayed = order.displayed.minus(by);
        }
        let order = *order;
        out.push(Event::OrderReduced(OrderReduced {
            order: order.order,
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            price: order.limit().unwrap_or(Price::NONE),
            by,
            leaves: order.leaves,
            resting,
            held: minor(self.hold_of(&order)),
        }));
        if resting {
            self.venue_mut(order.instrument).stirred = true;
            self.replenish(slot, out);
        }
    }

    /// A resting order that shows nothing more shows its next part at the back of its level.
    pub(super) fn replenish(&mut self, slot: u32, out: &mut Vec<Event>) {
        let order = self.orders[&slot];
        if !order.displayed.is_zero() || order.leaves.is_zero() {
            return;
        }
        let Order { order: id, account, instrument, side, price, leaves, .. } = order;
        let displayed = order.display.of(leaves);
        self.arrivals += 1;
        let arrival = self.arrivals;
        let changed = self.order_mut(slot);
        changed.displayed = displayed;
        changed.arrival = arrival;
        let book = &mut self.venue_mut(instrument).book;
        book.remove(side, price, slot);
        book.push(side, price, slot);
        out.push(Event::OrderReplenished(OrderReplenished {
            order: id,
            account,
            instrument,
            side,
            price,
            displayed,
            leaves,
        }));
    }

    /// An order enters the book at the back of its level.
    pub(super) fn rest(&mut self, slot: u32, out: &mut Vec<Event>) {
        self.arrivals += 1;
        let arrival = self.arrivals;
        let order = self.order_mut(slot);
        order.state = State::Resting;
        order.displayed = order.display.of(order.leaves);
        order.arrival = arrival;
        let order = *order;
        let venue = self.venue_mut(order.instrument);
        venue.book.push(order.side, order.price, slot);
        venue.stirred = true;
        out.push(Event::OrderRested(OrderRested {
            order: order.order,
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            price: order.price,
            leaves: order.leaves,
            displayed: order.displayed,
            held: minor(self.hold_of(&order)),
        }));
    }

    /// Whether an order with this limit crosses the best opposite price.
    pub(super) fn would_match(&self, instrument: InstrumentId, side: Side, price: Price) -> bool {
        let opposite = self.venue(instrument).book.best_price(side.opposite());
        opposite.is_some_and(|opposite| crosses(side, Some(price), opposite))
    }
}

/// Whether an order of `side` with this limit trades at `opposite`.
pub(super) fn crosses(side: Side, limit: Option<Price>, opposite: Price) -> bool {
    match (limit, side) {
        (None, _) => true,
        (Some(limit), Side::Buy) => opposite <= limit,
        (Some(limit), Side::Sell) => opposite >= limit,
    }
}

/// An amount as events carry it.
pub(super) fn minor(amount: i128) -> cx_engine::units::Amount {
    cx_engine::units::Amount::from_minor(i64::try_from(amount).expect("it fits a balance"))
}
