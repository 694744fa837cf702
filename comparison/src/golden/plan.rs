//! Which conditions of a run say most about its rig, and how much each cause moves them.

use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Conditions;
use flowtwin_lab::journal::{ExperimentRecord, Journal};

use super::cause::Cause;
use super::choice::{Choice, LEAST};
use super::effects::{effects, times};
use super::noise::Noise;
use super::shared::{Run, biases, difference, picked};
use super::simulated::{FIRST_SEED, Simulated, Way, Yield};
use crate::listed::listed;

/// Experiments among which the handful is chosen, at most.
const AMONG: usize = 24;
/// Seeds with which the handful is simulated: half of them weight the readings, the others give the spread by chance.
const REPLICATES: u64 = 160;

/// Why a run has no golden run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// Its scenario cannot be simulated.
    #[error("{0} has no rig that could be simulated: what would have moved is not known")]
    NoRig(String),
    /// Too few of its experiments can be measured again.
    #[error("{0} of its experiments did not fail: a golden run needs {LEAST} at least")]
    TooFew(usize),
    /// This version no longer understands its scenario.
    #[error(transparent)]
    Scenario(#[from] Diagnostic),
    /// The simulator cannot repeat what the rig did.
    #[error("the simulation of {0} does not get through")]
    Simulation(String),
}

/// What a golden run will measure, and what that shows.
#[derive(Debug)]
pub struct Plan {
    /// The scenario: that of the run, with the handful as its one phase.
    pub scenario: Scenario,
    /// The numbers of the recorded experiments that are measured again, in the order of the golden run.
    pub experiments: Vec<u64>,
    /// Their conditions.
    pub conditions: Vec<Conditions>,
    /// Lab time of the golden run in simulation \[s\]: until the first experiment has been measured, and in all.
    pub lab_time_s: [f64; 2],
    /// What may have moved.
    pub causes: Vec<Cause>,
    /// The effect of each cause, for one step up and one step down, block by block.
    pub(crate) effects: Vec<[Yield; 2]>,
    /// The expected change of the readings if nothing has moved, block by block: because lights lose
    /// strength by the hour, and by what was in the tube before.
    pub(crate) expected: Yield,
    /// The spread by chance of each experiment.
    pub(crate) noise: Noise,
    /// What is common to experiments by chance: the covariance of a change is twice that of `noise`, and Σ v vᵀ of these.
    pub(crate) shared: Vec<Yield>,
    /// Minutes of lab time, as `minutes` of [`Plan::of`], after which a step of each cause would be found nine times of ten; none where all
    /// candidates are too few.
    pub needed_min: Vec<Option<f64>>,
}

impl Plan {
    /// Chooses conditions of a run that take at most this many minutes of lab time once the first of them is measured.
    ///
    /// Every part of the rig is moved a step in simulation, at up to 24 conditions of the run. The conditions are chosen
    /// one after the other, each raising most for its time how many of the steps would be found.
    ///
    /// # Errors
    /// If the run cannot be simulated, or holds too few experiments.
    pub fn of(
        recorded: &Journal,
        minutes: f64,
        threads: NonZeroUsize,
    ) -> Result<Self, GoldenError> {
        let header = recorded.header();
        let scenario = Scenario::recorded(&header.definition)?;
        if scenario.simulated().is_err() {
            return Err(GoldenError::NoRig(header.scenario.clone()));
        }
        let failed = || GoldenError::Simulation(header.scenario.clone());
        let definition = &header.definition;
        let causes = Cause::all(definition);
        let candidates = candidates(recorded);
        if candidates.len() < LEAST {
            return Err(GoldenError::TooFew(candidates.len()));
        }
        let candidates = by_temperature(&scenario, candidates);
        let numbers: Vec<u64> = candidates.iter().map(|record| record.experiment).collect();
        let then = Run::recorded(definition, recorded, &numbers);
        let ripples = then.ripples(&causes, threads);
        let all: Vec<Conditions> = candidates.iter().map(|it| it.conditions.clone()).collect();
        let jumps = jumps(&scenario);
        let choice = Choice {
            scenario: &scenario,
            list: Simulated { definition, conditions: &all },
            causes: &causes,
            jumps: &jumps,
            ripples: &ripples,
            threads,
        };
        let chosen = choice.within(60.0 * minutes).ok_or_else(failed)?;
        let conditions: Vec<Conditions> = chosen.places.iter().map(|&i| all[i].clone()).collect();
        let list = Simulated { definition, conditions: &conditions };
        let effects = effects(&list, &causes, &[1.0, -1.0], threads).ok_or_else(failed)?;
        let [up, down] = [0, 1].map(|way| effects.iter().skip(way).step_by(2).cloned());
        let unbiased: Vec<Way> = (0..REPLICATES).map(|i| Way::Unbiased(FIRST_SEED + i)).collect();
        let yields: Vec<Yield> = list.all(&unbiased, threads).into_iter().flatten().collect();
        let noise = Noise::of(&yields, conditions.len() + 1, &jumps).ok_or_else(failed)?;
        let now = Run::listed(&list);
        let before = ripples.iter().map(|yields| picked(yields, &chosen.places));
        let biased = biases(&scenario, &causes, &up.clone().collect::<Vec<_>>());
        let shared = biased.into_iter().chain(now.ripples(&causes, threads)).chain(before);
        Ok(Self {
            scenario: Scenario::recorded(&listed(definition, "golden", &conditions))?,
            expected: difference(
                &now.fading(threads),
                &picked(&then.fading(threads), &chosen.places),
            ),
            experiments: chosen.places.iter().map(|&i| numbers[i]).collect(),
            lab_time_s: times(&list).ok_or_else(failed)?,
            conditions,
            causes,
            shared: shared.collect(),
            effects: up.zip(down).map(|(up, down)| [up, down]).collect(),
            noise,
            needed_min: chosen.needed_s.iter().map(|s| s.map(|s| s / 60.0)).collect(),
        })
    }
}

