//! Planned phases: a slab with a list for each instrument, and a heap of what is due. Nothing is allocated when a plan comes true or
//! is planned again, only when staff plans something new.

use super::heap::Heap;
use crate::control::SchedulePhase;
use crate::ids::InstrumentId;

const NONE: u32 = u32::MAX;

/// A plan, and the one of the same instrument that comes after it.
#[derive(Clone, Copy)]
struct Plan {
    plan: SchedulePhase,
    next: u32,
}

/// All planned phases.
#[derive(Clone, Default)]
pub(super) struct Plans {
    slab: Vec<Plan>,
    free: Vec<u32>,
    /// The first plan of each instrument, as far as any had one.
    firsts: Vec<u32>,
    /// By time; at equal times by instrument and phase, which the high half of the key says.
    due: Heap,
}

/// Plans of one instrument lie in this order.
const fn rank(plan: &SchedulePhase) -> (u64, u8) {
    (plan.at.nanos(), plan.phase.number())
}

#[allow(clippy::cast_possible_truncation)] // the low half is what is wanted
const fn slot_of(key: u64) -> u32 {
    key as u32
}

impl Plans {
    /// When the first is due, if there is any.
    pub(super) fn first_time(&self) -> Option<u64> {
        self.due.first().map(|(at, _)| at)
    }

    /// The first that is due, if there is any.
    pub(super) fn first(&self) -> Option<SchedulePhase> {
        self.due.first().map(|(_, key)| self.slab[slot_of(key) as usize].plan)
    }

    /// The plans of an instrument, as they would come.
    pub(super) fn of(&self, instrument: InstrumentId) -> impl Iterator<Item = SchedulePhase> {
        let first = self.firsts.get(instrument.get() as usize).copied().unwrap_or(NONE);
        let at = |slot: u32| if slot == NONE { None } else { Some(&self.slab[slot as usize]) };
        std::iter::successors(at(first), move |plan| at(plan.next)).map(|plan| plan.plan)
    }

    /// Plans a phase, in place of one for the same instrument, time and phase.
    pub(super) fn put(&mut self, plan: SchedulePhase) {
        let home = plan.instrument.get() as usize;
        if self.firsts.len() <= home {
            self.firsts.resize(home + 1, NONE);
        }
        let (before, at) = self.place(&plan);
        if at != NONE && rank(&self.slab[at as usize].plan) == rank(&plan) {
            self.slab[at as usize].plan = plan;
            return;
        }
        let slot = self.give_slot(Plan { plan, next: at });
        self.link(home, before, slot);
        let high = (plan.instrument.get() << 8) | u32::from(plan.phase.number());
        self.due.put(plan.at.nanos(), (u64::from(high) << 32) | u64::from(slot));
    }

    /// Takes a plan out; gives it as it was planned.
    pub(super) fn take(&mut self, plan: &SchedulePhase) -> Option<SchedulePhase> {
        let (before, at) = self.place(plan);
        let found = *self.slab.get(at as usize)?;
        if rank(&found.plan) != rank(plan) {
            return None;
        }
        self.link(plan.instrument.get() as usize, before, found.next);
        self.due.remove(at);
        self.free.push(at);
        Some(found.plan)
    }

    /// Where a plan is or would come in its instrument's list: the one before it, and the first that does not come before it.
    fn place(&self, plan: &SchedulePhase) -> (u32, u32) {
        let mut before = NONE;
        let mut at = self.firsts.get(plan.instrument.get() as usize).copied().unwrap_or(NONE);
        while at != NONE && rank(&self.slab[at as usize].plan) < rank(plan) {
            (before, at) = (at, self.slab[at as usize].next);
        }
        (before, at)
    }

    fn link(&mut self, home: usize, before: u32, slot: u32) {
        if before == NONE {
            self.firsts[home] = slot;
        } else {
            self.slab[before as usize].next = slot;
        }
    }

    fn give_slot(&mut self, plan: Plan) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slab[slot as usize] = plan;
            return slot;
        }
        if self.slab.len() == self.slab.capacity() {
            self.slab.reserve(1);
            self.free.reserve_exact(self.slab.capacity() - self.free.len());
            self.due.make_room(self.slab.capacity(), self.slab.capacity());
        }
        self.slab.push(plan);
        u32::try_from(self.slab.len() - 1).expect("256 plans of 2^20 instruments fit")
    }
}

#[cfg(test)]
mod tests;
