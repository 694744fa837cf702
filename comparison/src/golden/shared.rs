//! What the experiments of a run have in common by chance: how much more a pump delivers with this filling, and the ripple of its screw.
//!
//! One turn of a screw lasts as long as one to three experiments, so the ripple of a pump can shift several of them alike, or one up
//! and the next down. How, is known but for the turn at which the run began. So chance is
//!
//! ```text
//!   covariance of (now − then) = 2 · own chance of each experiment + Σ v vᵀ
//! ```
//!
//! with a vector v for the bias of each pump or gas, and some for the ripple of each pump in either run.

use std::collections::BTreeSet;
use std::f64::consts::{FRAC_PI_2, PI, TAU};
use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{ExperimentRecord, Journal};
use flowtwin_lab::{Conditions, PumpId, Streams};
use flowtwin_sim::SimLab;
use serde_json::Value;

use super::cause::Cause;
use super::readings::{Block, minus};
use super::simulated::{FIRST_SEED, Simulated, Way, Yield, ripple, seeds};

/// Turns of the screw at which a run is taken to begin, for each pump: quarters, over which the mean square of a sine is a half
/// wherever the first lies.
const TURNS: usize = 4;
/// Seeds among which these turns are looked for.
const SEEDS: u64 = 256;
/// Seeds whose mean is the expected change.
const FADING: u64 = 8;

/// Some experiments of a run, as they came after those before them.
pub(crate) struct Run<'a> {
    definition: &'a Value,
    conditions: Vec<Conditions>,
    /// Where these experiments are among the conditions.
    places: Vec<usize>,
}

impl<'a> Run<'a> {
    /// Experiments of the recorded run.
    pub(crate) fn recorded(definition: &'a Value, journal: &Journal, numbers: &[u64]) -> Self {
        let last = numbers.iter().copied().max().unwrap_or_default();
        let before = journal.experiments().filter(|record| record.experiment <= last);
        let records: Vec<&ExperimentRecord> = before.collect();
        let place = |number: &u64| records.iter().position(|record| record.experiment == *number);
        Self {
            definition,
            places: numbers.iter().filter_map(place).collect(),
            conditions: records.iter().map(|record| record.conditions.clone()).collect(),
        }
    }

    /// All experiments of a list.
    pub(crate) fn listed(list: &Simulated<'a>) -> Self {
        let conditions = list.conditions.to_vec();
        Self { definition: list.definition, places: (0..conditions.len()).collect(), conditions }
    }

    /// What each way yields at these experiments: empty where the simulation does not reach one, and for the references, which these
    /// ways leave alone.
    fn yields(&self, ways: &[Way], threads: NonZeroUsize) -> Vec<Yield> {
        let list = Simulated { definition: self.definition, conditions: &self.conditions };
        let of = |yields: Option<Yield>| -> Yield {
            let yields = yields.unwrap_or_default();
            let block = |place: &usize| yields.get(place + 1).cloned().unwrap_or_default();
            [Block::new()].into_iter().chain(self.places.iter().map(block)).collect()
        };
        list.all(ways, threads).into_iter().map(of).collect()
    }

    /// What the ripple of each pump may add to the readings: vectors whose squares sum up to its covariance.
    pub(crate) fn ripples(&self, causes: &[Cause], threads: NonZeroUsize) -> Vec<Yield> {
        let pumps = causes.iter().filter_map(|cause| match cause {
            Cause::Pump(name) if moves(&ripple(self.definition, name)) => Some(name),
            _ => None,
        });
        let pumps: Vec<&String> = pumps.collect();
        let Some(turns) = quarters(self.definition, &pumps) else { return Vec::new() };
        let begun: Vec<(&String, u64)> = pumps
            .iter()
            .zip(&turns)
            .flat_map(|(pump, turns)| turns.map(|seed| (*pump, seed)))
            .collect();
        let still = begun.iter().map(|(_, seed)| *seed).collect::<BTreeSet<u64>>();
        let still: Vec<u64> = still.into_iter().collect();
        let rippling = begun.iter().map(|(pump, seed)| Way::Rippling((*pump).clone(), *seed));
        let ways: Vec<Way> =
            still.iter().map(|seed| Way::Moved(None, *seed)).chain(rippling).collect();
        let yields = self.yields(&ways, threads);
        let (without, with) = yields.split_at(still.len());
        let of = |(yields, (_, seed)): (&Yield, &(&String, u64))| {
            let place = still.binary_search(seed).expect("each seed is among those without ripple");
            scaled(&difference(yields, &without[place]), 1.0 / (TURNS as f64).sqrt())
        };
        with.iter().zip(&begun).map(of).collect()
    }

