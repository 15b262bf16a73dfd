//! How orders stood when they were first answered, so that a client that repeats an order after a lost reply gets the very
//! same answer, whatever has happened to the order since. Only orders with a client order id can be repeated.

use std::collections::{HashMap, VecDeque};

use cx_engine::event::{Event, EventRecord};
use cx_engine::ids::Seq;
use cx_market_data::{Accounts, OrderState};

/// The first answers that are kept: about 16 MB.
pub const ANSWERS_MAX: usize = 65_536;

/// The last first answers, by the command that placed the order.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub struct Answers {
    by_seq: HashMap<Seq, OrderState>,
    queue: VecDeque<Seq>,
    max: usize,
}

impl Default for Answers {
    fn default() -> Self {
        Self::new(ANSWERS_MAX)
    }
}

impl Answers {
    /// Keeps so many.
    pub fn new(max: usize) -> Self {
        Self { by_seq: HashMap::new(), queue: VecDeque::new(), max: max.max(1) }
    }

    /// Notes how the order of this command stands. `accounts` has taken all of the command's events.
    pub fn note(&mut self, command: &[EventRecord], accounts: &Accounts) {
        // What had become due may come before.
        let placed = command.iter().find_map(|record| match &record.event {
            Event::OrderAccepted(order) => Some((record, order.account, order.client_order_id.is_some())),
            Event::OrderRejected(order) => Some((record, order.account, order.client_order_id.is_some())),
            _ => None,
        });
        let Some((record, account, named)) = placed else { return };
        let Some(state) = accounts.order(account, record.seq).filter(|_| named) else { return };
        if self.queue.len() == self.max
            && let Some(oldest) = self.queue.pop_front()
        {
            self.by_seq.remove(&oldest);
        }
        self.queue.push_back(record.seq);
        self.by_seq.insert(record.seq, *state);
    }

    /// How the order that this command placed stood right after it.
    pub fn get(&self, seq: Seq) -> Option<&OrderState> {
        self.by_seq.get(&seq)
    }
}
