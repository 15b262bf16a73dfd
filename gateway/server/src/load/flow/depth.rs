//! How far from the touch a resting order is placed: rare at the touch, most often at a hump some ticks out, and beyond it
//! by a power law.

use rand::Rng;
use rand::distr::weighted::WeightedIndex;
use rand_distr::Distribution as _;

/// Where most orders are placed, in ticks from the touch.
pub(super) const HUMP_TICKS: usize = 8;
/// Exponent of the density beyond the hump.
pub(super) const EXPONENT: f64 = 2.23;
/// The farthest placement.
pub(super) const FARTHEST_TICKS: usize = 200;
/// Density at the touch, as a share of that at the hump.
const AT_TOUCH: f64 = 0.3;

/// The distribution of distances.
#[derive(Debug)]
pub(super) struct Depth {
    index: WeightedIndex<f64>,
}

impl Depth {
    pub(super) fn new() -> Self {
        let weights = (0..=FARTHEST_TICKS).map(weight);
        Self { index: WeightedIndex::new(weights).expect("all weights are above zero") }
    }

    /// A distance in ticks, 0 at the touch.
    pub(super) fn sample(&self, rng: &mut impl Rng) -> i64 {
        i64::try_from(self.index.sample(rng)).expect("distances are small")
    }
}

/// Unnormalised density: linear from [`AT_TOUCH`] to 1 at the hump, then `(distance / hump)^-exponent`.
#[expect(clippy::cast_precision_loss, reason = "distances are small")]
pub(super) fn weight(distance: usize) -> f64 {
    let hump = HUMP_TICKS as f64;
    let relative = distance as f64 / hump;
    if distance < HUMP_TICKS { AT_TOUCH + (1.0 - AT_TOUCH) * relative } else { relative.powf(-EXPONENT) }
}
