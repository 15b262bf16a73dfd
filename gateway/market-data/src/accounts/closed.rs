//! Recently closed orders: bounded over the venue, found by the command that accepted them and by account.

use super::order::OrderState;
use cx_engine::ids::{AccountId, Seq};
use crate::map::HashMap;
use std::collections::VecDeque;

/// A ring in the order of closing. Places count from the first order that ever closed, so they outlive what is dropped.
#[derive(Clone, Debug, bincode::Encode, bincode::Decode)]
pub(super) struct Closed {
    max: usize,
    orders: VecDeque<OrderState>,
    dropped: u64,
    places: HashMap<Seq, u64>,
    by_account: HashMap<AccountId, VecDeque<u64>>,
}

impl Closed {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            orders: VecDeque::new(),
            dropped: 0,
            places: HashMap::default(),
            by_account: HashMap::default(),
        }
    }

    /// Adds an order and gives back the one that had to make room.
    pub(super) fn push(&mut self, order: OrderState) -> Option<OrderState> {
        let forgotten = (self.orders.len() == self.max).then(|| self.drop_oldest()).flatten();
        let place = self.dropped + self.orders.len() as u64;
        self.places.insert(order.accepted, place);
        self.by_account.entry(order.account).or_default().push_back(place);
        self.orders.push_back(order);
        forgotten
    }

    pub(super) fn get(&self, accepted: Seq) -> Option<&OrderState> {
        self.places.get(&accepted).map(|&place| self.at(place))
    }

    pub(super) fn get_mut(&mut self, accepted: Seq) -> Option<&mut OrderState> {
        let place = *self.places.get(&accepted)?;
        self.orders.get_mut(usize::try_from(place - self.dropped).expect("kept orders are in memory"))
    }

    /// Last closed first.
    pub(super) fn of(&self, account: AccountId) -> impl Iterator<Item = &OrderState> {
        let places = self.by_account.get(&account).into_iter().flat_map(|places| places.iter().rev());
        places.map(|&place| self.at(place))
    }

    fn at(&self, place: u64) -> &OrderState {
        &self.orders[usize::try_from(place - self.dropped).expect("kept orders are in memory")]
    }

    fn drop_oldest(&mut self) -> Option<OrderState> {
        let oldest = self.orders.pop_front()?;
        self.dropped += 1;
        self.places.remove(&oldest.accepted);
        // An account's orders are dropped in the order in which they closed, so its oldest goes.
        if let Some(places) = self.by_account.get_mut(&oldest.account) {
            places.pop_front();
            if places.is_empty() {
                self.by_account.remove(&oldest.account);
            }
        }
        Some(oldest)
    }
}
