//! How far the first experiment on a rig is from its rehearsal.

use flowtwin_lab::Observation;

use crate::scenario::Scenario;

/// Standard deviations from its rehearsal beyond which an experiment is not believed. Swapped stocks double or halve an
/// outcome: ten standard deviations.
pub const UNLIKE_SD: f64 = 5.0;

/// Relative standard deviation by which a rig differs from a twin that is not calibrated to it.
pub const MODEL_SD: f64 = 0.1;

/// Rehearsals of an experiment, each with other noise.
const REHEARSALS: u64 = 10;

/// What of an observation is farther from its rehearsals than [`UNLIKE_SD`] standard deviations, in words; none where nothing
/// is, or no rehearsal succeeds.
///
/// The variance of an outcome is that between ten rehearsals, with different noise, and the square of [`MODEL_SD`] of their mean.
pub fn unlike(scenario: &Scenario, observation: &Observation) -> Option<String> {
    let rehearsed: Vec<Observation> =
        (0..REHEARSALS).filter_map(|seed| rehearse(scenario, seed, observation)).collect();
    let far = observation.outcome.features.iter().filter_map(|(name, measured)| {
        let values: Vec<f64> = rehearsed.iter().filter_map(|o| o.feature(name)).collect();
        let (mean, sd) = mean_and_sd(&values)?;
        let away = (measured - mean).abs() / sd;
        // What could be read in every rehearsal and cannot be read on the rig is infinitely far.
        (away.is_nan() || away > UNLIKE_SD).then(|| {
            format!("{name} is {measured:.4}, expected {mean:.4} ± {sd:.4} ({away:.1} standard deviations)")
        })
    });
    let far: Vec<String> = far.collect();
    (!far.is_empty()).then(|| far.join(", "))
}

fn rehearse(scenario: &Scenario, seed: u64, observation: &Observation) -> Option<Observation> {
    let mut lab = scenario.simulated().ok()?.lab(seed);
    let procedure = scenario.procedure();
    let blank = procedure.prime(&mut lab).ok()?;
    let done = procedure.run(&mut lab, &blank, &observation.conditions);
    (!done.failed()).then_some(done)
}

/// Mean and standard deviation of what is expected; none of fewer than two values, or where one could not be read.
fn mean_and_sd(values: &[f64]) -> Option<(f64, f64)> {
    let (mean, variance) =
        (flowtwin_statistics::mean(values), flowtwin_statistics::variance(values));
    let sd = (variance + MODEL_SD * MODEL_SD * mean * mean).sqrt();
    (values.len() >= 2 && sd > 0.0).then_some((mean, sd))
}
