//! How well variances of coefficients explain the data.

use flowtwin_lab::math;
use serde::{Deserialize, Serialize};

use crate::linalg::{
    cholesky, dot, gram_of_columns, invert_factor, lower_times, lower_transposed_times,
    transposed_times,
};
use crate::optimise::minimise;
use crate::surrogate::Belief;

/// Standardized terms and outcomes, as far as they matter.
pub(super) struct Regression {
    /// Products of the terms with each other [w, w], lower triangle.
    gram: Vec<f64>,
    /// Products of the terms with the outcome [w].
    moments: Vec<f64>,
    /// Sum of the squared outcomes.
    squares: f64,
    rows: f64,
    groups: [usize; 2],
}

/// Coefficients of the terms and what is known of them, standardized.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Solution {
    /// Posterior mean [w].
    pub(super) mean: Vec<f64>,
    /// Inverse of the Cholesky factor of the precision over that of the noise [w, w].
    pub(super) inverse: Vec<f64>,
    pub(super) noise_variance: f64,
}

impl Solution {
    /// Variance of the outcome at these `terms` \[w\] over that of the noise, given `rows` experiments.
    pub(super) fn leverage(&self, terms: &[f64], rows: f64) -> f64 {
        let mut white = Vec::new();
        lower_times(&self.inverse, terms.len(), terms, &mut white);
        1.0 / rows + dot(&white, &white)
    }

    /// What is believed of each outcome from all others, given the `design` [n, w] and the outcomes `y` \[n\].
    pub(super) fn leave_one_out(&self, design: &[f64], y: &[f64]) -> Vec<Belief> {
        let rows = y.len() as f64;
        let judge = |(terms, y): (&[f64], &f64)| {
            let kept = (1.0 - self.leverage(terms, rows)).max(1e-6);
            let residual = y - dot(terms, &self.mean);
            Belief { mean: y - residual / kept, sd: (self.noise_variance / kept).sqrt() }
        };
        design.chunks_exact(self.mean.len()).zip(y).map(judge).collect()
    }
}

/// Spread of the belief about the logarithms of the precisions.
const SPREAD: f64 = 2.0;
/// Variance of the noise that is expected, standardized; counts as much as one experiment.
const NOISE: f64 = 0.1;
/// Share of what is of second order that is expected.
const CURVED: f64 = 0.1;
/// Range of the logarithms of precisions, within which matrices are definite to rounding.
const RANGE: (f64, f64) = (-20.0, 20.0);
/// Most steps of the search, and the gain below which it ends.
const SEARCH: (u64, f64) = (20, 1e-4);

impl Regression {
    /// For the terms `design` [n, w] of these `groups` and outcomes `y` \[n\].
    pub(super) fn new(design: &[f64], groups: [usize; 2], y: &[f64]) -> Self {
        let width = groups[0] + groups[1];
        Self {
            gram: gram_of_columns(design, width),
            moments: transposed_times(design, width, y),
            squares: dot(y, y),
            rows: y.len() as f64,
            groups,
        }
    }

    /// The solution of highest posterior density and how often the density was evaluated.
    pub(super) fn best(&self) -> (Solution, u64) {
        let found = minimise(|theta| self.loss(theta), self.centre(), SEARCH.0, SEARCH.1);
        (self.solve(&found.x).0, found.evaluations)
    }

    /// What is expected of the logarithms of the precisions of the two groups, over that of the noise.
    fn centre(&self) -> Vec<f64> {
        let [first, second] = self.groups.map(|count| count.max(1) as f64);
        vec![math::ln(NOISE * first), math::ln(NOISE * second / CURVED)]
    }

    /// Coefficients for these logarithms of precisions, and the logarithm of the determinant of their precision.
    fn solve(&self, theta: &[f64]) -> (Solution, f64) {
        let width = self.moments.len();
        let mut matrix = self.gram.clone();
        for j in 0..width {
            matrix[j * width + j] += precision(theta[self.group(j)]);
        }
        assert!(cholesky(&mut matrix, width), "a ridge makes the matrix definite");
        let mut log_determinant = 0.0;
        for j in 0..width {
            log_determinant += 2.0 * math::ln(matrix[j * width + j]);
        }
        let inverse = invert_factor(&matrix, width);
        let (mut white, mut mean) = (Vec::new(), Vec::new());
        lower_times(&inverse, width, &self.moments, &mut white);
        lower_transposed_times(&inverse, width, &white, &mut mean);
        let left = (self.squares - dot(&white, &white)).max(0.0);
        (Solution { mean, inverse, noise_variance: (left + NOISE) / self.rows }, log_determinant)
    }

    fn group(&self, term: usize) -> usize {
        usize::from(term >= self.groups[0])
    }

    /// Minus the logarithm of the posterior density of `theta` per experiment, and its derivatives.
    fn loss(&self, theta: &[f64]) -> (f64, Vec<f64>) {
        let (solution, log_determinant) = self.solve(theta);
        let width = self.moments.len();
        let mut fit = self.rows * math::ln(solution.noise_variance) + log_determinant;
        let (mut loss, mut slope) = (0.0, vec![0.0; 2]);
        for (k, (t, centre)) in theta.iter().zip(self.centre()).enumerate() {
            let z = (t - centre) / SPREAD;
            loss += 0.5 * z * z;
            slope[k] = z / SPREAD;
            fit -= self.groups[k] as f64 * t;
        }
        for j in 0..width {
            let mut variance = 0.0;
            for k in j..width {
                variance += solution.inverse[k * width + j] * solution.inverse[k * width + j];
            }
            let (group, mean) = (self.group(j), solution.mean[j]);
            let known = variance + mean * mean / solution.noise_variance;
            slope[group] += 0.5 * (precision(theta[group]) * known - 1.0);
        }
        slope.iter_mut().for_each(|s| *s /= self.rows);
        ((0.5 * fit + loss) / self.rows, slope)
    }
}

fn precision(logarithm: f64) -> f64 {
    math::exp(logarithm.clamp(RANGE.0, RANGE.1))
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    #[test]
    fn the_slope_of_the_loss_is_that_of_finite_differences() {
        let mut stream = Streams::new(9).open("test", 0);
        let design: Vec<f64> = (0..12 * 5).map(|_| stream.normal()).collect();
        let y: Vec<f64> = (0..12).map(|i| design[5 * i] + 0.3 * stream.normal()).collect();
        let regression = Regression::new(&design, [2, 3], &y);
        let theta = [-0.4, 1.3];
        let (_, slope) = regression.loss(&theta);
        for k in 0..2 {
            let (mut above, mut below) = (theta, theta);
            above[k] += 1e-5;
            below[k] -= 1e-5;
            let difference = (regression.loss(&above).0 - regression.loss(&below).0) / 2e-5;
            assert!((slope[k] - difference).abs() < 1e-7, "{k}: {} {difference}", slope[k]);
        }
    }
}
