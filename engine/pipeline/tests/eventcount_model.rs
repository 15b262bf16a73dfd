//! Model check of the eventcount: interleavings of a few writers and one sleeper, in the C11 memory model.
//! The file under test is compiled here against the checker's atomics, mutex and parking.

mod sync {
    pub(crate) use loom::sync::Mutex;
    pub(crate) use loom::sync::atomic::{AtomicBool, Ordering, fence};
    pub(crate) use loom::thread::{Thread, current, park};
}

#[allow(dead_code)]
#[path = "../src/eventcount.rs"]
mod eventcount;

use eventcount::EventCount;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// `writers` threads each change the condition once; the sleeper waits for all changes. A lost wake-up is a deadlock,
/// which the checker reports.
fn sleeper_sees_all(writers: usize, preemptions: Option<usize>) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = preemptions;
    model.check(move || {
        let count = Arc::new(EventCount::new());
        let changes = Arc::new(AtomicUsize::new(0));
        for _ in 0..writers {
            let (count, changes) = (Arc::clone(&count), Arc::clone(&changes));
            thread::spawn(move || {
                changes.fetch_add(1, Ordering::Release);
                count.notify();
            });
        }
        count.attach();
        count.wait_until(|| changes.load(Ordering::Acquire) == writers);
    });
}

#[test]
fn one_writer_never_loses_the_sleeper() {
    sleeper_sees_all(1, None);
}

/// All interleavings of three threads take minutes; those with up to three preemptions take seconds.
#[test]
fn two_writers_never_lose_the_sleeper() {
    sleeper_sees_all(2, Some(3));
}

/// The stage's way: sleep, take what is there, sleep again.
#[test]
fn a_sleeper_that_comes_back_is_woken_again() {
    loom::model(|| {
        let count = Arc::new(EventCount::new());
        let changes = Arc::new(AtomicUsize::new(0));
        {
            let (count, changes) = (Arc::clone(&count), Arc::clone(&changes));
            thread::spawn(move || {
                for _ in 0..2 {
                    changes.fetch_add(1, Ordering::Release);
                    EventCount::notify_each(&[&count]);
                }
            });
        }
        count.attach();
        let mut seen = 0;
        while seen < 2 {
            count.wait_until(|| changes.load(Ordering::Acquire) > seen);
            seen = changes.load(Ordering::Acquire);
        }
    });
}
