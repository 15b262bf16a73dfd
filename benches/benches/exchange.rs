//! The whole exchange path: permission, checks, holds, matching, settlement, fees, events, on the flow of a normal day.
//!
//! Throughput is in commands. Each sample runs the whole flow on a fresh copy of the opened exchange.

use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use cx_benches::{Flow, Profile, drive};

fn exchange_path(criterion: &mut Criterion) {
    let normal = Profile::NORMAL_DAY;
    let cases = [
        ("normal day", normal),
        ("normal day, client order ids", Profile { named: true, ..normal }),
        ("100 instruments, 10,000 accounts", Profile { instruments: 100, accounts: 10_000, resting: 200, ..normal }),
    ];
    let mut group = criterion.benchmark_group("exchange");
    for (name, profile) in cases {
        let flow = Flow::generate(&profile, 2_026);
        let opened = flow.opened();
        let mut events = Vec::with_capacity(4_096);
        group.throughput(Throughput::Elements(flow.body.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || opened.clone(),
                |mut exchange| {
                    drive(&mut exchange, &flow.body, &mut events);
                    exchange
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(8)).warm_up_time(Duration::from_secs(2));
    targets = exchange_path
}
criterion_main!(benches);
