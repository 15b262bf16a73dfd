//! When orders come, for which instrument, and where the mids go meanwhile.
//!
//! Each mid is a geometric Brownian motion with a steady fall. Its range is exact, not expected: the way is walked once
//! ahead to learn how far it would go, and then again, scaled.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp, StandardNormal};

use crate::profile::Profile;

/// Keeps the way's random numbers apart from those of the orders.
const STREAM: u64 = 1;

/// The ways of all mids.
#[derive(Clone)]
pub(crate) struct Path {
    rng: ChaCha8Rng,
    gaps: Exp<f64>,
    /// Nanoseconds since the start.
    pub(crate) now: f64,
    markets: Vec<Market>,
    log_start: f64,
    /// What the logarithm of a mid gains in a nanosecond.
    log_drift: f64,
}

/// One mid's way.
#[derive(Clone, Default)]
struct Market {
    /// A Brownian motion with a variance of 1 a nanosecond.
    walk: f64,
    lowest: f64,
    highest: f64,
    /// When it last moved.
    moved: f64,
    /// What the walk is multiplied by to become a logarithm.
    scale: f64,
}

impl Path {
    pub(crate) fn new(profile: &Profile, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(STREAM);
        let mut path = Self {
            rng,
            gaps: Exp::new(profile.arrivals_per_second / 1e9).expect("the rate is above zero"),
            now: 0.0,
            markets: vec![Market::default(); profile.instruments as usize],
            log_start: profile.mid_ticks.ln(),
            log_drift: 0.0,
        };
        let mut ahead = path.clone();
        for _ in 0..profile.new_orders {
            ahead.step();
        }
        for (market, ahead) in path.markets.iter_mut().zip(&ahead.markets) {
            let range = ahead.highest - ahead.lowest;
            market.scale = if range > 0.0 { profile.log_range() / range } else { 0.0 };
        }
        path.log_drift = profile.log_fall() / ahead.now.max(1.0);
        path
    }

    /// Goes on to the next order and gives its instrument.
    pub(crate) fn step(&mut self) -> usize {
        self.now += self.gaps.sample(&mut self.rng);
        let instrument = self.rng.random_range(0..self.markets.len());
        let market = &mut self.markets[instrument];
        let moved: f64 = StandardNormal.sample(&mut self.rng);
        market.walk += moved * (self.now - market.moved).sqrt();
        market.moved = self.now;
        market.lowest = market.lowest.min(market.walk);
        market.highest = market.highest.max(market.walk);
        instrument
    }

    /// A mid in ticks.
    pub(crate) fn mid(&self, instrument: usize) -> f64 {
        let market = &self.markets[instrument];
        (self.log_start + market.walk * market.scale + self.log_drift * self.now).exp()
    }
}

#[cfg(test)]
mod tests;
