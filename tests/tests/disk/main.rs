//! What a disk can do to the data folder: power cuts, failing and slow calls, no space, damage. Either everything that was
//! acknowledged is there, or the start is refused in words.
//!
//! `CX_CRASH_ROUNDS` and `CX_CORRUPT_ROUNDS` set the length of the long runs (`make crash`, `make corrupt`).
#![allow(clippy::unwrap_used)]

mod corrupt;
mod faults;
#[allow(dead_code)]
#[path = "../../../engine/pipeline/tests/pipeline/flow.rs"]
mod flow;
mod full;
mod judge;
mod log;
mod model;
mod power_cut;
mod self_test;
mod server;
mod shim;

/// Seeded numbers: a run can be repeated.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    /// An index of something with so many parts.
    fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap()
    }
}

/// Rounds of a campaign: what the variable says divided by `share`, or else `short`.
fn rounds(variable: &str, share: usize, short: usize) -> usize {
    match std::env::var(variable) {
        Ok(number) => number.parse::<usize>().unwrap().div_ceil(share),
        Err(_) => short,
    }
}
