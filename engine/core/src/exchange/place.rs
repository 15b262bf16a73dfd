//! New orders: the checks in their stated order, then acceptance.

use super::Exchange;
use super::checks::{check_combination, check_expiry, is_by_cash};
use super::open::beyond;
use crate::book::{Detail, NONE, Terms, key_of};
use crate::command::{NewOrder, OrderKind, Side, TimeInForce};
use crate::control::Phase;
use crate::event::{Event, OrderAccepted, OrderRejected, OrderRepeated};
use crate::ids::AccountId;
use crate::reject::Reject;
use crate::units::{Amount, DisplayQuantity, FeeRate, Price, Timestamp, Trigger};

/// Nanoseconds of a day.
const DAY_NS: u64 = 86_400_000_000_000;

/// What the checks of an order that passed them found.
struct Admitted {
    /// The stop price that a stop starts with.
    stop_price: Price,
    /// The order that it is paired with, or `NONE`.
    first: u32,
    maker: FeeRate,
    taker: FeeRate,
}

const fn refusal(order: &NewOrder, reason: Reject) -> Event {
    Event::OrderRejected(OrderRejected {
        account: order.account,
        instrument: order.instrument,
        side: order.side,
        kind: order.kind,
        time_in_force: order.time_in_force,
        reason,
        price: order.price,
        quantity: order.quantity,
        quote_quantity: order.quote_quantity,
        trigger: order.trigger,
        client_order_id: order.client_order_id,
    })
}

impl Exchange {
    pub(super) fn place(&mut self, order: &NewOrder, events: &mut Vec<Event>) {
        if order.account == AccountId::VENUE {
            return events.push(refusal(order, Reject::ReservedAccount));
        }
        if self.accounts.get(order.account).is_none() {
            return events.push(refusal(order, Reject::UnknownAccount));
        }
        if let Some(id) = order.client_order_id
            && let Some(used) = self.client_ids.find(order.account, &id)
        {
            return events.push(if used.order == *order {
                let original = used.seq;
                Event::OrderRepeated(OrderRepeated { account: order.account, client_order_id: id, original })
            } else {
                refusal(order, Reject::DuplicateClientOrderId)
            });
        }
        if let Err(reason) = self.throttle(order.account) {
            return events.push(refusal(order, reason));
        }
        if order.client_order_id.is_some() {
            self.client_ids.record(self.seq, *order);
        }
        match self.check_order(order) {
            Ok(admitted) => self.accept(order, &admitted, events),
            Err(reason) => events.push(refusal(order, reason)),
        }
    }

    fn check_order(&self, order: &NewOrder) -> Result<Admitted, Reject> {
        let account = self.accounts.opened(order.account);
        if !account.permissions.trade {
            return Err(Reject::TradingNotPermitted);
        }
        if account.killed {
            return Err(Reject::AccountStopped);
        }
        let instrument = self.instruments.get(order.instrument.get() as usize).ok_or(Reject::UnknownInstrument)?;
        if self.market_halted {
            return Err(Reject::MarketHalted);
        }
        check_combination(order)?;
        if instrument.session.phase != Phase::Continuous {
            self.check_phase(order.instrument, order)?;
        }
        self.check_size(order)?;
        let stop_price = self.check_prices(order)?;
        if order.kind.is_limited() {
            self.check_collar(order.kind, order.side, order.price, order.trigger, order.instrument)?;
        }
        if order.expires != Timestamp::default() {
            check_expiry(order.expires, self.now)?;
        }
        let (maker, taker) = self.rates(order.account, order.instrument);
        let worth = if order.kind == OrderKind::Market {
            self.market_worth(order, taker)?
        } else {
            let price = if order.kind.is_limited() { order.price } else { stop_price };
            self.worth(order.instrument, order.side, price, order.quantity, maker.max(taker).max(FeeRate::ZERO))?
        };
        self.check_order_notional(order.account, Amount::ZERO, worth.notional)?;
        self.check_counts(order, worth.notional, taker)?;
        let first = self.check_pair(order)?;
        if order.post_only && instrument.crosses(order.side, order.price) {
            return Err(Reject::PostOnlyWouldMatch);
        }
        let need = if first == NONE { worth.need } else { beyond(worth.need, self.need_of(first)) };
        let (asset, short) = match order.side {
            Side::Buy => (instrument.listing.quote, Reject::InsufficientFunds),
            Side::Sell => (instrument.listing.base, Reject::InsufficientCredits),
        };
        if need > self.balances.get(order.account, asset).available {
            Err(short)
        } else {
            Ok(Admitted { stop_price, first, maker, taker })
        }
    }

