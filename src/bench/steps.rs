//! One campaign of a benchmark, step by step.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use flowtwin_lab::journal::{Sink, Writer};
use flowtwin_lab::{Conditions, FaultKind, Observation};
use flowtwin_twin::{Policy, Stop};
use serde::{Deserialize, Serialize};

use super::course::{Course, Timed};
use super::truth::Truth;
use crate::campaign::{Campaign, CampaignError, Watch};
use crate::scenario::Scenario;

/// An experiment of a campaign, and how things stand after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Values of the inputs, in the order of the space.
    pub conditions: Vec<f64>,
    /// The objective as measured; none in a failed experiment.
    pub outcome: Option<f64>,
    /// The best outcome so far.
    pub best: Option<f64>,
    /// The noise-free value at the conditions of the best outcome so far.
    pub true_best: Option<f64>,
    /// Lab time at the end of the experiment \[h\].
    pub lab_time_h: f64,
    /// Volume taken from each stock so far \[mL\], in the order of the rig.
    pub consumed_ml: Vec<f64>,
}

/// A finished campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// The experiments in order, the opening included.
    pub steps: Vec<Step>,
    /// The fault that ended it early, in words.
    pub stopped: Option<String>,
}

/// Why a campaign of a benchmark has no result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StepsError {
    /// Its policy failed.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// Somebody asked the benchmark to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Runs the opening of a course and returns its conditions, at most [`Course::opened`].
///
/// # Errors
/// If a policy has no proposal, or `stop` is set.
pub fn opening(
    scenario: &Scenario,
    course: &Course,
    seed: u64,
    stop: &AtomicBool,
) -> Result<Vec<Conditions>, StepsError> {
    let scenario = scenario.with_phases(course.opening_phases(scenario.surrogate()));
    let mut seen = Seen::default();
    run(&scenario, seed, stop, &mut seen)?;
    Ok(seen.0.into_iter().map(|observation| observation.conditions).collect())
}

/// Runs the course of one policy with one seed; `seconds` receives how long each proposal took.
///
/// # Errors
/// If the policy fails, or `stop` is set.
pub fn campaign(
    scenario: &Scenario,
    course: &Course,
    opening: &[Conditions],
    policy: Box<dyn Policy>,
    seed: u64,
    truth: &mut Truth<'_>,
    stop: &AtomicBool,
) -> Result<(Steps, Vec<f64>), StepsError> {
    let seconds = Arc::new(Mutex::new(Vec::new()));
    let timed = Box::new(Timed::new(policy, seconds.clone()));
    let playing = scenario.with_phases(course.phases(opening, timed));
    let mut seen = Seen::default();
    let stopped = run(&playing, seed, stop, &mut seen)?;
    let steps = follow(scenario, &seen.0, truth);
    let seconds = seconds.lock().expect("nobody panics while noting").clone();
    Ok((Steps { steps, stopped }, seconds))
}

fn run(
    scenario: &Scenario,
    seed: u64,
    stop: &AtomicBool,
    seen: &mut Seen,
) -> Result<Option<String>, StepsError> {
    let campaign = Campaign::new(scenario, seed, NonZeroUsize::MIN, stop);
    let lab = scenario.sim_lab(seed);
    let (ended, _) = campaign.run(lab, Writer::new(Nowhere), None, seen)?;
    match ended.fault {
        Some(fault) if fault.kind == FaultKind::Interrupted => Err(StepsError::Interrupted),
        fault => Ok(fault.map(|fault| fault.to_string())),
    }
}

fn follow(scenario: &Scenario, seen: &[Observation], truth: &mut Truth<'_>) -> Vec<Step> {
    let objective = scenario.objective();
    let (mut best, mut true_best): (Option<f64>, Option<f64>) = (None, None);
    let mut consumed: Vec<f64> = Vec::new();
    let step = |observation: &Observation| {
        let outcome = observation.feature(&objective.feature).filter(|value| value.is_finite());
        let improves = outcome.is_some_and(|value| {
            best.is_none_or(|best| objective.goal.score(value) > objective.goal.score(best))
        });
        if improves {
            best = outcome;
            true_best = truth.at(&observation.conditions);
        }
        consumed.resize(observation.consumed_ml.len().max(consumed.len()), 0.0);
        for (sum, (_, ml)) in consumed.iter_mut().zip(&observation.consumed_ml) {
            *sum += ml;
        }
        Step {
            conditions: observation.conditions.values().to_vec(),
            outcome,
            best,
            true_best,
            lab_time_h: observation.ended.as_secs() / 3600.0,
            consumed_ml: consumed.clone(),
        }
    };
    seen.iter().map(step).collect()
}

/// Remembers observations, without their spectra.
#[derive(Debug, Default)]
struct Seen(Vec<Observation>);

impl Watch for Seen {
    fn phase(&mut self, _name: &str, _policy: &str, _experiments: usize) {}

    fn experiment(&mut self, _number: u64, observation: &Observation, _known: bool) {
        let mut observation = observation.clone();
        observation.outcome.spectra = Vec::new();
        self.0.push(observation);
    }

    fn ended(&mut self, _name: &str, _stop: Option<&Stop>) {}
}

/// A journal that nobody keeps: a benchmark keeps its steps.
#[derive(Debug)]
struct Nowhere;

impl Sink for Nowhere {
    fn append(&mut self, _bytes: &[u8]) -> std::io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
