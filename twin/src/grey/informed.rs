//! The simulator with estimated parameters, and its residuals.

use std::sync::Arc;

use crate::linalg::{dot, lower_times, lower_transposed_times, transposed_times};
use crate::mechanism::{Mechanism, Tuned};
use crate::scale::Scale;
use crate::surrogate::Belief;

use super::rest::{Rest, inverse_factor};
use super::slopes::{Slopes, places};
use crate::Context;

/// Most Gauss-Newton steps.
const ROUNDS: usize = 6;
/// Most times that a step is halved.
const HALVINGS: usize = 4;
/// Step of differences by a parameter, in its standard deviations.
const STEP: f64 = 0.05;
/// A step that moves no parameter by more than this part of its standard deviation is the last.
const SETTLED: f64 = 0.02;
/// Farthest that a parameter may go from the prior, in standard deviations.
const FARTHEST: f64 = 4.0;

/// The simulator about its estimated parameters, where it is linear in them, and the Gaussian process of what it leaves.
#[derive(Debug)]
pub(super) struct Informed {
    z: Vec<f64>,
    /// The simulator with the estimate.
    tuned: Arc<dyn Tuned>,
    /// How its outcomes depend on the parameters.
    anywhere: Slopes,
    rest: Rest,
    /// Inputs [n, d].
    x: Vec<f64>,
    /// Derivatives of the outcomes by the parameters [n, p].
    slopes: Vec<f64>,
    /// Inverse Cholesky factor of the covariance of the outcomes [n, n].
    inverse: Vec<f64>,
    /// Inverse covariance times what is left [n].
    weights: Vec<f64>,
    /// What the linear model adds to the estimate [p].
    more: Vec<f64>,
    held_out: Vec<Belief>,
    simulations: u64,
}

impl PartialEq for Informed {
    /// The simulator follows from its parameters.
    fn eq(&self, other: &Self) -> bool {
        let parts = |i: &Self| (i.z.clone(), i.rest, i.x.clone(), i.weights.clone());
        parts(self) == parts(other)
    }
}

/// A simulator about parameters: with them, and with each of them one step further [1 + p].
#[derive(Debug)]
struct Here(Vec<Arc<dyn Tuned>>);

impl Here {
    fn at(mechanism: &dyn Mechanism, z: &[f64]) -> Option<Self> {
        let mut all = vec![mechanism.tuned(z)?];
        let mut moved = z.to_vec();
        for k in 0..z.len() {
            moved[k] = z[k] + step(z[k]);
            all.push(mechanism.tuned(&moved)?);
            moved[k] = z[k];
        }
        Some(Self(all))
    }

    /// The outcome at `x` [d], and its derivatives by the parameters, which are added to `slopes`; none where it is not a number.
    fn outcome(&self, z: &[f64], x: &[f64], slopes: &mut Vec<f64>) -> Option<f64> {
        let outcome = self.0[0].outcome(x);
        for (z, tuned) in z.iter().zip(&self.0[1..]) {
            slopes.push((tuned.outcome(x) - outcome) / step(*z));
        }
        let known = outcome.is_finite() && slopes.iter().all(|slope| slope.is_finite());
        known.then_some(outcome)
    }
}

/// Towards the prior.
fn step(z: f64) -> f64 {
    if z > 0.0 { -STEP } else { STEP }
}

/// What is learnt from, and what it took.
struct Learning<'a> {
    mechanism: &'a dyn Mechanism,
    x: &'a [f64],
    y: &'a [f64],
    scale: f64,
    simulations: u64,
}

/// The simulator about parameters, and what it says of the experiments.
struct About {
    z: Vec<f64>,
    here: Here,
    /// Outcomes less what is expected [n].
    off: Vec<f64>,
    slopes: Vec<f64>,
}

impl Learning<'_> {
    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.x.chunks_exact(self.x.len() / self.y.len())
    }

    fn about(&mut self, z: Vec<f64>) -> Option<About> {
        let here = Here::at(self.mechanism, &z)?;
        self.simulations += (self.y.len() * (z.len() + 1)) as u64;
        let (mut off, mut slopes) = (Vec::new(), Vec::new());
        for (x, y) in self.rows().zip(self.y) {
            off.push(y - here.outcome(&z, x, &mut slopes)?);
        }
        Some(About { z, here, off, slopes })
    }

    /// Outcomes less what parameters `z` make one expect [n].
    fn off(&mut self, z: &[f64]) -> Option<Vec<f64>> {
        let tuned = self.mechanism.tuned(z)?;
        self.simulations += self.y.len() as u64;
        let off: Vec<f64> = self.rows().zip(self.y).map(|(x, y)| y - tuned.outcome(x)).collect();
        off.iter().all(|off| off.is_finite()).then_some(off)
    }

    /// Derivatives by the parameters everywhere, from those at the experiments and at places between them; none where too few
    /// of them have any.
    fn anywhere(&mut self, about: &About, context: &Context) -> Option<Slopes> {
        let (dim, parameters) = (self.x.len() / self.y.len(), about.z.len());
        let (mut x, mut slopes) = (self.x.to_vec(), about.slopes.clone());
        for place in places(dim, context) {
            let mut there = Vec::with_capacity(parameters);
            self.simulations += 1 + parameters as u64;
            if about.here.outcome(&about.z, &place, &mut there).is_some() {
                x.extend(place);
                slopes.extend(there);
            }
        }
        Slopes::learn(&x, &slopes, (dim, parameters), context).ok()
    }

    fn rest(&self, about: &About) -> Rest {
        Rest::most_plausible(self.x, &about.slopes, &about.linear(), self.scale)
    }

    /// The next parameters, by a Gauss-Newton step that is halved until the posterior density grows; none where it
    /// does not.
    fn step(&mut self, about: &About, rest: &Rest) -> Option<Vec<f64>> {
        let n = self.y.len();
        let inverse = inverse_factor(rest.covariance(self.x, &about.slopes, n), n)?;
        let weights = weighed(&inverse, &about.linear());
        let target = transposed_times(&about.slopes, about.z.len(), &weights);
        let alone = inverse_factor(rest.covariance(self.x, &[], n), n)?;
        let squares = |z: &[f64], off: &[f64]| {
            let mut white = Vec::new();
            lower_times(&alone, n, off, &mut white);
            dot(&white, &white) + dot(z, z)
        };
        let now = squares(&about.z, &about.off);
        let mut share = 1.0;
        for _ in 0..=HALVINGS {
            let towards = |(z, t): (&f64, &f64)| (z + share * (t - z)).clamp(-FARTHEST, FARTHEST);
            let next: Vec<f64> = about.z.iter().zip(&target).map(towards).collect();
            if let Some(off) = self.off(&next)
                && squares(&next, &off) < now
            {
                return Some(next);
            }
            share *= 0.5;
        }
        None
    }
}

