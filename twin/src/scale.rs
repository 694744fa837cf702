//! Outcomes on a scale of their own.

use serde::{Deserialize, Serialize};

/// The affine map that gives outcomes mean zero and standard deviation one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scale {
    centre: f64,
    width: f64,
}

impl Scale {
    /// The scale of `y`; width one where all are equal.
    pub(crate) fn of(y: &[f64]) -> Self {
        let count = y.len() as f64;
        let centre = y.iter().fold(0.0, |sum, y| sum + y) / count;
        let squares = y.iter().fold(0.0, |sum, y| sum + (y - centre) * (y - centre));
        let width = (squares / count).sqrt();
        Self { centre, width: if width > 0.0 { width } else { 1.0 } }
    }

    /// An outcome, standardized.
    pub(crate) fn apply(self, y: f64) -> f64 {
        (y - self.centre) / self.width
    }

    /// A standardized outcome, as it was.
    pub(crate) fn invert(self, z: f64) -> f64 {
        self.centre + self.width * z
    }

    /// A standardized spread, in units of the outcome.
    pub(crate) fn spread(self, sd: f64) -> f64 {
        self.width * sd
    }
}