    /// The mean of what the run yields where only lights and wavelengths drift.
    pub(crate) fn fading(&self, threads: NonZeroUsize) -> Yield {
        let ways: Vec<Way> = seeds(self.definition, FADING).map(Way::Fading).collect();
        average(&self.yields(&ways, threads))
    }
}

/// Seeds with which the screw of each pump begins a quarter of a turn further each; none where the rig cannot be simulated.
fn quarters(definition: &Value, pumps: &[&String]) -> Option<Vec<[u64; TURNS]>> {
    let scenario = Scenario::recorded(definition).ok()?;
    let simulated = scenario.simulated().ok()?;
    let labs: Vec<(u64, SimLab)> =
        (FIRST_SEED..FIRST_SEED + SEEDS).map(|seed| (seed, simulated.lab(seed))).collect();
    let of = |pump: &&String| {
        let name = PumpId::from(pump.as_str());
        let phases: Option<Vec<(u64, f64)>> =
            labs.iter().map(|(seed, lab)| Some((*seed, lab.screw_phase(&name)?))).collect();
        let phases = phases?;
        let nearest = |quarter: usize| {
            let wanted = phases[0].1 + quarter as f64 * FRAC_PI_2;
            let away = |phase: f64| (phase - wanted + PI).rem_euclid(TAU) - PI;
            let nearest = phases.iter().min_by(|a, b| away(a.1).abs().total_cmp(&away(b.1).abs()));
            nearest.expect("there are seeds").0
        };
        Some(std::array::from_fn(nearest))
    };
    pumps.iter().map(of).collect()
}

/// The biases of pumps and gases between two runs: a vector for each.
pub(crate) fn biases(scenario: &Scenario, causes: &[Cause], effects: &[Yield]) -> Vec<Yield> {
    let pumps = &scenario.file().noise.pumps;
    let of = |(cause, effect): (&Cause, &Yield)| {
        let (Cause::Pump(name) | Cause::Gas(name)) = cause else { return None };
        let percent = pumps.of(name).bias_percent;
        (percent > 0.0).then(|| scaled(effect, 2.0_f64.sqrt() * percent / cause.step()))
    };
    causes.iter().zip(effects).filter_map(of).collect()
}

/// Adds what experiments have in common to a difference by chance, drawn anew.
pub(crate) fn added(own: &Yield, shared: &[Yield], draw: u64) -> Yield {
    let mut stream = Streams::new(FIRST_SEED).open("golden/shared", draw);
    let mut all = own.clone();
    for vector in shared {
        let by = stream.normal();
        for (block, more) in all.iter_mut().zip(vector) {
            block.iter_mut().zip(more).for_each(|(value, more)| *value += by * more);
        }
    }
    all
}

/// Places of some experiments only.
pub(crate) fn picked(yields: &Yield, places: &[usize]) -> Yield {
    let block = |place: &usize| yields.get(place + 1).cloned().unwrap_or_default();
    [yields[0].clone()].into_iter().chain(places.iter().map(block)).collect()
}

/// The differences of two yields, block by block.
pub(crate) fn difference(a: &Yield, b: &Yield) -> Yield {
    a.iter().zip(b).map(|(a, b)| minus(a, b)).collect()
}

/// The mean of several yields: a block that one of them has not is empty.
pub(crate) fn average(yields: &[Yield]) -> Yield {
    let n = yields.len() as f64;
    let mut sum = yields.first().cloned().unwrap_or_default();
    for more in yields.iter().skip(1) {
        for (block, more) in sum.iter_mut().zip(more) {
            let few = block.len().min(more.len());
            block.truncate(few);
            block.iter_mut().zip(more).for_each(|(value, more)| *value += more);
        }
    }
    scaled(&sum, 1.0 / n)
}

fn scaled(yields: &Yield, by: f64) -> Yield {
    yields.iter().map(|block| block.iter().map(|value| by * value).collect()).collect()
}

