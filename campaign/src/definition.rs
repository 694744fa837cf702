//! What two scenarios say differently, key by key.

use serde::Serialize;
use serde_json::{Map, Value};

/// A key whose value differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyChange {
    /// The key with the tables it is in, such as `rig.mixing.flow_ul_per_min`.
    pub key: String,
    /// Its value before; none where there was no such key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Its value now; none where there is no such key any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The way to it.
    #[serde(skip)]
    path: Vec<Step>,
}

/// One step of the way to a key.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Place(usize),
}

/// Keys that are words for people: they change no result.
const WORDS: [&str; 3] = ["description", "name", "title"];

/// The keys that two definitions say differently, in the order of the first; what only the second has comes last in
/// each table.
///
/// Lists of different lengths, and tables that make another choice, differ as a whole.
pub fn changes(before: &Value, after: &Value) -> Vec<KeyChange> {
    let mut found = Vec::new();
    walk(before, after, &mut Vec::new(), "", &mut found);
    found
}

fn walk(
    before: &Value,
    after: &Value,
    path: &mut Vec<Step>,
    key: &str,
    found: &mut Vec<KeyChange>,
) {
    match (before, after) {
        (before, after) if same(before, after) => {}
        (Value::Object(a), Value::Object(b)) if !another_choice(a, b) => {
            for (name, value) in a {
                enter(name, Some(value), b.get(name), path, key, found);
            }
            for (name, value) in b.iter().filter(|(name, _)| !a.contains_key(*name)) {
                enter(name, None, Some(value), path, key, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (place, (before, after)) in a.iter().zip(b).enumerate() {
                path.push(Step::Place(place));
                walk(before, after, path, &format!("{key}[{}]", label(before, place)), found);
                path.pop();
            }
        }
        _ => found.push(KeyChange::new(key, Some(before), Some(after), path)),
    }
}

fn enter(
    name: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut Vec<Step>,
    key: &str,
    found: &mut Vec<KeyChange>,
) {
    let key = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    path.push(Step::Key(name.to_owned()));
    match (before, after) {
        (Some(before), Some(after)) => walk(before, after, path, &key, found),
        _ => found.push(KeyChange::new(&key, before, after, path)),
    }
    path.pop();
}

/// Whether two values are the same number, or the same in everything else.
fn same(before: &Value, after: &Value) -> bool {
    match (before.as_f64(), after.as_f64()) {
        (Some(a), Some(b)) => a.to_bits() == b.to_bits(),
        _ => before == after,
    }
}

/// Whether two tables of one key choose differently, as `{ constant = 1 }` and `{ mixing = { … } }` do.
fn another_choice(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    a.len() == 1 && b.len() == 1 && a.keys().ne(b.keys())
}

/// What stands for an entry of a list: its name where it has one, else its place from one.
fn label(entry: &Value, place: usize) -> String {
    let name = entry.get("name").and_then(Value::as_str);
    name.map_or_else(|| (place + 1).to_string(), str::to_owned)
}

impl KeyChange {
    fn new(key: &str, before: Option<&Value>, after: Option<&Value>, path: &[Step]) -> Self {
        let (before, after) = (before.cloned(), after.cloned());
        Self { key: key.into(), before, after, path: path.to_vec() }
    }

    /// A change of a key to `after`.
    pub fn of(leaf: &Leaf, after: Value) -> Self {
        let Leaf { key, value, path } = leaf.clone();
        Self { key, before: Some(value), after: Some(after), path }
    }

    /// Whether it is words for people, that change no result.
    pub fn is_words(&self) -> bool {
        WORDS.contains(&self.key.as_str())
    }

    /// The definition with this key as it is after the change.
    ///
    /// # Panics
    /// If a table on the way to the key is not there.
    pub fn apply(&self, definition: &mut Value) {
        let (last, way) = self.path.split_last().expect("a key has a way to it");
        let table = way.iter().fold(definition, |value, step| match step {
            Step::Key(key) => &mut value[key],
            Step::Place(place) => &mut value[place],
        });
        match (last, &self.after) {
            (Step::Key(key), Some(after)) => table[key] = after.clone(),
            (Step::Key(key), None) => {
                table.as_object_mut().and_then(|table| table.shift_remove(key));
            }
            (Step::Place(place), after) => table[place] = after.clone().unwrap_or(Value::Null),
        }
    }
}

/// A key of a definition and its value, which is not a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// The key with the tables it is in.
    pub key: String,
    /// Its value.
    pub value: Value,
    path: Vec<Step>,
}

impl Leaf {
    /// Gives the key another value in a definition, which has the same tables on the way to it.
    ///
    /// # Panics
    /// If it has not.
    pub fn put(&self, definition: &mut Value, value: Value) {
        KeyChange::of(self, value).apply(definition);
    }
}

/// Every key of a definition whose value is neither a table nor a list, in order.
pub fn leaves(definition: &Value) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(definition, &mut Vec::new(), "", &mut found);
    found
}

