//! The way between threads: a hop through the sequencer ring, and the whole pipeline with ports that do nothing.
//!
//! A hop needs two free cores to mean much: where threads share one, these figures are the scheduler's.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cx_benches::{Flow, Profile};
use cx_engine::command::{CancelOrder, Command, CommandRecord};
use cx_engine::ids::{AccountId, OrderId, Seq};
use cx_engine::units::Timestamp;
use cx_engine::{EventRecord, Exchange};
use cx_pipeline::replies::Token;
use cx_pipeline::ring::{self, RingProducer, RingReader, Slot};
use cx_pipeline::{
    EventLog, Journal, Outlet, Pipeline, PipelineConfig, PortError, Sequencer, SubmitError, SystemClock,
};
use disruptor::Producer;

const RING_SLOTS: usize = 1_024;
/// Slots that a reader takes at most at one time.
const TAKE: u64 = 256;

fn slot(number: u64) -> Slot {
    let command = Command::Cancel(CancelOrder { account: AccountId::new(1), order: OrderId::new(number) });
    Slot { record: CommandRecord { stamp: Timestamp::from_nanos(number), command }, token: Token::NONE }
}

/// Reads what is there; gives how many slots.
#[inline]
fn drain(reader: &mut RingReader) -> u64 {
    let Ok(mut slots) = reader.take(TAKE) else { return 0 };
    let mut count = 0;
    for slot in &mut slots {
        black_box(slot.record.stamp);
        count += 1;
    }
    count
}

/// Waits a moment: a pause for the core, and now and then a chance for whoever else wants it, because with more threads than
/// free cores a spinning thread keeps out the very one that it waits for.
#[inline]
fn relax(turns: &mut u32) {
    *turns += 1;
    if turns.is_multiple_of(256) {
        thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// The reading side on its own thread: both readers, as the journal and the engine stage are.
struct Readers {
    seen: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Readers {
    fn start(mut readers: [RingReader; 2]) -> Self {
        let seen = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (said, told) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let (mut counts, mut turns) = ([0_u64; 2], 0);
            while !told.load(Ordering::Relaxed) {
                let mut idle = true;
                for (reader, count) in readers.iter_mut().zip(&mut counts) {
                    let taken = drain(reader);
                    *count += taken;
                    idle &= taken == 0;
                }
                if idle {
                    relax(&mut turns);
                } else {
                    said.store(counts[0].min(counts[1]), Ordering::Release);
                }
            }
        });
        Self { seen, stop, thread: Some(thread) }
    }

    fn wait_for(&self, count: u64) {
        let mut turns = 0;
        while self.seen.load(Ordering::Acquire) < count {
            relax(&mut turns);
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn publish(producer: &mut RingProducer, number: u64) {
    let (slot, mut turns) = (slot(number), 0);
    while producer.try_publish(|place| *place = slot).is_err() {
        relax(&mut turns);
    }
}

fn hops(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ring");
    group.throughput(Throughput::Elements(1));
    group.bench_function("publish and read on one thread", |bencher| {
        let (mut producer, mut first, mut second) = ring::open(RING_SLOTS);
        let mut number = 0;
        bencher.iter(|| {
            number += 1;
            publish(&mut producer, number);
            drain(&mut first) + drain(&mut second)
        });
    });
    group.bench_function("stream to another thread", |bencher| {
        let (mut producer, first, second) = ring::open(RING_SLOTS);
        let readers = Readers::start([first, second]);
        let mut sent = 0;
        bencher.iter_custom(|iterations| {
            let start = Instant::now();
            for _ in 0..iterations {
                sent += 1;
                publish(&mut producer, sent);
            }
            readers.wait_for(sent);
            start.elapsed()
        });
    });
    group.bench_function("one at a time to another thread, seen and answered", |bencher| {
        let (mut producer, first, second) = ring::open(RING_SLOTS);
        let readers = Readers::start([first, second]);
        let mut sent = 0;
        bencher.iter(|| {
            sent += 1;
            publish(&mut producer, sent);
            readers.wait_for(sent);
        });
    });
    group.finish();
}

/// Ports that take everything and do nothing.
struct Nowhere;

impl Journal for Nowhere {
    fn append(&mut self, _first: Seq, _records: &[CommandRecord]) -> Result<(), PortError> {
        Ok(())
    }
}

impl EventLog for Nowhere {
    fn append(&mut self, _records: &[EventRecord]) -> Result<(), PortError> {
        Ok(())
    }
}

impl Outlet for Nowhere {
    fn release(&mut self, records: &[EventRecord]) {
        black_box(records.len());
    }
}

fn start(exchange: Exchange) -> (Pipeline, Sequencer) {
    let (journal, log, outlet) = (Box::new(Nowhere), Box::new(Nowhere), Box::new(Nowhere));
    let config = PipelineConfig { audit_every: None, ..PipelineConfig::default() };
    Pipeline::start(config, exchange, journal, log, outlet, Arc::new(SystemClock))
}

fn submit(sequencer: &Sequencer, command: Command) {
    while let Err(refusal) = sequencer.submit_unanswered(command) {
        assert_eq!(refusal, SubmitError::Overloaded);
        thread::yield_now();
    }
}

fn pipeline(criterion: &mut Criterion) {
    let flow = Flow::generate(&Profile::NORMAL_DAY, 2_026);
    let opened = flow.opened();
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(flow.body.len() as u64));
    group.bench_function("a normal day, nothing stored", |bencher| {
        bencher.iter_custom(|iterations| {
            let mut total = Duration::ZERO;
            for _ in 0..iterations {
                let (pipeline, sequencer) = start(opened.clone());
                let begin = Instant::now();
                for record in &flow.body {
                    submit(&sequencer, record.command);
                }
                // It drains before it returns.
                let exchange = pipeline.shutdown();
                total += begin.elapsed();
                assert_eq!(exchange.seq().get(), opened.seq().get() + flow.body.len() as u64);
            }
            total
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("one at a time, answered", |bencher| {
        let (_pipeline, sequencer) = start(opened.clone());
        bencher.iter(|| sequencer.submit(slot(0).record.command).unwrap().wait().unwrap());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    targets = hops, pipeline
}
criterion_main!(benches);
