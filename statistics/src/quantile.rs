//! Quantiles and bands.

use serde::Serialize;

/// The `p` quantile of `values`, by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996,
/// DOI 10.1080/00031305.1996.10473566; the default of NumPy and R). Infinite values are allowed: a quantile
/// between a finite and an infinite value is infinite.
///
/// # Panics
/// If there are no values, one is NaN, or `p` is not between 0 and 1.
pub fn quantile(values: &[f64], p: f64) -> f64 {
    assert!(!values.is_empty(), "no values have no quantile");
    assert!((0.0..=1.0).contains(&p), "a probability is between 0 and 1, not {p}");
    assert!(values.iter().all(|v| !v.is_nan()), "NaN has no rank");
    interpolated(values, p)
}

/// The same of at least one value; NaN ranks highest.
pub(crate) fn interpolated(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = p * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let share = at - below as f64;
    if share <= 0.0 {
        return sorted[below];
    }
    let (low, high) = (sorted[below], sorted[below + 1]);
    if low.total_cmp(&high).is_eq() { low } else { low + share * (high - low) }
}

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
