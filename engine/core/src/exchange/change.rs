//! Cancelling and amending open orders.

use super::checks::{check_lots, check_quantity};
use super::{Exchange, refused};
use crate::book::{NONE, key_of, price_of};
use crate::command::{AmendOrder, CancelAll, CancelOrder, CommandKind, OrderKind, Side};
use crate::control::Phase;
use crate::event::{Event, OrderAmended};
use crate::ids::{AccountId, OrderId};
use crate::reject::{CancelReason, Reject};
use crate::units::{Amount, Price, Quantity, Trigger};

/// An open order before it is amended.
#[derive(Clone, Copy)]
struct Standing {
    price: Price,
    stop_price: Price,
    leaves: Quantity,
    need: Amount,
}

/// An order as an amendment makes it.
struct Change {
    slot: u32,
    old: Standing,
    leaves: Quantity,
    stop_price: Price,
    /// What it needs from here on.
    need: Amount,
    keeps_priority: bool,
    /// Whether nothing on the other side would match it at its new price.
    behind: bool,
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
    #[inline]
    pub(super) fn own_order(&self, account: AccountId, order: OrderId) -> Result<u32, Reject> {
        match self.orders.find(order) {
            Some(slot) if self.orders.node(slot).account == account => Ok(slot),
            _ => Err(self.why_not_own(account)),
        }
    }

    #[cold]
    fn why_not_own(&self, account: AccountId) -> Reject {
        if self.accounts.get(account).is_none() { Reject::UnknownAccount } else { Reject::UnknownOrder }
    }

    /// An open order as it stands.
    #[inline]
    fn standing(&self, slot: u32) -> Standing {
        let (node, detail) = (self.orders.node(slot), self.orders.detail(slot));
        if detail.terms != NONE {
            return self.standing_of_rare(slot);
        }
        let (price, leaves) = (price_of(detail.side, node.key), Quantity::from_lots(node.leaves));
        Standing { price, stop_price: Price::NONE, leaves, need: self.need(detail, price, leaves) }
    }

    #[inline(never)]
    fn standing_of_rare(&self, slot: u32) -> Standing {
        let (price, stop_price) = (self.limit_of(slot), self.stop_price_of(slot));
        Standing { price, stop_price, leaves: self.leaves_of(slot), need: self.need_of(slot) }
    }

