//! The JSON Schema of scenario files: editors complete keys by it, show what they mean, and mark unknown ones.
//!
//! It is derived from the types that read scenarios, so it says what they say. What a key *may* be is in it; that
//! a key is missing is for `flowtwin check` to say, because a scenario may extend another that has it. Ranges come from
//! where the check has them: `flowtwin_lab::range`.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use flowtwin_lab::range::KeyRange;

use super::file::ScenarioFile;
use super::tree::CHOICES;

/// Where definitions stand.
const DEFINITIONS: &str = "#/definitions/";

/// All declared ranges, by the name of the type that has the keys.
const RANGES: [&[(&str, &[KeyRange])]; 4] = [
    flowtwin_sim::spec::RANGES,
    flowtwin_lab::procedure::RANGES,
    flowtwin_lab::layer::RANGES,
    super::refill::RANGES,
];

/// What `extends` means, the one key that is read before any other.
pub(super) const EXTENDS: &str = "Another scenario, beside this file, that this one changes: tables are merged key by key, \
                                  anything else replaces what was there, and `false` takes away a table, a list, or a number that may \
                                  be left out.";

/// The JSON Schema (draft 7) of scenario files.
pub fn schema() -> Value {
    let mut schema = complete();
    let strict = take_object(&mut schema, "definitions");
    let needed = schema["required"].take();
    let mut tables = Tables { strict, merged: Map::new() };
    tables.merge(&mut schema);
    let mut definitions = tables.merged;
    definitions.extend(tables.strict);
    let extends = json!({ "description": EXTENDS, "type": "string" });
    schema["properties"]["extends"] = extends;
    schema["title"] = json!("A scenario of flowtwin");
    schema["required"] = json!(["schema"]);
    schema["properties"]["schema"]["const"] = json!(1);
    schema["if"] = json!({ "not": { "required": ["extends"] } });
    schema["then"] = json!({ "required": needed });
    definitions = used(&schema, definitions);
    schema["definitions"] = Value::Object(definitions);
    schema
}

/// The schema of a scenario that extends no other: what must be there is required.
pub(super) fn complete() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<ScenarioFile>().to_value();
    tidy(&mut schema);
    for (table, ranges) in RANGES.iter().copied().flatten() {
        for range in *ranges {
            if let Some(numbers) = numbers_at(&mut schema["definitions"][*table], range.key) {
                numbers["minimum"] = number(range.low);
                numbers["maximum"] = number(range.high);
            }
        }
    }
    schema
}

/// The schema of the numbers at a key of a table, or of a choice between tables.
fn numbers_at<'a>(table: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    let found = match key.split_once('.') {
        Some((choice, field)) => &mut chosen(table, choice)?["properties"][field],
        None if table.get("properties").is_some() => &mut table["properties"][key],
        None => chosen(table, key)?,
    };
    // Of a table of numbers by name, and of a list, each one.
    let each = ["additionalProperties", "items"].into_iter().find(|each| found.get(each).is_some());
    let found = match each {
        Some(each) => &mut found[each],
        None => found,
    };
    matches!(found["type"].as_str(), Some("number" | "integer")).then_some(found)
}

/// What stands behind the name of a choice.
fn chosen<'a>(choices: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let choices = choices["oneOf"].as_array_mut()?;
    choices.iter_mut().find_map(|choice| choice.get_mut("properties")?.get_mut(name))
}

/// A number as JSON writes it shortest: whole ones without a point.
fn number(value: f64) -> Value {
    if value.fract().abs() > 0.0 || value.abs() > 1e9 { json!(value) } else { json!(value as i64) }
}

/// Takes away what TOML does not have (`null`) and what only documentation in HTML needs.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(tidy);
            if let Some(default) = map.get_mut("default") {
                without_null(default);
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            // JSON knows one kind of number; these say how Rust stores it.
            map.remove("format");
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.replace("\\[", "[").replace("\\]", "]").replace('\n', " ");
            }
            let null = |kind: &Value| *kind == json!("null") || *kind == json!({ "type": "null" });
            if let Some(Value::Array(kinds)) = map.get_mut("type") {
                kinds.retain(|kind| !null(kind));
                let only = kinds.remove(0);
                map.insert("type".into(), only);
            }
            if let Some(Value::Array(choices)) = map.get_mut("anyOf") {
                choices.retain(|choice| !null(choice));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    map.extend(only);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// Takes the keys out of a value that stand at nothing.
fn without_null(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|_, value| !value.is_null());
        map.values_mut().for_each(without_null);
    }
}

/// Tables that are merged key by key with those of the scenario that is extended.
struct Tables {
    strict: Map<String, Value>,
    merged: Map<String, Value>,
}

