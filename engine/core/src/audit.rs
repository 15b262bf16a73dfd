//! Invariants, checked over the whole state: what must hold after every command, whatever the commands were.

use std::collections::BTreeMap;

use crate::book::{Ladder, NONE, price_of};
use crate::command::Side;
use crate::exchange::Exchange;
use crate::ids::{AccountId, AssetId, InstrumentId, OrderId};
use crate::units::{Amount, Quantity};

/// A broken invariant: the state can no longer be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Balances do not sum to what came in less what went out.
    #[error("asset {asset:?}: balances sum to {balances}, supply is {supply}")]
    Supply {
        /// The asset.
        asset: AssetId,
        /// Sum over accounts.
        balances: i128,
        /// Inflow less outflow less retired.
        supply: i128,
    },
    /// A balance is negative.
    #[error("account {0:?} has a negative balance of asset {1:?}")]
    Negative(AccountId, AssetId),
    /// What is held is not what open orders need.
    #[error("account {account:?} holds {held:?} of asset {asset:?}, its open orders need {needed}")]
    Hold {
        /// The account.
        account: AccountId,
        /// The asset.
        asset: AssetId,
        /// What is held.
        held: Amount,
        /// What its open orders need, in minor units.
        needed: i128,
    },
    /// Best bid and best ask cross.
    #[error("instrument {0:?}: the book is crossed")]
    Crossed(InstrumentId),
    /// A level's queue or total is wrong.
    #[error("instrument {0:?}: a level disagrees with its orders: {1}")]
    Level(InstrumentId, &'static str),
    /// An open order is in no queue, or is counted wrongly.
    #[error("open orders: {0}")]
    Orders(&'static str),
    /// An open order belongs to an account that may not trade.
    #[error("order {0:?} of an account without permission to trade is open")]
    Permission(OrderId),
}

impl Exchange {
    /// Checks every invariant: conservation, holds, books, queues, permissions. Linear in the size of the state.
    pub fn audit(&self) -> Result<(), AuditError> {
        self.audit_supply()?;
        self.audit_holds()?;
        let mut queued = 0;
        for instrument in &self.instruments {
            let id = instrument.listing.instrument;
            let (bid, ask) = (instrument.book.side(Side::Buy).best(), instrument.book.side(Side::Sell).best());
            if bid != Ladder::NO_KEY && ask != Ladder::NO_KEY && -bid >= ask {
                return Err(AuditError::Crossed(id));
            }
            for side in [Side::Buy, Side::Sell] {
                queued += self.audit_side(id, side)?;
            }
        }
        if queued != self.orders.open() {
            return Err(AuditError::Orders("not every open order is in a queue"));
        }
        let counted: u64 = self.accounts.iter().map(|(_, account)| u64::from(account.open_orders)).sum();
        if counted != queued as u64 {
            return Err(AuditError::Orders("accounts count other orders than there are"));
        }
        Ok(())
    }

    fn audit_supply(&self) -> Result<(), AuditError> {
        let mut sums: BTreeMap<AssetId, i128> = BTreeMap::new();
        for (account, asset, balance) in self.balances.sorted() {
            if balance.available < Amount::ZERO || balance.held < Amount::ZERO {
                return Err(AuditError::Negative(account, asset));
            }
            *sums.entry(asset).or_default() += i128::from(balance.available.minor()) + i128::from(balance.held.minor());
        }
        for asset in &self.assets {
            let balances = sums.get(&asset.asset).copied().unwrap_or_default();
            let supply = i128::from(self.supply(asset.asset).outstanding().minor());
            if balances != supply {
                return Err(AuditError::Supply { asset: asset.asset, balances, supply });
            }
        }
        Ok(())
    }

    fn audit_holds(&self) -> Result<(), AuditError> {
        let mut needs: BTreeMap<(AccountId, AssetId), i128> = BTreeMap::new();
        for order in self.open_orders() {
            if !self.permissions(order.account).is_some_and(|permissions| permissions.trade) {
                return Err(AuditError::Permission(order.order));
            }
            let instrument = &self.instruments[order.instrument.get() as usize];
            let asset = match order.side {
                Side::Buy => instrument.listing.quote,
                Side::Sell => instrument.listing.base,
            };
            let need = needs.entry((order.account, asset)).or_default();
            *need += i128::from(instrument.hold_of(order.side, order.price, order.leaves).minor());
        }
        for (account, asset, balance) in self.balances.sorted() {
            let needed = needs.remove(&(account, asset)).unwrap_or_default();
            if i128::from(balance.held.minor()) != needed {
                return Err(AuditError::Hold { account, asset, held: balance.held, needed });
            }
        }
        match needs.pop_first() {
            None => Ok(()),
            Some(((account, asset), needed)) => Err(AuditError::Hold { account, asset, held: Amount::ZERO, needed }),
        }
    }

    /// Walks one side; gives how many orders are queued on it.
    fn audit_side(&self, id: InstrumentId, side: Side) -> Result<usize, AuditError> {
        let ladder = self.instruments[id.get() as usize].book.side(side);
        let (mut levels, mut queued, mut key) = (0, 0, ladder.best());
        while key != Ladder::NO_KEY {
            let level = ladder.level(key).ok_or(AuditError::Level(id, "an occupied level is missing"))?;
            let (mut sum, mut last, mut slot) = (Quantity::ZERO, NONE, level.head);
            while slot != NONE {
                let (node, detail) = (self.orders.node(slot), self.orders.detail(slot));
                if node.leaves == 0 || node.key != key || node.prev != last {
                    return Err(AuditError::Level(id, "a queue is broken"));
                }
                if detail.instrument != id || detail.side != side || node.leaves > detail.quantity {
                    return Err(AuditError::Level(id, "an order is in the wrong queue"));
                }
                sum = sum.plus(Quantity::from_lots(node.leaves));
                queued += 1;
                (last, slot) = (slot, node.next);
            }
            if level.tail != last || sum.is_zero() || sum.lots() != level.quantity {
                return Err(AuditError::Level(id, "its total or tail is wrong"));
            }
            levels += 1;
            let next = ladder.next_after(key);
            if next <= key || price_of(side, key).ticks() < 1 {
                return Err(AuditError::Level(id, "levels are out of order"));
            }
            key = next;
        }
        if levels == ladder.len() { Ok(queued) } else { Err(AuditError::Level(id, "a level cannot be reached")) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
