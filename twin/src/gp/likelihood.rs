//! How well lengths and noise explain the data.

use flowtwin_lab::math;

use super::kernel::{inverse_lengths, matern_all, rational_all};
use super::sums::{self, Sum};
use crate::linalg::{
    add_scaled, cholesky, dot, gram_of_lower, invert_factor, lower_times, lower_transposed_times,
};

/// Centre of the belief about the logarithm of a length in one dimension, √2, and its spread, √3.
const LENGTH: (f64, f64) = (std::f64::consts::SQRT_2, 1.732_050_807_568_877_2);
/// Least noise ratio; keeps the matrix well conditioned.
const LEAST_NOISE: f64 = 1e-6;

/// What is believed of lengths and noise before the data are seen: log-normal, with lengths that grow as √d (Hvarfner,
/// Hellsten and Nardi 2024, arXiv 2402.02229).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prior {
    /// Little noise. What is sought is where lengths and noise themselves are most probable, which favours short lengths
    /// over long ones: right for a search, which is to find out where it is wrong.
    #[default]
    Usual,
    /// Any noise. What is sought is where their logarithms are most probable, which favours no length: right for
    /// prediction from few experiments, where short lengths follow the noise.
    Broad,
}

impl Prior {
    /// Weight of the belief that the variance of the standardized outcome is one, in experiments.
    fn variance_weight(self) -> f64 {
        match self {
            Self::Usual => 1.0,
            Self::Broad => 0.1,
        }
    }

    /// Centre of the belief about the logarithm of the noise ratio, and its spread.
    fn noise(self) -> (f64, f64) {
        match self {
            Self::Usual => (-4.0, 1.0),
            Self::Broad => (-6.0, 3.0),
        }
    }

    /// Minus the logarithm of the density of `theta` and its derivatives.
    fn loss(self, theta: &[f64], dim: usize) -> (f64, Vec<f64>) {
        // The density of a value is that of its logarithm over the value.
        let divided = match self {
            Self::Usual => 1.0,
            Self::Broad => 0.0,
        };
        let centre = LENGTH.0 + 0.5 * math::ln(dim as f64);
        let (mut loss, mut gradient) = (0.0, Vec::with_capacity(theta.len()));
        let mut add = |t: f64, (centre, spread): (f64, f64), divided: f64| {
            let z = (t - centre) / spread;
            loss += 0.5 * z * z + divided * t;
            gradient.push(z / spread + divided);
        };
        for t in &theta[..dim] {
            add(*t, (centre, LENGTH.1), divided);
        }
        add(theta[dim], self.noise(), divided);
        if let [length, odds] = theta[dim + 1..] {
            add(length, (Sum::start(dim)[0], sums::LENGTH), 0.0);
            add(odds, sums::ODDS, 0.0);
        }
        (loss, gradient)
    }
}

/// Standardized data.
pub(super) struct Data<'a> {
    /// Inputs by columns [d, n].
    columns: Vec<f64>,
    y: &'a [f64],
    dim: usize,
    prior: Prior,
}

/// What the derivatives of the likelihood need of every pair of points, in the lower triangles [n, n]: what [`matern_all`] says of
/// derivatives, and of values where they are not all there is to a correlation.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) slopes: Vec<f64>,
    pub(super) values: Vec<f64>,
}

/// A factorized covariance and what follows from it.
pub(super) struct Factor {
    /// Inverse lengths [d].
    pub(super) inverse_lengths: Vec<f64>,
    /// The part of the correlations that is a sum, where there is one.
    pub(super) sum: Option<Sum>,
    /// Variance of the noise over that of the function.
    pub(super) noise_ratio: f64,
    /// Inverse of the Cholesky factor of the correlations [n, n].
    pub(super) inverse: Vec<f64>,
    /// Correlations⁻¹ (y - mean) [n].
    pub(super) weights: Vec<f64>,
    /// Mean of the outcome far from all data (generalized least squares).
    pub(super) mean: f64,
    /// Variance of the function.
    pub(super) variance: f64,
    /// Logarithm of the determinant of the correlations.
    pub(super) log_determinant: f64,
}

