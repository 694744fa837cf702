//! Which phases, mishaps, flags and features no scenario exercises.

use std::collections::BTreeSet;

use flowtwin_lab::Quality;
use flowtwin_lab::journal::Record;
use serde::Serialize;
use serde_json::Value;

use super::matching::Recorded;

/// What no scenario exercises.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unexercised {
    /// Phases without an experiment, each `scenario: phase`.
    pub phases: Vec<String>,
    /// Kinds of mishaps that no scenario schedules.
    pub mishaps: Vec<String>,
    /// Flags that no experiment has.
    pub flags: Vec<String>,
    /// Features that no experiment has a value of, each `scenario: feature`.
    pub features: Vec<String>,
    /// Faults that were met, by kind.
    pub faults_met: Vec<String>,
}

impl Unexercised {
    pub(super) fn of(recorded: &[Recorded]) -> Self {
        let mut flags: BTreeSet<&str> = all_flags().into_iter().collect();
        let mut mishaps = all_mishaps();
        let (mut phases, mut features) = (Vec::new(), Vec::new());
        let mut faults = BTreeSet::new();
        for Recorded { journal, .. } in recorded {
            let header = journal.header();
            let all: Vec<_> = journal.experiments().collect();
            for experiment in &all {
                flags.retain(|flag| !experiment.quality.flags().contains(flag));
                faults.extend(experiment.fault.iter().map(|fault| kind(&fault.kind)));
            }
            for record in journal.records() {
                match record {
                    Record::Fault(fault) => drop(faults.insert(kind(&fault.kind))),
                    Record::Phase(phase) if all.iter().all(|e| e.phase != phase.name) => {
                        phases.push(format!("{}: {}", header.scenario, phase.name));
                    }
                    _ => {}
                }
            }
            for (place, (name, _)) in header.features.iter().enumerate() {
                if all.iter().all(|e| e.features.get(place).is_none_or(|(_, x)| x.is_none())) {
                    features.push(format!("{}: {name}", header.scenario));
                }
            }
            for name in scheduled(&header.definition) {
                mishaps.remove(&name);
            }
        }
        Self {
            phases,
            mishaps: mishaps.into_iter().collect(),
            flags: flags.into_iter().map(str::to_owned).collect(),
            features,
            faults_met: faults.into_iter().collect(),
        }
    }

    pub(super) fn text(&self) -> String {
        let line = |what: &str, list: &[String]| match list.is_empty() {
            true => format!("every {what} is exercised\n"),
            false => format!("no scenario exercises, of every {what}: {}\n", list.join(", ")),
        };
        let lines = [
            line("phase", &self.phases),
            line("mishap", &self.mishaps),
            line("flag", &self.flags),
            line("feature", &self.features),
        ];
        let met = match self.faults_met.is_empty() {
            true => "no fault is met\n".to_owned(),
            false => format!("faults that are met: {}\n", self.faults_met.join(", ")),
        };
        lines.concat() + &met
    }
}

/// The name of a kind of fault.
fn kind(kind: &flowtwin_lab::FaultKind) -> String {
    match serde_json::to_value(kind) {
        Ok(Value::String(name)) => name,
        Ok(Value::Object(table)) => table.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

/// The names of all flags.
fn all_flags() -> Vec<&'static str> {
    let all = Quality {
        saturated: true,
        not_settled: true,
        irregular: true,
        not_steady: true,
        extrapolated: true,
        unreadable: true,
        unresolved: true,
        stale_blank: true,
        out_of_regime: true,
        doubtful: true,
    };
    all.flags()
}

/// The names of all mishaps that a scenario can schedule, from the schema.
fn all_mishaps() -> BTreeSet<String> {
    let schema = flowtwin_campaign::scenario::schema();
    let forms = schema.pointer("/definitions/Mishap/oneOf").and_then(Value::as_array).cloned();
    let name = |form: &Value| {
        let table = form.get("properties").and_then(Value::as_object)?;
        table.keys().next().cloned()
    };
    forms.iter().flatten().filter_map(name).collect()
}

/// The mishaps that a definition schedules.
fn scheduled(definition: &Value) -> Vec<String> {
    let list = definition.pointer("/faults/scheduled").and_then(Value::as_array);
    let name = |entry: &Value| entry.get("mishap")?.as_object()?.keys().next().cloned();
    list.into_iter().flatten().filter_map(name).collect()
}
