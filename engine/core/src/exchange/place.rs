//! New orders: the checks in their stated order, then acceptance.

use super::Exchange;
use super::checks::{Worth, check_combination, check_expiry, check_lots, is_by_cash};
use super::open::beyond;
use crate::accounts::Balances;
use crate::book::{Detail, NONE, Orders, Terms, key_of};
use crate::command::{NewOrder, OrderKind, Side, TimeInForce};
use crate::control::Phase;
use crate::event::{Event, OrderAccepted, OrderRejected, OrderRepeated, OrderRested};
use crate::ids::{AccountId, InstrumentId};
use crate::reject::Reject;
use crate::units::{Amount, DisplayQuantity, FeeRate, Price, Timestamp, Trigger};

/// Nanoseconds of a day.
const DAY_NS: u64 = 86_400_000_000_000;

/// What the checks of an order that passed them found.
struct Admitted {
    /// Whether it has none of the terms that few orders have.
    plain: bool,
    /// Whether nothing on the other side would match it now.
    behind: bool,
    /// Whether its account has limits.
    limited: bool,
    /// The stop price that a stop starts with.
    stop_price: Price,
    /// The order that it is paired with, or `NONE`.
    first: u32,
    maker: FeeRate,
    taker: FeeRate,
    /// What it would hold.
    need: Amount,
    /// Balance slots of the owner's credits and cash; [`Balances::NOWHERE`] for one that was never made.
    base: u32,
    quote: u32,
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

#[inline(never)]
fn refuse(order: &NewOrder, reason: Reject, events: &mut Vec<Event>) {
    events.push(refusal(order, reason));
}

/// Whether an order is a limit order, good till cancelled or immediate-or-cancel, with none of the terms that few orders have. Its
/// terms go together.
#[inline]
fn is_plain(order: &NewOrder) -> bool {
    // Zero says "none" in all of them.
    let rare = order.trigger.raw().cast_unsigned()
        | order.quote_quantity.minor().cast_unsigned()
        | order.expires.nanos()
        | order.oco.get()
        | u64::from(order.display.lots());
    let lives = match order.time_in_force {
        TimeInForce::GoodTillCancelled => true,
        TimeInForce::ImmediateOrCancel => !order.post_only,
        _ => false,
    };
    rare == 0 && order.kind == OrderKind::Limit && lives
}

impl Exchange {
    pub(super) fn place(&mut self, order: &NewOrder, events: &mut Vec<Event>) {
        if order.account == AccountId::VENUE {
            return refuse(order, Reject::ReservedAccount, events);
        }
        let Some(account) = self.accounts.get(order.account) else {
            return refuse(order, Reject::UnknownAccount, events);
        };
        let limited = account.is_limited();
        if order.client_order_id.is_some()
            && let Some(answer) = self.answer_known(order)
        {
            return events.push(answer);
        }
        if limited && let Err(reason) = self.throttle(order.account) {
            return refuse(order, reason, events);
        }
        if order.client_order_id.is_some() {
            self.client_ids.record(self.seq, *order);
        }
        match self.check_order(order) {
            Ok(admitted) => self.accept(order, &admitted, events),
            Err(reason) => refuse(order, reason, events),
        }
    }