impl<'a> Data<'a> {
    /// Inputs `x` [n, dim] by rows and outcomes `y` [n].
    pub(super) fn new(x: &[f64], y: &'a [f64], dim: usize, prior: Prior) -> Self {
        let columns = (0..dim).flat_map(|j| x[j..].iter().step_by(dim).copied()).collect();
        Self { columns, y, dim, prior }
    }

    /// Inputs, one column after the other.
    fn columns(&self) -> impl Iterator<Item = &[f64]> {
        self.columns.chunks_exact(self.y.len())
    }

    /// Factorizes the correlations `K + g I` for `theta`: logarithms of the lengths [d] and of the noise ratio g, and what a
    /// [`Sum`] is made of, where there is one. None where they are numerically singular. `parts` receives, where given, what the
    /// derivatives need.
    pub(super) fn factor(&self, theta: &[f64], mut parts: Option<&mut Parts>) -> Option<Factor> {
        let (n, dim) = (self.y.len(), self.dim);
        let inverse_lengths = inverse_lengths(&theta[..dim]);
        let noise_ratio = noise_ratio(theta[dim]);
        let sum = (theta.len() > dim + 1).then(|| Sum::of(&theta[dim + 1..]));
        let mut k = vec![0.0; n * n];
        let mut row_slopes = vec![0.0; n];
        if let Some(parts) = parts.as_deref_mut() {
            parts.slopes = vec![0.0; n * n];
            parts.values = vec![0.0; if sum.is_some() { n * n } else { 0 }];
        }
        for i in 0..n {
            let (row, row_slopes) = (&mut k[i * n..i * n + i], &mut row_slopes[..i]);
            self.add_squares(i, &inverse_lengths, row);
            match sum {
                Some(_) => rational_all(row, row_slopes),
                None => matern_all(row, row_slopes),
            }
            if let Some(parts) = parts.as_deref_mut() {
                parts.slopes[i * n..i * n + i].copy_from_slice(row_slopes);
                if sum.is_some() {
                    parts.values[i * n..i * n + i].copy_from_slice(row);
                }
            }
            if let Some(sum) = sum {
                self.add_sum(i, &inverse_lengths, sum, row);
            }
            k[i * n + i] = 1.0 + noise_ratio;
        }
        if !cholesky(&mut k, n) {
            return None;
        }
        let mut log_determinant = 0.0;
        for i in 0..n {
            log_determinant += 2.0 * math::ln(k[i * n + i]);
        }
        let inverse = invert_factor(&k, n);
        let (mean, weights, variance) = self.regress(&inverse);
        Some(Factor {
            inverse_lengths,
            sum,
            noise_ratio,
            inverse,
            weights,
            mean,
            variance,
            log_determinant,
        })
    }

    /// Adds the squared scaled distances of the first points to point `i`.
    fn add_squares(&self, i: usize, inverse_lengths: &[f64], squares: &mut [f64]) {
        for (column, l) in self.columns.chunks_exact(self.y.len()).zip(inverse_lengths) {
            for (square, x) in squares.iter_mut().zip(column) {
                let delta = (column[i] - x) * l;
                *square += delta * delta;
            }
        }
    }

