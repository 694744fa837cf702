//! Every key that a scenario may have, as a page for people.
//!
//! It is made from the JSON Schema, that is, from the types that read scenarios: what stands here is what is read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::schema::{EXTENDS, complete, referred, take_object};

/// What stands above the tables.
const HEAD: &str = "\
# Keys of a scenario

Every key that `flowtwin check` knows, made by `flowtwin check --keys`. Units are part of names (`_ul_per_min` µL/min, `_c` °C,
`_k` K, `_nm` nm, `_mm` mm or mM, as the text says); ranges are enforced when a scenario is read. *Needed* keys may be missing in a
scenario that `extends` another which has them. A name in capitals is yours to choose. [scenario.md](scenario.md) leads through
a first scenario of your own.
";

/// Every key that a scenario may have: what it means, its unit and range, and what holds where it is left out. Markdown.
pub fn keys() -> String {
    let mut root = complete();
    let definitions = take_object(&mut root, "definitions");
    let mut page = Page { definitions, told: BTreeMap::new(), met: Vec::new() };
    let mut text = HEAD.to_owned();
    page.table(&mut text, "", &root);
    let _ = writeln!(text, "| `extends` | text | none | {EXTENDS} |");
    // What a table refers to follows it at once.
    let mut waiting: Vec<String> = page.met.drain(..).rev().collect();
    while let Some(name) = waiting.pop() {
        page.section(&mut text, &name);
        waiting.extend(page.met.drain(..).rev());
    }
    text
}

/// What is being written.
struct Page {
    definitions: Map<String, Value>,
    /// Where each definition that was met stands in a scenario, by its name.
    told: BTreeMap<String, String>,
    /// Those met for the first time in the section that is being written.
    met: Vec<String>,
}

impl Page {
    /// A definition: a table with its keys, or the forms that a value can take.
    fn section(&mut self, text: &mut String, name: &str) {
        let definition = self.definitions[name].clone();
        let path = &self.told[name].clone();
        let _ = writeln!(text, "\n## {path}\n\n{}", said(&definition));
        match forms(&definition) {
            Some(forms) => {
                text.push_str("\n| one of | what |\n|---|---|\n");
                let word = definition["oneOf"].is_null();
                for form in forms {
                    self.form(text, path, &form, word);
                }
            }
            None => self.table(text, path, &definition),
        }
    }

    /// The keys of a table.
    fn table(&mut self, text: &mut String, path: &str, table: &Value) {
        text.push_str("\n| key | kind | if left out | what |\n|---|---|---|---|\n");
        let Some(properties) = table["properties"].as_object() else { return };
        for (key, value) in properties {
            let at = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let kind = self.kind(&at, value);
            let without = without(table, key, value);
            let _ = writeln!(text, "| `{key}` | {kind} | {without} | {} |", said(value));
        }
    }

    /// One of the forms that a value can take: a word, or a table with one key, for which a word may stand where that is empty.
    fn form(&mut self, text: &mut String, path: &str, form: &Value, word: bool) {
        if let Some(word) = form["const"].as_str() {
            let _ = writeln!(text, "| `\"{word}\"` | {} |", said(form));
        }
        for (key, value) in form["properties"].as_object().into_iter().flatten() {
            if value["type"] == "object" && value["properties"].is_null() {
                let written =
                    if word { format!("\"{key}\"") } else { format!("{{ {key} = {{}} }}") };
                let _ = writeln!(text, "| `{written}` | {} |", said(form));
                continue;
            }
            let (mut shape, mut meaning) = (String::new(), said(form));
            match value["properties"].as_object() {
                Some(keys) => {
                    let names: Vec<&str> = keys.keys().map(String::as_str).collect();
                    let _ = write!(shape, "{{ {} }}", names.join(", "));
                    for (name, value) in keys {
                        let range = range("; ", value);
                        let end = if range.is_empty() { "" } else { "." };
                        let what = said(value);
                        let what =
                            if range.is_empty() { &what } else { what.trim_end_matches('.') };
                        let _ = write!(meaning, " `{name}`: {what}{range}{end}");
                    }
                }
                None => shape = self.kind(&format!("{path}.{key}"), value),
            }
            let _ = writeln!(text, "| `{key}` = {shape} | {} |", meaning.trim());
        }
    }

