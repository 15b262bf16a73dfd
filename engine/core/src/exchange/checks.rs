//! What a new order must satisfy on its own and against the book: which terms go together, ranges, worth and cost.

use super::stops::{TRAILING_MAX, trailing_price};
use super::{Exchange, Instrument};
use crate::book::{Ladder, NONE, Orders, price_of};
use crate::command::{NewOrder, OrderKind, SelfTrade, Side, TimeInForce};
use crate::ids::{InstrumentId, OrderId};
use crate::money;
use crate::reject::Reject;
use crate::units::{Amount, DisplayQuantity, FeeRate, Price, Quantity, Timestamp, TriggerTerms};

/// Engine times end below this.
const TIME_END: u64 = 1 << 63;

/// Parts at most in which an order is shown, so that a command makes no endless number of trades.
const PARTS_MAX: u64 = 1_024;

/// What an order is worth, and what it needs.
#[derive(Clone, Copy)]
pub(super) struct Worth {
    pub(super) notional: Amount,
    pub(super) need: Amount,
}

/// Whether an order buys for an amount of cash (or tries to).
#[inline]
pub(super) fn is_by_cash(order: &NewOrder) -> bool {
    order.quote_quantity != Amount::ZERO
}

/// Which fields go together.
#[inline]
pub(super) fn check_combination(order: &NewOrder) -> Result<(), Reject> {
    let trigger = order.trigger.terms().ok_or(Reject::InvalidCombination)?;
    let priced = order.price != Price::NONE;
    let rests = order.time_in_force.rests();
    let whole = order.display == DisplayQuantity::ALL;
    let plain = whole && !order.post_only && order.oco == OrderId::NONE;
    let none = trigger == TriggerTerms::None;
    let trails = matches!(trigger, TriggerTerms::Ticks(_) | TriggerTerms::BasisPoints(_));
    let fixed = matches!(trigger, TriggerTerms::At(_));
    let fits = match order.kind {
        // A limit of zero is below one tick, which is checked later.
        OrderKind::Limit => none && (rests || plain) && !is_by_cash(order),
        OrderKind::Market if is_by_cash(order) => {
            order.side == Side::Buy
                && order.time_in_force == TimeInForce::ImmediateOrCancel
                && order.quantity.is_zero()
                && order.self_trade != SelfTrade::Decrement
                && !priced
                && none
                && plain
        }
        OrderKind::Market => !rests && !priced && none && plain,
        _ if is_by_cash(order) || !rests || order.post_only => false,
        OrderKind::Stop => !priced && fixed && whole,
        OrderKind::StopLimit => fixed,
        OrderKind::TrailingStop => !priced && trails && whole,
    };
    let dated = order.expires != Timestamp::default();
    if fits && dated == (order.time_in_force == TimeInForce::GoodTillDate) {
        Ok(())
    } else {
        Err(Reject::InvalidCombination)
    }
}

/// The range of a quantity, of which `display` is shown at a time.
#[inline]
pub(super) fn check_quantity(quantity: Quantity, display: DisplayQuantity) -> Result<(), Reject> {
    let shown = u64::from(display.lots());
    let in_parts = shown == 0 || quantity.lots() <= PARTS_MAX * shown;
    if in_parts { check_lots(quantity) } else { Err(Reject::InvalidQuantity) }
}

/// The range of a quantity that is shown as a whole.
#[inline]
pub(super) fn check_lots(quantity: Quantity) -> Result<(), Reject> {
    if quantity.is_zero() || quantity > Quantity::ORDER_MAX { Err(Reject::InvalidQuantity) } else { Ok(()) }
}

/// Whether a time at which something ends is in the future, and a time at all.
pub(super) fn check_expiry(at: Timestamp, now: Timestamp) -> Result<(), Reject> {
    if at <= now || at.nanos() >= TIME_END { Err(Reject::InvalidExpiry) } else { Ok(()) }
}

impl Instrument {
    /// What an order is worth and needs at a price, at the rate that it would hold at.
    #[inline]
    pub(super) fn worth_of(
        &self,
        side: Side,
        price: Price,
        leaves: Quantity,
        hold_rate: FeeRate,
    ) -> Result<Worth, Reject> {
        let notional = money::notional(price, leaves, self.listing.tick_value).ok_or(Reject::NotionalTooLarge)?;
        let need = match side {
            Side::Buy => notional.plus(money::fee(notional, hold_rate)),
            Side::Sell => Amount::from_minor(leaves.lots().cast_signed()),
        };
        if need > Amount::BALANCE_MAX { Err(Reject::NotionalTooLarge) } else { Ok(Worth { notional, need }) }
    }
}

impl Exchange {
    /// The quantity, or the cash, of a new order.
    #[inline]
    pub(super) fn check_size(&self, order: &NewOrder) -> Result<(), Reject> {
        if is_by_cash(order) {
            let range = Amount::ZERO < order.quote_quantity && order.quote_quantity <= Amount::BALANCE_MAX;
            return if range { Ok(()) } else { Err(Reject::InvalidAmount) };
        }
        check_quantity(order.quantity, order.display)?;
        if u64::from(order.display.lots()) > order.quantity.lots() {
            return Err(Reject::InvalidQuantity);
        }
        self.check_quantity(order.account, Quantity::ZERO, order.quantity)
    }

    /// The limit and the stop price of a new order; gives the stop price that it starts with.
    #[inline]
    pub(super) fn check_prices(&self, order: &NewOrder) -> Result<Price, Reject> {
        if order.kind.is_limited() {
            self.instruments[order.instrument.get() as usize].check_price(order.price)?;
        }
        if !order.kind.is_stop() {
            return Ok(Price::NONE);
        }
        let stop_price = if let Some(TriggerTerms::At(price)) = order.trigger.terms() {
            price
        } else {
            let last = self.instruments[order.instrument.get() as usize].session.last;
            if last == Price::NONE {
                return Err(Reject::NoReferencePrice);
            }
            trailing_price(order.trigger, order.side, last).ok_or(Reject::InvalidPrice)?
        };
        self.instruments[order.instrument.get() as usize].check_price(stop_price)?;
        Ok(stop_price)
    }