    /// Mean by generalized least squares, `K⁻¹ (y - mean)`, and the variance of the function, given the inverse of the
    /// Cholesky factor.
    pub(super) fn regress(&self, inverse: &[f64]) -> (f64, Vec<f64>, f64) {
        let n = self.y.len();
        let (mut white_one, mut white_y, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        lower_times(inverse, n, &vec![1.0; n], &mut white_one);
        lower_times(inverse, n, self.y, &mut white_y);
        let mean = dot(&white_one, &white_y) / dot(&white_one, &white_one);
        add_scaled(&mut white_y, -mean, &white_one);
        lower_transposed_times(inverse, n, &white_y, &mut weights);
        let squares = dot(&white_y, &white_y);
        let weight = self.prior.variance_weight();
        let variance = (squares + weight) / (n as f64 + weight);
        (mean, weights, variance)
    }

    /// Minus the logarithm of the posterior density of `theta` per experiment, and its derivatives; the variance
    /// of the function and the mean stand at their best for `theta`.
    pub(super) fn loss(&self, theta: &[f64]) -> (f64, Vec<f64>) {
        let (n, dim) = (self.y.len(), self.dim);
        let mut parts = Parts::default();
        let Some(factor) = self.factor(theta, Some(&mut parts)) else {
            return (f64::INFINITY, vec![0.0; theta.len()]);
        };
        let rows = n as f64;
        let (prior, mut gradient) = self.prior.loss(theta, dim);
        let weight = rows + self.prior.variance_weight();
        let fit = weight * math::ln(factor.variance) + factor.log_determinant;
        let weight = gram_of_lower(&factor.inverse, n);
        match factor.sum {
            None => self.add_likelihood_slope(&factor, &weight, &parts.slopes, &mut gradient),
            Some(sum) => self.add_sum_slope((&factor, sum), &weight, &parts, &mut gradient),
        }
        let noise = math::exp(theta[dim]);
        let mut trace = 0.0;
        for i in 0..n {
            let a = factor.weights[i];
            trace += weight[i * n + i] - a * a / factor.variance;
        }
        gradient[dim] += 0.5 * noise * trace;
        gradient.iter_mut().for_each(|g| *g /= rows);
        ((0.5 * fit + prior) / rows, gradient)
    }

    /// Adds the derivatives of minus the log likelihood by the logarithms of the lengths.
    fn add_likelihood_slope(
        &self,
        factor: &Factor,
        inverse: &[f64],
        slopes: &[f64],
        gradient: &mut [f64],
    ) {
        let n = self.y.len();
        let mut weights = vec![0.0; n];
        let mut sums = vec![0.0; self.dim * n];
        for i in 0..n {
            let own = factor.weights[i] / factor.variance;
            let pairs = inverse[i * n..i * n + i].iter().zip(&slopes[i * n..i * n + i]);
            for ((weight, (inverse, slope)), other) in
                weights.iter_mut().zip(pairs).zip(&factor.weights)
            {
                *weight = (inverse - own * other) * slope;
            }
            for (sums, column) in sums.chunks_exact_mut(n).zip(self.columns.chunks_exact(n)) {
                for ((sum, weight), x) in sums.iter_mut().zip(&weights[..i]).zip(column) {
                    let delta = column[i] - x;
                    *sum += weight * (delta * delta);
                }
            }
        }
        let sums = sums.chunks_exact(n).map(|sums| sums.iter().fold(0.0, |all, s| all + s));
        for ((g, sum), l) in gradient.iter_mut().zip(sums).zip(&factor.inverse_lengths) {
            *g += sum * l * l;
        }
    }
}

/// Variance of the noise over that of the function, from its logarithm.
pub(super) fn noise_ratio(logarithm: f64) -> f64 {
    math::exp(logarithm) + LEAST_NOISE
}

/// Where a search for lengths and noise begins: lengths of `factor` √d, noise ratio `noise`.
pub(super) fn start(dim: usize, factor: f64, noise: f64) -> Vec<f64> {
    let mut theta = vec![math::ln(factor * (dim as f64).sqrt()); dim];
    theta.push(math::ln(noise));
    theta
}

impl Data<'_> {
    /// Replaces correlations `k` of the first points with point `i` by those with the `sum`.
    fn add_sum(&self, i: usize, inverse_lengths: &[f64], sum: Sum, k: &mut [f64]) {
        k.iter_mut().for_each(|k| *k *= 1.0 - sum.share);
        let part = sum.share / inverse_lengths.len() as f64;
        for (column, l) in self.columns().zip(inverse_lengths) {
            for (k, x) in k.iter_mut().zip(column) {
                let r = (column[i] - x) * l;
                *k += part * sum.one(r * r).0;
            }
        }
    }

