//! Orders and their owners: holds, lists, pairs, permissions, running figures, and what is due.

use std::collections::BTreeMap;

use super::AuditError;
use crate::book::NONE;
use crate::command::Side;
use crate::exchange::Exchange;
use crate::ids::{AccountId, AssetId, InstrumentId};
use crate::units::{Amount, Timestamp};

impl Exchange {
    /// Each account's list leads through all its open orders, both ways.
    pub(super) fn audit_lists(&self) -> Result<(), AuditError> {
        let mut listed = 0;
        for (id, account) in self.accounts.iter() {
            let (mut older, mut slot, mut count) = (NONE, account.oldest, 0);
            while slot != NONE {
                let (node, detail) = (self.orders.node(slot), self.orders.detail(slot));
                if node.leaves == 0 || node.account != id || detail.older != older || count >= self.orders.open() {
                    return Err(AuditError::Orders("an account's list is broken"));
                }
                count += 1;
                (older, slot) = (slot, detail.newer);
            }
            if account.newest != older || account.open_orders as usize != count {
                return Err(AuditError::Orders("accounts count other orders than there are"));
            }
            listed += count;
        }
        if listed == self.orders.open() { Ok(()) } else { Err(AuditError::Orders("an order is in no list")) }
    }

    /// Owners may trade, balance slots are the owner's, pairs are pairs.
    pub(super) fn audit_orders(&self) -> Result<(), AuditError> {
        for slot in self.open_slots() {
            let (node, detail) = (self.orders.node(slot), self.orders.detail(slot));
            let account = self.accounts.get(node.account);
            if !account.is_some_and(|account| account.permissions.trade && !account.killed) {
                return Err(AuditError::Permission(self.orders.id(slot)));
            }
            let listing = &self.instruments[detail.instrument.get() as usize].listing;
            let own = |slot, asset| self.balances.owner(slot) == (node.account, asset);
            if !own(detail.base, listing.base) || !own(detail.quote, listing.quote) {
                return Err(AuditError::Orders("an order holds of a balance that is not its owner's"));
            }
            if detail.tracked != self.is_tracked(node.account) {
                return Err(AuditError::Figures(node.account));
            }
            self.audit_pair(slot)?;
        }
        Ok(())
    }

    fn audit_pair(&self, slot: u32) -> Result<(), AuditError> {
        let terms = self.orders.terms(slot);
        if terms.pair == NONE {
            return if terms.second { Err(AuditError::Pair(self.orders.id(slot))) } else { Ok(()) };
        }
        let (other, back) = (terms.pair, self.orders.terms(terms.pair));
        let (detail, facing) = (self.orders.detail(slot), self.orders.detail(other));
        let alike = detail.instrument == facing.instrument
            && detail.side == facing.side
            && self.orders.node(slot).account == self.orders.node(other).account;
        let mutual = back.pair == slot && back.second != terms.second && self.orders.node(other).leaves > 0;
        if alike && mutual { Ok(()) } else { Err(AuditError::Pair(self.orders.id(slot))) }
    }

    pub(super) fn audit_holds(&self) -> Result<(), AuditError> {
        let mut needs: BTreeMap<(AccountId, AssetId), i128> = BTreeMap::new();
        for slot in self.open_slots() {
            let detail = self.orders.detail(slot);
            let listing = &self.instruments[detail.instrument.get() as usize].listing;
            let asset = match detail.side {
                Side::Buy => listing.quote,
                Side::Sell => listing.base,
            };
            let need = needs.entry((self.orders.node(slot).account, asset)).or_default();
            *need += i128::from(self.held_of(slot).minor());
        }
        for (account, asset, balance) in self.balances.sorted() {
            let needed = needs.remove(&(account, asset)).unwrap_or_default();
            if i128::from(balance.held.minor()) != needed {
                return Err(AuditError::Hold { account, asset, held: balance.held, needed });
            }
        }
        match needs.into_iter().find(|&(_, needed)| needed != 0) {
            None => Ok(()),
            Some(((account, asset), needed)) => Err(AuditError::Hold { account, asset, held: Amount::ZERO, needed }),
        }
    }

    /// Bids by instrument and exposure by currency of accounts with limits.
    pub(super) fn audit_figures(&self) -> Result<(), AuditError> {
        let mut bids: BTreeMap<(AccountId, InstrumentId), i64> = BTreeMap::new();
        let mut exposures: BTreeMap<(AccountId, AssetId), i128> = BTreeMap::new();
        for slot in self.open_slots() {
            let (account, detail) = (self.orders.node(slot).account, self.orders.detail(slot));
            if !detail.tracked {
                continue;
            }
            let quote = self.instruments[detail.instrument.get() as usize].listing.quote;
            *exposures.entry((account, quote)).or_default() += i128::from(self.notional_of(slot).minor());
            if detail.side == Side::Buy {
                let lots = self.leaves_of(slot).lots().cast_signed();
                *bids.entry((account, detail.instrument)).or_default() += lots;
            }
        }
        for (account, it) in self.accounts.iter() {
            let Some(limits) = self.risks.limits.get(it.risk.limits as usize) else { continue };
            let counted = limits.positions.iter().map(|position| (position.instrument, position.bids));
            let right = counted.into_iter().all(|(id, lots)| bids.remove(&(account, id)).unwrap_or_default() == lots)
                && limits
                    .exposures
                    .iter()
                    .all(|&(asset, value)| exposures.remove(&(account, asset)).unwrap_or_default() == value);
            if !right {
                return Err(AuditError::Figures(account));
            }
        }
        match bids.keys().map(|key| key.0).chain(exposures.keys().map(|key| key.0)).next() {
            None => Ok(()),
            Some(account) => Err(AuditError::Figures(account)),
        }
    }

    /// Every order that ends at a time is due then, and nothing else is.
    pub(super) fn audit_due(&self) -> Result<(), AuditError> {
        let mut ending = 0;
        for slot in self.open_slots() {
            let expires = self.orders.terms(slot).expires;
            if expires == Timestamp::default() {
                continue;
            }
            if self.expiry_of(slot) != Some((self.orders.id(slot), expires)) {
                return Err(AuditError::Due("an order's end is missing or at another time"));
            }
            ending += 1;
        }
        if self.expiries() == ending { Ok(()) } else { Err(AuditError::Due("an order's end has no order")) }
    }
}
