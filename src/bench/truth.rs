//! Noise-free values, and the best of them that a scenario allows.

use std::collections::BTreeMap;

use flowtwin_lab::{Conditions, Streams};
use flowtwin_twin::region::{EmptyRegion, Region};
use serde::{Deserialize, Serialize};

use crate::scenario::Scenario;

/// Points of the first look over the whole region.
const LOOK: usize = 384;
/// The best of them, from each of which a local search starts.
const STARTS: usize = 6;
/// Widest and narrowest step of the local search, in the unit cube.
const STEPS: (f64, f64) = (0.16, 0.002);

/// The noise-free objective of a scenario. Values are remembered: the same conditions are run once.
#[derive(Debug)]
pub struct Truth<'a> {
    scenario: &'a Scenario,
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
}

impl<'a> Truth<'a> {
    /// The noise-free objective of `scenario`.
    pub fn new(scenario: &'a Scenario) -> Self {
        Self { scenario, known: BTreeMap::new() }
    }

    /// The noise-free objective of one experiment at `conditions`, in a fresh lab; none where even that one fails.
    pub fn at(&mut self, conditions: &Conditions) -> Option<f64> {
        let key = conditions.values().iter().map(|value| value.to_bits()).collect();
        let scenario = self.scenario;
        *self.known.entry(key).or_insert_with(|| {
            let mut lab = scenario.noiseless_lab();
            let blank = scenario.procedure().prime(&mut lab).ok()?;
            let observation = scenario.procedure().run(&mut lab, &blank, conditions);
            observation.feature(&scenario.objective().feature).filter(|value| value.is_finite())
        })
    }

    fn score(&mut self, conditions: &Conditions) -> f64 {
        let goal = self.scenario.objective().goal;
        self.at(conditions).map_or(f64::NEG_INFINITY, |value| goal.score(value))
    }

    /// The best known optimum: the best of 384 points drawn over the feasible region, then from each of the six best
    /// a compass search (Kolda, Lewis and Torczon 2003, DOI 10.1137/S003614450242889) whose step halves from 0.16 to
    /// 0.002 of each range. Always the same points: nothing of a run's seed enters.
    ///
    /// # Errors
    /// If no conditions meet the constraints.
    pub fn optimum(&mut self) -> Result<Optimum, EmptyRegion> {
        let scenario = self.scenario;
        let region = Region::new(scenario.space())?;
        let mut stream = Streams::new(0).open("bench/optimum", 0);
        let mut looked: Vec<(f64, Conditions)> = (0..LOOK)
            .map(|_| {
                let conditions = region.snap(&region.sample(&mut stream));
                (self.score(&conditions), conditions)
            })
            .collect();
        looked.sort_by(|a, b| b.0.total_cmp(&a.0));
        looked.truncate(STARTS);
        let climbed = looked.into_iter().map(|start| self.climb(&region, start));
        let best = climbed.max_by(|a, b| a.0.total_cmp(&b.0));
        let (_, conditions) = best.expect("there is at least one start");
        let value = self.at(&conditions).unwrap_or(f64::NAN);
        Ok(Optimum { conditions, value, experiments: self.known.len() })
    }

    fn climb(&mut self, region: &Region<'_>, start: (f64, Conditions)) -> (f64, Conditions) {
        let (mut best, mut at) = start;
        let mut step = STEPS.0;
        while step >= STEPS.1 {
            let unit = region.space().to_unit(&at);
            let better = (0..unit.len()).flat_map(|i| [(i, step), (i, -step)]).find_map(|(i, by)| {
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
