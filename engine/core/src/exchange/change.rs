//! Cancelling and amending open orders.

use super::checks::{Worth, check_quantity};
use super::{Exchange, refused};
use crate::book::{NONE, key_of};
use crate::command::{AmendOrder, CancelAll, CancelOrder, CommandKind, OrderKind, Side};
use crate::control::Phase;
use crate::event::{Event, OrderAmended};
use crate::ids::{AccountId, OrderId};
use crate::reject::{CancelReason, Reject};
use crate::units::{Amount, Price, Quantity, Trigger};

/// An order as an amendment makes it.
struct Change {
    slot: u32,
    leaves: Quantity,
    stop_price: Price,
    keeps_priority: bool,
}

impl Exchange {
    pub(super) fn cancel(&mut self, cancel: &CancelOrder, events: &mut Vec<Event>) {
        match self.own_order(cancel.account, cancel.order) {
            Ok(slot) => self.end_order(slot, CancelReason::Requested, events),
            Err(reason) => events.push(refused(CommandKind::Cancel, cancel.account, cancel.order, 0, reason)),
        }
    }

    pub(super) fn cancel_all(&mut self, cancel: &CancelAll, events: &mut Vec<Event>) {
        let unknown = cancel.instrument.is_some_and(|id| id.get() as usize >= self.instruments.len());
        let refusal = if self.accounts.get(cancel.account).is_none() {
            Some(Reject::UnknownAccount)
        } else {
            unknown.then_some(Reject::UnknownInstrument)
        };
        if let Some(reason) = refusal {
            return events.push(refused(CommandKind::CancelAll, cancel.account, OrderId::NONE, 0, reason));
        }
        let CancelAll { account, instrument, side } = *cancel;
        let count = self.cancel_orders_of(account, instrument, side, CancelReason::MassCancel, events);
        events.push(Event::AllCancelled { account, count });
    }

    /// The slot of an account's own open order.
    pub(super) fn own_order(&self, account: AccountId, order: OrderId) -> Result<u32, Reject> {
        self.accounts.get(account).ok_or(Reject::UnknownAccount)?;
        let slot = self.orders.find(order).ok_or(Reject::UnknownOrder)?;
        if self.orders.node(slot).account == account { Ok(slot) } else { Err(Reject::UnknownOrder) }
    }

    pub(super) fn amend(&mut self, amend: &AmendOrder, events: &mut Vec<Event>) {
        let change = match self.admit_amend(amend) {
            Ok(change) => change,
            Err(reason) => {
                return events.push(refused(CommandKind::Amend, amend.account, amend.order, 0, reason));
            }
        };
        let slot = change.slot;
        let (shown, detail) = (self.orders.node(slot).leaves, *self.orders.detail(slot));
        let (old_price, held) = (self.limit_of(slot), self.need_of(slot));
        if change.keeps_priority {
            let less = self.leaves_of(slot).minus(change.leaves);
            self.shrink(slot, less);
            self.stir_auction(detail.instrument);
        } else if detail.armed {
            self.stop_waiting(slot);
        } else {
            self.unqueue(slot);
        }
        self.orders.detail_mut(slot).quantity = amend.quantity.lots();
        let (mut displayed, mut keeps) = (Quantity::ZERO, Amount::ZERO);
        if change.keeps_priority {
            (displayed, keeps) = (Quantity::from_lots(self.orders.node(slot).leaves), self.need_of(slot));
        }
        let back = held.minus(keeps);
        self.balances.release(detail.holder(), back, back);
        events.push(Event::OrderAmended(OrderAmended {
            order: amend.order,
            account: amend.account,
            instrument: detail.instrument,
            side: detail.side,
            old_price,
            old_displayed: if detail.armed { Quantity::ZERO } else { Quantity::from_lots(shown) },
            price: amend.price,
            quantity: amend.quantity,
            leaves: change.leaves,
            displayed,
            kept_priority: change.keeps_priority,
            held: keeps,
        }));
        if !change.keeps_priority {
            self.go_on(&change, amend.price, events);
        }
    }

    /// An amended order that lost its place is armed again, matches, or rests.
    fn go_on(&mut self, change: &Change, price: Price, events: &mut Vec<Event>) {
        let slot = change.slot;
        let detail = *self.orders.detail(slot);
        if detail.armed {
            if detail.kind == OrderKind::StopLimit {
                self.orders.terms_mut(slot).limit = price;
            }
            self.arm(slot, change.stop_price, change.leaves, events);
            return self.run_stops(detail.instrument, events);
        }
        if self.instruments[detail.instrument.get() as usize].session.phase != Phase::Continuous {
            return self.rest(slot, price, change.leaves, events);
        }
        let node = self.orders.node_mut(slot);
        (node.leaves, node.key) = (change.leaves.lots(), key_of(detail.side, price));
        self.orders.detail_mut(slot).hidden = 0;
        let taker = self.taker(slot, price, change.leaves, Amount::ZERO);
        self.execute(taker, events);
        self.settle_stops(detail.instrument, events);
    }

