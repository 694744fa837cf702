//! RMSprop with early stopping.

use flowtwin_lab::Stream;

use super::LegacyEnsemble;
use super::cascade::{Cascade, LANES, Lanes};

/// Rows of a batch, the default of the library the published codes use.
const BATCH: usize = 32;
/// Decay of the running mean of squared gradients, its default there.
const DECAY: f64 = 0.9;
/// What keeps the step finite, its default there.
const EPSILON: f64 = 1e-7;

/// Data to train on, by rows.
pub(super) struct Training<'a> {
    pub(super) x: &'a [Vec<f64>],
    pub(super) y: &'a [f64],
    pub(super) training: &'a [usize],
    pub(super) validation: &'a [usize],
}

impl Training<'_> {
    /// Trains `net` until the validation loss stops falling; returns the passes over the data.
    pub(super) fn run(&self, how: &LegacyEnsemble, net: &mut Cascade, stream: &mut Stream) -> u64 {
        let mut order = self.training.to_vec();
        let mut descent = Descent::new(net.weights.len());
        let (mut best, mut since) = (f64::INFINITY, 0);
        for epoch in 1..=how.epochs {
            stream.shuffle(&mut order);
            for batch in order.chunks(BATCH) {
                descent.gradient.fill(0.0);
                for few in batch.chunks(LANES) {
                    self.learn(few, batch.len(), how.dropout, net, &mut descent, stream);
                }
                descent.step(how.rate, &mut net.weights);
            }
            let loss = self.validation_loss(net, &mut descent.rows);
            if loss < best - how.min_delta {
                (best, since) = (loss, 0);
            } else {
                since += 1;
                if since >= how.patience {
                    return epoch as u64;
                }
            }
        }
        how.epochs as u64
    }

    /// Adds the gradient of a few points of a batch.
    fn learn(
        &self,
        few: &[usize],
        batch: usize,
        dropout: f64,
        net: &Cascade,
        descent: &mut Descent,
        stream: &mut Stream,
    ) {
        let Descent { gradient, rows, row, back, .. } = descent;
        let at = net.hidden_of(self.points(few), rows);
        for (lane, &i) in few.iter().enumerate() {
            row.clear();
            row.extend(rows.iter().map(|activations| activations[lane]));
            if dropout > 0.0 {
                thin_out(&mut row[net.last_layer()], dropout, stream);
            }
            let output = net.weights[at..]
                .iter()
                .zip(row.iter())
                .fold(net.weights[net.weights.len() - 1], |sum, (w, x)| sum + w * x);
            let error = 2.0 * (output - self.y[i]) / batch as f64;
            net.backward(row, 1.0 / (1.0 - dropout), error, gradient, back);
        }
    }

    /// The points of a few rows; where there are not enough, the last once more.
    fn points(&self, few: &[usize]) -> [&[f64]; LANES] {
        std::array::from_fn(|lane| &self.x[few[lane.min(few.len() - 1)]][..])
    }

    fn validation_loss(&self, net: &Cascade, rows: &mut Vec<Lanes>) -> f64 {
        let mut squares = 0.0;
        for few in self.validation.chunks(LANES) {
            let outputs = net.output_of(self.points(few), rows);
            for (&i, output) in few.iter().zip(outputs) {
                let error = output - self.y[i];
                squares += error * error;
            }
        }
        squares / self.validation.len() as f64
    }
}

/// Silences each activation with probability `share` and scales up the others.
fn thin_out(activations: &mut [f64], share: f64, stream: &mut Stream) {
    for activation in activations {
        *activation = if stream.uniform() < share { 0.0 } else { *activation / (1.0 - share) };
    }
}

/// RMSprop (Tieleman and Hinton 2012) and its buffers.
struct Descent {
    gradient: Vec<f64>,
    squares: Vec<f64>,
    rows: Vec<Lanes>,
    row: Vec<f64>,
    back: Vec<f64>,
}

impl Descent {
    fn new(weights: usize) -> Self {
        Self {
            gradient: vec![0.0; weights],
            squares: vec![0.0; weights],
            rows: Vec::new(),
            row: Vec::new(),
            back: Vec::new(),
        }
    }

    fn step(&mut self, rate: f64, weights: &mut [f64]) {
        for ((w, g), v) in weights.iter_mut().zip(&self.gradient).zip(&mut self.squares) {
            *v = DECAY * *v + (1.0 - DECAY) * g * g;
            *w -= rate * g / (v.sqrt() + EPSILON);
        }
    }
}
