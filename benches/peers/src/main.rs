//! Our book alone beside the fastest published ones, on five flows, all in one run.
//!
//! Each message (add, immediate add, cancel, amend) yields a report per outcome, which a ring hands to a second thread. Engines
//! take turns, so that a noisy minute hits them all; the median of the turns counts.
//!
//!     cx-peers [--turns 5] [--orders 1000000] [--flow "normal day"]...  [--only NAME] [--seed 2026]

mod engine;
mod peers;
mod ring;

use std::thread;
use std::time::Instant;

use cx_benches::Profile;
use cx_benches::book_flow::BookFlow;
use cx_benches::desk::Desk;

use engine::{Engine, Nothing, Resolved};
use peers::{Lobster, Matchcore, Obcore, OrderbookRs};
use ring::{Producer, Ring, consume};

/// An engine whose turn takes longer has no second one.
const PATIENCE_SECONDS: f64 = 3.0;
/// A turn that is longer ends early; what was done until then counts.
const LIMIT_SECONDS: f64 = 10.0;
/// Messages between two looks at the clock.
const CHUNK: usize = 4_096;

/// What is asked for on the command line.
struct Options {
    turns: usize,
    orders: usize,
    seed: u64,
    flows: Vec<(&'static str, Profile)>,
    only: Vec<String>,
}

impl Options {
    fn parse() -> Self {
        let mut options = Self { turns: 5, orders: 1_000_000, seed: 2_026, flows: Vec::new(), only: Vec::new() };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().unwrap_or_else(|| usage(&word));
            let number = || value.parse::<u64>().unwrap_or_else(|_| usage(&value));
            match word.as_str() {
                "--turns" => options.turns = usize::try_from(number()).unwrap_or_else(|_| usage(&value)).max(1),
                "--orders" => options.orders = usize::try_from(number()).unwrap_or_else(|_| usage(&value)),
                "--seed" => options.seed = number(),
                "--only" => options.only.push(value),
                "--flow" => {
                    let known = Profile::BOOK.into_iter().find(|(name, _)| *name == value);
                    options.flows.push(known.unwrap_or_else(|| usage(&value)));
                }
                _ => usage(&word),
            }
        }
        if options.flows.is_empty() {
            options.flows = Profile::BOOK.to_vec();
        }
        options
    }
}

fn usage(word: &str) -> ! {
    eprintln!("not understood: {word:?}; see the head of benches/peers/src/main.rs");
    std::process::exit(2)
}

/// An engine with its flow resolved, ready to take turns.
struct Contestant {
    name: &'static str,
    flow: Resolved,
    run: fn(&Resolved) -> f64,
    trades: fn(&Resolved) -> Vec<(i64, u64)>,
    /// Messages a second of each turn.
    rates: Vec<f64>,
}

impl Contestant {
    fn new<E: Engine>(flow: &BookFlow) -> Self {
        Self { name: E::NAME, flow: Resolved::of::<E>(flow), run: run::<E>, trades: trades::<E>, rates: Vec::new() }
    }

    fn median(&self) -> f64 {
        let mut rates = self.rates.clone();
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    }

    fn best(&self) -> f64 {
        self.rates.iter().copied().fold(0.0, f64::max)
    }
}

/// One turn: fills a fresh book, then measures the body, until the second thread has seen the last report.
#[inline(never)]
fn run<E: Engine>(flow: &Resolved) -> f64 {
    let mut engine = E::new();
    for message in &flow.opening {
        engine.apply(message, &mut |_| {});
    }
    let ring = Ring::default();
    thread::scope(|scope| {
        let consumer = scope.spawn(|| consume(&ring));
        let mut producer = Producer::new(&ring);
        let start = Instant::now();
        let mut done = 0;
        for some in flow.body.chunks(CHUNK) {
            for message in some {
                engine.apply(message, &mut |report| producer.push(report.words()));
            }
            done += some.len();
            if start.elapsed().as_secs_f64() > LIMIT_SECONDS {
                break;
            }
        }
        producer.finish();
        std::hint::black_box(consumer.join().expect("the consumer does not panic"));
        as_f64(done) / start.elapsed().as_secs_f64()
    })
}

