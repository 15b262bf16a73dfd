//! Where a generated command takes its choices from: a seed, a list that proptest shrinks, or a fuzzer's bytes.

/// A source of bounded numbers. Smaller numbers stand for simpler commands, so that shrinking simplifies.
pub trait Choices {
    /// A number in `0..bound`; `bound` is at least 1.
    fn below(&mut self, bound: u64) -> u64;

    /// True once in so many times.
    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == times - 1
    }

    /// One of several values; the first is the simplest.
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.position(of.len())]
    }

    /// A position in a list of `len` entries, which is not empty.
    fn position(&mut self, len: usize) -> usize {
        let position = self.below(u64::try_from(len).expect("lists are short"));
        usize::try_from(position).expect("it is below a usize")
    }
}

/// `SplitMix64` (Steele, Lea, Flood 2014): a seed gives the same choices on every machine.
pub struct Seeded(u64);

impl Seeded {
    /// Choices of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Choices for Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let scaled = (u128::from(z ^ (z >> 31)) * u128::from(bound)) >> 64;
        u64::try_from(scaled).expect("it is below a u64 bound")
    }
}

/// A given list of numbers, then zeros.
pub struct Listed<'a>(pub &'a [u16]);

impl Choices for Listed<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        u64::from(first) % bound
    }
}
