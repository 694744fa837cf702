//! One experiment in the eyes of a shadow.

use flowtwin_campaign::scenario::Expected;

use crate::experiment::Experiment;

/// What a rig should yield in an experiment [features].
pub(super) fn values(rig: &mut Expected<'_>, experiment: &Experiment) -> Vec<f64> {
    let outcome = rig.at(&experiment.conditions, &experiment.moment());
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
