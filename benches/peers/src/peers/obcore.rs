//! obcore: sorted levels of linked nodes over a pool. Each operation is evaluated to instructions, which are then applied.
//! It has no amend.

use cx_benches::book_flow::{Action, Message};
use cx_benches::desk::{Outcome, Report};
use cx_engine::command::Side;
use obcore::{Evaluator, Instruction, Msg, Op, OrderBook, OrderInterface, TIF};

use super::{amended, cancelled, refused, rest};
use crate::engine::Engine;

/// An order as small as the interface allows.
pub struct Order {
    id: u64,
    price: u64,
    quantity: u64,
    remaining: u64,
    is_buy: bool,
    immediate: bool,
}

impl OrderInterface for Order {
    type I = u64;
    type N = u64;
    type O = u64;

    #[inline]
    fn id(&self) -> &u64 {
        &self.id
    }

    #[inline]
    fn is_buy(&self) -> bool {
        self.is_buy
    }

    #[inline]
    fn price(&self) -> u64 {
        self.price
    }

    #[inline]
    fn quantity(&self) -> u64 {
        self.quantity
    }

    #[inline]
    fn remaining(&self) -> u64 {
        self.remaining
    }

    #[inline]
    fn fill(&mut self, quantity: u64) {
        self.remaining -= quantity;
    }

    #[inline]
    fn owner(&self) -> &u64 {
        &self.id
    }

    #[inline]
    fn tif(&self) -> TIF {
        if self.immediate { TIF::IOC } else { TIF::GTC }
    }
}

/// The book.
pub struct Obcore {
    book: OrderBook<Order>,
    evaluator: Evaluator<Order>,
}

impl Obcore {
    #[inline]
    fn insert(&mut self, message: &Message, immediate: bool, report: &mut impl FnMut(Report)) {
        let order = Order {
            id: message.id,
            price: super::ticks(message),
            quantity: message.leaves(),
            remaining: message.leaves(),
            is_buy: message.side == Side::Buy,
            immediate,
        };
        let mut leaves = message.leaves();
        self.evaluator.reset();
        for instruction in self.evaluator.eval(&self.book, Op::Insert(order)) {
            if let Instruction::Fill(maker, _, price, quantity, false) = &instruction {
                leaves -= quantity;
                report(Report::new(Outcome::Traded, *quantity, *maker, price.cast_signed(), message.id));
            }
            self.book.apply(instruction);
        }
        report(rest(message, message.id, leaves, immediate));
    }

    #[inline]
    fn delete(&mut self, id: u64) -> bool {
        self.evaluator.reset();
        let mut found = true;
        for instruction in self.evaluator.eval(&self.book, Op::Delete(id)) {
            found &= !matches!(instruction, Instruction::NoOp(_, Msg::OrderNotFound));
            self.book.apply(instruction);
        }
        found
    }
}

impl Engine for Obcore {
    const NAME: &'static str = "obcore 0.1.6";

    fn new() -> Self {
        Self { book: OrderBook::default(), evaluator: Evaluator::default() }
    }

    #[inline]
    fn apply(&mut self, message: &Message, report: &mut impl FnMut(Report)) {
        match message.action {
            Action::Add => self.insert(message, false, report),
            Action::AddImmediate => self.insert(message, true, report),
            Action::Cancel => {
                let found = self.delete(message.id);
                report(if found { cancelled(message, 0) } else { refused(message) });
            }
            Action::Amend => {
                if !self.delete(message.id) {
                    return report(refused(message));
                }
                report(amended(message));
                self.insert(message, false, report);
            }
        }
    }
}
