//! A scenario file that extends another by numbers.

use std::fmt::Write as _;

use flowtwin_campaign::scenario::Scenario;
use serde_json::Value;

/// What such a file says besides its numbers.
pub(crate) struct Extension<'a> {
    /// Who has written it, and what that came to.
    pub(crate) written_by: &'a str,
    /// What name and title end with.
    pub(crate) ending: &'a str,
    /// Comments, one line each.
    pub(crate) remarks: &'a [String],
}

impl Extension<'_> {
    /// The file: these tables as far as `definition` differs from the scenario. `base` is the way from it to the one that it
    /// extends.
    pub(crate) fn toml(
        &self,
        scenario: &Scenario,
        definition: &Value,
        tables: &[&str],
        base: &str,
    ) -> String {
        let mut out = format!(
            "# Written by {}\nschema = 1\nextends = \"{}\"\nname = \"{}-{}\"\ntitle = {}\n",
            self.written_by,
            base.replace('\\', "/"),
            scenario.name(),
            self.ending,
            toml_text(&format!("{}, {}", scenario.file().title, self.ending)),
        );
        for remark in self.remarks {
            let _written = writeln!(out, "# {remark}");
        }
        let before = scenario.definition();
        let mut values = serde_json::Map::new();
        for table in tables {
            if let Some(value) = definition.get(table) {
                values.insert((*table).to_owned(), changed(&before[table], value));
            }
        }
        let values = without_none(Value::Object(values));
        let text = toml::to_string(&values).expect("numbers, words and tables can be written");
        out.push('\n');
        out.push_str(&text);
        out
    }
}

/// The part of a table that differs, lists whole: a list replaces the one that it extends.
fn changed(before: &Value, after: &Value) -> Value {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            let differs = b.iter().filter(|(key, value)| a.get(*key) != Some(value));
            let part = |(key, value): (&String, &Value)| {
                let before = a.get(key).unwrap_or(&Value::Null);
                (key.clone(), changed(before, value))
            };
            Value::Object(differs.map(part).collect())
        }
        _ => after.clone(),
    }
}

/// The same without keys that have no value, which TOML does not write.
fn without_none(value: Value) -> Value {
    match value {
        Value::Object(table) => {
            let there = table.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(there.map(|(key, value)| (key, without_none(value))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(without_none).collect()),
        other => other,
    }
}

fn toml_text(text: &str) -> String {
    Value::from(text).to_string()
}

/// Six digits: more than any estimate has.
pub(crate) fn rounded(value: f64) -> f64 {
    digits(value, 6)
}

/// A number rounded to so many digits, for files that programs read.
pub(crate) fn digits(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}
