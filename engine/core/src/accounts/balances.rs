//! Balances: one pair of amounts per account and asset, reached through a slot number once it was looked up.

use hashbrown::HashTable;

use crate::ids::{AccountId, AssetId};
use crate::units::Amount;

/// What an account has of one asset. Both parts are never negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, bincode::Encode, bincode::Decode)]
pub struct Balance {
    /// Free to trade, withdraw or retire.
    pub available: Amount,
    /// Set aside for open orders.
    pub held: Amount,
}

impl Balance {
    /// Available plus held.
    #[must_use]
    pub const fn total(self) -> Amount {
        self.available.plus(self.held)
    }
}

/// All balances. A slot number stays valid for the life of the exchange.
#[derive(Clone, Default)]
pub(crate) struct Balances {
    owners: Vec<(AccountId, AssetId)>,
    amounts: Vec<Balance>,
    index: HashTable<u32>,
}

/// A fixed mixing function: the same on every machine and run. Account and asset numbers are the venue's own, so nobody
/// outside can choose colliding ones.
#[inline]
fn mix(account: AccountId, asset: AssetId) -> u64 {
    let key = (u64::from(account.get()) << 32) | u64::from(asset.get());
    let spread = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    spread ^ (spread >> 32)
}

impl Balances {
    #[inline]
    fn find(&self, account: AccountId, asset: AssetId) -> Option<u32> {
        self.index.find(mix(account, asset), |&slot| self.owners[slot as usize] == (account, asset)).copied()
    }

    /// The slot of a balance, made with nothing in it when there is none.
    #[inline]
    pub(crate) fn slot(&mut self, account: AccountId, asset: AssetId) -> u32 {
        if let Some(slot) = self.find(account, asset) {
            return slot;
        }
        let slot = u32::try_from(self.amounts.len()).expect("balances fit in 32 bits");
        self.owners.push((account, asset));
        self.amounts.push(Balance::default());
        let owners = &self.owners;
        self.index.insert_unique(mix(account, asset), slot, |&slot| {
            let (account, asset) = owners[slot as usize];
            mix(account, asset)
        });
        slot
    }

    /// What an account has; nothing when it never had any.
    pub(crate) fn get(&self, account: AccountId, asset: AssetId) -> Balance {
        self.find(account, asset).map(|slot| self.amounts[slot as usize]).unwrap_or_default()
    }

    /// The balance in a slot.
    #[inline]
    pub(crate) fn at(&self, slot: u32) -> Balance {
        self.amounts[slot as usize]
    }

    /// Whose balance a slot is, and of what.
    pub(crate) fn owner(&self, slot: u32) -> (AccountId, AssetId) {
        self.owners[slot as usize]
    }

    /// Adds to what is available.
    #[inline]
    pub(crate) fn credit(&mut self, slot: u32, amount: Amount) {
        let balance = &mut self.amounts[slot as usize];
        balance.available = balance.available.plus(amount);
    }

    /// Takes from what is available. Panics when it is not there: callers have checked.
    #[inline]
    pub(crate) fn debit(&mut self, slot: u32, amount: Amount) {
        let balance = &mut self.amounts[slot as usize];
        balance.available = balance.available.minus(amount);
        assert!(balance.available >= Amount::ZERO, "available below zero");
    }

    /// Moves from available to held.
    #[inline]
    pub(crate) fn hold(&mut self, slot: u32, amount: Amount) {
        self.debit(slot, amount);
        let balance = &mut self.amounts[slot as usize];
        balance.held = balance.held.plus(amount);
    }

    /// Takes `amount` out of what is held and gives `back` of it to available; the difference was paid.
    #[inline]
    pub(crate) fn release(&mut self, slot: u32, amount: Amount, back: Amount) {
        assert!(back >= Amount::ZERO && back <= amount, "what comes back was held");
        let balance = &mut self.amounts[slot as usize];
        balance.held = balance.held.minus(amount);
        balance.available = balance.available.plus(back);
        assert!(balance.held >= Amount::ZERO, "held below zero");
    }

    /// Every balance that is not nothing, by account and asset.
    pub(crate) fn sorted(&self) -> Vec<(AccountId, AssetId, Balance)> {
        let mut all: Vec<_> = self
            .owners
            .iter()
            .zip(&self.amounts)
            .filter(|(_, balance)| **balance != Balance::default())
            .map(|(&(account, asset), &balance)| (account, asset, balance))
            .collect();
        all.sort_unstable_by_key(|&(account, asset, _)| (account, asset));
        all
    }

    /// Puts back a balance that a snapshot holds.
    pub(crate) fn restore(&mut self, account: AccountId, asset: AssetId, balance: Balance) {
        let slot = self.slot(account, asset);
        self.amounts[slot as usize] = balance;
    }
}
