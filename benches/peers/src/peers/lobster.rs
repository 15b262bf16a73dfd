//! lobster: ordered maps of vectors over an arena. It has no amend, no immediate orders, and does not say whether a cancel found
//! its order.

use cx_benches::book_flow::{Action, Message};
use cx_benches::desk::{Outcome, Report};
use cx_engine::command::Side as OurSide;
use lobster::{OrderBook, OrderEvent, OrderType, Side};

use super::{amended, cancelled, refused, rest, ticks};
use crate::engine::Engine;

/// The book.
pub struct Lobster(OrderBook);

impl Lobster {
    #[inline]
    fn limit(&mut self, message: &Message, immediate: bool, report: &mut impl FnMut(Report)) {
        let side = if message.side == OurSide::Buy { Side::Bid } else { Side::Ask };
        let id = u128::from(message.id);
        let event = self.0.execute(OrderType::Limit { id, side, qty: message.leaves(), price: ticks(message) });
        let mut leaves = message.leaves();
        if let OrderEvent::Filled { fills, .. } | OrderEvent::PartiallyFilled { fills, .. } = event {
            for fill in fills {
                leaves -= fill.qty;
                let maker = u64::try_from(fill.order_2).expect("ids of flows fit");
                report(Report::new(Outcome::Traded, fill.qty, maker, fill.price.cast_signed(), message.id));
            }
        }
        if immediate && leaves > 0 {
            self.0.execute(OrderType::Cancel { id });
        }
        report(rest(message, message.id, leaves, immediate));
    }
}

impl Engine for Lobster {
    const NAME: &'static str = "lobster 0.7.0";

    fn new() -> Self {
        Self(OrderBook::new(100_000, 16, false))
    }

    #[inline]
    fn apply(&mut self, message: &Message, report: &mut impl FnMut(Report)) {
        match message.action {
            Action::Add => self.limit(message, false, report),
            Action::AddImmediate => self.limit(message, true, report),
            Action::Cancel => {
                self.0.execute(OrderType::Cancel { id: u128::from(message.id) });
                report(cancelled(message, 0));
            }
            Action::Amend if message.open => {
                self.0.execute(OrderType::Cancel { id: u128::from(message.id) });
                report(amended(message));
                self.limit(message, false, report);
            }
            Action::Amend => report(refused(message)),
        }
    }
}
