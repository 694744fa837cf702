//! The residuals of a simulator: their size, how they vary with the inputs, and how much is noise.

use flowtwin_lab::math;

use crate::gp::matern;
use crate::linalg::{cholesky, dot, invert_factor, lower_times};

/// The residuals of outcomes, as a Gaussian process with a Matérn 5/2 kernel of mean zero, and noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rest {
    /// Standard deviation of what depends on the inputs, in units of the outcome.
    pub(super) sd: f64,
    /// Length of every input, in units of its range.
    pub(super) length: f64,
    /// Standard deviation of the noise, in units of the outcome.
    pub(super) noise_sd: f64,
}

/// Standard deviations of the rest that are tried, over that of the outcomes.
const SPREADS: [f64; 6] = [0.01, 0.03, 0.1, 0.3, 0.6, 1.0];
/// Lengths that are tried, over √d.
const LENGTHS: [f64; 3] = [0.3, 0.7, 1.5];
/// Noises that are tried, over the standard deviation of the outcomes.
const NOISES: [f64; 6] = [0.003, 0.01, 0.03, 0.1, 0.3, 0.6];
/// The rest and the noise that are expected, over the standard deviation of the outcomes, and by what factor they may be off.
const EXPECTED: [(f64, f64); 2] = [(0.1, 6.0), (0.03, 4.0)];

impl Rest {
    /// The covariance of the residuals at two points.
    pub(super) fn between(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut squared = 0.0;
        for (a, b) in a.iter().zip(b) {
            squared += (a - b) * (a - b);
        }
        self.sd * self.sd * matern(squared / (self.length * self.length)).0
    }

    /// The covariance of what is left, noise included, at points `x` [n, d], and of what parameters leave open, whose
    /// derivatives are `slopes` [n, p] [n, n]; the lower triangle.
    pub(super) fn covariance(&self, x: &[f64], slopes: &[f64], n: usize) -> Vec<f64> {
        let (d, p) = (x.len() / n, slopes.len() / n);
        let mut all = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let rest = self.between(&x[i * d..(i + 1) * d], &x[j * d..(j + 1) * d]);
                let known = dot(&slopes[i * p..(i + 1) * p], &slopes[j * p..(j + 1) * p]);
                all[i * n + j] = rest + known;
            }
            all[i * n + i] += self.noise_sd * self.noise_sd;
        }
        all
    }

    /// The rest that is most plausible where outcomes with a standard deviation of `scale` differ by `left` [n] from what is
    /// expected, and parameters leave `slopes` [n, p] open.
    pub(super) fn most_plausible(x: &[f64], slopes: &[f64], left: &[f64], scale: f64) -> Self {
        let n = left.len();
        let root = ((x.len() / n) as f64).sqrt();
        let mut best: Option<(f64, Self)> = None;
        for spread in SPREADS {
            for length in LENGTHS {
                for noise in NOISES {
                    let rest =
                        Self { sd: spread * scale, length: length * root, noise_sd: noise * scale };
                    let belief = off(spread, EXPECTED[0]) + off(noise, EXPECTED[1]);
                    let Some(fit) = rest.density(x, slopes, left) else { continue };
                    if best.is_none_or(|(highest, _)| fit + belief > highest) {
                        best = Some((fit + belief, rest));
                    }
                }
            }
        }
        let widest = Self { sd: scale, length: root, noise_sd: scale };
        best.map_or(widest, |(_, rest)| rest)
    }

    /// The logarithm of the density of `left` [n], up to a constant; none where the covariance cannot be factorized.
    fn density(&self, x: &[f64], slopes: &[f64], left: &[f64]) -> Option<f64> {
        let n = left.len();
        let inverse = inverse_factor(self.covariance(x, slopes, n), n)?;
        let mut white = Vec::new();
        lower_times(&inverse, n, left, &mut white);
        let determinant = (0..n).fold(0.0, |sum, i| sum + math::ln(inverse[i * n + i]));
        Some(determinant - 0.5 * dot(&white, &white))
    }
}

/// The logarithm of the density of a number about an expected one that may be off by a factor.
fn off(value: f64, (expected, factor): (f64, f64)) -> f64 {
    let z = math::ln(value / expected) / math::ln(factor);
    -0.5 * z * z
}

/// The inverse of the Cholesky factor of a covariance [n, n]; none where it is not positive definite.
pub(super) fn inverse_factor(mut covariance: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    cholesky(&mut covariance, n).then(|| invert_factor(&covariance, n))
}
