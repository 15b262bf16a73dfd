//! Accounts: what they may do, which orders they have open, and what they own.

mod balances;

pub use balances::Balance;
pub(crate) use balances::Balances;

use crate::book::NONE;
use crate::command::Permissions;
use crate::ids::AccountId;
use crate::risk::Profile;

/// One account.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Account {
    /// Whether it was opened; the table has gaps.
    pub(crate) opened: bool,
    pub(crate) permissions: Permissions,
    /// Whether its kill switch is on.
    pub(crate) killed: bool,
    /// Accounts of the same group have one owner; 0 for an owner of this account only.
    pub(crate) group: u32,
    /// How many orders it has open.
    pub(crate) open_orders: u32,
    /// Its open order that was accepted first, or `NONE`; the others follow through `Detail::newer`.
    pub(crate) oldest: u32,
    /// Its open order that was accepted last, or `NONE`.
    pub(crate) newest: u32,
    /// What it may risk.
    pub(crate) risk: Profile,
}

impl Account {
    /// Whether it has limits, and its open orders are tracked.
    #[inline]
    pub(crate) const fn is_limited(&self) -> bool {
        self.risk.limits != crate::risk::NONE
    }

    fn vacant() -> Self {
        Self {
            opened: false,
            permissions: Permissions::default(),
            killed: false,
            group: 0,
            open_orders: 0,
            oldest: NONE,
            newest: NONE,
            risk: Profile::default(),
        }
    }
}

const _: () = assert!(size_of::<Account>() <= 64, "an account is one cache line");

const PAGE_BITS: u32 = 12;
const PAGE_ACCOUNTS: usize = 1 << PAGE_BITS;

/// All accounts, by number, in pages that are made when the first account on them is opened.
#[derive(Clone)]
pub(crate) struct Accounts {
    pages: Vec<Box<[Account]>>,
    /// How many are opened.
    count: usize,
}

impl Accounts {
    /// Account numbers end below this.
    pub(crate) const END: u32 = 1 << 24;

    /// The venue's own account exists from the start.
    pub(crate) fn new() -> Self {
        let mut accounts = Self { pages: vec![Box::default(); (Self::END >> PAGE_BITS) as usize], count: 0 };
        accounts.open(AccountId::VENUE);
        accounts
    }

    #[inline]
    const fn place(id: AccountId) -> (usize, usize) {
        ((id.get() >> PAGE_BITS) as usize, (id.get() as usize) & (PAGE_ACCOUNTS - 1))
    }

    /// An opened account.
    #[inline]
    pub(crate) fn get(&self, id: AccountId) -> Option<&Account> {
        let (page, at) = Self::place(id);
        self.pages.get(page)?.get(at).filter(|account| account.opened)
    }

    /// An opened account. Panics when it was never opened: callers have looked it up.
    #[inline]
    pub(crate) fn opened(&self, id: AccountId) -> &Account {
        let (page, at) = Self::place(id);
        &self.pages[page][at]
    }

    /// An opened account, to change. Panics when it was never opened: callers have looked it up.
    #[inline]
    pub(crate) fn opened_mut(&mut self, id: AccountId) -> &mut Account {
        let (page, at) = Self::place(id);
        &mut self.pages[page][at]
    }

    /// How many are opened.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Opens an account, or finds it open.
    pub(crate) fn open(&mut self, id: AccountId) -> &mut Account {
        let (page, at) = Self::place(id);
        let page = &mut self.pages[page];
        if page.is_empty() {
            *page = vec![Account::vacant(); PAGE_ACCOUNTS].into_boxed_slice();
        }
        let account = &mut page[at];
        self.count += usize::from(!account.opened);
        account.opened = true;
        account
    }

    /// Every opened account in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        let pages = (0_u32..).step_by(PAGE_ACCOUNTS).zip(&self.pages);
        pages.flat_map(|(first, page)| (first..).map(AccountId::new).zip(page)).filter(|(_, account)| account.opened)
    }
}

#[cfg(test)]
mod tests;
