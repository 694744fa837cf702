//! A network in which every layer sees the inputs and all earlier layers.

use flowtwin_lab::Stream;
use serde::{Deserialize, Serialize};

use super::Start;

/// Points that pass through a network side by side while it is trained: every weight is then read once for all.
pub(super) const LANES: usize = 4;
/// One number for each of them.
pub(super) type Lanes = [f64; LANES];

/// A cascade of ReLU layers with one linear output.
///
/// Inputs and activations stand in one row, layer after layer; a layer reads everything before its own place, so
/// concatenation costs nothing. The output reads the whole row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cascade {
    inputs: usize,
    widths: Vec<usize>,
    /// For each unit of each layer, then the output: its weights, then its bias.
    pub(super) weights: Vec<f64>,
}

impl Cascade {
    /// A cascade with random weights and biases of zero.
    pub(super) fn draw(inputs: usize, widths: &[usize], start: Start, stream: &mut Stream) -> Self {
        let mut weights = Vec::new();
        let mut seen = inputs;
        for width in widths.iter().copied().chain([1]) {
            let limit = match start {
                Start::He => (6.0 / seen as f64).sqrt(),
                Start::Glorot => (6.0 / (seen + width) as f64).sqrt(),
            };
            for _ in 0..width {
                weights.extend((0..seen).map(|_| stream.between(-limit, limit)));
                weights.push(0.0);
            }
            seen += width;
        }
        Self { inputs, widths: widths.to_vec(), weights }
    }

    /// Where the activations of the last hidden layer stand in a row.
    pub(super) fn last_layer(&self) -> std::ops::Range<usize> {
        let end = self.inputs + self.widths.iter().sum::<usize>();
        end - self.widths.last().copied().unwrap_or(0)..end
    }

    /// The output at `x`; leaves inputs and activations in `row`.
    pub(super) fn output(&self, x: &[f64], row: &mut Vec<f64>) -> f64 {
        let at = self.hidden(x, row);
        affine(&self.weights[at..], row)
    }

    /// Fills `row` with inputs and activations; returns where the weights of the output begin.
    pub(super) fn hidden(&self, x: &[f64], row: &mut Vec<f64>) -> usize {
        row.clear();
        row.extend_from_slice(x);
        let mut at = 0;
        for &width in &self.widths {
            let seen = row.len();
            for _ in 0..width {
                let unit = &self.weights[at..=at + seen];
                row.push(affine(unit, &row[..seen]).max(0.0));
                at += seen + 1;
            }
        }
        at
    }

    /// The same for several points side by side, to the last bit.
    pub(super) fn hidden_of(&self, points: [&[f64]; LANES], rows: &mut Vec<Lanes>) -> usize {
        rows.clear();
        rows.extend((0..self.inputs).map(|i| points.map(|x| x[i])));
        let mut at = 0;
        for &width in &self.widths {
            let seen = rows.len();
            for _ in 0..width {
                let sums = affine_of(&self.weights[at..=at + seen], &rows[..seen]);
                rows.push(sums.map(|sum| sum.max(0.0)));
                at += seen + 1;
            }
        }
        at
    }

    /// [`Cascade::output`] of several points side by side, to the last bit.
    pub(super) fn output_of(&self, points: [&[f64]; LANES], rows: &mut Vec<Lanes>) -> Lanes {
        let at = self.hidden_of(points, rows);
        affine_of(&self.weights[at..], rows)
    }

    /// Adds the derivatives of the output by every weight, times `error`, to `gradient`. `row` is what
    /// [`Cascade::hidden`] left, the last layer's activations times `kept` (zero where dropped out); `back` is scratch.
    pub(super) fn backward(
        &self,
        row: &[f64],
        kept: f64,
        error: f64,
        gradient: &mut [f64],
        back: &mut Vec<f64>,
    ) {
        back.clear();
        back.resize(row.len(), 0.0);
        let mut at = self.weights.len() - row.len() - 1;
        accumulate(&self.weights[at..], row, error, &mut gradient[at..], back);
        back[self.last_layer()].iter_mut().for_each(|b| *b *= kept);
        let mut end = row.len();
        for &width in self.widths.iter().rev() {
            let seen = end - width;
            at -= width * (seen + 1);
            for unit in 0..width {
                let error = back[seen + unit];
                if row[seen + unit] > 0.0 && error != 0.0 {
                    let place = at + unit * (seen + 1);
                    let (weights, gradient) = (&self.weights[place..], &mut gradient[place..]);
                    accumulate(weights, &row[..seen], error, gradient, back);
                }
            }
            end = seen;
        }
    }
}

