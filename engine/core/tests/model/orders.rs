//! Orders of the model: the checks in the order of the rules, acceptance, cancel and amend.

use cx_engine::Event;
use cx_engine::command::{AmendOrder, CancelAll, CancelOrder, NewOrder, OrderKind, Side, TimeInForce};
use cx_engine::event::{InstrumentListed, OrderAccepted, OrderAmended, OrderCancelled, OrderRejected, OrderRepeated};
use cx_engine::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Price, Quantity};

use super::ledger::{fee, hold, notional};
use super::{BALANCE_MAX, CLIENT_ID_WINDOW, Model, index, number};

/// An order that has been accepted and has not ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::struct_field_names)] // `order` is the handle, as in the events
pub struct Order {
    /// Its handle.
    pub order: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// How long it lives.
    pub time_in_force: TimeInForce,
    /// Whether it must not match when it is placed or amended.
    pub post_only: bool,
    /// The limit.
    pub price: Price,
    /// The whole quantity, with what has been filled.
    pub quantity: Quantity,
    /// What is open.
    pub leaves: Quantity,
    /// The client's own name.
    pub client_order_id: Option<ClientOrderId>,
}

impl Order {
    /// What it holds while it is open.
    pub(super) fn held_asset(&self, instrument: &InstrumentListed) -> AssetId {
        match self.side {
            Side::Buy => instrument.quote,
            Side::Sell => instrument.base,
        }
    }

    /// The worst price at which it trades; `None` for a market order.
    pub(super) fn limit(&self) -> Option<Price> {
        (self.kind == OrderKind::Limit).then_some(self.price)
    }
}

impl Model {
    pub(super) fn place(&mut self, seq: Seq, new: &NewOrder, out: &mut Vec<Event>) {
        let refused = |reason| Event::OrderRejected(OrderRejected { order: *new, reason });
        if new.account == AccountId::VENUE {
            return out.push(refused(Reject::ReservedAccount));
        }
        if let Err(reason) = self.known(new.account) {
            return out.push(refused(reason));
        }
        if let Some(client_order_id) = new.client_order_id {
            let account = new.account;
            match self.answers.get(&(account, client_order_id)) {
                Some(&(first, original)) if first == *new => {
                    return out.push(Event::OrderRepeated(OrderRepeated { account, client_order_id, original }));
                }
                Some(_) => return out.push(refused(Reject::DuplicateClientOrderId)),
                None => self.record(seq, new, client_order_id),
            }
        }
        match self.check_new(new) {
            Err(reason) => out.push(refused(reason)),
            Ok(()) => self.accept(new, out),
        }
    }

    /// Remembers a client order id; the oldest is forgotten when the window is full.
    fn record(&mut self, seq: Seq, new: &NewOrder, client_order_id: ClientOrderId) {
        if self.window.len() == CLIENT_ID_WINDOW {
            let oldest = self.window.pop_front().expect("the window is full");
            self.answers.remove(&oldest);
        }
        self.window.push_back((new.account, client_order_id));
        self.answers.insert((new.account, client_order_id), (*new, seq));
    }

    fn check_new(&self, new: &NewOrder) -> Result<(), Reject> {
        if !self.known(new.account)?.trade {
            return Err(Reject::TradingNotPermitted);
        }
        let instrument = self.instrument(new.instrument)?;
        let market = new.kind == OrderKind::Market;
        let rests = new.time_in_force == TimeInForce::GoodTillCancelled;
        if market && (rests || new.price != Price::NONE) || new.post_only && (market || !rests) {
            return Err(Reject::InvalidCombination);
        }
        check_quantity(new.quantity)?;
        if !market {
            check_price(&instrument, new.price)?;
            check_size(&instrument, new.side, new.price, new.quantity)?;
        }
        if self.orders.len() >= 1 << 24 {
            return Err(Reject::LimitReached);
        }
        if new.post_only && self.would_match(new.instrument, new.side, new.price) {
            return Err(Reject::PostOnlyWouldMatch);
        }
        match new.side {
            Side::Sell if i128::from(new.quantity.lots()) > self.available(new.account, instrument.base) => {
                Err(Reject::InsufficientCredits)
            }
            Side::Sell => Ok(()),
            Side::Buy => {
                let cost = if market {
                    self.market_cost(&instrument, new.quantity).ok_or(Reject::NotionalTooLarge)?
                } else {
                    hold(&instrument, new.side, new.price, new.quantity).ok_or(Reject::NotionalTooLarge)?
                };
                let enough = cost <= self.available(new.account, instrument.quote);
                if enough { Ok(()) } else { Err(Reject::InsufficientFunds) }
            }
        }
    }

