//! Settings of a pipeline, with defaults for a small shared machine.

use crate::fatal::FatalHandler;
use cx_engine::codec::COMMAND_RECORD_LEN;
use std::num::NonZeroU64;

/// Most commands in one journal batch: 4,096, or as many as fit 1 MiB of records, whichever is less.
pub const JOURNAL_BATCH_MAX: usize = {
    let by_size = (1 << 20) / COMMAND_RECORD_LEN;
    if by_size < 4_096 { by_size } else { 4_096 }
};

/// What a stage does while there is nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitPolicy {
    /// Looks `spins` times, gives way `yields` times, then sleeps until it is woken.
    Park {
        /// Looks with a spin-loop hint in between.
        spins: u32,
        /// Looks with the processor given away in between.
        yields: u32,
    },
    /// Never sleeps: one whole core per stage. Only for machines with cores to spare and pinned stages.
    BusySpin,
}

impl Default for WaitPolicy {
    fn default() -> Self {
        Self::Park { spins: 128, yields: 4 }
    }
}

/// Which core each stage runs on, as the operating system numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageCores {
    /// The journal stage's core.
    pub journal: usize,
    /// The engine stage's core.
    pub engine: usize,
    /// The output stage's core.
    pub output: usize,
}

/// Settings of a pipeline.
#[derive(Debug, Clone)]
pub struct PipelineConfig {
    /// Slots of the sequencer ring; raised to a power of two of at least 64. Default 8,192.
    pub ring_slots: usize,
    /// Most commands in one journal batch, 1 to [`JOURNAL_BATCH_MAX`].
    pub journal_batch_max: usize,
    /// Most commands that await their answers at one time; more are refused as overloaded. Default 32,768.
    pub in_flight_max: usize,
    /// What idle stages do.
    pub wait: WaitPolicy,
    /// Pins the stages to cores; `None` leaves it to the scheduler.
    pub cores: Option<StageCores>,
    /// The exchange is audited whenever its seq is a multiple of this; `None` never. Default 65,536.
    pub audit_every: Option<NonZeroU64>,
    /// What happens when the exchange cannot go on. Default: a message on stderr and exit code 70.
    pub on_fatal: FatalHandler,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            ring_slots: 8_192,
            journal_batch_max: JOURNAL_BATCH_MAX,
            in_flight_max: 32_768,
            wait: WaitPolicy::default(),
            cores: None,
            audit_every: NonZeroU64::new(65_536),
            on_fatal: FatalHandler::default(),
        }
    }
}
