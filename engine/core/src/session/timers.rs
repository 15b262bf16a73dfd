//! What is due when: one heap of orders that end by themselves, one of accounts that must be heard of, and the plans.

use std::collections::{BTreeMap, BTreeSet};

use super::TIME_END;
use super::heap::Heap;
use crate::command::{CancelAfter, CommandKind};
use crate::control::{Phase, SchedulePhase};
use crate::event::Event;
use crate::exchange::{Exchange, refused};
use crate::ids::{AccountId, InstrumentId, OrderId};
use crate::reject::{CancelReason, Reject};
use crate::units::Timestamp;

/// A change of phase: when, whether it is planned (or the end of the phase itself), where, and of a plan the phase's number.
type Turn = (u64, bool, InstrumentId, u8);

/// Everything that is due at some time.
#[derive(Clone, Default)]
pub(crate) struct Timers {
    /// Orders by handle.
    orders: Heap,
    /// Accounts by number.
    accounts: Heap,
    /// Planned phases with their periods.
    plans: BTreeMap<(InstrumentId, u64, u8), u64>,
    /// Plans and ends of phases in the order in which they are due.
    turns: BTreeSet<Turn>,
    /// Whether the turns wait because the market is halted.
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
    Turn(Turn),
}

impl Timers {
    fn refresh(&mut self) {
        let turn = if self.halted { None } else { self.turns.first().map(|turn| turn.0) };
        let others = [self.orders.first(), self.accounts.first()].into_iter().flatten().map(|(at, _)| at);
        self.next = others.chain(turn).min();
    }

    /// The earliest of what is due at `now`; at equal times orders, then accounts, then phases.
    fn due(&self, now: u64) -> Option<Due> {
        let order = self.orders.first().map(|(at, key)| (at, Due::Order(OrderId::new(key))));
        let account = |key: u64| AccountId::new(u32::try_from(key).expect("an account's number has 24 bits"));
        let account = self.accounts.first().map(|(at, key)| (at, Due::Account(account(key))));
        let turn = self.turns.first().filter(|_| !self.halted).map(|&turn| (turn.0, Due::Turn(turn)));
        // The first of equal ones is taken.
        let earliest = [order, account, turn].into_iter().flatten().min_by_key(|due| due.0);
        earliest.filter(|due| due.0 <= now).map(|due| due.1)
    }

    /// Plans and takes back the end of an instrument's phase.
    pub(super) fn change_end(&mut self, instrument: InstrumentId, before: Timestamp, after: Timestamp) {
        if before > Timestamp::default() {
            self.turns.remove(&(before.nanos(), false, instrument, 0));
        }
        if after > Timestamp::default() {
            self.turns.insert((after.nanos(), false, instrument, 0));
        }
        self.refresh();
    }

    pub(super) fn plan(&mut self, plan: SchedulePhase) {
        let SchedulePhase { instrument, phase, at, every_ns } = plan;
        self.plans.insert((instrument, at.nanos(), phase.number()), every_ns);
        self.turns.insert((at.nanos(), true, instrument, phase.number()));
        self.refresh();
    }

    /// Takes a plan out; gives its period.
    fn take_plan(&mut self, instrument: InstrumentId, at: u64, phase: u8) -> Option<u64> {
        self.turns.remove(&(at, true, instrument, phase));
        self.refresh();
        self.plans.remove(&(instrument, at, phase))
    }

    /// Planned phases of an instrument, as they would come.
    pub(crate) fn plans(&self, instrument: InstrumentId) -> impl Iterator<Item = SchedulePhase> + '_ {
        let all = self.plans.range((instrument, 0, 0)..=(instrument, u64::MAX, u8::MAX));
        all.map(|(&(instrument, at, phase), &every_ns)| SchedulePhase {
            instrument,
            phase: Phase::from_number(phase).expect("it was a phase when it was planned"),
            at: Timestamp::from_nanos(at),
            every_ns,
        })
    }

    pub(super) fn has_plan(&self, plan: &SchedulePhase) -> bool {
        self.plans.contains_key(&(plan.instrument, plan.at.nanos(), plan.phase.number()))
    }

    pub(super) fn clear_plans(&mut self, instrument: InstrumentId) {
        let mut next = self.plans(instrument).next();
        while let Some(plan) = next {
            self.take_plan(instrument, plan.at.nanos(), plan.phase.number());
            next = self.plans(instrument).next();
        }
    }

    /// Accounts that must be heard of, ascending, and when.
    pub(crate) fn cancel_afters(&self) -> impl Iterator<Item = (AccountId, Timestamp)> {
        let account = |key: u64| AccountId::new(u32::try_from(key).expect("an account's number has 24 bits"));
        let mut all: Vec<_> = self.accounts.iter().map(|(at, key)| (account(key), Timestamp::from_nanos(at))).collect();
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
                Due::Turn((at, true, instrument, phase)) => self.run_plan(instrument, at, phase, events),
                Due::Turn((_, false, instrument, _)) => self.end_phase(instrument, events),
            }
        }
    }

    fn run_plan(&mut self, instrument: InstrumentId, at: u64, number: u8, events: &mut Vec<Event>) {
        let every_ns = self.timers.take_plan(instrument, at, number).expect("what is due was planned");
        let phase = Phase::from_number(number).expect("it was a phase when it was planned");
        if let Some(periods) = (self.now.nanos() - at).checked_div(every_ns) {
            // The first of its times after now.
            let next = u128::from(at) + (u128::from(periods) + 1) * u128::from(every_ns);
            if let Some(next) = u64::try_from(next).ok().filter(|&next| next < TIME_END) {
                self.timers.plan(SchedulePhase { instrument, phase, at: Timestamp::from_nanos(next), every_ns });
            }
        }
        let now_in = self.instruments[instrument.get() as usize].session.phase;
        if !matches!(now_in, Phase::Suspended | Phase::Delisted) && now_in != phase {
            self.enter_in_time(instrument, phase, events);
        }
    }

    /// An order that was accepted ends at a time.
    pub(crate) fn expire_at(&mut self, slot: u32, order: OrderId, at: Timestamp) {
        debug_assert_eq!(slot, order.slot(), "the slot is the order's");
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
