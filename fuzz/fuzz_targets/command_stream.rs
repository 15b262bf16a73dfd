//! The core against its naive model: the fuzzer's bytes are the choices of the command generator that the lockstep tests
//! use, so that it learns which choices lead to new code. At the end the core must be all in its snapshot.
#![no_main]

#[path = "../../engine/core/tests/model/mod.rs"]
mod model;
#[path = "../../engine/core/tests/streams/mod.rs"]
mod streams;
#[path = "../../engine/core/tests/venue/mod.rs"]
mod venue;

use libfuzzer_sys::fuzz_target;
use streams::{Choices, Generator, Shape};
use venue::Pair;

/// Bytes as choices: one byte for a small choice, eight for a large one, zeros when they run out.
struct Bytes<'a>(&'a [u8]);

impl Choices for Bytes<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        let len = if bound <= 256 { 1 } else { 8 }.min(self.0.len());
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        let mut wide = [0; 8];
        wide[..len].copy_from_slice(taken);
        u64::from_le_bytes(wide) % bound
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let shape = Shape::ALL[usize::from(first) % Shape::ALL.len()];
    let mut choices = Bytes(rest);
    let (mut generator, mut pair) = (Generator::new(shape), Pair::new());
    while generator.is_opening() || !choices.0.is_empty() {
        let record = generator.next(&mut choices);
        match pair.apply(&record) {
            Ok(events) => generator.observe(events),
            Err(difference) => panic!("{difference}"),
        }
    }
    let end = pair.compare(shape.accounts).and_then(|()| pair.reload());
    if let Err(difference) = end {
        panic!("{difference}");
    }
});
