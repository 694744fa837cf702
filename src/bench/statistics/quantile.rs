//! Quantiles and bands.

use serde::Serialize;

pub use flowtwin_twin::evaluate::quantile;

/// The median.
///
/// # Panics
/// As [`quantile`].
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// A median and the quantiles around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Band {
    /// The 25 % quantile.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The 75 % quantile.
    pub high: f64,
}

impl Band {
    /// The median and quartiles of `values`.
    ///
    /// # Panics
    /// As [`quantile`].
    pub fn of(values: &[f64]) -> Self {
        let [low, median, high] = [0.25, 0.5, 0.75].map(|p| quantile(values, p));
        Self { low, median, high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_as_numpy_does() {
        // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0.1, 0.25, 0.5, 0.9]), NumPy 2.
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for (p, expected) in [(0.1, 1.0), (0.25, 1.75), (0.5, 3.5), (0.9, 6.9)] {
            assert!((quantile(&values, p) - expected).abs() < 1e-12, "{p}");
        }
    }

    #[test]
    fn what_was_never_reached_counts_as_infinitely_late() {
        let inf = f64::INFINITY;
        assert!((median(&[3.0, 5.0, inf]) - 5.0).abs() < 1e-12);
        assert!(median(&[3.0, inf, inf]).is_infinite());
        assert!(quantile(&[inf, inf, inf], 0.4).is_infinite());
    }
}
