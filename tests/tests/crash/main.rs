//! Kill -9 under load: what was acknowledged is there, once, and everything adds up.
//!
//! - [`journal`]: pipeline and journal alone. [`server`]: the real server, by a [`campaign`]. [`postgres`]: its database.
//! - [`crew`]: who is at work: [`trader`]s and [`staff`], through either [`door`]. [`tally`]: what is counted.
#![allow(clippy::unwrap_used)]

mod campaign;
mod crew;
mod door;
mod journal;
mod postgres;
mod server;
mod staff;
mod tally;
mod trader;

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

    /// A place in something so long.
    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}

/// A number from the environment: `make crash` asks for more than `make test`.
fn setting<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")),
        Err(_) => otherwise,
    }
}
