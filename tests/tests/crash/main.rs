//! Kill -9 under load: what was acknowledged is there, once, and everything adds up.
#![allow(clippy::unwrap_used)]

mod journal;
mod server;

/// Seeded numbers: a run can be repeated.
struct Random(u64);

impl Random {
    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
