//! What files say that a campaign is after.

use serde::{Deserialize, Serialize};

use crate::goal::Goal;
use crate::goals::{Goals, Limit, Objective};

/// One thing that a campaign is after.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ObjectiveSpec {
    /// The feature.
    pub feature: String,
    /// What is wanted of it.
    #[serde(default)]
    pub goal: Goal,
    /// The worst value of the feature that is of any use, where there are several objectives: what is worse adds nothing. The worst
    /// that was measured if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<f64>,
}

/// A limit on what is measured: an experiment that breaks it is not a solution, whatever else it yields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LimitSpec {
    /// The feature.
    pub feature: String,
    /// Lowest value allowed, in units of the feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Highest value allowed, in units of the feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

/// Goals, with the names of the outcomes that they are about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Objectives and limits, by the places of `outcomes`.
    pub goals: Goals,
    /// The features that objectives and limits are about, each once, in the order in which they are named.
    pub outcomes: Vec<String>,
}

impl Wanted {
    /// What these objectives and limits ask for.
    pub fn new<'a>(
        objectives: impl IntoIterator<Item = &'a ObjectiveSpec>,
        limits: &[LimitSpec],
    ) -> Self {
        let mut wanted = Self::default();
        for &ObjectiveSpec { ref feature, goal, worst } in objectives {
            let outcome = wanted.place(feature);
            wanted.goals.objectives.push(Objective { outcome, goal, worst });
        }
        for &LimitSpec { ref feature, at_least, at_most } in limits {
            let outcome = wanted.place(feature);
            wanted.goals.limits.push(Limit { outcome, at_least, at_most });
        }
        wanted
    }

    /// The place of a feature among the outcomes, where it is put if it is new.
    fn place(&mut self, feature: &str) -> usize {
        let known = self.outcomes.iter().position(|outcome| outcome == feature);
        known.unwrap_or_else(|| {
            self.outcomes.push(feature.to_owned());
            self.outcomes.len() - 1
        })
    }

    /// The feature of an objective, by its place among the objectives.
    ///
    /// # Panics
    /// If there is no such objective.
    pub fn feature(&self, objective: usize) -> &str {
        &self.outcomes[self.goals.objectives[objective].outcome]
    }

    /// The objectives as files have them.
    pub fn named_objectives(&self) -> Vec<ObjectiveSpec> {
        let spec = |objective: &Objective| ObjectiveSpec {
            feature: self.outcomes[objective.outcome].clone(),
            goal: objective.goal,
            worst: objective.worst,
        };
        self.goals.objectives.iter().map(spec).collect()
    }

    /// The limits as files have them.
    pub fn named_limits(&self) -> Vec<LimitSpec> {
        let spec = |limit: &Limit| LimitSpec {
            feature: self.outcomes[limit.outcome].clone(),
            at_least: limit.at_least,
            at_most: limit.at_most,
        };
        self.goals.limits.iter().map(spec).collect()
    }

    /// The outcomes of an experiment, in their order; `measured` looks a feature up.
    pub fn values(&self, measured: impl Fn(&str) -> Option<f64>) -> Vec<Option<f64>> {
        let finite = |name: &String| measured(name).filter(|value| value.is_finite());
        self.outcomes.iter().map(finite).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_that_is_named_twice_has_one_place() {
        let objective =
            |feature: &str, goal| ObjectiveSpec { feature: feature.into(), goal, worst: None };
        let objectives = [objective("yield", Goal::Maximize), objective("cost", Goal::Minimize)];
        let limit = |feature: &str| LimitSpec {
            feature: feature.into(),
            at_least: Some(1.0),
            at_most: None,
        };
        let wanted = Wanted::new(&objectives, &[limit("yield"), limit("purity")]);
        assert_eq!(wanted.outcomes, ["yield", "cost", "purity"]);
        assert_eq!(wanted.feature(1), "cost");
        let values = wanted.values(|name| match name {
            "yield" => Some(90.0),
            "cost" => Some(f64::NAN),
            _ => None,
        });
        assert_eq!(values, [Some(90.0), None, None]);
    }
}
