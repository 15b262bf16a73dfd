//! What is due when: one heap of orders that end by themselves, one of accounts that must be heard of, and the plans.

use super::TIME_END;
use super::heap::Heap;
use super::plans::Plans;
use crate::command::{CancelAfter, CommandKind};
use crate::control::{Phase, SchedulePhase};
use crate::event::Event;
use crate::exchange::{Exchange, refused};
use crate::ids::{AccountId, InstrumentId, OrderId};
use crate::reject::{CancelReason, Reject};
use crate::units::Timestamp;

/// Everything that is due at some time.
#[derive(Clone, Default)]
pub(crate) struct Timers {
    /// Orders by handle.
    orders: Heap,
    /// Accounts by number.
    accounts: Heap,
    /// Ends of phases by instrument.
    ends: Heap,
    /// Planned phases.
    plans: Plans,
    /// Whether ends and plans wait because the market is halted.
    halted: bool,
    /// The earliest time at which something is due, if anything is; what every command looks at.
    next: Option<u64>,
    /// Instruments whose auctions must be looked at before the command ends.
    pub(super) stirred: Vec<InstrumentId>,
    /// Bid levels of an auction, while its price is sought.
    pub(super) levels: Vec<(i64, u64)>,
}

enum Due {
    Order(OrderId),
    Account(AccountId),
    End(InstrumentId),
    Plan(SchedulePhase),
}

/// The low half of a key, where the rest is zero.
fn number(key: u64) -> u32 {
    u32::try_from(key).expect("accounts and instruments have 32 bits")
}

impl Timers {
    fn refresh(&mut self) {
        let orders = self.orders.first().map(|(at, _)| at);
        let others = [orders, self.accounts.first().map(|(at, _)| at), self.next_turn()];
        self.next = others.into_iter().flatten().min();
    }

    /// When the next phase ends or is planned, unless they wait.
    fn next_turn(&self) -> Option<u64> {
        if self.halted {
            return None;
        }
        let ends = self.ends.first().map(|(at, _)| at);
        [ends, self.plans.first_time()].into_iter().flatten().min()
    }

    /// The earliest of what is due at `now`; at equal times orders, then accounts, then ends of phases, then plans.
    fn due(&self, now: u64) -> Option<Due> {
        let order = self.orders.first().map(|(at, key)| (at, Due::Order(OrderId::new(key))));
        let account = self.accounts.first().map(|(at, key)| (at, Due::Account(AccountId::new(number(key)))));
        let end = self.ends.first().map(|(at, key)| (at, Due::End(InstrumentId::new(number(key)))));
        let plan = self.plans.first().map(|plan| (plan.at.nanos(), Due::Plan(plan)));
        let (end, plan) = if self.halted { (None, None) } else { (end, plan) };
        // The first of equal ones is taken.
        let earliest = [order, account, end, plan].into_iter().flatten().min_by_key(|due| due.0);
        earliest.filter(|due| due.0 <= now).map(|due| due.1)
    }

    /// Plans the end of an instrument's phase, or takes it back.
    pub(super) fn change_end(&mut self, instrument: InstrumentId, ends: Timestamp) {
        if ends > Timestamp::default() {
            self.ends.put(ends.nanos(), u64::from(instrument.get()));
        } else {
            self.ends.remove(instrument.get());
        }
        self.refresh();
    }

    /// Makes room for what one more instrument has.
    pub(crate) fn instrument_listed(&mut self, instruments: usize) {
        let room = instruments.next_power_of_two();
        self.ends.make_room(room, room);
        self.stirred.reserve(instruments);
    }

    /// Makes room for what an account has, one of so many.
    pub(crate) fn account_opened(&mut self, account: AccountId, accounts: usize) {
        self.accounts.make_room((account.get() as usize + 1).next_power_of_two(), accounts.next_power_of_two());
    }

    pub(super) fn plan(&mut self, plan: SchedulePhase) {
        self.plans.put(plan);
        self.refresh();
    }

    /// Planned phases of an instrument, as they would come.
    pub(crate) fn plans(&self, instrument: InstrumentId) -> impl Iterator<Item = SchedulePhase> {
        self.plans.of(instrument)
    }

    pub(super) fn has_plan(&self, plan: &SchedulePhase) -> bool {
        self.plans(plan.instrument).any(|other| (other.at, other.phase) == (plan.at, plan.phase))
    }

    pub(super) fn clear_plans(&mut self, instrument: InstrumentId) {
        loop {
            let Some(plan) = self.plans.of(instrument).next() else { break };
            self.plans.take(&plan);
        }
        self.refresh();
    }

