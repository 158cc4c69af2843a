//! A seeded generator, so that a sample is the same everywhere.
//!
//! `SplitMix64`; good enough to invent customers with, and with nothing else.
//!
//! Source: Steele, Lea, Flood, *Fast Splittable Pseudorandom Number Generators*, 2014.

pub(super) struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to `below` - 1; 0 for 0.
    pub const fn below(&mut self, below: usize) -> usize {
        match below {
            0 => 0,
            _ => (self.next() % below as u64) as usize,
        }
    }

    /// True in `percent` of 100 cases.
    pub const fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub const fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// So many digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).filter_map(|_| char::from_digit(self.below(10) as u32, 10)).collect()
    }
}