/// Price and lots of all trades of the body, or of as much of it as is done within the limit.
fn trades<E: Engine>(flow: &Resolved) -> Vec<(i64, u64)> {
    let mut engine = E::new();
    let mut trades = Vec::new();
    for message in &flow.opening {
        engine.apply(message, &mut |_| {});
    }
    let start = Instant::now();
    for some in flow.body.chunks(CHUNK) {
        for message in some {
            engine.apply(message, &mut |report| trades.extend(report.trade()));
        }
        if start.elapsed().as_secs_f64() > LIMIT_SECONDS {
            break;
        }
    }
    trades
}

#[allow(clippy::cast_precision_loss)] // counts are far below 2^53
fn as_f64(count: usize) -> f64 {
    count as f64
}

/// Says whether an engine makes the same trades as the exchange, and where it first does not.
fn agreement(contestant: &Contestant, expected: &[(i64, u64)]) -> String {
    let got = (contestant.trades)(&contestant.flow);
    let first = got.iter().zip(expected).position(|(got, expected)| got != expected);
    match first {
        None if got.len() == expected.len() => "same trades".to_owned(),
        None if got.len() < expected.len() => format!("same trades, the first {}", got.len()),
        None => format!("{} trades instead of {}", got.len(), expected.len()),
        Some(at) => format!("trade {at} of {}: {:?} instead of {:?}", expected.len(), got[at], expected[at]),
    }
}

fn main() {
    let options = Options::parse();
    let mut worst = f64::INFINITY;
    for (name, profile) in &options.flows {
        let flow = BookFlow::generate(&Profile { new_orders: options.orders, ..*profile }, options.seed);
        let [(before, levels_before), (after, levels_after)] = flow.resting;
        println!("\n{name}: {} messages, {} trades", flow.body.len(), flow.trades.len());
        println!("  resting {before} to {after} orders on {levels_before} to {levels_after} levels");
        let mut contestants = vec![
            Contestant::new::<Desk>(&flow),
            Contestant::new::<Obcore>(&flow),
            Contestant::new::<Matchcore>(&flow),
            Contestant::new::<Lobster>(&flow),
            Contestant::new::<OrderbookRs>(&flow),
            Contestant::new::<Nothing>(&flow),
        ];
        contestants.retain(|contestant| {
            options.only.is_empty() || options.only.iter().any(|only| contestant.name.contains(only.as_str()))
        });
        for _ in 0..options.turns {
            for contestant in &mut contestants {
                // Who takes seconds takes one turn, or the others would wait for it most of the time.
                if contestant.rates.last().is_none_or(|rate| as_f64(flow.body.len()) / rate < PATIENCE_SECONDS) {
                    contestant.rates.push((contestant.run)(&contestant.flow));
                }
            }
        }
        let (ours, ours_best) = (contestants[0].median(), contestants[0].best());
        println!("  {:24} {:>9} {:>9} {:>8} {:>8}  trades", "M messages/s", "median", "best", "ours is", "by best");
        for contestant in &contestants {
            let ratio = ours / contestant.median();
            let by_best = ours_best / contestant.best();
            let is_peer = contestant.name != Desk::NAME && contestant.name != Nothing::NAME;
            if is_peer {
                worst = worst.min(ratio);
            }
            let (median, best) = (contestant.median() / 1e6, contestant.best() / 1e6);
            let said =
                if contestant.name == Nothing::NAME { String::new() } else { agreement(contestant, &flow.trades) };
            println!("  {:24} {median:9.2} {best:9.2} {ratio:7.2}x {by_best:7.2}x  {said}", contestant.name);
        }
    }
    if worst.is_finite() {
        println!("\nours against the fastest peer, worst flow: {worst:.2}x");
    }
}
