//! Available and held amounts, moved by events as the core moves them.

use super::report::Fill;
use cx_engine::Balance;
use cx_engine::command::{Movement, Side};
use cx_engine::event::{InstrumentListed, TradeBusted};
use cx_engine::ids::{AccountId, AssetId, Seq};
use cx_engine::money;
use cx_engine::units::{Amount, Quantity, Timestamp};
use std::collections::BTreeMap;

use crate::map::HashMap;

/// A balance that a command changed, as the command left it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bincode::Encode, bincode::Decode)]
pub struct BalanceUpdate {
    /// Whose.
    pub account: AccountId,
    /// Number among the account's balance updates: from 1, without gaps.
    pub number: u64,
    /// The command.
    pub seq: Seq,
    /// Engine time of the command.
    pub time: Timestamp,
    /// Of which asset.
    pub asset: AssetId,
    /// The balance from here on.
    pub balance: Balance,
}

#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
struct Holder {
    balances: BTreeMap<AssetId, Entry>,
    updates: u64,
}

#[derive(Clone, Copy, Debug, Default, bincode::Encode, bincode::Decode)]
struct Entry {
    now: Balance,
    /// What it was before the current command, once that has touched it.
    before: Option<Balance>,
}

#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
pub(super) struct Ledger {
    holders: HashMap<AccountId, Holder>,
    /// Balances that the current command touched, each once.
    touched: Vec<(AccountId, AssetId)>,
}

impl Ledger {
    pub(super) fn balance(&self, account: AccountId, asset: AssetId) -> Balance {
        self.holders
            .get(&account)
            .and_then(|holder| holder.balances.get(&asset))
            .map_or_else(Balance::default, |e| e.now)
    }

    pub(super) fn balances_of(&self, account: AccountId) -> Vec<(AssetId, Balance)> {
        let balances = self.holders.get(&account).into_iter().flat_map(|holder| &holder.balances);
        balances
            .map(|(&asset, entry)| (asset, entry.now))
            .filter(|(_, balance)| *balance != Balance::default())
            .collect()
    }

    pub(super) fn balances(&self) -> Vec<(AccountId, AssetId, Balance)> {
        let mut all: Vec<_> = self
            .holders
            .keys()
            .flat_map(|&account| self.balances_of(account).into_iter().map(move |(asset, b)| (account, asset, b)))
            .collect();
        all.sort_unstable_by_key(|&(account, asset, _)| (account, asset));
        all
    }

    pub(super) fn number(&self, account: AccountId) -> u64 {
        self.holders.get(&account).map_or(0, |holder| holder.updates)
    }

    pub(super) fn credit(&mut self, movement: &Movement) {
        let balance = self.touch(movement.account, movement.asset);
        balance.available = balance.available.plus(movement.amount);
    }

    pub(super) fn debit(&mut self, movement: &Movement) {
        let balance = self.touch(movement.account, movement.asset);
        balance.available = balance.available.minus(movement.amount);
    }

    /// An order holds `after` from here on, where it held `before`.
    pub(super) fn change_hold(
        &mut self,
        account: AccountId,
        side: Side,
        before: Amount,
        after: Amount,
        terms: &InstrumentListed,
    ) {
        if before == after {
            return;
        }
        let balance = self.touch(account, held_asset(side, terms));
        let more = after.minus(before);
        balance.available = balance.available.minus(more);
        balance.held = balance.held.plus(more);
    }

    /// Settles one side of a trade.
    pub(super) fn settle(&mut self, account: AccountId, fill: &Fill, terms: &InstrumentListed) {
        let notional = money::notional(fill.price, fill.quantity, terms.tick_value).expect("the core settled it");
        let (fee, lots) = (Amount::from_minor(fill.fee), lots(fill.quantity));
        let cash = self.touch(account, terms.quote);
        cash.available = match fill.side {
            Side::Buy => cash.available.minus(notional.plus(fee)),
            Side::Sell => cash.available.plus(notional.minus(fee)),
        };
        let credits = self.touch(account, terms.base);
        credits.available = match fill.side {
            Side::Buy => credits.available.plus(lots),
            Side::Sell => credits.available.minus(lots),
        };
        let venue = self.touch(AccountId::VENUE, terms.quote);
        venue.available = venue.available.plus(fee);
    }

    /// Takes back what both sides of a trade moved.
    pub(super) fn reverse(&mut self, event: &TradeBusted, terms: &InstrumentListed) {
        let notional = money::notional(event.price, event.quantity, terms.tick_value).expect("the core settled it");
        let (buyer_fee, seller_fee) = (Amount::from_minor(event.buyer_fee), Amount::from_minor(event.seller_fee));
        let lots = lots(event.quantity);
        let mut add = |account, asset, amount: Amount| {
            let balance = self.touch(account, asset);
            balance.available = balance.available.plus(amount);
        };
        add(event.buyer, terms.quote, notional.plus(buyer_fee));
        add(event.buyer, terms.base, Amount::ZERO.minus(lots));
        add(event.seller, terms.quote, seller_fee.minus(notional));
        add(event.seller, terms.base, lots);
        add(AccountId::VENUE, terms.quote, Amount::ZERO.minus(buyer_fee.plus(seller_fee)));
    }

    /// Ends the command: numbers what it changed, by account and asset. Balances that ended as they were are left out.
    pub(super) fn seal(&mut self, seq: Seq, time: Timestamp, mut changed: impl FnMut(BalanceUpdate)) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        for &(account, asset) in &touched {
            let holder = self.holders.get_mut(&account).expect("touched balances exist");
            let entry = holder.balances.get_mut(&asset).expect("touched balances exist");
            let (balance, before) = (entry.now, entry.before.take());
            assert!(balance.available >= Amount::ZERO && balance.held >= Amount::ZERO, "a balance is below zero");
            if before != Some(balance) {
                holder.updates += 1;
                changed(BalanceUpdate { account, number: holder.updates, seq, time, asset, balance });
            }
        }
        touched.clear();
        self.touched = touched; // keeps its room
    }

    fn touch(&mut self, account: AccountId, asset: AssetId) -> &mut Balance {
        let entry = self.holders.entry(account).or_default().balances.entry(asset).or_default();
        if entry.before.is_none() {
            entry.before = Some(entry.now);
            self.touched.push((account, asset));
        }
        &mut entry.now
    }
}

/// Buys hold currency, sells hold credits.
fn held_asset(side: Side, terms: &InstrumentListed) -> AssetId {
    match side {
        Side::Buy => terms.quote,
        Side::Sell => terms.base,
    }
}

fn lots(quantity: Quantity) -> Amount {
    Amount::from_minor(i64::try_from(quantity.lots()).expect("a trade is at most 2^40 lots"))
}
