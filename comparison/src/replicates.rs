//! How far the same experiment scatters on the same rig.

use flowtwin_campaign::outside::Setting;
use std::num::NonZeroUsize;

use flowtwin_campaign::ordered::Ordered;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_statistics::standard_deviation;
use serde_json::json;

use crate::side::{Measured, Side};
use crate::snapshot::Snapshot;

/// Experiments of a side whose conditions are repeated.
const AT: usize = 3;
/// How often each is.
const TIMES: usize = 6;

/// Standard deviations of the features of one rig over replicates.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicates {
    deviations: Vec<(String, f64)>,
    /// Replicates behind them.
    pub experiments: usize,
}

impl Replicates {
    /// Replicates of a side: those that its run holds, else those of its scenario in simulation; none where there are
    /// neither.
    ///
    /// In simulation the conditions of its first, middle and last experiment that did not fail are repeated six times
    /// each, in turn, without the faults of the scenario. Variances of the three are averaged.
    pub fn of(side: &Side, threads: NonZeroUsize) -> Option<Self> {
        let recorded = groups(&side.experiments);
        if recorded.iter().map(|group| group.len() - 1).sum::<usize>() >= TIMES {
            return Some(Self::pooled(side, &recorded));
        }
        let simulated = simulated(side, threads)?;
        Some(Self::pooled(side, &groups(&simulated)))
    }

    /// Standard deviation of a feature, in its unit.
    pub fn deviation(&self, feature: &str) -> Option<f64> {
        let found = self.deviations.iter().find(|(name, _)| name == feature);
        found.map(|(_, deviation)| *deviation).filter(|deviation| deviation.is_finite())
    }

    fn pooled(side: &Side, groups: &[Vec<&Measured>]) -> Self {
        let deviation = |feature: usize| {
            let (mut squares, mut freedom) = (0.0, 0.0);
            for group in groups {
                let values: Vec<f64> = group
                    .iter()
                    .filter_map(|m| m.features.get(feature).copied().flatten())
                    .collect();
                if values.len() > 1 {
                    let deviation = standard_deviation(&values);
                    squares += deviation * deviation * (values.len() - 1) as f64;
                    freedom += (values.len() - 1) as f64;
                }
            }
            (squares / freedom).sqrt()
        };
        let named = side.features.iter().enumerate();
        let deviations = named.map(|(i, (name, _))| (name.clone(), deviation(i)));
        let experiments = groups.iter().map(Vec::len).sum();
        Self { deviations: deviations.collect(), experiments }
    }
}

/// Experiments that did not fail, those at the same conditions together, where there are two at least.
fn groups(experiments: &[Measured]) -> Vec<Vec<&Measured>> {
    let mut groups: Vec<Vec<&Measured>> = Vec::new();
    for m in experiments.iter().filter(|m| !m.failed()) {
        match groups.iter_mut().find(|group| group[0].conditions == m.conditions) {
            Some(group) => group.push(m),
            None => groups.push(vec![m]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// Replicates in the simulation of a side's scenario.
fn simulated(side: &Side, threads: NonZeroUsize) -> Option<Vec<Measured>> {
    let mut definition = side.definition.clone()?;
    Scenario::recorded(&definition).ok().filter(|scenario| scenario.table().is_none())?;
    let good: Vec<&Measured> = side.experiments.iter().filter(|m| !m.failed()).collect();
    let last = good.len().checked_sub(1)?;
    let mut at = vec![0, last / 2, last];
    at.dedup();
    at.truncate(AT);
    let of = |m: &Measured| side.inputs.iter().cloned().zip(m.conditions.clone()).collect();
    let conditions: Vec<Ordered<Setting>> =
        (0..TIMES * at.len()).map(|i| of(good[at[i % at.len()]])).collect();
    let phase = json!({
        "name": "replicates",
        "experiments": conditions.len(),
        "policy": { "list": { "conditions": conditions } },
    });
    definition["phases"] = json!([phase]);
    let table = definition.as_object_mut()?;
    ["faults", "prior", "policy_command"].iter().for_each(|key| {
        table.shift_remove(*key);
    });
    let scenario = Scenario::recorded(&definition).ok()?;
    let (_, journal) = Snapshot::taken(&scenario, threads).ok()?;
    Some(Side::run("replicates", journal).ok()?.experiments)
}