    /// Adds the derivatives of minus the log likelihood by the logarithms of the lengths [d] and, after that of the noise, by what
    /// the `sum` was made of, given the inverse of the correlations [n, n].
    fn add_sum_slope(
        &self,
        (factor, sum): (&Factor, Sum),
        inverse: &[f64],
        parts: &Parts,
        gradient: &mut [f64],
    ) {
        let (n, dim) = (factor.weights.len(), factor.inverse_lengths.len());
        let (rest, part) = (1.0 - sum.share, sum.share / dim as f64);
        let mut weights = vec![0.0; n];
        let mut by_length = vec![0.0; dim * n];
        // Of the logarithm of this part's length, of its values, and of the values of the other part.
        let (mut steep, mut mine, mut others) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for i in 0..n {
            let row = i * n..i * n + i;
            let own = factor.weights[i] / factor.variance;
            let pairs = inverse[row.clone()].iter().zip(&factor.weights);
            for (weight, (inverse, other)) in weights.iter_mut().zip(pairs) {
                *weight = inverse - own * other;
            }
            let pairs = weights.iter().zip(&parts.values[row.clone()]);
            for (other, (weight, k)) in others.iter_mut().zip(pairs) {
                *other += weight * k;
            }
            let slopes = &parts.slopes[row];
            let columns = self.columns().zip(&factor.inverse_lengths);
            for ((column, l), by_length) in columns.zip(by_length.chunks_exact_mut(n)) {
                let pairs = weights.iter().zip(column).zip(slopes);
                let sums = by_length.iter_mut().zip(&mut steep).zip(&mut mine);
                for (((all, steep), mine), ((weight, x), slope)) in sums.zip(pairs) {
                    let r = (column[i] - x) * l;
                    let (value, own) = sum.one(r * r);
                    let own = weight * (part * own * r * r);
                    *all += weight * (rest * slope * r * r) + own;
                    *steep += own;
                    *mine += weight * value;
                }
            }
        }
        let total = |sums: &[f64]| sums.iter().fold(0.0, |all, s| all + s);
        for (g, sums) in gradient.iter_mut().zip(by_length.chunks_exact(n)) {
            *g += total(sums);
        }
        gradient[dim + 1] += total(&steep);
        gradient[dim + 2] += sum.share * rest * (total(&mine) / dim as f64 - total(&others));
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    #[test]
    fn the_slope_of_the_loss_is_that_of_finite_differences() {
        let mut stream = Streams::new(9).open("test", 0);
        let (n, dim) = (14, 3);
        let x: Vec<f64> = (0..n * dim).map(|_| stream.uniform()).collect();
        let y: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
        let thetas: [&[f64]; 2] = [&[-0.4, 0.3, 1.0, -2.0], &[-0.4, 0.3, 1.0, -2.0, -0.3, 0.4]];
        for (prior, theta) in
            [Prior::Usual, Prior::Broad].into_iter().flat_map(|p| thetas.map(|t| (p, t)))
        {
            let data = Data::new(&x, &y, dim, prior);
            let (_, gradient) = data.loss(theta);
            assert_eq!(gradient.len(), theta.len());
            for i in 0..theta.len() {
                let (mut above, mut below) = (theta.to_vec(), theta.to_vec());
                above[i] += 1e-5;
                below[i] -= 1e-5;
                let difference = (data.loss(&above).0 - data.loss(&below).0) / 2e-5;
                let slope = gradient[i];
                assert!((slope - difference).abs() < 1e-7, "{prior:?} {i}: {slope} {difference}");
            }
        }
    }
}
