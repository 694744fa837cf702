//! One network: random hidden units, a Bayesian output layer.

use flowtwin_lab::Stream;
use serde::{Deserialize, Serialize};

use crate::linalg::{add_scaled, cholesky, dot, invert_lower, lower_times, lower_transposed_times};
use crate::surrogate::Belief;

/// A network with one hidden layer, a direct path from the inputs, and two outputs: the posterior mean, and the
/// deviation of one draw from the posterior.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    dim: usize,
    /// For each input, then for the bias: its weight in every unit [d + 1, units].
    hidden: Vec<f64>,
    /// Scales of the inputs on the direct path [d].
    direct: Vec<f64>,
    mean: Vec<f64>,
    draw: Vec<f64>,
}

/// What training says besides the weights, standardized.
pub(super) struct Trained {
    pub(super) noise_variance: f64,
    /// What is believed of each training point from all others, noise included.
    pub(super) left_out: Vec<Belief>,
}

/// `z / √(1 + z²)`: a sigmoid of elementary operations, so that it is exact everywhere and fast.
fn sigmoid(z: f64) -> f64 {
    z / (1.0 + z * z).sqrt()
}

impl Member {
    /// Units with normal weights of scale `scales` [d], each centred between two random rows of `x` [n, d].
    pub(super) fn draw(
        x: &[f64],
        dim: usize,
        units: usize,
        scales: &[f64],
        stream: &mut Stream,
    ) -> Self {
        let rows = x.len() / dim;
        let mut hidden = vec![0.0; units * (dim + 1)];
        for unit in 0..units {
            let (a, b, t) = (stream.below(rows), stream.below(rows), stream.uniform());
            let mut bias = 0.0;
            for (j, scale) in scales.iter().enumerate() {
                let weight = 2.0 * scale * stream.normal();
                let (a, b) = (x[a * dim + j], x[b * dim + j]);
                bias -= weight * (a + t * (b - a));
                hidden[j * units + unit] = weight;
            }
            hidden[dim * units + unit] = bias;
        }
        Self { dim, hidden, direct: scales.to_vec(), mean: Vec::new(), draw: Vec::new() }
    }

    /// Features of a point: a constant, the scaled inputs, the hidden units.
    fn features(&self, x: &[f64], out: &mut Vec<f64>) {
        out.clear();
        out.push(1.0);
        out.extend(self.direct.iter().zip(x).map(|(s, x)| s * (x - 0.5)));
        self.preactivations(x, out);
        let scale = self.unit_scale();
        out[1 + self.dim..].iter_mut().for_each(|z| *z = scale * sigmoid(*z));
    }

    /// Appends `weights · x + bias` of every unit to `out`.
    fn preactivations(&self, x: &[f64], out: &mut Vec<f64>) {
        let (from, units) = (out.len(), self.units());
        let (weights, biases) = self.hidden.split_at(self.dim * units);
        out.extend_from_slice(biases);
        for (weights, x) in weights.chunks_exact(units).zip(x) {
            add_scaled(&mut out[from..], *x, weights);
        }
    }

    fn units(&self) -> usize {
        self.hidden.len() / (self.dim + 1)
    }

    /// Features are scaled so that the prior variance of the outcome is about one.
    fn unit_scale(&self) -> f64 {
        1.5 / (self.units() as f64).sqrt()
    }

    /// Solves for the output layer given standardized data; `noise_ratio` is the variance of the noise over that of the
    /// function.
    pub(super) fn train(
        &mut self,
        x: &[f64],
        y: &[f64],
        noise_ratio: f64,
        stream: &mut Stream,
    ) -> Trained {
        let rows = y.len();
        let mut features = Vec::new();
        let mut all = Vec::new();
        for row in x.chunks_exact(self.dim) {
            self.features(row, &mut features);
            all.extend_from_slice(&features);
        }
        let width = features.len();
        let mut gram = vec![0.0; width * width];
        let mut moments = vec![0.0; width];
        for (row, y) in all.chunks_exact(width).zip(y) {
            add_scaled(&mut moments, *y, row);
            for i in 0..width {
                add_scaled(&mut gram[i * width..=i * width + i], row[i], &row[..=i]);
            }
        }
        for i in 0..width {
            gram[i * width + i] += noise_ratio;
        }
        assert!(cholesky(&mut gram, width), "a ridge makes the matrix definite");
        let inverse = invert_lower(&gram, width);
        let mut white = Vec::new();
        lower_times(&inverse, width, &moments, &mut white);
        lower_transposed_times(&inverse, width, &white, &mut self.mean);
        self.judge(&all, y, &inverse, noise_ratio, rows, stream)
    }

    /// Noise, leave-one-out beliefs, and the draw, once the mean is known.
    fn judge(
        &mut self,
        features: &[f64],
        y: &[f64],
        inverse: &[f64],
        noise_ratio: f64,
        rows: usize,
        stream: &mut Stream,
    ) -> Trained {
        let width = self.mean.len();
        let mut white = Vec::new();
        let mut residuals = Vec::with_capacity(rows);
        let mut squares = noise_ratio * dot(&self.mean, &self.mean);
        for (row, y) in features.chunks_exact(width).zip(y) {
            lower_times(inverse, width, row, &mut white);
            let residual = y - dot(row, &self.mean);
            residuals.push((residual, dot(&white, &white)));
            squares += residual * residual;
        }
        // The evidence-maximising noise: S / n, where S is the ridge loss, with the weight of one experiment on a
        // function of variance one.
        let noise_variance = (squares + noise_ratio) / (rows as f64 + 1.0);
        let left_out = residuals.iter().zip(y).map(|((residual, leverage), y)| {
            let kept = (1.0 - leverage).max(1e-6);
            Belief { mean: y - residual / kept, sd: (noise_variance / kept).sqrt() }
        });
        let left_out = left_out.collect();
        let normals: Vec<f64> =
            (0..width).map(|_| noise_variance.sqrt() * stream.normal()).collect();
        lower_transposed_times(inverse, width, &normals, &mut self.draw);
        Trained { noise_variance, left_out }
    }

    /// Posterior mean and the deviation of the draw at `x` [d]; `scratch` saves allocations.
    pub(super) fn output(&self, x: &[f64], scratch: &mut Vec<f64>) -> (f64, f64) {
        self.features(x, scratch);
        (dot(scratch, &self.mean), dot(scratch, &self.draw))
    }

    /// The same, with the derivatives by the inputs [d].
    pub(super) fn slope(
        &self,
        x: &[f64],
        by_mean: &mut [f64],
        by_draw: &mut [f64],
        scratch: &mut Vec<f64>,
    ) -> (f64, f64) {
        let output = self.output(x, scratch);
        scratch.clear();
        self.preactivations(x, scratch);
        let scale = self.unit_scale();
        // The derivative of the sigmoid is (1 + z²)^(-3/2).
        scratch.iter_mut().for_each(|z| {
            let root = (1.0 + *z * *z).sqrt();
            *z = scale / (root * root * root);
        });
        let units = self.units();
        for (coefficients, by) in [(&self.mean, by_mean), (&self.draw, by_draw)] {
            let steep: Vec<f64> =
                scratch.iter().zip(&coefficients[1 + self.dim..]).map(|(s, c)| s * c).collect();
            for (j, by) in by.iter_mut().enumerate() {
                let weights = &self.hidden[j * units..(j + 1) * units];
                *by = self.direct[j] * coefficients[1 + j] + dot(weights, &steep);
            }
        }
        output
    }
}
