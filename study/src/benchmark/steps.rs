//! One campaign of a benchmark, step by step.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use flowtwin_campaign::campaign::{BranchPoint, Campaign, CampaignError, Observer};
use flowtwin_campaign::scenario::{Course, NoRig, Scenario};
use flowtwin_data::table::{Pool, TableLab};
use flowtwin_lab::{Conditions, Fault, FaultKind, Observation};
use flowtwin_sim::SimLab;
use flowtwin_twin::{Goal, Policy};
use serde::{Deserialize, Serialize};

use super::merit::Merit;
use super::reached::Reached;
use super::timed::Timed;
use super::truth::Truth;

/// An experiment of a campaign, and how things stand after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkStep {
    /// Values of the inputs, in the order of the space.
    pub conditions: Vec<f64>,
    /// The objective, or the first of several, as measured; none in a failed experiment.
    pub outcome: Option<f64>,
    /// The best outcome so far that keeps all limits; of several objectives, the hypervolume so far.
    pub best: Option<f64>,
    /// The noise-free value at the conditions of the best outcome so far; of several objectives, the hypervolume of the noise-free
    /// values at the conditions of the best compromises so far.
    pub true_best: Option<f64>,
    /// Lab time at the end of the experiment \[h\].
    pub lab_time_h: f64,
    /// Volume taken from each stock so far \[mL\], in the order of the rig.
    pub consumed_ml: Vec<f64>,
    /// Share of the best conditions of a table that have been tried so far; none where there is no table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<f64>,
}

/// A finished campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// The experiments in order, the opening included.
    pub steps: Vec<BenchmarkStep>,
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
    /// There is neither a table nor a rig.
    #[error(transparent)]
    NoRig(#[from] NoRig),
    /// Somebody asked the benchmark to stop.
    #[error("interrupted")]
    Interrupted,
}

/// The opening of a course as it was run with one seed.
#[derive(Debug)]
pub struct Opened {
    place: Place,
    seen: Vec<Observation>,
    seed: u64,
}

/// Where the experiments of a benchmark are done, after the opening.
#[derive(Debug)]
enum Place {
    Simulated(Box<BranchPoint<SimLab>>),
    Table(Box<BranchPoint<TableLab>>),
}

impl Opened {
    /// Runs the opening of a course: as it was run before, where its conditions are `known`.
    ///
    /// # Errors
    /// If a policy has no proposal, or `stop` is set.
    pub fn run(
        scenario: &Scenario,
        course: &Course,
        known: Option<&[Conditions]>,
        seed: u64,
        stop: &AtomicBool,
    ) -> Result<Self, StepsError> {
        let phases = match known {
            Some(conditions) => course.known_phases(conditions),
            None => course.opening_phases(scenario.surrogate(), &scenario.wanted().goals),
        };
        let opening = scenario.with_phases(phases);
        let campaign = Campaign::new(&opening, seed, NonZeroUsize::MIN, stop);
        let mut seen = Seen::default();
        let (place, fault) = match opening.table_lab(seed) {
            Some(lab) => {
                let standing = campaign.run_to_branch_point(lab, &mut seen)?;
                let fault = standing.fault().cloned();
                (Place::Table(Box::new(standing)), fault)
            }
            None => {
                let standing =
                    campaign.run_to_branch_point(opening.simulated()?.lab(seed), &mut seen)?;
                let fault = standing.fault().cloned();
                (Place::Simulated(Box::new(standing)), fault)
            }
        };
        uninterrupted(fault)?;
        Ok(Self { place, seen: seen.0, seed })
    }

    /// The conditions that were run.
    pub fn conditions(&self) -> Vec<Conditions> {
        self.seen.iter().map(|observation| observation.conditions.clone()).collect()
    }

