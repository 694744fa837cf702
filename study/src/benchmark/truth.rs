//! Noise-free values, and the best of them that a scenario allows.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::table::Pool;
use flowtwin_lab::{Blank, Conditions, Streams};
use flowtwin_sim::SimLab;
use flowtwin_twin::Context;
use flowtwin_twin::region::{EmptyRegion, Region};
use serde::{Deserialize, Serialize};

use super::capability::Capability;

/// Points of the first look over the whole region.
const LOOK: usize = 256;
/// The best of them, from each of which a local search starts.
const STARTS: usize = 4;
/// Attempts at an experiment.
const TRIES: usize = 3;
/// Widest and narrowest step of the local search, in the unit cube.
const STEPS: (f64, f64) = (0.16, 0.005);
/// Most moves of a climb: outcomes that rise without end must not keep anybody waiting.
const MOVES: usize = 2_000;

/// The noise-free objective of a scenario. Values are remembered: the same conditions are run once.
///
/// On a table the true value is the mean of what was measured.
#[derive(Clone, Debug)]
pub struct Truth<'a> {
    scenario: &'a Scenario,
    /// A lab without noise before its first experiment; none where there is none, or it could not be made ready.
    ready: Option<Arc<(SimLab, Blank)>>,
    known: BTreeMap<Vec<u64>, Option<f64>>,
}

/// The best noise-free value that was found in a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Optimum {
    /// Its conditions.
    pub conditions: Conditions,
    /// The objective there.
    pub value: f64,
    /// Number of noise-free experiments that the search took.
    pub experiments: usize,
    /// What the lab can do there.
    pub capability: Option<Capability>,
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

    /// The noise-free objective of an experiment at `conditions`, in a fresh lab; none where even the third attempt fails. The
    /// first may fail only because the plate is cold, which it is not in the middle of a campaign.
    pub fn at(&mut self, conditions: &Conditions) -> Option<f64> {
        let key = conditions.values().iter().map(|value| value.to_bits()).collect();
        let (scenario, ready) = (self.scenario, &self.ready);
        if let Some(pool) = scenario.table() {
            return pool.mean(pool.place(conditions));
        }
        *self.known.entry(key).or_insert_with(|| {
            let (lab, blank) = &**ready.as_ref()?;
            let mut lab = lab.clone();
            let mut once = || {
                let observation = scenario.procedure().run(&mut lab, blank, conditions);
                observation.feature(&scenario.objective().feature).filter(|value| value.is_finite())
            };
            (0..TRIES).find_map(|_| once())
        })
    }

    fn score(&mut self, conditions: &Conditions) -> f64 {
        let goal = self.scenario.objective().goal;
        self.at(conditions).map_or(f64::NEG_INFINITY, |value| goal.score(value))
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
            Optimum { conditions, value, experiments: truth.known.len(), capability: None }
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
        let goal = scenario.objective().goal;
        let score = |place: usize| pool.mean(place).map_or(f64::NEG_INFINITY, |y| goal.score(y));
        let best = (0..pool.places()).max_by(|&a, &b| score(a).total_cmp(&score(b)));
        let best = best.expect("a table has conditions");
        Optimum {
            conditions: pool.conditions(best).clone(),
            value: pool.mean(best).unwrap_or(f64::NAN),
            experiments: 0,
            capability: None,
        }
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
