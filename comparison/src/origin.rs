//! What made a snapshot: version, seed, strength, costs, and the scenario as it was understood.

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::Journal;
use flowtwin_report::Run;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What made a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Version of flowtwin.
    pub flowtwin: String,
    /// SHA-256 of the scenario as it was understood \[hexadecimal\].
    pub scenario_sha256: String,
    /// The seed.
    pub seed: u64,
    /// How strictly its scenario was compared.
    pub strength: String,
    /// Lab time of the campaign, priming included \[s\].
    pub lab_time_s: f64,
    /// Volume taken from each stock, priming included \[mL\].
    pub reagent_ml: Vec<(String, f64)>,
    /// The scenario as it was understood, every default filled in.
    pub definition: Value,
}

impl Origin {
    /// What makes the snapshot of a journal.
    pub(crate) fn of(scenario: &Scenario, journal: &Journal) -> Self {
        let header = journal.header();
        let run = Run::read(journal).ok();
        Self {
            flowtwin: header.flowtwin.clone(),
            scenario_sha256: header.scenario_sha256.clone(),
            seed: header.seed,
            strength: scenario.file().snapshot.strength.name().into(),
            lab_time_s: run.as_ref().map_or(0.0, Run::lab_time_s),
            reagent_ml: run.as_ref().map(Run::consumed_ml).unwrap_or_default(),
            definition: header.definition.clone(),
        }
    }

    /// As text: JSON, a line for each part and for each table of the definition.
    pub(crate) fn text(&self) -> String {
        let value = serde_json::to_value(self).expect("an origin is plain data");
        let rows = |value: &Value, indent: &str, more: &dyn Fn(&str, &Value) -> Option<String>| {
            let table = value.as_object().expect("it is a table");
            let row = |(key, value): (&String, &Value)| {
                let value = more(key, value).unwrap_or_else(|| value.to_string());
                format!("{indent}{key:?}: {value}")
            };
            table.iter().map(row).collect::<Vec<_>>().join(",\n")
        };
        let definition = |key: &str, value: &Value| {
            let inner = || rows(value, "    ", &|_, _| None);
            (key == "definition").then(|| format!("{{\n{}\n  }}", inner()))
        };
        format!("{{\n{}\n}}\n", rows(&value, "  ", &definition))
    }

    /// Reads it back; none where it says something else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_origin_reads_back_as_it_was_written() {
        let origin = Origin {
            flowtwin: "0.1.0".into(),
            scenario_sha256: "ab".into(),
            seed: 3,
            strength: "exact".into(),
            lab_time_s: 12.5,
            reagent_ml: vec![("cs".into(), 0.1)],
            definition: json!({ "rig": { "ambient_c": 23.0 }, "seed": 3 }),
        };
        assert_eq!(Origin::read(&origin.text()), Some(origin.clone()));
        assert!(origin.text().contains("\n    \"rig\": {\"ambient_c\":23.0},\n"));
    }
}
