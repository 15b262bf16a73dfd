//! Verification of a data folder: reads everything, changes nothing, tells what it found.
//!
//! The chain of batches, the watermark, a full replay with an audit (from the oldest snapshot when the journal's beginning was
//! cut off), each snapshot against the replay, and the stored events against those that the replay derives. It may run beside a live server: then it sees the journal as it was at that moment, and an event
//! log whose latest part is still in the server's memory.

mod begin;
mod report;

use begin::Begin;
pub use report::{Finding, VerifyReport};

use crate::batch::HASH_LEN;
use crate::commands;
use crate::data_dir;
use crate::database::{Access, CommandsDb, EventsDb};
use crate::error::JournalError;
use crate::events;
use crate::recovery::{Progress, Replay};
use crate::snapshots::Snapshots;
use crate::store::WatermarkCheck;
use crate::watermark::{self, Watermark};
use cx_engine::EventRecord;
use cx_engine::codec::encode_event;
use cx_engine::ids::Seq;
use rocksdb::DBRawIterator;
use std::path::Path;
use std::time::Instant;

/// Findings of one kind that are listed; the rest is counted.
const LISTED_MAX: usize = 20;
/// Commands between two calls of the progress callback.
const PROGRESS_EVERY: u64 = 65_536;

/// Verifies the data folder `dir`. An error means that there is nothing to verify; what is wrong with a journal is in
/// the report.
pub fn verify(dir: &Path, mut progress: impl FnMut(Progress)) -> Result<VerifyReport, JournalError> {
    let began = Instant::now();
    let journal = data_dir::journal_path(dir);
    if !journal.join("CURRENT").exists() {
        return Err(JournalError::NoJournal { dir: dir.to_owned() });
    }
    let mut report = VerifyReport::new(dir);
    // Before the journal: it is never ahead of it, also while a server moves both.
    let mark = read_watermark(dir, &mut report);
    let commands = CommandsDb::open(&journal, Access::Read)?;
    let extent = commands::extent(&commands)?;
    let total = extent.end.tip.get() - extent.before.tip.get();

    let events_path = data_dir::events_path(dir);
    let events =
        if events_path.join("CURRENT").exists() { Some(EventsDb::open(&events_path, Access::Read)?) } else { None };

    let check = WatermarkCheck::new(mark.unwrap_or(Watermark { seq: Seq::ZERO, hash: [0; HASH_LEN] }));
    let snapshots = Snapshots::at(dir);
    let mut begin = Begin::choose(&snapshots, &extent, &mut report)?;
    let mut compare = events.as_ref().map(|events| Compare::begin(events.scan(), begin.replay.exchange.seq()));
    let walked = commands::walk(&commands, extent.before, Seq::new(u64::MAX), |batch, after| {
        if let Err(error) = check.pass(Seq::new(batch.first.get() - 1), after) {
            report.findings.push(Finding::Journal(error));
        }
        let before = report.commands / PROGRESS_EVERY;
        if begin.reached(batch, after)? {
            begin.replay.apply(batch, |records| {
                report.events += records.len() as u64;
                if let Some(compare) = &mut compare {
                    compare.take(records, &mut report);
                }
                Ok(())
            })?;
        }
        begin.hold_against(after, &mut report);
        report.batches += 1;
        report.commands += batch.len() as u64;
        if report.commands / PROGRESS_EVERY > before {
            progress(Progress { replayed: report.commands, total, elapsed: began.elapsed() });
        }
        Ok(())
    });
    let replay = begin.end(&mut report);
    if let Err(error) = walked {
        report.findings.push(Finding::Journal(error));
    }
    conclude(&mut report, &replay, mark, compare, dir);
    report.elapsed = began.elapsed();
    progress(Progress { replayed: report.commands, total, elapsed: report.elapsed });
    Ok(report)
}

fn read_watermark(dir: &Path, report: &mut VerifyReport) -> Option<Watermark> {
    match watermark::read(&data_dir::watermark_path(dir)) {
        Ok(Some(mark)) => Some(mark),
        Ok(None) => {
            report.findings.push(Finding::WatermarkMissing);
            None
        }
        Err(error) => {
            report.findings.push(Finding::Journal(error));
            None
        }
    }
}

