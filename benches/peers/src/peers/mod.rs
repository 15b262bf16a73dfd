//! The published books, each driven through its own interface.
//!
//! What a peer lacks is put together from what it has: an amend from a cancel and a new order under the same id, an
//! immediate order from a limit order and a cancel of what rests. Where a peer cannot say that an order is gone, the flow tells.

mod lobster;
mod matchcore;
mod obcore;
mod orderbook_rs;

pub use lobster::Lobster;
pub use matchcore::Matchcore;
pub use obcore::Obcore;
pub use orderbook_rs::OrderbookRs;

use cx_benches::book_flow::Message;
use cx_benches::desk::{Outcome, Report};

/// What became of a new order's rest.
fn rest(message: &Message, id: u64, leaves: u64, cancelled: bool) -> Report {
    let outcome = match (leaves, cancelled) {
        (0, _) => Outcome::Filled,
        (_, false) => Outcome::Rested,
        (_, true) => Outcome::Cancelled,
    };
    Report::new(outcome, leaves, id, message.price, message.side as u64)
}

fn refused(message: &Message) -> Report {
    Report::new(Outcome::Refused, 0, message.id, message.price, 0)
}

fn cancelled(message: &Message, leaves: u64) -> Report {
    Report::new(Outcome::Cancelled, leaves, message.id, message.price, message.side as u64)
}

fn amended(message: &Message) -> Report {
    Report::new(Outcome::Amended, message.leaves(), message.id, message.price, message.side as u64)
}

/// Prices of flows are above zero.
fn ticks(message: &Message) -> u64 {
    message.price.cast_unsigned()
}
