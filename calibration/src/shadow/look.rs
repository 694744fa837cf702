//! One experiment in the eyes of a shadow.

use flowtwin_campaign::scenario::{Expected, Moment};
use serde::Serialize;

use crate::data::Experiment;

/// One experiment, held against what was expected of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Look {
    /// The number of the experiment in its run, from 1.
    pub experiment: u64,
    /// Its features.
    pub features: Vec<Feature>,
    /// The chance of an experiment at least as far off, if nothing has moved.
    pub chance: f64,
}

/// One feature of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// What was measured.
    pub measured: f64,
    /// What was expected, with fills and with what has moved before as far as they are known.
    pub expected: f64,
    /// The difference in standard deviations of the prediction.
    pub off: f64,
}

/// What a rig should yield in an experiment [features].
pub(super) fn values(rig: &mut Expected<'_>, experiment: &Experiment) -> Vec<f64> {
    let moment = Moment { before: experiment.before.as_ref(), hours: experiment.hours };
    let outcome = rig.at(&experiment.conditions, &moment);
    outcome.features.into_iter().map(|(_, value)| value).collect()
}

/// By how much more that is than `said`, for each step of which the rig is away.
pub(super) fn slope(
    rig: &mut Expected<'_>,
    experiment: &Experiment,
    said: &[f64],
    step: f64,
) -> Vec<f64> {
    minus(&values(rig, experiment), said).into_iter().map(|more| more / step).collect()
}

pub(super) fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
