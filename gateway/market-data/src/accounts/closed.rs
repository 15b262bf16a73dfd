//! Recently closed orders: bounded over the venue, found by the command that accepted them and by account.

use super::order::OrderState;
use cx_engine::ids::{AccountId, Seq};
use std::collections::{HashMap, VecDeque};

#[derive(Clone, Debug)]
pub(super) struct Closed {
    max: usize,
    orders: HashMap<Seq, OrderState>,
    /// In the order of closing.
    queue: VecDeque<Seq>,
    by_account: HashMap<AccountId, VecDeque<Seq>>,
}

impl Closed {
    pub(super) fn new(max: usize) -> Self {
        Self { max: max.max(1), orders: HashMap::new(), queue: VecDeque::new(), by_account: HashMap::new() }
    }

    /// Adds an order and gives back the one that had to make room.
    pub(super) fn push(&mut self, order: OrderState) -> Option<OrderState> {
        self.queue.push_back(order.accepted);
        self.by_account.entry(order.account).or_default().push_back(order.accepted);
        self.orders.insert(order.accepted, order);
        if self.queue.len() <= self.max {
            return None;
        }
        let oldest = self.queue.pop_front()?;
        let forgotten = self.orders.remove(&oldest)?;
        // An account's orders are forgotten in the order in which they closed, so its oldest goes.
        if let Some(of_account) = self.by_account.get_mut(&forgotten.account) {
            of_account.pop_front();
            if of_account.is_empty() {
                self.by_account.remove(&forgotten.account);
            }
        }
        Some(forgotten)
    }

    pub(super) fn get(&self, accepted: Seq) -> Option<&OrderState> {
        self.orders.get(&accepted)
    }

    /// Last closed first.
    pub(super) fn of(&self, account: AccountId) -> impl Iterator<Item = &OrderState> {
        let seqs = self.by_account.get(&account).into_iter().flat_map(|seqs| seqs.iter().rev());
        seqs.map(|seq| &self.orders[seq])
    }
}
