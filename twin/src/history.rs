//! What has been tried so far.

use flowtwin_lab::{Conditions, Space};
use ndarray::Array2;

/// One experiment that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Where it was, in the unit cube of the space \[d\]; outside 0..1 where an earlier campaign had wider ranges.
    pub x: Vec<f64>,
    /// The value to maximise; none where the experiment failed.
    pub outcome: Option<f64>,
    /// What was measured of each outcome that [`crate::Goals`] are about, in its own unit; none for what was not measured. Empty
    /// where one outcome is maximised, and nothing else matters.
    pub values: Vec<Option<f64>>,
    /// All that was measured, in the order in which a simulator of the lab tells it. Empty where nobody needs it, and of an
    /// experiment from which nothing is to be learnt.
    pub features: Vec<Option<f64>>,
}

impl Trial {
    /// An experiment at a point `x` \[d\] of the unit cube with one outcome that is maximised.
    pub fn at(x: Vec<f64>, outcome: Option<f64>) -> Self {
        Self { x, outcome, values: Vec::new(), features: Vec::new() }
    }

    /// An experiment at `conditions`, which may come from another space: inputs and options are matched by name.
    ///
    /// # Errors
    /// If `conditions` lack an input of `space`, or name an option that it does not have. Inputs that `space` does not have are
    /// ignored.
    pub fn new(
        space: &Space,
        conditions: &Conditions,
        outcome: Option<f64>,
    ) -> Result<Self, MissingInput> {
        let unit = |input: &flowtwin_lab::Input| {
            let value = space
                .value(input, conditions)
                .ok_or_else(|| MissingInput { name: input.name.clone() })?;
            Ok(input.to_unit(value))
        };
        let x = space.inputs().iter().map(unit).collect::<Result<_, _>>()?;
        Ok(Self::at(x, outcome))
    }

    /// The same with these values of several outcomes.
    #[must_use]
    pub fn with_values(self, values: Vec<Option<f64>>) -> Self {
        Self { values, ..self }
    }

    /// The same with all that was measured.
    #[must_use]
    pub fn with_features(self, features: Vec<Option<f64>>) -> Self {
        Self { features, ..self }
    }

    /// Whether anything was measured.
    pub(crate) fn succeeded(&self) -> bool {
        self.outcome.is_some() || self.values.iter().any(Option::is_some)
    }
}

/// An earlier experiment lacks the value of an input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the earlier experiment has no value for {name}, which is an input of this space")]
pub struct MissingInput {
    /// The input.
    pub name: String,
}

/// The experiments of a campaign, and those of earlier campaigns that are related to it. Outcomes are maximised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Ended experiments, in the order in which they were run.
    pub trials: Vec<Trial>,
    /// Experiments that were proposed and have not ended, in the unit cube: they are under way, or a person has skipped them.
    pub pending: Vec<Vec<f64>>,
    /// Experiments of earlier campaigns, each campaign by itself: what they measured is like the outcome, perhaps with another gain,
    /// offset or optimum.
    pub earlier: Vec<Vec<Trial>>,
    /// How many of the trials of this phase a person has added, not a policy. A design continues after them.
    pub added: usize,
}

impl History {
    /// Number of the next experiment: how many were proposed before it.
    pub fn next(&self) -> u64 {
        (self.trials.len() + self.pending.len()) as u64
    }