/// Experiments that did not fail, each condition once, evenly spread over the run where they are many.
fn candidates(recorded: &Journal) -> Vec<&ExperimentRecord> {
    let mut all: Vec<&ExperimentRecord> = Vec::new();
    for record in recorded.experiments().filter(|record| record.fault.is_none()) {
        if all.iter().all(|known| known.conditions != record.conditions) {
            all.push(record);
        }
    }
    let n = all.len().min(AMONG);
    (0..n).map(|i| all[i * all.len() / n]).collect()
}

/// The cold ones first: to heat is quick.
fn by_temperature<'a>(
    scenario: &Scenario,
    mut candidates: Vec<&'a ExperimentRecord>,
) -> Vec<&'a ExperimentRecord> {
    let recipe = scenario.procedure().recipe();
    let sum_c = |record: &ExperimentRecord| -> f64 {
        let settings = recipe.settings(&record.conditions);
        settings.heaters.iter().map(|(_, set_point)| set_point.c()).sum()
    };
    candidates.sort_by(|a, b| sum_c(a).total_cmp(&sum_c(b)));
    candidates
}

/// Places of the features that follow no amount. The spectra that they are read off count all the same.
fn jumps(scenario: &Scenario) -> Vec<usize> {
    let features = scenario.analysis().features().iter().enumerate();
    features.filter(|(_, it)| !it.measure.follows_amounts()).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::snapshot::campaign;

    /// A train of equal slugs beats with the frames of 20 ms. Without the differences between slugs the carrier seemed to change the
    /// absorbance of one of these experiments by 0.001 AU, where it changes the others by 0.0001 AU.
    #[test]
    fn no_pump_shows_by_a_beat_of_slugs_and_frames() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/cs3cu2i5.toml");
        let mut definition = Scenario::load(Path::new(path)).unwrap().definition();
        definition["phases"] = json!([{ "name": "survey", "policy": "lhs", "experiments": 24 }]);
        let scenario = Scenario::recorded(&definition).unwrap();
        let (_, journal, _) = campaign(&scenario, 1, NonZeroUsize::MIN).unwrap();
        let all = by_temperature(&scenario, candidates(&journal));
        let conditions: Vec<Conditions> = all.iter().map(|it| it.conditions.clone()).collect();
        let list = Simulated { definition: &definition, conditions: &conditions };
        let causes = ["pfo", "ode_cu"].map(|pump| Cause::Pump(pump.into()));
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let effects = effects(&list, &causes, &[1.0], threads).unwrap();
        for (cause, effect) in causes.iter().zip(&effects) {
            // The first feature is the absorbance at 300 nm, of which the solvent takes 0.001 AU at each condition.
            let changes: Vec<f64> = effect[1..].iter().map(|block| block[0]).collect();
            let middle = flowtwin_statistics::median(&changes);
            for (change, record) in changes.iter().zip(&all) {
                let (name, number) = (cause.name(), record.experiment);
                assert!((change - middle).abs() < 0.0006, "{name}, {number}: {change} {middle}");
            }
        }
    }
}
