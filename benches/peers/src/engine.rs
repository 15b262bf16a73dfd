//! What an order book must do to be measured, and ours.

use cx_benches::book_flow::{Action, BookFlow, Message};
use cx_benches::desk::{Desk, Outcome, Report};

/// A book that takes messages and tells what came of each.
pub trait Engine {
    /// Crate and version.
    const NAME: &'static str;

    /// An empty book.
    fn new() -> Self;

    /// Writes the ids that this book goes by into messages, in the order in which they will be applied. By default the
    /// numbers of the flow.
    fn resolve(messages: &mut [Message]) {
        let _ = messages;
    }

    /// Does what a message asks for, and reports each outcome.
    fn apply(&mut self, message: &Message, report: &mut impl FnMut(Report));
}

/// A flow with an engine's own ids.
pub struct Resolved {
    /// Fills the book.
    pub opening: Vec<Message>,
    /// What is measured.
    pub body: Vec<Message>,
}

impl Resolved {
    /// Resolves the ids of a flow for an engine.
    pub fn of<E: Engine>(flow: &BookFlow) -> Self {
        let mut messages = [flow.opening.as_slice(), &flow.body].concat();
        E::resolve(&mut messages);
        let body = messages.split_off(flow.opening.len());
        Self { opening: messages, body }
    }
}

impl Engine for Desk {
    const NAME: &'static str = "CarbonXchange";

    fn new() -> Self {
        Self::default()
    }

    fn resolve(messages: &mut [Message]) {
        let mut desk = Self::default();
        let mut ids = vec![0];
        for message in messages {
            if matches!(message.action, Action::Add | Action::AddImmediate) {
                ids.push(desk.next_id());
            }
            message.id = ids[usize::try_from(message.id).expect("orders fit in memory")];
            desk.apply(message, &mut |_| {});
        }
    }

    #[inline]
    fn apply(&mut self, message: &Message, report: &mut impl FnMut(Report)) {
        Desk::apply(self, message, report);
    }
}

/// A book that does nothing but report: what the hand-over alone costs.
pub struct Nothing;

impl Engine for Nothing {
    const NAME: &'static str = "(no book, reports only)";

    fn new() -> Self {
        Self
    }

    #[inline]
    fn apply(&mut self, message: &Message, report: &mut impl FnMut(Report)) {
        report(Report::new(Outcome::Rested, message.quantity, message.id, message.price, message.side as u64));
    }
}