    /// Makes an order in the book smaller, what is hidden first; it keeps its place.
    fn shrink(&mut self, slot: u32, less: Quantity) {
        let price = self.limit_of(slot);
        self.count_open(slot, price, less, -1);
        let key = self.orders.node(slot).key;
        let detail = self.orders.detail_mut(slot);
        let hidden = detail.hidden.min(less.lots());
        detail.hidden -= hidden;
        let (side, instrument) = (detail.side, detail.instrument);
        let book = &mut self.instruments[instrument.get() as usize].book;
        if hidden > 0 {
            book.shrink_hidden(side, key, hidden);
        }
        if less.lots() > hidden {
            book.shrink(&mut self.orders, side, slot, less.lots() - hidden);
        }
    }

    fn admit_amend(&mut self, amend: &AmendOrder) -> Result<Change, Reject> {
        self.accounts.get(amend.account).ok_or(Reject::UnknownAccount)?;
        self.throttle(amend.account)?;
        self.check_amend(amend)
    }

    fn check_amend(&self, amend: &AmendOrder) -> Result<Change, Reject> {
        if !self.accounts.opened(amend.account).permissions.trade {
            return Err(Reject::TradingNotPermitted);
        }
        let slot = self.own_order(amend.account, amend.order)?;
        let detail = self.orders.detail(slot);
        let session = &self.instruments[detail.instrument.get() as usize].session;
        if self.market_halted {
            return Err(Reject::MarketHalted);
        }
        if matches!(session.phase, Phase::CancelOnly | Phase::Suspended | Phase::Closed | Phase::Delisted) {
            return Err(Reject::WrongPhase);
        }
        if detail.terms != NONE && self.orders.terms(slot).pair != NONE {
            return Err(Reject::LinkedOrder);
        }
        let takes_stop_price = detail.armed && detail.kind != OrderKind::TrailingStop;
        if (amend.price != Price::NONE) != detail.kind.is_limited()
            || (amend.stop_price != Price::NONE && !takes_stop_price)
        {
            return Err(Reject::InvalidCombination);
        }
        check_quantity(amend.quantity, self.orders.terms(slot).display)?;
        let (old, old_leaves) = (Quantity::from_lots(detail.quantity), self.leaves_of(slot));
        let filled = old.minus(old_leaves);
        if amend.quantity <= filled {
            return Err(Reject::QuantityBelowFilled);
        }
        self.check_quantity(amend.account, old, amend.quantity)?;
        if detail.kind.is_limited() {
            self.check_price(detail.instrument, amend.price)?;
        }
        let (old_price, old_stop) = (self.limit_of(slot), self.stop_price_of(slot));
        let stop_price = if amend.stop_price == Price::NONE { old_stop } else { amend.stop_price };
        if amend.stop_price != Price::NONE {
            self.check_price(detail.instrument, stop_price)?;
        }
        if amend.price == old_price && amend.quantity == old && stop_price == old_stop {
            return Err(Reject::NoChange);
        }
        let change = Change {
            slot,
            leaves: amend.quantity.minus(filled),
            stop_price,
            keeps_priority: !detail.armed && amend.price == old_price && amend.quantity < old,
        };
        self.check_amended(amend, &change)?;
        Ok(change)
    }

    /// The checks of an amendment against prices, limits, the book and what is available.
    fn check_amended(&self, amend: &AmendOrder, change: &Change) -> Result<(), Reject> {
        let (slot, leaves) = (change.slot, change.leaves);
        let detail = self.orders.detail(slot);
        let (account, instrument) = (amend.account, detail.instrument);
        if detail.kind.is_limited() {
            // A stop that has gone off is a limit order like any other.
            let kind = if detail.armed { detail.kind } else { OrderKind::Limit };
            self.check_collar(kind, detail.side, amend.price, Trigger::at(change.stop_price), instrument)?;
        }
        let valued_at = if detail.kind.is_limited() { amend.price } else { change.stop_price };
        let Worth { notional, need } = self.worth(instrument, detail.side, valued_at, leaves, detail.hold_rate())?;
        if self.is_tracked(account) {
            let before = self.notional_of(slot);
            self.check_order_notional(account, before, notional)?;
            if detail.side == Side::Buy {
                self.check_position(account, instrument, self.leaves_of(slot), leaves)?;
            }
            self.check_exposure(account, instrument, before, notional)?;
        }
        let kept = &self.instruments[instrument.get() as usize];
        let stays_out = detail.post_only || kept.session.phase == Phase::PostOnly;
        if stays_out && !detail.armed && kept.crosses(detail.side, amend.price) {
            return Err(Reject::PostOnlyWouldMatch);
        }
        if need.minus(self.need_of(slot)) > self.balances.at(detail.holder()).available {
            return Err(match detail.side {
                Side::Buy => Reject::InsufficientFunds,
                Side::Sell => Reject::InsufficientCredits,
            });
        }
        Ok(())
    }
}
