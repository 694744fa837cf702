//! A definition whose campaign is a list of conditions.

use serde::Serialize;
use serde_json::{Value, json};

/// The same definition, whose one phase measures these conditions in their order; no earlier experiments, no program outside.
pub(crate) fn listed(definition: &Value, phase: &str, conditions: &[impl Serialize]) -> Value {
    let mut definition = definition.clone();
    definition["phases"] = json!([{
        "name": phase,
        "experiments": conditions.len(),
        "policy": { "list": { "conditions": conditions } },
    }]);
    without(&mut definition, &["prior", "policy_command"]);
    definition
}

/// Takes tables out of a definition.
pub(crate) fn without(definition: &mut Value, tables: &[&str]) {
    let all = definition.as_object_mut().expect("a definition is a table");
    tables.iter().for_each(|table| {
        all.shift_remove(*table);
    });
}
