//! `scenarios/schema.json` says what scenario files may say, for editors.

use std::fs;

use flowtwin::scenario::schema;
use serde_json::{Value, json};

use crate::support::{root, scenario_files};

#[test]
fn the_schema_in_the_repository_is_the_current_one() {
    let written = fs::read_to_string(root().join("scenarios/schema.json")).unwrap();
    let renew = "renew it: flowtwin check --schema > scenarios/schema.json";
    assert!(
        written == format!("{:#}\n", schema()),
        "scenarios/schema.json is out of date; {renew}"
    );
}

#[test]
fn every_scenario_is_valid_under_the_schema() {
    let schema = schema();
    let below = ["scenarios/suite", "scenarios/tables"].map(|folder| root().join(folder));
    let below = below.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let below = below.map(|entry| entry.unwrap().path());
    let below = below.filter(|path| path.extension().is_some_and(|e| e == "toml"));
    for file in scenario_files().into_iter().chain(below) {
        let text = fs::read_to_string(&file).unwrap();
        let wrong = complaints(&schema, &text);
        assert!(wrong.is_empty(), "{}: {wrong:#?}", file.display());
    }
}

/// What `flowtwin check` refuses because of a key's name or kind, an editor marks too.
#[test]
fn the_schema_refuses_what_scenarios_refuse() {
    let text = fs::read_to_string(root().join("scenarios/dye-mixing.toml")).unwrap();
    for (from, to, complaint) in [
        ("width_mm = 1.6", "width_um = 1600.0", "/rig/segmentation: width_um is unknown"),
        ("ambient_c = 20.0", "ambient_c = \"warm\"", "/rig/ambient_c: is no number"),
        ("[objective]", "[objectives]", "objectives is unknown"),
        ("surrogate = \"gp\"", "surrogate = \"gpp\"", "/twin/surrogate: is none of the choices"),
        ("policy = \"sobol\"", "policy = \"soboll\"", "/phases/0/policy: is none of the choices"),
        ("of = \"mb\"\n", "", ""),
        ("name = \"coil\"\n", "", "/rig/tube/0: name is missing"),
        ("schema = 1", "schema = 2", "/schema: is not 1"),
        ("[twin]\nsurrogate = \"gp\"", "", "twin is missing"),
    ] {
        assert!(text.contains(from), "{from}");
        let wrong = complaints(&schema(), &text.replacen(from, to, 1));
        let found = if complaint.is_empty() {
            wrong.is_empty()
        } else {
            wrong.iter().any(|w| w.contains(complaint))
        };
        assert!(found, "{from} -> {to}: {wrong:?}");
    }
    let extending = "schema = 1\nextends = \"x.toml\"\nnoise = false\n[rig.pumps]\ncui = false";
    assert_eq!(complaints(&schema(), extending), [""; 0]);
    assert!(!complaints(&schema(), &extending.replace("false", "true")).is_empty());
}

/// What is wrong with a scenario under a schema.
fn complaints(schema: &Value, text: &str) -> Vec<String> {
    let table: toml::Table = text.parse().unwrap();
    let value = serde_json::to_value(table).unwrap();
    let mut wrong = Vec::new();
    Validator { root: schema }.check(schema, &value, "", &mut wrong);
    wrong
}

/// Enough of JSON Schema for the one schema there is; a keyword that is not known fails the test.
struct Validator<'a> {
    root: &'a Value,
}

impl Validator<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let Some(keywords) = schema.as_object() else {
            if *schema == json!(false) {
                wrong.push(format!("{at}: is not allowed"));
            }
            return;
        };
        for (keyword, rule) in keywords {
            if let Some(complaint) = self.keyword(keyword, rule, schema, value, at, wrong) {
                wrong.push(format!("{at}: {complaint}"));
            }
        }
    }

    fn is_valid(&self, schema: &Value, value: &Value) -> bool {
        let mut wrong = Vec::new();
        self.check(schema, value, "", &mut wrong);
        wrong.is_empty()
    }

    fn keyword(
        &self,
        keyword: &str,
        rule: &Value,
        schema: &Value,
        value: &Value,
        at: &str,
        wrong: &mut Vec<String>,
    ) -> Option<String> {
        let list = || rule.as_array().expect("a list").iter();
        let valid = |choice: &Value| self.is_valid(choice, value);
        let holds = match keyword {
            "$schema" | "title" | "description" | "default" | "definitions" | "then" => true,
            "$ref" => {
                let pointer = rule.as_str().expect("a reference").trim_start_matches('#');
                let definition = self.root.pointer(pointer).expect("a definition");
                self.check(definition, value, at, wrong);
                true
            }
            "allOf" => {
                list().for_each(|each| self.check(each, value, at, wrong));
                true
            }
            "if" => {
                if valid(rule) {
                    self.check(&schema["then"], value, at, wrong);
                }
                true
            }
            "anyOf" => list().any(valid),
            "oneOf" => list().filter(|choice| valid(choice)).count() == 1,
            "not" => !valid(rule),
            "const" => return (rule != value).then(|| format!("is not {rule}")),
            "enum" => list().any(|choice| choice == value),
            "type" => return (!is_of(rule, value)).then(|| format!("is no {}", rule_name(rule))),
            "minimum" => value.as_f64() >= rule.as_f64(),
            "maximum" => value.as_f64() <= rule.as_f64(),
            "minItems" => value.as_array().is_none_or(|v| v.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|v| v.len() as u64 <= rule.as_u64().unwrap()),
            "items" => {
                for (i, entry) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(rule, entry, &format!("{at}/{i}"), wrong);
                }
                true
            }
            "required" | "properties" | "additionalProperties" => {
                return self.table(keyword, rule, schema, value, at, wrong);
            }
            other => panic!("the validator does not know {other}"),
        };
        (!holds).then(|| "is none of the choices".to_owned())
    }

    /// The keywords that speak of tables.
    fn table(
        &self,
        keyword: &str,
        rule: &Value,
        schema: &Value,
        value: &Value,
        at: &str,
        wrong: &mut Vec<String>,
    ) -> Option<String> {
        let table = value.as_object()?;
        if keyword == "required" {
            let mut keys = rule.as_array().unwrap().iter().map(|key| key.as_str().unwrap());
            let missing = keys.find(|key| !table.contains_key(*key));
            return missing.map(|key| format!("{key} is missing"));
        }
        let of_key = |key: &String| schema["properties"].get(key);
        for (key, entry) in table {
            let rule = match (keyword, of_key(key)) {
                ("properties", Some(own)) => own,
                ("additionalProperties", None) => rule,
                _ => continue,
            };
            if rule.is_object() {
                self.check(rule, entry, &format!("{at}/{key}"), wrong);
            }
        }
        let unknown = table.keys().find(|key| of_key(key).is_none());
        let closed = keyword == "additionalProperties" && *rule == json!(false);
        unknown.filter(|_| closed).map(|key| format!("{key} is unknown"))
    }
}

fn rule_name(kind: &Value) -> &str {
    kind.as_str().unwrap_or("table")
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(|kind| is_of(kind, value)),
        Value::String(kind) => match kind.as_str() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.is_u64() || value.is_i64(),
            other => panic!("the validator does not know the type {other}"),
        },
        other => panic!("{other} is no type"),
    }
}
