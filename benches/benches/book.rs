//! The book alone: one operation at a time on a book of 32,000 orders on 80 levels a side, and on one of a million.
//!
//! The book is private to the core, and nothing is exposed for this: its source is compiled into this program once more.
//! Preparation and clean-up of each operation are not timed.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use cx_engine::{command, ids, units};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[path = "../../engine/core/src/book/mod.rs"]
#[allow(dead_code, unused_imports)] // only what is measured is used
mod book;

use book::{Book, Detail, NONE, Orders, key_of};
use command::Side;
use ids::{AccountId, InstrumentId};
use units::Price;

/// The middle of the book, in ticks.
const MID: i64 = 33_504;
/// Operations that are timed together, so that the clock's own cost vanishes.
const BATCH: u64 = 1_000;

/// A book with orders on `levels` adjacent prices of each side.
struct Desk {
    orders: Orders,
    book: Book,
    levels: i64,
}

impl Desk {
    fn new(count: usize, levels: i64) -> Self {
        let mut desk = Self { orders: Orders::default(), book: Book::new(), levels };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..count {
            let away = rng.random_range(0..levels);
            desk.add(if rng.random_bool(0.5) { Side::Buy } else { Side::Sell }, away);
        }
        desk
    }

    /// The price so many ticks behind the touch.
    fn price(side: Side, away: i64) -> Price {
        Price::from_ticks(if side == Side::Buy { MID - away } else { MID + 1 + away })
    }

    #[inline]
    fn add(&mut self, side: Side, away: i64) -> u32 {
        let detail = Detail { quantity: 10, quote: 1, instrument: InstrumentId::new(0), side, ..Detail::VACANT };
        let slot = self.orders.enter(AccountId::new(1), 10, key_of(side, Self::price(side, away)), detail).slot();
        self.book.rest(&mut self.orders, side, slot, 10);
        slot
    }

    #[inline]
    fn cancel(&mut self, slot: u32) {
        let side = self.orders.detail(slot).side;
        self.book.unrest(&mut self.orders, side, slot, 10);
        self.orders.remove(slot);
    }

    /// Fills the first order of the best level, as an aggressor does.
    #[inline]
    fn match_one(&mut self, side: Side) -> u32 {
        let ladder = self.book.side(side);
        let slot = ladder.level(ladder.best()).expect("the side is not empty").head;
        assert_ne!(slot, NONE);
        self.book.exhaust(&mut self.orders, side, slot, false);
        self.orders.remove(slot);
        slot
    }

    /// Fills the best `count` orders of a side, level after level.
    fn sweep(&mut self, side: Side, count: usize) {
        for _ in 0..count {
            black_box(self.match_one(side));
        }
    }
}

/// Times batches of an operation; what `prepare` gives each of them is made outside the clock.
fn timed<T>(
    desk: &mut Desk,
    iterations: u64,
    mut prepare: impl FnMut(&mut Desk) -> T,
    mut run: impl FnMut(&mut Desk, T) -> Vec<u32>,
) -> Duration {
    let mut total = Duration::ZERO;
    let mut done = 0;
    while done < iterations {
        let given = prepare(desk);
        let start = Instant::now();
        let added = run(desk, given);
        total += start.elapsed();
        done += BATCH;
        for slot in added {
            desk.cancel(slot);
        }
    }
    // Whole batches ran; criterion is told the time of what it asked for.
    total.mul_f64(as_f64(iterations) / as_f64(done))
}

#[allow(clippy::cast_precision_loss)] // counts are far below 2^53
fn as_f64(count: u64) -> f64 {
    count as f64
}

fn batch_of<T>(mut one: impl FnMut() -> T) -> Vec<T> {
    (0..BATCH).map(|_| one()).collect()
}

fn book_operations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("book");
    for (name, count, levels) in [("32k orders", 32_000, 80), ("1M orders", 1_000_000, 2_000)] {
        let mut desk = Desk::new(count, levels);
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let side = Side::Buy;

        group.bench_function(BenchmarkId::new("add at touch", name), |bencher| {
            bencher.iter_custom(|n| timed(&mut desk, n, |_| (), |desk, ()| batch_of(|| desk.add(side, 0))));
        });
        group.bench_function(BenchmarkId::new("add deep", name), |bencher| {
            let mut depths = |desk: &mut Desk| batch_of(|| rng.random_range(desk.levels / 2..desk.levels));
            bencher.iter_custom(|n| {
                timed(&mut desk, n, &mut depths, |desk, depths| {
                    depths.iter().map(|&away| desk.add(side, away)).collect()
                })
            });
        });
        // Hot: the orders that were added just before. Cold: any of the book, in no order.
        group.bench_function(BenchmarkId::new("cancel hot", name), |bencher| {
            let add = |desk: &mut Desk| batch_of(|| desk.add(side, 3));
            bencher.iter_custom(|n| timed(&mut desk, n, add, |desk, added| cancel_all(desk, &added)));
        });
        group.bench_function(BenchmarkId::new("cancel cold", name), |bencher| {
            bencher.iter_custom(|n| cancel_cold(&mut desk, n));
        });
        group.bench_function(BenchmarkId::new("match one", name), |bencher| {
            let add = |desk: &mut Desk| drop(batch_of(|| desk.add(Side::Sell, 0)));
            bencher.iter_custom(|n| {
                timed(&mut desk, n, add, |desk, ()| {
                    desk.sweep(Side::Sell, usize::try_from(BATCH).unwrap());
                    Vec::new()
                })
            });
        });
        group.bench_function(BenchmarkId::new("match one, new levels", name), |bencher| {
            // Ten orders a level in front of the book, so that every tenth match empties the best one.
            let add = |desk: &mut Desk| {
                for number in 0..BATCH.cast_signed() {
                    desk.add(Side::Buy, -1 - number / 10);
                }
            };
            bencher.iter_custom(|n| {
                timed(&mut desk, n, add, |desk, ()| {
                    desk.sweep(Side::Buy, usize::try_from(BATCH).unwrap());
                    Vec::new()
                })
            });
        });
    }
    group.finish();
}

fn cancel_all(desk: &mut Desk, slots: &[u32]) -> Vec<u32> {
    for &slot in slots {
        desk.cancel(slot);
    }
    Vec::new()
}

/// Cancels every tenth order of the whole book in random order, then puts as many back elsewhere.
fn cancel_cold(desk: &mut Desk, iterations: u64) -> Duration {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (mut total, mut done) = (Duration::ZERO, 0);
    while done < iterations {
        let mut open: Vec<u32> = (0..desk.orders.slots()).filter(|&slot| desk.orders.node(slot).leaves > 0).collect();
        open.shuffle(&mut rng);
        open.truncate(open.len() / 10);
        let start = Instant::now();
        cancel_all(desk, &open);
        total += start.elapsed();
        done += open.len() as u64;
        for _ in &open {
            let away = rng.random_range(0..desk.levels);
            desk.add(if rng.random_bool(0.5) { Side::Buy } else { Side::Sell }, away);
        }
    }
    total.mul_f64(as_f64(iterations) / as_f64(done))
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_secs(1));
    targets = book_operations
}
criterion_main!(benches);
