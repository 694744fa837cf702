//! A Gaussian process: the model of choice for tens to hundreds of noisy experiments.

mod kernel;
mod likelihood;
mod sums;

use flowtwin_lab::Stream;
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::linalg::{cholesky, dot, factor_times, lower_times, lower_transposed_times};
use crate::optimise::{Optimum, minimise};
use crate::scale::Scale;
use crate::surrogate::{self, Belief, FitError, Posterior, Slope, Surrogate};
use crate::{Context, Work};
pub(crate) use kernel::matern;
use kernel::{rational, scaled_distance};
use likelihood::{Data, Factor, start};
use sums::Sum;

pub use likelihood::Prior;

/// A Gaussian process with a Matérn 5/2 kernel, one length for each input, a constant mean and inferred noise
/// (Rasmussen and Williams 2006).
///
/// Lengths and noise are those of highest posterior density, under priors that scale with the number of inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianProcess {
    /// Most steps of the search for lengths and noise.
    pub steps: u64,
    /// From how many of the three starts, the most probable first, they are searched for. One is enough where every
    /// experiment brings another search; from more, none of several explanations of the same data is overlooked.
    pub starts: usize,
    /// Experiments among which lengths and noise are searched for where there are more; a random subset.
    pub subset: usize,
    /// Most experiments all of which then improve on what the subset said.
    pub whole: usize,
    /// What is believed of lengths and noise beforehand.
    pub prior: Prior,
    /// Whether a part of the outcome may be a sum of functions of one input each. How large that part is, is learnt.
    pub summed: bool,
}

impl Default for GaussianProcess {
    fn default() -> Self {
        Self { steps: 30, starts: 1, subset: 200, whole: 1000, prior: Prior::Usual, summed: false }
    }
}

impl Surrogate for GaussianProcess {
    type Posterior = GpPosterior;

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<GpPosterior, FitError> {
        surrogate::check(x, y)?;
        let scale = Scale::of(y);
        let dim = x.ncols();
        let inputs: Vec<f64> = x.iter().copied().collect();
        let outcomes: Vec<f64> = y.iter().map(|y| scale.apply(*y)).collect();
        let found = self.search(&inputs, &outcomes, dim, context);
        let data = Data::new(&inputs, &outcomes, dim, self.prior);
        let factor = data.factor(&found.x, None).unwrap_or_else(|| {
            data.factor(&self.start(dim, 0.1, 1.0), None)
                .expect("so much noise makes any matrix definite")
        });
        let work = Work {
            fits: 1,
            likelihoods: found.evaluations,
            factorizations: found.evaluations + 1,
            ..Work::default()
        };
        Ok(GpPosterior::new(factor, inputs, outcomes, dim, scale, work))
    }
}

/// What was learnt of an outcome before any prediction is made.
pub(crate) struct Lengths {
    /// Inverse of the length of each input [d].
    pub(crate) inverse_lengths: Vec<f64>,
    /// Variance of the noise over that of the function.
    pub(crate) noise_ratio: f64,
    /// Likelihoods evaluated to learn them.
    pub(crate) evaluations: u64,
}

impl GaussianProcess {
    /// Lengths and noise alone, from inputs `x` [n, dim] and standardized outcomes `y` [n].
    pub(crate) fn lengths(&self, x: &[f64], y: &[f64], dim: usize, context: &Context) -> Lengths {
        let found = self.search(x, y, dim, context);
        let (lengths, noise) = found.x.split_at(dim);
        Lengths {
            inverse_lengths: kernel::inverse_lengths(lengths),
            noise_ratio: likelihood::noise_ratio(noise[0]),
            evaluations: found.evaluations,
        }
    }

    /// Lengths and noise of highest posterior density, from the best of the starts.
    fn search(&self, x: &[f64], y: &[f64], dim: usize, context: &Context) -> Optimum {
        let n = y.len();
        let data = Data::new(x, y, dim, self.prior);
        if n > self.subset {
            let order = context.streams.open("gp/subset", 0).permutation(n);
            let chosen = &order[..self.subset];
            let x: Vec<f64> =
                chosen.iter().flat_map(|i| &x[i * dim..(i + 1) * dim]).copied().collect();
            let y: Vec<f64> = chosen.iter().map(|i| y[*i]).collect();
            let found = self.search(&x, &y, dim, context);
            return if n > self.whole { found } else { self.improve(found, &data) };
        }
        let mut starts = STARTS.map(|(length, noise)| {
            let theta = self.start(dim, length, noise);
            (data.loss(&theta).0, theta)
        });
        starts.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut evaluations = starts.len() as u64;
        let mut best: Option<Optimum> = None;
        for (_, theta) in starts.into_iter().take(self.starts.max(1)) {
            let found = minimise(|theta| data.loss(theta), theta, self.steps, LEAST_GAIN);
            evaluations += found.evaluations;
            if best.as_ref().is_none_or(|b| found.value < b.value) {
                best = Some(found);
            }
        }
        Optimum { evaluations, ..best.expect("there is a start") }
    }

