//! What is due comes about without traffic, and a pipeline goes on from a snapshot wherever the venue stood.

use crate::flow::{INSTRUMENT, deposit};
use crate::streams::{Generator, Seeded, Shape};
use crate::support::{Rig, answer, eventually};
use cx_engine::command::{CancelAfter, Command, NewOrder, Side, TimeInForce};
use cx_engine::control::{HaltMarket, Phase, SchedulePhase};
use cx_engine::ids::AccountId;
use cx_engine::reject::CancelReason;
use cx_engine::units::{Price, Quantity, Timestamp};
use cx_engine::{CommandRecord, Event, Exchange};
use cx_pipeline::{Clock, PipelineConfig, StatusHandle};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Stands where it is put.
#[derive(Default)]
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

/// What the server does now and then: a tick when something is due.
fn tick_when_due(status: &StatusHandle, rig: &Rig, clock: &SetClock) -> bool {
    let due = status.next_due().is_some_and(|due| due <= clock.now());
    if due {
        rig.sequencer.submit_unanswered(Command::Tick).unwrap();
    }
    due
}

#[test]
fn what_is_due_comes_about_without_traffic() {
    let clock = Arc::new(SetClock::default());
    let rig = Rig::start_with_clock(PipelineConfig::default(), Arc::clone(&clock) as Arc<dyn Clock>, |_| {});
    let status = rig.pipeline.status_handle();
    assert_eq!(status.next_due(), None);
    clock.0.store(1_000, Ordering::Relaxed);
    rig.open_market(2);
    let expires = Timestamp::from_nanos(2_000);
    let (price, quantity) = (Price::from_ticks(5), Quantity::from_lots(1));
    let until = NewOrder::limit(AccountId::new(1), INSTRUMENT, Side::Buy, price, quantity);
    rig.ask(Command::Place(NewOrder { time_in_force: TimeInForce::GoodTillDate, expires, ..until }));
    rig.ask(Command::Place(NewOrder::limit(AccountId::new(2), INSTRUMENT, Side::Buy, price, quantity)));
    rig.ask(Command::CancelAfter(CancelAfter { account: AccountId::new(2), at: Timestamp::from_nanos(3_000) }));
    let closing =
        SchedulePhase { instrument: INSTRUMENT, phase: Phase::Closed, at: Timestamp::from_nanos(4_000), every_ns: 0 };
    rig.ask(Command::SchedulePhase(closing));

    let mut due = vec![2_000, 3_000, 4_000];
    while let Some(next) = status.next_due() {
        assert_eq!(next, Timestamp::from_nanos(due.remove(0)), "the earliest is told");
        clock.0.store(next.nanos() - 1, Ordering::Relaxed);
        assert!(!tick_when_due(&status, &rig, &clock), "nothing happens before its time");
        clock.0.store(next.nanos(), Ordering::Relaxed);
        assert!(tick_when_due(&status, &rig, &clock));
        eventually("the tick was applied", || status.next_due() != Some(next));
    }
    assert_eq!(due, []);
    let last = rig.pipeline.status().sequenced;
    eventually("all events are out", || rig.pipeline.status().released == last);
    let events: Vec<(u64, Event)> =
        rig.outlet.records.lock().unwrap().iter().map(|record| (record.time.nanos(), record.event)).collect();
    let ended = |at: u64, why: CancelReason| {
        events.iter().any(|(time, event)| *time == at && matches!(event, Event::OrderCancelled(it) if it.reason == why))
    };
    assert!(ended(2_000, CancelReason::Expired) && ended(3_000, CancelReason::CancelAfter), "{events:?}");
    assert!(
        events
            .iter()
            .any(|(at, event)| *at == 4_000 && matches!(event, Event::PhaseChanged(it) if it.phase == Phase::Closed))
    );

    // While the market is halted plans wait, and nobody ticks for them.
    let later = SchedulePhase { at: Timestamp::from_nanos(5_000), phase: Phase::PreOpen, ..closing };
    rig.ask(Command::SchedulePhase(later));
    rig.ask(Command::HaltMarket(HaltMarket { halted: true }));
    clock.0.store(6_000, Ordering::Relaxed);
    assert_eq!(status.next_due(), None);
    rig.ask(Command::HaltMarket(HaltMarket { halted: false }));
    assert_eq!(status.next_due(), Some(Timestamp::from_nanos(5_000)), "overdue, and said to be");
    assert!(tick_when_due(&status, &rig, &clock));
    eventually("the plan took effect", || status.next_due().is_none());
}

/// Gives the stamps of a stream, one at a time.
struct StreamClock(Mutex<VecDeque<Timestamp>>);

impl Clock for StreamClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().pop_front().expect("one look for each command")
    }
}

