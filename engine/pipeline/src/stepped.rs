//! The same stages on one thread, in the order that the caller decides: for tests that search through interleavings and
//! crashes from a seed.

use crate::config::PipelineConfig;
use crate::fatal::{Fatal, Stage};
use crate::pipeline::Stages;
use crate::ports::{Clock, EventLog, Journal, Outlet};
use crate::sequencer::Sequencer;
use crate::status::PipelineStatus;
use crate::waiting::Step;
use cx_engine::Exchange;
use std::sync::Arc;

/// A pipeline that moves only when it is told to. Dropping it is a crash: nothing is drained, closed or synced.
pub struct Stepped {
    stages: Stages,
}

impl Stepped {
    /// Puts the stages together as [`crate::Pipeline::start`] does; waiting and pinning mean nothing here.
    pub fn start(
        config: PipelineConfig,
        exchange: Exchange,
        journal: Box<dyn Journal>,
        event_log: Box<dyn EventLog>,
        outlet: Box<dyn Outlet>,
        clock: Arc<dyn Clock>,
    ) -> (Self, Sequencer) {
        let stages = Stages::new(config, exchange, journal, event_log, outlet);
        let sequencer = Sequencer::new(Arc::clone(&stages.shared), clock);
        (Self { stages }, sequencer)
    }

    /// Lets a stage do what it can do without waiting for another.
    pub fn step(&mut self, stage: Stage) -> Step {
        match stage {
            Stage::Journal => self.stages.journal.step(),
            Stage::Engine => self.stages.engine.step(),
            Stage::Output => self.stages.output.step(),
        }
    }

    /// Refuses new commands from here on.
    pub fn close(&self) {
        self.stages.shared.close();
    }

    /// Where the stages stand.
    pub fn status(&self) -> PipelineStatus {
        self.stages.shared.status()
    }

    /// Why it cannot go on, if it cannot.
    pub fn failure(&self) -> Option<Fatal> {
        self.stages.shared.failure()
    }

    /// The exchange as it is, which may be ahead of what is durable.
    pub fn into_exchange(self) -> Exchange {
        self.stages.engine.into_exchange()
    }
}
