//! How orders of the model end: cancellations, one by one and all at once, and pairs.

use cx_engine::Event;
use cx_engine::command::{CancelAfter, CancelAll, CancelOrder, Side};
use cx_engine::control::Kill;
use cx_engine::event::OrderCancelled;
use cx_engine::ids::{AccountId, InstrumentId, OrderId};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Price, Quantity};

use super::order::{Order, State};
use super::{Model, TIME_END, index};

impl Model {
    /// An order ends with something left, wherever it is: its slot is free, then the event, then its pair goes.
    pub(super) fn end(&mut self, slot: u32, reason: CancelReason, out: &mut Vec<Event>) {
        let order = self.orders[&slot];
        self.take_out(slot);
        self.free_slot(slot);
        out.push(Event::OrderCancelled(OrderCancelled {
            order: order.order,
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            price: order.limit().unwrap_or(Price::NONE),
            leaves: order.leaves,
            displayed: order.displayed,
            resting: order.state == State::Resting,
            reason,
        }));
        if let Some(link) = order.pair {
            self.order_mut(link.other).pair = None;
            self.end(link.other, CancelReason::Paired, out);
        }
    }

    /// Before an order of a pair executes, the other is cancelled.
    pub(super) fn part_pair(&mut self, slot: u32, out: &mut Vec<Event>) {
        if let Some(link) = self.orders[&slot].pair {
            self.order_mut(slot).pair = None;
            self.order_mut(link.other).pair = None;
            self.end(link.other, CancelReason::Paired, out);
        }
    }

    /// Takes an order out of the book or from the stops; an aggressor is in neither.
    pub(super) fn take_out(&mut self, slot: u32) {
        let order = self.orders[&slot];
        let venue = self.venue_mut(order.instrument);
        match order.state {
            State::Aggressor => {}
            State::Resting => {
                venue.book.remove(order.side, order.price, slot);
                venue.stirred = true;
            }
            State::Armed => venue.armed.retain(|&other| other != slot),
        }
        let order = self.order_mut(slot);
        order.state = State::Aggressor;
        order.displayed = Quantity::ZERO;
    }

    /// Forgets an order and frees its slot, unless its generations are spent.
    pub(super) fn free_slot(&mut self, slot: u32) {
        let order = self.orders.remove(&slot).expect("the order is open");
        self.account_mut(order.account).orders.retain(|&other| other != slot);
        if self.generations[index(slot)] < u32::MAX {
            self.free.push(slot);
        }
    }

    /// Cancels orders one after the other; those that went with their pair before are passed over. How many there were.
    pub(super) fn end_each(&mut self, slots: &[u32], reason: CancelReason, out: &mut Vec<Event>) -> u32 {
        let mut count = 0;
        for slot in slots {
            if self.orders.contains_key(slot) {
                self.end(*slot, reason, out);
                count += 1;
            }
        }
        count
    }

    /// Cancels the open orders of an account as they were accepted.
    pub(super) fn cancel_orders_of(
        &mut self,
        account: AccountId,
        instrument: Option<InstrumentId>,
        side: Option<Side>,
        reason: CancelReason,
        out: &mut Vec<Event>,
    ) -> u32 {
        let wanted = |order: &Order| {
            instrument.is_none_or(|it| it == order.instrument) && side.is_none_or(|it| it == order.side)
        };
        let all = self.accounts[&account].orders.iter().copied();
        let slots: Vec<u32> = all.filter(|slot| wanted(&self.orders[slot])).collect();
        self.end_each(&slots, reason, out)
    }

    pub(super) fn owned(&self, account: AccountId, order: OrderId) -> Result<Order, Reject> {
        let found = self.orders.get(&order.slot()).filter(|open| open.order == order && open.account == account);
        found.copied().ok_or(Reject::UnknownOrder)
    }

    pub(super) fn cancel(&mut self, cancel: CancelOrder, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.known(cancel.account)?;
        let order = self.owned(cancel.account, cancel.order)?;
        self.end(order.slot(), CancelReason::Requested, out);
        Ok(())
    }

    pub(super) fn cancel_all(&mut self, all: CancelAll, out: &mut Vec<Event>) -> Result<(), Reject> {
        let CancelAll { account, instrument, side } = all;
        self.known(account)?;
        if let Some(instrument) = instrument {
            self.instrument(instrument)?;
        }
        let count = self.cancel_orders_of(account, instrument, side, CancelReason::MassCancel, out);
        out.push(Event::AllCancelled { account, count });
        Ok(())
    }

    pub(super) fn set_cancel_after(&mut self, after: CancelAfter, out: &mut Vec<Event>) -> Result<(), Reject> {
        if after.account == AccountId::VENUE {
            return Err(Reject::UnknownAccount);
        }
        self.known(after.account)?;
        let at = after.at.nanos();
        if at != 0 && (at <= self.now || at >= TIME_END) {
            return Err(Reject::InvalidExpiry);
        }
        self.account_mut(after.account).cancel_after = (at != 0).then_some(at);
        out.push(Event::CancelAfterSet(after));
        Ok(())
    }

    pub(super) fn kill(&mut self, kill: Kill, out: &mut Vec<Event>) -> Result<(), Reject> {
        let Kill { account, killed } = kill;
        self.customer(account)?;
        self.account_mut(account).killed = killed;
        let count = if killed { self.cancel_orders_of(account, None, None, CancelReason::KillSwitch, out) } else { 0 };
        out.push(Event::AccountKilled { account, killed, count });
        Ok(())
    }
}
