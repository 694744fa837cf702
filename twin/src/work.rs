//! Counted work: the performance test that needs no stopwatch.

use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// How much was computed, counted where it happens; the same on every machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Work {
    /// Surrogates fitted, refits with pending experiments included.
    pub fits: u64,
    /// Passes of a training algorithm over its data, summed over members.
    pub epochs: u64,
    /// Cholesky factorizations.
    pub factorizations: u64,
    /// Marginal likelihoods evaluated.
    pub likelihoods: u64,
    /// Points at which an acquisition function was evaluated.
    pub acquisitions: u64,
    /// Experiments expected by a simulator, to estimate its parameters.
    #[serde(skip_serializing_if = "is_none")]
    pub simulations: u64,
}

/// Whether there was none of something.
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            fits: self.fits + other.fits,
            epochs: self.epochs + other.epochs,
            factorizations: self.factorizations + other.factorizations,
            likelihoods: self.likelihoods + other.likelihoods,
            acquisitions: self.acquisitions + other.acquisitions,
            simulations: self.simulations + other.simulations,
        }
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Work {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Add::add)
    }
}