    /// Accounts that must be heard of, ascending, and when.
    pub(crate) fn cancel_afters(&self) -> impl Iterator<Item = (AccountId, Timestamp)> {
        let entry = |(at, key)| (AccountId::new(number(key)), Timestamp::from_nanos(at));
        let mut all: Vec<_> = self.accounts.iter().map(entry).collect();
        all.sort_unstable();
        all.into_iter()
    }

    pub(super) fn set_halted(&mut self, halted: bool) {
        self.halted = halted;
        self.refresh();
    }
}

impl Exchange {
    /// When the next of what is due by itself comes: the server sends a `Tick` then.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.next.map(Timestamp::from_nanos)
    }

    /// Does what is due at or before now, earliest first.
    #[inline]
    pub(crate) fn run_timers(&mut self, events: &mut Vec<Event>) {
        if self.timers.next.is_some_and(|at| at <= self.now.nanos()) {
            self.run_due(events);
        }
    }

    #[cold]
    fn run_due(&mut self, events: &mut Vec<Event>) {
        while let Some(due) = self.timers.due(self.now.nanos()) {
            match due {
                Due::Order(order) => self.end_order(order.slot(), CancelReason::Expired, events),
                Due::Account(account) => {
                    self.timers.accounts.remove(account.get());
                    self.timers.refresh();
                    let count = self.cancel_orders_of(account, None, None, CancelReason::CancelAfter, events);
                    events.push(Event::AllCancelled { account, count });
                }
                Due::End(instrument) => self.end_phase(instrument, events),
                Due::Plan(plan) => self.run_plan(plan, events),
            }
        }
    }

    fn run_plan(&mut self, plan: SchedulePhase, events: &mut Vec<Event>) {
        let SchedulePhase { instrument, phase, at, every_ns } = plan;
        self.timers.plans.take(&plan);
        if let Some(periods) = (self.now.nanos() - at.nanos()).checked_div(every_ns) {
            // The first of its times after now.
            let next = u128::from(at.nanos()) + (u128::from(periods) + 1) * u128::from(every_ns);
            if let Some(next) = u64::try_from(next).ok().filter(|&next| next < TIME_END) {
                self.timers.plans.put(SchedulePhase { at: Timestamp::from_nanos(next), ..plan });
            }
        }
        self.timers.refresh();
        let now_in = self.instruments[instrument.get() as usize].session.phase;
        if !matches!(now_in, Phase::Suspended | Phase::Delisted) && now_in != phase {
            self.enter_in_time(instrument, phase, events);
        }
    }

    /// An order that was accepted ends at a time.
    pub(crate) fn expire_at(&mut self, slot: u32, order: OrderId, at: Timestamp) {
        debug_assert_eq!(slot, order.slot(), "the slot is the order's");
        if !self.timers.orders.has_room(slot) {
            // For as many as there can be before the slab of orders grows itself.
            self.timers.orders.make_room(self.orders.room(), self.orders.room());
        }
        self.timers.orders.put(at.nanos(), order.get());
        self.timers.refresh();
    }

    /// An order with an end has ended.
    pub(crate) fn forget_expiry(&mut self, slot: u32) {
        self.timers.orders.remove(slot);
        self.timers.refresh();
    }

    /// When an order ends by itself, for audits.
    pub(crate) fn expiry_of(&self, slot: u32) -> Option<(OrderId, Timestamp)> {
        self.timers.orders.get(slot).map(|(at, key)| (OrderId::new(key), Timestamp::from_nanos(at)))
    }

    /// How many orders end by themselves, for audits.
    pub(crate) const fn expiries(&self) -> usize {
        self.timers.orders.len()
    }

    pub(crate) fn set_cancel_after(&mut self, set: CancelAfter, events: &mut Vec<Event>) {
        let known = set.account != AccountId::VENUE && self.accounts.get(set.account).is_some();
        let clears = set.at == Timestamp::default();
        let ahead = set.at > self.now && set.at.nanos() < TIME_END;
        let refusal =
            if known { (!clears && !ahead).then_some(Reject::InvalidExpiry) } else { Some(Reject::UnknownAccount) };
        if let Some(reason) = refusal {
            return events.push(refused(CommandKind::CancelAfter, set.account, OrderId::NONE, 0, reason));
        }
        if clears {
            self.timers.accounts.remove(set.account.get());
        } else {
            self.timers.accounts.put(set.at.nanos(), u64::from(set.account.get()));
        }
        self.timers.refresh();
        events.push(Event::CancelAfterSet(set));
    }
}
