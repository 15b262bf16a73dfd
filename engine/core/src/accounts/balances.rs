//! Balances: one pair of amounts per account and asset, reached through a slot number once it was looked up.

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
    /// Slots by owner, open addressing; at least twice as many places as balances, a power of two, or none at all.
    index: Vec<Place>,
}

/// A place of the index, with what it is compared with: one cache line is touched to find a slot.
#[derive(Clone, Copy)]
struct Place {
    key: u64,
    /// [`Balances::NOWHERE`] when vacant.
    slot: u32,
}

#[inline]
const fn key_of(account: AccountId, asset: AssetId) -> u64 {
    ((account.get() as u64) << 32) | asset.get() as u64
}

/// Where a key is looked for first, among a power of two places. A fixed mixing function: the same on every machine and run. Account
/// and asset numbers are the venue's own, so nobody outside can choose colliding ones.
#[inline]
#[allow(clippy::cast_possible_truncation)] // a place fits
const fn home(key: u64, places: usize) -> usize {
    let spread = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (spread ^ (spread >> 32)) as usize & (places - 1)
}

impl Balances {
    /// No slot: a balance that was never made.
    pub(crate) const NOWHERE: u32 = u32::MAX;
    const VACANT: Place = Place { key: 0, slot: Self::NOWHERE };
    const PLACES_MIN: usize = 16;

    /// The slot of a balance, [`Balances::NOWHERE`] when there is none.
    #[inline]
    pub(crate) fn find(&self, account: AccountId, asset: AssetId) -> u32 {
        let key = key_of(account, asset);
        let places = self.index.len();
        if places == 0 {
            return Self::NOWHERE;
        }
        let mut at = home(key, places);
        loop {
            let place = &self.index[at & (places - 1)];
            if place.key == key || place.slot == Self::NOWHERE {
                return place.slot;
            }
            at += 1;
        }
    }

    /// The slot of a balance, made with nothing in it when there is none.
    #[inline]
    pub(crate) fn slot(&mut self, account: AccountId, asset: AssetId) -> u32 {
        match self.find(account, asset) {
            Self::NOWHERE => self.make(account, asset),
            slot => slot,
        }
    }

    #[cold]
    fn make(&mut self, account: AccountId, asset: AssetId) -> u32 {
        let slot = u32::try_from(self.amounts.len()).expect("balances fit in 32 bits");
        assert!(slot != Self::NOWHERE, "the last number says that there is none");
        self.owners.push((account, asset));
        self.amounts.push(Balance::default());
        if 2 * self.owners.len() > self.index.len() {
            self.index = vec![Self::VACANT; (2 * self.index.len()).max(Self::PLACES_MIN)];
            for (slot, &(account, asset)) in (0..).zip(&self.owners) {
                Self::enter(&mut self.index, Place { key: key_of(account, asset), slot });
            }
        } else {
            Self::enter(&mut self.index, Place { key: key_of(account, asset), slot });
        }
        slot
    }

    /// Puts a new key into the first vacant place from its home on.
    fn enter(index: &mut [Place], place: Place) {
        let mut at = home(place.key, index.len());
        while index[at].slot != Self::NOWHERE {
            at = (at + 1) & (index.len() - 1);
        }
        index[at] = place;
    }

    /// What an account has; nothing when it never had any.
    pub(crate) fn get(&self, account: AccountId, asset: AssetId) -> Balance {
        self.amounts.get(self.find(account, asset) as usize).copied().unwrap_or_default()
    }

    /// The balance in a slot.
    #[inline]
    pub(crate) fn at(&self, slot: u32) -> Balance {
        self.amounts[slot as usize]
    }

    /// What is available in a slot; nothing in [`Balances::NOWHERE`].
    #[inline]
    pub(crate) fn available(&self, slot: u32) -> Amount {
        self.amounts.get(slot as usize).map_or(Amount::ZERO, |balance| balance.available)
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
        let balance = &mut self.amounts[slot as usize];
        balance.available = balance.available.minus(amount);
        assert!(balance.available >= Amount::ZERO, "available below zero");
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

    /// Moves from held back to available.
    #[inline]
    pub(crate) fn release_all(&mut self, slot: u32, amount: Amount) {
        let balance = &mut self.amounts[slot as usize];
        balance.held = balance.held.minus(amount);
        balance.available = balance.available.plus(amount);
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
