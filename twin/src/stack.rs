//! Several surrogates weighed by how well each predicts what it has not seen.

mod honest;
mod weigh;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::ensemble::{Ensemble, EnsemblePosterior};
use crate::forest::{Forest, ForestPosterior};
use crate::gp::{GaussianProcess, GpPosterior, Prior};
use crate::polynomial::{Order, Polynomial, PolynomialPosterior};
use crate::surrogate::{Belief, FitError, Posterior, Slope, Surrogate};
use crate::{Context, Work};
use honest::held_out;
use weigh::{Reach, blend, weigh, widening};

/// How many models there are.
const MODELS: usize = 6;
/// Their names, in the order of their weights.
const NAMES: [&str; MODELS] = ["gp", "broad-gp", "modern", "linear", "quadratic", "forest"];

/// Gaussian processes with two priors, the modern ensemble, polynomials of first and second order and a forest, averaged
/// with the weights of those that predict best.
///
/// The weights follow from predictions of the training data by models that have not seen them (Wolpert 1992, DOI
/// 10.1016/S0893-6080(05)80023-1; van der Laan, Polley and Hubbard 2007, DOI 10.2202/1544-6115.1309), so the choice is made
/// before any test point is seen. The same predictions say whether intervals are wide enough.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// A Gaussian process.
    pub gp: GaussianProcess,
    /// Another, with a prior for few experiments.
    pub broad: GaussianProcess,
    /// The ensemble, with the lengths of that.
    pub ensemble: Ensemble,
    /// The forest.
    pub forest: Forest,
}

impl Default for Stack {
    fn default() -> Self {
        let gp = GaussianProcess { starts: 3, ..GaussianProcess::default() };
        Self {
            broad: GaussianProcess { prior: Prior::Broad, ..gp.clone() },
            gp,
            ensemble: Ensemble::default(),
            forest: Forest::default(),
        }
    }
}

impl Surrogate for Stack {
    type Posterior = StackPosterior;

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<StackPosterior, FitError> {
        let forest = self.forest.fit(x, y, context)?;
        let smooth = self.smooth(x, y, context)?;
        let (mut held, refits) = held_out(self, &smooth, x, y, context)?;
        held.push(forest.held_out().to_vec());
        let reach = Reach::of(y);
        held.iter_mut().flatten().for_each(|belief| *belief = reach.within(*belief));
        let weights = weigh(&held, y, &mut context.streams.open("stack/weights", 0));
        Ok(StackPosterior::new((smooth, forest), (weights, reach), &held, y, refits))
    }
}

impl Stack {
    /// All models but the forest.
    fn smooth(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<Smooth, FitError> {
        let gp = self.gp.fit(x, y, context)?;
        let broad = self.broad.fit(x, y, context)?;
        let modern = self.ensemble.train(x, y, &broad.learnt(), context);
        let linear = Polynomial { order: Order::First }.fit(x, y, context)?;
        let quadratic = Polynomial { order: Order::Second }.fit(x, y, context)?;
        Ok(Smooth { gp, broad, modern, linear, quadratic })
    }
}

/// Models that know nothing of what was left out of their data only once they are fitted without it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Smooth {
    gp: GpPosterior,
    broad: GpPosterior,
    modern: EnsemblePosterior,
    linear: PolynomialPosterior,
    quadratic: PolynomialPosterior,
}

impl Smooth {
    fn parts(&self) -> [&dyn Posterior; MODELS - 1] {
        [&self.gp, &self.broad, &self.modern, &self.linear, &self.quadratic]
    }
}

/// All models in the order of their weights.
fn all<'a>(smooth: &'a Smooth, forest: &'a ForestPosterior) -> [&'a dyn Posterior; MODELS] {
    let [gp, broad, modern, linear, quadratic] = smooth.parts();
    [gp, broad, modern, linear, quadratic, forest]
}

/// A fitted [`Stack`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackPosterior {
    smooth: Smooth,
    forest: ForestPosterior,
    weights: [f64; MODELS],
    reach: Reach,
    /// What the spread of the mixture is multiplied by, so that the errors on held-out points are as large as announced.
    widening: f64,
    noise_sd: f64,
    held_out: Vec<Belief>,
    work: Work,
}

impl StackPosterior {
    /// From the models, their weights and how far they may predict, what each has said of points held out [models][n], and
    /// the work of that.
    fn new(
        (smooth, forest): (Smooth, ForestPosterior),
        (weights, reach): ([f64; MODELS], Reach),
        held: &[Vec<Belief>],
        y: &[f64],
        refits: Work,
    ) -> Self {
        let mix = |i: usize| blend(&weights, std::array::from_fn(|k| held[k][i]));
        let mixed: Vec<Belief> = (0..y.len()).map(mix).collect();
        let widening = widening(&mixed, y);
        let held_out = mixed.into_iter().map(|b| Belief { sd: widening * b.sd, ..b }).collect();
        let parts = all(&smooth, &forest);
        let noise = parts.iter().zip(weights);
        let noise = noise.fold(0.0, |sum, (p, w)| sum + w * p.noise_sd() * p.noise_sd());
        let work = parts.into_iter().map(Posterior::work).sum::<Work>() + refits;
        let noise_sd = widening * noise.sqrt();
        Self { smooth, forest, weights, reach, widening, noise_sd, held_out, work }
    }

    fn parts(&self) -> [&dyn Posterior; MODELS] {
        all(&self.smooth, &self.forest)
    }

    fn blend(&self, parts: [Belief; MODELS]) -> Belief {
        let belief = blend(&self.weights, parts.map(|part| self.reach.within(part)));
        Belief { sd: self.widening * belief.sd, ..belief }
    }
}

impl Posterior for StackPosterior {
    fn at(&self, x: &[f64]) -> Belief {
        self.blend(self.parts().map(|p| p.at(x)))
    }

    fn beliefs(&self, points: &[&[f64]]) -> Vec<Belief> {
        let parts = self.parts().map(|p| p.beliefs(points));
        (0..points.len()).map(|i| self.blend(std::array::from_fn(|k| parts[k][i]))).collect()
    }

    fn noise_sd(&self) -> f64 {
        self.noise_sd
    }

    fn slope(&self, _x: &[f64]) -> Option<Slope> {
        None
    }

    fn held_out(&self) -> &[Belief] {
        &self.held_out
    }

    /// They sum to one.
    fn weights(&self) -> Vec<(&'static str, f64)> {
        NAMES.into_iter().zip(self.weights).collect()
    }

    fn work(&self) -> Work {
        self.work
    }
}
