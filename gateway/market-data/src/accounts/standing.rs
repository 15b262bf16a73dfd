//! What the venue's staff decided about accounts: limits, groups, kill switches.

use super::Accounts;
use cx_engine::Event;
use cx_engine::control::SetLimits;
use cx_engine::ids::{AccountId, InstrumentId};
use cx_engine::units::Quantity;
use crate::map::HashMap;
use std::collections::BTreeMap;

/// What is in force for one account.
#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
struct Standing {
    limits: Option<SetLimits>,
    positions: BTreeMap<InstrumentId, Quantity>,
    group: u32,
    killed: bool,
}

/// What is in force for accounts about which something was decided.
#[derive(Clone, Debug, Default, bincode::Encode, bincode::Decode)]
pub(super) struct Standings(HashMap<AccountId, Standing>);

impl Standings {
    /// Takes the next event; those that decide nothing about an account are passed over.
    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::LimitsSet(set) => self.of(set.account).limits = Some(*set),
            Event::GroupSet(set) => self.of(set.account).group = set.group,
            Event::AccountKilled { account, killed, .. } => self.of(*account).killed = *killed,
            Event::PositionLimitSet(set) => {
                let positions = &mut self.of(set.account).positions;
                if set.position_max.is_zero() {
                    positions.remove(&set.instrument);
                } else {
                    positions.insert(set.instrument, set.position_max);
                }
            }
            _ => {}
        }
    }

    fn of(&mut self, account: AccountId) -> &mut Standing {
        self.0.entry(account).or_default()
    }
}

impl Accounts {
    /// The limits last set for the account; zero in a field is "no limit". `None` when none ever were.
    pub fn limits(&self, account: AccountId) -> Option<SetLimits> {
        self.standings.0.get(&account)?.limits
    }

    /// The account's group of one owner; 0 for an owner of this account only.
    pub fn group(&self, account: AccountId) -> u32 {
        self.standings.0.get(&account).map_or(0, |found| found.group)
    }

    /// Whether the account is stopped by its kill switch.
    pub fn killed(&self, account: AccountId) -> bool {
        self.standings.0.get(&account).is_some_and(|found| found.killed)
    }

    /// The account's position limits in lots, by instrument.
    pub fn position_limits(&self, account: AccountId) -> impl Iterator<Item = (InstrumentId, Quantity)> {
        let found = self.standings.0.get(&account).into_iter();
        found.flat_map(|found| found.positions.iter().map(|(&instrument, &most)| (instrument, most)))
    }
}
