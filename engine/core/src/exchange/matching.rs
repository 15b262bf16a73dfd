//! Matching and settlement: an aggressor meets the best opposite orders in price-time priority, and each trade settles at
//! once, credits against cash, fees included.

use super::Exchange;
use crate::book::{NONE, price_of, reach};
use crate::command::{SelfTrade, Side, TimeInForce};
use crate::event::{Event, OrderCancelled, OrderReplenished, OrderRested, Trade};
use crate::ids::{AccountId, InstrumentId, OrderId, TradeId};
use crate::money;
use crate::reject::CancelReason;
use crate::units::{Amount, FeeRate, Price, Quantity};

/// What an aggressor may spend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Budget {
    /// What its limit needs was checked to be available; or it sells.
    Covered,
    /// What the account has available.
    Available,
    /// So much cash: a market buy by cash.
    Cash(Amount),
}

/// An accepted order on its way through the book: it has a slot, but is in no queue and holds nothing yet. Nobody else can
/// spend what is available to it within this command.
pub(super) struct Taker {
    pub(super) slot: u32,
    pub(super) order: OrderId,
    pub(super) account: AccountId,
    /// The owner's group; 0 when the owner has this account only.
    pub(super) group: u32,
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    /// The limit; [`Price::NONE`] without one.
    pub(super) limit: Price,
    /// What is open. Of a market buy by cash more than it can buy.
    pub(super) leaves: Quantity,
    pub(super) budget: Budget,
    /// Balance slot of its credits.
    pub(super) base: u32,
    /// Balance slot of its cash.
    pub(super) quote: u32,
    pub(super) rate: FeeRate,
    pub(super) time_in_force: TimeInForce,
    pub(super) self_trade: SelfTrade,
    /// Whether it may be of a pair.
    pub(super) has_terms: bool,
}

impl Taker {
    /// The open lots as events show them.
    pub(super) const fn shown_leaves(&self) -> Quantity {
        match self.budget {
            Budget::Cash(_) => Quantity::ZERO,
            _ => self.leaves,
        }
    }

    /// Whether what cannot match at once stays.
    fn rests(&self) -> bool {
        self.limit != Price::NONE && self.time_in_force.rests()
    }
}

/// What the taker got and paid so far.
#[derive(Default)]
pub(super) struct Bill {
    lots: i64,
    cash: Amount,
}

/// Why an aggressor's matching is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Filled,
    /// Nothing more within its limit.
    NothingLeft,
    /// It met an order of its own owner that sends it away.
    SelfTrade,
    /// The next price is outside the bands.
    Bands,
    /// What it may spend pays for nothing more.
    Spent,
}

impl Exchange {
    /// An order that is in no queue, as an aggressor with `leaves` open lots.
    pub(super) fn taker(&self, slot: u32, limit: Price, leaves: Quantity, cash: Amount) -> Taker {
        let (node, detail) = (self.orders.node(slot), self.orders.detail(slot));
        let budget = if cash > Amount::ZERO {
            Budget::Cash(cash)
        } else if limit == Price::NONE && detail.side == Side::Buy {
            Budget::Available
        } else {
            Budget::Covered
        };
        Taker {
            slot,
            order: self.orders.id(slot),
            account: node.account,
            group: self.accounts.opened(node.account).group,
            instrument: detail.instrument,
            side: detail.side,
            limit,
            leaves: if cash > Amount::ZERO { Quantity::from_lots(1 << 62) } else { leaves },
            budget,
            base: detail.base,
            quote: detail.quote,
            rate: detail.taker,
            time_in_force: detail.time_in_force,
            self_trade: detail.self_trade,
            has_terms: detail.terms != NONE,
        }
    }

    /// Matches a taker and deals with what is left of it: it rests, or is cancelled, or is done.
    pub(super) fn execute(&mut self, mut taker: Taker, events: &mut Vec<Event>) {
        let bands = self.bands_of(taker.instrument);
        if taker.time_in_force == TimeInForce::FillOrKill && !self.can_fill(&taker, bands) {
            return self.end_taker(&taker, CancelReason::FillOrKill, events);
        }
        let mut bill = Bill::default();
        let outcome = self.sweep(&mut taker, bands, &mut bill, events);
        if bill.lots > 0 {
            self.settle_taker(&taker, &bill);
        }
        let by_cash = matches!(taker.budget, Budget::Cash(_));
        let ended = match outcome {
            Outcome::Filled => return self.close(taker.slot, taker.account),
            Outcome::SelfTrade => CancelReason::SelfTrade,
            Outcome::Spent if by_cash => CancelReason::CashSpent,
            Outcome::Spent => CancelReason::InsufficientFunds,
            Outcome::Bands => CancelReason::OutsideBands,
            Outcome::NothingLeft if taker.limit == Price::NONE => CancelReason::NoLiquidity,
            Outcome::NothingLeft => CancelReason::ImmediateOrCancel,
        };
        if taker.rests() && matches!(outcome, Outcome::Bands | Outcome::NothingLeft) {
            self.rest(taker.slot, taker.limit, taker.leaves, events);
        } else {
            self.end_taker(&taker, ended, events);
        }
        if outcome == Outcome::Bands {
            self.begin_halt(taker.instrument, events);
        }
    }