    /// Where a search begins: lengths of `factor` √d, noise ratio `noise`.
    fn start(&self, dim: usize, factor: f64, noise: f64) -> Vec<f64> {
        let mut theta = start(dim, factor, noise);
        if self.summed {
            theta.extend(Sum::start(dim));
        }
        theta
    }

    /// Lengths and noise that a subset chose, improved on all data.
    fn improve(&self, chosen: Optimum, data: &Data<'_>) -> Optimum {
        let mut found = minimise(|theta| data.loss(theta), chosen.x, IMPROVED, LEAST_GAIN);
        found.evaluations += chosen.evaluations;
        found
    }
}

/// Where a search may begin: lengths over √d, and noise ratio.
const STARTS: [(f64, f64); 3] = [(0.2, 0.02), (0.5, 0.1), (1.5, 0.02)];

/// Gain in log posterior density per experiment below which the search for lengths and noise ends.
const LEAST_GAIN: f64 = 1e-5;

/// Most steps on all the data, from where a subset has led.
const IMPROVED: u64 = 8;

/// Added to the variances of a joint draw, as a share of the prior variance, so that rounding leaves them positive.
const JITTER: f64 = 1e-8;

/// A Gaussian process given data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpPosterior {
    scale: Scale,
    inverse_lengths: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sum: Option<Sum>,
    noise_ratio: f64,
    mean: f64,
    variance: f64,
    x: Vec<f64>,
    y: Vec<f64>,
    weights: Vec<f64>,
    inverse: Vec<f64>,
    held_out: Vec<Belief>,
    work: Work,
}

impl GpPosterior {
    fn new(factor: Factor, x: Vec<f64>, y: Vec<f64>, dim: usize, scale: Scale, work: Work) -> Self {
        debug_assert_eq!(x.len(), y.len() * dim);
        let mut posterior = Self {
            scale,
            inverse_lengths: factor.inverse_lengths,
            sum: factor.sum,
            noise_ratio: factor.noise_ratio,
            mean: factor.mean,
            variance: factor.variance,
            x,
            y,
            weights: factor.weights,
            inverse: factor.inverse,
            held_out: Vec::new(),
            work,
        };
        posterior.held_out = posterior.leave_one_out();
        posterior
    }

    /// What is believed of each point from all others: `y_i - w_i / C_ii` with variance `s² / C_ii`, C being the inverse
    /// of the correlations (Rasmussen and Williams 2006, eqs. 5.10–5.12).
    fn leave_one_out(&self) -> Vec<Belief> {
        let n = self.y.len();
        let mut diagonal = vec![0.0; n];
        for k in 0..n {
            for (d, m) in diagonal.iter_mut().zip(&self.inverse[k * n..=k * n + k]) {
                *d += m * m;
            }
        }
        let believe = |i: usize| Belief {
            mean: self.scale.invert(self.y[i] - self.weights[i] / diagonal[i]),
            sd: self.scale.spread((self.variance / diagonal[i]).sqrt()),
        };
        (0..n).map(believe).collect()
    }

    /// The same process with one more experiment at `x` \[d\], lengths, noise, mean and variance kept: its Cholesky factor
    /// grows by one row, in n² operations instead of n³.
    #[must_use]
    pub fn with(&self, x: &[f64], y: f64) -> Self {
        let n = self.y.len();
        let (mut k, mut slopes, mut white, mut row) = Default::default();
        self.correlate(x, &mut k, &mut slopes);
        lower_times(&self.inverse, n, &k, &mut white);
        lower_transposed_times(&self.inverse, n, &white, &mut row);
        let pivot = (1.0 + self.noise_ratio - dot(&white, &white)).max(JITTER).sqrt();
        let mut inverse = Vec::with_capacity((n + 1) * (n + 1));
        for above in self.inverse.chunks_exact(n) {
            inverse.extend_from_slice(above);
            inverse.push(0.0);
        }
        inverse.extend(row.iter().map(|r| -r / pivot));
        inverse.push(1.0 / pivot);
        let mut grown = Self { inverse, ..self.clone() };
        grown.x.extend_from_slice(x);
        grown.y.push(self.scale.apply(y));
        let centred: Vec<f64> = grown.y.iter().map(|y| y - self.mean).collect();
        lower_times(&grown.inverse, n + 1, &centred, &mut white);
        lower_transposed_times(&grown.inverse, n + 1, &white, &mut grown.weights);
        grown.held_out = grown.leave_one_out();
        grown
    }

