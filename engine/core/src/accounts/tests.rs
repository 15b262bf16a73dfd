//! Pages of accounts: what a distant number costs, and the order of reading. The index of balances.
#![allow(clippy::unwrap_used)]

use super::{Account, Accounts, Balance, Balances, PAGE_ACCOUNTS};
use crate::ids::{AccountId, AssetId};
use crate::units::Amount;

#[test]
fn a_distant_number_makes_one_page() {
    let mut accounts = Accounts::new();
    accounts.open(AccountId::new(Accounts::END - 1)).group = 7;
    let made = accounts.pages.iter().filter(|page| !page.is_empty()).count();
    assert_eq!(made, 2, "the venue's page and the last one");
    assert_eq!(accounts.get(AccountId::new(Accounts::END - 1)).unwrap().group, 7);
    assert!(accounts.get(AccountId::new(Accounts::END - 2)).is_none(), "its neighbour was not opened");
    assert!(accounts.get(AccountId::new(Accounts::END)).is_none());
    assert!(size_of::<Account>() * PAGE_ACCOUNTS <= 1 << 20, "a page is filled in microseconds");
}

#[test]
fn accounts_are_read_in_ascending_order() {
    let mut accounts = Accounts::new();
    for id in [9_000, 3, 4_095, 4_096, 1 << 23] {
        accounts.open(AccountId::new(id));
    }
    let ids: Vec<u32> = accounts.iter().map(|(id, _)| id.get()).collect();
    assert_eq!(ids, [0, 3, 4_095, 4_096, 9_000, 1 << 23]);
}

#[test]
fn balances_are_found_by_account_and_asset_however_many_there_are() {
    let mut balances = Balances::default();
    let owners = || {
        (0..300).flat_map(|account| (0..20).map(move |asset| (AccountId::new(account * 4_096), AssetId::new(asset))))
    };
    assert_eq!(balances.find(AccountId::VENUE, AssetId::new(0)), Balances::NOWHERE);
    for (at, (account, asset)) in owners().enumerate() {
        assert_eq!(balances.find(account, asset), Balances::NOWHERE);
        assert_eq!(balances.slot(account, asset) as usize, at, "slots are given in order");
        balances.credit(u32::try_from(at).unwrap(), Amount::from_minor(i64::try_from(at).unwrap() + 1));
    }
    for (at, (account, asset)) in owners().enumerate() {
        assert_eq!(balances.slot(account, asset) as usize, at, "it is found again");
        assert_eq!(balances.get(account, asset).available.minor(), i64::try_from(at).unwrap() + 1);
        assert_eq!(balances.owner(u32::try_from(at).unwrap()), (account, asset));
    }
    assert_eq!(balances.get(AccountId::new(1), AssetId::new(0)), Balance::default());
    assert_eq!(balances.available(Balances::NOWHERE), Amount::ZERO);
}