    /// Cancels what is left of an aggressor, and the order that it is paired with.
    fn end_taker(&mut self, taker: &Taker, reason: CancelReason, events: &mut Vec<Event>) {
        let first = self.leave_first(taker.slot);
        self.close(taker.slot, taker.account);
        events.push(Event::OrderCancelled(OrderCancelled {
            order: taker.order,
            account: taker.account,
            instrument: taker.instrument,
            side: taker.side,
            price: taker.limit,
            leaves: taker.shown_leaves(),
            displayed: Quantity::ZERO,
            resting: false,
            reason,
        }));
        if let Some((first, held)) = first {
            self.withdraw(first, held, CancelReason::Paired, events);
        }
    }

    fn sweep(&mut self, taker: &mut Taker, bands: (i64, i64), bill: &mut Bill, events: &mut Vec<Event>) -> Outcome {
        let maker_side = taker.side.opposite();
        let limit = reach(maker_side, (taker.limit != Price::NONE).then_some(taker.limit));
        loop {
            if taker.leaves.is_zero() {
                return Outcome::Filled;
            }
            if taker.budget == Budget::Cash(bill.cash) {
                return Outcome::Spent;
            }
            let ladder = self.instruments[taker.instrument.get() as usize].book.side(maker_side);
            let key = ladder.best();
            if key > limit {
                return Outcome::NothingLeft;
            }
            let price = price_of(maker_side, key);
            if price.ticks() < bands.0 || price.ticks() > bands.1 {
                return Outcome::Bands;
            }
            let maker = ladder.level(key).expect("the best level is occupied").head;
            let node = self.orders.node(maker);
            if self.one_owner(taker.account, taker.group, node.account) {
                if self.prevent_self_trade(taker, maker, events) {
                    return Outcome::SelfTrade;
                }
                continue;
            }
            let mut quantity = Quantity::from_lots(node.leaves).min(taker.leaves);
            if taker.budget != Budget::Covered {
                let cash = self.budget_left(taker, bill);
                let tick_value = self.instruments[taker.instrument.get() as usize].listing.tick_value;
                quantity = quantity.min(money::affordable(cash, price, tick_value, taker.rate));
                if quantity.is_zero() {
                    return Outcome::Spent;
                }
            }
            self.trade(taker, maker, price, quantity, bill, events);
        }
    }

    /// What an aggressor without a limit may still spend.
    fn budget_left(&self, taker: &Taker, bill: &Bill) -> Amount {
        match taker.budget {
            Budget::Covered => Amount::BALANCE_MAX,
            Budget::Available => self.balances.at(taker.quote).available.minus(bill.cash),
            Budget::Cash(cash) => cash.minus(bill.cash),
        }
    }

    /// One trade against the order at the head of the best level.
    fn trade(
        &mut self,
        taker: &mut Taker,
        maker: u32,
        price: Price,
        quantity: Quantity,
        bill: &mut Bill,
        events: &mut Vec<Event>,
    ) {
        if self.orders.detail(maker).terms != NONE {
            self.leave_pair(maker, events);
        }
        if taker.has_terms {
            self.leave_pair_as_taker(taker.slot, events);
        }
        let maker_side = taker.side.opposite();
        let instrument = &mut self.instruments[taker.instrument.get() as usize];
        let notional = instrument.notional(price, quantity);
        let (maker_fee, taker_fee) = money::fees(notional, self.orders.detail(maker).maker, taker.rate);
        taker.leaves = taker.leaves.minus(quantity);
        bill.lots += quantity.lots().cast_signed();
        bill.cash = match taker.side {
            Side::Buy => bill.cash.plus(notional).plus(taker_fee),
            Side::Sell => bill.cash.plus(notional).minus(taker_fee),
        };
        self.balances.credit(instrument.venue_quote, maker_fee.plus(taker_fee));
        instrument.session.traded(self.seq, price);
        self.last_trade = TradeId::new(self.last_trade.get() + 1);

        let maker_account = self.orders.node(maker).account;
        let maker_order = self.orders.id(maker);
        let (leaves, held) = self.pay_resting(maker, price, quantity, notional, maker_fee);
        let trade = Trade {
            trade: self.last_trade,
            instrument: taker.instrument,
            taker_side: taker.side,
            auction: false,
            price,
            quantity,
            maker_order,
            taker_order: taker.order,
            maker_account,
            taker_account: taker.account,
            maker_fee: maker_fee.minor(),
            taker_fee: taker_fee.minor(),
            maker_leaves: leaves,
            taker_leaves: taker.shown_leaves(),
            maker_held: held,
        };
        self.count_trade(&trade);
        let more = self.take(maker, maker_side, quantity);
        if leaves.is_zero() {
            self.close(maker, maker_account);
        }
        events.push(Event::Trade(trade));
        if more {
            self.replenish(maker, events);
        }
    }