impl About {
    /// What is left of the outcomes where all parameters are as they were believed to be, if the simulator is linear [n].
    fn linear(&self) -> Vec<f64> {
        let rows = self.slopes.chunks_exact(self.z.len());
        self.off.iter().zip(rows).map(|(off, row)| off + dot(row, &self.z)).collect()
    }
}

/// The inverse of a covariance, whose inverse factor is given, times a vector [n].
fn weighed(inverse: &[f64], left: &[f64]) -> Vec<f64> {
    let (mut white, mut weights) = (Vec::new(), Vec::new());
    lower_times(inverse, left.len(), left, &mut white);
    lower_transposed_times(inverse, left.len(), &white, &mut weights);
    weights
}

impl Informed {
    /// From inputs `x` [n, d] and outcomes `y` [n]; none where the simulator has no outcome for one of them.
    pub(super) fn fit(
        mechanism: &dyn Mechanism,
        x: &[f64],
        y: &[f64],
        context: &Context,
    ) -> Option<Self> {
        let scale = Scale::of(y).spread(1.0);
        let mut learning = Learning { mechanism, x, y, scale, simulations: 0 };
        let mut about = learning.about(vec![0.0; mechanism.parameters()])?;
        for _ in 0..ROUNDS {
            let rest = learning.rest(&about);
            let Some(next) = learning.step(&about, &rest) else { break };
            let far = next.iter().zip(&about.z).any(|(a, b)| (a - b).abs() > SETTLED);
            let Some(moved) = learning.about(next) else { break };
            about = moved;
            if !far {
                break;
            }
        }
        let rest = learning.rest(&about);
        let n = y.len();
        let left = about.linear();
        let inverse = inverse_factor(rest.covariance(x, &about.slopes, n), n)?;
        let weights = weighed(&inverse, &left);
        let target = transposed_times(&about.slopes, about.z.len(), &weights);
        let more: Vec<f64> = target.iter().zip(&about.z).map(|(t, z)| t - z).collect();
        let held_out = held_out(&inverse, &weights, y);
        let anywhere = learning.anywhere(&about, context)?;
        let About { z, here: Here(mut all), slopes, .. } = about;
        let (x, simulations, tuned) = (x.to_vec(), learning.simulations, all.swap_remove(0));
        Some(Self {
            z,
            tuned,
            anywhere,
            rest,
            x,
            slopes,
            inverse,
            weights,
            more,
            held_out,
            simulations,
        })
    }

    /// The belief at `x` [d]; none where the simulator has no outcome there.
    pub(super) fn at(&self, x: &[f64]) -> Option<Belief> {
        let (n, p) = (self.weights.len(), self.z.len());
        let expected = Some(self.tuned.outcome(x)).filter(|outcome| outcome.is_finite())?;
        let slope = self.anywhere.at(x);
        let (mut rest, mut all) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for (row, slopes) in self.x.chunks_exact(x.len()).zip(self.slopes.chunks_exact(p)) {
            let between = self.rest.between(x, row);
            rest.push(between);
            all.push(between + dot(&slope, slopes));
        }
        let mut white = Vec::new();
        lower_times(&self.inverse, n, &all, &mut white);
        let before = self.rest.sd * self.rest.sd + dot(&slope, &slope);
        let variance = (before - dot(&white, &white)).max(1e-12 * before);
        let mean = expected + dot(&slope, &self.more) + dot(&rest, &self.weights);
        Some(Belief { mean, sd: variance.sqrt() })
    }

    pub(super) fn parameters(&self) -> &[f64] {
        &self.z
    }

    pub(super) fn noise_sd(&self) -> f64 {
        self.rest.noise_sd
    }

    pub(super) fn held_out(&self) -> &[Belief] {
        &self.held_out
    }

    pub(super) fn simulations(&self) -> u64 {
        self.simulations
    }
}

/// What is believed of each outcome from all others, parameters included (Rasmussen and Williams 2006, eqs. 5.10–5.12).
fn held_out(inverse: &[f64], weights: &[f64], y: &[f64]) -> Vec<Belief> {
    let n = y.len();
    let believe = |i: usize| {
        let diagonal = (i..n).fold(0.0, |sum, k| sum + inverse[k * n + i] * inverse[k * n + i]);
        Belief { mean: y[i] - weights[i] / diagonal, sd: (1.0 / diagonal).sqrt() }
    };
    (0..n).map(believe).collect()
}
