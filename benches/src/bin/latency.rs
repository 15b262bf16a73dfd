//! How long single commands take on the flow of a normal day, and how many a core does in a second.
//!
//!     cargo run --release -p cx-benches --bin latency [TURNS]
//!
//! Each turn applies the same commands to a fresh exchange that is warm. The clock is read before and after each command; nothing is
//! subtracted for it, and what it costs is shown. A machine that is shared takes the core away now and then, which no program
//! can help: besides the turns as they were, the least that each command took in any turn is shown, which is what the program
//! itself needs. Throughput is measured in turns of their own, with the clock read once in a thousand commands.

use std::time::{Duration, Instant};

use cx_benches::{Flow, Profile, drive};

const TURNS: usize = 9;
/// Commands that throughput is measured over: some 100 microseconds, far less than a core is given at a time.
const CHUNK: usize = 1_000;

fn main() {
    let turns = std::env::args().nth(1).map_or(TURNS, |turns| turns.parse().expect("the number of turns"));
    let flow = Flow::generate(&Profile::NORMAL_DAY, 2_026);
    println!("{} commands: {:?}", flow.body.len(), flow.shares);
    println!("{turns} turns; nanoseconds, clock included");
    println!("{:<28}{:>8}{:>8}{:>8}{:>8}{:>8}{:>10}", "", "p50", "p90", "p99", "p99.9", "p99.99", "max");
    show("the clock alone", &mut clock(flow.body.len()));

    let mut least = vec![u64::MAX; flow.body.len()];
    let mut all = Vec::new();
    for _ in 0..turns {
        let times = single(&flow);
        least.iter_mut().zip(&times).for_each(|(least, &time)| *least = time.min(*least));
        all.push(times);
    }
    all.sort_by_cached_key(|times| percentile(&sorted(times), 99_99));
    show("quietest turn", &mut all[0]);
    show("median turn", &mut all[turns / 2]);
    show("least of each command", &mut least);

    let mut least = vec![u64::MAX; flow.body.len().div_ceil(CHUNK)];
    let mut turns_took = Vec::new();
    for _ in 0..turns {
        let times = in_chunks(&flow);
        least.iter_mut().zip(&times).for_each(|(least, &time)| *least = time.min(*least));
        turns_took.push(times.iter().sum());
    }
    turns_took.sort_unstable();
    let rate = |took: u64| {
        let rate = flow.body.len() as u64 * 1_000_000_000 / took.max(1);
        format!("{}.{:02}", rate / 1_000_000, rate / 10_000 % 100)
    };
    let (best, median) = (rate(turns_took[0]), rate(turns_took[turns / 2]));
    let undisturbed = rate(least.iter().sum());
    println!("million commands a second: median {median}, best {best}; least of each {CHUNK} commands {undisturbed}");
}

/// How long each command took, in nanoseconds.
fn single(flow: &Flow) -> Vec<u64> {
    let mut exchange = flow.opened();
    let mut events = Vec::with_capacity(4_096);
    let mut times = Vec::with_capacity(flow.body.len());
    let mut seq = exchange.seq();
    for record in &flow.body {
        seq = seq.next();
        events.clear();
        let start = Instant::now();
        exchange.apply(seq, record.stamp, &record.command, &mut events);
        times.push(nanos(start.elapsed()));
        std::hint::black_box(&events);
    }
    times
}

/// What the clock says when nothing happens.
fn clock(count: usize) -> Vec<u64> {
    (0..count)
        .map(|_| {
            let start = Instant::now();
            nanos(start.elapsed())
        })
        .collect()
}

/// How long each [`CHUNK`] commands took, the clock read only between them.
fn in_chunks(flow: &Flow) -> Vec<u64> {
    let mut exchange = flow.opened();
    let mut events = Vec::with_capacity(4_096);
    let mut times = Vec::with_capacity(flow.body.len().div_ceil(CHUNK));
    for commands in flow.body.chunks(CHUNK) {
        let start = Instant::now();
        std::hint::black_box(drive(&mut exchange, commands, &mut events));
        times.push(nanos(start.elapsed()));
    }
    times
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn sorted(times: &[u64]) -> Vec<u64> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times
}

/// The least time that so many ten-thousandths of the commands do not exceed.
fn percentile(sorted: &[u64], ten_thousandths: usize) -> u64 {
    let rank = (sorted.len() * ten_thousandths).div_ceil(10_000).clamp(1, sorted.len());
    sorted[rank - 1]
}

fn show(what: &str, times: &mut [u64]) {
    times.sort_unstable();
    let at = |part| percentile(times, part);
    let (p50, p90, p99, p999, p9999) = (at(50_00), at(90_00), at(99_00), at(99_90), at(99_99));
    println!("{what:<28}{p50:>8}{p90:>8}{p99:>8}{p999:>8}{p9999:>8}{:>10}", times[times.len() - 1]);
}
