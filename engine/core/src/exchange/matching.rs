//! Matching and settlement: an aggressor meets the best opposite orders in price-time priority, and each trade settles at
//! once, credits against cash, fees included.

use super::Exchange;
use crate::book::{Ladder, NONE, key_of, price_of, reach};
use crate::command::{OrderKind, Side, TimeInForce};
use crate::event::{Event, OrderCancelled, OrderRested, Trade};
use crate::ids::{AccountId, InstrumentId, OrderId, TradeId};
use crate::money;
use crate::reject::CancelReason;
use crate::units::{Amount, Price, Quantity};

/// An accepted order on its way through the book: it has a slot, but is in no queue and holds nothing yet. What it needs was
/// checked to be available, and nobody else can spend it within this command.
pub(super) struct Taker {
    pub(super) slot: u32,
    pub(super) order: OrderId,
    pub(super) account: AccountId,
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) kind: OrderKind,
    pub(super) time_in_force: TimeInForce,
    pub(super) price: Price,
    pub(super) leaves: Quantity,
    /// Balance slot of its credits.
    pub(super) base: u32,
    /// Balance slot of its cash.
    pub(super) quote: u32,
}

impl Taker {
    fn limit(&self) -> Option<Price> {
        match self.kind {
            OrderKind::Limit => Some(self.price),
            OrderKind::Market => None,
        }
    }

    fn cancelled(&self, reason: CancelReason) -> Event {
        Event::OrderCancelled(OrderCancelled {
            order: self.order,
            account: self.account,
            instrument: self.instrument,
            side: self.side,
            price: self.price,
            leaves: self.leaves,
            resting: false,
            reason,
        })
    }
}

/// What the taker got and paid so far.
#[derive(Default)]
struct Bill {
    lots: i64,
    cash: Amount,
    met_itself: bool,
}

impl Exchange {
    /// Matches a taker and deals with what is left of it: it rests, or is cancelled, or is done.
    pub(super) fn execute(&mut self, mut taker: Taker, events: &mut Vec<Event>) {
        if taker.time_in_force == TimeInForce::FillOrKill && !self.can_fill(&taker) {
            events.push(taker.cancelled(CancelReason::FillOrKill));
            return self.close(taker.slot, taker.account);
        }
        let bill = self.sweep(&mut taker, events);
        self.settle_taker(&taker, &bill);
        if taker.leaves.is_zero() {
            return self.close(taker.slot, taker.account);
        }
        let ended = if bill.met_itself {
            Some(CancelReason::SelfTrade)
        } else if taker.kind == OrderKind::Market {
            Some(CancelReason::NoLiquidity)
        } else if taker.time_in_force == TimeInForce::GoodTillCancelled {
            None
        } else {
            Some(CancelReason::ImmediateOrCancel)
        };
        match ended {
            Some(reason) => {
                events.push(taker.cancelled(reason));
                self.close(taker.slot, taker.account);
            }
            None => self.rest(&taker, events),
        }
    }

    /// Whether orders of others that come before the taker's own first one cover its quantity within its limit.
    fn can_fill(&self, taker: &Taker) -> bool {
        let maker_side = taker.side.opposite();
        let ladder = self.instruments[taker.instrument.get() as usize].book.side(maker_side);
        let limit = reach(maker_side, taker.limit());
        let mut wanted = taker.leaves.lots();
        let mut key = ladder.best();
        while key <= limit {
            let level = ladder.level(key).expect("every key on the way is occupied");
            let mut slot = level.head;
            while slot != NONE {
                let node = self.orders.node(slot);
                if node.account == taker.account {
                    return false;
                }
                if node.leaves >= wanted {
                    return true;
                }
                wanted -= node.leaves;
                slot = node.next;
            }
            key = ladder.next_after(key);
        }
        false
    }

    fn sweep(&mut self, taker: &mut Taker, events: &mut Vec<Event>) -> Bill {
        let maker_side = taker.side.opposite();
        let limit = reach(maker_side, taker.limit());
        let mut bill = Bill::default();
        loop {
            let ladder = self.instruments[taker.instrument.get() as usize].book.side(maker_side);
            let key = ladder.best();
            if key > limit {
                return bill;
            }
            let slot = ladder.level(key).expect("the best level is occupied").head;
            if self.orders.node(slot).account == taker.account {
                bill.met_itself = true;
                return bill;
            }
            self.trade(taker, slot, price_of(maker_side, key), &mut bill, events);
            if taker.leaves.is_zero() {
                return bill;
            }
        }
    }

