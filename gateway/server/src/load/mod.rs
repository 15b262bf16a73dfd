//! `carbonxchange load`: drives a running server over WebSocket and REST on schedule and measures it.
//!
//! - [`flow`]: what is due when, a pure function of the seed. [`pacer`]: hands it over in time.
//! - [`client`]: the typed client. [`session`]: one WebSocket connection. [`reads`]: REST reads. [`traders`]: who trades.
//! - [`measure`]: what is measured. [`report`]: the table, the JSON file and the plot. [`acks`]: acknowledged orders.
//!
//! The schedule never waits for the server (open loop), and latency counts from the scheduled time: a server that stalls is
//! charged for every message that would have come meanwhile (no coordinated omission). `docs/load.md` has the model.

mod acks;
mod args;
mod client;
mod credentials;
mod flow;
mod measure;
mod pacer;
mod reads;
mod report;
mod session;
#[cfg(test)]
mod tests;
mod traders;

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub use args::LoadArgs;

use acks::Acks;
use client::rest::Instrument;
use client::{Rest, socket};
use flow::{Contract, Flow, FlowSettings};
use measure::{Meter, Outcome};
use pacer::Lanes;
use reads::Token;
use session::{Quote, Run};
use traders::{Market, Trader};

/// Where the mid starts when an instrument has no book yet, in units of the currency.
const MID: u32 = 10;
/// Orders that wait for a cancel, at most.
const LIVE_MAX: usize = 200_000;
/// How long answers are waited for after the last message.
const PATIENCE: Duration = Duration::from_secs(10);
/// Messages that wait for a connection, at most; the schedule falls behind above it.
const LANE: usize = 16_384;
/// How often the tokens for reads are renewed; they last 15 minutes.
const RENEWAL: Duration = Duration::from_mins(10);
/// How often progress is shown and acknowledged orders are flushed.
const TICK: Duration = Duration::from_millis(250);

