//! An idle pipeline sleeps. Alone in its process, so that the stage threads it finds are its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use cx_engine::command::{CancelAll, Command};
use cx_engine::ids::{AccountId, Seq};
use cx_engine::{CommandRecord, EventRecord, Exchange};
use cx_pipeline::{EventLog, Journal, Outlet, Pipeline, PipelineConfig, PortError, SystemClock};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

struct Nothing;

impl Journal for Nothing {
    fn append(&mut self, _: Seq, _: &[CommandRecord]) -> Result<(), PortError> {
        Ok(())
    }
}

impl EventLog for Nothing {
    fn append(&mut self, _: &[EventRecord]) -> Result<(), PortError> {
        Ok(())
    }
}

impl Outlet for Nothing {
    fn release(&mut self, _: &[EventRecord]) {}
}

/// Processor time of all stage threads so far.
fn stage_time() -> Duration {
    let mut stages = 0;
    let mut nanos = 0;
    for task in fs::read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        if fs::read_to_string(task.join("comm")).unwrap().starts_with("cx-") {
            stages += 1;
            let times = fs::read_to_string(task.join("schedstat")).unwrap();
            nanos += times.split(' ').next().unwrap().parse::<u64>().unwrap();
        }
    }
    assert_eq!(stages, 3, "journal, engine, output");
    Duration::from_nanos(nanos)
}

/// Processor time, not elapsed time, is measured, so a busy machine cannot make this fail; burning one core for the
/// window would be 300 ms.
#[test]
fn an_idle_pipeline_uses_no_processor_time() {
    let (pipeline, sequencer) = Pipeline::start(
        PipelineConfig::default(),
        Exchange::new(),
        Box::new(Nothing),
        Box::new(Nothing),
        Box::new(Nothing),
        Arc::new(SystemClock),
    );
    let command = Command::CancelAll(CancelAll { account: AccountId::new(1), instrument: None, side: None });
    for _ in 0..100 {
        sequencer.submit(command).unwrap().wait().unwrap();
    }
    let before = stage_time();
    std::thread::sleep(Duration::from_millis(300));
    let used = stage_time().saturating_sub(before);
    assert!(used < Duration::from_millis(15), "three idle stages used {used:?} in 300 ms");
    sequencer.submit(command).unwrap().wait().unwrap();
    assert_eq!(pipeline.shutdown().seq(), Seq::new(101));
}