impl Tables {
    /// Lets every key of a table be missing, and every table, list, or number without a default below it be `false`.
    fn merge(&mut self, table: &mut Value) {
        let needed = table.as_object_mut().and_then(|map| map.remove("required"));
        let is_needed = |key: &str| {
            needed.as_ref().and_then(Value::as_array).is_some_and(|keys| keys.contains(&json!(key)))
        };
        if let Some(properties) = table.get_mut("properties").and_then(Value::as_object_mut) {
            let entries = properties.iter_mut().filter(|(key, _)| !CHOICES.contains(&key.as_str()));
            for (key, value) in entries {
                self.entry(value);
                if !is_needed(key) {
                    may_be_taken_away(value);
                }
            }
        }
        if let Some(entry @ Value::Object(_)) = table.get_mut("additionalProperties") {
            self.entry(entry);
        }
    }

    /// An entry of a table: merged if it is a table itself.
    fn entry(&mut self, entry: &mut Value) {
        if entry["type"] == json!("array") {
            entry["type"] = json!(["array", "boolean"]);
            entry["not"] = json!({ "const": true });
            return;
        }
        if is_table(entry) {
            self.merge(entry);
            entry["type"] = json!(["object", "boolean"]);
            entry["not"] = json!({ "const": true });
            return;
        }
        let Some(name) = referred(entry) else { return };
        let Some(strict) = self.strict.get(&name).filter(|schema| is_table(schema)) else { return };
        let merged = format!("{name}.merged");
        if !self.merged.contains_key(&merged) {
            let mut table = strict.clone();
            self.merged.insert(merged.clone(), Value::Null);
            self.entry(&mut table);
            self.merged.insert(merged.clone(), table);
        }
        refer(entry, &merged);
    }
}

/// A number that may be left out may be taken away too.
fn may_be_taken_away(entry: &mut Value) {
    if ["number", "integer"].iter().any(|kind| entry["type"] == json!(kind))
        && entry.get("default").is_none()
    {
        entry["type"] = json!([entry["type"], "boolean"]);
        entry["not"] = json!({ "const": true });
    }
}

/// Whether a schema is that of a table with keys of its own; not of a choice between tables.
fn is_table(schema: &Value) -> bool {
    schema["type"] == json!("object")
}

/// The definition that a schema refers to.
pub(super) fn referred(schema: &Value) -> Option<String> {
    let reference = schema.get("$ref").or_else(|| schema.get("allOf")?.get(0)?.get("$ref"))?;
    reference.as_str()?.strip_prefix(DEFINITIONS).map(str::to_owned)
}

fn refer(schema: &mut Value, name: &str) {
    let to = json!(format!("{DEFINITIONS}{name}"));
    if schema.get("$ref").is_some() {
        schema["$ref"] = to;
    } else {
        schema["allOf"][0]["$ref"] = to;
    }
}

/// The definitions that a schema needs, in order of name.
fn used(schema: &Value, mut definitions: Map<String, Value>) -> Map<String, Value> {
    let mut names = Vec::new();
    collect(schema, &mut names);
    let mut found = std::collections::BTreeMap::new();
    while let Some(name) = names.pop() {
        if let Some(definition) = definitions.remove(&name) {
            collect(&definition, &mut names);
            found.insert(name, definition);
        }
    }
    found.into_iter().collect()
}

/// The names of all definitions that a schema refers to directly.
fn collect(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            let to =
                map.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix(DEFINITIONS));
            names.extend(to.map(str::to_owned));
            map.values().for_each(|value| collect(value, names));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, names)),
        _ => {}
    }
}

pub(super) fn take_object(schema: &mut Value, key: &str) -> Map<String, Value> {
    match schema.as_object_mut().and_then(|map| map.remove(key)) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys that have no documented default although something holds where they are left out.
    fn undocumented(schema: &Value, at: &str, found: &mut Vec<String>) {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (key, value) in schema["properties"].as_object().into_iter().flatten() {
            let is_plain = value["type"].is_string() && value["type"] != "array";
            let is_plain = is_plain && value["type"] != "object" || value["$ref"].is_string();
            let told = value.get("default").is_some() || required.contains(&json!(key));
            if is_plain && !told {
                found.push(format!("{at}.{key}"));
            }
        }
    }

    #[test]
    fn every_declared_range_is_that_of_a_key_of_a_scenario() {
        let mut schema = complete();
        for (table, ranges) in RANGES.iter().copied().flatten() {
            for range in *ranges {
                let numbers = numbers_at(&mut schema["definitions"][*table], range.key);
                let numbers = numbers.unwrap_or_else(|| panic!("{table} has no {}", range.key));
                assert_eq!(numbers["maximum"].as_f64(), Some(range.high), "{table}.{}", range.key);
            }
        }
    }

    #[test]
    fn what_holds_where_a_key_is_left_out_is_documented() {
        let generator = SchemaSettings::draft07().into_generator();
        let raw = generator.into_root_schema_for::<ScenarioFile>().to_value();
        let mut found = Vec::new();
        undocumented(&raw, "", &mut found);
        for (name, definition) in raw["definitions"].as_object().expect("there are tables") {
            undocumented(definition, name, &mut found);
        }
        assert_eq!(found, [""; 0]);
    }
}
