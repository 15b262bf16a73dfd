//! The core and its model side by side: one command to both, the same events and the same state expected of both.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cx_engine::command::{CommandRecord, Side};
use cx_engine::ids::{AccountId, AssetId, InstrumentId, Seq};
use cx_engine::{Event, Exchange};

use super::Venue;
use crate::model::Model;

/// Both exchanges after the same commands.
pub struct Pair {
    /// The fast one.
    pub core: Exchange,
    /// The naive one.
    pub model: Model,
    /// The journal position of the last command.
    pub seq: Seq,
    expected: Vec<Event>,
    got: Vec<Event>,
}

impl Pair {
    /// Two empty venues.
    pub fn new() -> Self {
        Self { core: Exchange::new(), model: Model::new(), seq: Seq::ZERO, expected: Vec::new(), got: Vec::new() }
    }

    /// Applies a command to both and compares what comes out.
    pub fn apply(&mut self, record: &CommandRecord) -> Result<&[Event], String> {
        self.seq = self.seq.next();
        self.expected.clear();
        self.got.clear();
        let (seq, stamp, command) = (self.seq, record.stamp, &record.command);
        let time = self.model.apply(seq, stamp, command, &mut self.expected);
        let core = &mut self.core;
        let got = &mut self.got;
        let core_time = catch_unwind(AssertUnwindSafe(|| core.apply(seq, stamp, command, got)))
            .map_err(|_| format!("at {seq:?} {command:?}\nthe core panicked; expected {:#?}", self.expected))?;
        if self.expected != self.got {
            let (expected, got) = (&self.expected, &self.got);
            return Err(format!("at {seq:?} {command:?}\nexpected {expected:#?}\ngot {got:#?}"));
        }
        if time != core_time {
            return Err(format!("at {seq:?} engine time is {core_time:?} and should be {time:?}"));
        }
        Ok(&self.got)
    }

    /// Lets the core go on from its own snapshot, which must be all there is to know of it.
    pub fn reload(&mut self) -> Result<(), String> {
        let at = self.seq;
        let snapshot = self.core.snapshot();
        let restored = Exchange::restore(&snapshot).map_err(|error| format!("after {at:?} no restore: {error}"))?;
        same(at, "state hash of the restored core", &self.core.state_hash(), &restored.state_hash())?;
        same(at, "snapshot of the restored core", &snapshot, &restored.snapshot())?;
        self.core = restored;
        Ok(())
    }

    /// Compares everything that can be asked of both, and audits the core.
    pub fn compare(&self, accounts: u32) -> Result<(), String> {
        let at = self.seq;
        self.core.audit().map_err(|error| format!("after {at:?} the audit fails: {error}"))?;
        self.model.assert_conserved();
        self.model.assert_at_rest();
        let (core, model): (&dyn Venue, &dyn Venue) = (&self.core, &self.model);
        same(at, "open orders", &model.orders(), &core.orders())?;
        same(at, "balances", &model.holdings(), &core.holdings())?;
        same(at, "assets", &model.asset_list(), &core.asset_list())?;
        same(at, "instruments", &model.instrument_list(), &core.instrument_list())?;
        let assets = (0..).map(AssetId::new).take(model.asset_list().len());
        for asset in assets.clone() {
            same(at, "flow", &model.flow(asset), &core.flow(asset))?;
        }
        for account in (0..accounts + 2).map(AccountId::new) {
            same(at, "permissions", &model.may(account), &core.may(account))?;
            for asset in assets.clone() {
                same(at, "balance", &model.holding(account, asset), &core.holding(account, asset))?;
            }
        }
        for instrument in (0..).map(InstrumentId::new).take(model.instrument_list().len()) {
            for side in [Side::Buy, Side::Sell] {
                for count in [1, 3, usize::MAX] {
                    let levels = model.levels(instrument, side, count);
                    same(at, "depth", &levels, &core.levels(instrument, side, count))?;
                }
            }
        }
        Ok(())
    }
}

fn same<T: PartialEq + std::fmt::Debug>(at: Seq, what: &str, expected: &T, got: &T) -> Result<(), String> {
    if expected == got {
        return Ok(());
    }
    Err(format!("after {at:?} {what} differ\nexpected {expected:?}\ngot      {got:?}"))
}

/// Commands that a search for a shorter stream may replay in all.
const REPLAYS_MAX: usize = 20_000_000;

/// The shortest stream found that still tells the two apart: chunks of commands are left out while it does. With
/// `reloading` the core goes on from its snapshot after each command.
pub fn minimise(mut stream: Vec<CommandRecord>, accounts: u32, reloading: bool) -> Vec<CommandRecord> {
    let mut chunk = stream.len().div_ceil(2).max(1);
    let mut replayed = 0;
    loop {
        let mut from = 0;
        let before = stream.len();
        while from < stream.len() {
            let to = (from + chunk).min(stream.len());
            let shorter: Vec<_> = stream[..from].iter().chain(&stream[to..]).copied().collect();
            replayed += shorter.len() * if reloading { 20 } else { 1 };
            if replayed > REPLAYS_MAX {
                return stream;
            }
            if difference(&shorter, accounts, reloading).is_some() {
                stream = shorter;
            } else {
                from = to;
            }
        }
        if chunk == 1 && stream.len() == before {
            return stream;
        }
        chunk = chunk.div_ceil(2).max(1);
    }
}

/// What the two differ in after a stream, if they do.
pub fn difference(stream: &[CommandRecord], accounts: u32, reloading: bool) -> Option<String> {
    let mut pair = Pair::new();
    let step = |record| {
        pair.apply(record).map(|_| ())?;
        if reloading { pair.reload() } else { Ok(()) }
    };
    stream.iter().map(step).find_map(Result::err).or_else(|| pair.compare(accounts).err())
}
