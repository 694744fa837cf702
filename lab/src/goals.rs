//! What a campaign is after, where that is more than one number that is to be high.

use crate::goal::Goal;

/// Several objectives, and limits on outcomes that must hold besides.
///
/// Objectives and limits name outcomes by their place among those of an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Goals {
    /// What is wanted; none of them at the cost of another.
    pub objectives: Vec<Objective>,
    /// What must hold.
    pub limits: Vec<Limit>,
}

/// One thing that is wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// The outcome, by its place among those of an experiment.
    pub outcome: usize,
    /// What is wanted of it.
    pub goal: Goal,
    /// The worst value that is of any use, in units of the outcome: the reference of the hypervolume. The worst that was measured
    /// where none is given.
    pub worst: Option<f64>,
}

/// Bounds on an outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// The outcome, by its place among those of an experiment.
    pub outcome: usize,
    /// Lowest value allowed, in units of the outcome.
    pub at_least: Option<f64>,
    /// Highest value allowed, in units of the outcome.
    pub at_most: Option<f64>,
}

impl Limit {
    /// Whether `value` keeps it.
    pub fn allows(&self, value: f64) -> bool {
        self.at_least.is_none_or(|low| value >= low)
            && self.at_most.is_none_or(|high| value <= high)
    }
}

impl Goals {
    /// One outcome that is maximised, and no limit.
    pub fn maximise() -> Self {
        let goal = Goal::Maximize;
        Self { objectives: vec![Objective { outcome: 0, goal, worst: None }], limits: Vec::new() }
    }

    /// Whether it is one outcome that is to be high or low, and nothing else.
    pub fn is_plain(&self) -> bool {
        let plain = |o: &Objective| !matches!(o.goal, Goal::Target { .. });
        self.limits.is_empty() && self.objectives.len() == 1 && plain(&self.objectives[0])
    }

    /// The outcomes that objectives and limits are about, each once, in rising order.
    pub fn outcomes(&self) -> Vec<usize> {
        let objectives = self.objectives.iter().map(|objective| objective.outcome);
        let mut all: Vec<usize> = objectives.chain(self.limits.iter().map(|l| l.outcome)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// By how much more than its tolerance a target may be missed without being worse off: with other objectives
    /// everything within tolerance is as good, alone the nearest is best.
    pub fn slack(&self, goal: Goal) -> f64 {
        match goal {
            Goal::Target { within, .. } if self.objectives.len() > 1 => within,
            _ => 0.0,
        }
    }

    /// Scores of the objectives \[k\], each to be maximised, for the `values` of an experiment; none where one was not measured.
    pub fn scores(&self, values: &[Option<f64>]) -> Option<Vec<f64>> {
        let score = |objective: &Objective| {
            let value = values.get(objective.outcome).copied().flatten()?;
            Some(self.score(objective, value))
        };
        self.objectives.iter().map(score).collect()
    }

    /// A value of an objective's outcome as something to be maximised.
    pub fn score(&self, objective: &Objective, value: f64) -> f64 {
        let slack = self.slack(objective.goal);
        if slack > 0.0 {
            (objective.goal.score(value) + slack).min(0.0)
        } else {
            objective.goal.score(value)
        }
    }

    /// What the `values` of an experiment are worth where there is one objective, as something to be maximised; none where a limit is
    /// broken or not everything was measured, and where there are several objectives.
    pub fn merit(&self, values: &[Option<f64>]) -> Option<f64> {
        let single = self.objectives.len() == 1 && self.allow(values);
        single.then(|| self.scores(values)?.first().copied()).flatten()
    }

    /// A score of an objective in units of its outcome; of a target, how far off it is.
    pub fn value_of(&self, objective: &Objective, score: f64) -> f64 {
        match objective.goal {
            Goal::Maximize => score,
            Goal::Minimize => -score,
            Goal::Target { .. } => self.slack(objective.goal) - score,
        }
    }

    /// Whether the `values` of an experiment keep all limits; what was not measured keeps none.
    pub fn allow(&self, values: &[Option<f64>]) -> bool {
        let kept = |limit: &Limit| {
            values.get(limit.outcome).copied().flatten().is_some_and(|value| limit.allows(value))
        };
        self.limits.iter().all(kept)
    }

    /// The reference point of the hypervolume, in scores \[k\]: the worst values that were named, or else the worst of `scores`
    /// \[n\]\[k\].
    pub fn reference(&self, scores: &[Vec<f64>]) -> Vec<f64> {
        let worst = |(k, objective): (usize, &Objective)| {
            let named = objective.worst.map(|worst| self.score(objective, worst));
            let measured = scores.iter().map(|s| s[k]).fold(f64::INFINITY, f64::min);
            named.unwrap_or(if measured.is_finite() { measured } else { 0.0 })
        };
        self.objectives.iter().enumerate().map(worst).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goals() -> Goals {
        let peak = Goal::Target { target: 520.0, within: 2.0 };
        let objective = |outcome, goal, worst| Objective { outcome, goal, worst };
        Goals {
            objectives: vec![
                objective(0, Goal::Maximize, None),
                objective(1, Goal::Minimize, Some(9.0)),
                objective(2, peak, None),
            ],
            limits: vec![Limit { outcome: 3, at_least: Some(0.5), at_most: None }],
        }
    }

    #[test]
    fn scores_are_to_be_maximised_and_all_is_well_within_the_tolerance() {
        let scores = |peak: f64| goals().scores(&[Some(7.0), Some(3.0), Some(peak)]).unwrap();
        assert_eq!(scores(521.5), [7.0, -3.0, 0.0]);
        assert_eq!(scores(514.0), [7.0, -3.0, -4.0]);
        assert_eq!(goals().scores(&[Some(7.0), None, Some(1.0)]), None);
    }

    #[test]
    fn a_target_alone_is_best_where_it_is_nearest() {
        let mut goals = goals();
        goals.objectives.drain(..2);
        assert_eq!(goals.scores(&[None, None, Some(521.5)]), Some(vec![-1.5]));
        assert_eq!(goals.merit(&[None, None, Some(521.5), Some(0.5)]), Some(-1.5));
        assert_eq!(goals.merit(&[None, None, Some(521.5), Some(0.4)]), None);
        assert_eq!(goals.value_of(&goals.objectives[0], -1.5).to_bits(), 1.5_f64.to_bits());
        assert!(!goals.is_plain());
        assert!(Goals::maximise().is_plain());
    }

    #[test]
    fn the_reference_is_what_was_named_or_else_the_worst_that_was_measured() {
        let scores = [vec![7.0, -3.0, -4.0], vec![2.0, -12.0, 0.0]];
        assert_eq!(goals().reference(&scores), [2.0, -9.0, -4.0]);
    }

    #[test]
    fn what_was_not_measured_keeps_no_limit() {
        let allowed = |value| goals().allow(&[None, None, None, value]);
        assert!(allowed(Some(0.5)) && !allowed(Some(0.4)) && !allowed(None));
        assert_eq!(goals().outcomes(), [0, 1, 2, 3]);
    }
}
