//! The mid that orders are placed around: a geometric Brownian motion whose clock is the instrument's own orders, so that a
//! run at ten times the rate has ten times the movement in the same minute, and the same book.

use rand::Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// Orders over which the swing is stated.
const ORDERS: f64 = 1e6;
/// The mid stays within this factor of its start, both ways.
const FACTOR_MAX: f64 = 2.0;

/// One instrument's mid.
#[derive(Debug)]
pub(super) struct Mid {
    start: f64,
    ticks: f64,
    /// Standard deviation of one step of the logarithm.
    sigma: f64,
}

impl Mid {
    /// Starts at `ticks`; after a million orders the logarithm has a standard deviation of `swing`.
    pub(super) fn new(ticks: u32, swing: f64) -> Self {
        let start = f64::from(ticks.max(1));
        Self { start, ticks: start, sigma: swing / ORDERS.sqrt() }
    }

    /// The mid at the next order: `mid x exp(sigma z - sigma^2 / 2)`, without drift, within its bounds.
    pub(super) fn step(&mut self, rng: &mut impl Rng) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        let moved = self.ticks * (self.sigma * z - self.sigma * self.sigma / 2.0).exp();
        self.ticks = moved.clamp(self.start / FACTOR_MAX, self.start * FACTOR_MAX);
        self.ticks
    }
}
