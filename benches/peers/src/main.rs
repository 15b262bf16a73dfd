//! Our book alone beside the fastest published ones, on five flows, all in one run.
//!
//! Each message (add, immediate add, cancel, amend) yields a report per outcome, which a ring hands to a second thread. Engines
//! take turns, and flows as well, so that a noisy minute hits them all and no flow has it alone; the median of the turns counts. Beside it stand the best turn, and what is
//! left when each 4,096 messages are taken from the turn that was least disturbed in them (`undisturbed`).
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
    run: fn(&Resolved, &mut [f64]) -> f64,
    trades: fn(&Resolved) -> Vec<(i64, u64)>,
    /// Messages a second of each turn.
    rates: Vec<f64>,
    /// The shortest time in seconds that each chunk of messages took in any turn.
    shortest: Vec<f64>,
}

impl Contestant {
    fn new<E: Engine>(flow: &BookFlow) -> Self {
        let shortest = vec![f64::INFINITY; flow.body.len().div_ceil(CHUNK)];
        let (run, trades) = (run::<E>, trades::<E>);
        Self { name: E::NAME, flow: Resolved::of::<E>(flow), run, trades, rates: Vec::new(), shortest }
    }

    fn take_turn(&mut self) {
        let rate = (self.run)(&self.flow, &mut self.shortest);
        self.rates.push(rate);
    }

    /// Messages a second when each chunk takes as long as in its best turn.
    fn undisturbed(&self) -> f64 {
        let done = self.shortest.iter().filter(|time| time.is_finite());
        as_f64((done.clone().count() * CHUNK).min(self.flow.body.len())) / done.sum::<f64>()
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

/// One turn: fills a fresh book, then measures the body, until the second thread has seen the last report. Notes the shortest
/// time of each chunk, and gives messages a second.
#[inline(never)]
fn run<E: Engine>(flow: &Resolved, shortest: &mut [f64]) -> f64 {
    let mut engine = E::new();
    for message in &flow.opening {
        engine.apply(message, &mut |_| {});
    }
    let ring = Ring::default();
    thread::scope(|scope| {
        let consumer = scope.spawn(|| consume(&ring));
        let mut producer = Producer::new(&ring);
        let start = Instant::now();
        let (mut done, mut before) = (0, 0.0);
        for (some, shortest) in flow.body.chunks(CHUNK).zip(shortest) {
            for message in some {
                engine.apply(message, &mut |report| producer.push(report.words()));
            }
            done += some.len();
            let now = start.elapsed().as_secs_f64();
            *shortest = shortest.min(now - before);
            before = now;
            if now > LIMIT_SECONDS {
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

/// Says what each made of a flow, and gives how many times as fast as the fastest peer ours is, by the medians.
fn report(contestants: &[Contestant], trades: &[(i64, u64)]) -> f64 {
    let ours = &contestants[0];
    let mut worst = f64::INFINITY;
    println!("  {:24} {:>17} {:>17} {:>17}  trades", "M messages/s, ours is", "median", "best", "undisturbed");
    for contestant in contestants {
        let ratio = ours.median() / contestant.median();
        let nothing = contestant.name == Nothing::NAME;
        if contestant.name != Desk::NAME && !nothing {
            worst = worst.min(ratio);
        }
        let cell = |ours: f64, rate: f64| format!("{:9.2} {:6.2}x", rate / 1e6, ours / rate);
        let median = cell(ours.median(), contestant.median());
        let best = cell(ours.best(), contestant.best());
        let undisturbed = cell(ours.undisturbed(), contestant.undisturbed());
        let said = if nothing { String::new() } else { agreement(contestant, trades) };
        println!("  {:24} {median} {best} {undisturbed}  {said}", contestant.name);
    }
    worst
}

/// A flow, and all who take turns at it.
struct Scene {
    name: &'static str,
    about: String,
    trades: Vec<(i64, u64)>,
    contestants: Vec<Contestant>,
}

impl Scene {
    fn new(name: &'static str, profile: &Profile, options: &Options) -> Self {
        let flow = BookFlow::generate(&Profile { new_orders: options.orders, ..*profile }, options.seed);
        let [(before, levels_before), (after, levels_after)] = flow.resting;
        let about = format!(
            "{} messages, {} trades; resting {before} to {after} orders on {levels_before} to {levels_after} levels",
            flow.body.len(),
            flow.trades.len()
        );
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
        Self { name, about, trades: flow.trades, contestants }
    }

    /// Everybody takes a turn.
    fn round(&mut self) {
        for contestant in &mut self.contestants {
            // Who takes seconds takes one turn, or the others would wait for it most of the time.
            let messages = as_f64(contestant.flow.body.len());
            if contestant.rates.last().is_none_or(|rate| messages / rate < PATIENCE_SECONDS) {
                contestant.take_turn();
            }
        }
    }
}

fn main() {
    let options = Options::parse();
    let mut scenes: Vec<Scene> =
        options.flows.iter().map(|(name, profile)| Scene::new(name, profile, &options)).collect();
    for _ in 0..options.turns {
        scenes.iter_mut().for_each(Scene::round);
    }
    let mut worst = f64::INFINITY;
    for scene in &scenes {
        println!("\n{}: {}", scene.name, scene.about);
        worst = worst.min(report(&scene.contestants, &scene.trades));
    }
    if worst.is_finite() {
        println!("\nours against the fastest peer, worst flow: {worst:.2}x");
    }
}