    /// Lengths and noise, for another model of the same outcome.
    pub(crate) fn learnt(&self) -> Lengths {
        Lengths {
            inverse_lengths: self.inverse_lengths.clone(),
            noise_ratio: self.noise_ratio,
            evaluations: 0,
        }
    }

    /// Length of each input, in units of its range \[d\].
    pub fn lengths(&self) -> Vec<f64> {
        self.inverse_lengths.iter().map(|l| 1.0 / l).collect()
    }

    /// Correlations with the training points [n] and what their derivatives need [n].
    fn correlate(&self, x: &[f64], k: &mut Vec<f64>, slopes: &mut Vec<f64>) {
        k.clear();
        slopes.clear();
        for row in self.x.chunks_exact(x.len()) {
            let (value, slope) = self.correlation(x, row);
            k.push(value);
            slopes.push(slope);
        }
    }

    /// The correlation of two points, and minus twice the derivative by r² of the part that is no sum.
    fn correlation(&self, a: &[f64], b: &[f64]) -> (f64, f64) {
        let squared = scaled_distance(a, b, &self.inverse_lengths);
        let Some(sum) = self.sum else { return matern(squared) };
        sum.with(rational(squared), (a, b), &self.inverse_lengths)
    }

    /// Mean and variance over that of the function, standardized; `white` receives the inverse factor times `k`.
    fn standardized(&self, k: &[f64], white: &mut Vec<f64>) -> (f64, f64) {
        lower_times(&self.inverse, k.len(), k, white);
        let left = (1.0 - dot(white, white)).max(1e-12);
        (self.mean + dot(&self.weights, k), left)
    }
}

impl Posterior for GpPosterior {
    fn at(&self, x: &[f64]) -> Belief {
        let (mut k, mut slopes, mut white) = (Vec::new(), Vec::new(), Vec::new());
        self.correlate(x, &mut k, &mut slopes);
        let (mean, left) = self.standardized(&k, &mut white);
        Belief {
            mean: self.scale.invert(mean),
            sd: self.scale.spread((self.variance * left).sqrt()),
        }
    }

    fn noise_sd(&self) -> f64 {
        self.scale.spread((self.variance * self.noise_ratio).sqrt())
    }

    /// A draw of the joint posterior: mean plus Cholesky factor of the covariance times normals.
    fn draw(&self, points: &[Vec<f64>], stream: &mut Stream) -> Vec<f64> {
        let q = points.len();
        let (mut k, mut slopes) = (Vec::new(), Vec::new());
        let (mut means, mut whites, mut covariance) = (Vec::new(), Vec::new(), vec![0.0; q * q]);
        for (i, x) in points.iter().enumerate() {
            let mut white = Vec::new();
            self.correlate(x, &mut k, &mut slopes);
            means.push(self.standardized(&k, &mut white).0);
            whites.push(white);
            for j in 0..=i {
                let (prior, _) = self.correlation(x, &points[j]);
                covariance[i * q + j] = prior - dot(&whites[i], &whites[j]);
            }
            covariance[i * q + i] += JITTER;
        }
        assert!(cholesky(&mut covariance, q), "the jitter makes the covariance definite");
        let normals: Vec<f64> = (0..q).map(|_| self.variance.sqrt() * stream.normal()).collect();
        let deviations = factor_times(&covariance, q, &normals);
        let at = |(mean, deviation): (&f64, &f64)| self.scale.invert(mean + deviation);
        means.iter().zip(&deviations).map(at).collect()
    }

