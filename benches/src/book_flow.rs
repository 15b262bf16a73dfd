//! A flow for a book alone: what the commands of a [`Flow`] ask of the book, without accounts, money and foreign ids.

use std::collections::HashMap;

use cx_engine::command::{CommandRecord, Side, TimeInForce};
use cx_engine::ids::OrderId;
use cx_engine::{Command, Event, Exchange};

use crate::flow::Flow;
use crate::profile::Profile;

/// What a message asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Action {
    /// A new limit order; what is left of it rests.
    Add,
    /// A new limit order; what is left of it is cancelled.
    AddImmediate,
    /// The end of an order.
    Cancel,
    /// Another price and quantity for an order, which goes to the back of its new level unless it only shrinks.
    Amend,
}

/// One message, of fixed layout: an engine reads it as it lies there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    /// The order, by the id that the engine knows it by; in a flow as it is generated the order's number in the flow, from 1.
    pub id: u64,
    /// Limit price in ticks; 0 in a cancel.
    pub price: i64,
    /// Lots: of a new order, or the new total of an amended one, what has filled included; 0 in a cancel.
    pub quantity: u64,
    /// What is asked for.
    pub action: Action,
    /// The order's side.
    pub side: Side,
    /// Of an amend: whether the order is open. Stale ones are not, and have no leaves to know.
    pub open: bool,
    /// Of an amend of an open order: lots that have filled. For engines that are told the leaves instead of the total.
    pub filled: u32,
}

const _: () = assert!(size_of::<Message>() == 32, "two messages share a cache line");

impl Message {
    /// What an amended order has left after the amend and before it matches again; the quantity of others.
    pub fn leaves(&self) -> u64 {
        self.quantity.saturating_sub(u64::from(self.filled))
    }
}

/// A flow for a book alone.
pub struct BookFlow {
    /// Fills the book.
    pub opening: Vec<Message>,
    /// What is measured.
    pub body: Vec<Message>,
    /// The trades of the body, as the exchange made them: price in ticks and lots.
    pub trades: Vec<(i64, u64)>,
    /// Orders of opening and body together.
    pub orders: usize,
    /// Orders that rest after the opening, and after the body; the levels they rest on, both sides together.
    pub resting: [(usize, usize); 2],
}

impl BookFlow {
    /// Generates the flow of a profile.
    pub fn generate(profile: &Profile, seed: u64) -> Self {
        assert!(profile.instruments == 1 && profile.one_sided, "a book has one instrument and no owners");
        Self::of(&Flow::generate(profile, seed))
    }

    /// Takes out of a flow what concerns the book.
    fn of(flow: &Flow) -> Self {
        let mut reading = Reading { exchange: Exchange::new(), numbers: HashMap::new(), trades: Vec::new() };
        let mut opening: Vec<Message> = flow.opening.iter().filter_map(|record| reading.message(record)).collect();
        assert!(reading.trades.is_empty(), "orders of the opening only rest");
        // The warm-up comes first and is gone from the book by now; the orders that fill the book come after it.
        let resting = reading.exchange.open_orders().len();
        let gone = opening.len() - resting;
        opening.drain(..gone);
        let before = reading.resting();
        let mut body: Vec<Message> = flow.body.iter().filter_map(|record| reading.message(record)).collect();
        for message in opening.iter_mut().chain(&mut body) {
            message.id -= gone as u64;
        }
        let resting = [before, reading.resting()];
        Self { opening, body, trades: reading.trades, orders: reading.numbers.len() - gone, resting }
    }
}

/// Reads commands along an exchange that applies them.
struct Reading {
    exchange: Exchange,
    /// Number and side of each order.
    numbers: HashMap<OrderId, (u64, Side)>,
    trades: Vec<(i64, u64)>,
}

impl Reading {
    fn message(&mut self, record: &CommandRecord) -> Option<Message> {
        let open = match record.command {
            Command::Amend(amend) => self.exchange.open_order(amend.order),
            _ => None,
        };
        let mut events = Vec::new();
        self.exchange.apply(self.exchange.seq().next(), record.stamp, &record.command, &mut events);
        let next = self.numbers.len() as u64 + 1;
        for event in &events {
            match event {
                Event::OrderAccepted(it) => drop(self.numbers.insert(it.order, (next, it.side))),
                Event::Trade(it) => self.trades.push((it.price.ticks(), it.quantity.lots())),
                _ => {}
            }
        }
        let (id, side, action, price, quantity) = match record.command {
            Command::Place(order) => {
                let immediate = order.time_in_force == TimeInForce::ImmediateOrCancel;
                let action = if immediate { Action::AddImmediate } else { Action::Add };
                (next, order.side, action, order.price.ticks(), order.quantity.lots())
            }
            Command::Cancel(cancel) => {
                let (id, side) = self.numbers[&cancel.order];
                (id, side, Action::Cancel, 0, 0)
            }
            Command::Amend(amend) => {
                let (id, side) = self.numbers[&amend.order];
                (id, side, Action::Amend, amend.price.ticks(), amend.quantity.lots())
            }
            _ => return None,
        };
        let filled = open.map_or(0, |open| open.quantity.lots() - open.leaves.lots());
        let filled = u32::try_from(filled).expect("orders of a flow are small");
        Some(Message { id, price, quantity, action, side, open: open.is_some(), filled })
    }

    /// How many orders rest, and on how many levels.
    fn resting(&self) -> (usize, usize) {
        let levels = |side| self.exchange.depth(cx_engine::ids::InstrumentId::new(0), side, usize::MAX).len();
        (self.exchange.open_orders().len(), levels(Side::Buy) + levels(Side::Sell))
    }
}
