//! Invariants, checked over the whole state: what must hold after every command, whatever the commands were.

mod books;
mod owners;

use std::collections::BTreeMap;

use crate::exchange::Exchange;
use crate::ids::{AccountId, AssetId, InstrumentId, OrderId};
use crate::units::Amount;

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
    /// Best bid and best ask cross in a phase in which orders match, or would.
    #[error("instrument {0:?}: the book is crossed")]
    Crossed(InstrumentId),
    /// A level's queue or total is wrong.
    #[error("instrument {0:?}: a level disagrees with its orders: {1}")]
    Level(InstrumentId, &'static str),
    /// An armed stop should have gone off, or followed the market.
    #[error("instrument {0:?}: a stop is not at rest: {1}")]
    Stop(InstrumentId, &'static str),
    /// An order is open that the instrument's phase does not leave open.
    #[error("instrument {0:?}: an order is open that its phase has ended")]
    Phase(InstrumentId),
    /// An open order is in no queue, or is counted wrongly.
    #[error("open orders: {0}")]
    Orders(&'static str),
    /// An open order belongs to an account that may not trade.
    #[error("order {0:?} of an account without permission to trade is open")]
    Permission(OrderId),
    /// A pair is not one of two orders of one account, instrument and side.
    #[error("order {0:?} and the one that it is paired with disagree")]
    Pair(OrderId),
    /// An order that ends at a time is not among what is due, or the reverse.
    #[error("what is due disagrees with the open orders: {0}")]
    Due(&'static str),
    /// What limits are compared with is not what is open.
    #[error("account {0:?}: running figures disagree with its open orders")]
    Figures(AccountId),
}

impl Exchange {
    /// Checks every invariant: conservation, holds, books, queues, stops, pairs, lists, figures, times, permissions. Linear in the
    /// size of the state, times its logarithm.
    pub fn audit(&self) -> Result<(), AuditError> {
        self.audit_supply()?;
        let mut queued = 0;
        for instrument in &self.instruments {
            queued += self.audit_books(instrument)?;
        }
        if queued != self.orders.open() {
            return Err(AuditError::Orders("not every open order is in a queue"));
        }
        self.audit_lists()?;
        self.audit_orders()?;
        self.audit_holds()?;
        self.audit_figures()?;
        self.audit_due()
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

    /// Slots of all open orders.
    fn open_slots(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.orders.slots()).filter(|&slot| self.orders.node(slot).leaves > 0)
    }
}

#[cfg(test)]
pub(crate) mod tests;
