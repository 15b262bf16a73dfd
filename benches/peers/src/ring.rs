//! The hand-over of reports to a second thread: one producer, one consumer.
//!
//! Records are gathered where the producer's core has them at hand, and moved into the ring a batch at a time. So the cache
//! lines that the other core owns are fetched many at once and not one after another between the book's own stores, and the
//! shared cursor moves once a batch.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_queue::ArrayQueue;

/// Records that are handed over together.
const BATCH: usize = 64;
/// Batches in the ring: 65,536 records, 2 MiB. On a machine that others use as well, the reader may not run for a millisecond;
/// a small ring would be full by then, and the book would wait.
const BATCHES: usize = 1_024;
/// How often a waiting side looks again before it gives its core away.
const SPINS: u32 = 200;

/// A record: four words.
type Record = [u64; 4];

/// Records on their way.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Batch {
    records: [Record; BATCH],
    len: usize,
}

impl Batch {
    const EMPTY: Self = Self { records: [[0; 4]; BATCH], len: 0 };
}

/// The ring.
pub struct Ring {
    batches: ArrayQueue<Batch>,
    /// Whether all has been written.
    done: AtomicBool,
}

impl Default for Ring {
    fn default() -> Self {
        Self { batches: ArrayQueue::new(BATCHES), done: AtomicBool::new(false) }
    }
}

/// The writing side.
pub struct Producer<'a> {
    ring: &'a Ring,
    stage: Batch,
}

impl<'a> Producer<'a> {
    /// The only producer of a ring.
    pub fn new(ring: &'a Ring) -> Self {
        Self { ring, stage: Batch::EMPTY }
    }

    /// Writes a record; waits while the ring is full.
    #[inline]
    pub fn push(&mut self, record: Record) {
        self.stage.records[self.stage.len % BATCH] = record;
        self.stage.len += 1;
        if self.stage.len == BATCH {
            self.publish();
        }
    }

    #[inline(never)]
    fn publish(&mut self) {
        let mut spins = 0;
        while self.ring.batches.push(self.stage).is_err() {
            pause(&mut spins);
        }
        self.stage.len = 0;
    }

    /// Hands over what is left, and says that this is all.
    pub fn finish(mut self) {
        self.publish();
        self.ring.done.store(true, Ordering::Release);
    }
}

/// The reading side: folds everything into a checksum, until all has been written.
pub fn consume(ring: &Ring) -> u64 {
    let (mut sum, mut spins) = (0_u64, 0);
    loop {
        let done = ring.done.load(Ordering::Acquire);
        match ring.batches.pop() {
            Some(batch) => {
                spins = 0;
                for word in batch.records[..batch.len].as_flattened() {
                    sum = sum.rotate_left(5) ^ word;
                }
            }
            None if done => return sum,
            None => pause(&mut spins),
        }
    }
}

fn pause(spins: &mut u32) {
    *spins += 1;
    if *spins < SPINS {
        spin_loop();
    } else {
        thread::yield_now();
    }
}
