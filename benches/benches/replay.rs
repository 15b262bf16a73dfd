//! Replay: recorded commands through the codec and the exchange, as recovery does, without the disk.
//!
//! `recover` from a real journal is in `journal.rs`; this is the part of it that is not RocksDB's.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use cx_benches::{Flow, Profile};
use cx_engine::codec::{COMMAND_RECORD_LEN, decode_command, encode_command, encode_event};
use cx_engine::ids::Seq;
use cx_engine::{EventRecord, Exchange};

/// Decodes and applies everything; encodes the events as well when the event log has to be derived again.
fn replay(exchange: &mut Exchange, journal: &[[u8; COMMAND_RECORD_LEN]], derive_events: bool) {
    let mut events = Vec::with_capacity(4_096);
    let mut seq = exchange.seq();
    for bytes in journal {
        let record = decode_command(bytes).unwrap();
        seq = seq.next();
        events.clear();
        let time = exchange.apply(seq, record.stamp, &record.command, &mut events);
        if derive_events {
            for (index, &event) in (0..).zip(&events) {
                black_box(encode_event(&EventRecord { seq, index, time, event }));
            }
        }
    }
}

fn replays(criterion: &mut Criterion) {
    let flow = Flow::generate(&Profile::NORMAL_DAY, 2_026);
    let opened = flow.opened();
    let journal: Vec<_> = flow.body.iter().map(encode_command).collect();
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(journal.len() as u64));
    for (name, derive_events) in [("commands", false), ("commands, events derived again", true)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || opened.clone(),
                |mut exchange| {
                    replay(&mut exchange, &journal, derive_events);
                    exchange
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.bench_function("decoding alone", |bencher| {
        bencher.iter(|| {
            for bytes in &journal {
                black_box(decode_command(bytes).unwrap());
            }
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("snapshot");
    let mut exchange = opened.clone();
    replay(&mut exchange, &journal, false);
    let bytes = exchange.snapshot();
    let orders = exchange.open_orders().len();
    assert!(exchange.seq() > Seq::ZERO);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function(format!("write, {orders} open orders"), |bencher| bencher.iter(|| exchange.snapshot()));
    group.bench_function(format!("restore, {orders} open orders"), |bencher| {
        bencher.iter(|| Exchange::restore(&bytes).unwrap());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    targets = replays
}
criterion_main!(benches);
