//! Several surrogates weighed by how well each predicts what it has not seen.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::ensemble::{Ensemble, EnsemblePosterior};
use crate::forest::{Forest, ForestPosterior};
use crate::gp::{GaussianProcess, GpPosterior};
use crate::surrogate::{Belief, FitError, Posterior, Slope, Surrogate};
use crate::{Context, Work};

/// A Gaussian process, the modern ensemble and a forest, averaged with the weights that predict best.
///
/// The weights are positive, sum to one, and minimise the squared error of the held-out predictions that each model makes of
/// its own training data (Wolpert 1992, DOI 10.1016/S0893-6080(05)80023-1), so the choice is made before any test point is seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stack {
    /// The Gaussian process.
    pub gp: GaussianProcess,
    /// The ensemble.
    pub ensemble: Ensemble,
    /// The forest.
    pub forest: Forest,
}

impl Surrogate for Stack {
    type Posterior = StackPosterior;

    fn fit(
        &self,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<StackPosterior, FitError> {
        let gp = self.gp.fit(x, y, context)?;
        let ensemble = self.ensemble.fit(x, y, context)?;
        let forest = self.forest.fit(x, y, context)?;
        Ok(StackPosterior::new(gp, ensemble, forest, y))
    }
}

/// A fitted [`Stack`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackPosterior {
    gp: GpPosterior,
    ensemble: EnsemblePosterior,
    forest: ForestPosterior,
    weights: [f64; 3],
    noise_sd: f64,
    held_out: Vec<Belief>,
}

impl StackPosterior {
    fn new(
        gp: GpPosterior,
        ensemble: EnsemblePosterior,
        forest: ForestPosterior,
        y: &[f64],
    ) -> Self {
        let held = [gp.held_out(), ensemble.held_out(), forest.held_out()];
        let weights = weigh(&held, y);
        let mix = |i: usize| blend(&weights, held.map(|h| h[i]));
        let held_out = (0..y.len()).map(mix).collect();
        let mut posterior = Self { gp, ensemble, forest, weights, noise_sd: 0.0, held_out };
        let parts = posterior.parts();
        let noise = parts
            .iter()
            .zip(weights)
            .fold(0.0, |sum, (p, w)| sum + w * p.noise_sd() * p.noise_sd());
        posterior.noise_sd = noise.sqrt();
        posterior
    }

    fn parts(&self) -> [&dyn Posterior; 3] {
        [&self.gp, &self.ensemble, &self.forest]
    }
}

/// Weights on the simplex that minimise the squared error of the blended held-out means, by searching a grid of
/// twentieths.
fn weigh(held: &[&[Belief]; 3], y: &[f64]) -> [f64; 3] {
    let mut products = [[0.0; 3]; 3];
    for (i, y) in y.iter().enumerate() {
        let errors = held.map(|h| h[i].mean - y);
        for a in 0..3 {
            for b in 0..3 {
                products[a][b] += errors[a] * errors[b];
            }
        }
    }
    let loss = |w: &[f64; 3]| {
        let mut sum = 0.0;
        for a in 0..3 {
            for b in 0..3 {
                sum += w[a] * w[b] * products[a][b];
            }
        }
        sum
    };
    let mut best = (f64::INFINITY, [1.0, 0.0, 0.0]);
    for a in (0..=20_u32).rev() {
        for b in (0..=20 - a).rev() {
            let part = |k: u32| f64::from(k) / 20.0;
            let weights = [part(a), part(b), part(20 - a - b)];
            let loss = loss(&weights);
            if loss < best.0 {
                best = (loss, weights);
            }
        }
    }
    best.1
}

/// Mean and standard deviation of a mixture.
fn blend(weights: &[f64; 3], parts: [Belief; 3]) -> Belief {
    let (mut mean, mut squares) = (0.0, 0.0);
    for (w, p) in weights.iter().zip(&parts) {
        mean += w * p.mean;
    }
    for (w, p) in weights.iter().zip(&parts) {
        squares += w * (p.sd * p.sd + (p.mean - mean) * (p.mean - mean));
    }
    Belief { mean, sd: squares.sqrt() }
}

impl Posterior for StackPosterior {
    fn at(&self, x: &[f64]) -> Belief {
        blend(&self.weights, self.parts().map(|p| p.at(x)))
    }

    fn beliefs(&self, points: &[&[f64]]) -> Vec<Belief> {
        let [a, b, c] = self.parts().map(|p| p.beliefs(points));
        let mix = |i: usize| blend(&self.weights, [a[i], b[i], c[i]]);
        (0..points.len()).map(mix).collect()
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
        ["gp", "modern", "forest"].into_iter().zip(self.weights).collect()
    }

    fn work(&self) -> Work {
        self.parts().into_iter().map(Posterior::work).sum()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "weights are multiples of one share")]

    use super::*;

    #[test]
    fn a_perfect_model_gets_all_the_weight() {
        let y = [1.0, 2.0, 4.0];
        let right: Vec<Belief> = y.iter().map(|y| Belief { mean: *y, sd: 1.0 }).collect();
        let wrong = vec![Belief { mean: 2.0, sd: 1.0 }; 3];
        assert_eq!(weigh(&[&wrong, &right, &wrong], &y), [0.0, 1.0, 0.0]);
    }

    #[test]
    fn errors_of_opposite_sign_are_averaged_out() {
        let y = [1.0, 2.0, 4.0];
        let off = |by: f64| -> Vec<Belief> {
            y.iter().map(|y| Belief { mean: y + by, sd: 1.0 }).collect()
        };
        let flat = vec![Belief { mean: 9.0, sd: 1.0 }; 3];
        assert_eq!(weigh(&[&off(1.0), &off(-1.0), &flat], &y), [0.5, 0.5, 0.0]);
    }

    #[test]
    fn disagreement_adds_to_the_spread() {
        let parts = [-1.0, 1.0, 9.0].map(|mean| Belief { mean, sd: 1.0 });
        let belief = blend(&[0.5, 0.5, 0.0], parts);
        assert!(belief.mean.abs() < 1e-15 && (belief.sd - 2.0_f64.sqrt()).abs() < 1e-15);
    }
}
