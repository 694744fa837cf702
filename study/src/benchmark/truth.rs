//! Noise-free values, and the best of them that a scenario allows.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::table::Pool;
use flowtwin_lab::{Blank, Conditions, Streams};
use flowtwin_sim::SimLab;
use flowtwin_twin::region::{EmptyRegion, Region};
use flowtwin_twin::{Ask, Context, History, PolicySpec, SurrogateSpec};
use serde::{Deserialize, Serialize};

use super::capability::Capability;
use super::merit::Merit;

/// Points of the first search over the whole region.
const LOOK: usize = 256;
/// The best of them, from each of which a local search starts.
const STARTS: usize = 4;
/// Points that are proposed after that where there are several objectives.
const IMPROVED: usize = 64;
/// Attempts at an experiment.
const TRIES: usize = 3;
/// Largest and smallest step of the local search, in the unit cube.
const STEPS: (f64, f64) = (0.16, 0.005);
/// Most moves of a climb: outcomes that rise without end must not block the search.
const MOVES: usize = 2_000;

/// The noise-free objective of a scenario. Values are remembered: the same conditions are run once.
///
/// On a table the true value is the mean of what was measured.
#[derive(Clone, Debug)]
pub struct Truth<'a> {
    scenario: &'a Scenario,
    /// A lab without noise before its first experiment; none where there is none, or it could not be made ready.
    ready: Option<Arc<(SimLab, Blank)>>,
    known: BTreeMap<Vec<u64>, Vec<Option<f64>>>,
}

/// The best noise-free value that was found in a scenario: of several objectives, the largest hypervolume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Optimum {
    /// Its conditions; of several objectives, those of one of the best compromises.
    pub conditions: Conditions,
    /// The objective there; of several, the hypervolume of all best compromises that were found.
    pub value: f64,
    /// Number of noise-free experiments that the search took.
    pub experiments: usize,
    /// What the lab can do there.
    pub capability: Option<Capability>,
    /// The reference point of the hypervolume, in scores; empty where there is one objective.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<f64>,
}

impl<'a> Truth<'a> {
    /// The noise-free objective of `scenario`.
    pub fn new(scenario: &'a Scenario) -> Self {
        let prepare = || {
            let mut lab = scenario.simulated().ok()?.noiseless_lab();
            let blank = scenario.procedure().prime(&mut lab).ok()?;
            Some(Arc::new((lab, blank)))
        };
        Self { scenario, ready: prepare(), known: BTreeMap::new() }
    }

    /// The noise-free outcomes of an experiment at `conditions`, in a fresh lab, in the order of the scenario's; all of them
    /// none where even the third attempt fails. The first may fail only because the plate is cold, which it is not in the
    /// middle of a campaign.
    pub fn values(&mut self, conditions: &Conditions) -> Vec<Option<f64>> {
        let key = conditions.values().iter().map(|value| value.to_bits()).collect();
        let (scenario, ready) = (self.scenario, &self.ready);
        if let Some(pool) = scenario.table() {
            return pool.means(pool.place(conditions));
        }
        let wanted = scenario.wanted();
        let unknown = || vec![None; wanted.outcomes.len()];
        let look = || {
            let Some((lab, blank)) = ready.as_deref() else { return unknown() };
            let mut lab = lab.clone();
            let mut once = || {
                let observation = scenario.procedure().run(&mut lab, blank, conditions);
                let finite = |name: &str| observation.feature(name).filter(|v| v.is_finite());
                let values = wanted.values(finite);
                wanted.goals.scores(&values).is_some().then_some(values)
            };
            (0..TRIES).find_map(|_| once()).unwrap_or_else(unknown)
        };
        self.known.entry(key).or_insert_with(look).clone()
    }

    /// The noise-free value of the first objective of an experiment at `conditions`; none where it fails.
    pub fn at(&mut self, conditions: &Conditions) -> Option<f64> {
        let objective = self.scenario.wanted().goals.objectives[0].outcome;
        self.values(conditions)[objective]
    }

    fn score(&mut self, conditions: &Conditions) -> f64 {
        let values = self.values(conditions);
        self.scenario.wanted().goals.merit(&values).unwrap_or(f64::NEG_INFINITY)
    }

