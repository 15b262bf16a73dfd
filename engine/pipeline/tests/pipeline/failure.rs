//! When a port or a stage fails: nothing unsafe is acknowledged, nobody waits for ever, the operator is told.

use crate::flow::{deposit, market};
use crate::support::{PATIENCE, Rig, answer, outcome};
use cx_engine::Exchange;
use cx_engine::ids::Seq;
use cx_pipeline::fatal::{FATAL_EXIT_CODE, FatalKind};
use cx_pipeline::{Lost, Pipeline, PipelineConfig, PortError, Stage, SubmitError, SystemClock};
use std::process::Command;
use std::sync::Arc;

#[test]
fn a_failed_append_acknowledges_nothing_and_ends_the_exchange() {
    let rig = Rig::start(PipelineConfig::default());
    rig.open_market(1);
    let before = rig.journal.read(|state| state.batches.len());
    rig.journal.fail_at(before);
    let lost = rig.sequencer.submit(deposit(1, 1)).unwrap();
    assert_eq!(outcome(lost, PATIENCE), Some(Err(Lost)));

    let fatal = rig.fatal.lock().unwrap().clone().unwrap();
    assert_eq!((fatal.stage, fatal.kind, fatal.durable), (Stage::Journal, FatalKind::Storage, Seq::new(6)));
    let text = fatal.to_string();
    for part in ["seqs 7 to 7", "no space left on device", "durable up to seq 6", "What to do: check free space"] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    assert_eq!(rig.outlet.records.lock().unwrap().last().unwrap().seq, Seq::new(6), "seq 7 never left");
    assert_eq!(rig.sequencer.submit(deposit(1, 2)).unwrap_err(), SubmitError::ShuttingDown);
    assert!(rig.pipeline.status().failed);
    assert_eq!(rig.pipeline.try_shutdown().err(), Some(fatal));
}

#[test]
fn nothing_is_tried_again_after_a_failed_append() {
    let rig = Rig::start(PipelineConfig { journal_batch_max: 1, ..PipelineConfig::default() });
    rig.journal.allow(0);
    rig.journal.fail_at(3);
    let pending: Vec<_> = (0..10).map(|_| rig.sequencer.submit(deposit(1, 1)).unwrap()).collect();
    rig.journal.open();
    let outcomes: Vec<_> = pending.into_iter().map(|pending| outcome(pending, PATIENCE).unwrap()).collect();
    assert!(outcomes[3..].iter().all(Result::is_err), "{outcomes:?}");
    assert!(rig.pipeline.try_shutdown().is_err());
    rig.journal.read(|state| {
        assert_eq!(state.records.len(), 3);
        assert!(!state.closed, "a journal in an unknown state is not synced either");
    });
}

#[test]
fn a_failed_event_log_acknowledges_nothing() {
    let config = PipelineConfig { in_flight_max: 1, ..PipelineConfig::default() };
    let rig = Rig::start_with(config, |outlet| outlet.event_log.fails = true);
    let pending = rig.sequencer.submit(market(1)[0]).unwrap();
    assert_eq!(outcome(pending, PATIENCE), Some(Err(Lost)));
    // The only place is never free again, but that is not why nothing is taken any more.
    assert_eq!(rig.sequencer.submit(market(1)[0]).unwrap_err(), SubmitError::ShuttingDown);
    let fatal = rig.pipeline.try_shutdown().err().unwrap();
    assert_eq!((fatal.stage, fatal.kind), (Stage::Output, FatalKind::Storage));
    assert!(fatal.cause.contains("seq 1 to the event log: input/output error"), "{}", fatal.cause);
    assert!(rig.outlet.records.lock().unwrap().is_empty());
}

#[test]
fn a_panic_in_a_stage_frees_all_waiters() {
    let rig = Rig::start_with(PipelineConfig::default(), |outlet| outlet.panics = true);
    let pending: Vec<_> = market(5).into_iter().map(|command| rig.sequencer.submit(command)).collect();
    for pending in pending.into_iter().flatten() {
        assert_eq!(outcome(pending, PATIENCE), Some(Err(Lost)));
    }
    let fatal = rig.pipeline.try_shutdown().err().unwrap();
    assert_eq!((fatal.stage, fatal.kind), (Stage::Output, FatalKind::Panic));
    assert!(fatal.to_string().contains("carbonxchange verify --data DIR"));
}

#[test]
fn a_failed_pipeline_can_be_dropped() {
    let rig = Rig::start_with(PipelineConfig::default(), |outlet| outlet.panics = true);
    let pending = rig.sequencer.submit(market(1)[0]).unwrap();
    drop(rig.pipeline);
    assert_eq!(outcome(pending, PATIENCE), Some(Err(Lost)));
}

struct BrokenJournal;

impl cx_pipeline::Journal for BrokenJournal {
    fn append(&mut self, _: Seq, _: &[cx_engine::CommandRecord]) -> Result<(), PortError> {
        Err(PortError::new("fdatasync: input/output error"))
    }
}

/// What a real process does: the test runs itself again as the process that fails.
#[test]
fn by_default_the_process_ends_with_a_message_and_code_70() {
    const CHILD: &str = "CX_TEST_FAILING_CHILD";
    if std::env::var_os(CHILD).is_some() {
        let (outlet, config) = (crate::support::CheckedOutlet::default(), PipelineConfig::default());
        let log = outlet.event_log.clone();
        let (_pipeline, sequencer) = Pipeline::start(
            config,
            Exchange::new(),
            Box::new(BrokenJournal),
            Box::new(log),
            Box::new(outlet),
            Arc::new(SystemClock),
        );
        drop(answer(sequencer.submit(deposit(1, 1)).unwrap()));
        unreachable!("there is no answer from a broken journal");
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "failure::by_default_the_process_ends_with_a_message_and_code_70", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert_eq!(child.status.code(), Some(FATAL_EXIT_CODE), "{stderr}");
    assert!(stderr.contains("fatal: the exchange stops: the journal stage failed"), "{stderr}");
    assert!(stderr.contains("fdatasync: input/output error"), "{stderr}");
}
