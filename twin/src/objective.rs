//! What a guided policy maximises: an acquisition function, weighed with what is known besides the outcome.

use crate::Posterior;
use crate::acquisition::Acquisition;
use crate::feasibility::Feasibility;
use crate::search::Objective;

/// An acquisition function over a posterior, weighed with the probability that the experiment succeeds.
///
/// Improvements and spreads are multiplied by the probability `p` (their logarithm is increased by `ln p`). A mean or a
/// confidence bound becomes `floor + p (value - floor)`: a failure is worth as little as the worst outcome so far.
pub(crate) struct Weighed<'a> {
    pub(crate) posterior: &'a dyn Posterior,
    pub(crate) acquisition: Acquisition,
    pub(crate) feasibility: Option<&'a Feasibility>,
    /// The worst outcome so far.
    pub(crate) floor: f64,
}

impl Weighed<'_> {
    /// The value weighed with probability `p`, and its derivatives by value and by `p`.
    fn weigh(&self, value: f64, p: f64) -> (f64, f64, f64) {
        match self.acquisition {
            Acquisition::LogImprovement { .. } => (value + flowtwin_lab::math::ln(p), 1.0, 1.0 / p),
            Acquisition::Mean | Acquisition::Ucb { .. } => {
                (self.floor + p * (value - self.floor), p, value - self.floor)
            }
            _ => (p * value, p, value),
        }
    }
}

impl Objective for Weighed<'_> {
    fn value(&self, u: &[f64], scratch: &mut Vec<f64>) -> f64 {
        let value = self.acquisition.at(self.posterior, u, scratch);
        match self.feasibility {
            Some(feasibility) => self.weigh(value, feasibility.at(u)).0,
            None => value,
        }
    }

    fn slope(&self, u: &[f64]) -> Option<(f64, Vec<f64>)> {
        if let Acquisition::Improvement { .. } = self.acquisition {
            return None;
        }
        let slope = self.posterior.slope(u)?;
        let value = self.acquisition.of(slope.belief);
        let (by_mean, by_sd) = self.acquisition.partials(slope.belief);
        let chain = |(m, s): (&f64, &f64)| by_mean * m + by_sd * s;
        let mut gradient: Vec<f64> = slope.mean.iter().zip(&slope.sd).map(chain).collect();
        let Some(feasibility) = self.feasibility else {
            return Some((value, gradient));
        };
        let (p, by_u) = feasibility.slope(u);
        let (weighed, by_value, by_p) = self.weigh(value, p);
        for (g, p) in gradient.iter_mut().zip(by_u) {
            *g = by_value * *g + by_p * p;
        }
        Some((weighed, gradient))
    }
}
