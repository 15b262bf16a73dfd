//! Accounts: what they may do, and what they own.

mod balances;

pub use balances::Balance;
pub(crate) use balances::Balances;

use crate::command::Permissions;
use crate::ids::AccountId;

/// One account.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    /// Whether it was opened; the table has gaps.
    pub(crate) opened: bool,
    pub(crate) permissions: Permissions,
    /// How many orders it has open, so that cancelling all can stop early.
    pub(crate) open_orders: u32,
}

/// All accounts, by number.
#[derive(Clone)]
pub(crate) struct Accounts {
    table: Vec<Account>,
}

impl Accounts {
    /// Account numbers end below this.
    pub(crate) const END: u32 = 1 << 24;

    /// The venue's own account exists from the start.
    pub(crate) fn new() -> Self {
        Self { table: vec![Account { opened: true, ..Account::default() }] }
    }

    /// An opened account.
    #[inline]
    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        self.table.get(id.get() as usize).filter(|account| account.opened)
    }

    /// An opened account, to change. Panics when it was never opened: callers have looked it up.
    #[inline]
    pub(crate) fn opened_mut(&mut self, id: AccountId) -> &mut Account {
        &mut self.table[id.get() as usize]
    }

    /// Opens an account, or finds it open.
    pub(crate) fn open(&mut self, id: AccountId) -> &mut Account {
        let at = id.get() as usize;
        if at >= self.table.len() {
            self.table.resize(at + 1, Account::default());
        }
        let account = &mut self.table[at];
        account.opened = true;
        account
    }

    /// Every opened account in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        let numbered = (0..).map(AccountId::new).zip(&self.table);
        numbered.filter(|(_, account)| account.opened)
    }
}