    fn slope(&self, x: &[f64]) -> Option<Slope> {
        let (mut k, mut slopes, mut white) = (Vec::new(), Vec::new(), Vec::new());
        self.correlate(x, &mut k, &mut slopes);
        let (mean, left) = self.standardized(&k, &mut white);
        let mut solved = Vec::new();
        lower_transposed_times(&self.inverse, k.len(), &white, &mut solved);
        let sd = (self.variance * left).sqrt();
        let (mut by_mean, mut by_sd) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        for (i, row) in self.x.chunks_exact(x.len()).enumerate() {
            // dk/dx_j = -slope (x_j - row_j) / length_j²
            let (mean, sd) = (slopes[i] * self.weights[i], slopes[i] * solved[i]);
            for j in 0..x.len() {
                let delta = x[j] - row[j];
                by_mean[j] -= mean * delta;
                by_sd[j] += sd * delta;
            }
            let Some(sum) = self.sum else { continue };
            for (j, l) in self.inverse_lengths.iter().enumerate() {
                let steep = sum.steep((x[j] - row[j]) * l, x.len()) / l;
                by_mean[j] -= self.weights[i] * steep;
                by_sd[j] += solved[i] * steep;
            }
        }
        for (j, l) in self.inverse_lengths.iter().enumerate() {
            by_mean[j] = self.scale.spread(by_mean[j] * l * l);
            by_sd[j] = self.scale.spread(by_sd[j] * l * l * self.variance / sd);
        }
        let belief = Belief { mean: self.scale.invert(mean), sd: self.scale.spread(sd) };
        Some(Slope { belief, mean: by_mean, sd: by_sd })
    }

    fn held_out(&self) -> &[Belief] {
        &self.held_out
    }

    fn work(&self) -> Work {
        self.work
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Streams, math};

    use super::*;
    use ndarray::Array2;

    fn data(n: usize, noise: f64) -> (Array2<f64>, Vec<f64>) {
        let mut stream = Streams::new(7).open("data", 0);
        let x = Array2::from_shape_simple_fn((n, 3), || stream.uniform());
        let f = |r: ndarray::ArrayView1<'_, f64>| 50.0 + 20.0 * math::sin(4.0 * r[0]) + 10.0 * r[1];
        let y = x.rows().into_iter().map(|r| f(r) + noise * stream.normal()).collect();
        (x, y)
    }

    #[test]
    fn all_experiments_improve_on_what_a_subset_said() {
        let (x, y) = data(90, 0.5);
        let inputs: Vec<f64> = x.iter().copied().collect();
        let scale = Scale::of(&y);
        let outcomes: Vec<f64> = y.iter().map(|y| scale.apply(*y)).collect();
        let context = Context::new(Streams::new(1));
        let loss = |whole: usize| {
            let process = GaussianProcess { subset: 12, whole, ..GaussianProcess::default() };
            let found = process.search(&inputs, &outcomes, 3, &context);
            Data::new(&inputs, &outcomes, 3, Prior::Usual).loss(&found.x).0
        };
        assert!(loss(90) < loss(89) - 0.01, "{} and {}", loss(90), loss(89));
    }

    #[test]
    fn from_more_starts_the_better_of_two_explanations_is_found() {
        // Eight catalysts in no order: either they matter, or the outcome is noise.
        let mut stream = Streams::new(9).open("data", 0);
        let catalysts: Vec<f64> = (0..8).map(|_| stream.normal()).collect();
        let (mut inputs, mut y) = (Vec::new(), Vec::new());
        for _ in 0..60 {
            let catalyst = stream.below(8);
            let others: [f64; 3] = std::array::from_fn(|_| stream.uniform());
            inputs.push(catalyst as f64 / 7.0);
            inputs.extend(others);
            y.push(catalysts[catalyst] + others[0] * others[0]);
        }
        let scale = Scale::of(&y);
        let outcomes: Vec<f64> = y.iter().map(|y| scale.apply(*y)).collect();
        let context = Context::new(Streams::new(1));
        let found = |starts: usize| {
            let process = GaussianProcess { starts, ..GaussianProcess::default() };
            process.search(&inputs, &outcomes, 4, &context)
        };
        let (one, all) = (found(1), found(3));
        assert!(all.value < one.value - 1.0, "{} and {}", all.value, one.value);
        assert!(all.evaluations > one.evaluations, "{} and {}", all.evaluations, one.evaluations);
    }

    fn fitted(n: usize, noise: f64) -> GpPosterior {
        let (x, y) = data(n, noise);
        GaussianProcess::default().fit(x.view(), &y, &Context::new(Streams::new(1))).unwrap()
    }

