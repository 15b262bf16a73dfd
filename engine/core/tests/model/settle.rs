//! Trades of the model: what changes hands, and what else a trade touches. Reversals of trades.

use cx_engine::Event;
use cx_engine::command::Side;
use cx_engine::control::BustTrade;
use cx_engine::event::{HoldChanged, Trade, TradeBusted};
use cx_engine::ids::{AccountId, InstrumentId, TradeId};
use cx_engine::reject::Reject;
use cx_engine::units::{Price, Quantity};

use super::Model;
use super::matching::minor;
use super::money::{fee, per_lot};
use super::order::State;

/// How many trades can be reversed.
const TRADES_KEPT: usize = 65_536;

impl Model {
    /// Two orders trade. The maker rests; a taker that rests as well makes it a trade of an auction.
    pub(super) fn trade(&mut self, maker: u32, taker: u32, quantity: Quantity, price: Price, out: &mut Vec<Event>) {
        self.part_pair(maker, out);
        self.part_pair(taker, out);
        let (resting, aggressing) = (self.orders[&maker], self.orders[&taker]);
        let auction = aggressing.state == State::Resting;
        let instrument = resting.instrument;
        let value = per_lot(&self.venue(instrument).listed, price) * i128::from(quantity.lots());
        let taker_fee = fee(value, aggressing.taker_rate);
        let maker_fee = fee(value, resting.maker_rate).max(-taker_fee);
        let (maker_side, taker_side) = ((resting.account, maker_fee), (aggressing.account, taker_fee));
        let (buyer, seller) =
            if aggressing.side == Side::Buy { (taker_side, maker_side) } else { (maker_side, taker_side) };
        self.settle(instrument, buyer, seller, value, quantity);

        self.fill(maker, quantity);
        self.fill(taker, quantity);
        if let Some(cash) = &mut self.order_mut(taker).cash {
            *cash -= value + taker_fee;
        }
        let (maker_left, taker_left) = (self.orders[&maker], self.orders[&taker]);
        self.touch(instrument, price.ticks());
        for account in [resting.account, aggressing.account] {
            self.count_trade(account, quantity);
        }
        self.trade_count += 1;
        let trade = Trade {
            trade: TradeId::new(self.trade_count),
            instrument,
            taker_side: aggressing.side,
            auction,
            price,
            quantity,
            maker_order: resting.order,
            taker_order: aggressing.order,
            maker_account: resting.account,
            taker_account: aggressing.account,
            maker_fee: small(maker_fee),
            taker_fee: small(taker_fee),
            maker_leaves: maker_left.leaves,
            taker_leaves: taker_left.leaves,
            maker_held: minor(self.hold_of(&maker_left)),
        };
        self.keep(trade);
        if maker_left.leaves.is_zero() {
            self.take_out(maker);
            self.free_slot(maker);
        }
        out.push(Event::Trade(trade));
        if auction && !taker_left.leaves.is_zero() {
            self.tell_hold(taker, out);
        }
        if !maker_left.leaves.is_zero() {
            self.replenish(maker, out);
        }
        if auction {
            self.replenish(taker, out);
            if taker_left.leaves.is_zero() {
                self.take_out(taker);
                self.free_slot(taker);
            }
        }
    }

    /// What an order holds from here on.
    pub(super) fn tell_hold(&self, slot: u32, out: &mut Vec<Event>) {
        let order = &self.orders[&slot];
        out.push(Event::HoldChanged(HoldChanged {
            order: order.order,
            account: order.account,
            instrument: order.instrument,
            side: order.side,
            held: minor(self.hold_of(order)),
        }));
    }

    fn fill(&mut self, slot: u32, quantity: Quantity) {
        let order = self.order_mut(slot);
        if order.cash.is_none() {
            order.leaves = order.leaves.minus(quantity);
        }
        if order.state == State::Resting {
            order.displayed = order.displayed.minus(quantity);
            let instrument = order.instrument;
            self.venue_mut(instrument).stirred = true;
        }
    }

    /// Credits against cash, each side with its fee. Negative values take a trade back.
    fn settle(
        &mut self,
        instrument: InstrumentId,
        buyer: (AccountId, i128),
        seller: (AccountId, i128),
        value: i128,
        quantity: Quantity,
    ) {
        let listed = self.venue(instrument).listed;
        let lots = i128::from(quantity.lots());
        self.credit(buyer.0, listed.base, lots);
        self.credit(seller.0, listed.base, -lots);
        self.credit(buyer.0, listed.quote, -(value + buyer.1));
        self.credit(seller.0, listed.quote, value - seller.1);
        self.credit(AccountId::VENUE, listed.quote, buyer.1 + seller.1);
    }

    /// The last price, and the lowest and highest since stops were last at rest.
    fn touch(&mut self, instrument: InstrumentId, price: i64) {
        let venue = self.venue_mut(instrument);
        let (low, high) = venue.touched.unwrap_or((price, price));
        venue.touched = Some((low.min(price), high.max(price)));
        venue.last = Some(price);
    }

    fn keep(&mut self, trade: Trade) {
        if self.trades.len() == TRADES_KEPT {
            self.trades.pop_front();
        }
        self.trades.push_back((trade, false));
    }

    pub(super) fn bust_trade(&mut self, bust: BustTrade, out: &mut Vec<Event>) -> Result<(), Reject> {
        let oldest = self.trades.front().ok_or(Reject::UnknownTrade)?.0.trade.get();
        let place = bust.trade.get().checked_sub(oldest).ok_or(Reject::UnknownTrade)?;
        let place = usize::try_from(place).expect("usize holds a u64");
        let &(trade, busted) = self.trades.get(place).ok_or(Reject::UnknownTrade)?;
        if busted {
            return Err(Reject::AlreadyBusted);
        }
        let maker = (trade.maker_account, i128::from(trade.maker_fee));
        let taker = (trade.taker_account, i128::from(trade.taker_fee));
        let (buyer, seller) = if trade.taker_side == Side::Buy { (taker, maker) } else { (maker, taker) };
        let listed = self.venue(trade.instrument).listed;
        let value = per_lot(&listed, trade.price) * i128::from(trade.quantity.lots());
        if self.available(buyer.0, listed.base) < i128::from(trade.quantity.lots()) {
            return Err(Reject::InsufficientCredits);
        }
        if self.available(seller.0, listed.quote) < value - seller.1
            || self.available(AccountId::VENUE, listed.quote) < buyer.1 + seller.1
        {
            return Err(Reject::InsufficientFunds);
        }
        // The other way round: the credits go back, and so does what was paid for them.
        let lots = i128::from(trade.quantity.lots());
        self.credit(buyer.0, listed.base, -lots);
        self.credit(seller.0, listed.base, lots);
        self.credit(buyer.0, listed.quote, value + buyer.1);
        self.credit(seller.0, listed.quote, -(value - seller.1));
        self.credit(AccountId::VENUE, listed.quote, -(buyer.1 + seller.1));
        self.trades[place].1 = true;
        out.push(Event::TradeBusted(TradeBusted {
            trade: trade.trade,
            instrument: trade.instrument,
            price: trade.price,
            quantity: trade.quantity,
            buyer: buyer.0,
            seller: seller.0,
            buyer_fee: small(buyer.1),
            seller_fee: small(seller.1),
        }));
        Ok(())
    }
}

fn small(fee: i128) -> i64 {
    i64::try_from(fee).expect("a fee is at most a tenth of a balance")
}