    /// The answer to an order whose client order id was used before.
    fn answer_known(&self, order: &NewOrder) -> Option<Event> {
        let id = order.client_order_id?;
        let used = self.client_ids.find(order.account, &id)?;
        Some(if used.order == *order {
            let original = used.seq;
            Event::OrderRepeated(OrderRepeated { account: order.account, client_order_id: id, original })
        } else {
            refusal(order, Reject::DuplicateClientOrderId)
        })
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
        let plain = is_plain(order);
        let stop_price = if plain && instrument.session.phase == Phase::Continuous && !account.is_limited() {
            check_lots(order.quantity)?;
            instrument.check_price(order.price)?;
            Price::NONE
        } else {
            self.check_terms(order)?
        };
        if instrument.session.bands.collar_bps != 0 {
            self.check_collar(order.kind, order.side, order.price, order.trigger, order.instrument)?;
        }
        let (maker, taker) = self.rates(order.account, order.instrument);
        let worth = if plain {
            instrument.worth_of(order.side, order.price, order.quantity, maker.max(taker).max(FeeRate::ZERO))?
        } else {
            self.check_rare_worth(order, stop_price, maker, taker)?
        };
        let limited = account.is_limited();
        if limited || !plain {
            self.check_counts(order, worth.notional, taker)?;
        } else if self.orders.open() >= Orders::OPEN_MAX {
            return Err(Reject::LimitReached);
        }
        let first = if plain { NONE } else { self.check_pair(order)? };
        let behind = order.kind == OrderKind::Limit && !instrument.crosses(order.side, order.price);
        if order.post_only && !behind {
            return Err(Reject::PostOnlyWouldMatch);
        }
        let need = if first == NONE { worth.need } else { beyond(worth.need, self.need_of(first)) };
        let base = self.balances.find(order.account, instrument.listing.base);
        let quote = self.balances.find(order.account, instrument.listing.quote);
        let (holder, short) = match order.side {
            Side::Buy => (quote, Reject::InsufficientFunds),
            Side::Sell => (base, Reject::InsufficientCredits),
        };
        if need > self.balances.available(holder) {
            return Err(short);
        }
        Ok(Admitted { plain, behind, limited, stop_price, first, maker, taker, need, base, quote })
    }

    /// Terms, phase, size and prices of an order that is not plain, or whose phase or limits are not. Gives the stop price that it
    /// starts with.
    #[inline(never)]
    fn check_terms(&self, order: &NewOrder) -> Result<Price, Reject> {
        check_combination(order)?;
        if self.phase(order.instrument) != Phase::Continuous {
            self.check_phase(order.instrument, order)?;
        }
        self.check_size(order)?;
        self.check_prices(order)
    }

    /// The end of an order that is not plain, and what it is worth and needs.
    #[inline(never)]
    fn check_rare_worth(
        &self,
        order: &NewOrder,
        stop_price: Price,
        maker: FeeRate,
        taker: FeeRate,
    ) -> Result<Worth, Reject> {
        if order.expires != Timestamp::default() {
            check_expiry(order.expires, self.now)?;
        }
        if order.kind == OrderKind::Market {
            return self.market_worth(order, taker);
        }
        let price = if order.kind.is_limited() { order.price } else { stop_price };
        let instrument = &self.instruments[order.instrument.get() as usize];
        instrument.worth_of(order.side, price, order.quantity, maker.max(taker).max(FeeRate::ZERO))
    }

    #[inline]
    fn accept(&mut self, order: &NewOrder, admitted: &Admitted, events: &mut Vec<Event>) {
        self.settle_tier(order.account, events);
        if !admitted.plain {
            return self.accept_rare(order, admitted, events);
        }
        let rests =
            order.time_in_force.rests() && (admitted.behind || self.phase(order.instrument) != Phase::Continuous);
        self.last_arrival += u64::from(rests);
        let arrival = if rests { self.last_arrival } else { 0 };
        let slot = self.give_slot(order, admitted, NONE, arrival);
        self.say_accepted(slot, order, Timestamp::default(), events);
        if rests {
            return self.rest_plain(slot, order, admitted, events);
        }
        let taker = self.taker(slot, order.price, order.quantity, Amount::ZERO);
        self.execute(taker, events);
        self.settle_stops(order.instrument, events);
    }

