//! SIGTERM and SIGINT: the first asks for an orderly stop, the second ends the process at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// What a shell reports for a process that an interrupt ended.
const INTERRUPTED: i32 = 130;

/// Turns true at the first signal.
pub fn stop_requested() -> io::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (stop, requested) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            if stop.send_replace(true) {
                eprintln!("carbonxchange: second signal ({name}): ending at once; a restart recovers from the journal");
                std::process::exit(INTERRUPTED);
            }
            tracing::info!(signal = name, "stopping; a second signal ends at once");
        }
    });
    Ok(requested)
}
