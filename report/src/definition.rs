//! What a report needs of the scenario in a journal's header.
//!
//! Keys that a report does not show are not looked at: a report can be made of a run whose scenario a later
//! version would no longer accept.

use std::collections::BTreeMap;

use flowtwin_lab::{Analysis, AnalysisSpec, LimitSpec, Manifest, ObjectiveSpec, Wanted};
use serde::Deserialize;
use serde_json::Value;

use super::extrapolated;
use super::format::counted;

/// The parts of a scenario that a report shows.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Definition {
    /// A title for people.
    #[serde(default)]
    pub(crate) title: String,
    /// The objective, where there is only one.
    #[serde(default)]
    objective: Option<ObjectiveSpec>,
    /// The objectives, where there are several.
    #[serde(default)]
    objectives: Vec<ObjectiveSpec>,
    /// The limits.
    #[serde(default)]
    limits: Vec<LimitSpec>,
    /// What the metrics say about the stocks.
    #[serde(default)]
    pub(crate) stocks: BTreeMap<String, Kind>,
    #[serde(default)]
    space: SpacePart,
    #[serde(default)]
    table: TablePart,
    #[serde(default)]
    analysis: Value,
    #[serde(default)]
    guard: Option<Value>,
    #[serde(default)]
    phases: Vec<PhasePart>,
    #[serde(default)]
    prior: Vec<PriorPart>,
}

/// What is planned of a phase.
#[derive(Clone, Copy, Debug, Deserialize)]
struct PhasePart {
    #[serde(default)]
    experiments: Option<usize>,
}

/// Earlier experiments that the campaign began with.
#[derive(Clone, Debug, Deserialize)]
struct PriorPart {
    data: String,
    #[serde(default)]
    experiments: Vec<PriorRow>,
}

#[derive(Clone, Debug, Deserialize)]
struct PriorRow {
    inputs: Vec<f64>,
}

/// What kind of material a stock is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Kind {
    #[serde(default)]
    pub(crate) hazardous: bool,
    #[serde(default)]
    pub(crate) high_value: bool,
    /// How long it keeps \[h\].
    #[serde(default)]
    pub(crate) keeps_h: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct SpacePart {
    #[serde(default)]
    inputs: BTreeMap<String, InputPart>,
}

/// What may be chosen of an input.
#[derive(Clone, Debug, Default, Deserialize)]
struct InputPart {
    #[serde(default)]
    low: Option<f64>,
    #[serde(default)]
    high: Option<f64>,
    #[serde(default)]
    resolution: f64,
    #[serde(default)]
    levels: Vec<f64>,
    #[serde(default)]
    options: Vec<String>,
}

impl InputPart {
    fn range(&self) -> Option<Range> {
        let levels = || self.levels.iter().copied();
        let bound = |stated: Option<f64>, level: Option<f64>| stated.or(level);
        let low = bound(self.low, levels().reduce(f64::min))?;
        let high = bound(self.high, levels().reduce(f64::max))?;
        Some(Range { low, high, resolution: self.resolution })
    }
}

/// What was read from a table of outcomes.
#[derive(Clone, Debug, Default, Deserialize)]
struct TablePart {
    #[serde(default)]
    read: ReadPart,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct ReadPart {
    #[serde(default)]
    inputs: Vec<flowtwin_lab::Input>,
}

/// The range of an input.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub(crate) struct Range {
    /// Lowest value.
    pub(crate) low: f64,
    /// Highest value.
    pub(crate) high: f64,
    /// Proposals are multiples of this; 0 for no rounding.
    #[serde(default)]
    pub(crate) resolution: f64,
}

impl Definition {
    /// Reads the parts from a header's `definition`.
    pub(crate) fn read(value: &Value) -> Result<Self, serde_json::Error> {
        Self::deserialize(value)
    }

    /// What the campaign optimises, by the outcomes that it is about.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted::new(self.objective.iter().chain(&self.objectives), &self.limits)
    }

    /// The range of an input, where the scenario states one.
    pub(crate) fn range(&self, input: &str) -> Option<Range> {
        let looked_up = || {
            let input = self.table.read.inputs.iter().find(|known| known.name == input)?;
            Some(Range { low: input.low, high: input.high, resolution: input.resolution })
        };
        self.space.inputs.get(input).and_then(InputPart::range).or_else(looked_up)
    }

    /// The options of an input that is chosen by name; none of a number.
    pub(crate) fn options(&self, input: &str) -> &[String] {
        self.space.inputs.get(input).map_or(&[], |input| &input.options)
    }

    /// How many experiments are planned, all phases together; none where a phase does not say.
    pub(crate) fn planned(&self) -> Option<usize> {
        let planned = self.phases.iter().map(|phase| phase.experiments).sum::<Option<usize>>();
        planned.filter(|planned| *planned > 0)
    }

    /// A line on each set of earlier experiments: how many they are, from where, and what of them lies outside the
    /// ranges of `inputs`.
    pub(crate) fn priors(&self, inputs: &[String]) -> Vec<String> {
        let range = |name: &String| {
            let Range { low, high, .. } = self.range(name)?;
            Some(extrapolated::Range { name: name.clone(), low, high })
        };
        let ranges: Option<Vec<_>> = inputs.iter().map(range).collect();
        let line = |prior: &PriorPart| {
            let rows: Vec<&[f64]> = prior.experiments.iter().map(|row| &row.inputs[..]).collect();
            let read = format!("{} from {}", counted(rows.len(), "experiment"), prior.data);
            let outside = ranges.as_ref().and_then(|ranges| extrapolated::outside(ranges, &rows));
            outside.map_or(read.clone(), |outside| format!("{read}, {outside}"))
        };
        self.prior.iter().map(line).collect()
    }

    /// What the guard enforced, where the journal records it.
    pub(crate) fn guard(&self) -> Option<flowtwin_lab::layer::Limits> {
        flowtwin_lab::layer::Limits::deserialize(self.guard.as_ref()?).ok()
    }

    /// How spectra were made, where the scenario states it and it fits the rig.
    pub(crate) fn analysis(&self, manifest: &Manifest) -> Option<Analysis> {
        let spec = AnalysisSpec::deserialize(&self.analysis).ok()?;
        Analysis::new(spec, manifest).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_planned_and_what_was_known_is_read_of_the_scenario() {
        let definition = json!({
            "objective": { "feature": "pli" },
            "space": { "inputs": { "t_c": { "low": 120.0, "high": 150.0 } } },
            "phases": [{ "experiments": 9 }, { "experiments": 51 }],
            "prior": [{ "data": "old.csv", "experiments": [
                { "inputs": [248.0], "outcome": 1.0 }, { "inputs": [130.0], "outcome": null },
            ] }],
        });
        let definition = Definition::read(&definition).unwrap();
        assert_eq!(definition.planned(), Some(60));
        assert_eq!(
            definition.priors(&["t_c".into()]),
            ["2 experiments from old.csv, 1 outside the ranges: t_c 248 (range 120 to 150)"]
        );
    }
}
