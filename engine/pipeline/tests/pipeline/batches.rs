//! Several commands at once: all of them in a row, or none.

use crate::flow::deposit;
use crate::support::{Rig, answer, eventually};
use cx_engine::Event;
use cx_engine::command::Command;
use cx_engine::ids::Seq;
use cx_pipeline::{PipelineConfig, SubmitError};
use std::thread;

fn deposits(references: std::ops::Range<u64>) -> Vec<Command> {
    references.map(|reference| deposit(1, reference)).collect()
}

/// The references of the movements in the journal, in order; the first commands of a market are none.
fn journalled(rig: &Rig) -> Vec<u64> {
    rig.journal.read(|state| {
        let reference = |command: &Command| match command {
            Command::Deposit(movement) if movement.reference > 0 => Some(movement.reference),
            _ => None,
        };
        state.records.iter().filter_map(|record| reference(&record.command)).collect()
    })
}

#[test]
fn a_batch_takes_positions_in_a_row_with_one_stamp() {
    let rig = Rig::start(PipelineConfig::default());
    rig.open_market(1);
    assert!(rig.sequencer.submit_batch(&[]).unwrap().is_empty());
    // Four threads, so that others come in between wherever that is possible.
    thread::scope(|threads| {
        for thread in 1..=4_u64 {
            let sequencer = rig.sequencer.clone();
            threads.spawn(move || {
                for round in 0..200 {
                    let base = thread * 1_000_000 + round * 1_000;
                    let size = 1 + (round + thread) % 7;
                    let answers = sequencer.submit_batch(&deposits(base..base + size)).unwrap();
                    assert_eq!(answers.len() as u64, size);
                    let replies: Vec<_> = answers.into_iter().map(answer).collect();
                    for (reply, number) in replies.iter().zip(0..) {
                        assert_eq!(reply.seq.get(), replies[0].seq.get() + number, "no gap");
                        let Event::Deposited(movement) = reply.events[0] else { panic!("{reply:?}") };
                        assert_eq!(movement.reference, base + number, "in their order");
                    }
                }
            });
        }
    });
    rig.journal.read(|state| {
        let stamps = |reference: u64| {
            let of = state.records.iter().filter(move |record| {
                matches!(record.command, Command::Deposit(movement) if movement.reference / 1_000 == reference)
            });
            of.map(|record| record.stamp)
        };
        for batch in [1_000, 2_007, 4_199] {
            let mut all = stamps(batch);
            let first = all.next().unwrap();
            assert!(all.all(|stamp| stamp == first), "one stamp for a batch");
        }
    });
    eventually("all places are free again", || rig.pipeline.status().in_flight == 0);
}

/// A rig whose ring of 64 has `free` slots: the journal holds one command back, and the rest waits behind it.
fn nearly_full(free: u64) -> (Rig, Vec<cx_pipeline::Pending>) {
    let rig = Rig::start(PipelineConfig { ring_slots: 64, ..PipelineConfig::default() });
    rig.journal.allow(0);
    let mut waiting = vec![rig.sequencer.submit(deposit(1, 1)).unwrap()];
    rig.journal.await_arrivals(1);
    waiting.extend((2..66 - free).map(|reference| rig.sequencer.submit(deposit(1, reference)).unwrap()));
    let last = Seq::new(waiting.len() as u64);
    eventually("the engine has read all", || rig.pipeline.status().applied == last);
    assert_eq!(rig.pipeline.status().ring_depth, 64 - free);
    (rig, waiting)
}

#[test]
fn a_batch_that_the_ring_has_no_room_for_leaves_no_trace() {
    let (rig, waiting) = nearly_full(4);
    let before = rig.pipeline.status();
    for refused in 1..=3 {
        assert_eq!(rig.sequencer.submit_batch(&deposits(500..505)).unwrap_err(), SubmitError::Overloaded);
        let status = rig.pipeline.status();
        assert_eq!((status.refused, status.sequenced), (refused, before.sequenced));
        assert_eq!((status.in_flight, status.ring_depth), (before.in_flight, before.ring_depth));
    }
    // What fits is taken, to the last slot.
    let taken = rig.sequencer.submit_batch(&deposits(600..604)).unwrap();
    assert_eq!(rig.sequencer.submit(deposit(1, 700)).unwrap_err(), SubmitError::Overloaded);
    rig.journal.open();
    for (pending, seq) in waiting.into_iter().chain(taken).zip(1..) {
        assert_eq!(answer(pending).seq, Seq::new(seq));
    }
    assert_eq!(journalled(&rig), (1..62).chain(600..604).collect::<Vec<_>>());
    eventually("all places are free again", || rig.pipeline.status().in_flight == 0);
}

#[test]
fn a_batch_beyond_the_waiters_is_refused_whole() {
    let rig = Rig::start(PipelineConfig { in_flight_max: 10, ..PipelineConfig::default() });
    rig.journal.allow(0);
    let waiting: Vec<_> = deposits(1..9).into_iter().map(|command| rig.sequencer.submit(command).unwrap()).collect();
    for _ in 0..20 {
        assert_eq!(rig.sequencer.submit_batch(&deposits(100..103)).unwrap_err(), SubmitError::Overloaded);
        assert_eq!(rig.pipeline.status().in_flight, 8, "no waiter of a refused batch stays behind");
    }
    let taken = rig.sequencer.submit_batch(&deposits(200..202)).unwrap();
    rig.journal.open();
    for (pending, seq) in waiting.into_iter().chain(taken).zip(1..) {
        assert_eq!(answer(pending).seq, Seq::new(seq));
    }
    assert_eq!(journalled(&rig), (1..9).chain(200..202).collect::<Vec<_>>());
}

#[test]
fn more_than_the_ring_holds_is_never_taken() {
    let rig = Rig::start(PipelineConfig { ring_slots: 64, ..PipelineConfig::default() });
    assert_eq!(rig.sequencer.submit_batch(&deposits(1..66)).unwrap_err(), SubmitError::Overloaded);
    assert_eq!(rig.pipeline.status().sequenced, Seq::ZERO);
    let all = rig.sequencer.submit_batch(&deposits(1..65)).unwrap();
    for (pending, seq) in all.into_iter().zip(1..) {
        assert_eq!(answer(pending).seq, Seq::new(seq));
    }
    assert_eq!(journalled(&rig), (1..65).collect::<Vec<_>>());
}

#[test]
fn nothing_of_a_batch_is_taken_after_the_end() {
    let rig = Rig::start(PipelineConfig::default());
    let sequencer = rig.sequencer.clone();
    let journal = rig.journal.clone();
    let status = rig.pipeline.status_handle();
    rig.pipeline.shutdown();
    assert_eq!(sequencer.submit_batch(&deposits(1..4)).unwrap_err(), SubmitError::ShuttingDown);
    assert_eq!((status.status().in_flight, journal.read(|state| state.records.len())), (0, 0));
}
