//! Group commit: one journal batch of 1, 16, 256 and 4,096 commands, synced, against the same bytes written to a plain file
//! and synced, and without sync; and recovery of a journal from the disk.
//!
//! Files lie beside the build, on the disk that the build is on; `CX_BENCH_DIR` names another folder.
#![allow(clippy::unwrap_used)]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cx_benches::{Flow, Profile};
use cx_engine::codec::encode_command;
use cx_engine::command::CommandRecord;
use cx_engine::ids::Seq;
use cx_engine::{Event, EventRecord, Exchange};
use cx_journal::{Durability, JournalStore};
use cx_pipeline::{EventLog, Journal};
use tempfile::TempDir;

const BATCHES: [usize; 4] = [1, 16, 256, 4_096];

fn folder() -> TempDir {
    let parent =
        std::env::var_os("CX_BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    TempDir::new_in(parent).unwrap()
}

/// Appends one batch after another to an empty journal.
fn append(criterion: &mut Criterion, name: &str, durability: Durability, commands: &[CommandRecord]) {
    let mut group = criterion.benchmark_group("journal");
    for size in BATCHES {
        let dir = folder();
        let mut journal = JournalStore::open(dir.path(), durability).unwrap().recover(Seq::ZERO, |_| ()).unwrap().journal;
        let (mut first, batch) = (Seq::new(1), &commands[..size]);
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::new(name, size), |bencher| {
            bencher.iter(|| {
                journal.append(first, batch).unwrap();
                first = Seq::new(first.get() + size as u64);
            });
        });
    }
    group.finish();
}

/// The plain operation underneath: the bytes of the same records at the end of a file, and `fdatasync`.
fn raw(criterion: &mut Criterion, commands: &[CommandRecord]) {
    let mut group = criterion.benchmark_group("journal");
    for size in BATCHES {
        let dir = folder();
        let mut file = OpenOptions::new().create(true).append(true).open(dir.path().join("raw")).unwrap();
        let bytes: Vec<u8> = commands[..size].iter().flat_map(encode_command).collect();
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(BenchmarkId::new("raw write and fdatasync", size), |bencher| {
            bencher.iter(|| {
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
            });
        });
    }
    group.finish();
}

fn commits(criterion: &mut Criterion) {
    let flow = Flow::generate(&Profile { new_orders: 4_096, ..Profile::NORMAL_DAY }, 2_026);
    raw(criterion, &flow.body);
    append(criterion, "append, fsync", Durability::Fsync, &flow.body);
    append(criterion, "append, os", Durability::Os, &flow.body);
}

/// Opens a folder, replays what is in it and lets it go again.
fn recovery(criterion: &mut Criterion) {
    let flow = Flow::generate(&Profile::NORMAL_DAY, 2_026);
    let commands: Vec<CommandRecord> = flow.opening.iter().chain(&flow.body).copied().collect();
    let dir = folder();
    fill(&dir, &commands);
    let mut group = criterion.benchmark_group("recovery");
    group.throughput(Throughput::Elements(commands.len() as u64));
    group.bench_function(format!("{} commands, events complete", commands.len()), |bencher| {
        bencher.iter(|| {
            let recovered = JournalStore::open(dir.path(), Durability::Os).unwrap().recover(Seq::ZERO, |_| ()).unwrap();
            assert_eq!(recovered.exchange.seq().get(), commands.len() as u64);
        });
    });
    group.finish();
}

/// Writes commands and their events as the pipeline does, in full batches.
fn fill(dir: &TempDir, commands: &[CommandRecord]) {
    let mut open = JournalStore::open(dir.path(), Durability::Os).unwrap().recover(Seq::ZERO, |_| ()).unwrap();
    let mut exchange = Exchange::new();
    let (mut events, mut records): (Vec<Event>, Vec<EventRecord>) = (Vec::new(), Vec::new());
    for batch in commands.chunks(4_096) {
        open.journal.append(exchange.seq().next(), batch).unwrap();
        records.clear();
        for record in batch {
            let seq = exchange.seq().next();
            events.clear();
            let time = exchange.apply(seq, record.stamp, &record.command, &mut events);
            records.extend((0..).zip(&events).map(|(index, &event)| EventRecord { seq, index, time, event }));
        }
        open.event_log.append(&records).unwrap();
    }
    open.journal.close().unwrap();
    open.event_log.close().unwrap();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    targets = commits, recovery
}
criterion_main!(benches);
