//! Where experiments are likely to succeed, learnt from those that failed.

mod limits;

use flowtwin_lab::math;

use self::limits::Limits;
use crate::design::squared_distance;
use crate::{Encoding, History};

/// Probability of success where nothing is known.
const PRIOR: f64 = 0.9;
/// Weight of that belief, in experiments at the very point.
const WEIGHT: f64 = 0.15;
/// Reach of one experiment, in units of √d.
const REACH: f64 = 0.12;

/// Probability of success below which a point is avoided altogether, as long as anything else is worth trying.
const DOUBTFUL: f64 = 1.0 / 3.0;
/// Exponent of the share of that probability by which the worth is reduced below it.
const SHARP: f64 = 20.0;

/// The probability that an experiment succeeds: the average of two models, weighted by the likelihood of the outcomes so far.
///
/// One is that a limit on one input decides. The other knows nothing of inputs: successes over experiments,
/// each counted by a Gaussian kernel of its distance (Nadaraya 1964, Watson 1964), and a prior belief in success; it is
/// judged on each experiment by the others. One failure among successes, a stroke of bad luck, weighs little; failures
/// that keep together mark a region, and those on one side of an input a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Feasibility {
    trials: Vec<(Vec<f64>, f64)>,
    per_squared: f64,
    limits: Limits,
    /// Weight of the model in which a limit decides.
    trust: f64,
    /// How choices are seen: whether an option works does not depend on its place among the others.
    encoding: Encoding,
}

impl Feasibility {
    /// What a history of experiments in numbers says; none where nothing has failed.
    pub fn learn(history: &History) -> Option<Self> {
        Self::learn_in(history, &Encoding::default())
    }

    /// What a history says; none where nothing has failed.
    pub(crate) fn learn_in(history: &History, encoding: &Encoding) -> Option<Self> {
        if !history.any_failed() {
            return None;
        }
        let success = |succeeded: bool| if succeeded { 1.0 } else { 0.0 };
        let trials: Vec<_> = history
            .all()
            .map(|t| (encoding.encode(&t.x).into_owned(), success(t.succeeded())))
            .collect();
        let dim = trials.first()?.0.len();
        let limits = Limits::learn(&trials, dim);
        let per_squared = 0.5 / (REACH * REACH * dim as f64);
        let encoding = encoding.clone();
        let mut learnt = Self { trials, per_squared, limits, trust: 0.0, encoding };
        learnt.trust = learnt.limits.evidence / (learnt.limits.evidence + learnt.evidence());
        Some(learnt)
    }

    /// How likely the outcomes are by the kernel average, each by all others.
    fn evidence(&self) -> f64 {
        let one = |i: usize| {
            let (x, success) = &self.trials[i];
            let (mut hits, mut all) = self.counted(x);
            (hits, all) = (hits - success, all - 1.0);
            1.0 - (success - hits / all).abs()
        };
        (0..self.trials.len()).fold(1.0, |product, i| product * one(i))
    }

    /// Successes and experiments near `u`, prior belief included.
    fn counted(&self, u: &[f64]) -> (f64, f64) {
        let (mut hits, mut all) = (WEIGHT * PRIOR, WEIGHT);
        for (x, success) in &self.trials {
            let k = math::exp(-self.per_squared * squared_distance(u, x));
            hits += k * success;
            all += k;
        }
        (hits, all)
    }

    /// The probability at `u` \[d\].
    pub fn at(&self, u: &[f64]) -> f64 {
        let u = self.encoding.encode(u);
        let (hits, all) = self.counted(&u);
        self.trust * self.limits.at(&u, None) + (1.0 - self.trust) * hits / all
    }

