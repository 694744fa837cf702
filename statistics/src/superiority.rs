//! How often one policy beats another.

use serde::Serialize;

use super::normal;

/// The probability that one policy beats another at the same seed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Superiority {
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Share of seeds at which it was better; those at which both were equal count half.
    pub share: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
}

/// The share of positive `differences`, with the score interval of Wilson 1927 (DOI 10.1080/01621459.1927.10502953).
///
/// # Panics
/// If there are no differences.
pub fn superiority(differences: &[f64]) -> Superiority {
    assert!(!differences.is_empty(), "no seeds, no share");
    let n = differences.len() as f64;
    let wins = differences.iter().fold(0.0, |wins, d| {
        wins + if *d > 0.0 {
            1.0
        } else if *d < 0.0 {
            0.0
        } else {
            0.5
        }
    });
    let share = wins / n;
    let z = normal::quantile(0.975);
    let centre = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    Superiority { low: (centre - half).max(0.0), share, high: (centre + half).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // scipy.stats.binomtest(15, 20).proportion_ci(method="wilson"), SciPy 1.
        let mut differences = vec![1.0; 15];
        differences.extend([-1.0; 5]);
        let s = superiority(&differences);
        assert!((s.share - 0.75).abs() < 1e-15);
        assert!((s.low - 0.531_299_122_381_256).abs() < 1e-9, "{s:?}");
        assert!((s.high - 0.888_138_298_592_335).abs() < 1e-9, "{s:?}");
    }

    #[test]
    fn ties_count_half() {
        assert!((superiority(&[0.0, 0.0, 1.0, -1.0]).share - 0.5).abs() < 1e-15);
    }
}
