//! Pages of accounts: what a distant number costs, and the order of reading.
#![allow(clippy::unwrap_used)]

use super::{Account, Accounts, PAGE_ACCOUNTS};
use crate::ids::AccountId;

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
