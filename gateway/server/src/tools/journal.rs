//! `carbonxchange journal info`: what a data folder holds.

use super::{archive, written};
use crate::exit::{Code, Failure, OrExit as _};
use crate::settings::Settings;

/// Prints what the folder holds. Says [`Code::CheckFailed`] when a snapshot is damaged.
pub fn info(settings: &Settings) -> Result<(), Failure> {
    let found = archive(settings)?.contents().or_exit(Code::DataFolder, "the journal")?;
    println!("data folder  {}", settings.data.display());
    let commands = found.last.get() + 1 - found.first.get();
    println!(
        "commands     {commands}, seq {} to {}, in {} batches; {} bytes of files",
        found.first.get(),
        found.last.get(),
        found.batches,
        found.bytes[0]
    );
    if let Some((first, last)) = found.stamps {
        println!("stamped      {} to {}", written(first), written(last));
    }
    println!("epochs       {} to {}", found.epochs.0, found.epochs.1);
    match found.watermark {
        Some(seq) => println!("watermark    seq {}", seq.get()),
        None => println!("watermark    none"),
    }
    match found.events {
        Some((first, last)) => {
            println!("events       of seq {} to {}; {} bytes of files", first.get(), last.get(), found.bytes[1]);
        }
        None => println!("events       none"),
    }
    let mut damaged = 0;
    for (seq, length, fault) in &found.snapshots {
        let state = fault.as_deref().unwrap_or("sound");
        println!("snapshot     seq {}, {length} bytes: {state}", seq.get());
        damaged += usize::from(fault.is_some());
    }
    if found.snapshots.is_empty() {
        println!("snapshot     none");
    }
    if damaged > 0 {
        return Err(Failure::message(Code::CheckFailed, format_args!("{damaged} snapshots are damaged")));
    }
    Ok(())
}