    /// A resting order's side of a trade, paid from what it holds. Gives its new leaves and hold; the book is not touched yet.
    #[inline]
    pub(super) fn pay_resting(
        &mut self,
        slot: u32,
        price: Price,
        quantity: Quantity,
        notional: Amount,
        fee: Amount,
    ) -> (Quantity, Amount) {
        let detail = *self.orders.detail(slot);
        let before = self.leaves_of(slot);
        let after = before.minus(quantity);
        let lots = Amount::from_minor(quantity.lots().cast_signed());
        match detail.side {
            Side::Sell => {
                self.balances.release(detail.base, lots, Amount::ZERO);
                self.balances.credit(detail.quote, notional.minus(fee));
                (after, Amount::from_minor(after.lots().cast_signed()))
            }
            Side::Buy => {
                let limit = price_of(Side::Buy, self.orders.node(slot).key);
                debug_assert!(limit >= price, "a buy pays at most its limit");
                let held = self.need(&detail, limit, after);
                let released = self.need(&detail, limit, before).minus(held);
                self.balances.release(detail.quote, released, released.minus(notional).minus(fee));
                self.balances.credit(detail.base, lots);
                (after, held)
            }
        }
    }

    /// Takes lots of what a resting order shows out of the book. True when it shows nothing more and has a hidden part: it is out
    /// of its queue until [`Exchange::replenish`]. An order of which nothing is left is out of the book.
    #[inline]
    pub(super) fn take(&mut self, slot: u32, side: Side, quantity: Quantity) -> bool {
        let node = self.orders.node(slot);
        let detail = self.orders.detail(slot);
        let (shown, price, hides) = (node.leaves, price_of(side, node.key), detail.hidden > 0);
        let instrument = detail.instrument;
        self.count_open(slot, price, quantity, -1);
        let book = &mut self.instruments[instrument.get() as usize].book;
        if quantity.lots() < shown {
            book.shrink(&mut self.orders, side, slot, quantity.lots());
            return false;
        }
        book.exhaust(&mut self.orders, side, slot, hides);
        hides
    }

    /// Shows the next part of an order that has a hidden part and shows nothing, at the back of its level.
    pub(super) fn replenish(&mut self, slot: u32, events: &mut Vec<Event>) {
        let leaves = Quantity::from_lots(self.orders.detail(slot).hidden);
        let shown = self.orders.terms(slot).display.of(leaves);
        self.last_arrival += 1;
        let detail = self.orders.detail_mut(slot);
        detail.arrival = self.last_arrival;
        detail.hidden = leaves.minus(shown).lots();
        let (side, instrument) = (detail.side, detail.instrument);
        let book = &mut self.instruments[instrument.get() as usize].book;
        book.replenish(&mut self.orders, side, slot, shown.lots());
        let node = self.orders.node(slot);
        events.push(Event::OrderReplenished(OrderReplenished {
            order: self.orders.id(slot),
            account: node.account,
            instrument,
            side,
            price: price_of(side, node.key),
            displayed: shown,
            leaves,
        }));
    }

    /// The taker's side of all its trades.
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

    /// Puts what is open of an order with a limit at the back of its level and holds what it needs.
    pub(super) fn rest(&mut self, slot: u32, limit: Price, leaves: Quantity, events: &mut Vec<Event>) {
        let displayed = self.queue(slot, limit, leaves);
        let detail = self.orders.detail(slot);
        let held = if detail.terms == NONE { self.need(detail, limit, leaves) } else { self.held_of(slot) };
        self.hold_resting(slot, limit, leaves, displayed, held, events);
    }

    /// Holds what an order needs that rests from here on.
    #[inline]
    pub(super) fn hold_resting(
        &mut self,
        slot: u32,
        limit: Price,
        leaves: Quantity,
        displayed: Quantity,
        held: Amount,
        events: &mut Vec<Event>,
    ) {
        let detail = self.orders.detail(slot);
        self.balances.hold(detail.holder(), held);
        events.push(Event::OrderRested(OrderRested {
            order: self.orders.id(slot),
            account: self.orders.node(slot).account,
            instrument: detail.instrument,
            side: detail.side,
            price: limit,
            leaves,
            displayed,
            held,
        }));
    }
}
