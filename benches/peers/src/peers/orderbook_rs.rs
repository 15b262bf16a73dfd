//! orderbook-rs: lock-free skip lists of levels, for many threads. Trades come through its listener.

use std::sync::{Arc, Mutex};

use cx_benches::book_flow::{Action, Message};
use cx_benches::desk::{Outcome, Report};
use cx_engine::command::Side as OurSide;
use orderbook_rs::{DefaultOrderBook, Id, OrderBook, Side, TimeInForce};
use pricelevel::{OrderUpdate, Price, Quantity};

use super::{amended, cancelled, refused, rest};
use crate::engine::Engine;

/// Price, lots and maker of trades, as the listener gets them.
type Trades = Arc<Mutex<Vec<(i64, u64, u64)>>>;

/// The book.
pub struct OrderbookRs {
    book: DefaultOrderBook,
    trades: Trades,
}

impl OrderbookRs {
    #[inline]
    fn report(&mut self, message: &Message, immediate: bool, report: &mut impl FnMut(Report)) {
        let mut leaves = message.leaves();
        for (price, quantity, maker) in self.trades.lock().expect("nothing panics under the lock").drain(..) {
            leaves -= quantity;
            report(Report::new(Outcome::Traded, quantity, maker, price, message.id));
        }
        report(rest(message, message.id, leaves, immediate));
    }
}

fn number(id: Id) -> u64 {
    if let Id::Sequential(number) = id { number } else { 0 }
}

impl Engine for OrderbookRs {
    const NAME: &'static str = "orderbook-rs 0.15.3";

    fn new() -> Self {
        let trades = Trades::default();
        let heard = Arc::clone(&trades);
        let book = OrderBook::with_trade_listener(
            "VCS-191-2016-USD",
            Arc::new(move |result| {
                let mut heard = heard.lock().expect("nothing panics under the lock");
                for trade in result.match_result.trades().as_vec() {
                    let price = i64::try_from(trade.price().as_u128()).expect("prices of flows are small");
                    heard.push((price, trade.quantity().as_u64(), number(trade.maker_order_id())));
                }
            }),
        );
        Self { book, trades }
    }

    #[inline]
    fn apply(&mut self, message: &Message, report: &mut impl FnMut(Report)) {
        let id = Id::Sequential(message.id);
        let price = u128::from(super::ticks(message));
        match message.action {
            Action::Add | Action::AddImmediate => {
                let side = if message.side == OurSide::Buy { Side::Buy } else { Side::Sell };
                let immediate = message.action == Action::AddImmediate;
                let time_in_force = if immediate { TimeInForce::Ioc } else { TimeInForce::Gtc };
                // An immediate order that is not filled whole is an error there, after its trades.
                let answer = self.book.add_limit_order(id, price, message.quantity, side, time_in_force, None);
                debug_assert!(immediate || answer.is_ok());
                self.report(message, immediate, report);
            }
            Action::Cancel => match self.book.cancel_order(id) {
                Ok(Some(_)) => report(cancelled(message, 0)),
                _ => report(refused(message)),
            },
            Action::Amend => {
                let new_quantity = Quantity::new(message.leaves().max(1));
                let new_price = Price::new(price);
                let update = OrderUpdate::UpdatePriceAndQuantity { order_id: id, new_price, new_quantity };
                if matches!(self.book.update_order(update), Ok(Some(_))) {
                    report(amended(message));
                    self.report(message, false, report);
                } else {
                    report(refused(message));
                }
            }
        }
    }
}