fn collect(value: &Value, path: &mut Vec<Step>, key: &str, found: &mut Vec<Leaf>) {
    match value {
        Value::Object(table) => {
            for (name, value) in table {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                path.push(Step::Key(name.clone()));
                collect(value, path, &key, found);
                path.pop();
            }
        }
        Value::Array(list) => {
            for (place, value) in list.iter().enumerate() {
                path.push(Step::Place(place));
                collect(value, path, &format!("{key}[{}]", label(value, place)), found);
                path.pop();
            }
        }
        value => found.push(Leaf { key: key.into(), value: value.clone(), path: path.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(before: &Value, after: &Value) -> Vec<String> {
        changes(before, after).into_iter().map(|change| change.key).collect()
    }

    #[test]
    fn a_changed_key_is_named_with_its_tables() {
        let before = json!({ "rig": { "mixing": { "flow_ul_per_min": 260.0, "power": 2.0 } } });
        let after = json!({ "rig": { "mixing": { "flow_ul_per_min": 300.0, "power": 2 } } });
        assert_eq!(keys(&before, &after), ["rig.mixing.flow_ul_per_min"]);
    }

    #[test]
    fn entries_of_lists_are_named_or_counted_from_one() {
        let before = json!({ "phases": [{ "name": "ei", "n": 1 }], "points": [[1.0, 2.0]] });
        let after = json!({ "phases": [{ "name": "ei", "n": 2 }], "points": [[1.0, 3.0]] });
        assert_eq!(keys(&before, &after), ["phases[ei].n", "points[1][2]"]);
    }

    #[test]
    fn another_choice_and_another_length_differ_as_a_whole() {
        let before = json!({ "of": { "constant": 1.0 }, "list": [1, 2] });
        let after = json!({ "of": { "mixing": { "floor": 0.5 } }, "list": [1] });
        assert_eq!(keys(&before, &after), ["of", "list"]);
    }

    #[test]
    fn applying_every_change_makes_the_second_of_the_first() {
        let before = json!({ "a": { "x": 1, "gone": true }, "list": [{ "y": [1, 2] }, 3] });
        let after = json!({ "a": { "x": 2, "new": { "z": 1 } }, "list": [{ "y": [1, 5] }, 4] });
        let mut patched = before.clone();
        changes(&before, &after).iter().for_each(|change| change.apply(&mut patched));
        assert_eq!(patched, after);
    }

    #[test]
    fn every_value_of_a_definition_is_a_leaf_once() {
        let found = leaves(&json!({ "a": { "x": 1 }, "list": [{ "name": "n", "y": 2 }] }));
        let keys: Vec<&str> = found.iter().map(|leaf| leaf.key.as_str()).collect();
        assert_eq!(keys, ["a.x", "list[n].name", "list[n].y"]);
    }
}
