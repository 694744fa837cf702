//! Outcomes on a scale of their own.

use serde::{Deserialize, Serialize};

/// The affine map that gives outcomes mean zero and standard deviation one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scale {
    centre: f64,
    width: f64,
}

/// Below this squares are small enough to lose digits.
const SMALL: f64 = 1e-140;

impl Scale {
    /// The scale of `y`; width one where all are equal.
    pub(crate) fn of(y: &[f64]) -> Self {
        let count = y.len() as f64;
        let centre = y.iter().fold(0.0, |sum, y| sum + y) / count;
        let most = y.iter().fold(0.0_f64, |most, y| most.max((y - centre).abs()));
        // What is so small that its square is zero is first made larger.
        let unit = if most > 0.0 && most < SMALL { most } else { 1.0 };
        let off = |y: &f64| (y - centre) / unit;
        let squares = y.iter().fold(0.0, |sum, y| sum + off(y) * off(y));
        let width = (squares / count).sqrt() * unit;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_of_any_size_have_spread_one() {
        for size in [1e-320, 1e-200, 1.0, 1e100] {
            let y = [1.0, 2.0, 3.0, 6.0].map(|y| y * size);
            let scale = Scale::of(&y);
            let z = y.map(|y| scale.apply(y));
            let squares = z.iter().fold(0.0, |sum, z| sum + z * z);
            assert!((squares / 4.0 - 1.0).abs() < 1e-3, "{size:e}: {z:?}");
        }
    }
}