fn conclude(
    report: &mut VerifyReport,
    replay: &Replay,
    mark: Option<Watermark>,
    compare: Option<Compare<'_>>,
    dir: &Path,
) {
    let tip = replay.exchange.seq();
    report.tip = tip;
    report.watermark = mark.map(|mark| mark.seq);
    report.state_hash = replay.exchange.state_hash();
    if let Some(mark) = mark
        && let Err(error) = crate::store::check_watermark(tip, &mark, &data_dir::watermark_path(dir))
    {
        report.findings.push(Finding::Journal(error));
    }
    if let Err(source) = replay.exchange.audit() {
        report.findings.push(Finding::Journal(JournalError::Audit { seq: tip.get(), source }));
    }
    let stored_to = match compare {
        Some(compare) => compare.end(tip, report),
        None => Seq::ZERO,
    };
    if stored_to < tip {
        report.findings.push(Finding::EventsBehind { stored_to: stored_to.get(), tip: tip.get() });
    }
}

/// The stored events, read beside the derived ones.
struct Compare<'a> {
    stored: DBRawIterator<'a>,
    /// The last stored event that was passed.
    last: Seq,
    differing: usize,
    missing: usize,
    unexpected: usize,
}

impl<'a> Compare<'a> {
    /// Events of commands up to `from` are not derived.
    fn begin(mut stored: DBRawIterator<'a>, from: Seq) -> Self {
        stored.seek(events::key(from.next(), 0));
        Self { stored, last: Seq::ZERO, differing: 0, missing: 0, unexpected: 0 }
    }

    /// Compares the events of one command.
    fn take(&mut self, records: &[EventRecord], report: &mut VerifyReport) {
        for record in records {
            let key = events::key(record.seq, record.index);
            self.skip_below(&key, report);
            let Some((stored_key, value)) = self.stored.item() else { return };
            if stored_key == key {
                self.last = record.seq;
                report.events_stored += 1;
                if value != encode_event(record) {
                    self.differing += 1;
                    let finding = Finding::EventDiffers { seq: record.seq.get(), index: record.index };
                    report.list(finding, self.differing, LISTED_MAX);
                }
                self.stored.next();
            } else {
                // A later event is there, so this one is not merely behind. A log may begin late: it is trimmed.
                if self.last > Seq::ZERO {
                    self.missing += 1;
                    let finding = Finding::EventMissing { seq: record.seq.get(), index: record.index };
                    report.list(finding, self.missing, LISTED_MAX);
                }
            }
        }
    }

    /// Passes stored events that the replay does not derive.
    fn skip_below(&mut self, key: &[u8], report: &mut VerifyReport) {
        while let Some(stored) = self.stored.key()
            && stored < key
        {
            let (seq, index) = events::parse_key(stored).unwrap_or_default();
            self.unexpected += 1;
            report.list(Finding::EventUnexpected { seq: seq.get(), index }, self.unexpected, LISTED_MAX);
            self.stored.next();
        }
    }

    /// The command up to which events are stored. A live server's log may be ahead of the journal as it was read.
    fn end(mut self, tip: Seq, report: &mut VerifyReport) -> Seq {
        self.skip_below(&events::key(tip.next(), 0), report);
        if let Err(source) = self.stored.status() {
            let error = JournalError::Database { what: "read the event log", source };
            report.findings.push(Finding::Journal(error));
        } else if let Some((seq, _)) = self.stored.key().and_then(events::parse_key) {
            report.findings.push(Finding::EventsAhead { seq: seq.get(), tip: tip.get() });
        }
        for (found, what) in [
            (self.differing, "events that differ"),
            (self.missing, "missing events"),
            (self.unexpected, "events that do not belong there"),
        ] {
            if found > LISTED_MAX {
                report.findings.push(Finding::More { count: found - LISTED_MAX, what });
            }
        }
        self.last
    }
}
