//! What a study has found.

use flowtwin_campaign::scenario::Scenario;
use flowtwin_report::Table as Shown;
use flowtwin_report::format::significant;
use flowtwin_statistics::estimate::Estimate;
use serde::Serialize;
use serde_json::Value;

use super::curve::Curve;
use super::table::Table;
use crate::extension::{Extension, rounded};

/// One number that a study has found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The study, or the phase of its experiments.
    pub study: String,
    /// Of what: a heater, a light, a pump, a feature.
    pub of: String,
    /// What.
    pub what: String,
    /// Its unit.
    pub unit: String,
    /// The number.
    pub value: f64,
    /// Lower end of its 95 % interval; none for what was read off once.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Number of readings or experiments.
    pub n: usize,
    /// The key of a scenario that it is, with the tables it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the scenario says of that key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scenario: Option<f64>,
    #[serde(skip)]
    path: Vec<String>,
}

impl Finding {
    /// A number with its interval.
    pub(super) fn new(
        study: &str,
        of: &str,
        what: &str,
        unit: &str,
        estimate: Estimate,
        n: usize,
    ) -> Self {
        let is_known = estimate.low.is_finite() && estimate.high.is_finite();
        Self {
            low: is_known.then_some(estimate.low),
            high: is_known.then_some(estimate.high),
            ..Self::known(study, of, what, unit, estimate.value, n)
        }
    }

    /// A number that was read off.
    pub(super) fn known(
        study: &str,
        of: &str,
        what: &str,
        unit: &str,
        value: f64,
        n: usize,
    ) -> Self {
        Self {
            study: study.to_owned(),
            of: of.to_owned(),
            what: what.to_owned(),
            unit: unit.to_owned(),
            value,
            low: None,
            high: None,
            n,
            key: None,
            scenario: None,
            path: Vec::new(),
        }
    }

    /// The same, which is a key of a scenario.
    pub(super) fn key(self, path: Vec<String>) -> Self {
        Self { key: Some(path.join(".")), path, ..self }
    }

    pub(super) fn is_of_key(&self, path: &[String]) -> bool {
        self.path == path
    }
}

/// All that a study has found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// The numbers.
    pub findings: Vec<Finding>,
    /// What is to be said besides, one sentence each.
    pub notes: Vec<String>,
    /// Whether it was found on a simulated rig.
    pub simulated: bool,
    #[serde(skip)]
    tables: Vec<Table>,
    #[serde(skip)]
    curves: Vec<Curve>,
}

impl Findings {
    /// Nothing yet, on a rig that is simulated or not.
    pub(super) fn marked(simulated: bool) -> Self {
        Self { simulated, ..Self::default() }
    }

    /// Says of every key what a definition says of it.
    pub(super) fn beside(&mut self, definition: &Value) {
        for finding in &mut self.findings {
            let pointer = format!("/{}", finding.path.join("/"));
            finding.scenario = definition.pointer(&pointer).and_then(Value::as_f64);
        }
    }

    pub(super) fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter()
    }

    /// The table of a name, made where there is none yet.
    pub(super) fn table(&mut self, name: &str, columns: Vec<String>) -> &mut Table {
        let place = self.tables.iter().position(|table| table.name == name);
        let place = place.unwrap_or_else(|| {
            self.tables.push(Table::new(name, columns));
            self.tables.len() - 1
        });
        &mut self.tables[place]
    }

    /// Keeps what was read for the page; curves of one figure come after one another.
    pub(super) fn draw(&mut self, curve: Curve) {
        let place = self.curves.iter().rposition(|known| known.figure == curve.figure);
        self.curves.insert(place.map_or(self.curves.len(), |place| place + 1), curve);
    }

    pub(super) fn curves(&self) -> &[Curve] {
        &self.curves
    }

    /// Tables of what was read, as CSV, by the names of their files.
    pub fn tables(&self) -> Vec<(String, String)> {
        self.tables.iter().map(|table| (table.name.clone(), table.csv())).collect()
    }

    /// The numbers as a table, to be shown.
    pub fn shown(&self) -> Shown {
        let table = Shown::new().words("study").words("of").words("what");
        let mut table = table.numbers("value").words("95 % interval").numbers("n").words("unit");
        for finding in &self.findings {
            let interval = match (finding.low, finding.high) {
                (Some(low), Some(high)) => {
                    format!("{} to {}", significant(low, 4), significant(high, 4))
                }
                _ => String::new(),
            };
            table.row(vec![
                finding.study.clone(),
                finding.of.clone(),
                finding.what.clone(),
                significant(finding.value, 4),
                interval,
                finding.n.to_string(),
                finding.unit.clone(),
            ]);
        }
        table
    }

    /// A scenario file that extends another by what was found; none where no finding is a key of a scenario.
    ///
    /// `base` is the way from the new file to the one it extends.
    pub fn toml(&self, scenario: &Scenario, base: &str) -> Option<String> {
        let keys = || self.findings.iter().filter(|finding| !finding.path.is_empty());
        keys().next()?;
        let mut definition = scenario.definition();
        for finding in keys() {
            put(&mut definition, &finding.path, rounded(finding.value).into());
        }
        let mut tables: Vec<&str> = keys().map(|finding| finding.path[0].as_str()).collect();
        tables.sort_unstable();
        tables.dedup();
        let said: Vec<String> = keys().map(in_a_line).collect();
        let written_by = "`flowtwin study`";
        let file = Extension { written_by, ending: "studied", remarks: &said };
        Some(file.toml(scenario, &definition, &tables, base))
    }
}

/// Sets a key, and makes the tables on the way to it.
fn put(definition: &mut Value, path: &[String], value: Value) {
    let place = path.iter().fold(definition, |table, key| &mut table[key.as_str()]);
    *place = value;
}

fn in_a_line(finding: &Finding) -> String {
    let key = finding.key.as_deref().unwrap_or_default();
    let number = |value: f64| significant(value, 4);
    match (finding.low, finding.high) {
        (Some(low), Some(high)) => format!(
            "{key}: {}, 95 % interval {} to {}",
            number(finding.value),
            number(low),
            number(high)
        ),
        _ => format!("{key}: {}", number(finding.value)),
    }
}
