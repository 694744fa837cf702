//! What a guided policy maximises: an acquisition function, weighed with what is known besides the outcome.

use flowtwin_lab::{Conditions, Space, math};

use crate::acquisition::Acquisition;
use crate::cost::Cost;
use crate::feasibility::Feasibility;
use crate::search::Objective;
use crate::surrogate::Posterior;

/// An acquisition function over a posterior, weighed with the probability that the experiment succeeds,
/// see [`Feasibility::worth`].
///
/// Improvements and spreads are multiplied by the probability `p` (their logarithm is increased by `ln p`). A mean or a
/// confidence bound becomes `floor + p (value - floor)`: a failure is worth as little as the worst outcome so far. Where
/// there is a price, the value must be a logarithm, and is decreased by that of the price.
pub(crate) struct Weighed<'a> {
    pub(crate) posterior: &'a dyn Posterior,
    pub(crate) acquisition: Acquisition,
    pub(crate) feasibility: Option<&'a Feasibility>,
    /// The worst outcome so far.
    pub(crate) floor: f64,
    /// What an experiment costs, where that counts.
    pub(crate) price: Option<Price<'a>>,
}

/// What an experiment costs for a policy.
pub(crate) struct Price<'a> {
    /// The space that conditions are in.
    pub(crate) space: &'a Space,
    /// What an experiment costs.
    pub(crate) cost: &'a dyn Fn(&Conditions) -> Cost,
    /// What the policy makes of that.
    pub(crate) of: fn(Cost) -> f64,
}

/// The least that an experiment can cost, in seconds or millilitres.
const LEAST_COST: f64 = 1e-6;

impl Weighed<'_> {
    /// Values at `points` \[q\]\[d\] that were found by other means, weighed like those of the acquisition function.
    pub(crate) fn weigh_all(&self, points: &[Vec<f64>], values: Vec<f64>) -> Vec<f64> {
        let Some(feasibility) = self.feasibility else { return values };
        let weigh = |(u, value): (&Vec<f64>, f64)| self.weigh(value, feasibility.worth(u)).0;
        points.iter().zip(values).map(weigh).collect()
    }

    /// The value weighed with probability `p`, and its derivatives by value and by `p`.
    fn weigh(&self, value: f64, p: f64) -> (f64, f64, f64) {
        match self.acquisition {
            Acquisition::LogImprovement { .. } => (value + math::ln(p), 1.0, 1.0 / p),
            Acquisition::Mean | Acquisition::Ucb { .. } => {
                (self.floor + p * (value - self.floor), p, value - self.floor)
            }
            _ => (p * value, p, value),
        }
    }

    /// What a value of the acquisition function at `u` [d] is worth, all else considered.
    fn worth(&self, mut value: f64, u: &[f64]) -> f64 {
        if let Some(feasibility) = self.feasibility {
            value = self.weigh(value, feasibility.worth(u)).0;
        }
        self.price.as_ref().map_or(value, |price| value - price.at(u))
    }
}

impl Price<'_> {
    /// The logarithm of what an experiment at `u` [d] costs.
    pub(crate) fn at(&self, u: &[f64]) -> f64 {
        let paid = (self.of)((self.cost)(&self.space.from_unit(u)));
        math::ln(paid.max(LEAST_COST))
    }

    /// The same and its derivatives [d], by differences.
    pub(crate) fn slope(&self, u: &[f64]) -> (f64, Vec<f64>) {
        const STEP: f64 = 1e-3;
        let here = self.at(u);
        let mut moved = u.to_vec();
        let mut slope = Vec::with_capacity(u.len());
        for j in 0..u.len() {
            let step = if u[j] > 0.5 { -STEP } else { STEP };
            moved[j] = u[j] + step;
            slope.push((self.at(&moved) - here) / step);
            moved[j] = u[j];
        }
        (here, slope)
    }
}

impl Objective for Weighed<'_> {
    fn value(&self, u: &[f64], scratch: &mut Vec<f64>) -> f64 {
        self.worth(self.acquisition.at(self.posterior, u, scratch), u)
    }

    fn values(&self, points: &[Vec<f64>]) -> Vec<f64> {
        if matches!(self.acquisition, Acquisition::Improvement { .. }) {
            let mut scratch = Vec::new();
            return points.iter().map(|u| self.value(u, &mut scratch)).collect();
        }
        let views: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
        let beliefs = self.posterior.beliefs(&views).into_iter();
        beliefs.zip(points).map(|(b, u)| self.worth(self.acquisition.of(b), u)).collect()
    }

    fn slope(&self, u: &[f64]) -> Option<(f64, Vec<f64>)> {
        if matches!(self.acquisition, Acquisition::Improvement { .. }) {
            return None;
        }
        let slope = self.posterior.slope(u)?;
        let mut value = self.acquisition.of(slope.belief);
        let (by_mean, by_sd) = self.acquisition.partials(slope.belief);
        let chain = |(m, s): (&f64, &f64)| by_mean * m + by_sd * s;
        let mut gradient: Vec<f64> = slope.mean.iter().zip(&slope.sd).map(chain).collect();
        if let Some(feasibility) = self.feasibility {
            let (p, by_u) = feasibility.worth_slope(u);
            let (weighed, by_value, by_p) = self.weigh(value, p);
            for (g, p) in gradient.iter_mut().zip(by_u) {
                *g = by_value * *g + by_p * p;
            }
            value = weighed;
        }
        if let Some(price) = &self.price {
            let (paid, by_u) = price.slope(u);
            gradient.iter_mut().zip(by_u).for_each(|(g, p)| *g -= p);
            value -= paid;
        }
        Some((value, gradient))
    }
}