    pub(super) fn amend(&mut self, amend: &AmendOrder, events: &mut Vec<Event>) {
        let change = match self.admit_amend(amend) {
            Ok(change) => change,
            Err(reason) => {
                return events.push(refused(CommandKind::Amend, amend.account, amend.order, 0, reason));
            }
        };
        let slot = change.slot;
        let (shown, detail) = (self.orders.node(slot).leaves, self.orders.detail(slot));
        let (instrument, side, armed, holder) = (detail.instrument, detail.side, detail.armed, detail.holder());
        if change.keeps_priority {
            self.shrink(slot, change.old.leaves.minus(change.leaves));
            self.stir_auction(instrument);
        } else if armed {
            self.stop_waiting(slot);
        } else {
            self.take_out(slot, change.old.price, change.old.leaves);
        }
        self.orders.detail_mut(slot).quantity = amend.quantity.lots();
        let (mut displayed, mut keeps) = (Quantity::ZERO, Amount::ZERO);
        if change.keeps_priority {
            (displayed, keeps) = (Quantity::from_lots(self.orders.node(slot).leaves), change.need);
        }
        self.balances.release_all(holder, change.old.need.minus(keeps));
        events.push(Event::OrderAmended(OrderAmended {
            order: amend.order,
            account: amend.account,
            instrument,
            side,
            old_price: change.old.price,
            old_displayed: if armed { Quantity::ZERO } else { Quantity::from_lots(shown) },
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
    #[inline]
    fn go_on(&mut self, change: &Change, price: Price, events: &mut Vec<Event>) {
        let slot = change.slot;
        let detail = self.orders.detail(slot);
        let (instrument, side) = (detail.instrument, detail.side);
        if detail.armed {
            return self.arm_again(change, price, events);
        }
        if change.behind || self.phase(instrument) != Phase::Continuous {
            let displayed = self.queue(slot, price, change.leaves);
            return self.hold_resting(slot, price, change.leaves, displayed, change.need, events);
        }
        let node = self.orders.node_mut(slot);
        (node.leaves, node.key) = (change.leaves.lots(), key_of(side, price));
        self.orders.detail_mut(slot).hidden = 0;
        let taker = self.taker(slot, price, change.leaves, Amount::ZERO);
        self.execute(taker, events);
        self.settle_stops(instrument, events);
    }

    #[inline(never)]
    fn arm_again(&mut self, change: &Change, price: Price, events: &mut Vec<Event>) {
        let slot = change.slot;
        let detail = self.orders.detail(slot);
        let instrument = detail.instrument;
        if detail.kind == OrderKind::StopLimit {
            self.orders.terms_mut(slot).limit = price;
        }
        self.arm(slot, change.stop_price, change.leaves, events);
        self.run_stops(instrument, events);
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
        let account = self.accounts.get(amend.account).ok_or(Reject::UnknownAccount)?;
        if account.is_limited() {
            self.throttle(amend.account)?;
        }
        self.check_amend(amend)
    }

    fn check_amend(&self, amend: &AmendOrder) -> Result<Change, Reject> {
        let account = self.accounts.opened(amend.account);
        if !account.permissions.trade {
            return Err(Reject::TradingNotPermitted);
        }
        let slot = self.own_order(amend.account, amend.order)?;
        let detail = self.orders.detail(slot);
        let instrument = &self.instruments[detail.instrument.get() as usize];
        if self.market_halted {
            return Err(Reject::MarketHalted);
        }
        let phase = instrument.session.phase;
        if matches!(phase, Phase::CancelOnly | Phase::Suspended | Phase::Closed | Phase::Delisted) {
            return Err(Reject::WrongPhase);
        }
        if detail.terms != NONE && self.orders.terms(slot).pair != NONE {
            return Err(Reject::LinkedOrder);
        }
        let limited = detail.kind.is_limited();
        let takes_stop_price = detail.armed && detail.kind != OrderKind::TrailingStop;
        if (amend.price != Price::NONE) != limited || (amend.stop_price != Price::NONE && !takes_stop_price) {
            return Err(Reject::InvalidCombination);
        }
        if detail.terms == NONE {
            check_lots(amend.quantity)?;
        } else {
            check_quantity(amend.quantity, self.orders.terms(slot).display)?;
        }
        let old = self.standing(slot);
        let total = Quantity::from_lots(detail.quantity);
        let filled = total.minus(old.leaves);
        if amend.quantity <= filled {
            return Err(Reject::QuantityBelowFilled);
        }
        if account.is_limited() {
            self.check_quantity(amend.account, total, amend.quantity)?;
        }
        if limited {
            instrument.check_price(amend.price)?;
        }
        let stop_price = if amend.stop_price == Price::NONE { old.stop_price } else { amend.stop_price };
        if amend.stop_price != Price::NONE {
            instrument.check_price(stop_price)?;
        }
        if amend.price == old.price && amend.quantity == total && stop_price == old.stop_price {
            return Err(Reject::NoChange);
        }
        let mut change = Change {
            slot,
            old,
            leaves: amend.quantity.minus(filled),
            stop_price,
            need: Amount::ZERO,
            keeps_priority: !detail.armed && amend.price == old.price && amend.quantity < total,
            behind: !detail.armed && !instrument.crosses(detail.side, amend.price),
        };
        change.need = self.check_amended(amend, &change)?;
        Ok(change)
    }

    /// The checks of an amendment against prices, limits, the book and what is available. Gives what the order then needs.
    #[inline]
    fn check_amended(&self, amend: &AmendOrder, change: &Change) -> Result<Amount, Reject> {
        let detail = self.orders.detail(change.slot);
        let instrument = &self.instruments[detail.instrument.get() as usize];
        let limited = detail.kind.is_limited();
        if instrument.session.bands.collar_bps != 0 {
            // A stop that has gone off is a limit order like any other.
            let kind = if detail.armed || !limited { detail.kind } else { OrderKind::Limit };
            let stop_price = Trigger::at(change.stop_price);
            self.check_collar(kind, detail.side, amend.price, stop_price, detail.instrument)?;
        }
        let valued_at = if limited { amend.price } else { change.stop_price };
        let worth = instrument.worth_of(detail.side, valued_at, change.leaves, detail.hold_rate())?;
        if detail.tracked {
            self.check_amended_limits(amend.account, change, worth.notional)?;
        }
        let stays_out = detail.post_only || instrument.session.phase == Phase::PostOnly;
        if stays_out && !detail.armed && !change.behind {
            return Err(Reject::PostOnlyWouldMatch);
        }
        if worth.need.minus(change.old.need) > self.balances.at(detail.holder()).available {
            return Err(match detail.side {
                Side::Buy => Reject::InsufficientFunds,
                Side::Sell => Reject::InsufficientCredits,
            });
        }
        Ok(worth.need)
    }

    /// The limits of an account on an amended order.
    #[inline(never)]
    fn check_amended_limits(&self, account: AccountId, change: &Change, notional: Amount) -> Result<(), Reject> {
        let detail = self.orders.detail(change.slot);
        let before = self.notional_of(change.slot);
        self.check_order_notional(account, before, notional)?;
        if detail.side == Side::Buy {
            self.check_position(account, detail.instrument, change.old.leaves, change.leaves)?;
        }
        self.check_exposure(account, detail.instrument, before, notional)
    }
}