    /// What a market buy costs at most: the levels that it would walk, whoever owns them, and the taker's fee on the sum.
    fn market_cost(&self, instrument: &InstrumentListed, quantity: Quantity) -> Option<i128> {
        let mut left = i128::from(quantity.lots());
        let mut sum = 0_i128;
        for (price, queue) in self.book(instrument.instrument).levels(Side::Sell) {
            for slot in queue {
                let lots = left.min(i128::from(self.orders[&slot].leaves.lots()));
                sum += lots * i128::from(price.ticks()) * i128::from(instrument.tick_value);
                left -= lots;
            }
        }
        if sum > BALANCE_MAX {
            return None;
        }
        Some(sum + fee(sum, instrument.taker_fee.ppm())).filter(|&cost| cost <= BALANCE_MAX)
    }

    fn would_match(&self, instrument: InstrumentId, side: Side, price: Price) -> bool {
        let opposite = self.book(instrument).best_price(side.opposite());
        opposite.is_some_and(|opposite| crosses(side, Some(price), opposite))
    }

    fn accept(&mut self, new: &NewOrder, out: &mut Vec<Event>) {
        let order = self.take_slot();
        let accepted = Order {
            order,
            account: new.account,
            instrument: new.instrument,
            side: new.side,
            kind: new.kind,
            time_in_force: new.time_in_force,
            post_only: new.post_only,
            price: new.price,
            quantity: new.quantity,
            leaves: new.quantity,
            client_order_id: new.client_order_id,
        };
        self.orders.insert(order.slot(), accepted);
        out.push(Event::OrderAccepted(OrderAccepted {
            order,
            account: new.account,
            instrument: new.instrument,
            side: new.side,
            kind: new.kind,
            time_in_force: new.time_in_force,
            post_only: new.post_only,
            price: new.price,
            quantity: new.quantity,
            client_order_id: new.client_order_id,
        }));
        if new.time_in_force == TimeInForce::FillOrKill && !self.can_fill(&accepted) {
            return self.end(order.slot(), false, CancelReason::FillOrKill, out);
        }
        self.aggress(order.slot(), out);
    }

