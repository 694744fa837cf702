//! The ensemble neural network of the published self-driving-lab codes, as presets.
//!
//! Structure, training and uncertainty follow the public repositories AbolhasaniLab/Fast-Cat and
//! AbolhasaniLab/Smart-Dope; nothing is copied from them.

mod cascade;
mod train;

use flowtwin_lab::Stream;
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::surrogate::{self, Belief, FitError, Posterior, Surrogate};
use crate::{Context, Work};
use cascade::Cascade;
use train::Training;

/// How a published ensemble is built and trained.
#[derive(Clone, Debug, PartialEq)]
pub struct LegacyEnsemble {
    /// Number of members.
    pub members: usize,
    /// Fewest and most hidden layers of a member.
    pub depth: (usize, usize),
    /// Fewest and most units of a layer.
    pub width: (usize, usize),
    /// Share of units left out before the output while training.
    pub dropout: f64,
    /// Step of RMSprop.
    pub rate: f64,
    /// Most passes over the data.
    pub epochs: usize,
    /// Passes without improvement of the validation loss after which training stops.
    pub patience: usize,
    /// Smallest change of the validation loss that counts as improvement.
    pub min_delta: f64,
    /// Start of the weights.
    pub start: Start,
}

/// How weights are drawn before training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Uniform with limit √(6 / inputs) (He et al. 2015, DOI 10.1109/ICCV.2015.123).
    He,
    /// Uniform with limit √(6 / (inputs + outputs)) (Glorot and Bengio 2010).
    Glorot,
}

impl LegacyEnsemble {
    /// The ensemble in the optimisation loop of Fast-Cat: ten cascades of 2–5 layers with 15–20 units.
    ///
    /// The published loop feeds the members to a trained combiner; here their mean is taken, as in Smart-Dope.
    pub fn fast_cat() -> Self {
        Self {
            members: 10,
            depth: (2, 5),
            width: (15, 20),
            dropout: 0.1,
            rate: 1e-3,
            epochs: 500,
            patience: 20,
            min_delta: 1e-4,
            start: Start::Glorot,
        }
    }

    /// The ensemble of Smart-Dope: twenty cascades of 8–10 layers with 15–30 units.
    pub fn smart_dope() -> Self {
        Self {
            members: 20,
            depth: (8, 10),
            width: (15, 30),
            dropout: 0.0,
            rate: 1e-4,
            epochs: 1000,
            patience: 50,
            min_delta: 1e-5,
            start: Start::He,
        }
    }
}

impl Surrogate for LegacyEnsemble {
    type Posterior = LegacyPosterior;

    /// Trains the members on a random 80 % of the data, the same for all; the rest stops the training. So diversity comes
    /// from structure, weights and batches. Outcomes are divided by twice the largest magnitude among them, which puts the
    /// best outcome so far at one half of the scale, as in Smart-Dope.
    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<LegacyPosterior, FitError> {
        surrogate::check(x, y)?;
        let largest = y.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let scale = if largest > 0.0 { 2.0 * largest } else { 1.0 };
        let rows: Vec<Vec<f64>> = x.rows().into_iter().map(|r| r.to_vec()).collect();
        let scaled: Vec<f64> = y.iter().map(|v| v / scale).collect();
        let order = context.streams.open("legacy/split", 0).permutation(y.len());
        let (validation, training) = order.split_at((y.len() / 5).max(1));
        let task = Training { x: &rows, y: &scaled, training, validation };
        let trained = context.map(self.members, |m| {
            let mut stream = context.streams.open("legacy/member", m as u64);
            let mut net = self.draw(x.ncols(), &mut stream);
            let epochs = task.run(self, &mut net, &mut stream);
            (net, epochs)
        });
        let work = Work {
            fits: 1,
            epochs: trained.iter().map(|(_, epochs)| *epochs).sum(),
            ..Work::default()
        };
        let nets = trained.into_iter().map(|(net, _)| net).collect();
        Ok(LegacyPosterior::new(nets, scale, &rows, validation, y, work))
    }
}