    /// One trade against the order at the head of the best level.
    fn trade(&mut self, taker: &mut Taker, maker: u32, price: Price, bill: &mut Bill, events: &mut Vec<Event>) {
        let maker_side = taker.side.opposite();
        let instrument = &mut self.instruments[taker.instrument.get() as usize];
        let node = *self.orders.node(maker);
        let before = Quantity::from_lots(node.leaves);
        let quantity = before.min(taker.leaves);
        let maker_leaves = before.minus(quantity);
        taker.leaves = taker.leaves.minus(quantity);

        let notional = instrument.notional(price, quantity);
        let maker_fee = money::fee(notional, instrument.listing.maker_fee);
        let taker_fee = money::fee(notional, instrument.listing.taker_fee);
        let lots = Amount::from_minor(quantity.lots().cast_signed());
        let (base, quote) = {
            let detail = self.orders.detail(maker);
            (detail.base, detail.quote)
        };
        match maker_side {
            Side::Sell => {
                self.balances.release(base, lots, Amount::ZERO);
                self.balances.credit(quote, notional.minus(maker_fee));
                bill.cash = bill.cash.plus(notional).plus(taker_fee);
            }
            Side::Buy => {
                let released = instrument.hold_of(Side::Buy, price, before).minus(instrument.hold_of(
                    Side::Buy,
                    price,
                    maker_leaves,
                ));
                self.balances.release(quote, released, released.minus(notional).minus(maker_fee));
                self.balances.credit(base, lots);
                bill.cash = bill.cash.plus(notional).minus(taker_fee);
            }
        }
        bill.lots += quantity.lots().cast_signed();
        self.balances.credit(instrument.venue_quote, maker_fee.plus(taker_fee));

        let maker_order = self.orders.id(maker);
        self.last_trade = TradeId::new(self.last_trade.get() + 1);
        if instrument.book.take_from_head(&mut self.orders, maker_side, maker, quantity.lots()) {
            self.close(maker, node.account);
        }
        events.push(Event::Trade(Trade {
            trade: self.last_trade,
            instrument: taker.instrument,
            taker_side: taker.side,
            price,
            quantity,
            maker_order,
            taker_order: taker.order,
            maker_account: node.account,
            taker_account: taker.account,
            maker_fee: maker_fee.minor(),
            taker_fee: taker_fee.minor(),
            maker_leaves,
            taker_leaves: taker.leaves,
        }));
    }

    /// The taker's side of all its trades: what it pays was available when the order was accepted.
    fn settle_taker(&mut self, taker: &Taker, bill: &Bill) {
        let lots = Amount::from_minor(bill.lots);
        match taker.side {
            Side::Buy => {
                self.balances.debit(taker.quote, bill.cash);
                self.balances.credit(taker.base, lots);
            }
            Side::Sell => {
                self.balances.debit(taker.base, lots);
                self.balances.credit(taker.quote, bill.cash);
            }
        }
    }

    /// Puts what is left of a limit order at the back of its level and holds what it needs.
    fn rest(&mut self, taker: &Taker, events: &mut Vec<Event>) {
        let instrument = &mut self.instruments[taker.instrument.get() as usize];
        let amount = instrument.hold_of(taker.side, taker.price, taker.leaves);
        let slot = if taker.side == Side::Buy { taker.quote } else { taker.base };
        self.balances.hold(slot, amount);
        let node = self.orders.node_mut(taker.slot);
        node.leaves = taker.leaves.lots();
        node.key = key_of(taker.side, taker.price);
        instrument.book.rest(&mut self.orders, taker.side, taker.slot);
        events.push(Event::OrderRested(OrderRested {
            order: taker.order,
            account: taker.account,
            instrument: taker.instrument,
            side: taker.side,
            price: taker.price,
            leaves: taker.leaves,
        }));
    }

    /// Frees the slot of an order that ended and is in no queue.
    pub(super) fn close(&mut self, slot: u32, account: AccountId) {
        self.orders.remove(slot);
        self.accounts.opened_mut(account).open_orders -= 1;
    }

    /// What a market buy costs at most: the opposite levels walked for its quantity, plus the taker's fee on the sum.
    /// `None` when a balance cannot hold it.
    pub(super) fn market_cost(&self, instrument: InstrumentId, quantity: Quantity) -> Option<Amount> {
        let instrument = &self.instruments[instrument.get() as usize];
        let ladder = instrument.book.side(Side::Sell);
        let mut wanted = quantity;
        let mut sum = Amount::ZERO;
        let mut key = ladder.best();
        while key != Ladder::NO_KEY && !wanted.is_zero() {
            let there = ladder.level(key).expect("every key on the way is occupied").quantity;
            let lots = wanted.min(Quantity::from_lots(there));
            let part = money::notional(price_of(Side::Sell, key), lots, instrument.listing.tick_value)?;
            sum = bounded(i128::from(sum.minor()) + i128::from(part.minor()))?;
            wanted = wanted.minus(lots);
            key = ladder.next_after(key);
        }
        let fee = money::fee(sum, instrument.listing.taker_fee);
        bounded(i128::from(sum.minor()) + i128::from(fee.minor()))
    }
}

fn bounded(minor: i128) -> Option<Amount> {
    let amount = Amount::from_minor(i64::try_from(minor).ok()?);
    (amount <= Amount::BALANCE_MAX).then_some(amount)
}
