//! What snapshots would not notice: every key moved by a step, and what no scenario exercises.

mod exercised;
mod matching;

use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::queue::in_order;
use flowtwin_report::format::counted;
use serde::Serialize;
use serde_json::{Value, json};

use crate::definition::{self, KeyChange, Leaf};
pub use exercised::Unexercised;
use matching::Recorded;

/// Keys that say what a file is, not what happens.
const LABELS: [&str; 3] = ["schema", "name", "table"];

/// The effect of changing one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Found {
    /// A record of the campaign differs.
    Noticed,
    /// The scenario is refused either way: an error says so.
    Refused,
    /// Nothing differs.
    Unnoticed,
}

/// A key that was moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moved {
    /// The key with the tables it is in.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// What it was moved to.
    pub to: Value,
    /// The scenarios that have it, each with the effect.
    pub scenarios: Vec<(String, Found)>,
}

impl Moved {
    /// Whether no scenario notices it.
    pub fn is_unnoticed(&self) -> bool {
        self.scenarios.iter().all(|(_, found)| *found == Found::Unnoticed)
    }
}

/// What the snapshots of some scenarios would and would not notice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sensitivity {
    /// The step \[%\].
    pub step_percent: f64,
    /// Every key that is a number or a switch.
    pub keys: Vec<Moved>,
    /// What no scenario exercises.
    pub unexercised: Unexercised,
}

impl Sensitivity {
    /// Moves every key of `scenarios` that is a number or a switch: a number by `step_percent` up, or down where that is
    /// refused, zero to one hundredth of the step, a whole number by one, a switch to its other side. A campaign is stopped at
    /// the first record that differs from what the scenario yields.
    ///
    /// # Panics
    /// If a policy of an unchanged scenario has no proposal.
    pub fn of(scenarios: &[Scenario], step_percent: f64, threads: NonZeroUsize) -> Self {
        let recorded: Vec<Recorded> = scenarios.iter().map(|s| Recorded::of(s, threads)).collect();
        let moves: Vec<(usize, Leaf)> = scenarios
            .iter()
            .enumerate()
            .flat_map(|(i, s)| leaves(s).map(move |l| (i, l)))
            .collect();
        let found = in_order(moves.len(), threads, |place| {
            let (i, leaf) = &moves[place];
            try_both(&scenarios[*i], leaf, step_percent, &recorded[*i])
        });
        let results = moves
            .iter()
            .zip(found)
            .map(|((i, leaf), (to, result))| (scenarios[*i].name().to_owned(), leaf, to, result));
        let keys = gathered(results);
        Self { step_percent, keys, unexercised: Unexercised::of(&recorded) }
    }

    /// The keys that no scenario notices.
    pub fn unnoticed(&self) -> impl Iterator<Item = &Moved> {
        self.keys.iter().filter(|moved| moved.is_unnoticed())
    }

    /// In words.
    pub fn text(&self) -> String {
        let keys: Vec<&Moved> = self.unnoticed().collect();
        let mut out = format!(
            "{} of {} are not noticed when they move by {} %\n",
            keys.len(),
            counted(self.keys.len(), "key"),
            self.step_percent
        );
        for moved in keys {
            let (value, to) = (shown(&moved.value), shown(&moved.to));
            out.push_str(&format!("  {}: {value} → {to}\n", moved.key));
        }
        out + &self.unexercised.text()
    }
}

/// A value as people write it: a number to twelve digits, which leaves out the last bits of a step.
fn shown(value: &Value) -> String {
    match value.as_f64().filter(|_| value.is_f64()) {
        Some(x) => {
            format!("{x:.11e}").parse().map_or_else(|_| x.to_string(), |x: f64| x.to_string())
        }
        None => value.to_string(),
    }
}

/// The keys of a scenario that can be moved.
fn leaves(scenario: &Scenario) -> impl Iterator<Item = Leaf> {
    let label = |leaf: &Leaf| LABELS.iter().any(|label| leaf.key.split('.').next() == Some(*label));
    let movable = |leaf: &Leaf| leaf.value.is_number() || leaf.value.is_boolean();
    let all = definition::leaves(&scenario.definition()).into_iter();
    all.filter(move |leaf| movable(leaf) && !label(leaf))
}

/// A value one step away, up or down.
fn step(value: &Value, percent: f64, up: bool) -> Value {
    let sign = if up { 1.0 } else { -1.0 };
    match value {
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) if number.is_f64() => {
            let x = number.as_f64().expect("it is a number");
            let by = if x.abs() > 0.0 { x.abs() } else { 0.01 };
            json!(x + sign * percent / 100.0 * by)
        }
        value if up => json!(value.as_u64().unwrap_or(0) + 1),
        value => json!(value.as_u64().unwrap_or(0).saturating_sub(1)),
    }
}

/// Moves a key up, and down where the scenario refuses that.
fn try_both(scenario: &Scenario, leaf: &Leaf, percent: f64, recorded: &Recorded) -> (Value, Found) {
    let mut last = Value::Null;
    for up in [true, false] {
        let to = step(&leaf.value, percent, up);
        let mut definition = scenario.definition();
        KeyChange::of(leaf, to.clone()).apply(&mut definition);
        if let Ok(moved) = Scenario::recorded(&definition) {
            let found = if recorded.parts_from(&moved) { Found::Noticed } else { Found::Unnoticed };
            return (to, found);
        }
        last = to;
    }
    (last, Found::Refused)
}

fn gathered<'a>(results: impl Iterator<Item = (String, &'a Leaf, Value, Found)>) -> Vec<Moved> {
    let mut keys: Vec<Moved> = Vec::new();
    for (scenario, leaf, to, found) in results {
        match keys.iter_mut().find(|moved| moved.key == leaf.key) {
            Some(moved) => moved.scenarios.push((scenario, found)),
            None => keys.push(Moved {
                key: leaf.key.clone(),
                value: leaf.value.clone(),
                to,
                scenarios: vec![(scenario, found)],
            }),
        }
    }
    keys
}
