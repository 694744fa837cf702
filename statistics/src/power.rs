//! How many seeds a comparison needs.

use serde::Serialize;

use super::normal;

/// Asymptotic efficiency of the signed-rank test relative to the t test for normal differences, 3/π (Hodges and
/// Lehmann 1956, DOI 10.1214/aoms/1177728261); for heavier tails it is more efficient than that.
const EFFICIENCY: f64 = 3.0 / std::f64::consts::PI;

/// The promise of a test: how likely it resolves a real difference, and how rarely one that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Power {
    /// Chance of resolving the difference.
    pub power: f64,
    /// Chance of resolving a difference that does not exist, two-sided.
    pub alpha: f64,
}

impl Default for Power {
    /// 80 % power at 5 %.
    fn default() -> Self {
        Self { power: 0.8, alpha: 0.05 }
    }
}

impl Power {
    /// The same promise for the hardest of `tests` tests that are corrected together.
    #[must_use]
    pub fn among(self, tests: usize) -> Self {
        Self { alpha: self.alpha / tests.max(1) as f64, ..self }
    }

    /// Seeds needed to resolve a mean paired difference `difference` whose standard deviation over seeds is
    /// `deviation`: the normal formula with Guenther's correction for small samples (1981,
    /// DOI 10.1080/00031305.1981.10479363), over the efficiency of the signed-rank test. None where the difference is
    /// zero.
    pub fn seeds(self, difference: f64, deviation: f64) -> Option<u64> {
        let z_alpha = normal::quantile(1.0 - self.alpha / 2.0);
        let z_power = normal::quantile(self.power);
        let ratio = (z_alpha + z_power) * deviation / difference;
        let n = (ratio * ratio + 0.5 * z_alpha * z_alpha) / EFFICIENCY;
        n.is_finite().then(|| (n.ceil() as u64).max(self.fewest()))
    }

    /// The difference that `seeds` seeds resolve, in standard deviations of the paired differences; none where the
    /// test cannot reject with so few.
    pub fn resolvable(self, seeds: u64) -> Option<f64> {
        let z_alpha = normal::quantile(1.0 - self.alpha / 2.0);
        let z_power = normal::quantile(self.power);
        let rest = seeds as f64 * EFFICIENCY - 0.5 * z_alpha * z_alpha;
        (seeds >= self.fewest() && rest > 0.0).then(|| (z_alpha + z_power) / rest.sqrt())
    }

    /// With fewer seeds even differences of one sign are no proof: the exact test gives 2^(1 − n) at best.
    pub fn fewest(self) -> u64 {
        let mut n = 1;
        let mut least = 1.0;
        // Below the smallest number, more seeds change nothing.
        while least >= self.alpha && least > 0.0 {
            n += 1;
            least /= 2.0;
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_medium_effect_needs_the_published_number_of_pairs() {
        // Cohen 1988: a paired t test at d = 0.5, 5 % and 80 % needs 34 pairs; over 3/π, 36.
        let n = Power::default().seeds(0.5, 1.0).unwrap();
        assert!((35..=36).contains(&n), "{n}");
    }

    #[test]
    fn seeds_and_resolvable_difference_are_inverse() {
        for n in [10, 40, 200] {
            let d = Power::default().resolvable(n).unwrap();
            let back = Power::default().seeds(d, 1.0).unwrap();
            assert!(back.abs_diff(n) <= 1, "{n} → {d} → {back}");
        }
    }

    #[test]
    fn no_difference_is_resolved_by_no_number_of_seeds() {
        assert_eq!(Power::default().seeds(0.0, 1.0), None);
        assert_eq!(Power::default().resolvable(5), None);
        assert_eq!(Power::default().seeds(100.0, 1.0), Some(6));
    }
}
