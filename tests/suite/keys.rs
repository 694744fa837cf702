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

/// A number that nothing in a lab could be is refused wherever it stands, by the key that has it.
#[test]
fn a_number_beyond_all_measure_is_refused_at_its_key() {
    let dir = folder("beyond");
    let mut accepted = Vec::new();
    let mut tried = 0;
    for name in ["cs3cu2i5", "claisen", "trade-off", "lifelike-light"] {
        let path = root().join(format!("scenarios/{name}.toml"));
        let definition = Scenario::load(&path).unwrap().definition();
        let whole = toml::Value::try_from(without_nulls(definition)).unwrap();
        let mut keys = Vec::new();
        numbers(&whole, &mut Vec::new(), &mut keys);
        for key in keys {
            for beyond in [1e300, -1e300, f64::NAN] {
                let mut changed = whole.clone();
                *at(&mut changed, &key) = beyond.into();
                tried += 1;
                match load(&dir, &changed) {
                    Ok(_) => accepted.push(format!("{name}: {} = {beyond}", key.join("."))),
                    Err(error) if error.to_string().contains("no number may lie beyond") => {}
                    // What is not a number at all is found sooner.
                    Err(error) if error.to_string().contains("is not a finite number") => {}
                    Err(error) => accepted.push(format!("{name}: {}: {error}", key.join("."))),
                }
            }
        }
    }
    assert!(tried > 1_500, "only {tried} numbers");
    assert!(accepted.is_empty(), "{} of {tried}:\n{}", accepted.len(), accepted.join("\n"));
}

/// Every number of a definition that is a measure: no whole number, which is a count.
fn numbers(value: &toml::Value, path: &mut Vec<String>, keys: &mut Vec<Vec<String>>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                path.push(key.clone());
                numbers(value, path, keys);
                path.pop();
            }
        }
        toml::Value::Array(parts) => {
            for (place, value) in parts.iter().enumerate() {
                path.push(place.to_string());
                numbers(value, path, keys);
                path.pop();
            }
        }
        toml::Value::Float(_) => keys.push(path.clone()),
        _ => {}
    }
}

/// What stands at a path.
fn at<'a>(value: &'a mut toml::Value, path: &[String]) -> &'a mut toml::Value {
    path.iter().fold(value, |value, key| match value {
        toml::Value::Array(parts) => &mut parts[key.parse::<usize>().unwrap()],
        value => &mut value[key.as_str()],
    })
}

/// TOML has no nothing.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(table) => {
            let kept = table.into_iter().filter(|(_, value)| !value.is_null());
            kept.map(|(key, value)| (key, without_nulls(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Array(parts) => parts.into_iter().map(without_nulls).collect::<Vec<_>>().into(),
        value => value,
    }
}

/// Every limit of the guard has a range, beyond which it would never act or never rest, and is held to it.
#[test]
fn every_limit_of_the_guard_is_held_to_its_range() {
    let dir = folder("limits");
    let load = |body: &str| {
        let path = crate::support::scenario(&dir, "limits", "cs3cu2i5.toml", body);
        Scenario::load(&path).map(|_| ()).map_err(|error| error.to_string())
    };
    let of = |table: &str| {
        flowtwin_lab::layer::RANGES.iter().find(|(name, _)| *name == table).unwrap().1
    };
    let page = flowtwin_campaign::scenario::keys();
    let guard = page.split("\n## ").filter(|part| part.starts_with("guard")).collect::<String>();
    let free: Vec<&str> = guard.lines().filter(|line| line.contains("| number |")).collect();
    assert!(guard.contains("`tick_s`") && free.is_empty(), "limits without a range: {free:#?}");
    for range in of("Limits") {
        for value in [range.low - 1.0, 2.0 * range.high + 1.0] {
            let refused = load(&format!("[guard]\n{} = {value:?}\n", range.key)).unwrap_err();
            assert!(refused.contains(range.key) && refused.contains(" is outside "), "{refused}");
        }
    }
    let ratio = |low: f64, high: f64| {
        load(&format!(
            "[[guard.ratios]]\nname = \"r\"\nof = [\"cui\"]\nto = [\"cs\"]\nlow = {low:?}\nhigh = {high:?}\n"
        ))
    };
    ratio(0.5, 2.0).unwrap();
    assert!(ratio(-1.0, 2.0).unwrap_err().contains("low = -1 is outside 0"));
    assert!(ratio(2.0, 0.5).unwrap_err().contains("low = 2 is above high = 0.5"));
}

/// Numbers of the guard with which a campaign would never end, or the guard never look.
#[test]
fn a_guard_that_never_looks_is_refused() {
    let dir = folder("never");
    for tick in ["0.0", "-1.0", "1e12", "inf", "nan"] {
        let path = crate::support::scenario(
            &dir,
            "never",
            "dye-mixing.toml",
            &format!("[guard]\ntick_s = {tick}\n"),
        );
        let refused = crate::support::run(&dir, &["run", &path.display().to_string()]);
        assert_eq!(refused.code, Some(2), "{tick}: {}", refused.stderr);
        assert!(refused.stderr.contains("tick_s"), "{tick}: {}", refused.stderr);
    }
}
