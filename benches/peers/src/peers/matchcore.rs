//! matchcore: ordered maps of levels in a slab, orders in a hash map, queues with lazily removed entries. An order's id is the
//! sequence number of its command.

use cx_benches::book_flow::{Action, Message};
use cx_benches::desk::{Outcome, Report};
use cx_engine::command::Side as OurSide;
use matchcore::{
    AmendCmd, AmendPatch, CancelCmd, Command, CommandKind, CommandMeta, CommandOutcome, CommandReport, LimitOrder,
    LimitOrderPatch, NewOrder, OrderBook, OrderFlags, OrderId, OrderKind, Price, Quantity, QuantityPolicy,
    SequenceNumber, Side, SubmitCmd, TimeInForce, Timestamp,
};

use super::{amended, cancelled, refused, rest};
use crate::engine::Engine;

/// The book.
pub struct Matchcore {
    book: OrderBook,
    sequence: u64,
}

impl Matchcore {
    #[inline]
    fn execute(&mut self, kind: CommandKind) -> CommandOutcome {
        let sequence_number = SequenceNumber(self.sequence);
        let meta = CommandMeta { sequence_number, timestamp: Timestamp(self.sequence) };
        self.sequence += 1;
        self.book.execute(&Command { meta, kind })
    }
}

fn standard(message: &Message) -> QuantityPolicy {
    QuantityPolicy::Standard { quantity: Quantity(message.leaves()) }
}

impl Engine for Matchcore {
    const NAME: &'static str = "matchcore 0.4.0";

    fn new() -> Self {
        Self { book: OrderBook::new("VCS-191-2016-USD"), sequence: 0 }
    }

    fn resolve(messages: &mut [Message]) {
        let mut ids = vec![0];
        for (sequence, message) in messages.iter_mut().enumerate() {
            if matches!(message.action, Action::Add | Action::AddImmediate) {
                ids.push(sequence as u64);
            }
            message.id = ids[usize::try_from(message.id).expect("orders fit in memory")];
        }
    }

    #[inline]
    fn apply(&mut self, message: &Message, report: &mut impl FnMut(Report)) {
        let order_id = OrderId(message.id);
        let price = Price(super::ticks(message));
        let immediate = message.action == Action::AddImmediate;
        let outcome = match message.action {
            Action::Add | Action::AddImmediate => {
                let side = if message.side == OurSide::Buy { Side::Buy } else { Side::Sell };
                let time_in_force = if immediate { TimeInForce::Ioc } else { TimeInForce::Gtc };
                let flags = OrderFlags::new(side, false, time_in_force);
                let order = NewOrder::Limit(LimitOrder::new(price, standard(message), flags));
                self.execute(CommandKind::Submit(SubmitCmd { order }))
            }
            Action::Cancel => self.execute(CommandKind::Cancel(CancelCmd { order_id, order_kind: OrderKind::Limit })),
            Action::Amend => {
                // A stale amend has no leaves; the quantity must not be zero all the same.
                let policy = QuantityPolicy::Standard { quantity: Quantity(message.leaves().max(1)) };
                let patch = LimitOrderPatch::new().with_price(price).with_quantity_policy(policy);
                self.execute(CommandKind::Amend(AmendCmd { order_id, patch: AmendPatch::Limit(patch) }))
            }
        };
        let effects = match &outcome {
            CommandOutcome::Rejected(_) => return report(refused(message)),
            CommandOutcome::Applied(CommandReport::Cancel) => return report(cancelled(message, 0)),
            CommandOutcome::Applied(CommandReport::Submit(effects)) => effects,
            CommandOutcome::Applied(CommandReport::Amend(effects)) => {
                report(amended(message));
                effects
            }
        };
        let mut leaves = message.leaves();
        if let Some(result) = effects.target_order().match_result() {
            for trade in result.trades() {
                leaves -= trade.quantity().0;
                let (maker, price) = (trade.maker_order_id().0, trade.price().0.cast_signed());
                report(Report::new(Outcome::Traded, trade.quantity().0, maker, price, message.id));
            }
        }
        report(rest(message, message.id, leaves, immediate));
    }
}