/// Runs a load test and prints its table. An error when messages failed or a connection was lost; the files are written all
/// the same.
pub fn run(args: LoadArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(drive(args));
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// Everything that a run needs, ready to start.
struct Prepared {
    rest: Rest,
    traders: Vec<Trader>,
    flow: Flow,
    settings: FlowSettings,
    quotes: Vec<Quote>,
    sockets: Vec<(socket::Sink, socket::Source)>,
}

async fn drive(args: LoadArgs) -> anyhow::Result<()> {
    ensure!(
        args.warm_up < args.duration,
        "the warm-up is as long as the whole run: lower --warm-up or raise --duration"
    );
    let acks = args.acks.as_deref().map(|path| Acks::create(path).with_context(|| cannot_write(path))).transpose()?;
    let acks = acks.map(Arc::new);
    // A file that cannot be written is better found out before the run than after it.
    let mut json = args.json.as_deref().map(create).transpose()?;
    let mut svg = args.svg.as_deref().map(create).transpose()?;
    let name = run_name();
    let bar = progress(args.duration);
    let prepared = prepare(&args, &name, &bar).await?;
    let settings = prepared.settings.clone();
    let symbols: Vec<String> = prepared.quotes.iter().map(|quote| quote.symbol.clone()).collect();

    let started_at = chrono::Utc::now();
    let meter = Meter::new(args.duration, args.warm_up);
    let ended = execute(&args, &name, prepared, acks.clone(), meter.clone(), &bar).await?;
    bar.finish_and_clear();

    let acked = acks.map(|acks| acks.finish().context("cannot write the acknowledged orders")).transpose()?;
    let figured = meter.lock().clone();
    let about = report::About { name: &name, started_at, args: &args, settings: &settings, symbols: &symbols };
    let report = report::Report::new(&about, &figured, ended.due, ended.elapsed, acked);
    print!("{}", report.table());
    if let Some(file) = &mut json {
        file.write_all(report.json()?.as_bytes()).context("cannot write the JSON file")?;
    }
    if let Some(file) = &mut svg {
        file.write_all(report.svg().as_bytes()).context("cannot write the plot")?;
    }
    if ended.lost > 0 {
        bail!("{} of {} connections were lost", ended.lost, args.connections);
    }
    match figured.total(Outcome::Error) {
        0 => Ok(()),
        errors => bail!("{errors} messages failed: see the codes above"),
    }
}

fn create(path: &Path) -> anyhow::Result<File> {
    File::create(path).with_context(|| cannot_write(path))
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// Differs from run to run, so that client order ids do not come twice: seconds since the epoch and some chance, base 36.
fn run_name() -> String {
    let seconds = chrono::Utc::now().timestamp().unsigned_abs();
    let mut number = seconds * 1_296 + u64::from(rand::random::<u16>() % 1_296);
    let mut digits = Vec::new();
    while number > 0 {
        let digit = u8::try_from(number % 36).expect("below 36");
        digits.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
        number /= 36;
    }
    digits.iter().rev().map(|&digit| char::from(digit)).collect()
}

fn progress(duration: Duration) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {percent:>3}% {elapsed} {msg}");
    let bar = ProgressBar::new(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

async fn prepare(args: &LoadArgs, name: &str, bar: &ProgressBar) -> anyhow::Result<Prepared> {
    let rest = Rest::new(&args.url)?;
    let market = traders::assemble(&rest, args, name, bar).await?;
    let silent = traders::without_sellers(&market);
    if !silent.is_empty() {
        bar.suspend(|| eprintln!("nobody has credits of {}: no trades there", silent.join(", ")));
    }
    let Market { instruments, traders } = market;
    let mut contracts = Vec::new();
    for instrument in &instruments {
        contracts.push(contract(&rest, instrument).await?);
    }
    let seats = (0..usize::from(args.connections)).map(|seat| traders[seat % traders.len()].seat.clone()).collect();
    let settings = settings(args, contracts, seats);
    let flow = Flow::new(settings.clone())?;
    let mut sockets = Vec::new();
    for seat in 0..usize::from(args.connections) {
        bar.set_message(format!("connection {} of {}", seat + 1, args.connections));
        sockets.push(socket::open(rest.base(), &traders[seat % traders.len()].tokens.access_token).await?);
    }
    let quote = |i: &Instrument| Quote { symbol: i.symbol.clone(), tick: i.tick_size, lot: i.lot_size };
    Ok(Prepared { quotes: instruments.iter().map(quote).collect(), rest, traders, flow, settings, sockets })
}

/// An instrument as the flow sees it: in ticks, around the middle of its book, or around [`MID`] where a side is empty.
async fn contract(rest: &Rest, instrument: &Instrument) -> anyhow::Result<Contract> {
    let touch = rest.touch(&instrument.symbol).await?;
    let price = match (touch.bids.first(), touch.asks.first()) {
        (Some(bid), Some(ask)) => (bid.price + ask.price) / Decimal::TWO,
        _ => Decimal::from(MID),
    };
    let ticks = |price: Decimal| price.checked_div(instrument.tick_size).map(|ticks| ticks.floor());
    let mid_ticks = ticks(price).and_then(|ticks| ticks.to_u32()).filter(|&ticks| ticks > 0);
    let ticks_max = ticks(instrument.price_max).and_then(|ticks| ticks.to_i64());
    let senseless = || format!("{} has no sensible tick size", instrument.symbol);
    Ok(Contract { mid_ticks: mid_ticks.with_context(senseless)?, ticks_max: ticks_max.with_context(senseless)? })
}

fn settings(args: &LoadArgs, contracts: Vec<Contract>, seats: Vec<flow::Seat>) -> FlowSettings {
    FlowSettings {
        seed: args.seed,
        rate: args.rate,
        duration: args.duration,
        read_share: args.shape.reads,
        ioc_share: args.shape.ioc,
        amend_share: args.shape.amends,
        cancel_share: args.shape.cancels,
        stale_share: args.shape.stale,
        lifetime: args.shape.lifetime,
        cold_share: args.shape.cold,
        burst: args.shape.burst,
        swing: args.shape.swing,
        lots: args.shape.lots,
        live_max: LIVE_MAX,
        contracts,
        seats,
    }
}

struct Ended {
    /// Messages that were due.
    due: u64,
    /// From the first message to the last answer.
    elapsed: Duration,
    /// Connections that did not last.
    lost: usize,
}

async fn execute(
    args: &LoadArgs,
    name: &str,
    prepared: Prepared,
    acks: Option<Arc<Acks>>,
    meter: Meter,
    bar: &ProgressBar,
) -> anyhow::Result<Ended> {
    let Prepared { rest, traders, flow, quotes, sockets, .. } = prepared;
    let start = Instant::now();
    let contracts = quotes.into();
    let run = Run { name: name.into(), start, contracts, meter: meter.clone(), acks, patience: PATIENCE };
    let tokens: Vec<Token> = traders.iter().map(|trader| Token::new(trader.tokens.access_token.clone())).collect();
    let of_seat = (0..sockets.len()).map(|seat| tokens[seat % tokens.len()].clone()).collect();

    let (read_lane, read_planned) = mpsc::channel(LANE);
    let reading = tokio::spawn(reads::run(run.clone(), rest.clone(), of_seat, read_planned));
    let renewing = tokio::spawn(renew(rest, traders, tokens.clone()));
    let mut lanes = Lanes { seats: Vec::new(), reads: read_lane };
    let mut sessions = JoinSet::new();
    for (seat, halves) in sockets.into_iter().enumerate() {
        let (lane, planned) = mpsc::channel(LANE);
        lanes.seats.push(lane);
        // One connection of each account sweeps.
        let sweep = !args.keep_orders && seat < tokens.len();
        sessions.spawn(session::run(run.clone(), halves, planned, sweep));
    }

    let stop = Arc::new(AtomicBool::new(false));
    let pacing = {
        let (stop, meter) = (Arc::clone(&stop), meter.clone());
        tokio::task::spawn_blocking(move || pacer::pace(flow, start, &lanes, &stop, &meter))
    };
    let due = watch(&run, pacing, &stop, bar).await?;
    bar.set_message("waiting for the last answers");
    reading.await.context("the reads ended badly")?;
    let mut lost = 0;
    while let Some(lasted) = sessions.join_next().await {
        lost += usize::from(!lasted.context("a connection ended badly")?);
    }
    renewing.abort();
    Ok(Ended { due, elapsed: start.elapsed(), lost })
}

/// Shows progress until the schedule has ended; an interrupt ends it early.
async fn watch(
    run: &Run,
    mut pacing: tokio::task::JoinHandle<u64>,
    stop: &AtomicBool,
    bar: &ProgressBar,
) -> anyhow::Result<u64> {
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            due = &mut pacing => return due.context("the schedule ended badly"),
            _ = tick.tick() => {
                if let Some(acks) = &run.acks {
                    acks.flush();
                }
                let figured = run.meter.lock();
                let (sent, errors) = (figured.sent, figured.total(Outcome::Error));
                drop(figured);
                bar.set_position(u64::try_from(run.start.elapsed().as_millis()).unwrap_or(u64::MAX));
                bar.set_message(format!("{sent} sent, {errors} failed"));
            }
            interrupt = tokio::signal::ctrl_c() => {
                interrupt.context("cannot wait for an interrupt")?;
                stop.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Keeps the tokens for reads valid in runs that outlast them.
async fn renew(rest: Rest, mut traders: Vec<Trader>, tokens: Vec<Token>) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        for (trader, token) in traders.iter_mut().zip(&tokens) {
            match rest.refresh(&trader.tokens.refresh_token).await {
                Ok(next) => {
                    token.set(next.access_token.clone());
                    trader.tokens = next;
                }
                Err(error) => tracing::warn!(%error, "a token could not be renewed"),
            }
        }
    }
}