    /// The last freed slot, or the next number when none is free.
    fn take_slot(&mut self) -> OrderId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.generations.push(0);
            number(self.generations.len() - 1)
        });
        let generation = &mut self.generations[index(slot)];
        *generation += 1;
        OrderId::from_parts(slot, *generation)
    }

    /// Forgets an order and frees its slot, unless its generations are spent.
    pub(super) fn free_slot(&mut self, slot: u32) {
        self.orders.remove(&slot).expect("the order is open");
        if self.generations[index(slot)] < u32::MAX {
            self.free.push(slot);
        }
    }

    /// An order ends with something left.
    pub(super) fn end(&mut self, slot: u32, resting: bool, reason: CancelReason, out: &mut Vec<Event>) {
        let Order { order, account, instrument, side, price, leaves, .. } = self.orders[&slot];
        out.push(Event::OrderCancelled(OrderCancelled {
            order,
            account,
            instrument,
            side,
            price,
            leaves,
            resting,
            reason,
        }));
        self.free_slot(slot);
    }

    /// A resting order is cancelled.
    pub(super) fn withdraw_order(&mut self, slot: u32, reason: CancelReason, out: &mut Vec<Event>) {
        let order = self.orders[&slot];
        self.book_mut(order.instrument).remove(order.side, order.price, slot);
        self.end(slot, true, reason, out);
    }

    /// The open orders of an account, in ascending slot order.
    pub(super) fn slots_of(&self, account: AccountId, instrument: Option<InstrumentId>) -> Vec<u32> {
        let wanted = |order: &Order| order.account == account && instrument.is_none_or(|it| it == order.instrument);
        self.orders.iter().filter(|(_, order)| wanted(order)).map(|(&slot, _)| slot).collect()
    }

    fn owned(&self, account: AccountId, order: OrderId) -> Result<Order, Reject> {
        let found = self.orders.get(&order.slot()).filter(|open| open.order == order && open.account == account);
        found.copied().ok_or(Reject::UnknownOrder)
    }

    pub(super) fn cancel(&mut self, cancel: CancelOrder, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.known(cancel.account)?;
        let order = self.owned(cancel.account, cancel.order)?;
        self.withdraw_order(order.order.slot(), CancelReason::Requested, out);
        Ok(())
    }

    pub(super) fn cancel_all(&mut self, all: CancelAll, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.known(all.account)?;
        if let Some(instrument) = all.instrument {
            self.instrument(instrument)?;
        }
        let slots = self.slots_of(all.account, all.instrument);
        let count = number(slots.len());
        for slot in slots {
            self.withdraw_order(slot, CancelReason::MassCancel, out);
        }
        out.push(Event::AllCancelled { account: all.account, count });
        Ok(())
    }

    pub(super) fn amend(&mut self, amend: AmendOrder, out: &mut Vec<Event>) -> Result<(), Reject> {
        if !self.known(amend.account)?.trade {
            return Err(Reject::TradingNotPermitted);
        }
        let old = self.owned(amend.account, amend.order)?;
        let new = self.check_amend(&old, amend)?;
        let kept_priority = new.price == old.price && new.quantity < old.quantity;
        let slot = old.order.slot();
        self.orders.insert(slot, new);
        out.push(Event::OrderAmended(OrderAmended {
            order: old.order,
            account: old.account,
            instrument: old.instrument,
            side: old.side,
            old_price: old.price,
            old_leaves: old.leaves,
            price: new.price,
            quantity: new.quantity,
            leaves: new.leaves,
            kept_priority,
        }));
        if !kept_priority {
            self.book_mut(old.instrument).remove(old.side, old.price, slot);
            self.aggress(slot, out);
        }
        Ok(())
    }

    /// The order as it becomes.
    fn check_amend(&self, old: &Order, amend: AmendOrder) -> Result<Order, Reject> {
        let AmendOrder { price, quantity, .. } = amend;
        let instrument = self.instrument(old.instrument)?;
        check_quantity(quantity)?;
        let filled = old.quantity.minus(old.leaves);
        if quantity <= filled {
            return Err(Reject::QuantityBelowFilled);
        }
        check_price(&instrument, price)?;
        if price == old.price && quantity == old.quantity {
            return Err(Reject::NoChange);
        }
        let leaves = quantity.minus(filled);
        check_size(&instrument, old.side, price, leaves)?;
        if old.post_only && self.would_match(old.instrument, old.side, price) {
            return Err(Reject::PostOnlyWouldMatch);
        }
        let before = hold(&instrument, old.side, old.price, old.leaves).expect("it was checked on entry");
        let after = hold(&instrument, old.side, price, leaves).ok_or(Reject::NotionalTooLarge)?;
        if after - before > self.available(old.account, old.held_asset(&instrument)) {
            return Err(match old.side {
                Side::Buy => Reject::InsufficientFunds,
                Side::Sell => Reject::InsufficientCredits,
            });
        }
        Ok(Order { price, quantity, leaves, ..*old })
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

fn check_quantity(quantity: Quantity) -> Result<(), Reject> {
    let fits = (1..=1 << 40).contains(&quantity.lots());
    if fits { Ok(()) } else { Err(Reject::InvalidQuantity) }
}

fn check_price(instrument: &InstrumentListed, price: Price) -> Result<(), Reject> {
    let fits = price.ticks() >= 1 && price <= instrument.price_max;
    if fits { Ok(()) } else { Err(Reject::InvalidPrice) }
}

fn check_size(instrument: &InstrumentListed, side: Side, price: Price, quantity: Quantity) -> Result<(), Reject> {
    let fits = match side {
        Side::Buy => hold(instrument, side, price, quantity).is_some(),
        Side::Sell => notional(instrument, price, quantity).is_some(),
    };
    if fits { Ok(()) } else { Err(Reject::NotionalTooLarge) }
}