    /// The best known optimum of a scenario: the best of 256 points drawn over the feasible region, then from each of
    /// the four best a compass search (Kolda, Lewis and Torczon 2003, DOI 10.1137/S003614450242889) whose step halves
    /// from 0.16 to 0.005 of each range. Always the same points: neither a run's seed nor `threads` enter.
    ///
    /// # Errors
    /// If no conditions meet the constraints.
    pub fn optimum(scenario: &'a Scenario, threads: NonZeroUsize) -> Result<Optimum, EmptyRegion> {
        if let Some(pool) = scenario.table() {
            return Ok(Self::best_of(pool, scenario));
        }
        if scenario.wanted().goals.objectives.len() > 1 {
            return Self::compromises(scenario, threads);
        }
        let region = Region::new(scenario.space())?;
        let truth = Self::new(scenario);
        let context = Context::new(Streams::new(0)).with_threads(threads);
        let look = |i: usize| {
            let mut stream = context.streams.open("bench/optimum", i as u64);
            let conditions = region.snap(&region.sample(&mut stream));
            (truth.clone().score(&conditions), conditions)
        };
        let mut looked: Vec<(f64, Conditions)> = context.map(LOOK, look);
        looked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let climbed = context.map(STARTS, |i| {
            let mut truth = truth.clone();
            let (_, conditions) = truth.climb(&region, looked[i].clone());
            let value = truth.at(&conditions).unwrap_or(f64::NAN);
            let experiments = truth.known.len();
            let (capability, reference) = (None, Vec::new());
            Optimum { conditions, value, experiments, capability, reference }
        });
        let experiments = LOOK + climbed.iter().map(|climb| climb.experiments).sum::<usize>();
        let goal = scenario.objective().goal;
        let better = |a: &Optimum, b: &Optimum| goal.score(a.value).total_cmp(&goal.score(b.value));
        let best = climbed.into_iter().max_by(better).expect("there is at least one start");
        let capability = Capability::of(scenario, &best.conditions);
        Ok(Optimum { experiments, capability, ..best })
    }

    /// The best of a table, all of which is known.
    fn best_of(pool: &Pool, scenario: &Scenario) -> Optimum {
        let values: Vec<Vec<Option<f64>>> = (0..pool.places()).map(|i| pool.means(i)).collect();
        let conditions = |i: usize| pool.conditions(i).clone();
        Self::judged(scenario, &values, conditions, 0)
    }

    /// What the noise-free `values` \[n\] of experiments have reached, at these conditions.
    fn judged(
        scenario: &Scenario,
        values: &[Vec<Option<f64>>],
        conditions: impl Fn(usize) -> Conditions,
        experiments: usize,
    ) -> Optimum {
        let goals = &scenario.wanted().goals;
        let scores: Vec<Vec<f64>> = values.iter().filter_map(|v| goals.scores(v)).collect();
        let several = goals.objectives.len() > 1;
        let reference = if several { goals.reference(&scores) } else { Vec::new() };
        let merit = Merit::new(goals.clone(), reference.clone());
        let best = merit.counts(values).first().copied().unwrap_or(0);
        Optimum {
            conditions: conditions(best),
            value: merit.of(values).unwrap_or(f64::NAN),
            experiments,
            capability: None,
            reference,
        }
    }

    /// The best compromises of several objectives: those of 256 points drawn over the feasible region, and of 64 that
    /// the expected improvement of the hypervolume then proposes, all without noise.
    fn compromises(scenario: &'a Scenario, threads: NonZeroUsize) -> Result<Optimum, EmptyRegion> {
        let region = Region::new(scenario.space())?;
        let mut truth = Self::new(scenario);
        let context = Context::new(Streams::new(0)).with_threads(threads);
        let look = |i: usize| {
            let mut stream = context.streams.open("bench/optimum", i as u64);
            let conditions = region.snap(&region.sample(&mut stream));
            (truth.clone().values(&conditions), conditions)
        };
        let (mut values, mut tried): (Vec<Vec<Option<f64>>>, Vec<Conditions>) =
            context.map(LOOK, look).into_iter().unzip();
        let policy = PolicySpec::Ei {}.build_for(SurrogateSpec::Gp, &scenario.wanted().goals);
        for asked in 0..IMPROVED {
            let trials = tried.iter().zip(&values);
            let trials = trials
                .map(|(c, v)| scenario.trial_at(scenario.space().to_unit(c), v.clone()))
                .collect();
            let history = History { trials, ..History::default() };
            let (space, planned) = (scenario.space(), IMPROVED);
            let ask = Ask { space, history: &history, count: 1, asked, planned, cost: None };
            let Ok(proposals) = policy.propose(&ask, &context) else { break };
            for conditions in proposals.conditions {
                values.push(truth.values(&conditions));
                tried.push(conditions);
            }
        }
        let optimum = Self::judged(scenario, &values, |i| tried[i].clone(), tried.len());
        let capability = Capability::of(scenario, &optimum.conditions);
        Ok(Optimum { capability, ..optimum })
    }

    fn climb(&mut self, region: &Region<'_>, start: (f64, Conditions)) -> (f64, Conditions) {
        let (mut best, mut at) = start;
        let mut step = STEPS.0;
        for _ in 0..MOVES {
            if step < STEPS.1 {
                break;
            }
            let unit = region.space().to_unit(&at);
            let better =
                (0..unit.len()).flat_map(|i| [(i, step), (i, -step)]).find_map(|(i, by)| {
                    let mut moved = unit.clone();
                    moved[i] = (moved[i] + by).clamp(0.0, 1.0);
                    let conditions = region.snap(&moved);
                    let score = self.score(&conditions);
                    (score > best).then_some((score, conditions))
                });
            match better {
                Some((score, conditions)) => (best, at) = (score, conditions),
                None => step *= 0.5,
            }
        }
        (best, at)
    }
}
