//! What a benchmark consists of, as it is written beside its results.

use std::collections::BTreeMap;

use flowtwin_campaign::scenario::{Course, Entrant, Scenario};
use flowtwin_lab::Input;
use flowtwin_twin::Goal;
use serde::{Deserialize, Serialize};

use super::merit::{HYPERVOLUME, Merit};
use super::store::key;

/// Name of the card in a folder of results.
pub const CARD: &str = "benchmark.json";

/// Digest of the code that this program was built from: results of other code are not taken for its own.
const CODE: &str = env!("FLOWTWIN_CODE");

/// All campaigns of a benchmark and where their results are: the same for every shard of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Layout of this file: 1.
    pub schema: u32,
    /// Version of flowtwin.
    pub flowtwin: String,
    /// Digest of the code that it was built from.
    pub code: String,
    /// The scenarios.
    pub scenarios: Vec<Arena>,
    /// Names of the policies.
    pub policies: Vec<String>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The campaigns: scenario by scenario, policy by policy, seed by seed.
    pub campaigns: Vec<Entry>,
}

/// A scenario of a benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arena {
    /// Its name.
    pub name: String,
    /// Digest of its definition.
    pub sha256: String,
    /// What is optimised: a feature, or the hypervolume of several objectives.
    pub feature: String,
    /// Its unit.
    pub unit: String,
    /// Which way.
    pub goal: Goal,
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// What may be chosen, of the inputs that are chosen by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, Vec<String>>,
    /// Names of the stocks.
    pub stocks: Vec<String>,
    /// The table that outcomes are looked up in, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolCard>,
    /// What every policy runs.
    pub course: Course,
    /// Where the best known optimum is.
    pub optimum: String,
}

/// What is written of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolCard {
    /// Number of its conditions.
    pub conditions: usize,
    /// How many of them count as the best.
    pub best: usize,
}

/// A campaign of a benchmark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Place of its scenario.
    pub scenario: usize,
    /// Place of its policy.
    pub policy: usize,
    /// Its seed.
    pub seed: u64,
    /// Where its result is, without folder and extension.
    pub name: String,
}

impl Arena {
    /// What is written of a scenario.
    pub fn new(scenario: &Scenario, course: Course) -> Self {
        let sha256 = scenario.sha256();
        let mut stocks: Vec<String> = Vec::new();
        for pump in &scenario.manifest().pumps {
            if !stocks.contains(&pump.stock) {
                stocks.push(pump.stock.clone());
            }
        }
        let goals = &scenario.wanted().goals;
        let several = goals.objectives.len() > 1;
        let feature = if several { HYPERVOLUME } else { &scenario.objective().feature };
        let features = scenario.features();
        let unit = features.into_iter().find(|(name, _)| name == feature);
        Self {
            name: scenario.name().to_owned(),
            unit: unit.map(|(_, unit)| unit).unwrap_or_default(),
            feature: feature.to_owned(),
            goal: Merit::goal(goals),
            inputs: scenario.space().inputs().iter().map(|input| input.name.clone()).collect(),
            options: scenario.space().inputs().iter().filter_map(options).collect(),
            stocks,
            optimum: format!("optima/{}-{}.json", scenario.name(), key(&(CODE, &sha256))),
            pool: scenario.table().filter(|_| goals.is_plain()).map(|pool| PoolCard {
                conditions: pool.places(),
                best: pool.top(scenario.objective().goal).count,
            }),
            course,
            sha256,
        }
    }

    /// Where the opening with a seed is.
    pub fn opening(&self, seed: u64) -> String {
        let identity = (CODE, &self.sha256, seed, &self.course.opening);
        format!("openings/{}-{seed}-{}.json", self.name, key(&identity))
    }
}

/// The names of the options of an input that is chosen by name.
fn options(input: &Input) -> Option<(String, Vec<String>)> {
    let options = input.options()?.iter().map(|option| option.name.clone());
    Some((input.name.clone(), options.collect()))
}

impl Card {
    /// The card of a benchmark.
    pub fn new(scenarios: Vec<Arena>, entrants: &[Entrant], seeds: &[u64]) -> Self {
        let mut campaigns = Vec::new();
        for (place, arena) in scenarios.iter().enumerate() {
            for (policy, entrant) in entrants.iter().enumerate() {
                for &seed in seeds {
                    let key = key(&(CODE, &arena.sha256, &arena.course, entrant, seed));
                    let name = format!("{}-{}-{seed}-{key}", arena.name, entrant.name);
                    campaigns.push(Entry { scenario: place, policy, seed, name });
                }
            }
        }
        Self {
            schema: 1,
            flowtwin: env!("CARGO_PKG_VERSION").into(),
            code: CODE.into(),
            scenarios,
            policies: entrants.iter().map(|entrant| entrant.name.clone()).collect(),
            seeds: seeds.to_vec(),
            campaigns,
        }
    }
}

impl Entry {
    /// Where the steps are.
    pub fn steps(&self) -> String {
        format!("campaigns/{}.json", self.name)
    }

    /// Where the times of the proposals are. They differ from run to run and are kept apart.
    pub fn seconds(&self) -> String {
        format!("seconds/{}.json", self.name)
    }
}
