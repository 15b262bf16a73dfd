//! One trade of an uncross: two resting orders, at the auction's price.

use super::Exchange;
use crate::command::Side;
use crate::event::{Event, HoldChanged, Trade};
use crate::ids::{InstrumentId, TradeId};
use crate::money;
use crate::reject::CancelReason;
use crate::units::{Price, Quantity};

impl Exchange {
    /// The best bid and the best offer trade for the smaller of what they show; the one that came earlier is the maker. Gives how
    /// much.
    pub(crate) fn auction_trade(
        &mut self,
        instrument: InstrumentId,
        bid: u32,
        ask: u32,
        price: Price,
        events: &mut Vec<Event>,
    ) -> Quantity {
        let bid_first = self.orders.detail(bid).arrival < self.orders.detail(ask).arrival;
        let (maker, taker, taker_side) = if bid_first { (bid, ask, Side::Sell) } else { (ask, bid, Side::Buy) };
        self.leave_pair(maker, events);
        self.leave_pair(taker, events);
        let shown = |slot| Quantity::from_lots(self.orders.node(slot).leaves);
        let quantity = shown(bid).min(shown(ask));
        let (maker_rate, taker_rate) = (self.orders.detail(maker).maker, self.orders.detail(taker).taker);
        let kept = &mut self.instruments[instrument.get() as usize];
        let notional = kept.notional(price, quantity);
        let (maker_fee, taker_fee) = money::fees(notional, maker_rate, taker_rate);
        self.balances.credit(kept.venue_quote, maker_fee.plus(taker_fee));
        kept.session.traded(self.seq, price);
        self.last_trade = TradeId::new(self.last_trade.get() + 1);
        let (maker_leaves, maker_held) = self.pay_resting(maker, price, quantity, notional, maker_fee);
        let (taker_leaves, taker_held) = self.pay_resting(taker, price, quantity, notional, taker_fee);
        let (maker_account, taker_account) = (self.orders.node(maker).account, self.orders.node(taker).account);
        let taker_order = self.orders.id(taker);
        let trade = Trade {
            trade: self.last_trade,
            instrument,
            taker_side,
            auction: true,
            price,
            quantity,
            maker_order: self.orders.id(maker),
            taker_order,
            maker_account,
            taker_account,
            maker_fee: maker_fee.minor(),
            taker_fee: taker_fee.minor(),
            maker_leaves,
            taker_leaves,
            maker_held,
        };
        self.count_trade(&trade);
        let maker_more = self.take(maker, taker_side.opposite(), quantity);
        let taker_more = self.take(taker, taker_side, quantity);
        if maker_leaves.is_zero() {
            self.close(maker, maker_account);
        }
        events.push(Event::Trade(trade));
        if !taker_leaves.is_zero() {
            events.push(Event::HoldChanged(HoldChanged {
                order: taker_order,
                account: taker_account,
                instrument,
                side: taker_side,
                held: taker_held,
            }));
        }
        if maker_more {
            self.replenish(maker, events);
        }
        if taker_more {
            self.replenish(taker, events);
        }
        if taker_leaves.is_zero() {
            self.close(taker, taker_account);
        }
        self.stir_auction(instrument);
        quantity
    }

    /// Cancels a resting order that would have met one of its owner in an uncross.
    pub(crate) fn cancel_self_trade(&mut self, slot: u32, events: &mut Vec<Event>) {
        self.end_order(slot, CancelReason::SelfTrade, events);
    }

    /// Whether two open orders have one owner.
    pub(crate) fn have_one_owner(&self, one: u32, other: u32) -> bool {
        let account = self.orders.node(one).account;
        self.one_owner(account, self.accounts.opened(account).group, self.orders.node(other).account)
    }
}