    /// A plain order enters the book as it came.
    #[inline]
    fn rest_plain(&mut self, slot: u32, order: &NewOrder, admitted: &Admitted, events: &mut Vec<Event>) {
        let kept = &mut self.instruments[order.instrument.get() as usize];
        kept.book.rest(&mut self.orders, order.side, slot, order.quantity.lots());
        if kept.session.phase.is_auction() {
            self.stir(order.instrument);
        }
        self.count_open(slot, order.price, order.quantity, 1);
        let holder = self.orders.detail(slot).holder();
        self.balances.hold(holder, admitted.need);
        events.push(Event::OrderRested(OrderRested {
            order: self.orders.id(slot),
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            price: order.price,
            leaves: order.quantity,
            displayed: order.quantity,
            held: admitted.need,
        }));
    }

    #[inline(never)]
    fn accept_rare(&mut self, order: &NewOrder, admitted: &Admitted, events: &mut Vec<Event>) {
        let expires = match order.time_in_force {
            TimeInForce::Day => Timestamp::from_nanos((self.now.nanos() / DAY_NS + 1).saturating_mul(DAY_NS)),
            _ => order.expires,
        };
        let has_terms = order.display != DisplayQuantity::ALL
            || order.trigger != Trigger::NONE
            || expires != Timestamp::default()
            || admitted.first != NONE;
        let terms = if has_terms { self.orders.keep_terms(self.terms_of(order, admitted, expires)) } else { NONE };
        let slot = self.give_slot(order, admitted, terms, 0);
        if admitted.first != NONE {
            self.orders.terms_mut(admitted.first).pair = slot;
        }
        if expires != Timestamp::default() {
            self.expire_at(slot, self.orders.id(slot), expires);
        }
        self.say_accepted(slot, order, expires, events);
        if order.kind.is_stop() {
            self.arm(slot, admitted.stop_price, order.quantity, events);
            if order.kind == OrderKind::TrailingStop {
                self.trail(slot);
            }
            return self.run_stops(order.instrument, events);
        }
        if self.instruments[order.instrument.get() as usize].session.phase != Phase::Continuous {
            return self.rest(slot, order.price, order.quantity, events);
        }
        let taker = self.taker(slot, order.price, order.quantity, order.quote_quantity);
        self.execute(taker, events);
        self.settle_stops(order.instrument, events);
    }

    #[inline]
    fn say_accepted(&self, slot: u32, order: &NewOrder, expires: Timestamp, events: &mut Vec<Event>) {
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
    }

    /// After an aggressor: stops are at rest unless something traded.
    #[inline]
    pub(super) fn settle_stops(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let kept = &mut self.instruments[instrument.get() as usize];
        if kept.session.touched.is_none() {
            return;
        }
        if kept.stops.is_none() && kept.session.phase == Phase::Continuous {
            kept.session.touched = None;
            return;
        }
        self.run_stops(instrument, events);
    }

    #[inline]
    fn give_slot(&mut self, order: &NewOrder, admitted: &Admitted, terms: u32, arrival: u64) -> u32 {
        let (mut base, mut quote) = (admitted.base, admitted.quote);
        if base == Balances::NOWHERE || quote == Balances::NOWHERE {
            (base, quote) = self.make_balances(order);
        }
        let detail = Detail {
            quantity: order.quantity.lots(),
            hidden: 0,
            arrival,
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
            tracked: admitted.limited,
            armed: false,
            named: false,
        };
        let leaves = if is_by_cash(order) { 1 } else { order.quantity.lots() };
        let slot = self.orders.insert(order.account, leaves, key_of(order.side, order.price), detail);
        self.enlist(slot, order.account);
        if let Some(name) = order.client_order_id {
            self.orders.set_name(slot, name);
        }
        slot
    }

    /// Slots of both balances that an order needs.
    #[cold]
    fn make_balances(&mut self, order: &NewOrder) -> (u32, u32) {
        let listing = &self.instruments[order.instrument.get() as usize].listing;
        let base = self.balances.slot(order.account, listing.base);
        (base, self.balances.slot(order.account, listing.quote))
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
            ..Terms::NONE
        }
    }
}