    /// What a market order is worth and needs: the opposite levels walked for its quantity, or its cash.
    pub(super) fn market_worth(&self, order: &NewOrder, taker_rate: FeeRate) -> Result<Worth, Reject> {
        if is_by_cash(order) {
            return Ok(Worth { notional: order.quote_quantity, need: order.quote_quantity });
        }
        let notional = self.walk(order).ok_or(Reject::NotionalTooLarge)?;
        let need = match order.side {
            Side::Buy => notional.plus(money::fee(notional, taker_rate)),
            Side::Sell => Amount::from_minor(order.quantity.lots().cast_signed()),
        };
        if need > Amount::BALANCE_MAX { Err(Reject::NotionalTooLarge) } else { Ok(Worth { notional, need }) }
    }

    /// The notional of a market order's quantity, or of what there is, at the opposite levels; `None` when it does not fit a
    /// balance. Own orders that it would cancel are passed over.
    fn walk(&self, order: &NewOrder) -> Option<Amount> {
        let instrument = &self.instruments[order.instrument.get() as usize];
        let side = order.side.opposite();
        let ladder = instrument.book.side(side);
        let removes_own = order.self_trade == SelfTrade::CancelOldest;
        let (mut wanted, mut sum) = (order.quantity, Amount::ZERO);
        let mut key = ladder.best();
        while key != Ladder::NO_KEY && !wanted.is_zero() {
            let level = ladder.level(key).expect("every key on the way is occupied");
            let there = if removes_own { self.lots_of_others(order, level.head) } else { level.quantity };
            let lots = wanted.min(Quantity::from_lots(there));
            let part = money::notional(price_of(side, key), lots, instrument.listing.tick_value)?;
            // Both are at most 2^62, so their sum may be one more than fits.
            sum = Amount::from_minor(sum.minor().checked_add(part.minor())?);
            if sum > Amount::BALANCE_MAX {
                return None;
            }
            wanted = wanted.minus(lots);
            key = ladder.next_after(key);
        }
        Some(sum)
    }

    /// Open lots of a queue that are not of the order's owner.
    fn lots_of_others(&self, order: &NewOrder, head: u32) -> u64 {
        let group = self.accounts.opened(order.account).group;
        self.queue_from(head)
            .filter(|&slot| !self.one_owner(order.account, group, self.orders.node(slot).account))
            .map(|slot| self.orders.leaves(slot))
            .sum()
    }

    /// What walking the offers buys for an amount of cash, level by level, each with the taker's fee.
    fn walk_cash(&self, instrument: InstrumentId, mut cash: Amount, rate: FeeRate) -> Quantity {
        let instrument = &self.instruments[instrument.get() as usize];
        let ladder = instrument.book.side(Side::Sell);
        let mut bought = Quantity::ZERO;
        let mut key = ladder.best();
        while key != Ladder::NO_KEY {
            let there = Quantity::from_lots(ladder.level(key).expect("every key on the way is occupied").quantity);
            let price = price_of(Side::Sell, key);
            let lots = there.min(money::affordable(cash, price, instrument.listing.tick_value, rate));
            let cost = money::hold(Side::Buy, price, lots, instrument.listing.tick_value, rate);
            cash = cash.minus(cost.expect("it costs at most the cash"));
            bought = bought.plus(lots);
            if lots < there {
                break;
            }
            key = ladder.next_after(key);
        }
        bought
    }

    /// Limits of the account and of the venue on a new order.
    #[inline(never)]
    pub(super) fn check_counts(&self, order: &NewOrder, notional: Amount, taker_rate: FeeRate) -> Result<(), Reject> {
        self.check_order_notional(order.account, Amount::ZERO, notional)?;
        if self.orders.open() >= Orders::OPEN_MAX {
            return Err(Reject::LimitReached);
        }
        if order.kind == OrderKind::TrailingStop {
            let stops = self.instruments[order.instrument.get() as usize].stops.as_ref();
            if stops.is_some_and(|stops| stops.trailing_count(order.side) >= TRAILING_MAX) {
                return Err(Reject::LimitReached);
            }
        }
        if !self.is_tracked(order.account) {
            return Ok(());
        }
        if order.time_in_force.rests() {
            self.check_open_orders(order.account)?;
        }
        if order.side == Side::Buy {
            let lots = if is_by_cash(order) {
                self.walk_cash(order.instrument, order.quote_quantity, taker_rate)
            } else {
                order.quantity
            };
            self.check_position(order.account, order.instrument, Quantity::ZERO, lots)?;
        }
        if order.time_in_force.rests() {
            self.check_exposure(order.account, order.instrument, Amount::ZERO, notional)?;
        }
        Ok(())
    }

    /// The slot of the order that a new one is to be paired with, `NONE` when there is none.
    #[inline]
    pub(super) fn check_pair(&self, order: &NewOrder) -> Result<u32, Reject> {
        if order.oco == OrderId::NONE {
            return Ok(NONE);
        }
        let first = self.own_order(order.account, order.oco)?;
        let detail = self.orders.detail(first);
        if detail.instrument != order.instrument {
            return Err(Reject::UnknownOrder);
        }
        if self.orders.terms(first).pair != NONE {
            return Err(Reject::LinkedOrder);
        }
        if detail.side != order.side {
            return Err(Reject::InvalidCombination);
        }
        Ok(first)
    }
}
