//! `carbonxchange snapshot`: writes a snapshot of a stopped server's exchange.

use cx_engine::ids::Seq;

use crate::exit::{Code, Failure, OrExit as _};
use crate::settings::Settings;
use crate::venue::open;

/// Replays the journal to its end and writes what the exchange is there.
pub fn snapshot(settings: &Settings) -> Result<(), Failure> {
    let journal = open::journal(settings)?;
    // Nobody reads events now: whoever needs them derives them at the next start.
    journal.recover(Seq::new(u64::MAX), open::show).or_exit(Code::DataFolder, "the journal")?;
    let mut snapshotter = journal.snapshotter(|_| Ok(())).or_exit(Code::DataFolder, "the journal")?;
    let seq = snapshotter.advance(journal.opened_at()).or_exit(Code::DataFolder, "the journal")?;
    let kept = snapshotter.write(usize::MAX, Seq::ZERO).or_exit(Code::DataFolder, "the snapshot")?;
    println!("snapshot of seq {} written, state {}", seq.get(), super::hex(&snapshotter.state_hash()));
    println!("snapshots kept: {}", kept.iter().map(|seq| seq.get().to_string()).collect::<Vec<_>>().join(", "));
    Ok(())
}
