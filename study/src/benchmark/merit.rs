//! How good the result of a campaign is: one number, whatever its objectives.

use flowtwin_lab::{Goal, Goals};
use flowtwin_statistics::front::{hypervolume, pareto_front};

/// What campaigns of a scenario are judged by.
#[derive(Clone, Debug)]
pub(super) struct Merit {
    goals: Goals,
    /// The reference point of the hypervolume, in scores; empty where there is one objective.
    reference: Vec<f64>,
}

/// Name of what is compared where there are several objectives.
pub(super) const HYPERVOLUME: &str = "hypervolume";

impl Merit {
    /// For `goals`, with this `reference` point \[k\] where there are several objectives.
    pub(super) fn new(goals: Goals, reference: Vec<f64>) -> Self {
        Self { goals, reference }
    }

    /// Which way the number is better.
    pub(super) fn goal(goals: &Goals) -> Goal {
        match &goals.objectives[..] {
            [only] => only.goal,
            _ => Goal::Maximize,
        }
    }

    /// What these experiments have reached, by their `values` \[n\]: the value of the one objective at the best of them, or the
    /// hypervolume of those that keep all limits. None where none of them is a solution.
    pub(super) fn of(&self, values: &[Vec<Option<f64>>]) -> Option<f64> {
        if let [only] = &self.goals.objectives[..] {
            let best = self.best(values)?;
            return values[best].get(only.outcome).copied().flatten();
        }
        let kept: Vec<Vec<f64>> = self.solutions(values).map(|(_, scores)| scores).collect();
        (!kept.is_empty()).then(|| hypervolume(&kept, &self.reference))
    }

    /// The experiments that count: the best one, or the best compromises.
    pub(super) fn counts(&self, values: &[Vec<Option<f64>>]) -> Vec<usize> {
        if self.goals.objectives.len() == 1 {
            return self.best(values).into_iter().collect();
        }
        let (places, scores): (Vec<usize>, Vec<Vec<f64>>) = self.solutions(values).unzip();
        pareto_front(&scores).into_iter().map(|i| places[i]).collect()
    }

    /// The experiments of which everything was measured and that keep all limits, with their scores \[k\].
    fn solutions(&self, values: &[Vec<Option<f64>>]) -> impl Iterator<Item = (usize, Vec<f64>)> {
        let allowed = values.iter().enumerate().filter(|(_, v)| self.goals.allow(v));
        allowed.filter_map(|(i, v)| Some((i, self.goals.scores(v)?)))
    }

    /// The best experiment for the one objective, the first of several.
    fn best(&self, values: &[Vec<Option<f64>>]) -> Option<usize> {
        let mut best: Option<(f64, usize)> = None;
        for (i, values) in values.iter().enumerate() {
            if let Some(merit) = self.goals.merit(values)
                && best.is_none_or(|(highest, _)| merit > highest)
            {
                best = Some((merit, i));
            }
        }
        best.map(|(_, i)| i)
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Limit, Objective};

    use super::*;

    fn goals(count: usize) -> Goals {
        let objective = |outcome| Objective { outcome, goal: Goal::Maximize, worst: Some(0.0) };
        let limits = vec![Limit { outcome: 2, at_least: None, at_most: Some(1.0) }];
        Goals { objectives: (0..count).map(objective).collect(), limits }
    }

    fn values(all: &[[f64; 3]]) -> Vec<Vec<Option<f64>>> {
        all.iter().map(|values| values.iter().map(|v| Some(*v)).collect()).collect()
    }

    #[test]
    fn two_objectives_are_judged_by_the_hypervolume_of_what_keeps_the_limits() {
        let merit = Merit::new(goals(2), vec![0.0, 0.0]);
        let tried = values(&[[1.0, 3.0, 0.0], [2.0, 1.0, 0.0], [9.0, 9.0, 2.0], [1.0, 1.0, 0.0]]);
        // 1·3 and 1·1 beside it.
        assert_eq!(merit.of(&tried), Some(4.0));
        assert_eq!(merit.counts(&tried), [0, 1]);
        assert_eq!(merit.of(&tried[2..3]), None);
    }

    #[test]
    fn one_objective_is_judged_by_its_best_value_that_keeps_the_limits() {
        let merit = Merit::new(goals(1), Vec::new());
        let tried = values(&[[1.0, 0.0, 0.0], [9.0, 0.0, 2.0], [2.0, 0.0, 0.5]]);
        assert_eq!(merit.of(&tried), Some(2.0));
        assert_eq!(merit.counts(&tried), [2]);
    }
}
