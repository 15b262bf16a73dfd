//! What the venue's staff decides about an account: its group, and its kill switch.

use crate::command::CommandKind;
use crate::control::{Kill, SetGroup};
use crate::event::Event;
use crate::exchange::{Exchange, refused};
use crate::ids::OrderId;
use crate::reject::CancelReason;

impl Exchange {
    pub(crate) fn set_group(&mut self, set: SetGroup, events: &mut Vec<Event>) {
        if let Some(reason) = self.refuse_account(set.account) {
            return events.push(refused(CommandKind::SetGroup, set.account, OrderId::NONE, 0, reason));
        }
        self.accounts.opened_mut(set.account).group = set.group;
        events.push(Event::GroupSet(set));
    }

    pub(crate) fn kill(&mut self, kill: Kill, events: &mut Vec<Event>) {
        let Kill { account, killed } = kill;
        if let Some(reason) = self.refuse_account(account) {
            return events.push(refused(CommandKind::Kill, account, OrderId::NONE, 0, reason));
        }
        self.accounts.opened_mut(account).killed = killed;
        let count =
            if killed { self.cancel_orders_of(account, None, None, CancelReason::KillSwitch, events) } else { 0 };
        events.push(Event::AccountKilled { account, killed, count });
    }
}
