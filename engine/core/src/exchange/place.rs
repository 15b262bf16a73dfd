//! New orders: the checks in their stated order, then acceptance.

use super::Exchange;
use super::matching::Taker;
use crate::book::{Detail, Ladder, Orders, key_of};
use crate::command::{NewOrder, OrderKind, Side, TimeInForce};
use crate::event::{Event, OrderAccepted, OrderRejected, OrderRepeated};
use crate::ids::{AccountId, InstrumentId};
use crate::money;
use crate::reject::Reject;
use crate::units::{Amount, Price, Quantity};

impl Exchange {
    pub(super) fn place(&mut self, order: &NewOrder, events: &mut Vec<Event>) {
        let refuse = |reason| Event::OrderRejected(OrderRejected { order: *order, reason });
        if order.account == AccountId::VENUE {
            return events.push(refuse(Reject::ReservedAccount));
        }
        let Some(account) = self.accounts.get(order.account).copied() else {
            return events.push(refuse(Reject::UnknownAccount));
        };
        if let Some(id) = order.client_order_id {
            if let Some(used) = self.client_ids.find(order.account, &id) {
                return events.push(if used.order == *order {
                    let original = used.seq;
                    Event::OrderRepeated(OrderRepeated { account: order.account, client_order_id: id, original })
                } else {
                    refuse(Reject::DuplicateClientOrderId)
                });
            }
            self.client_ids.record(self.seq, *order);
        }
        if !account.permissions.trade {
            return events.push(refuse(Reject::TradingNotPermitted));
        }
        match self.check_order(order) {
            Ok(()) => self.accept(order, events),
            Err(reason) => events.push(refuse(reason)),
        }
    }

    fn check_order(&self, order: &NewOrder) -> Result<(), Reject> {
        let instrument = self.instruments.get(order.instrument.get() as usize).ok_or(Reject::UnknownInstrument)?;
        let resting = order.kind == OrderKind::Limit && order.time_in_force == TimeInForce::GoodTillCancelled;
        let market = order.kind == OrderKind::Market;
        if (market && (order.time_in_force == TimeInForce::GoodTillCancelled || order.price != Price::NONE))
            || (order.post_only && !resting)
        {
            return Err(Reject::InvalidCombination);
        }
        if order.quantity.is_zero() || order.quantity > Quantity::ORDER_MAX {
            return Err(Reject::InvalidQuantity);
        }
        let lots = Amount::from_minor(order.quantity.lots().cast_signed());
        let mut needed = lots;
        if !market {
            needed = self.check_limit(order.side, order.instrument, order.quantity, order.price)?;
        }
        if self.orders.open() >= Orders::OPEN_MAX {
            return Err(Reject::LimitReached);
        }
        if order.post_only && self.crosses(order.instrument, order.side, order.price) {
            return Err(Reject::PostOnlyWouldMatch);
        }
        if market && order.side == Side::Buy {
            needed = self.market_cost(order.instrument, order.quantity).ok_or(Reject::NotionalTooLarge)?;
        }
        let (asset, short) = match order.side {
            Side::Buy => (instrument.listing.quote, Reject::InsufficientFunds),
            Side::Sell => (instrument.listing.base, Reject::InsufficientCredits),
        };
        if needed > self.balances.get(order.account, asset).available { Err(short) } else { Ok(()) }
    }

    /// The instrument's limits on a price, and what an order at it would hold.
    pub(super) fn check_limit(
        &self,
        side: Side,
        instrument: InstrumentId,
        leaves: Quantity,
        price: Price,
    ) -> Result<Amount, Reject> {
        let instrument = &self.instruments[instrument.get() as usize];
        if price < Price::from_ticks(1) || price > instrument.listing.price_max {
            return Err(Reject::InvalidPrice);
        }
        if side == Side::Sell {
            // What a sell is worth must fit as well, because a buyer will have to pay it.
            money::notional(price, leaves, instrument.listing.tick_value).ok_or(Reject::NotionalTooLarge)?;
        }
        instrument.hold(side, price, leaves).ok_or(Reject::NotionalTooLarge)
    }

    /// Whether a limit on a side would match the best opposite price.
    pub(super) fn crosses(&self, instrument: InstrumentId, side: Side, price: Price) -> bool {
        let best = self.instruments[instrument.get() as usize].book.side(side.opposite()).best();
        best != Ladder::NO_KEY && best <= key_of(side.opposite(), price)
    }

    fn accept(&mut self, order: &NewOrder, events: &mut Vec<Event>) {
        let listing = self.instruments[order.instrument.get() as usize].listing;
        let base = self.balances.slot(order.account, listing.base);
        let quote = self.balances.slot(order.account, listing.quote);
        let detail = Detail {
            quantity: order.quantity.lots(),
            base,
            quote,
            instrument: order.instrument,
            side: order.side,
            time_in_force: order.time_in_force,
            post_only: order.post_only,
            client_order_id: order.client_order_id,
        };
        let key = key_of(order.side, order.price);
        let slot = self.orders.insert(order.account, order.quantity.lots(), key, detail);
        self.accounts.opened_mut(order.account).open_orders += 1;
        let id = self.orders.id(slot);
        events.push(Event::OrderAccepted(OrderAccepted {
            order: id,
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            kind: order.kind,
            time_in_force: order.time_in_force,
            post_only: order.post_only,
            price: order.price,
            quantity: order.quantity,
            client_order_id: order.client_order_id,
        }));
        self.execute(
            Taker {
                slot,
                order: id,
                account: order.account,
                instrument: order.instrument,
                side: order.side,
                kind: order.kind,
                time_in_force: order.time_in_force,
                price: order.price,
                leaves: order.quantity,
                base,
                quote,
            },
            events,
        );
    }
}
