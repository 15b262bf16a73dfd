//! What is due in the model: looked for among everything that has a time.

use cx_engine::Event;
use cx_engine::control::Phase;
use cx_engine::ids::{AccountId, InstrumentId};
use cx_engine::reject::CancelReason;

use super::{Model, TIME_END};

/// What can be due, in the order in which it happens at one time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Due {
    /// An order ends, by handle.
    Order(u64),
    /// All orders of an account are cancelled.
    CancelAfter(AccountId),
    /// A halt or an extension ends.
    PhaseEnd(InstrumentId),
    /// A planned phase, by number.
    Plan(InstrumentId, u8),
}

impl Model {
    pub(super) fn run_timers(&mut self, out: &mut Vec<Event>) {
        while let Some((at, due)) = self.next_due() {
            match due {
                Due::Order(handle) => {
                    let slot = cx_engine::ids::OrderId::new(handle).slot();
                    self.end(slot, CancelReason::Expired, out);
                }
                Due::CancelAfter(account) => {
                    self.account_mut(account).cancel_after = None;
                    let count = self.cancel_orders_of(account, None, None, CancelReason::CancelAfter, out);
                    out.push(Event::AllCancelled { account, count });
                }
                Due::PhaseEnd(instrument) => {
                    let (_, next) = self.venue_mut(instrument).ends.take().expect("it was found");
                    self.enter_in_time(instrument, next, out);
                }
                Due::Plan(instrument, number) => self.run_plan(instrument, at, number, out),
            }
        }
    }

    /// The earliest of what is due.
    fn next_due(&self) -> Option<(u64, Due)> {
        let now = self.now;
        let orders = self.orders.values().filter(|order| order.expires.nanos() != 0);
        let orders = orders.map(|order| (order.expires.nanos(), Due::Order(order.order.get())));
        let accounts = self.accounts.iter().filter_map(|(&id, it)| Some((it.cancel_after?, Due::CancelAfter(id))));
        let open = if self.market_halted { &[] } else { &self.instruments[..] };
        let ends = open.iter().filter_map(|it| Some((it.ends?.0, Due::PhaseEnd(it.listed.instrument))));
        let plan = |it: &super::venue::Instrument| {
            let (&(at, number), _) = it.plans.first_key_value()?;
            Some((at, Due::Plan(it.listed.instrument, number)))
        };
        let all = orders.chain(accounts).chain(ends).chain(open.iter().filter_map(plan));
        all.filter(|&(at, _)| at <= now).min()
    }

    fn run_plan(&mut self, instrument: InstrumentId, at: u64, number: u8, out: &mut Vec<Event>) {
        let now = self.now;
        let venue = self.venue_mut(instrument);
        let (phase, every) = venue.plans.remove(&(at, number)).expect("it was found");
        if let Some(periods) = (now - at).checked_div(every) {
            // The first of its times after now.
            let next = u128::from(at) + (u128::from(periods) + 1) * u128::from(every);
            if next < u128::from(TIME_END) {
                let next = u64::try_from(next).expect("it is below 2^63");
                venue.plans.insert((next, number), (phase, every));
            }
        }
        let passes = matches!(venue.phase, Phase::Suspended | Phase::Delisted) || venue.phase == phase;
        if !passes {
            self.enter_in_time(instrument, phase, out);
        }
    }
}