/// `weights · row + bias`, the bias standing after the weights; four sums that are added at the end.
fn affine(unit: &[f64], row: &[f64]) -> f64 {
    let (weights, bias) = (&unit[..row.len()], unit[row.len()]);
    let mut sums = [0.0; 4];
    let (w, x) = (weights.chunks_exact(4), row.chunks_exact(4));
    let rest = w.remainder().iter().zip(x.remainder());
    for (w, x) in w.zip(x) {
        for k in 0..4 {
            sums[k] += w[k] * x[k];
        }
    }
    let mut sum = bias + ((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (w, x) in rest {
        sum += w * x;
    }
    sum
}

/// [`affine`] of several rows side by side, each in the same order of operations.
fn affine_of(unit: &[f64], rows: &[Lanes]) -> Lanes {
    let (weights, bias) = (&unit[..rows.len()], unit[rows.len()]);
    let mut sums = [[0.0; LANES]; 4];
    let (w, x) = (weights.chunks_exact(4), rows.chunks_exact(4));
    let rest = w.remainder().iter().zip(x.remainder());
    for (w, x) in w.zip(x) {
        for k in 0..4 {
            for lane in 0..LANES {
                sums[k][lane] += w[k] * x[k][lane];
            }
        }
    }
    let [a, b, c, d] = sums;
    let mut sum: Lanes = std::array::from_fn(|i| bias + ((a[i] + b[i]) + (c[i] + d[i])));
    for (w, x) in rest {
        for lane in 0..LANES {
            sum[lane] += w * x[lane];
        }
    }
    sum
}

/// Back through one unit: its weights' gradient and the errors of what it read.
fn accumulate(weights: &[f64], row: &[f64], error: f64, gradient: &mut [f64], back: &mut [f64]) {
    let n = row.len();
    for (g, x) in gradient[..n].iter_mut().zip(row) {
        *g += error * x;
    }
    gradient[n] += error;
    for (b, w) in back[..n].iter_mut().zip(&weights[..n]) {
        *b += error * w;
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    #[test]
    fn points_side_by_side_give_what_each_gives_alone() {
        let mut stream = Streams::new(5).open("test", 0);
        let net = Cascade::draw(7, &[15, 19, 16], Start::Glorot, &mut stream);
        let points: Vec<Vec<f64>> =
            (0..LANES).map(|_| (0..7).map(|_| stream.uniform()).collect()).collect();
        let (mut row, mut rows) = (Vec::new(), Vec::new());
        let together = net.output_of(std::array::from_fn(|i| &points[i][..]), &mut rows);
        for (lane, (point, sum)) in points.iter().zip(together).enumerate() {
            assert_eq!(net.output(point, &mut row).to_bits(), sum.to_bits());
            assert!(row.iter().zip(&rows).all(|(a, b)| a.to_bits() == b[lane].to_bits()));
        }
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let mut stream = Streams::new(4).open("test", 0);
        let mut net = Cascade::draw(3, &[5, 4, 6], Start::He, &mut stream);
        let x = [0.3, 0.9, 0.4];
        let (mut row, mut back) = (Vec::new(), Vec::new());
        net.output(&x, &mut row);
        let mut gradient = vec![0.0; net.weights.len()];
        net.backward(&row, 1.0, 1.0, &mut gradient, &mut back);
        for (i, slope) in gradient.iter().enumerate() {
            let (weight, step) = (net.weights[i], 1e-6);
            net.weights[i] = weight + step;
            let above = net.output(&x, &mut row);
            net.weights[i] = weight - step;
            let below = net.output(&x, &mut row);
            net.weights[i] = weight;
            let difference = (above - below) / (2.0 * step);
            assert!((slope - difference).abs() < 1e-6, "weight {i}: {slope} {difference}");
        }
    }
}
