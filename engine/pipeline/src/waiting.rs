//! How a stage waits for work: look again for a moment, give way for a moment, then sleep.

use crate::config::WaitPolicy;
use crate::eventcount::EventCount;
use std::hint::spin_loop;
use std::sync::Arc;
use std::thread::yield_now;

/// What a stage could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There was something to do.
    Worked,
    /// There was nothing to do.
    Idle,
    /// There will be nothing to do any more.
    Done,
}

/// One stage's place to wait.
pub(crate) struct Waiter {
    policy: WaitPolicy,
    count: Arc<EventCount>,
}

impl Waiter {
    /// For the calling thread, which from here on is the one that sleeps at `count`.
    pub(crate) fn attach(policy: WaitPolicy, count: Arc<EventCount>) -> Self {
        count.attach();
        Self { policy, count }
    }

    /// Returns when `condition` holds.
    pub(crate) fn wait_until(&self, mut condition: impl FnMut() -> bool) {
        match self.policy {
            WaitPolicy::BusySpin => {
                while !condition() {
                    spin_loop();
                }
            }
            WaitPolicy::Park { spins, yields } => {
                for _ in 0..spins {
                    if condition() {
                        return;
                    }
                    spin_loop();
                }
                for _ in 0..yields {
                    if condition() {
                        return;
                    }
                    yield_now();
                }
                self.count.wait_until(condition);
            }
        }
    }
}
