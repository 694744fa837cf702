//! Named random streams: same (seed, name, index), same numbers, for ever.
//!
//! A stream is found by hashing its name, not by its number: streams of one PCG generator whose numbers
//! differ in high bits are correlated, and a numbered list shifts when a consumer is added. Conversions
//! from bits to numbers are our own, because those of `rand` may change in any minor release.

use rand_pcg::{
    Pcg64Dxsm,
    rand_core::{Rng as _, SeedableRng as _},
};
use sha2::{Digest as _, Sha256};

use crate::math;

/// The root of all randomness of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// All streams of the run with this master seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The master seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Opens the stream `name`, number `index`, at its beginning.
    ///
    /// Names are paths by consumer: `"pump/cui/ripple"`, `"policy/ei"`. The 256-bit seed of the generator is
    /// the SHA-256 of seed, name length, name and index.
    pub fn open(&self, name: &str, index: u64) -> Stream {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name.as_bytes());
        hash.update(index.to_le_bytes());
        Stream { generator: Pcg64Dxsm::from_seed(hash.finalize().into()), spare: None }
    }

    /// A family of streams below this one, for a part that opens streams of its own.
    pub fn child(&self, name: &str, index: u64) -> Self {
        Self { seed: self.open(name, index).next_u64() }
    }
}

/// One stream of random numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    generator: Pcg64Dxsm,
    spare: Option<f64>,
}

impl Stream {
    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform on [0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform on [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform on 0..n, unbiased (Lemire 2019, DOI 10.1145/3230636).
    ///
    /// # Panics
    /// If `n` is zero.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "cannot draw from an empty range");
        let n = n as u64;
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(n);
            if (wide as u64) >= n.wrapping_neg() % n {
                return (wide >> 64) as usize;
            }
        }
    }

    /// Standard normal, by the polar method of Marsaglia and Bray (1964).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let u = 2.0 * self.uniform() - 1.0;
            let v = 2.0 * self.uniform() - 1.0;
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let factor = (-2.0 * math::ln(s) / s).sqrt();
                self.spare = Some(v * factor);
                return u * factor;
            }
        }
    }

    /// Exponential with mean one.
    pub fn exponential(&mut self) -> f64 {
        -math::ln(1.0 - self.uniform())
    }

    /// Puts `items` into random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// A random order of 0..n.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_name_same_numbers_and_golden_values_hold() {
        let mut a = Streams::new(7).open("pump/cui/ripple", 0);
        let mut b = Streams::new(7).open("pump/cui/ripple", 0);
        assert_eq!(a.next_u64(), b.next_u64());
        assert_ne!(a.next_u64(), Streams::new(7).open("pump/cui/ripple", 1).next_u64());
        assert_ne!(a.next_u64(), Streams::new(8).open("pump/cui/ripple", 0).next_u64());
    }

    #[test]
    fn streams_do_not_correlate() {
        let streams = Streams::new(1);
        let (mut differing, pairs) = (0_u32, 2_000);
        for index in 0..pairs {
            let a = streams.open("a", index).next_u64();
            let b = streams.open("a", index + (1 << 62)).next_u64();
            differing += (a ^ b).count_ones();
        }
        let mean = f64::from(differing) / pairs as f64;
        assert!((mean - 32.0).abs() < 0.5, "{mean} differing bits of 64");
    }

    #[test]
    fn moments_of_the_normal_are_right() {
        let mut stream = Streams::new(3).open("normal", 0);
        let n = 200_000;
        let (mut m1, mut m2, mut m4) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let z = stream.normal();
            m1 += z;
            m2 += z * z;
            m4 += z * z * z * z;
        }
        let n = f64::from(n);
        assert!((m1 / n).abs() < 0.01);
        assert!((m2 / n - 1.0).abs() < 0.015);
        assert!((m4 / n - 3.0).abs() < 0.12);
    }

    #[test]
    fn below_is_uniform() {
        let mut stream = Streams::new(3).open("below", 0);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[stream.below(7)] += 1;
        }
        assert!(counts.iter().all(|&c| (9_600..10_400).contains(&c)), "{counts:?}");
    }
}
