//! New orders of the model: the checks in the order of the rules, and acceptance.

use cx_engine::Event;
use cx_engine::command::{NewOrder, OrderKind, Side, TimeInForce};
use cx_engine::event::{OrderAccepted, OrderRejected, OrderRepeated};
use cx_engine::ids::{ClientOrderId, OrderId, Seq};
use cx_engine::reject::{CancelReason, Reject};
use cx_engine::units::{Amount, Price, Quantity, Timestamp};

use super::checks::{check_combination, check_quantity};
use super::fees::DAY;
use super::money::{notional, with_fee};
use super::order::{Link, Order, State, need};
use super::{BALANCE_MAX, CLIENT_ID_WINDOW, Model, TIME_END, index, number};

impl Model {
    pub(super) fn place(&mut self, seq: Seq, new: &NewOrder, out: &mut Vec<Event>) {
        if let Some(client_order_id) = new.client_order_id
            && self.customer(new.account).is_ok()
            && let Some(&(first, original)) = self.answers.get(&(new.account, client_order_id))
            && first == *new
        {
            let account = new.account;
            return out.push(Event::OrderRepeated(OrderRepeated { account, client_order_id, original }));
        }
        let checked = self.admit(seq, new).and_then(|()| self.check_new(new));
        match checked {
            Err(reason) => out.push(Event::OrderRejected(OrderRejected {
                account: new.account,
                instrument: new.instrument,
                side: new.side,
                kind: new.kind,
                time_in_force: new.time_in_force,
                reason,
                price: new.price,
                quantity: new.quantity,
                quote_quantity: new.quote_quantity,
                trigger: new.trigger,
                client_order_id: new.client_order_id,
            })),
            Ok(stop_price) => self.accept(new, stop_price, out),
        }
    }

