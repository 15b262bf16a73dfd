//! Matching and settlement of the model.

use cx_engine::Event;
use cx_engine::command::{OrderKind, Side, TimeInForce};
use cx_engine::event::{OrderRested, Trade};
use cx_engine::ids::{AccountId, TradeId};
use cx_engine::reject::CancelReason;

use super::Model;
use super::ledger::{fee, notional};
use super::orders::{Order, crosses};

impl Model {
    /// Whether the orders of others that come before the first own one cover the whole quantity within the limit.
    pub(super) fn can_fill(&self, order: &Order) -> bool {
        let mut covered = 0_u128;
        'levels: for (price, queue) in self.book(order.instrument).levels(order.side.opposite()) {
            if !crosses(order.side, order.limit(), price) {
                break;
            }
            for slot in queue {
                let maker = &self.orders[&slot];
                if maker.account == order.account {
                    break 'levels;
                }
                covered += u128::from(maker.leaves.lots());
            }
        }
        covered >= u128::from(order.leaves.lots())
    }

    /// An order that is not in the book matches what it can; what is left rests or ends.
    pub(super) fn aggress(&mut self, slot: u32, out: &mut Vec<Event>) {
        loop {
            let taker = self.orders[&slot];
            if taker.leaves.is_zero() {
                return self.free_slot(slot);
            }
            let Some(maker) = self.next_maker(&taker) else { break };
            if maker.account == taker.account {
                return self.end(slot, false, CancelReason::SelfTrade, out);
            }
            self.trade(maker, taker, out);
        }
        let Order { order, account, instrument, side, price, leaves, kind, time_in_force, .. } = self.orders[&slot];
        if time_in_force == TimeInForce::GoodTillCancelled {
            self.book_mut(instrument).push(side, price, slot);
            return out.push(Event::OrderRested(OrderRested { order, account, instrument, side, price, leaves }));
        }
        assert_eq!(time_in_force, TimeInForce::ImmediateOrCancel, "fill-or-kill fills once it starts");
        let reason = match kind {
            OrderKind::Limit => CancelReason::ImmediateOrCancel,
            OrderKind::Market => CancelReason::NoLiquidity,
        };
        self.end(slot, false, reason, out);
    }

    fn next_maker(&self, taker: &Order) -> Option<Order> {
        let maker = self.orders[&self.book(taker.instrument).first(taker.side.opposite())?];
        crosses(taker.side, taker.limit(), maker.price).then_some(maker)
    }

    fn trade(&mut self, maker: Order, taker: Order, out: &mut Vec<Event>) {
        let instrument = self.instrument(taker.instrument).expect("orders are on listed instruments");
        let quantity = maker.leaves.min(taker.leaves);
        let value = notional(&instrument, maker.price, quantity).expect("the maker's notional fits");
        let maker_fee = fee(value, instrument.maker_fee.ppm());
        let taker_fee = fee(value, instrument.taker_fee.ppm());

        let lots = i128::from(quantity.lots());
        let (buyer, seller) = match taker.side {
            Side::Buy => ((taker.account, taker_fee), (maker.account, maker_fee)),
            Side::Sell => ((maker.account, maker_fee), (taker.account, taker_fee)),
        };
        self.credit(buyer.0, instrument.base, lots);
        self.credit(seller.0, instrument.base, -lots);
        self.credit(buyer.0, instrument.quote, -(value + buyer.1));
        self.credit(seller.0, instrument.quote, value - seller.1);
        self.credit(AccountId::VENUE, instrument.quote, maker_fee + taker_fee);

        let maker_leaves = maker.leaves.minus(quantity);
        let taker_leaves = taker.leaves.minus(quantity);
        self.orders.insert(maker.order.slot(), Order { leaves: maker_leaves, ..maker });
        self.orders.insert(taker.order.slot(), Order { leaves: taker_leaves, ..taker });
        self.trades += 1;
        out.push(Event::Trade(Trade {
            trade: TradeId::new(self.trades),
            instrument: taker.instrument,
            taker_side: taker.side,
            price: maker.price,
            quantity,
            maker_order: maker.order,
            taker_order: taker.order,
            maker_account: maker.account,
            taker_account: taker.account,
            maker_fee: i64::try_from(maker_fee).expect("a fee is at most a tenth of a balance"),
            taker_fee: i64::try_from(taker_fee).expect("a fee is at most a tenth of a balance"),
            maker_leaves,
            taker_leaves,
        }));
        if maker_leaves.is_zero() {
            self.book_mut(maker.instrument).remove(maker.side, maker.price, maker.order.slot());
            self.free_slot(maker.order.slot());
        }
    }
}
