//! Cancelling and amending open orders.

use super::matching::Taker;
use super::{Exchange, refused};
use crate::book::{key_of, price_of};
use crate::command::{AmendOrder, CancelAll, CancelOrder, CommandKind, OrderKind, Side};
use crate::event::{Event, OrderAmended, OrderCancelled};
use crate::ids::{AccountId, InstrumentId, OrderId};
use crate::reject::{CancelReason, Reject};
use crate::units::{Amount, Quantity};

/// How an amendment will be carried out.
struct Change {
    slot: u32,
    leaves: Quantity,
    /// What the order holds before and after.
    held: Amount,
    hold: Amount,
    keeps_priority: bool,
}

impl Exchange {
    pub(super) fn cancel(&mut self, cancel: &CancelOrder, events: &mut Vec<Event>) {
        match self.own_order(cancel.account, cancel.order) {
            Ok(slot) => self.cancel_resting(slot, CancelReason::Requested, events),
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
        let count = self.cancel_orders_of(cancel.account, cancel.instrument, CancelReason::MassCancel, events);
        events.push(Event::AllCancelled { account: cancel.account, count });
    }

    /// Cancels an account's open orders in ascending slot order; gives how many.
    pub(super) fn cancel_orders_of(
        &mut self,
        account: AccountId,
        instrument: Option<InstrumentId>,
        reason: CancelReason,
        events: &mut Vec<Event>,
    ) -> u32 {
        let (mut left, mut count) = (self.accounts.opened_mut(account).open_orders, 0);
        let mut slot = 0;
        while left > 0 {
            let node = self.orders.node(slot);
            if node.leaves > 0 && node.account == account {
                left -= 1;
                if instrument.is_none_or(|wanted| wanted == self.orders.detail(slot).instrument) {
                    self.cancel_resting(slot, reason, events);
                    count += 1;
                }
            }
            slot += 1;
        }
        count
    }

    /// The slot of an account's own open order.
    fn own_order(&self, account: AccountId, order: OrderId) -> Result<u32, Reject> {
        self.accounts.get(account).ok_or(Reject::UnknownAccount)?;
        let slot = self.orders.find(order).ok_or(Reject::UnknownOrder)?;
        if self.orders.node(slot).account == account { Ok(slot) } else { Err(Reject::UnknownOrder) }
    }

    fn cancel_resting(&mut self, slot: u32, reason: CancelReason, events: &mut Vec<Event>) {
        let (node, detail) = (*self.orders.node(slot), *self.orders.detail(slot));
        let order = self.orders.id(slot);
        let price = price_of(detail.side, node.key);
        let leaves = Quantity::from_lots(node.leaves);
        let instrument = &mut self.instruments[detail.instrument.get() as usize];
        let held = instrument.hold_of(detail.side, price, leaves);
        instrument.book.unrest(&mut self.orders, detail.side, slot);
        self.balances.release(if detail.side == Side::Buy { detail.quote } else { detail.base }, held, held);
        self.close(slot, node.account);
        events.push(Event::OrderCancelled(OrderCancelled {
            order,
            account: node.account,
            instrument: detail.instrument,
            side: detail.side,
            price,
            leaves,
            resting: true,
            reason,
        }));
    }

    pub(super) fn amend(&mut self, amend: &AmendOrder, events: &mut Vec<Event>) {
        let change = match self.check_amend(amend) {
            Ok(change) => change,
            Err(reason) => {
                return events.push(refused(CommandKind::Amend, amend.account, amend.order, 0, reason));
            }
        };
        let slot = change.slot;
        let (node, detail) = (*self.orders.node(slot), *self.orders.detail(slot));
        let holder = if detail.side == Side::Buy { detail.quote } else { detail.base };
        let old_price = price_of(detail.side, node.key);
        let book = &mut self.instruments[detail.instrument.get() as usize].book;
        self.balances.release(holder, change.held, change.held);
        self.orders.detail_mut(slot).quantity = amend.quantity.lots();
        events.push(Event::OrderAmended(OrderAmended {
            order: amend.order,
            account: amend.account,
            instrument: detail.instrument,
            side: detail.side,
            old_price,
            old_leaves: Quantity::from_lots(node.leaves),
            price: amend.price,
            quantity: amend.quantity,
            leaves: change.leaves,
            kept_priority: change.keeps_priority,
        }));
        if change.keeps_priority {
            book.shrink(&mut self.orders, detail.side, slot, change.leaves.lots());
            return self.balances.hold(holder, change.hold);
        }
        book.unrest(&mut self.orders, detail.side, slot);
        let node = self.orders.node_mut(slot);
        (node.leaves, node.key) = (change.leaves.lots(), key_of(detail.side, amend.price));
        let taker = Taker {
            slot,
            order: amend.order,
            account: amend.account,
            instrument: detail.instrument,
            side: detail.side,
            kind: OrderKind::Limit,
            time_in_force: detail.time_in_force,
            price: amend.price,
            leaves: change.leaves,
            base: detail.base,
            quote: detail.quote,
        };
        self.execute(taker, events);
    }

    fn check_amend(&self, amend: &AmendOrder) -> Result<Change, Reject> {
        let account = self.accounts.get(amend.account).ok_or(Reject::UnknownAccount)?;
        if !account.permissions.trade {
            return Err(Reject::TradingNotPermitted);
        }
        let slot = self.own_order(amend.account, amend.order)?;
        if amend.quantity.is_zero() || amend.quantity > Quantity::ORDER_MAX {
            return Err(Reject::InvalidQuantity);
        }
        let (node, detail) = (self.orders.node(slot), self.orders.detail(slot));
        let old = Quantity::from_lots(detail.quantity);
        let old_price = price_of(detail.side, node.key);
        let filled = old.minus(Quantity::from_lots(node.leaves));
        if amend.quantity <= filled {
            return Err(Reject::QuantityBelowFilled);
        }
        let leaves = amend.quantity.minus(filled);
        let hold = self.check_limit(detail.side, detail.instrument, leaves, amend.price);
        if hold == Err(Reject::InvalidPrice) {
            return Err(Reject::InvalidPrice);
        }
        if amend.price == old_price && amend.quantity == old {
            return Err(Reject::NoChange);
        }
        let hold = hold?;
        if detail.post_only && self.crosses(detail.instrument, detail.side, amend.price) {
            return Err(Reject::PostOnlyWouldMatch);
        }
        let before = self.instruments[detail.instrument.get() as usize].hold_of(
            detail.side,
            old_price,
            Quantity::from_lots(node.leaves),
        );
        let (holder, short) = match detail.side {
            Side::Buy => (detail.quote, Reject::InsufficientFunds),
            Side::Sell => (detail.base, Reject::InsufficientCredits),
        };
        if hold.minus(before) > self.balances.at(holder).available {
            return Err(short);
        }
        Ok(Change {
            slot,
            leaves,
            held: before,
            hold,
            keeps_priority: amend.price == old_price && amend.quantity < old,
        })
    }
}
