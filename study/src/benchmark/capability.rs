//! What the lab of a scenario can do, by the measures of Volk and Abolhasani (Nat. Commun. 2024, 15, 1378).

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::{Conditions, Observation, Streams};
use flowtwin_report::Material;
use flowtwin_statistics::{mean, median, standard_deviation};
use serde::{Deserialize, Serialize};

/// Repeats from which precision is taken, after a first experiment that heats up.
const REPEATS: usize = 10;
/// Points from which the feasible share of the box is taken.
const POINTS: usize = 4096;
/// Seed of the lab in which they are run.
const SEED: u64 = 0;

/// What the lab of a scenario can do, found by repeating its best known experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// Number of settings that the resolution of the inputs distinguishes; none where an input is not rounded.
    pub settings: Option<f64>,
    /// Lab time of an experiment that has nothing to heat \[s\].
    pub experiment_s: f64,
    /// Share of the box of the inputs that meets the constraints.
    pub feasible: f64,
    /// What an experiment takes of each stock.
    pub materials: Vec<Material>,
    /// The stock that is used up first, and after how many experiments.
    pub first_empty: Option<(String, f64)>,
    /// Relative standard deviation of the objective over repeats; none where it is zero on the mean.
    pub precision: Option<f64>,
}

impl Capability {
    /// What the simulated lab of a scenario does when `conditions` are repeated; none where they fail, or there is no
    /// simulated lab.
    pub fn of(scenario: &Scenario, conditions: &Conditions) -> Option<Self> {
        let mut lab = scenario.simulated().ok()?.lab(SEED);
        let blank = scenario.procedure().prime(&mut lab).ok()?;
        let mut once = || scenario.procedure().run(&mut lab, &blank, conditions);
        let _heats_up = once();
        let repeats: Vec<Observation> =
            (0..REPEATS).map(|_| once()).filter(|repeat| !repeat.failed()).collect();
        let feature = &scenario.objective().feature;
        let values: Vec<f64> =
            repeats.iter().filter_map(|repeat| repeat.feature(feature)).collect();
        let times: Vec<f64> = repeats.iter().map(Observation::lab_time_s).collect();
        let consumed_ml = &repeats.first()?.consumed_ml;
        let spread = standard_deviation(&values) / mean(&values).abs();
        Some(Self {
            settings: settings(scenario),
            experiment_s: median(&times),
            feasible: feasible(scenario),
            first_empty: first_empty(scenario, consumed_ml),
            materials: materials(scenario, consumed_ml),
            precision: spread.is_finite().then_some(spread),
        })
    }
}

fn settings(scenario: &Scenario) -> Option<f64> {
    let inputs = scenario.space().inputs();
    let fine = inputs.iter().all(|input| input.resolution > 0.0);
    let steps = inputs.iter().map(|i| ((i.high - i.low) / i.resolution + 1e-9).floor() + 1.0);
    fine.then(|| steps.fold(1.0, |product, n| product * n))
}

/// Share of points drawn over the box that meet the constraints.
fn feasible(scenario: &Scenario) -> f64 {
    let space = scenario.space();
    let mut stream = Streams::new(SEED).open("bench/feasible", 0);
    let mut inside = || {
        let drawn: Vec<f64> = (0..space.dim()).map(|_| stream.uniform()).collect();
        space.contains(&space.from_unit(&drawn))
    };
    (0..POINTS).filter(|_| inside()).count() as f64 / POINTS as f64
}

fn materials(scenario: &Scenario, consumed_ml: &[(String, f64)]) -> Vec<Material> {
    let material = |(stock, ml): &(String, f64)| {
        let kind = scenario.file().stocks.get(stock).cloned().unwrap_or_default();
        Material {
            stock: stock.clone(),
            ml: *ml,
            hazardous: kind.hazardous,
            high_value: kind.high_value,
            keeps_h: kind.keeps_h,
        }
    };
    consumed_ml.iter().map(material).collect()
}

fn first_empty(scenario: &Scenario, reagents_ml: &[(String, f64)]) -> Option<(String, f64)> {
    let lasts = |(stock, ml): &(String, f64)| {
        let pumps = scenario.manifest().pumps.iter().filter(|pump| pump.stock == *stock);
        let fill = pumps.fold(0.0, |sum, pump| sum + pump.fill_ml);
        (*ml > 0.0).then(|| (stock.clone(), fill / ml))
    };
    reagents_ml.iter().filter_map(lasts).min_by(|a, b| a.1.total_cmp(&b.1))
}
