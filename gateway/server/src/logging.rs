//! Log lines on stderr (`RUST_LOG` sets the level), and what happens when a thread of the exchange panics.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::settings::LogFormat;

/// Names of threads whose panic is an accident of one request: the runtime answers it with a 500 and goes on.
/// Any other thread carries the exchange itself.
pub const WORKER_THREAD: &str = "cx-http";

/// Starts logging to stderr. Without `RUST_LOG` it tells what an operator wants to know.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn,h2=warn,tower_http=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    if let Err(error) = started {
        eprintln!("carbonxchange: logging was started before: {error}");
    }
}

/// Threads of the pipeline: it ends the process itself when one of them fails, with a message that says what is safe.
const PIPELINE_THREADS: [&str; 3] = ["cx-journal", "cx-engine", "cx-output"];

/// Ends the process when a thread that carries the exchange panics: a broken invariant must not go on trading, and
/// a restart replays the journal. Panics of request handlers stay with their request.
pub fn end_process_on_panic() {
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        default(info);
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        if !name.starts_with(WORKER_THREAD) && !PIPELINE_THREADS.contains(&name) {
            eprintln!(
                "carbonxchange: thread `{name}` failed; the process ends here, and a restart recovers from the journal"
            );
            std::process::abort();
        }
    }));
}
