//! Many producers: overload is refused at once, nothing is lost or mixed up, no wake-up is lost, books add up.

use crate::flow::{CASH_EACH, CREDITS, CREDITS_EACH, Flow, USD, deposit};
use crate::support::{Rig, answer, eventually};
use cx_engine::Event;
use cx_engine::ids::{AccountId, Seq};
use cx_pipeline::{PipelineConfig, SubmitError, WaitPolicy};
use std::collections::BTreeSet;
use std::thread;

#[test]
fn a_full_ring_refuses_at_once_and_loses_nothing() {
    let rig = Rig::start(PipelineConfig { ring_slots: 64, ..PipelineConfig::default() });
    rig.journal.allow(0);
    let first = rig.sequencer.submit(deposit(1, 1)).unwrap();
    rig.journal.await_arrivals(1);
    eventually("the engine has read it too", || rig.pipeline.status().applied == Seq::new(1));
    // The journal stage holds one command; the ring takes as many as it has slots.
    let taken: Vec<_> = (0..64).map(|_| rig.sequencer.submit(deposit(1, 2)).unwrap()).collect();
    for refused in 1..=10 {
        assert_eq!(rig.sequencer.submit(deposit(1, 3)).unwrap_err(), SubmitError::Overloaded);
        assert_eq!(rig.pipeline.status().refused, refused);
    }
    assert_eq!(rig.pipeline.status().ring_depth, 64);
    assert_eq!(rig.pipeline.status().in_flight, 65, "a refused command leaves no waiter behind");

    rig.journal.open();
    answer(first);
    for (pending, seq) in taken.into_iter().zip(2..) {
        assert_eq!(answer(pending).seq.get(), seq);
    }
    assert_eq!(rig.ask(deposit(1, 4)).seq.get(), 66, "refused commands take no position");
}

#[test]
fn too_many_waiters_are_refused() {
    let rig = Rig::start(PipelineConfig { in_flight_max: 10, ..PipelineConfig::default() });
    rig.journal.allow(0);
    let taken: Vec<_> = (0..10).map(|_| rig.sequencer.submit(deposit(1, 1)).unwrap()).collect();
    assert_eq!(rig.sequencer.submit(deposit(1, 1)).unwrap_err(), SubmitError::Overloaded);
    rig.sequencer.submit_unanswered(deposit(1, 1)).unwrap();
    rig.journal.open();
    for pending in taken {
        answer(pending);
    }
    rig.ask(deposit(1, 1));
}

#[test]
fn the_ring_keeps_taking_while_the_engine_is_far_ahead() {
    // More commands than all event batches hold when small: the engine must go on filling the open one.
    let rig = Rig::start(PipelineConfig::default());
    rig.journal.allow(0);
    let first = rig.sequencer.submit(deposit(1, 1)).unwrap();
    rig.journal.await_arrivals(1);
    eventually("the engine has read it too", || rig.pipeline.status().applied == Seq::new(1));
    let taken: Vec<_> = (0..8_192).map(|_| rig.sequencer.submit(deposit(1, 2)).unwrap()).collect();
    assert_eq!(rig.sequencer.submit(deposit(1, 2)).unwrap_err(), SubmitError::Overloaded);
    rig.journal.open();
    answer(first);
    for pending in taken {
        answer(pending);
    }
}

#[test]
fn each_producer_gets_its_own_answers() {
    const PRODUCERS: u64 = 8;
    const EACH: u64 = 3_000;
    let rig = Rig::start(PipelineConfig::default());
    rig.open_market(1);
    let seqs: Vec<u64> = thread::scope(|scope| {
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let sequencer = rig.sequencer.clone();
                scope.spawn(move || {
                    let ask = |number| {
                        let reference = 1 + producer * EACH + number;
                        let reply = answer(sequencer.submit(deposit(1, reference)).unwrap());
                        assert!(
                            matches!(reply.events[..], [Event::Deposited(movement)] if movement.reference == reference),
                            "asked with reference {reference}, got {reply:?}"
                        );
                        reply.seq.get()
                    };
                    (0..EACH).map(ask).collect::<Vec<_>>()
                })
            })
            .collect();
        producers.into_iter().flat_map(|producer| producer.join().unwrap()).collect()
    });
    let unique: BTreeSet<_> = seqs.iter().copied().collect();
    assert_eq!(unique.len() as u64, PRODUCERS * EACH);
    assert_eq!((unique.first().copied(), unique.last().copied()), (Some(7), Some(6 + PRODUCERS * EACH)));
}

#[test]
fn cash_and_credits_are_conserved_and_the_journal_replays_to_the_same() {
    const PRODUCERS: u64 = 6;
    const EACH: usize = 5_000;
    const ACCOUNTS: u32 = 20;
    let rig = Rig::start(PipelineConfig { audit_every: std::num::NonZeroU64::new(1_000), ..PipelineConfig::default() });
    rig.open_market(ACCOUNTS);
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let sequencer = rig.sequencer.clone();
            scope.spawn(move || {
                let mut flow = Flow::new(producer + 1, ACCOUNTS);
                let mut waiting = Vec::new();
                for _ in 0..EACH {
                    waiting.push(sequencer.submit(flow.command()).unwrap());
                    if waiting.len() == 100 {
                        waiting.drain(..).for_each(|pending| assert!(!answer(pending).events.is_empty()));
                    }
                }
            });
        }
    });
    let exchange = rig.pipeline.shutdown();
    exchange.audit().unwrap();
    assert!(rig.fatal.lock().unwrap().is_none());
    for (asset, each) in [(USD, CASH_EACH), (CREDITS, CREDITS_EACH)] {
        let total: i64 = (0..=ACCOUNTS)
            .map(|account| exchange.balance(AccountId::new(account), asset))
            .map(|balance| balance.available.minor() + balance.held.minor())
            .sum();
        assert_eq!(total, each * i64::from(ACCOUNTS));
    }

    let (replayed, events) = Rig::replay(&rig.journal);
    assert_eq!(replayed.seq().get(), 3 + 3 * u64::from(ACCOUNTS) + PRODUCERS * EACH as u64);
    assert_eq!(replayed.state_hash(), exchange.state_hash());
    assert_eq!(*rig.outlet.records.lock().unwrap(), events, "what was released is what a replay derives");
    assert_eq!(*rig.outlet.event_log.records.lock().unwrap(), events);
    assert!(events.iter().any(|record| matches!(record.event, Event::Trade(_))), "the flow trades");
}

/// Every command finds all stages asleep and must wake each in turn; a lost wake-up is an answer that never comes.
#[test]
fn sleeping_stages_wake_for_every_command() {
    let wait = WaitPolicy::Park { spins: 0, yields: 0 };
    let rig = Rig::start(PipelineConfig { wait, ..PipelineConfig::default() });
    for reference in 0..20_000 {
        rig.ask(deposit(1, reference));
    }
    thread::scope(|scope| {
        for _ in 0..3 {
            let sequencer = rig.sequencer.clone();
            scope.spawn(move || (0..5_000).for_each(|_| drop(answer(sequencer.submit(deposit(1, 0)).unwrap()))));
        }
    });
    assert_eq!(rig.pipeline.shutdown().seq().get(), 35_000);
}

#[test]
fn busy_spinning_stages_work_as_well() {
    let rig = Rig::start(PipelineConfig { wait: WaitPolicy::BusySpin, ..PipelineConfig::default() });
    for reference in 0..100 {
        rig.ask(deposit(1, reference));
    }
    assert_eq!(rig.pipeline.shutdown().seq().get(), 100);
}
