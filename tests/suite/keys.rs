//! No key of a scenario goes silently: without it there is a clear error, or the default that
//! `scenarios/schema.json` documents.

use std::fs;
use std::path::{Path, PathBuf};

use flowtwin_campaign::scenario::{Scenario, schema};
use flowtwin_data::diagnostic::Diagnostic;
use serde_json::Value;

use crate::support::{folder, root};

/// What a schema says of a key that is not given.
#[derive(Debug, PartialEq)]
enum Absent {
    /// It stands at this value.
    Default(Value),
    /// There is none: an optional key, or an entry of a table that the user names.
    Nothing,
}

#[test]
fn without_a_key_there_is_a_clear_error_or_the_documented_default() {
    let text = fs::read_to_string(root().join("scenarios/cs3cu2i5.toml")).unwrap();
    let whole: toml::Value = text.parse::<toml::Table>().unwrap().into();
    let dir = folder("keys");
    let complete = load(&dir, &whole).unwrap().definition();
    let schema = schema();
    let mut keys = Vec::new();
    collect(&whole, &mut Vec::new(), &mut keys);
    assert!(keys.len() > 400, "only {} keys", keys.len());
    let (mut errors, mut defaults, mut silent) = (0, 0, Vec::new());
    for key in &keys {
        let mut without = whole.clone();
        let removed = remove(&mut without, key);
        let name = key.join(".");
        match load(&dir, &without) {
            Err(error) if is_clear(&error, key, &removed) => errors += 1,
            Err(error) => silent.push(format!("{name}: the error is not clear: {error}")),
            Ok(scenario) => match expected(&complete, &schema, key) {
                Some(expected) if given(scenario.definition()) == given(expected.clone()) => {
                    defaults += 1;
                }
                // A default that a definition does not repeat.
                Some(_) if is_as_written(&dir, without, &schema, key, &scenario) => defaults += 1,
                Some(_) => silent.push(format!("{name}: not at its documented default")),
                None => silent.push(format!("{name}: neither missed nor documented")),
            },
        }
    }
    assert!(silent.is_empty(), "{} keys of {}:\n{}", silent.len(), keys.len(), silent.join("\n"));
    assert!(errors > 200 && defaults > 50, "{errors} errors, {defaults} defaults");
}

fn load(dir: &Path, scenario: &toml::Value) -> Result<Scenario, Diagnostic> {
    let path: PathBuf = dir.join("without.toml");
    fs::write(&path, toml::to_string(scenario).unwrap()).unwrap();
    Scenario::load(&path)
}

/// Whether a scenario without a key is the same as one that says its documented default.
fn is_as_written(
    dir: &Path,
    mut written: toml::Value,
    schema: &Value,
    key: &[String],
    without: &Scenario,
) -> bool {
    let Some(Absent::Default(value)) = absent(schema, schema, key) else { return false };
    let (last, above) = key.split_last().unwrap();
    let table = table(&mut written, above).as_table_mut().unwrap();
    table.insert(last.clone(), toml::Value::try_from(value).unwrap());
    load(dir, &written).is_ok_and(|written| written.definition() == without.definition())
}

/// The ways to all keys, of tables in lists too.
fn collect(value: &toml::Value, path: &mut Vec<String>, keys: &mut Vec<Vec<String>>) {
    let mut below = |name: String, value: &toml::Value, is_key: bool| {
        path.push(name);
        if is_key {
            keys.push(path.clone());
        }
        collect(value, path, keys);
        path.pop();
    };
    match value {
        toml::Value::Table(table) => {
            table.iter().for_each(|(key, value)| below(key.clone(), value, true));
        }
        toml::Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| below(i.to_string(), value, false));
        }
        _ => {}
    }
}

fn remove(value: &mut toml::Value, key: &[String]) -> toml::Value {
    let (last, above) = key.split_last().unwrap();
    table(value, above).as_table_mut().unwrap().remove(last).unwrap()
}

/// What stands at a path.
fn table<'a>(value: &'a mut toml::Value, path: &[String]) -> &'a mut toml::Value {
    path.iter().fold(value, |value, part| match value {
        toml::Value::Table(table) => &mut table[part],
        toml::Value::Array(list) => &mut list[part.parse::<usize>().unwrap()],
        other => panic!("{other} holds nothing"),
    })
}

/// Whether an error has a place in the file and names the key, its table, or something that was in it.
fn is_clear(error: &Diagnostic, key: &[String], removed: &toml::Value) -> bool {
    let text = error.to_string();
    let table = key[..key.len() - 1].iter().rev().find(|part| part.parse::<usize>().is_err());
    let stem = key[key.len() - 1].trim_end_matches("_ul_per_min").trim_end_matches("_c");
    let mut within = Vec::new();
    collect(removed, &mut Vec::new(), &mut within);
    let within = within.iter().filter_map(|path| path.last());
    let kind = "a table with one key, its kind, is wanted here";
    let named = table.into_iter().chain(within).any(|name| text.contains(name));
    error.place.is_some() && (named || text.contains(stem) || text.contains(kind))
}

/// The resolved scenario with a key at its documented default; none if the schema does not know it.
fn expected(complete: &Value, schema: &Value, key: &[String]) -> Option<Value> {
    let mut expected = complete.clone();
    let pointer: String = key[..key.len() - 1].iter().map(|part| format!("/{part}")).collect();
    let table = expected.pointer_mut(&pointer)?.as_object_mut()?;
    let last = key.last().unwrap();
    match absent(schema, schema, key)? {
        Absent::Default(value) => drop(table.insert(last.clone(), value)),
        Absent::Nothing => drop(table.shift_remove(last)),
    }
    Some(expected)
}

/// What a schema says of the absence of a key.
fn absent(root: &Value, schema: &Value, key: &[String]) -> Option<Absent> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return absent(root, root.pointer(reference.trim_start_matches('#'))?, key);
    }
    for choices in ["allOf", "anyOf", "oneOf"] {
        if let Some(choices) = schema.get(choices).and_then(Value::as_array) {
            return choices.iter().find_map(|choice| absent(root, choice, key));
        }
    }
    let (first, below) = key.split_first()?;
    let named = schema.get("properties").and_then(|p| p.get(first));
    let entry = schema.get("additionalProperties").filter(|entry| entry.is_object());
    let next = named.or(entry).or_else(|| schema.get("items"))?;
    match (below.is_empty(), next.get("default")) {
        (false, _) => absent(root, next, below),
        (true, Some(default)) => Some(Absent::Default(default.clone())),
        (true, None) => Some(Absent::Nothing),
    }
}

/// A value without the keys that stand at nothing.
fn given(value: Value) -> Value {
    match value {
        Value::Object(table) => {
            let there = table.into_iter().filter(|(_, value)| !value.is_null());
            there.map(|(key, value)| (key, given(value))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(list) => list.into_iter().map(given).collect(),
        other => other,
    }
}
