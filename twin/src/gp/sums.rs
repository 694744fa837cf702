//! The part of a correlation that is a sum over inputs.

use flowtwin_lab::math;
use serde::{Deserialize, Serialize};

use super::kernel::rational;

/// The average over the inputs of a rational quadratic kernel of exponent 2 for each (Rasmussen and Williams 2006, eq. 4.19),
/// and its share of the whole correlation: `(1 - share) k + share / d Σ (1 + r_j² / (4 length²))⁻²`, r_j being the distance along
/// input j in units of its length in `k`, and `length` that of this part in the same units.
///
/// A function that is a sum of functions of one input each (Duvenaud et al. 2011, arXiv 1112.4394) is learnt along every input at
/// once: an experiment tells something of all that have one of their inputs in common with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sum {
    /// `1 / length²`.
    steepness: f64,
    pub(super) share: f64,
}

/// Centre of the belief about the log odds of the share, and its spread.
pub(super) const ODDS: (f64, f64) = (0.0, 1.5);

/// Spread of the belief about the logarithm of the length. The centre is such that the length does not grow with the number of
/// inputs: -ln(d) / 2.
pub(super) const LENGTH: f64 = 1.0;

impl Sum {
    /// From the logarithm of the length and the log odds of the share.
    pub(super) fn of(theta: &[f64]) -> Self {
        Self { steepness: math::exp(-2.0 * theta[0]), share: 1.0 / (1.0 + math::exp(-theta[1])) }
    }

    /// Where a search for them begins, with `dim` inputs.
    pub(super) fn start(dim: usize) -> [f64; 2] {
        [-0.5 * math::ln(dim as f64), 0.0]
    }

    /// The kernel of one input at `r_j²`, and minus twice its derivative by that.
    pub(super) fn one(self, squared: f64) -> (f64, f64) {
        let (value, slope) = rational(self.steepness * squared);
        (value, self.steepness * slope)
    }

    /// The correlation of two points, and minus twice the derivative of its first part by r², from those of `k`.
    pub(super) fn with(
        self,
        (k, slope): (f64, f64),
        (a, b): (&[f64], &[f64]),
        inverse_lengths: &[f64],
    ) -> (f64, f64) {
        let mut sum = 0.0;
        for ((a, b), l) in a.iter().zip(b).zip(inverse_lengths) {
            let r = (a - b) * l;
            sum += self.one(r * r).0;
        }
        let rest = 1.0 - self.share;
        (rest * k + self.share / a.len() as f64 * sum, rest * slope)
    }

    /// Minus the derivative of the second part by `r_j`, at r.
    pub(super) fn steep(self, r: f64, dim: usize) -> f64 {
        self.share / dim as f64 * self.one(r * r).1 * r
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Streams, math};
    use ndarray::Array2;

    use crate::{Context, GaussianProcess, Posterior as _, Surrogate as _};

    /// Sixty points of five inputs, and a sum of a narrow ridge along each.
    fn ridges() -> (Array2<f64>, Vec<f64>) {
        let mut stream = Streams::new(3).open("test", 0);
        let x = Array2::from_shape_simple_fn((60, 5), || stream.uniform());
        (x.clone(), x.rows().into_iter().map(|row| at(&row.to_vec())).collect())
    }

    fn at(x: &[f64]) -> f64 {
        let ridge = |(j, x): (usize, &f64)| {
            let off = (x - 0.15 - 0.15 * j as f64) / 0.1;
            math::exp(-0.5 * off * off)
        };
        x.iter().enumerate().map(ridge).sum()
    }

    fn fitted(summed: bool) -> crate::GpPosterior {
        let (x, y) = ridges();
        let process = GaussianProcess { summed, ..GaussianProcess::default() };
        process.fit(x.view(), &y, &Context::new(Streams::new(1))).unwrap()
    }

    #[test]
    fn a_sum_of_functions_is_predicted_where_no_experiment_is_near() {
        let error = |summed: bool| {
            let model = fitted(summed);
            let mut stream = Streams::new(4).open("test", 0);
            let off = |_| {
                let x: Vec<f64> = (0..5).map(|_| stream.uniform()).collect();
                let off = model.at(&x).mean - at(&x);
                off * off
            };
            ((0..200).map(off).sum::<f64>() / 200.0).sqrt()
        };
        let (with, without) = (error(true), error(false));
        assert!(with < 0.3 * without, "{with} and {without}");
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let model = fitted(true);
        let x = [0.21, 0.55, 0.83, 0.4, 0.66];
        let slope = model.slope(&x).unwrap();
        assert_eq!(slope.belief, model.at(&x));
        for j in 0..5 {
            let (mut above, mut below) = (x, x);
            above[j] += 1e-6;
            below[j] -= 1e-6;
            let (above, below) = (model.at(&above), model.at(&below));
            assert!((slope.mean[j] - (above.mean - below.mean) / 2e-6).abs() < 1e-5);
            assert!((slope.sd[j] - (above.sd - below.sd) / 2e-6).abs() < 1e-5);
        }
    }

    #[test]
    fn one_more_experiment_is_believed_and_a_file_gives_the_same_model_back() {
        let model = fitted(true);
        let x = [0.15, 0.3, 0.45, 0.6, 0.75];
        let grown = model.with(&x, 5.0);
        assert!(grown.at(&x).sd < model.at(&x).sd);
        assert!((grown.at(&x).mean - 5.0).abs() < (model.at(&x).mean - 5.0).abs());
        let text = serde_json::to_string(&grown).unwrap();
        assert_eq!(serde_json::from_str::<crate::GpPosterior>(&text).unwrap(), grown);
        let plain = serde_json::to_string(&fitted(false)).unwrap();
        assert!(!plain.contains("\"sum\""), "files of plain processes are as they were");
    }
}