    /// The probability at `u` and its derivatives \[d\].
    pub fn slope(&self, u: &[f64]) -> (f64, Vec<f64>) {
        let u = &*self.encoding.encode(u);
        let (hits, all) = self.counted(u);
        let near = hits / all;
        let mut slope = vec![0.0; u.len()];
        let p = self.limits.at(u, Some(&mut slope));
        slope.iter_mut().for_each(|s| *s *= self.trust);
        for (x, success) in &self.trials {
            let k = math::exp(-self.per_squared * squared_distance(u, x));
            let by = -2.0 * self.per_squared * k * (success - near) * (1.0 - self.trust) / all;
            for ((s, u), x) in slope.iter_mut().zip(u).zip(x) {
                *s += by * (u - x);
            }
        }
        (self.trust * p + (1.0 - self.trust) * near, self.encoding.slope(slope))
    }

    /// The share of a point's worth that remains if success is not certain, 0..1: the probability, and almost nothing where
    /// that is below a third.
    pub(crate) fn worth(&self, u: &[f64]) -> f64 {
        sharpened(self.at(u)).0
    }

    /// The same and its derivatives \[d\].
    pub(crate) fn worth_slope(&self, u: &[f64]) -> (f64, Vec<f64>) {
        let (p, mut slope) = self.slope(u);
        let (worth, by_p) = sharpened(p);
        slope.iter_mut().for_each(|s| *s *= by_p);
        (worth, slope)
    }
}

/// `p min(1, p / doubtful)^sharp` and its derivative.
fn sharpened(p: f64) -> (f64, f64) {
    if p >= DOUBTFUL {
        return (p, 1.0);
    }
    let worth = p * math::pow(p / DOUBTFUL, SHARP);
    (worth, (1.0 + SHARP) * worth / p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trial;

    fn history() -> History {
        let trial = |a: f64, b: f64| Trial::at(vec![a, b], (a < 0.5).then_some(1.0));
        let mut history = History::default();
        for i in 0..6 {
            for j in 0..6 {
                history.trials.push(trial(f64::from(i) / 5.0, f64::from(j) / 5.0));
            }
        }
        history
    }

    #[test]
    fn a_region_of_failures_is_learnt() {
        let learnt = Feasibility::learn(&history()).unwrap();
        assert!(learnt.at(&[0.1, 0.5]) > 0.9);
        assert!(learnt.at(&[0.9, 0.5]) < 0.1);
    }

    #[test]
    fn one_failure_among_successes_weighs_little() {
        let mut history = history();
        for trial in &mut history.trials {
            trial.outcome = Some(1.0);
        }
        assert!(Feasibility::learn(&history).is_none());
        history.trials[14].outcome = None;
        let at = history.trials[14].x.clone();
        let learnt = Feasibility::learn(&history).unwrap();
        assert!(learnt.at(&at) > 0.5, "{}", learnt.at(&at));
    }

    #[test]
    fn a_doubtful_point_is_worth_next_to_nothing() {
        let learnt = Feasibility::learn(&history()).unwrap();
        assert!((learnt.worth(&[0.1, 0.5]) - learnt.at(&[0.1, 0.5])).abs() < 1e-15);
        assert!(learnt.worth(&[0.9, 0.5]) < 1e-6);
        for p in [0.05, 0.2, 0.33, 0.34, 0.8] {
            let difference = (sharpened(p + 1e-7).0 - sharpened(p - 1e-7).0) / 2e-7;
            assert!((sharpened(p).1 - difference).abs() < 1e-5, "{p}");
        }
    }

    #[test]
    fn the_slope_is_that_of_finite_differences() {
        let learnt = Feasibility::learn(&history()).unwrap();
        let u = [0.47, 0.33];
        let (p, slope) = learnt.slope(&u);
        assert!((p - learnt.at(&u)).abs() < 1e-15);
        for j in 0..2 {
            let (mut above, mut below) = (u, u);
            above[j] += 1e-6;
            below[j] -= 1e-6;
            let difference = (learnt.at(&above) - learnt.at(&below)) / 2e-6;
            assert!((slope[j] - difference).abs() < 1e-6);
        }
    }
}
