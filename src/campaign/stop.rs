//! Why a phase ends.

use std::fmt;

use flowtwin_lab::Observation;
use flowtwin_twin::StopRules;

use crate::scenario::{ObjectiveSpec, StopSpec};

/// Why a phase ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stop {
    /// All its experiments are done.
    BudgetSpent,
    /// An experiment was good enough.
    TargetReached {
        /// Its value.
        value: f64,
    },
    /// It has taken its lab time.
    LabTime {
        /// Time taken [h].
        hours: f64,
    },
    /// It has taken its reagents.
    Reagent {
        /// Volume taken, all stocks together [mL].
        ml: f64,
    },
    /// The twin has learnt enough.
    Twin(flowtwin_twin::Stop),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BudgetSpent => f.write_str("all experiments done"),
            Self::TargetReached { value } => write!(f, "target reached with {value:.6}"),
            Self::LabTime { hours } => write!(f, "lab time spent: {hours:.2} h"),
            Self::Reagent { ml } => write!(f, "reagents spent: {ml:.2} mL"),
            Self::Twin(stop) => stop.fmt(f),
        }
    }
}

/// The rules that only the twin can judge; none where there are none.
pub(super) fn of_the_twin(rules: &StopSpec) -> Option<StopRules> {
    let StopSpec { test_r2, improvement_per_noise, .. } = *rules;
    let any = test_r2.is_some() || improvement_per_noise.is_some();
    any.then_some(StopRules { test_r2, improvement_per_noise, ..StopRules::default() })
}

/// Counts what stopping rules look at.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    rules: &'a StopSpec,
    objective: &'a ObjectiveSpec,
    best: Option<f64>,
    hours: f64,
    ml: f64,
}

impl<'a> Tally<'a> {
    pub(super) fn new(rules: &'a StopSpec, objective: &'a ObjectiveSpec) -> Self {
        Self { rules, objective, best: None, hours: 0.0, ml: 0.0 }
    }

    pub(super) fn add(&mut self, observation: &Observation) {
        self.hours += observation.lab_time_s() / 3600.0;
        self.ml += observation.consumed_ml.iter().map(|(_, ml)| ml).sum::<f64>();
        let value = observation.feature(&self.objective.feature).filter(|v| v.is_finite());
        self.best = match (self.best, value) {
            (Some(best), Some(value)) if self.objective.goal.reaches(best, value) => Some(best),
            (best, value) => value.or(best),
        };
    }

    /// The first rule that is met.
    pub(super) fn stop(&self) -> Option<Stop> {
        let Self { hours, ml, .. } = *self;
        let target = self.rules.target.zip(self.best);
        if let Some((target, value)) = target
            && self.objective.goal.reaches(value, target)
        {
            return Some(Stop::TargetReached { value });
        }
        if self.rules.lab_time_h.is_some_and(|limit| hours >= limit) {
            return Some(Stop::LabTime { hours });
        }
        self.rules.reagent_ml.is_some_and(|limit| ml >= limit).then_some(Stop::Reagent { ml })
    }
}
