//! Parking without lost wake-ups: one thread waits for a condition that other threads make true.
//!
//! A ring has no condition variable, and its writers must not pay for a sleeper that is not there. So a writer makes
//! its change, then looks at one flag; the reader raises the flag, then looks at the ring once more before it parks:
//!
//! ```text
//! writer                          reader
//! 1 change the condition          a waiting = true
//! 2 fence(SeqCst)                 b fence(SeqCst)
//! 3 if waiting: unpark            c if condition: return, else park
//! ```
//!
//! Why no wake-up is lost. The two fences are totally ordered. If 2 comes before b, then c sees the change of 1 and the
//! reader does not park. If b comes before 2, then 3 sees the flag of a, or a later value. A later value that is false
//! was written by another writer, who lowers the flag only to unpark the reader; the reader then starts again at a. Its
//! new fence b comes after 2, because 3 did not see its new flag; so its new c sees the change of 1. An unpark that comes
//! before the park is kept as a token by the thread, so it is not lost either; a stale token costs one more look.
//!
//! `tests/eventcount_model.rs` runs this file under a model checker.

use crate::sync::{AtomicBool, Mutex, Ordering, Thread, current, fence, park};

/// Where one thread sleeps until others tell it to look again.
pub struct EventCount {
    waiting: AtomicBool,
    waiter: Mutex<Option<Thread>>,
}

impl EventCount {
    /// Nobody waits yet.
    pub fn new() -> Self {
        Self { waiting: AtomicBool::new(false), waiter: Mutex::new(None) }
    }

    /// Makes the calling thread the one that waits here. Must come before its first [`EventCount::wait_until`].
    pub fn attach(&self) {
        let mut waiter = self.waiter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *waiter = Some(current());
    }

    /// Tells the waiting thread, if it sleeps, that its condition may have come true.
    /// Call it after the change. Costs one fence and one load while nobody sleeps.
    #[inline]
    pub fn notify(&self) {
        Self::notify_each(&[self]);
    }

    /// [`EventCount::notify`] for several at the price of one fence.
    #[inline]
    pub fn notify_each(counts: &[&Self]) {
        fence(Ordering::SeqCst);
        for count in counts {
            if count.waiting.load(Ordering::Relaxed) {
                count.wake();
            }
        }
    }

    #[cold]
    fn wake(&self) {
        // Of many writers that see the flag, one pays for the system call; the others write nothing.
        if self.waiting.compare_exchange(true, false, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            let waiter = self.waiter.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(thread) = waiter.as_ref() {
                thread.unpark();
            }
        }
    }

    /// Sleeps until `condition` holds; looks at it before each sleep and after each wake-up.
    /// Only the thread that called [`EventCount::attach`] may wait.
    pub fn wait_until(&self, mut condition: impl FnMut() -> bool) {
        loop {
            self.waiting.store(true, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            if condition() {
                self.waiting.store(false, Ordering::Relaxed);
                return;
            }
            park();
        }
    }
}

impl Default for EventCount {
    fn default() -> Self {
        Self::new()
    }
}
