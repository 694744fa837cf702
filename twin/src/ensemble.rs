//! The ensemble neural network of our own design: accurate, calibrated, and fitted in milliseconds.

mod layer;
mod member;

use flowtwin_lab::{Stream, math};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::gp::{GaussianProcess, Lengths};
use crate::scale::Scale;
use crate::surrogate::{self, Belief, FitError, Posterior, Slope, Surrogate};
use crate::{Context, Work};
use layer::Trained;
use member::{LANES, Member, Output};

/// An ensemble of networks with one hidden layer each.
///
/// Hidden units are drawn at random around the data; how fast they may vary with each input, and how noisy the outcome
/// is, is learnt first by maximising the marginal likelihood of the network's Gaussian-process limit. The output layer of each
/// member is then the exact Bayesian solution: its mean, and one draw from its posterior. So there is no learning rate, no
/// stopping rule and no validation set, and the spread is that of a posterior and not of chance in training.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// Number of members.
    pub members: usize,
    /// Fewest hidden units of a member; there are more with more data.
    pub units: usize,
}

impl Default for Ensemble {
    fn default() -> Self {
        Self { members: 20, units: 48 }
    }
}

/// Range of the factor by which a member's units are steeper than the learnt lengths say.
const STEEPNESS: (f64, f64) = (0.5, 1.5);

impl Surrogate for Ensemble {
    type Posterior = EnsemblePosterior;

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<EnsemblePosterior, FitError> {
        surrogate::check(x, y)?;
        let scale = Scale::of(y);
        let inputs: Vec<f64> = x.iter().copied().collect();
        let outcomes: Vec<f64> = y.iter().map(|y| scale.apply(*y)).collect();
        let learnt = GaussianProcess::default().lengths(&inputs, &outcomes, x.ncols(), context);
        Ok(self.train(x, y, &learnt, context))
    }
}

impl Ensemble {
    /// Learns with lengths and noise that are known, from data that have been checked.
    pub(crate) fn train(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        learnt: &Lengths,
        context: &Context,
    ) -> EnsemblePosterior {
        let scale = Scale::of(y);
        let inputs: Vec<f64> = x.iter().copied().collect();
        let outcomes: Vec<f64> = y.iter().map(|y| scale.apply(*y)).collect();
        let trained = context.map(self.members, |m| {
            let mut stream = context.streams.open("ensemble/member", m as u64);
            let mut member = self.draw(&inputs, x.ncols(), learnt, y.len(), &mut stream);
            let trained = member.train(&inputs, &outcomes, learnt.noise_ratio, &mut stream);
            (member, trained)
        });
        let work = Work {
            fits: 1,
            epochs: self.members as u64,
            likelihoods: learnt.evaluations,
            factorizations: learnt.evaluations + self.members as u64,
            ..Work::default()
        };
        EnsemblePosterior::new(trained, scale, &outcomes, work)
    }

    fn draw(
        &self,
        x: &[f64],
        dim: usize,
        learnt: &Lengths,
        rows: usize,
        stream: &mut Stream,
    ) -> Member {
        let units = self.units + (rows / 3).min(160);
        let (low, high) = STEEPNESS;
        let steep = low * math::exp(stream.uniform() * math::ln(high / low));
        let scales: Vec<f64> = learnt.inverse_lengths.iter().map(|l| l * steep).collect();
        Member::draw(x, dim, units, &scales, stream)
    }
}

/// A fitted [`Ensemble`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnsemblePosterior {
    scale: Scale,
    members: Vec<Member>,
    noise_sd: f64,
    /// What the members' spread is multiplied by, so that the errors on held-out points are as large as announced.
    calibration: f64,
    held_out: Vec<Belief>,
    work: Work,
}

impl EnsemblePosterior {
    fn new(trained: Vec<(Member, Trained)>, scale: Scale, y: &[f64], work: Work) -> Self {
        let count = trained.len() as f64;
        let (members, trained): (Vec<Member>, Vec<Trained>) = trained.into_iter().unzip();
        let noise = trained.iter().fold(0.0, |sum, t| sum + t.noise_variance) / count;
        let mut held_out: Vec<Belief> = Vec::with_capacity(y.len());
        for i in 0..y.len() {
            let mean = trained.iter().fold(0.0, |sum, t| sum + t.left_out[i].mean) / count;
            let within =
                trained.iter().fold(0.0, |sum, t| sum + t.left_out[i].sd * t.left_out[i].sd);
            let between = trained.iter().fold(0.0, |sum, t| {
                let d = t.left_out[i].mean - mean;
                sum + d * d
            });
            held_out.push(Belief { mean, sd: ((within + between) / count).sqrt() });
        }
        let surprise = y.iter().zip(&held_out).fold(0.0, |sum, (y, b)| {
            let z = (y - b.mean) / b.sd;
            sum + z * z
        });
        let calibration = (surprise / y.len() as f64).sqrt().clamp(0.7, 2.0);
        let restore =
            |b: Belief| Belief { mean: scale.invert(b.mean), sd: scale.spread(calibration * b.sd) };
        Self {
            scale,
            members,
            noise_sd: scale.spread(calibration * noise.sqrt()),
            calibration,
            held_out: held_out.into_iter().map(restore).collect(),
            work,
        }
    }
}