    fn accept(&mut self, order: &NewOrder, admitted: &Admitted, events: &mut Vec<Event>) {
        self.settle_tier(order.account, events);
        let expires = match order.time_in_force {
            TimeInForce::Day => Timestamp::from_nanos((self.now.nanos() / DAY_NS + 1).saturating_mul(DAY_NS)),
            _ => order.expires,
        };
        let slot = self.give_slot(order, admitted, expires);
        events.push(Event::OrderAccepted(OrderAccepted {
            order: self.orders.id(slot),
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            kind: order.kind,
            time_in_force: order.time_in_force,
            post_only: order.post_only,
            self_trade: order.self_trade,
            price: order.price,
            quantity: order.quantity,
            quote_quantity: order.quote_quantity,
            display: order.display,
            expires,
            client_order_id: order.client_order_id,
        }));
        if order.kind.is_stop() {
            self.arm(slot, admitted.stop_price, order.quantity, events);
            return self.run_stops(order.instrument, events);
        }
        if self.instruments[order.instrument.get() as usize].session.phase != Phase::Continuous {
            return self.rest(slot, order.price, order.quantity, events);
        }
        let taker = self.taker(slot, order.price, order.quantity, order.quote_quantity);
        self.execute(taker, events);
        self.settle_stops(order.instrument, events);
    }

    /// After an aggressor: stops are at rest unless something traded.
    #[inline]
    pub(super) fn settle_stops(&mut self, instrument: crate::ids::InstrumentId, events: &mut Vec<Event>) {
        if self.instruments[instrument.get() as usize].session.touched.is_some() {
            self.run_stops(instrument, events);
        }
    }

    fn give_slot(&mut self, order: &NewOrder, admitted: &Admitted, expires: Timestamp) -> u32 {
        let listing = &self.instruments[order.instrument.get() as usize].listing;
        let base = self.balances.slot(order.account, listing.base);
        let quote = self.balances.slot(order.account, listing.quote);
        let plain = order.display == DisplayQuantity::ALL
            && order.trigger == Trigger::NONE
            && expires == Timestamp::default()
            && admitted.first == NONE;
        let terms = if plain { NONE } else { self.orders.keep_terms(self.terms_of(order, admitted, expires)) };
        let detail = Detail {
            quantity: order.quantity.lots(),
            hidden: 0,
            arrival: 0,
            base,
            quote,
            instrument: order.instrument,
            older: NONE,
            newer: NONE,
            terms,
            maker: admitted.maker,
            taker: admitted.taker,
            side: order.side,
            kind: order.kind,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
            post_only: order.post_only,
            tracked: self.is_tracked(order.account),
            armed: false,
            named: false,
        };
        let leaves = if is_by_cash(order) { 1 } else { order.quantity.lots() };
        let slot = self.orders.insert(order.account, leaves, key_of(order.side, order.price), detail);
        self.enlist(slot, order.account);
        if let Some(name) = order.client_order_id {
            self.orders.set_name(slot, name);
        }
        if admitted.first != NONE {
            self.orders.terms_mut(admitted.first).pair = slot;
        }
        if expires != Timestamp::default() {
            self.expire_at(slot, self.orders.id(slot), expires);
        }
        slot
    }

    fn terms_of(&self, order: &NewOrder, admitted: &Admitted, expires: Timestamp) -> Terms {
        let stop = order.kind.is_stop();
        Terms {
            display: order.display,
            pair: admitted.first,
            second: admitted.first != NONE,
            expires,
            trigger: order.trigger,
            extreme: if order.kind == OrderKind::TrailingStop {
                self.instruments[order.instrument.get() as usize].session.last
            } else {
                Price::NONE
            },
            limit: if stop { order.price } else { Price::NONE },
        }
    }
}