fn moves(ripple: &Value) -> bool {
    let all = ripple.as_object();
    all.is_some_and(|all| all.values().any(|percent| percent.as_f64() != Some(0.0)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::golden::effects::effects;

    /// A ripple of amplitude a is a change of the delivery by a sin φ, whose mean square is a²/2; a reading takes time, which
    /// evens out some of it.
    #[test]
    fn a_ripple_is_as_large_as_its_amplitude_says_and_of_its_pump_alone() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/dye-mixing.toml");
        let mut definition = Scenario::load(Path::new(path)).unwrap().definition();
        let none = json!({ "ripple_percent": 0.0, "second_ripple_percent": 0.0 });
        let red = json!({ "ripple_percent": 2.0, "second_ripple_percent": 0.0 });
        definition["noise"]["pumps"]["each"] = json!({ "blue": none, "red": red, "oil": none });
        let conditions: Vec<Conditions> = [[120.0, 240.0], [200.0, 150.0]]
            .map(|[blue, red]| json!({ "blue_ul_per_min": blue, "red_ul_per_min": red }))
            .map(|table| serde_json::from_value(table).unwrap())
            .to_vec();
        let list = Simulated { definition: &definition, conditions: &conditions };
        let causes = Cause::all(&definition);
        let at = causes.iter().position(|cause| *cause == Cause::Pump("red".into())).unwrap();
        let effects = effects(&list, &causes, &[1.0], NonZeroUsize::MIN).unwrap();
        let ripples = Run::listed(&list).ripples(&causes, NonZeroUsize::MIN);
        assert_eq!(ripples.len(), TURNS, "one pump only");
        for block in 1..=conditions.len() {
            let effect = &effects[at][block];
            let largest = |a: &usize, b: &usize| effect[*a].abs().total_cmp(&effect[*b].abs());
            let absorbs = |i: &usize| effect[*i].abs() < 1.0;
            let place = (0..effect.len()).filter(absorbs).max_by(largest).unwrap();
            let square: f64 = ripples.iter().map(|v| v[block][place] * v[block][place]).sum();
            let amplitude = effect[place] * 2.0 / causes[at].step();
            let part = square / (amplitude * amplitude);
            assert!((0.36..0.52).contains(&part), "{block}, {place}: {part}");
        }
    }

    /// Over turns by chance the mean square of a ripple is too small for some pumps, and their readings are taken for movements.
    #[test]
    fn the_mean_square_of_a_ripple_is_a_half_wherever_a_turn_begins() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/cs3cu2i5.toml");
        let scenario = Scenario::load(Path::new(path)).unwrap();
        let definition = scenario.definition();
        let pumps: Vec<&String> = definition["rig"]["pumps"].as_object().unwrap().keys().collect();
        let turns = quarters(&definition, &pumps).unwrap();
        assert_eq!(turns.len(), 8);
        for (pump, seeds) in pumps.iter().zip(turns) {
            let name = PumpId::from(pump.as_str());
            let lab = |seed| scenario.simulated().unwrap().lab(seed);
            let phases = seeds.map(|seed| lab(seed).screw_phase(&name).unwrap());
            for later in [0.0, 0.4, 0.8, 1.2] {
                let sines = phases.map(|phase| flowtwin_lab::math::sin(phase + later));
                let square = sines.iter().map(|sine| sine * sine).sum::<f64>() / TURNS as f64;
                assert!((square - 0.5).abs() < 0.03, "{pump}, {later} rad later: {square}");
            }
        }
    }

    #[test]
    fn what_is_added_has_the_variance_of_its_vectors() {
        let shared = [vec![vec![3.0], vec![0.0]], vec![vec![0.0], vec![-2.0]]];
        let own = vec![vec![1.0], vec![1.0]];
        let drawn: Vec<Yield> = (0..4000).map(|draw| added(&own, &shared, draw)).collect();
        for (block, by) in [(0, 9.0), (1, 4.0)] {
            let all: Vec<f64> = drawn.iter().map(|yields| yields[block][0] - 1.0).collect();
            let square = all.iter().map(|x| x * x).sum::<f64>() / all.len() as f64;
            // Four standard errors of a variance from 4000 draws: 4 · √(2/4000) = 9 %.
            assert!((square / by - 1.0).abs() < 0.09, "{square}");
        }
    }
}
