//! Where a replay begins: with the newest snapshot that is sound and from which every event that is missing can be derived.

use crate::batch::Link;
use crate::commands;
use crate::database::CommandsDb;
use crate::error::JournalError;
use crate::events;
use crate::snapshots::Snapshots;
use crate::store::Shared;
use cx_engine::Exchange;
use cx_engine::ids::Seq;

/// A beginning.
pub(crate) struct Start {
    /// The exchange there.
    pub(crate) exchange: Exchange,
    /// Where the chain stands there.
    pub(crate) link: Link,
    /// The gateway's folds there, from the snapshot; nothing at the first command.
    pub(crate) folds: Option<Vec<u8>>,
    /// The last command whose events are in the log, with all between them and what is needed.
    pub(crate) kept: Seq,
}

impl Start {
    /// Before the first command.
    pub(crate) fn genesis(kept: Seq) -> Self {
        Self { exchange: Exchange::new(), link: Link::GENESIS, folds: None, kept }
    }
}

/// What the event log holds: the first and the last command.
#[derive(Debug, Clone, Copy)]
struct Stored {
    first: Seq,
    last: Seq,
}

impl Stored {
    /// The last command whose events are there if a replay begins after `start` and somebody needs the events after `needed`;
    /// nothing when events between are missing and the replay would not derive them.
    fn kept(stored: Option<Self>, start: Seq, needed: Seq) -> Option<Seq> {
        let from = start.min(needed).next();
        match stored {
            Some(Self { first, last }) if first <= from && last >= start => Some(last),
            _ if start <= needed => Some(start),
            _ => None,
        }
    }
}

/// Chooses. Events after `needed` have to be in the log, or to be derived: somebody has not read them yet.
pub(crate) fn choose(shared: &Shared, needed: Seq) -> Result<Start, JournalError> {
    let snapshots = Snapshots::at(shared.dir.path());
    let extent = commands::extent(&shared.commands)?;
    let stored = events::first(&shared.events)?.zip(Some(events::last(&shared.events)?));
    let stored = stored.map(|(first, last)| Stored { first, last });
    let mut damaged = Vec::new();
    for seq in snapshots.list()? {
        if seq > extent.end.tip {
            let (tip, reached) = (extent.end.tip.get(), seq.get());
            let known_from = format!("the snapshot {}", snapshots.path(seq).display());
            return Err(JournalError::TipBelow { tip, reached, known_from, advice: String::new() });
        }
        // Cut off between the snapshot and the journal's beginning: no use.
        let Some(kept) = Stored::kept(stored, seq, needed) else { continue };
        if seq < extent.before.tip {
            continue;
        }
        match open(&shared.commands, &snapshots, seq, &extent.end) {
            Ok((exchange, link, folds)) => return Ok(Start { exchange, link, folds: Some(folds), kept }),
            Err(error) => {
                tracing::warn!(seq = seq.get(), %error, "passing over a snapshot");
                damaged.push(error.to_string());
            }
        }
    }
    match Stored::kept(stored, Seq::ZERO, needed) {
        Some(kept) if extent.before == Link::GENESIS => Ok(Start::genesis(kept)),
        _ => Err(JournalError::NoStart {
            first: extent.first.get(),
            needed: needed.get(),
            snapshots: snapshots.dir().to_owned(),
            damaged,
        }),
    }
}

fn open(
    db: &CommandsDb,
    snapshots: &Snapshots,
    seq: Seq,
    end: &Link,
) -> Result<(Exchange, Link, Vec<u8>), JournalError> {
    let snapshot = snapshots.read(seq)?;
    let damaged = |reason| JournalError::SnapshotDamaged { path: snapshots.path(seq), reason };
    let follows = if seq == end.tip { Some(end.hash) } else { commands::hash_before(db, seq.next())? };
    if follows != Some(snapshot.link.hash) {
        return Err(damaged("no batch of this journal ends where it was made, or another one".to_owned()));
    }
    let exchange = snapshot.restore().map_err(damaged)?;
    Ok((exchange, snapshot.link, snapshot.folds))
}
