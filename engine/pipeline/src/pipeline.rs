//! Putting the stages together and taking them apart.

use crate::config::{JOURNAL_BATCH_MAX, PipelineConfig};
use crate::engine_stage::EngineStage;
use crate::fatal::{Fatal, FatalKind, Stage};
use crate::journal_stage::JournalStage;
use crate::output_stage::OutputStage;
use crate::ports::{Clock, EventLog, Journal, Outlet};
use crate::ring;
use crate::sequencer::Sequencer;
use crate::shared::Shared;
use crate::status::{PipelineStatus, StatusHandle};
use crate::waiting::Waiter;
use cx_engine::Exchange;
use std::sync::Arc;
use std::thread::JoinHandle;

/// A running pipeline. Dropping it shuts it down as [`Pipeline::shutdown`] does and lets the exchange go.
pub struct Pipeline {
    shared: Arc<Shared>,
    threads: Option<Threads>,
}

struct Threads {
    journal: JoinHandle<()>,
    engine: JoinHandle<Exchange>,
    output: JoinHandle<()>,
}

/// The stages around what they share, before anything runs.
pub(crate) struct Stages {
    pub(crate) shared: Arc<Shared>,
    pub(crate) journal: JournalStage,
    pub(crate) engine: EngineStage,
    pub(crate) output: OutputStage,
}

impl Stages {
    pub(crate) fn new(
        config: PipelineConfig,
        exchange: Exchange,
        journal: Box<dyn Journal>,
        event_log: Box<dyn EventLog>,
        outlet: Box<dyn Outlet>,
    ) -> Self {
        let slots = config.ring_slots.max(ring::RING_SLOTS_MIN).next_power_of_two();
        let (producer, for_journal, for_engine) = ring::open(slots);
        let batch_max = config.journal_batch_max.clamp(1, JOURNAL_BATCH_MAX);
        let PipelineConfig { in_flight_max, audit_every, on_fatal, .. } = config;
        let shared = Arc::new(Shared::new(producer, slots, exchange.seq(), in_flight_max, on_fatal));
        let journal = JournalStage::new(Arc::clone(&shared), for_journal, journal, batch_max);
        let engine = EngineStage::new(Arc::clone(&shared), for_engine, exchange, audit_every);
        let output = OutputStage::new(Arc::clone(&shared), event_log, outlet);
        Self { shared, journal, engine, output }
    }
}

impl Pipeline {
    /// Starts the stages. The journal's last command must be the one at the exchange's seq.
    pub fn start(
        config: PipelineConfig,
        exchange: Exchange,
        journal: Box<dyn Journal>,
        event_log: Box<dyn EventLog>,
        outlet: Box<dyn Outlet>,
        clock: Arc<dyn Clock>,
    ) -> (Self, Sequencer) {
        let (wait, cores) = (config.wait, config.cores);
        let Stages { shared, journal, engine, output } = Stages::new(config, exchange, journal, event_log, outlet);
        let journal = spawn(&shared, Stage::Journal, cores.map(|cores| cores.journal), move |shared| {
            journal.run(&Waiter::attach(wait, Arc::clone(&shared.journal_bell)));
        });
        let engine = spawn(&shared, Stage::Engine, cores.map(|cores| cores.engine), move |shared| {
            engine.run(&Waiter::attach(wait, Arc::clone(&shared.engine_bell)))
        });
        let output = spawn(&shared, Stage::Output, cores.map(|cores| cores.output), move |shared| {
            output.run(&Waiter::attach(wait, Arc::clone(&shared.output_bell)));
        });
        let sequencer = Sequencer::new(Arc::clone(&shared), clock);
        (Self { shared, threads: Some(Threads { journal, engine, output }) }, sequencer)
    }

    /// Where the pipeline stands.
    pub fn status(&self) -> PipelineStatus {
        self.shared.status()
    }

    /// A handle for the status that outlives the pipeline.
    pub fn status_handle(&self) -> StatusHandle {
        StatusHandle(Arc::clone(&self.shared))
    }

    /// Refuses new commands, finishes those that were taken (durable, released, answered), syncs the journal, ends the
    /// threads and gives the exchange back.
    ///
    /// Panics if the pipeline failed before, which can only be seen with a [`crate::FatalHandler`] that returns.
    pub fn shutdown(self) -> Exchange {
        match self.try_shutdown() {
            Ok(exchange) => exchange,
            Err(fatal) => panic!("{fatal}"),
        }
    }

    /// [`Pipeline::shutdown`] for settings with a [`crate::FatalHandler`] that returns: a failure, before or during the
    /// shutdown, is the error. There is no exchange then, because it may be ahead of the journal.
    pub fn try_shutdown(mut self) -> Result<Exchange, Fatal> {
        let exchange = self.stop();
        match (self.shared.failure(), exchange) {
            (None, Some(exchange)) => Ok(exchange),
            (Some(fatal), _) => Err(fatal),
            (None, None) => unreachable!("a thread that panics leaves a failure behind"),
        }
    }

    fn stop(&mut self) -> Option<Exchange> {
        let threads = self.threads.take()?;
        self.shared.close();
        // A panic in a stage is on record as a failure, so the join's own error adds nothing.
        drop(threads.journal.join());
        let exchange = threads.engine.join().ok();
        drop(threads.output.join());
        exchange
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        drop(self.stop());
    }
}

/// Records a stage's panic as a failure, so that the other stages and all waiters do not wait for it for ever.
struct PanicWatch {
    shared: Arc<Shared>,
    stage: Stage,
}

impl Drop for PanicWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let cause = "it panicked (the message is above)".to_owned();
            self.shared.fail(self.stage, FatalKind::Panic, cause);
        }
    }
}

fn spawn<T: Send + 'static>(
    shared: &Arc<Shared>,
    stage: Stage,
    core: Option<usize>,
    run: impl FnOnce(Arc<Shared>) -> T + Send + 'static,
) -> JoinHandle<T> {
    let shared = Arc::clone(shared);
    std::thread::Builder::new()
        .name(format!("cx-{stage}"))
        .spawn(move || {
            let _watch = PanicWatch { shared: Arc::clone(&shared), stage };
            if let Some(id) = core
                && !core_affinity::set_for_current(core_affinity::CoreId { id })
            {
                tracing::warn!(%stage, core = id, "could not pin the stage to its core");
            }
            run(shared)
        })
        .expect("the system starts three more threads")
}
