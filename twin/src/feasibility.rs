//! Where experiments are likely to succeed, learnt from those that failed.

use flowtwin_lab::math;

use crate::History;
use crate::design::squared_distance;

/// Probability of success where nothing is known.
const PRIOR: f64 = 0.9;
/// Weight of that belief, in experiments at the very point.
const WEIGHT: f64 = 0.15;
/// Reach of one experiment, in units of √d.
const REACH: f64 = 0.12;

/// The probability that an experiment succeeds: successes over experiments, each counted by a Gaussian kernel of its
/// distance (Nadaraya 1964, Watson 1964), and a prior belief in success.
///
/// One failure among successes, a stroke of bad luck, weighs little; failures that keep together mark a region.
#[derive(Clone, Debug, PartialEq)]
pub struct Feasibility {
    trials: Vec<(Vec<f64>, f64)>,
    per_squared: f64,
}

impl Feasibility {
    /// What a history says; none where nothing has failed.
    pub fn learn(history: &History) -> Option<Self> {
        if !history.any_failed() {
            return None;
        }
        let dim = history.trials.first()?.x.len() as f64;
        let success = |outcome: Option<f64>| if outcome.is_some() { 1.0 } else { 0.0 };
        Some(Self {
            trials: history.trials.iter().map(|t| (t.x.clone(), success(t.outcome))).collect(),
            per_squared: 0.5 / (REACH * REACH * dim),
        })
    }

    /// The probability at `u` \[d\].
    pub fn at(&self, u: &[f64]) -> f64 {
        let (mut hits, mut all) = (WEIGHT * PRIOR, WEIGHT);
        for (x, success) in &self.trials {
            let k = math::exp(-self.per_squared * squared_distance(u, x));
            hits += k * success;
            all += k;
        }
        hits / all
    }

    /// The probability at `u` and its derivatives \[d\].
    pub fn slope(&self, u: &[f64]) -> (f64, Vec<f64>) {
        let p = self.at(u);
        let mut all = WEIGHT;
        let mut slope = vec![0.0; u.len()];
        for (x, success) in &self.trials {
            let k = math::exp(-self.per_squared * squared_distance(u, x));
            all += k;
            for ((s, u), x) in slope.iter_mut().zip(u).zip(x) {
                *s -= 2.0 * self.per_squared * (u - x) * k * (success - p);
            }
        }
        slope.iter_mut().for_each(|s| *s /= all);
        (p, slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trial;

    fn history() -> History {
        let trial = |a: f64, b: f64| Trial { x: vec![a, b], outcome: (a < 0.5).then_some(1.0) };
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
