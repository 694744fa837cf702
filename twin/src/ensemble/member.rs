//! One network: random hidden units under a Bayesian output layer.

use flowtwin_lab::Stream;
use serde::{Deserialize, Serialize};

use super::layer::{Trained, solve};
use crate::linalg::{add_scaled, dot};

/// Points that are evaluated together.
pub(super) const LANES: usize = 8;

/// Up to [`LANES`] points by columns: for each input its value at every point.
pub(super) type Block = [[f64; LANES]];

/// The output of a network: posterior mean, and the deviation of one draw from it.
pub(super) type Output = (f64, f64);

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

/// `1 / √(1 + z²)`. Times z it is a sigmoid of elementary operations, exact everywhere and fast; its cube is the slope of
/// that.
fn shrink(z: f64) -> f64 {
    1.0 / (1.0 + z * z).sqrt()
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

    /// Solves for the output layer given standardized data, x [n, d] and y [n]; `noise_ratio` is the variance of the noise
    /// over that of the function.
    pub(super) fn train(
        &mut self,
        x: &[f64],
        y: &[f64],
        noise_ratio: f64,
        stream: &mut Stream,
    ) -> Trained {
        let width = 1 + self.dim + self.units();
        let mut features = Vec::with_capacity(y.len() * width);
        for row in x.chunks_exact(self.dim) {
            self.append_features(row, &mut features);
        }
        let (layer, trained) = solve(&features, width, y, noise_ratio, stream);
        self.mean = layer.mean;
        self.draw = layer.draw;
        trained
    }

    /// Appends the features of a point: a constant, the scaled inputs, the hidden units.
    fn append_features(&self, x: &[f64], out: &mut Vec<f64>) {
        out.push(1.0);
        out.extend(self.direct.iter().zip(x).map(|(s, x)| s * (x - 0.5)));
        let from = out.len();
        self.append_preactivations(x, out);
        let scale = self.unit_scale();
        out[from..].iter_mut().for_each(|z| *z = scale * (*z * shrink(*z)));
    }

    /// Appends `weights · x + bias` of every unit to `out`.
    fn append_preactivations(&self, x: &[f64], out: &mut Vec<f64>) {
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

    /// The output at every point of a block, for each the same bits as [`Member::slope`] gives; `scratch` saves
    /// allocations.
    pub(super) fn outputs(
        &self,
        block: &Block,
        scratch: &mut Vec<[f64; LANES]>,
    ) -> [Output; LANES] {
        let (mut means, mut draws) = ([self.mean[0]; LANES], [self.draw[0]; LANES]);
        for (j, x) in block.iter().enumerate() {
            let (mean, draw) = (self.mean[1 + j], self.draw[1 + j]);
            for l in 0..LANES {
                let feature = self.direct[j] * (x[l] - 0.5);
                means[l] += feature * mean;
                draws[l] += feature * draw;
            }
        }
        self.hidden_features(block, scratch);
        let coefficients = self.mean[1 + self.dim..].iter().zip(&self.draw[1 + self.dim..]);
        for (features, (mean, draw)) in scratch.iter().zip(coefficients) {
            for l in 0..LANES {
                means[l] += features[l] * mean;
                draws[l] += features[l] * draw;
            }
        }
        std::array::from_fn(|l| (means[l], draws[l]))
    }

    /// Replaces `out` by what each hidden unit is at every point of a block [units].
    fn hidden_features(&self, block: &Block, out: &mut Vec<[f64; LANES]>) {
        let (units, scale) = (self.units(), self.unit_scale());
        let (weights, biases) = self.hidden.split_at(self.dim * units);
        out.clear();
        out.extend(biases.iter().enumerate().map(|(unit, bias)| {
            let mut z = [*bias; LANES];
            for (x, weights) in block.iter().zip(weights.chunks_exact(units)) {
                for (z, x) in z.iter_mut().zip(x) {
                    *z += weights[unit] * x;
                }
            }
            z
        }));
        out.as_flattened_mut().iter_mut().for_each(|z| *z = scale * (*z * shrink(*z)));
    }

    /// The output at `x` [d] and its derivatives by the inputs [d]; `scratch` saves allocations.
    pub(super) fn slope(
        &self,
        x: &[f64],
        by_mean: &mut [f64],
        by_draw: &mut [f64],
        scratch: &mut Vec<f64>,
    ) -> Output {
        let (units, scale) = (self.units(), self.unit_scale());
        let (mut mean, mut draw) = (self.mean[0], self.draw[0]);
        for (j, x) in x.iter().enumerate() {
            let feature = self.direct[j] * (x - 0.5);
            mean += feature * self.mean[1 + j];
            draw += feature * self.draw[1 + j];
        }
        scratch.clear();
        self.append_preactivations(x, scratch);
        scratch.resize(2 * units, 0.0);
        let (steep_mean, steep_draw) = scratch.split_at_mut(units);
        let coefficients = self.mean[1 + self.dim..].iter().zip(&self.draw[1 + self.dim..]);
        for ((z, steep), (by_mean, by_draw)) in
            steep_mean.iter_mut().zip(steep_draw).zip(coefficients)
        {
            let shrink = shrink(*z);
            let feature = scale * (*z * shrink);
            mean += feature * by_mean;
            draw += feature * by_draw;
            let slope = scale * (shrink * shrink * shrink);
            *z = slope * by_mean;
            *steep = slope * by_draw;
        }
        for (j, weights) in self.hidden.chunks_exact(units).take(self.dim).enumerate() {
            by_mean[j] = self.direct[j] * self.mean[1 + j] + dot(weights, &scratch[..units]);
            by_draw[j] = self.direct[j] * self.draw[1 + j] + dot(weights, &scratch[units..]);
        }
        (mean, draw)
    }
}
