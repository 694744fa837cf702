//! What has been tried so far.

use flowtwin_lab::{Conditions, Space};
use ndarray::Array2;

/// One experiment that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Where it was, in the unit cube of the space \[d\]; outside 0..1 where an earlier campaign had wider ranges.
    pub x: Vec<f64>,
    /// What is to be maximised; none where the experiment failed.
    pub outcome: Option<f64>,
}

impl Trial {
    /// An experiment at `conditions`, which may come from another space: inputs are matched by name.
    ///
    /// # Errors
    /// If `conditions` lack an input of `space`. Inputs that `space` does not have are ignored.
    pub fn new(
        space: &Space,
        conditions: &Conditions,
        outcome: Option<f64>,
    ) -> Result<Self, MissingInput> {
        let unit = |input: &flowtwin_lab::Input| {
            let value = conditions
                .get(&input.name)
                .ok_or_else(|| MissingInput { name: input.name.clone() })?;
            Ok((value - input.low) / (input.high - input.low))
        };
        let x = space.inputs().iter().map(unit).collect::<Result<_, _>>()?;
        Ok(Self { x, outcome })
    }
}

/// An earlier experiment does not say what an input was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the earlier experiment has no value for {name}, which is an input of this space")]
pub struct MissingInput {
    /// The input.
    pub name: String,
}

/// The experiments of a campaign, earlier ones it builds on included. Outcomes are maximised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Ended experiments, in the order in which they were run.
    pub trials: Vec<Trial>,
    /// Experiments that were proposed and have not ended, in the unit cube.
    pub pending: Vec<Vec<f64>>,
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
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for trial in &self.trials {
            if let Some(outcome) = trial.outcome {
                x.extend_from_slice(&trial.x);
                y.push(outcome);
            }
        }
        let x = Array2::from_shape_vec((y.len(), dim), x).expect("trials have one value per input");
        (x, y)
    }

    /// Whether any experiment failed.
    pub fn any_failed(&self) -> bool {
        self.trials.iter().any(|t| t.outcome.is_none())
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Input;

    use super::*;

    fn space(low: f64, high: f64) -> Space {
        let input = |name: &str| Input { name: name.into(), low, high, resolution: 0.0 };
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
        let other = Space::new(
            vec![Input { name: "a".into(), low: 0.0, high: 1.0, resolution: 0.0 }],
            vec![],
        )
        .unwrap();
        let error = Trial::new(&space(0.0, 1.0), &other.centre(), None).unwrap_err();
        assert_eq!(error.name, "b");
    }

    #[test]
    fn failed_experiments_are_counted_but_have_no_outcome() {
        let trial = |outcome| Trial { x: vec![0.0, 0.0], outcome };
        let history = History {
            trials: vec![trial(Some(1.0)), trial(None), trial(Some(3.0))],
            pending: vec![vec![0.5, 0.5]],
        };
        assert_eq!(history.next(), 4);
        assert_eq!(history.best(), Some((2, 3.0)));
        assert_eq!(history.succeeded(2).1, [1.0, 3.0]);
        assert!(history.any_failed());
    }
}