    /// Solves `a x = b` by Gauss–Jordan elimination: another way to the same numbers.
    fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
        let n = b.len();
        for i in 0..n {
            for j in 0..n {
                if i != j {
                    let factor = a[j][i] / a[i][i];
                    let row = a[i].clone();
                    a[j].iter_mut().zip(&row).for_each(|(x, y)| *x -= factor * y);
                    b[j] -= factor * b[i];
                }
            }
        }
        (0..n).map(|i| b[i] / a[i][i]).collect()
    }

    #[test]
    fn mean_and_spread_are_those_of_the_dense_formula() {
        // Rasmussen and Williams 2006, eqs. 2.25 and 2.26.
        let gp = fitted(12, 0.5);
        let n = gp.y.len();
        let row = |i: usize| &gp.x[3 * i..3 * i + 3];
        let k = |a: &[f64], b: &[f64]| matern(scaled_distance(a, b, &gp.inverse_lengths)).0;
        let noise = |i, j| if i == j { gp.noise_ratio } else { 0.0 };
        let matrix: Vec<Vec<f64>> =
            (0..n).map(|i| (0..n).map(|j| k(row(i), row(j)) + noise(i, j)).collect()).collect();
        let x = [0.3, 0.6, 0.9];
        let cross: Vec<f64> = (0..n).map(|i| k(&x, row(i))).collect();
        let centred: Vec<f64> = gp.y.iter().map(|y| y - gp.mean).collect();
        let mean = gp.mean + dot(&cross, &solve(matrix.clone(), centred));
        let left = 1.0 - dot(&cross, &solve(matrix, cross.clone()));
        let belief = gp.at(&x);
        assert!((belief.mean - gp.scale.invert(mean)).abs() < 1e-8);
        let sd = gp.scale.spread((gp.variance * left).sqrt());
        assert!((belief.sd - sd).abs() < 1e-8, "{} {sd}", belief.sd);
    }

    #[test]
    fn slopes_are_those_of_finite_differences() {
        let gp = fitted(25, 1.0);
        let x = [0.21, 0.55, 0.83];
        let slope = gp.slope(&x).unwrap();
        assert_eq!(slope.belief, gp.at(&x));
        for j in 0..3 {
            let (mut above, mut below) = (x, x);
            above[j] += 1e-6;
            below[j] -= 1e-6;
            let (above, below) = (gp.at(&above), gp.at(&below));
            assert!((slope.mean[j] - (above.mean - below.mean) / 2e-6).abs() < 1e-4);
            assert!((slope.sd[j] - (above.sd - below.sd) / 2e-6).abs() < 1e-4);
        }
    }

    #[test]
    fn one_more_row_of_the_factor_is_factorizing_anew() {
        let gp = fitted(15, 1.0);
        let (x, y) = ([0.4, 0.1, 0.8], 3.0);
        let grown = gp.with(&x, y);
        let theta: Vec<f64> = gp
            .inverse_lengths
            .iter()
            .map(|l| -math::ln(*l))
            .chain([math::ln(gp.noise_ratio - 1e-6)])
            .collect();
        let factor = Data::new(&grown.x, &grown.y, 3, Prior::Usual).factor(&theta, None).unwrap();
        for (a, b) in grown.inverse.iter().zip(&factor.inverse) {
            assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{a} {b}");
        }
        let believed = gp.with(&x, gp.at(&x).mean);
        assert!((believed.at(&[0.5; 3]).mean - gp.at(&[0.5; 3]).mean).abs() < 1e-9);
        assert!(believed.at(&x).sd < gp.at(&x).sd);
    }

    #[test]
    fn leaving_one_out_is_fitting_without_it() {
        let gp = fitted(15, 1.0);
        let (x, y) = (&gp.x[3..], &gp.y[1..]);
        let theta: Vec<f64> = gp
            .inverse_lengths
            .iter()
            .map(|l| -math::ln(*l))
            .chain([math::ln(gp.noise_ratio - 1e-6)])
            .collect();
        let data = Data::new(x, y, 3, Prior::Usual);
        let mut factor = data.factor(&theta, None).unwrap();
        // The closed form keeps mean and variance, which leaving a point out would move a little.
        let shifted: Vec<f64> = y.iter().map(|y| y - gp.mean).collect();
        let mut white = Vec::new();
        lower_times(&factor.inverse, 14, &shifted, &mut white);
        lower_transposed_times(&factor.inverse, 14, &white, &mut factor.weights);
        factor.mean = gp.mean;
        factor.variance = gp.variance;
        let without = GpPosterior::new(factor, x.to_vec(), y.to_vec(), 3, gp.scale, gp.work);
        let (left, fresh) = (gp.held_out[0], without.at(&gp.x[..3]).with_noise(gp.noise_sd()));
        assert!((left.mean - fresh.mean).abs() < 1e-6, "{left:?} {fresh:?}");
        assert!((left.sd - fresh.sd).abs() < 1e-4, "{left:?} {fresh:?}");
    }

    #[test]
    fn noise_and_relevance_are_learnt() {
        let gp = fitted(80, 2.0);
        assert!((1.4..2.6).contains(&gp.noise_sd()), "{}", gp.noise_sd());
        let lengths = gp.lengths();
        assert!(lengths[2] > 4.0 * lengths[0], "{lengths:?}");
    }
}