/// A way in which a venue can stand in the middle of something.
type Moment = (&'static str, fn(&Exchange) -> bool);

fn phases(exchange: &Exchange) -> impl Iterator<Item = Phase> {
    exchange.instruments().map(|listed| exchange.trading(listed.instrument).unwrap().phase)
}

const MOMENTS: &[Moment] = &[
    ("the market is halted", |exchange| {
        exchange.settings().contains(&Command::HaltMarket(HaltMarket { halted: true }))
    }),
    ("a volatility halt", |exchange| phases(exchange).any(|phase| phase == Phase::VolatilityHalt)),
    ("an auction with a price", |exchange| {
        exchange.instruments().any(|it| exchange.trading(it.instrument).unwrap().indicated.price != Price::NONE)
    }),
    ("armed stops", |exchange| exchange.open_orders().iter().any(|order| order.stop_price != Price::NONE)),
    ("an account that must be heard of", |exchange| {
        exchange.settings().iter().any(|command| matches!(command, Command::CancelAfter(_)))
    }),
    ("a plan", |exchange| exchange.instruments().any(|listed| !exchange.planned(listed.instrument).is_empty())),
    ("a stopped account", |exchange| exchange.settings().iter().any(|command| matches!(command, Command::Kill(_)))),
    ("an iceberg", |exchange| {
        exchange.open_orders().iter().any(|order| !order.displayed.is_zero() && order.displayed < order.leaves)
    }),
];

/// Long enough that every moment comes.
const COMMANDS: usize = 8_000;

/// A stream of all commands, and for each moment a place in it where the venue stands so.
fn stream(seed: u64) -> (Vec<CommandRecord>, Vec<(&'static str, usize)>, Exchange) {
    let (mut generator, mut choices) = (Generator::new(Shape::ALL[3]), Seeded::new(seed));
    let (mut exchange, mut records, mut events) = (Exchange::new(), Vec::new(), Vec::new());
    let mut moments: Vec<Option<usize>> = vec![None; MOMENTS.len()];
    for place in 0..COMMANDS {
        let record = generator.next(&mut choices);
        events.clear();
        exchange.apply(exchange.seq().next(), record.stamp, &record.command, &mut events);
        generator.observe(&events);
        records.push(record);
        // Somewhere in the middle, so that much follows.
        for (moment, (_, holds)) in moments.iter_mut().zip(MOMENTS) {
            if place > COMMANDS / 8 && moment.is_none() && holds(&exchange) {
                *moment = Some(place + 1);
            }
        }
    }
    let found = MOMENTS.iter().zip(moments).map(|((name, _), at)| (*name, at.expect(name)));
    (records, found.collect(), exchange)
}

#[test]
fn a_pipeline_goes_on_from_a_snapshot_wherever_the_venue_stood() {
    let (records, moments, expected) = stream(11);
    for (name, cut) in moments {
        let (before, after) = records.split_at(cut);
        let mut live = Exchange::new();
        let mut events = Vec::new();
        for record in before {
            live.apply(live.seq().next(), record.stamp, &record.command, &mut events);
        }
        let bytes = live.snapshot();
        assert_eq!(bytes[8], 2, "the version of snapshots that this is about");
        let restored = Exchange::restore(&bytes).unwrap();
        assert_eq!((restored.state_hash(), restored.next_due()), (live.state_hash(), live.next_due()), "{name}");

        let clock = Arc::new(StreamClock(Mutex::new(after.iter().map(|record| record.stamp).collect())));
        let rig = Rig::resume(restored, before.to_vec(), clock);
        let mut events = Vec::new();
        for record in after {
            events.push(rig.sequencer.submit(record.command).unwrap());
            if events.len() == 500 {
                events.drain(..).for_each(|pending| _ = answer(pending));
            }
        }
        for pending in events {
            answer(pending);
        }
        let (journal, outlet) = (rig.journal.clone(), rig.outlet.clone());
        assert_eq!(rig.pipeline.status().next_due, expected.next_due(), "{name}");
        let ended = rig.pipeline.shutdown();
        assert_eq!((ended.seq(), ended.state_hash()), (expected.seq(), expected.state_hash()), "{name}");
        journal.read(|state| assert_eq!(state.records, records, "{name}"));
        // And what came out is what a replay of the whole journal gives.
        let (replayed, all) = Rig::replay(&journal);
        assert_eq!(replayed.state_hash(), expected.state_hash());
        let released = outlet.records.lock().unwrap();
        assert_eq!(all[all.len() - released.len()..], released[..], "{name}");
    }
}

#[test]
fn a_restored_exchange_tells_what_is_due_before_any_command() {
    let mut exchange = Exchange::new();
    let mut records = Vec::new();
    let closing =
        SchedulePhase { instrument: INSTRUMENT, phase: Phase::Closed, at: Timestamp::from_nanos(9_000), every_ns: 0 };
    let commands = crate::flow::market(1).into_iter().chain([Command::SchedulePhase(closing)]);
    for command in commands {
        let record = CommandRecord { stamp: Timestamp::from_nanos(5), command };
        exchange.apply(exchange.seq().next(), record.stamp, &record.command, &mut Vec::new());
        records.push(record);
    }
    let restored = Exchange::restore(&exchange.snapshot()).unwrap();
    let clock = Arc::new(SetClock(AtomicU64::new(9_000)));
    let rig = Rig::resume(restored, records, Arc::clone(&clock) as Arc<dyn Clock>);
    let status = rig.pipeline.status_handle();
    eventually("the stage has told it", || status.next_due() == Some(Timestamp::from_nanos(9_000)));
    assert!(tick_when_due(&status, &rig, &clock));
    eventually("it came about", || status.next_due().is_none());
    let reply = rig.ask(deposit(1, 1));
    assert_eq!(reply.time, Timestamp::from_nanos(9_000));
    assert_eq!(rig.pipeline.shutdown().trading(INSTRUMENT).unwrap().phase, Phase::Closed);
}