    /// The highest outcome and its trial's index; none where no experiment succeeded.
    pub fn best(&self) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        for (i, trial) in self.trials.iter().enumerate() {
            if let Some(y) = trial.outcome
                && best.is_none_or(|(_, b)| y > b)
            {
                best = Some((i, y));
            }
        }
        best
    }

    /// Inputs [n, dim] and outcomes \[n\] of the experiments that succeeded.
    pub fn succeeded(&self, dim: usize) -> (Array2<f64>, Vec<f64>) {
        self.measured(dim, |trial| trial.outcome)
    }

    /// Inputs [n, dim] and values \[n\] of the experiments of which the outcome at this place of [`Trial::values`] was measured.
    pub fn outcomes(&self, dim: usize, place: usize) -> (Array2<f64>, Vec<f64>) {
        self.measured(dim, |trial| trial.values.get(place).copied().flatten())
    }

    fn measured(
        &self,
        dim: usize,
        value: impl Fn(&Trial) -> Option<f64>,
    ) -> (Array2<f64>, Vec<f64>) {
        measured(&self.trials, dim, value)
    }

    /// The experiments of this campaign and of all earlier ones.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().chain(self.earlier.iter().flatten())
    }

    /// Whether any experiment failed, those of earlier campaigns included.
    pub(crate) fn any_failed(&self) -> bool {
        self.all().any(|trial| !trial.succeeded())
    }
}

/// Inputs [n, dim] and values \[n\] of the trials that have one.
pub(crate) fn measured(
    trials: &[Trial],
    dim: usize,
    value: impl Fn(&Trial) -> Option<f64>,
) -> (Array2<f64>, Vec<f64>) {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for trial in trials {
        if let Some(outcome) = value(trial) {
            x.extend_from_slice(&trial.x);
            y.push(outcome);
        }
    }
    let x = Array2::from_shape_vec((y.len(), dim), x).expect("trials have one value per input");
    (x, y)
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Choice, Input};

    use super::*;

    fn space(low: f64, high: f64) -> Space {
        let input = |name: &str| Input::number(name, low, high, 0.0);
        Space::new(vec![input("a"), input("b")], vec![]).unwrap()
    }

    #[test]
    fn experiments_of_another_range_keep_their_place() {
        let earlier = space(0.0, 200.0).conditions(vec![150.0, 50.0]);
        let trial = Trial::new(&space(0.0, 100.0), &earlier, Some(1.0)).unwrap();
        assert_eq!(trial.x, [1.5, 0.5]);
    }

    #[test]
    fn an_input_that_the_earlier_campaign_lacks_is_named() {
        let other = Space::new(vec![Input::number("a", 0.0, 1.0, 0.0)], vec![]).unwrap();
        let error = Trial::new(&space(0.0, 1.0), &other.centre(), None).unwrap_err();
        assert_eq!(error.name, "b");
    }

    #[test]
    fn options_of_an_earlier_campaign_are_matched_by_name() {
        let space = |names: [&str; 2]| {
            let option = |name: &str| Choice { name: name.into(), descriptors: Vec::new() };
            Space::new(vec![Input::choice("base", names.map(option).to_vec())], vec![]).unwrap()
        };
        let (earlier, now) = (space(["KOAc", "CsOAc"]), space(["CsOAc", "KOPiv"]));
        let trial = |option| Trial::new(&now, &earlier.conditions(vec![option]), Some(1.0));
        assert_eq!(trial(1.0).unwrap().x, [0.25]);
        assert_eq!(trial(0.0).unwrap_err().name, "base");
    }

    #[test]
    fn failed_experiments_are_counted_but_have_no_outcome() {
        let trial = |outcome| Trial::at(vec![0.0, 0.0], outcome);
        let history = History {
            trials: vec![trial(Some(1.0)), trial(None), trial(Some(3.0))],
            pending: vec![vec![0.5, 0.5]],
            ..History::default()
        };
        assert_eq!(history.next(), 4);
        assert_eq!(history.best(), Some((2, 3.0)));
        assert_eq!(history.succeeded(2).1, [1.0, 3.0]);
        assert!(history.any_failed());
    }

    #[test]
    fn an_experiment_of_which_something_was_measured_has_not_failed() {
        let trial =
            |values: [Option<f64>; 2]| Trial::at(vec![0.0], None).with_values(values.to_vec());
        let history = History { trials: vec![trial([None, Some(2.0)])], ..History::default() };
        assert!(!history.any_failed());
        assert_eq!(history.outcomes(1, 1).1, [2.0]);
        assert!(history.outcomes(1, 0).1.is_empty());
    }
}