    /// Up to where the client order id is recorded.
    fn admit(&mut self, seq: Seq, new: &NewOrder) -> Result<(), Reject> {
        self.customer(new.account)?;
        if let Some(client_order_id) = new.client_order_id
            && self.answers.contains_key(&(new.account, client_order_id))
        {
            return Err(Reject::DuplicateClientOrderId);
        }
        self.throttle(new.account)?;
        if let Some(client_order_id) = new.client_order_id {
            self.record(seq, new, client_order_id);
        }
        Ok(())
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

    /// All checks from the permission on. The stop price that the order starts with.
    fn check_new(&self, new: &NewOrder) -> Result<Price, Reject> {
        let account = self.known(new.account)?;
        if !account.permissions.trade {
            return Err(Reject::TradingNotPermitted);
        }
        if account.killed {
            return Err(Reject::AccountStopped);
        }
        let instrument = &self.instrument(new.instrument)?.listed;
        if self.market_halted {
            return Err(Reject::MarketHalted);
        }
        check_combination(new)?;
        self.check_phase(new)?;
        self.check_size(new)?;
        if new.kind.is_limited() {
            self.check_price(new.instrument, new.price)?;
        }
        let fixed = matches!(new.kind, OrderKind::Stop | OrderKind::StopLimit);
        let stop_price = self.first_stop_price(new)?;
        if fixed {
            self.check_price(new.instrument, stop_price)?;
        }
        if new.kind.is_limited() {
            let around = (new.kind == OrderKind::StopLimit).then_some(stop_price);
            self.check_collar(new.instrument, new.side, new.price, around)?;
        }
        let expires = new.expires.nanos();
        if expires != 0 && (expires <= self.now || expires >= TIME_END) {
            return Err(Reject::InvalidExpiry);
        }
        let rates = self.rates(new.account, new.instrument);
        let valued_at = if new.kind.is_limited() { new.price } else { stop_price };
        let (value, needed) = if new.kind == OrderKind::Market {
            self.market_need(new, rates.1)?
        } else {
            let value = notional(instrument, valued_at, new.quantity).ok_or(Reject::NotionalTooLarge)?;
            let needed = need(instrument, new.side, valued_at, new.quantity, rates);
            (value, needed.ok_or(Reject::NotionalTooLarge)?)
        };
        self.check_order_notional(new.account, value)?;
        self.check_limits(new, value, rates.1)?;
        let first = self.check_pair(new)?;
        if new.post_only && self.would_match(new.instrument, new.side, new.price) {
            return Err(Reject::PostOnlyWouldMatch);
        }
        let covered = first.map_or(0, |first| self.need_of(&first));
        let (asset, refusal) = match new.side {
            Side::Buy => (instrument.quote, Reject::InsufficientFunds),
            Side::Sell => (instrument.base, Reject::InsufficientCredits),
        };
        if needed - covered > self.available(new.account, asset) && needed > covered {
            return Err(refusal);
        }
        Ok(stop_price)
    }

    fn check_size(&self, new: &NewOrder) -> Result<(), Reject> {
        if new.quote_quantity != Amount::ZERO {
            let fits = (1..=BALANCE_MAX).contains(&i128::from(new.quote_quantity.minor()));
            return if fits { Ok(()) } else { Err(Reject::InvalidAmount) };
        }
        check_quantity(new.quantity, new.display)?;
        if u64::from(new.display.lots()) > new.quantity.lots() {
            return Err(Reject::InvalidQuantity);
        }
        self.check_order_quantity(new.account, new.quantity.lots())
    }

    /// What a market order is worth, and what it needs.
    fn market_need(&self, new: &NewOrder, taker_rate: i128) -> Result<(i128, i128), Reject> {
        if new.quote_quantity != Amount::ZERO {
            let cash = i128::from(new.quote_quantity.minor());
            return Ok((cash, cash));
        }
        let value = self.walk(new);
        if value > BALANCE_MAX {
            return Err(Reject::NotionalTooLarge);
        }
        match new.side {
            Side::Buy => Ok((value, with_fee(value, taker_rate).ok_or(Reject::NotionalTooLarge)?)),
            Side::Sell => Ok((value, i128::from(new.quantity.lots()))),
        }
    }

    fn check_limits(&self, new: &NewOrder, value: i128, taker_rate: i128) -> Result<(), Reject> {
        let instrument = &self.venue(new.instrument).listed;
        if self.orders.len() >= 1 << 24 {
            return Err(Reject::LimitReached);
        }
        if new.kind == OrderKind::TrailingStop {
            let armed = self.venue(new.instrument).armed.iter().map(|slot| &self.orders[slot]);
            let same = armed.filter(|order| order.kind == OrderKind::TrailingStop && order.side == new.side);
            if same.count() >= 1_024 {
                return Err(Reject::LimitReached);
            }
        }
        let rests = new.time_in_force.rests();
        if rests {
            self.check_open_orders(new.account)?;
        }
        if new.side == Side::Buy {
            let lots = match i128::from(new.quote_quantity.minor()) {
                0 => i128::from(new.quantity.lots()),
                cash => self.walk_cash(new.instrument, cash, taker_rate),
            };
            self.check_position(new.account, new.instrument, lots, None)?;
        }
        if rests {
            self.check_exposure(new.account, instrument.quote, value, None)?;
        }
        Ok(())
    }

    /// The order that a new one is paired with.
    fn check_pair(&self, new: &NewOrder) -> Result<Option<Order>, Reject> {
        if new.oco == OrderId::NONE {
            return Ok(None);
        }
        let first = self.owned(new.account, new.oco)?;
        if first.instrument != new.instrument {
            return Err(Reject::UnknownOrder);
        }
        if first.pair.is_some() {
            return Err(Reject::LinkedOrder);
        }
        if first.side != new.side {
            return Err(Reject::InvalidCombination);
        }
        Ok(Some(first))
    }

    fn accept(&mut self, new: &NewOrder, stop_price: Price, out: &mut Vec<Event>) {
        let (maker_rate, taker_rate) = self.rates(new.account, new.instrument);
        self.settle_tier(new.account, out);
        let handle = self.take_slot();
        let slot = handle.slot();
        let expires = match new.time_in_force {
            TimeInForce::Day => Timestamp::from_nanos((self.now / DAY + 1).saturating_mul(DAY)),
            _ => new.expires,
        };
        let by_cash = new.quote_quantity != Amount::ZERO;
        self.accepted += 1;
        let last = self.venue(new.instrument).last.unwrap_or(0);
        let order = Order {
            order: handle,
            account: new.account,
            instrument: new.instrument,
            side: new.side,
            kind: new.kind,
            time_in_force: new.time_in_force,
            post_only: new.post_only,
            self_trade: new.self_trade,
            price: new.price,
            quantity: new.quantity,
            leaves: new.quantity,
            displayed: Quantity::ZERO,
            display: new.display,
            trigger: new.trigger,
            stop_price,
            extreme: Price::from_ticks(last),
            expires,
            cash: by_cash.then(|| i128::from(new.quote_quantity.minor())),
            maker_rate,
            taker_rate,
            pair: (new.oco != OrderId::NONE).then(|| Link { other: new.oco.slot(), second: true }),
            state: State::Aggressor,
            accepted: self.accepted,
            arrival: 0,
            client_order_id: new.client_order_id,
        };
        self.orders.insert(slot, order);
        self.account_mut(new.account).orders.push(slot);
        if let Some(link) = order.pair {
            self.order_mut(link.other).pair = Some(Link { other: slot, second: false });
        }
        out.push(Event::OrderAccepted(OrderAccepted {
            order: handle,
            account: new.account,
            instrument: new.instrument,
            side: new.side,
            kind: new.kind,
            time_in_force: new.time_in_force,
            post_only: new.post_only,
            self_trade: new.self_trade,
            price: new.price,
            quantity: new.quantity,
            quote_quantity: new.quote_quantity,
            display: new.display,
            expires,
            client_order_id: new.client_order_id,
        }));
        self.begin(&order, out);
    }

    /// An accepted order is armed, rests, or matches.
    fn begin(&mut self, order: &Order, out: &mut Vec<Event>) {
        let slot = order.slot();
        if order.kind.is_stop() {
            self.arm(slot, out);
        } else if order.time_in_force == TimeInForce::FillOrKill && !self.can_fill(order) {
            return self.end(slot, CancelReason::FillOrKill, out);
        } else if self.is_continuous(order.instrument) {
            self.aggress(slot, out);
        } else {
            self.rest(slot, out);
        }
        self.run_stops(order.instrument, out);
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
}
