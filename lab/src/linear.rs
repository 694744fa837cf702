//! Linear functions of the inputs of a space.

use serde::{Deserialize, Serialize};

/// A linear function of the inputs of a space.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// The part that depends on no input.
    pub constant: f64,
    /// One factor for each input of the space, in its order.
    pub factors: Vec<f64>,
}

impl Linear {
    /// Adds `factor` times another function of the same inputs.
    pub fn add(&mut self, factor: f64, other: &Self) {
        self.constant += factor * other.constant;
        for (sum, part) in self.factors.iter_mut().zip(&other.factors) {
            *sum += factor * part;
        }
    }

    /// The value at `inputs` (in the order of the space).
    ///
    /// # Panics
    /// If the number of inputs is not the number of factors.
    pub fn at(&self, inputs: &[f64]) -> f64 {
        assert_eq!(inputs.len(), self.factors.len(), "one value for each input");
        self.factors.iter().zip(inputs).fold(self.constant, |sum, (factor, x)| sum + factor * x)
    }
}