/// Sums over members: of the means, and of their squares and those of the draws' deviations.
#[derive(Clone, Copy, Default)]
struct Moments {
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, (mean, deviation): Output) {
        self.sum += mean;
        self.squares += mean * mean + deviation * deviation;
    }

    /// Mean and standard deviation of the mixture, standardized.
    fn belief(self, count: f64) -> Belief {
        let mean = self.sum / count;
        Belief { mean, sd: (self.squares / count - mean * mean).max(1e-12).sqrt() }
    }
}

/// Points by blocks: of each block for each input its values [blocks, d]; the last block is filled up with zeros.
fn blocks(points: &[&[f64]], dim: usize) -> Vec<[f64; LANES]> {
    let mut blocks = vec![[0.0; LANES]; points.len().div_ceil(LANES) * dim];
    for (block, points) in blocks.chunks_exact_mut(dim).zip(points.chunks(LANES)) {
        for (l, point) in points.iter().enumerate() {
            for (column, x) in block.iter_mut().zip(*point) {
                column[l] = *x;
            }
        }
    }
    blocks
}

impl EnsemblePosterior {
    /// A standardized belief in units of the outcome, calibrated.
    fn restore(&self, Belief { mean, sd }: Belief) -> Belief {
        Belief { mean: self.scale.invert(mean), sd: self.scale.spread(self.calibration * sd) }
    }
}

impl Posterior for EnsemblePosterior {
    fn at(&self, x: &[f64]) -> Belief {
        self.beliefs(&[x])[0]
    }

    fn beliefs(&self, points: &[&[f64]]) -> Vec<Belief> {
        let Some(dim) = points.first().map(|x| x.len()) else { return Vec::new() };
        let blocks = blocks(points, dim);
        let mut moments = vec![Moments::default(); points.len()];
        let mut scratch = Vec::new();
        for member in &self.members {
            for (block, moments) in blocks.chunks_exact(dim).zip(moments.chunks_mut(LANES)) {
                for (output, moments) in
                    member.outputs(block, &mut scratch).into_iter().zip(moments)
                {
                    moments.add(output);
                }
            }
        }
        let count = self.members.len() as f64;
        moments.into_iter().map(|m| self.restore(m.belief(count))).collect()
    }

    fn noise_sd(&self) -> f64 {
        self.noise_sd
    }

    /// The draw of one member.
    fn draw(&self, points: &[Vec<f64>], stream: &mut Stream) -> Vec<f64> {
        let member = &self.members[stream.below(self.members.len())];
        let points: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
        let Some(dim) = points.first().map(|x| x.len()) else { return Vec::new() };
        let blocks = blocks(&points, dim);
        let mut scratch = Vec::new();
        let outputs =
            blocks.chunks_exact(dim).flat_map(|block| member.outputs(block, &mut scratch));
        let one =
            |(mean, deviation): Output| self.scale.invert(mean + self.calibration * deviation);
        outputs.take(points.len()).map(one).collect()
    }

    fn slope(&self, x: &[f64]) -> Option<Slope> {
        let (count, dim) = (self.members.len() as f64, x.len());
        let mut moments = Moments::default();
        let (mut by_sum, mut by_squares) = (vec![0.0; dim], vec![0.0; dim]);
        let (mut by_mean, mut by_doubt) = (vec![0.0; dim], vec![0.0; dim]);
        let mut scratch = Vec::new();
        for member in &self.members {
            let (mean, doubt) = member.slope(x, &mut by_mean, &mut by_doubt, &mut scratch);
            moments.add((mean, doubt));
            for j in 0..dim {
                by_sum[j] += by_mean[j];
                by_squares[j] += 2.0 * (mean * by_mean[j] + doubt * by_doubt[j]);
            }
        }
        let belief = moments.belief(count);
        for j in 0..dim {
            by_mean[j] = self.scale.spread(by_sum[j] / count);
            let by_variance = (by_squares[j] - 2.0 * belief.mean * by_sum[j]) / count;
            by_doubt[j] = self.scale.spread(self.calibration * 0.5 * by_variance / belief.sd);
        }
        Some(Slope { belief: self.restore(belief), mean: by_mean, sd: by_doubt })
    }

    fn held_out(&self) -> &[Belief] {
        &self.held_out
    }

    fn work(&self) -> Work {
        self.work
    }
}
