//! Which conditions of a run say most about its rig, and how much each cause moves them.

use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Conditions;
use flowtwin_lab::journal::{ExperimentRecord, Journal};
use flowtwin_lab::queue::in_order;
use serde_json::Value;

use super::cause::Cause;
use super::matrix::{Factor, gram};
use super::noise::Noise;
use super::readings::{Block, minus};
use super::simulated::{Simulated, Way, Yield, yielded};
use crate::listed::listed;

/// Experiments among which the handful is chosen, at most.
const AMONG: usize = 24;
/// Seeds with which these are simulated, for the errors on which the choice rests.
const SEEDS: u64 = 16;
/// Experiments of a golden run at most, and at least.
const MOST: usize = 12;
const LEAST: usize = 2;
/// Seeds with which the handful is simulated: half of them weight the readings, the others give the spread by chance.
const REPLICATES: u64 = 160;
/// The first of these seeds, far from those that people choose.
const FIRST_SEED: u64 = 7_000_001;

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
    /// The spread by chance.
    pub(crate) noise: Noise,
}

impl Plan {
    /// Chooses conditions of a run that take at most this many minutes of lab time once the first of them is measured.
    ///
    /// Every part of the rig is moved a step in simulation, without noise, at up to 24 conditions of the run. The conditions are chosen
    /// one after the other, each raising the determinant of the information on all causes most for its time (D-optimal
    /// design).
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
        let jumps = jumps(&scenario);
        let chosen =
            Choice { definition, causes: &causes, candidates: &candidates, jumps: &jumps, threads }
                .within(60.0 * minutes)
                .ok_or_else(failed)?;
        let conditions: Vec<Conditions> =
            chosen.iter().map(|&i| candidates[i].conditions.clone()).collect();
        let list = Simulated { definition, conditions: &conditions };
        let effects = effects(&list, &causes, &[1.0, -1.0], threads).ok_or_else(failed)?;
        let effects = effects.chunks(2).map(|both| [both[0].clone(), both[1].clone()]).collect();
        let seeds: Vec<Way> = (0..REPLICATES).map(|i| Way::Noisy(FIRST_SEED + i)).collect();
        let yields: Vec<Yield> = list.all(&seeds, threads).into_iter().flatten().collect();
        let noise = Noise::of(&yields, conditions.len() + 1, &jumps).ok_or_else(failed)?;
        let experiments: Vec<u64> = chosen.iter().map(|&i| candidates[i].experiment).collect();
        Ok(Self {
            scenario: Scenario::recorded(&listed(definition, "golden", &conditions))?,
            expected: expected(&list, recorded, &experiments),
            experiments,
            lab_time_s: times(&list).ok_or_else(failed)?,
            conditions,
            causes,
            effects,
            noise,
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

/// The effect of each cause at each of these numbers of steps, cause by cause.
fn effects(
    list: &Simulated<'_>,
    causes: &[Cause],
    steps: &[f64],
    threads: NonZeroUsize,
) -> Option<Vec<Yield>> {
    let each = causes.iter().flat_map(|cause| steps.iter().map(move |step| (cause, *step)));
    let moved = each.map(|(cause, step)| Way::Moved(Some((cause.clone(), step))));
    let ways: Vec<Way> = [Way::Moved(None)].into_iter().chain(moved).collect();
    let mut yields = list.all(&ways, threads).into_iter();
    let base = yields.next()??;
    let more = |moved: Option<Yield>| Some(difference(&moved?, &base));
    yields.map(more).collect()
}

/// The expected change of the readings if nothing has moved; nothing where the simulation of the recorded run does
/// not reach an experiment.
fn expected(list: &Simulated<'_>, recorded: &Journal, experiments: &[u64]) -> Yield {
    let last = experiments.iter().copied().max().unwrap_or_default();
    let records: Vec<&ExperimentRecord> =
        recorded.experiments().filter(|record| record.experiment <= last).collect();
    let conditions: Vec<Conditions> = records.iter().map(|r| r.conditions.clone()).collect();
    let then = Simulated { definition: list.definition, conditions: &conditions };
    let yielded =
        |list: &Simulated<'_>| list.journal(&Way::Fading).map(|journal| yielded(&journal));
    let (Some(then), Some(now)) = (yielded(&then), yielded(list)) else { return Yield::new() };
    let place = |number: &u64| records.iter().position(|record| record.experiment == *number);
    let of = |(i, number): (usize, &u64)| {
        let then = place(number).and_then(|place| then.get(place + 1));
        then.zip(now.get(i + 1)).map_or(Block::new(), |(then, now)| minus(now, then))
    };
    [Block::new()].into_iter().chain(experiments.iter().enumerate().map(of)).collect()
}

/// Places of the features that follow no amount. The spectra that they are read off count all the same.
fn jumps(scenario: &Scenario) -> Vec<usize> {
    let features = scenario.analysis().features().iter().enumerate();
    features.filter(|(_, it)| !it.measure.follows_amounts()).map(|(place, _)| place).collect()
}

fn difference(a: &Yield, b: &Yield) -> Yield {
    a.iter().zip(b).map(|(a, b)| minus(a, b)).collect()
}

/// Lab time until the first experiment is measured, and in all \[s\].
fn times(list: &Simulated<'_>) -> Option<[f64; 2]> {
    let journal = list.journal(&Way::Moved(None))?;
    let first = journal.experiments().next()?.ended_ns.as_secs();
    let last = journal.experiments().last()?.ended_ns.as_secs();
    (journal.experiments().count() == list.conditions.len()).then_some([first, last])
}

/// The choice of a handful.
struct Choice<'a> {
    definition: &'a Value,
    causes: &'a [Cause],
    candidates: &'a [&'a ExperimentRecord],
    jumps: &'a [usize],
    threads: NonZeroUsize,
}

impl Choice<'_> {
    /// Places of the candidates that give most information within a time, in order.
    fn within(&self, budget_s: f64) -> Option<Vec<usize>> {
        let conditions: Vec<Conditions> =
            self.candidates.iter().map(|record| record.conditions.clone()).collect();
        let list = Simulated { definition: self.definition, conditions: &conditions };
        let effects = effects(&list, self.causes, &[1.0], self.threads)?;
        let seeds: Vec<Way> = (0..SEEDS).map(|i| Way::Noisy(FIRST_SEED + i)).collect();
        let yields: Vec<Yield> = list.all(&seeds, self.threads).into_iter().flatten().collect();
        let noise = Noise::of(&yields, conditions.len() + 1, self.jumps)?;
        let of_block = |block: usize| -> Vec<Block> {
            effects.iter().map(|effect| noise.whiten(block, &effect[block])).collect()
        };
        let told: Vec<Vec<Vec<f64>>> =
            (0..=conditions.len()).map(|block| gram(&of_block(block))).collect();
        let mut information = told[0].clone();
        (0..information.len()).for_each(|i| information[i][i] += 1.0);
        let mut chosen: Vec<usize> = Vec::new();
        while chosen.len() < MOST {
            let free = (0..conditions.len()).filter(|place| !chosen.contains(place));
            let more: Vec<Vec<usize>> = free.map(|place| with(&chosen, place)).collect();
            let lasts_s = self.lasts_s(&conditions, &more);
            let before = log_determinant(&information);
            let value = |place: usize, lasts_s: f64| {
                let after = log_determinant(&sum(&information, &told[place + 1]));
                (after - before) / lasts_s.max(1.0)
            };
            let in_time = more.into_iter().zip(lasts_s).filter_map(|(more, lasts_s)| {
                let lasts_s = lasts_s.filter(|s| more.len() <= LEAST || *s <= budget_s)?;
                let place = *more.iter().find(|place| !chosen.contains(place))?;
                Some((value(place, lasts_s), place, more))
            });
            let best = in_time.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            let Some((_, place, more)) = best else { break };
            information = sum(&information, &told[place + 1]);
            chosen = more;
        }
        Some(chosen)
    }

    /// How long each of several lists takes once its first experiment is measured \[s\].
    fn lasts_s(&self, conditions: &[Conditions], lists: &[Vec<usize>]) -> Vec<Option<f64>> {
        in_order(lists.len(), self.threads, |list| {
            let conditions: Vec<Conditions> =
                lists[list].iter().map(|&i| conditions[i].clone()).collect();
            let list = Simulated { definition: self.definition, conditions: &conditions };
            times(&list).map(|[first, last]| last - first)
        })
    }
}

/// The places with one more, in order.
fn with(places: &[usize], more: usize) -> Vec<usize> {
    let mut all = [places, &[more]].concat();
    all.sort_unstable();
    all
}

fn log_determinant(matrix: &[Vec<f64>]) -> f64 {
    Factor::of(matrix).map_or(f64::NEG_INFINITY, |factor| factor.log_determinant())
}

fn sum(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let row = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + b).collect();
    a.iter().zip(b).map(row).collect()
}
