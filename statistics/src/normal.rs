//! The standard normal distribution.

use flowtwin_lab::math;

/// Density at `z`.
pub fn density(z: f64) -> f64 {
    math::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt()
}

/// Probability that a standard normal variable is at most `z`, accurate in the lower tail.
pub fn cdf(z: f64) -> f64 {
    0.5 * math::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The value that a standard normal variable does not exceed with probability `p`, by bisection of [`cdf`] on
/// −40 to 40; beyond what double precision distinguishes from 0 or 1 it ends there.
///
/// # Panics
/// If `p` is not between 0 and 1.
pub fn quantile(p: f64) -> f64 {
    assert!((0.0..=1.0).contains(&p), "a probability is between 0 and 1, not {p}");
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabulated_quantiles_are_met() {
        // Abramowitz and Stegun 1964, table 26.5, and the symmetry of the distribution.
        for (p, z) in [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (0.8, 0.841_621_233_572_914)] {
            assert!((quantile(p) - z).abs() < 1e-12, "{p}: {}", quantile(p));
            assert!((quantile(1.0 - p) + z).abs() < 1e-12);
            assert!((cdf(z) - p).abs() < 1e-14);
        }
    }
}
