//! The end: refuse new work, finish the old, give the exchange back.

use crate::flow::{deposit, market};
use crate::support::{Rig, answer, eventually};
use cx_engine::Exchange;
use cx_engine::ids::Seq;
use cx_pipeline::{Pipeline, PipelineConfig, SubmitError, SystemClock};
use std::sync::Arc;
use std::thread;

#[test]
fn everything_taken_is_done_before_the_end() {
    let rig = Rig::start(PipelineConfig::default());
    let commands = market(300);
    let pending: Vec<_> = commands.iter().map(|&command| rig.sequencer.submit(command).unwrap()).collect();
    let status = rig.pipeline.status_handle();
    let exchange = rig.pipeline.shutdown();

    let last = Seq::new(commands.len() as u64);
    assert_eq!(exchange.seq(), last);
    rig.journal.read(|state| {
        assert_eq!(state.records.len(), commands.len());
        assert!(state.closed, "the journal is synced at the end");
    });
    for (pending, seq) in pending.into_iter().zip(1..) {
        assert_eq!(pending.wait().unwrap().seq, Seq::new(seq));
    }
    assert_eq!(rig.outlet.records.lock().unwrap().last().unwrap().seq, last);
    assert_eq!(rig.sequencer.submit(commands[0]).unwrap_err(), SubmitError::ShuttingDown);
    let status = status.status();
    assert_eq!((status.sequenced, status.released, status.in_flight), (last, last, 0));
    assert!(!status.failed);
}

#[test]
fn producers_at_work_are_answered_or_refused_never_left_waiting() {
    let rig = Rig::start(PipelineConfig::default());
    rig.ask(deposit(1, 0));
    thread::scope(|scope| {
        let producers: Vec<_> = (0..4)
            .map(|_| {
                let sequencer = rig.sequencer.clone();
                scope.spawn(move || {
                    let mut answered = 0;
                    loop {
                        match sequencer.submit(deposit(1, 0)) {
                            Ok(pending) => drop(answer(pending)),
                            Err(SubmitError::ShuttingDown) => return answered,
                            Err(SubmitError::Overloaded) => panic!("four waiters fit"),
                        }
                        answered += 1;
                    }
                })
            })
            .collect();
        eventually("they are at work", || rig.pipeline.status().released >= Seq::new(200));
        let exchange = rig.pipeline.shutdown();
        let answered: u64 = producers.into_iter().map(|producer| producer.join().unwrap()).sum();
        assert_eq!(exchange.seq().get(), answered + 1);
    });
}

#[test]
fn an_idle_pipeline_ends_at_once() {
    let rig = Rig::start(PipelineConfig::default());
    assert_eq!(rig.pipeline.shutdown().seq(), Seq::ZERO);
}

#[test]
fn a_dropped_pipeline_finishes_its_work_too() {
    let Rig { pipeline, sequencer, journal, .. } = Rig::start(PipelineConfig::default());
    let pending = sequencer.submit(deposit(1, 1)).unwrap();
    drop(pipeline);
    assert!(pending.wait().is_ok());
    assert!(journal.read(|state| state.closed));
    assert_eq!(sequencer.submit(deposit(1, 1)).unwrap_err(), SubmitError::ShuttingDown);
}

#[test]
fn the_exchange_goes_on_where_it_stopped() {
    let rig = Rig::start(PipelineConfig::default());
    rig.open_market(2);
    let Rig { pipeline, journal, outlet, .. } = rig;
    let exchange = pipeline.shutdown();
    let hash = exchange.state_hash();
    let restored = Exchange::restore(&exchange.snapshot()).unwrap();

    let log = outlet.event_log.clone();
    let (pipeline, sequencer) = Pipeline::start(
        PipelineConfig::default(),
        restored,
        Box::new(journal),
        Box::new(log),
        Box::new(outlet),
        Arc::new(SystemClock),
    );
    assert_eq!(pipeline.status().durable, Seq::new(9));
    assert_eq!(answer(sequencer.submit(deposit(1, 5)).unwrap()).seq, Seq::new(10));
    assert_ne!(pipeline.shutdown().state_hash(), hash);
}
