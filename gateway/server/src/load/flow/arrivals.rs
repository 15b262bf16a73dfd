//! When messages arrive: a Hawkes process with an exponential kernel. Each arrival raises the intensity by `burst x DECAY`,
//! which dies away at `DECAY` a second, so that one arrival sets off `burst` further ones on average; with 0 it is Poisson.

use rand::Rng;
use rand_distr::{Distribution as _, Exp1};

/// How fast a burst dies away, per second: half of it comes within 35 ms.
const DECAY: f64 = 20.0;

/// A stream of arrival times in nanoseconds.
#[derive(Debug)]
pub(super) struct Arrivals {
    /// Intensity without excitement, per second.
    base: f64,
    /// What one arrival adds to the intensity.
    jump: f64,
    /// What earlier arrivals add now.
    excited: f64,
    /// The last arrival, in seconds.
    now: f64,
}

impl Arrivals {
    /// `rate` a second in the long run: the base is `rate x (1 - burst)`, and it starts in the stationary mean.
    pub(super) fn new(rate: f64, burst: f64) -> Self {
        Self { base: rate * (1.0 - burst), jump: burst * DECAY, excited: rate * burst, now: 0.0 }
    }

    /// The next arrival. Exact, without discretisation: the wait is the smaller of an exponential one at the base rate and
    /// one that the dying excitement gives, which may be none (A. Dassios and H. Zhao, "Exact simulation of Hawkes process
    /// with exponentially decaying intensity", Electronic Communications in Probability 18, 2013, algorithm 3.1).
    pub(super) fn next(&mut self, rng: &mut impl Rng) -> u64 {
        if self.base <= 0.0 {
            return u64::MAX;
        }
        let waited: f64 = Exp1.sample(rng);
        let by_base = waited / self.base;
        let drawn: f64 = Exp1.sample(rng);
        let left = 1.0 - DECAY * drawn / self.excited;
        let by_excitement = if left > 0.0 { -left.ln() / DECAY } else { f64::INFINITY };
        let wait = by_base.min(by_excitement);
        self.excited = self.excited * (-DECAY * wait).exp() + self.jump;
        self.now += wait;
        nanos(self.now)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "time is positive; far times saturate")]
fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}
