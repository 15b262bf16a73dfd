//! Where verification's replay begins, and the snapshots that it passes.

use super::{Finding, VerifyReport};
use crate::batch::{Batch, Link};
use crate::commands::Extent;
use crate::error::JournalError;
use crate::recovery::Replay;
use crate::snapshots::{Snapshot, Snapshots};
use cx_engine::Exchange;

/// The replay, from the first command or, when that was cut off, from the oldest sound snapshot.
pub(super) struct Begin {
    pub(super) replay: Replay,
    from: Link,
    /// Snapshots that the replay has not come to yet, the next one last.
    ahead: Vec<Snapshot>,
    snapshots: Snapshots,
}

impl Begin {
    pub(super) fn choose(
        snapshots: &Snapshots,
        extent: &Extent,
        report: &mut VerifyReport,
    ) -> Result<Self, JournalError> {
        let mut ahead = Vec::new();
        for seq in snapshots.list()? {
            report.snapshots += 1;
            match snapshots.read(seq) {
                Ok(snapshot) => ahead.push(snapshot),
                Err(error) => report.findings.push(Finding::Journal(error)),
            }
        }
        let (mut exchange, mut from) = (Exchange::new(), Link::GENESIS);
        if extent.before != Link::GENESIS {
            let damaged = report.findings.iter().map(ToString::to_string).collect();
            let first = extent.first.get();
            let none =
                JournalError::NoStart { first, needed: u64::MAX, snapshots: snapshots.dir().to_owned(), damaged };
            let oldest = ahead.pop().ok_or(none)?;
            exchange = oldest
                .restore()
                .map_err(|reason| JournalError::SnapshotDamaged { path: snapshots.path(oldest.link.tip), reason })?;
            from = oldest.link;
        }
        report.began_at = from.tip;
        Ok(Self { replay: Replay::new(exchange), from, ahead, snapshots: snapshots.clone() })
    }

    /// Whether the replay has to apply a batch. The one that ends where it begins must be the one that the snapshot saw.
    pub(super) fn reached(&self, batch: &Batch<'_>, after: &Link) -> Result<bool, JournalError> {
        if batch.first > self.from.tip {
            return Ok(true);
        }
        if after.tip == self.from.tip && after.hash != self.from.hash || after.tip > self.from.tip {
            return Err(self.differs(&self.from, "no batch of this journal ends where it was made, or another one"));
        }
        Ok(false)
    }

    /// Compares the snapshot of a seq with what the replay has become there.
    pub(super) fn hold_against(&mut self, after: &Link, report: &mut VerifyReport) {
        while let Some(snapshot) = self.ahead.pop_if(|next| next.link.tip <= after.tip) {
            let fault = if snapshot.link != *after {
                "no batch of this journal ends where it was made, or another one"
            } else if snapshot.exchange != self.replay.exchange.snapshot() {
                "the journal leads to another state there"
            } else {
                continue;
            };
            report.findings.push(Finding::Journal(self.differs(&snapshot.link, fault)));
        }
    }

    pub(super) fn end(self, report: &mut VerifyReport) -> Replay {
        for snapshot in &self.ahead {
            let error = self.differs(&snapshot.link, "it is of a command beyond the journal's end");
            report.findings.push(Finding::Journal(error));
        }
        self.replay
    }

    fn differs(&self, link: &Link, reason: &str) -> JournalError {
        JournalError::SnapshotDamaged { path: self.snapshots.path(link.tip), reason: reason.to_owned() }
    }
}
