//! `carbonxchange serve`: the venue with HTTP in front of it, from recovery to an orderly end.

mod http;
mod signals;

use std::io::Write as _;
use std::time::Duration;

use cx_api::{AppState, standing};
use cx_engine::Command;
use cx_pipeline::{Clock as _, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::demo;
use crate::exit::{Code, Failure, OrExit as _};
use crate::logging;
use crate::settings::Settings;
use crate::venue::{Running, open};

/// How often it is looked whether something of the exchange is due.
const TICK_EVERY: Duration = Duration::from_millis(50);
/// How often approvals and suspensions that end by themselves are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// Runs until a signal asks for the end.
pub fn run(settings: &Settings) -> Result<(), Failure> {
    logging::end_process_on_panic();
    if let Some(failpoint) = settings.failpoint {
        tracing::warn!(%failpoint, "the process will kill itself");
        cx_failpoint::arm(failpoint);
    }
    let journal = open::journal(settings)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener =
            http::bind(&settings.listen).or_exit(Code::Listen, format_args!("cannot listen on {}", settings.listen))?;
        let listener = TcpListener::from_std(listener).or_exit(Code::Listen, "the listening socket")?;
        let stop = signals::stop_requested().or_exit(Code::Internal, "signals")?;
        let running = Running::start(settings, journal).await?;
        serve(settings, running, listener, stop).await
    })
}

/// The runtime of everything that waits: HTTP, the store, the sink.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name(logging::WORKER_THREAD)
        .enable_all()
        .build()
        .or_exit(Code::Internal, "starting the runtime")
}

async fn serve(
    settings: &Settings,
    running: Running,
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let state = running.state.clone();
    let patience = Duration::from_secs(settings.shutdown_seconds);
    let mut background = vec![tokio::spawn(sweep(state.clone())), tokio::spawn(tick(state.clone()))];
    if settings.demo {
        let demonstration = demo::prepare(&running, settings).await?;
        background.push(tokio::spawn(demonstration.quote(state.clone())));
    }
    let address = listener.local_addr().or_exit(Code::Listen, "the listening socket")?;
    banner(settings, &state, address);
    let (stop_http, http_stopped) = watch::channel(false);
    let http = tokio::spawn(http::serve(listener, cx_api::router(state.clone()), http_stopped, patience));

    // The sender lives in the task that waits for signals, which never ends by itself.
    drop(stop.wait_for(|stop| *stop).await);

    for task in background {
        task.abort();
    }
    // New work is refused from here on; what was taken is answered first.
    state.sockets.announce_shutdown();
    stop_http.send_replace(true);
    http.await.or_exit(Code::Internal, "stopping HTTP")?;
    if tokio::time::timeout(patience, state.sockets.shut_down()).await.is_err() {
        tracing::warn!(open = state.sockets.count(), "some WebSockets did not end in time and are cut off");
    }
    drop(state);
    running.stop().await
}

/// Keeps permissions true while time passes.
async fn sweep(state: AppState) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match standing::sweep(&state).await {
            Ok(0) => {}
            Ok(users) => tracing::info!(users, "standings ended by themselves"),
            Err(error) => tracing::warn!(%error, "cannot look for standings that end"),
        }
    }
}

/// Lets engine time pass when something is due and no command comes by: an order's end, an account's silence.
async fn tick(state: AppState) {
    let mut ticks = tokio::time::interval(TICK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let clock = SystemClock;
    loop {
        ticks.tick().await;
        if state.pipeline.status().next_due.is_none_or(|due| due > clock.now()) {
            continue;
        }
        if let Err(refusal) = state.sequencer.submit_unanswered(Command::Tick) {
            tracing::debug!(%refusal, "no tick: commands that come by do as well");
        }
    }
}

/// Tells where everything is. The line on stdout is for programs: it appears once, when the venue serves.
fn banner(settings: &Settings, state: &AppState, address: std::net::SocketAddr) {
    let seq = state.pipeline.status().durable.get();
    let instruments = state.venue.read().market.listings().instruments().len();
    tracing::info!(
        data = %settings.data.display(),
        durability = %settings.durability,
        database = state.store.backend().name(),
        seq,
        instruments,
        "CarbonXchange {} is ready",
        env!("CARGO_PKG_VERSION"),
    );
    tracing::info!("REST http://{address}/api, documentation http://{address}/docs, WebSocket ws://{address}/ws");
    println!("listening on http://{address}");
    // Whoever waits for the line may read from a pipe, which is not flushed at the end of a line.
    if let Err(error) = std::io::stdout().flush() {
        tracing::warn!(%error, "cannot write to stdout");
    }
}
