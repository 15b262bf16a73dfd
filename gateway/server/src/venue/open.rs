//! Opens what lies on the disk: the data folder, the journal in it, and the relational store.

use std::fs::DirBuilder;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cx_api::venue::{KeptFolds, Venue, VenueSettings};
use cx_engine::EventRecord;
use cx_engine::ids::Seq;
use cx_journal::{Fold, JournalStore, Progress, Recovered};
use cx_store::Store;
use secrecy::ExposeSecret as _;

use crate::exit::{Code, Failure, OrExit as _};
use crate::settings::Settings;
use crate::venue::Replay;

/// The embedded database's file in the data folder.
pub const DATABASE: &str = "store.sqlite";

/// Makes the data folder when it is missing. What lies in it is nobody else's business: people, balances, keys.
pub fn folder(settings: &Settings) -> Result<(), Failure> {
    let dir = &settings.data;
    if dir.exists() {
        return Ok(());
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.or_exit(Code::DataFolder, format_args!("the data folder {} cannot be made", dir.display()))
}

/// Takes the data folder.
pub fn journal(settings: &Settings) -> Result<JournalStore, Failure> {
    folder(settings)?;
    JournalStore::open(&settings.data, settings.durability).or_exit(Code::DataFolder, "cannot start")
}

/// Brings the exchange back, from a snapshot and the journal behind it, with progress on stderr. Afterwards the event log
/// has everything that the database, which stands at `cursor`, has not.
pub fn recover(journal: &JournalStore, cursor: Seq) -> Result<Recovered, Failure> {
    journal.require(cursor, "the database's cursor").or_exit(Code::DataFolder, "the journal")?;
    let recovered = journal.recover(cursor, show).or_exit(Code::DataFolder, "cannot start")?;
    let stats = recovered.stats;
    if recovered.exchange.seq() > Seq::ZERO {
        tracing::info!(
            snapshot = stats.began_at.get(),
            commands = stats.commands,
            took = ?stats.elapsed,
            commands_per_second = stats.commands_per_second(),
            events_restored = stats.events_restored,
            "recovered from the journal"
        );
    }
    Ok(recovered)
}

/// The folds: from those that the snapshot kept, when this program can read them, and the events after them; else from all events.
pub fn venue(journal: &JournalStore, kept: Option<(Seq, Vec<u8>)>) -> Result<Arc<Venue>, Failure> {
    let reader = journal.event_reader();
    let first = || (Seq::ZERO, kept_folds(None).map(|it| it.0));
    let (after, folds) = match kept {
        Some((seq, bytes)) => match kept_folds(Some(&bytes)) {
            Ok(folds) => (seq, Ok(folds.0)),
            Err(reason) => {
                tracing::warn!(%reason, "making the folds anew from all events");
                first()
            }
        },
        None => first(),
    };
    let folds = folds.map_err(|reason| Failure::message(Code::DataFolder, reason))?;
    reader.require(after).or_exit(Code::DataFolder, "the event log")?;
    let mut replay = Replay::new(&reader, after);
    let venue = Venue::resume(folds, &mut replay);
    match replay.failed {
        Some(error) => Err(Failure::new(Code::DataFolder, error)),
        None => Ok(venue),
    }
}

/// What is kept of the folds with snapshots.
pub struct Kept(KeptFolds);

impl Fold for Kept {
    fn take(&mut self, records: &[EventRecord]) {
        self.0.take(records);
    }

    fn encode(&self) -> Vec<u8> {
        self.0.encode()
    }
}

/// Folds from what a snapshot kept of them, or before the first event.
pub fn kept_folds(bytes: Option<&[u8]>) -> Result<Kept, String> {
    KeptFolds::new(&VenueSettings::default(), bytes).map(Kept)
}

/// Shows how far a replay is and how long the rest will take: on a terminal in place, elsewhere one line each.
pub fn show(progress: Progress) {
    let Progress { replayed, total, elapsed } = progress;
    if total == 0 {
        return;
    }
    let percent = replayed.saturating_mul(100) / total;
    let nanos = elapsed.as_nanos() * u128::from(total - replayed) / u128::from(replayed.max(1));
    let left = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
    let text = format!(
        "replaying the journal: {replayed} of {total} commands ({percent} %) after {elapsed:.1?}, about {left:.1?} to go"
    );
    let mut stderr = std::io::stderr();
    let end = if stderr.is_terminal() && replayed < total { "\r" } else { "\n" };
    // Whether anybody reads stderr does not matter to the replay.
    drop(write!(stderr, "{text}{end}"));
}

/// Where the keys lie that sign tokens.
pub fn keys(settings: &Settings) -> PathBuf {
    settings.data.join("keys")
}

/// The address of the relational store.
pub fn database_url(settings: &Settings) -> String {
    match &settings.database_url {
        Some(url) => url.expose_secret().to_owned(),
        None => format!("sqlite:{}", settings.data.join(DATABASE).display()),
    }
}

/// Connects the relational store and brings its schema up to date.
pub async fn store(settings: &Settings) -> Result<Store, Failure> {
    Store::connect(&database_url(settings)).await.or_exit(Code::Database, "the database")
}
