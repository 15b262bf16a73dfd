//! Accounts of the model: permissions, movements, totals and holds.

use cx_engine::Event;
use cx_engine::command::{AssetClass, CommandKind, Movement, SetPermissions, Side};
use cx_engine::event::PermissionsSet;
use cx_engine::ids::{AccountId, AssetId};
use cx_engine::reject::{CancelReason, Reject};

use super::venue::Account;
use super::{BALANCE_MAX, Model, index};

/// What came in and went out of an asset since the beginning.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Flow {
    /// Deposits and issues.
    pub inflow: i128,
    /// Withdrawals.
    pub outflow: i128,
    /// Retirements.
    pub retired: i128,
}

impl Flow {
    /// What the accounts hold together.
    pub fn supply(self) -> i128 {
        self.inflow - self.outflow - self.retired
    }
}

impl Model {
    /// What is available and what is held of one asset on one account.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> (i128, i128) {
        let total = self.totals.get(&(account, asset)).copied().unwrap_or(0);
        let held = self.held(account, asset);
        assert!(held <= total, "{account:?} holds {held} of {asset:?} and owns {total}");
        (total - held, held)
    }

    /// All balances that are not nothing, sorted.
    pub fn balances(&self) -> Vec<(AccountId, AssetId, (i128, i128))> {
        let owned = self.totals.iter().filter(|&(_, &total)| total != 0);
        owned.map(|(&(account, asset), _)| (account, asset, self.balance(account, asset))).collect()
    }

    /// What came in and went out of an asset.
    pub fn flow(&self, asset: AssetId) -> Flow {
        self.flows[index(asset.get())]
    }

    /// Panics when the totals of an asset are not what came in minus what went out.
    pub fn assert_conserved(&self) {
        let mut sums = vec![0_i128; self.assets.len()];
        for (&(_, asset), total) in &self.totals {
            assert!(*total >= 0);
            sums[index(asset.get())] += total;
        }
        for (asset, sum) in sums.into_iter().enumerate() {
            assert_eq!(sum, self.flows[asset].supply(), "asset {asset} is not conserved");
        }
    }

    /// Panics when an instrument that matches has a crossed book, or a stop that the last price reaches.
    pub fn assert_at_rest(&self) {
        for listed in self.instruments() {
            let instrument = listed.instrument;
            if !self.is_continuous(instrument) {
                continue;
            }
            let book = &self.venue(instrument).book;
            if let (Some(bid), Some(ask)) = (book.best_price(Side::Buy), book.best_price(Side::Sell)) {
                assert!(bid < ask, "{instrument:?} is crossed: {bid:?} and {ask:?}");
            }
            assert!(self.stops_at_rest(instrument), "{instrument:?} has a stop that should have gone off");
        }
    }

    fn held(&self, account: AccountId, asset: AssetId) -> i128 {
        let Some(owner) = self.accounts.get(&account) else { return 0 };
        let orders = owner.orders.iter().map(|slot| &self.orders[slot]);
        let of_asset = orders.filter(|order| order.held_asset(&self.venue(order.instrument).listed) == asset);
        of_asset.map(|order| self.hold_of(order)).sum()
    }

    pub(super) fn available(&self, account: AccountId, asset: AssetId) -> i128 {
        self.balance(account, asset).0
    }

    pub(super) fn credit(&mut self, account: AccountId, asset: AssetId, amount: i128) {
        *self.totals.entry((account, asset)).or_default() += amount;
    }

    pub(super) fn set_permissions(&mut self, set: SetPermissions, out: &mut Vec<Event>) -> Result<(), Reject> {
        if set.account == AccountId::VENUE {
            return Err(Reject::ReservedAccount);
        }
        if set.account.get() >= 1 << 24 {
            return Err(Reject::LimitReached);
        }
        let account = self.accounts.entry(set.account).or_insert_with(|| Account::new(set.account));
        account.permissions = set.permissions;
        if !set.permissions.trade {
            self.cancel_orders_of(set.account, None, None, CancelReason::PermissionRevoked, out);
        }
        out.push(Event::PermissionsSet(PermissionsSet { account: set.account, permissions: set.permissions }));
        Ok(())
    }

    pub(super) fn deposit(&mut self, movement: Movement, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.check_movement(CommandKind::Deposit, movement)?;
        self.bring_in(movement);
        out.push(Event::Deposited(movement));
        Ok(())
    }

    pub(super) fn issue(&mut self, movement: Movement, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.check_movement(CommandKind::Issue, movement)?;
        self.bring_in(movement);
        out.push(Event::Issued(movement));
        Ok(())
    }

    pub(super) fn withdraw(&mut self, movement: Movement, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.check_movement(CommandKind::Withdraw, movement)?;
        self.check_available(movement)?;
        self.credit(movement.account, movement.asset, -amount(movement));
        self.flows[index(movement.asset.get())].outflow += amount(movement);
        self.remember(CommandKind::Withdraw, movement);
        out.push(Event::Withdrawn(movement));
        Ok(())
    }

    pub(super) fn retire(&mut self, movement: Movement, out: &mut Vec<Event>) -> Result<(), Reject> {
        self.check_movement(CommandKind::Retire, movement)?;
        self.check_available(movement)?;
        self.credit(movement.account, movement.asset, -amount(movement));
        self.flows[index(movement.asset.get())].retired += amount(movement);
        self.remember(CommandKind::Retire, movement);
        out.push(Event::Retired(movement));
        Ok(())
    }

    fn bring_in(&mut self, movement: Movement) {
        self.credit(movement.account, movement.asset, amount(movement));
        self.flows[index(movement.asset.get())].inflow += amount(movement);
    }

    /// The checks that all movements share, in the order of the rules. A movement that brings in is remembered here,
    /// for nothing can refuse it afterwards.
    fn check_movement(&mut self, kind: CommandKind, movement: Movement) -> Result<(), Reject> {
        let Movement { account, asset, reference, .. } = movement;
        if account == AccountId::VENUE && kind != CommandKind::Withdraw {
            return Err(Reject::ReservedAccount);
        }
        let withdraw = self.known(account)?.permissions.withdraw;
        let asset_class = self.asset(asset)?.class;
        if matches!(kind, CommandKind::Issue | CommandKind::Retire) && asset_class != AssetClass::Credit {
            return Err(Reject::WrongAssetClass);
        }
        let comes_in = matches!(kind, CommandKind::Deposit | CommandKind::Issue);
        let came_in = self.flow(asset).inflow;
        if amount(movement) <= 0 || (comes_in && came_in + amount(movement) > BALANCE_MAX) {
            return Err(Reject::InvalidAmount);
        }
        if reference > 0 && self.references.contains(&(kind.number(), reference)) {
            return Err(Reject::DuplicateReference);
        }
        if kind == CommandKind::Withdraw && !withdraw && account != AccountId::VENUE {
            return Err(Reject::WithdrawalNotPermitted);
        }
        if comes_in {
            self.remember(kind, movement);
        }
        Ok(())
    }

    fn check_available(&self, movement: Movement) -> Result<(), Reject> {
        if amount(movement) <= self.available(movement.account, movement.asset) {
            return Ok(());
        }
        Err(match self.asset(movement.asset)?.class {
            AssetClass::Cash => Reject::InsufficientFunds,
            AssetClass::Credit => Reject::InsufficientCredits,
        })
    }

    fn remember(&mut self, kind: CommandKind, movement: Movement) {
        if movement.reference > 0 {
            self.references.insert((kind.number(), movement.reference));
        }
    }
}

fn amount(movement: Movement) -> i128 {
    i128::from(movement.amount.minor())
}