    /// What kind of value a key takes; what it refers to follows later.
    fn kind(&mut self, path: &str, value: &Value) -> String {
        if let Some(name) = referred(value) {
            return self.refer(path, &name);
        }
        match value["type"].as_str() {
            Some("array") => {
                format!("list of {}", self.kind(&format!("{path}[]"), &value["items"]))
            }
            Some("object") if value["additionalProperties"].is_object() => {
                let each = self.kind(&format!("{path}.NAME"), &value["additionalProperties"]);
                format!("by name: {each}")
            }
            Some("object") => "table".into(),
            Some("string") => "text".into(),
            Some("boolean") => "`true` or `false`".into(),
            Some("integer") => format!("whole number{}", range(", ", value)),
            _ => format!("number{}", range(", ", value)),
        }
    }

    fn refer(&mut self, path: &str, name: &str) -> String {
        let definition = &self.definitions[name];
        let plain = definition["properties"].is_null() && forms(definition).is_none();
        if plain {
            let definition = definition.clone();
            return self.kind(path, &definition);
        }
        let what = if forms(definition).is_some() { "one of" } else { "table" };
        if !self.told.contains_key(name) {
            self.told.insert(name.to_owned(), path.to_owned());
            self.met.push(name.to_owned());
        }
        let at = &self.told[name];
        format!("{what}, [{at}](#{})", anchor(at))
    }
}

/// The forms of a value that can take several.
fn forms(definition: &Value) -> Option<Vec<Value>> {
    if let Some(forms) = definition["oneOf"].as_array() {
        return Some(forms.clone());
    }
    // A word, or a table of that name with keys of its own.
    let either = definition["anyOf"].as_array()?;
    either.iter().find_map(|choice| choice["oneOf"].as_array().cloned())
}

/// What holds where a key is left out.
fn without(table: &Value, key: &str, value: &Value) -> String {
    let needed = table["required"].as_array().is_some_and(|all| all.iter().any(|k| k == key));
    match value.get("default") {
        _ if needed => "*needed*".into(),
        Some(Value::Object(map)) if map.len() > 1 => "its keys' own".into(),
        Some(Value::Array(list)) if list.is_empty() => "none".into(),
        Some(Value::Object(map)) if map.is_empty() => "none".into(),
        Some(Value::Object(map)) => {
            let pair = |(key, value): (&String, &Value)| format!("`{{ {key} = {value} }}`");
            map.iter().map(pair).collect()
        }
        Some(Value::String(text)) if text.is_empty() => "empty".into(),
        Some(default) => format!("`{default}`"),
        None => "none".into(),
    }
}

/// The range of a number, where it has two ends.
fn range(before: &str, number: &Value) -> String {
    match (number["minimum"].as_f64(), number["maximum"].as_f64()) {
        (Some(low), Some(high)) => format!("{before}{} to {}", in_words(low), in_words(high)),
        _ => String::new(),
    }
}

/// A number as people read it: `−50`, `20 000`, `1e9`.
fn in_words(value: f64) -> String {
    let size = value.abs();
    let text = if size >= 1e9 || (size > 0.0 && size < 1e-4) {
        format!("{size:e}")
    } else {
        let (whole, rest) = (size.trunc() as u64, size.fract());
        let digits = if whole < 10_000 { whole.to_string() } else { grouped(whole) };
        if rest > 0.0 { size.to_string() } else { digits }
    };
    if value < 0.0 { format!("−{text}") } else { text }
}

/// A whole number with a space before every three digits.
fn grouped(whole: u64) -> String {
    match whole {
        0..1000 => whole.to_string(),
        _ => format!("{} {:03}", grouped(whole / 1000), whole % 1000),
    }
}

/// The description of a schema, fit for a cell of a table.
fn said(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('|', "\\|")
}

/// The anchor of a heading, as pages of Markdown are shown.
fn anchor(heading: &str) -> String {
    let keeps = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-');
    heading.to_lowercase().chars().filter(keeps).collect()
}