impl LegacyEnsemble {
    fn draw(&self, inputs: usize, stream: &mut Stream) -> Cascade {
        let between =
            |(low, high): (usize, usize), stream: &mut Stream| low + stream.below(high - low + 1);
        let depth = between(self.depth, stream);
        let widths: Vec<usize> = (0..depth).map(|_| between(self.width, stream)).collect();
        Cascade::draw(inputs, &widths, self.start, stream)
    }
}

/// A trained ensemble of cascades.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegacyPosterior {
    nets: Vec<Cascade>,
    scale: f64,
    noise_sd: f64,
    held_out: Vec<Belief>,
    work: Work,
}

impl LegacyPosterior {
    fn new(
        nets: Vec<Cascade>,
        scale: f64,
        rows: &[Vec<f64>],
        validation: &[usize],
        y: &[f64],
        work: Work,
    ) -> Self {
        let mut posterior = Self { nets, scale, noise_sd: 0.0, held_out: Vec::new(), work };
        let mut squares = 0.0;
        for &i in validation {
            let error = y[i] - posterior.at(&rows[i]).mean;
            squares += error * error;
        }
        posterior.noise_sd = (squares / validation.len() as f64).sqrt();
        let believe = |row: &Vec<f64>| posterior.at(row).with_noise(posterior.noise_sd);
        posterior.held_out = rows.iter().map(believe).collect();
        posterior
    }
}

impl Posterior for LegacyPosterior {
    fn at(&self, x: &[f64]) -> Belief {
        let mut members = Vec::with_capacity(self.nets.len());
        self.members(x, &mut members);
        spread(&members)
    }

    /// The published ensembles know no noise; this is the root mean squared error on the data that stopped the
    /// training, an upper bound.
    fn noise_sd(&self) -> f64 {
        self.noise_sd
    }

    fn members(&self, x: &[f64], out: &mut Vec<f64>) {
        out.clear();
        let mut activations = Vec::new();
        for net in &self.nets {
            out.push(self.scale * net.output(x, &mut activations));
        }
    }

    /// One member.
    fn draw(&self, points: &[Vec<f64>], stream: &mut Stream) -> Vec<f64> {
        let net = &self.nets[stream.below(self.nets.len())];
        let mut activations = Vec::new();
        points.iter().map(|x| self.scale * net.output(x, &mut activations)).collect()
    }

    /// All members saw the same data, so nothing but the split that stopped the training is held out: these are the
    /// fitted values.
    fn held_out(&self) -> &[Belief] {
        &self.held_out
    }

    fn work(&self) -> Work {
        self.work
    }
}

/// Mean and standard deviation over members (divided by their number, as numpy does).
fn spread(members: &[f64]) -> Belief {
    let count = members.len() as f64;
    let mean = members.iter().fold(0.0, |sum, y| sum + y) / count;
    let squares = members.iter().fold(0.0, |sum, y| sum + (y - mean) * (y - mean));
    Belief { mean, sd: (squares / count).sqrt() }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;
    use ndarray::Array2;
    use std::num::NonZeroUsize;

    fn data() -> (Array2<f64>, Vec<f64>) {
        let mut stream = Streams::new(2).open("data", 0);
        let x = Array2::from_shape_simple_fn((50, 3), || stream.uniform());
        let y = x.rows().into_iter().map(|r| 100.0 * (r[0] + 0.5 * r[1])).collect();
        (x, y)
    }

    #[test]
    fn a_plane_is_learnt() {
        let (x, y) = data();
        let fitted =
            LegacyEnsemble::fast_cat().fit(x.view(), &y, &Context::new(Streams::new(1))).unwrap();
        let low = fitted.at(&[0.2, 0.2, 0.5]).mean;
        let high = fitted.at(&[0.8, 0.8, 0.5]).mean;
        assert!((low - 30.0).abs() < 12.0 && (high - 120.0).abs() < 12.0, "{low} {high}");
    }

    #[test]
    fn threads_do_not_change_a_bit() {
        let (x, y) = data();
        let ensemble = LegacyEnsemble { epochs: 20, ..LegacyEnsemble::smart_dope() };
        let context = Context::new(Streams::new(1));
        let two = context.clone().with_threads(NonZeroUsize::new(2).unwrap());
        let one = ensemble.fit(x.view(), &y, &context).unwrap();
        assert_eq!(one, ensemble.fit(x.view(), &y, &two).unwrap());
    }
}
