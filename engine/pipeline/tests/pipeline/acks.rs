//! Nothing leaves before it is durable, and what leaves is the right answer.

use crate::flow::{cancel_all, deposit, market, resting_buy};
use crate::support::{Rig, answer, eventually, outcome};
use cx_engine::Event;
use cx_engine::ids::Seq;
use cx_engine::reject::Reject;
use cx_engine::units::Timestamp;
use cx_pipeline::{Clock, PipelineConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[test]
fn an_answer_names_its_command_and_tells_what_happened() {
    let rig = Rig::start(PipelineConfig::default());
    rig.open_market(1);
    let reply = rig.ask(deposit(1, 77));
    assert_eq!(reply.seq, Seq::new(7));
    assert!(matches!(&reply.events[..], [Event::Deposited(movement)] if movement.reference == 77), "{reply:?}");

    let repeated = rig.ask(deposit(1, 77));
    assert_eq!(repeated.seq, Seq::new(8));
    assert!(
        matches!(&repeated.events[..], [Event::CommandRejected(refusal)] if refusal.reason == Reject::DuplicateReference),
        "{repeated:?}"
    );
    assert!(repeated.time > reply.time);
}

#[test]
fn nothing_leaves_while_the_journal_is_stalled() {
    let rig = Rig::start(PipelineConfig::default());
    rig.journal.allow(0);
    let commands = market(3);
    let pending: Vec<_> = commands.iter().map(|&command| rig.sequencer.submit(command).unwrap()).collect();
    let last = Seq::new(commands.len() as u64);
    eventually("the engine is ahead of the journal", || rig.pipeline.status().applied == last);
    rig.journal.await_arrivals(1);

    let status = rig.pipeline.status();
    assert_eq!((status.durable, status.released, status.sequenced), (Seq::ZERO, Seq::ZERO, last));
    assert_eq!(status.in_flight, commands.len() as u64);
    assert!(rig.outlet.records.lock().unwrap().is_empty());
    let mut pending = pending.into_iter();
    assert!(outcome(pending.next().unwrap(), Duration::from_millis(20)).is_none(), "no answer before the sync");

    rig.journal.open();
    for (pending, seq) in pending.zip(2..) {
        assert_eq!(answer(pending).seq, Seq::new(seq));
    }
    let status = rig.pipeline.status();
    assert_eq!((status.durable, status.released), (last, last));
}

#[test]
fn answers_follow_the_durable_cursor_command_by_command() {
    let rig = Rig::start(PipelineConfig { journal_batch_max: 1, ..PipelineConfig::default() });
    rig.journal.allow(0);
    let pending: Vec<_> = market(2).into_iter().map(|command| rig.sequencer.submit(command).unwrap()).collect();
    let total = Seq::new(pending.len() as u64);
    eventually("the engine applied everything", || rig.pipeline.status().applied == total);
    for (pending, seq) in pending.into_iter().zip(1..) {
        assert_eq!(rig.pipeline.status().released, Seq::new(seq - 1), "only what is durable was released");
        rig.journal.allow(1);
        assert_eq!(answer(pending).seq, Seq::new(seq));
        // The next append is held before the next release could be.
        eventually("the released cursor follows", || rig.pipeline.status().released == Seq::new(seq));
    }
    assert!(rig.journal.read(|state| state.batches.iter().all(|&size| size == 1)));
}

#[test]
fn waiting_commands_share_one_append() {
    let rig = Rig::start(PipelineConfig::default());
    rig.journal.allow(0);
    let first = rig.sequencer.submit(market(1)[0]).unwrap();
    rig.journal.await_arrivals(1);
    let rest: Vec<_> = (1..=500).map(|reference| rig.sequencer.submit(deposit(1, reference)).unwrap()).collect();
    rig.journal.open();
    answer(first);
    for pending in rest {
        answer(pending);
    }
    assert_eq!(
        rig.journal.read(|state| state.batches.clone()),
        [1, 500],
        "what arrives during a sync is the next batch"
    );
    let status = rig.pipeline.status();
    assert_eq!((status.batches, status.last_batch), (2, 500));
    assert!(status.last_sync_nanos > 0 && status.total_sync_nanos >= status.max_sync_nanos);
}

#[test]
fn a_waiter_may_leave() {
    let rig = Rig::start(PipelineConfig::default());
    rig.open_market(1);
    drop(rig.sequencer.submit(deposit(1, 1)).unwrap());
    let seq = rig.sequencer.submit_unanswered(deposit(1, 2)).unwrap();
    let reply = rig.ask(deposit(1, 3));
    assert_eq!((seq, reply.seq), (Seq::new(8), Seq::new(9)));
    eventually("all places are free again", || rig.pipeline.status().in_flight == 0);
}

#[test]
fn blocking_and_async_waits_give_the_same() {
    let rig = Rig::start(PipelineConfig::default());
    rig.open_market(1);
    let blocking = rig.sequencer.submit(deposit(1, 1)).unwrap().wait().unwrap();
    let awaited = answer(rig.sequencer.submit(deposit(1, 2)).unwrap());
    assert_eq!((blocking.seq.get() + 1, blocking.events.len()), (awaited.seq.get(), awaited.events.len()));
}

#[test]
fn one_command_may_have_more_events_than_a_batch_has_room_for() {
    const ORDERS: usize = 20_000;
    let rig = Rig::start(PipelineConfig::default());
    rig.open_market(1);
    let mut last = None;
    for id in 0..ORDERS {
        last = Some(rig.sequencer.submit(resting_buy(1, &format!("o-{id}"))));
        if id % 1_000 == 999 {
            answer(last.take().unwrap().unwrap());
        }
    }
    drop(last);
    let reply = rig.ask(cancel_all(1));
    assert_eq!(reply.events.len(), ORDERS + 1);
    assert!(matches!(reply.events[ORDERS], Event::AllCancelled { count, .. } if count as usize == ORDERS));
    rig.pipeline.shutdown().audit().unwrap();
}

#[test]
fn the_last_batch_leaves_although_no_buffer_was_free() {
    let rig = Rig::start(PipelineConfig::default());
    rig.journal.allow(0);
    // One by one, so that each is a batch of its own, until all buffers wait for the journal and the engine keeps the rest.
    let pending: Vec<_> = (1..=30)
        .map(|seq| {
            let pending = rig.sequencer.submit(deposit(1, seq)).unwrap();
            eventually("the engine applied it", || rig.pipeline.status().applied == Seq::new(seq));
            pending
        })
        .collect();
    rig.journal.open();
    for (pending, seq) in pending.into_iter().zip(1..) {
        assert_eq!(answer(pending).seq, Seq::new(seq));
    }
}

/// Goes back at every look.
struct BackwardClock(AtomicU64);

impl Clock for BackwardClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.fetch_sub(1, Ordering::Relaxed))
    }
}

#[test]
fn engine_time_never_goes_back() {
    let clock = BackwardClock(AtomicU64::new(1_000));
    let rig = Rig::start_with_clock(PipelineConfig::default(), Arc::new(clock), |_| {});
    for reference in 0..5 {
        assert_eq!(rig.ask(deposit(1, reference)).time, Timestamp::from_nanos(1_000));
    }
    rig.journal
        .read(|state| assert_eq!(state.records[4].stamp, Timestamp::from_nanos(996), "the stamp is the clock's"));
    assert!(rig.outlet.records.lock().unwrap().iter().all(|record| record.time == Timestamp::from_nanos(1_000)));
}