    /// Goes on with one policy, and reports how long each of its proposals took \[s\]. `reference` is that of the [`super::Optimum`].
    ///
    /// # Errors
    /// If the policy fails, or `stop` is set.
    pub fn campaign(
        &self,
        scenario: &Scenario,
        course: &Course,
        policy: Box<dyn Policy>,
        truth: &mut Truth<'_>,
        reference: &[f64],
        stop: &AtomicBool,
    ) -> Result<(Steps, Vec<f64>), StepsError> {
        let seconds = Arc::new(Mutex::new(Vec::new()));
        let timed = Box::new(Timed::new(policy, seconds.clone()));
        let playing = scenario.with_phases(course.phases(timed));
        let campaign = Campaign::new(&playing, self.seed, NonZeroUsize::MIN, stop);
        let mut seen = Seen(self.seen.clone());
        let ended = match &self.place {
            Place::Simulated(standing) => campaign.go_on_from(standing, &mut seen)?,
            Place::Table(standing) => campaign.go_on_from(standing, &mut seen)?,
        };
        let stopped = uninterrupted(ended.fault)?;
        let merit = Merit::new(scenario.wanted().goals.clone(), reference.to_vec());
        let steps = follow(scenario, &seen.0, &merit, truth);
        let seconds = seconds.lock().expect("nobody panics while noting").clone();
        Ok((Steps { steps, stopped }, seconds))
    }
}

/// The fault in words, unless somebody asked to stop.
fn uninterrupted(fault: Option<Fault>) -> Result<Option<String>, StepsError> {
    match fault {
        Some(fault) if fault.kind == FaultKind::Interrupted => Err(StepsError::Interrupted),
        fault => Ok(fault.map(|fault| fault.to_string())),
    }
}

fn follow(
    scenario: &Scenario,
    seen: &[Observation],
    merit: &Merit,
    truth: &mut Truth<'_>,
) -> Vec<BenchmarkStep> {
    let wanted = scenario.wanted();
    let mut reached = Reached::new(merit);
    let primed = scenario.procedure().primes_ml(scenario.manifest());
    let mut consumed: Vec<f64> = primed.into_iter().map(|(_, ml)| ml).collect();
    let ranked = scenario.table().filter(|_| wanted.goals.is_plain());
    let mut finds = ranked.map(|pool| Finds::new(pool, scenario.objective().goal));
    let step = |observation: &Observation| {
        let finite = |name: &str| observation.feature(name).filter(|value| value.is_finite());
        let values = wanted.values(finite);
        let outcome = values[wanted.goals.objectives[0].outcome];
        reached.add(&observation.conditions, values, truth);
        consumed.resize(observation.consumed_ml.len().max(consumed.len()), 0.0);
        for (sum, (_, ml)) in consumed.iter_mut().zip(&observation.consumed_ml) {
            *sum += ml;
        }
        BenchmarkStep {
            conditions: observation.conditions.values().to_vec(),
            outcome,
            best: reached.best,
            true_best: reached.true_best,
            lab_time_h: observation.ended.as_secs() / 3600.0,
            consumed_ml: consumed.clone(),
            top: finds.as_mut().map(|finds| finds.after(&observation.conditions)),
        }
    };
    seen.iter().map(step).collect()
}

/// Remembers observations, without their spectra.
#[derive(Debug, Default)]
struct Seen(Vec<Observation>);

impl Observer for Seen {
    fn experiment(&mut self, _number: u64, observation: &Observation, _known: bool) {
        let mut observation = observation.clone();
        observation.outcome.spectra = Vec::new();
        self.0.push(observation);
    }
}

/// Which of the best conditions of a table have been found.
struct Finds<'a> {
    pool: &'a Pool,
    left: Vec<bool>,
    count: usize,
    found: usize,
}

impl<'a> Finds<'a> {
    fn new(pool: &'a Pool, goal: Goal) -> Self {
        let top = pool.top(goal);
        Self { pool, left: top.is_in, count: top.count, found: 0 }
    }

    /// The share that has been found once `conditions` have been tried.
    fn after(&mut self, conditions: &Conditions) -> f64 {
        let place = self.pool.place(conditions);
        self.found += usize::from(std::mem::take(&mut self.left[place]));
        self.found as f64 / self.count as f64
    }
}
