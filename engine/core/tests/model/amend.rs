//! Amendments in the model.

use cx_engine::Event;
use cx_engine::command::{AmendOrder, OrderKind, Side};
use cx_engine::control::Phase;
use cx_engine::event::OrderAmended;
use cx_engine::reject::Reject;
use cx_engine::units::{Amount, Price, Quantity};

use super::Model;
use super::checks::check_quantity;
use super::matching::minor;
use super::money::notional;
use super::order::{Order, State, need};

impl Model {
    pub(super) fn amend(&mut self, amend: AmendOrder, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.known(amend.account)?;
        self.throttle(amend.account)?;
        if !self.known(amend.account)?.permissions.trade {
            return Err(Reject::TradingNotPermitted);
        }
        let old = self.owned(amend.account, amend.order)?;
        let new = self.check_amend(&old, amend)?;
        let slot = old.slot();
        let resting = old.state == State::Resting;
        let kept_priority = resting && new.price == old.price && new.quantity < old.quantity;
        let mut now = new;
        if kept_priority {
            now.displayed = old.displayed.min(new.leaves);
        } else {
            self.take_out(slot);
            now.displayed = Quantity::ZERO;
            now.state = State::Aggressor;
        }
        self.orders.insert(slot, now);
        self.venue_mut(old.instrument).stirred |= resting;
        out.push(Event::OrderAmended(OrderAmended {
            order: old.order,
            account: old.account,
            instrument: old.instrument,
            side: old.side,
            old_price: old.limit().unwrap_or(Price::NONE),
            old_displayed: old.displayed,
            price: new.limit().unwrap_or(Price::NONE),
            quantity: new.quantity,
            leaves: new.leaves,
            displayed: now.displayed,
            kept_priority,
            held: if kept_priority { minor(self.hold_of(&now)) } else { Amount::ZERO },
        }));
        if kept_priority {
            return Ok(());
        }
        if !resting {
            self.arm(slot, out);
        } else if self.is_continuous(old.instrument) {
            self.aggress(slot, out);
        } else {
            self.rest(slot, out);
        }
        self.run_stops(old.instrument, out);
        Ok(())
    }

    /// The order as it becomes.
    fn check_amend(&self, old: &Order, amend: AmendOrder) -> Result<Order, Reject> {
        let AmendOrder { price, quantity, stop_price, .. } = amend;
        let venue = self.venue(old.instrument);
        let armed = old.state == State::Armed;
        if self.market_halted {
            return Err(Reject::MarketHalted);
        }
        if matches!(venue.phase, Phase::CancelOnly | Phase::Suspended | Phase::Closed | Phase::Delisted) {
            return Err(Reject::WrongPhase);
        }
        if old.pair.is_some() {
            return Err(Reject::LinkedOrder);
        }
        let takes_stop_price = armed && old.kind != OrderKind::TrailingStop;
        if (price != Price::NONE) != old.kind.is_limited() || stop_price != Price::NONE && !takes_stop_price {
            return Err(Reject::InvalidCombination);
        }
        check_quantity(quantity, old.display)?;
        let filled = old.quantity.minus(old.leaves);
        if quantity <= filled {
            return Err(Reject::QuantityBelowFilled);
        }
        if quantity > old.quantity {
            self.check_order_quantity(old.account, quantity.lots())?;
        }
        if old.kind.is_limited() {
            self.check_price(old.instrument, price)?;
        }
        let new_stop = if stop_price == Price::NONE { old.stop_price } else { stop_price };
        if stop_price != Price::NONE {
            self.check_price(old.instrument, stop_price)?;
        }
        if price == old.price && quantity == old.quantity && new_stop == old.stop_price {
            return Err(Reject::NoChange);
        }
        if old.kind.is_limited() {
            // A stop that has gone off is a limit order like any other.
            self.check_collar(old.instrument, old.side, price, armed.then_some(new_stop))?;
        }
        let leaves = quantity.minus(filled);
        let new = Order { price, quantity, leaves, stop_price: new_stop, ..*old };
        self.check_amended_size(old, &new)?;
        let keeps_out = old.post_only || venue.phase == Phase::PostOnly;
        if keeps_out && !armed && self.would_match(old.instrument, old.side, price) {
            return Err(Reject::PostOnlyWouldMatch);
        }
        if self.need_of(&new) - self.need_of(old) > self.available(old.account, old.held_asset(&venue.listed)) {
            return Err(match old.side {
                Side::Buy => Reject::InsufficientFunds,
                Side::Sell => Reject::InsufficientCredits,
            });
        }
        Ok(new)
    }

    /// The new leaves as those of a new order; limits of the account only where the figure grows.
    fn check_amended_size(&self, old: &Order, new: &Order) -> Result<(), Reject> {
        let listed = &self.venue(old.instrument).listed;
        let rates = (old.maker_rate, old.taker_rate);
        let value = notional(listed, new.valued_at(), new.leaves).ok_or(Reject::NotionalTooLarge)?;
        need(listed, new.side, new.valued_at(), new.leaves, rates).ok_or(Reject::NotionalTooLarge)?;
        let worth_more = value > self.notional_of(old);
        if worth_more {
            self.check_order_notional(old.account, value)?;
        }
        if old.side == Side::Buy && new.leaves > old.leaves {
            self.check_position(old.account, old.instrument, i128::from(new.leaves.lots()), Some(old))?;
        }
        if worth_more {
            self.check_exposure(old.account, listed.quote, value, Some(old))?;
        }
        Ok(())
    }
}
