//! The result of a campaign, and its cost.

use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_report::{Front, Run};
use flowtwin_study::benchmark::Truth;
use serde::Serialize;

use crate::side::{Aim, Goal, Side};

/// A quantity of a whole campaign on both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// What it is.
    pub name: String,
    /// Its unit; empty for a count.
    pub unit: String,
    /// Before; none where it is not known.
    pub before: Option<f64>,
    /// Now; none where it is not known.
    pub after: Option<f64>,
}

impl Cost {
    /// Whether only one side has it.
    pub(crate) fn one_sided(&self) -> bool {
        self.before.is_some() != self.after.is_some()
    }

    /// Whether it is known on both sides and differs.
    pub fn moved(&self) -> bool {
        let pair = self.before.zip(self.after);
        pair.is_some_and(|(before, after)| before.to_bits() != after.to_bits())
    }
}

/// The results of both campaigns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Best value, distance from its target or front, regret, experiments, lab time, volumes.
    pub totals: Vec<Cost>,
    /// What was computed.
    pub work: Vec<Cost>,
    /// Where the best of each side was found, by the number of the experiment.
    pub best_at: [Option<u64>; 2],
}

impl Outcome {
    pub(crate) fn between(a: &Side, b: &Side, regret: Option<NonZeroUsize>) -> Self {
        // A snapshot that does not say its objective is after what the other side is after.
        let goal = a.objective().or_else(|| b.objective());
        let best = |side: &Side| side.best(goal.as_ref()?);
        let (before, after) = (best(a), best(b));
        let value = |best: &Option<(u64, f64)>| best.map(|(_, value)| value);
        let name = goal.as_ref().map_or("objective", |goal| goal.feature.as_str());
        let unit = a.features.iter().find(|(known, _)| known == name).map_or("", |(_, unit)| unit);
        let count = |n: usize| Some(n as f64);
        let mut totals = vec![cost(format!("best {name}"), unit, value(&before), value(&after))];
        if let Some(Goal { aim: Aim::Target(target), .. }) = goal {
            let off = |best| value(best).map(|value| (value - target).abs());
            totals.push(cost("off its target".into(), unit, off(&before), off(&after)));
        }
        if let Some(((size, volume), (later, more))) = a.front().zip(b.front()) {
            totals.push(cost("best compromises".into(), "", count(size), count(later)));
            totals.push(cost("hypervolume".into(), "", Some(volume), Some(more)));
        }
        if let Some(threads) = regret {
            totals.push(cost("regret".into(), unit, a.regret(threads), b.regret(threads)));
        }
        let (n, m) = (count(a.experiments.len()), count(b.experiments.len()));
        totals.push(cost("experiments".into(), "", n, m));
        totals.push(cost("failed".into(), "", count(a.failed()), count(b.failed())));
        let (whole, parts) = (a.lab_time_s.zip(b.lab_time_s), (a.sum_s(), b.sum_s()));
        let (before_s, after_s) = whole.unwrap_or(parts);
        let time = if whole.is_some() { "lab time" } else { "lab time of experiments" };
        totals.push(cost(time.into(), "s", Some(before_s), Some(after_s)));
        if let Some((before, after)) = a.ml().zip(b.ml()) {
            totals.push(cost("liquids".into(), "mL", Some(before), Some(after)));
        }
        let best_at = [before.map(|(n, _)| n), after.map(|(n, _)| n)];
        Self { totals, work: work(a, b), best_at }
    }
}

fn cost(name: String, unit: &str, before: Option<f64>, after: Option<f64>) -> Cost {
    Cost { name, unit: unit.into(), before, after }
}

/// Counts that either side knows, in the order of the first that does.
fn work(a: &Side, b: &Side) -> Vec<Cost> {
    if a.work.is_empty() || b.work.is_empty() {
        return Vec::new();
    }
    let names = a.work.iter().chain(b.work.iter().filter(|(name, _)| a.count(name).is_none()));
    let row = |(name, _): &(String, u64)| cost(name.clone(), "", a.count(name), b.count(name));
    names.map(row).collect()
}

impl Side {
    fn count(&self, name: &str) -> Option<f64> {
        let found = self.work.iter().find(|(known, _)| known == name);
        found.map(|(_, count)| *count as f64)
    }

    /// The best experiment and its objective.
    pub(crate) fn best(&self, goal: &Goal) -> Option<(u64, f64)> {
        let place = self.features.iter().position(|(known, _)| *known == goal.feature)?;
        let mut best: Option<(u64, f64)> = None;
        for m in self.experiments.iter().filter(|m| !m.failed() && self.is_allowed(m)) {
            let Some(value) = m.features.get(place).copied().flatten() else { continue };
            if best.is_none_or(|(_, best)| goal.score(value) > goal.score(best)) {
                best = Some((m.experiment, value));
            }
        }
        best
    }

    /// The regret: the noise-free optimum of the scenario minus the noise-free value of the best experiment;
    /// none where the side has no world that can be simulated.
    fn regret(&self, threads: NonZeroUsize) -> Option<f64> {
        // A snapshot is of a simulation.
        let simulated = self.journal.as_ref().is_none_or(|journal| journal.header().simulated);
        let scenario = Scenario::recorded(self.definition.as_ref()?).ok()?;
        if self.has_several() || scenario.table().is_none() && !simulated {
            return None;
        }
        let (number, _) = self.best(&self.objective()?)?;
        let best = self.experiments.iter().find(|m| m.experiment == number)?;
        let conditions = serde_json::from_value(self.conditions_of(best)).ok()?;
        let optimum = Truth::optimum(&scenario, threads).ok()?;
        let found = Truth::new(&scenario).at(&conditions)?;
        let goal = scenario.objective().goal;
        Some((goal.score(optimum.value) - goal.score(found)).max(0.0))
    }

    /// How many best compromises between several objectives it holds, and what they cover; none where there is one objective,
    /// or has no journal.
    fn front(&self) -> Option<(usize, f64)> {
        let run = Run::read(self.journal.as_ref()?).ok()?;
        Front::of(&run).map(|front| (front.members.len(), front.hypervolume))
    }

    fn failed(&self) -> usize {
        self.experiments.iter().filter(|m| m.failed()).count()
    }

    /// Lab time of its experiments together [s].
    fn sum_s(&self) -> f64 {
        self.experiments.iter().map(|m| m.lab_time_s).sum()
    }

    fn ml(&self) -> Option<f64> {
        self.reagent_ml.as_ref().map(|stocks| stocks.iter().map(|(_, ml)| ml).sum())
    }
}
