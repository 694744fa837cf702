//! `scenarios/schema.json` says what scenario files may say, for editors.

use std::fs;

use flowtwin_campaign::scenario::{Scenario, keys, schema};
use serde_json::Value;

use crate::support::{folder, root, run, scenario_files};

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
fn the_page_of_keys_is_the_current_one_and_its_links_lead_somewhere() {
    let written = fs::read_to_string(root().join("docs/scenario-keys.md")).unwrap();
    let renew = "renew it: flowtwin check --keys > docs/scenario-keys.md";
    assert!(written == keys(), "docs/scenario-keys.md is out of date; {renew}");
    let plain = |heading: &str| heading.to_lowercase().replace(['.', '[', ']'], "");
    let headings: Vec<String> =
        written.lines().filter_map(|line| line.strip_prefix("## ")).map(plain).collect();
    let links: Vec<&str> =
        written.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 60, "{}", links.len());
    for link in links {
        assert!(headings.iter().any(|heading| heading == link), "#{link}");
    }
}

/// Whoever follows the guide block by block has a scenario that runs.
#[test]
fn the_guide_to_a_scenario_of_ones_own_leads_to_one() {
    let guide = fs::read_to_string(root().join("docs/scenario.md")).unwrap();
    let blocks = guide.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let dir = folder("guide");
    let file = dir.join("my-rig.toml");
    fs::write(&file, blocks.collect::<Vec<_>>().join("\n")).unwrap();
    let scenario = Scenario::load(&file).expect("the blocks make a scenario");
    assert_eq!(complaints(&schema(), &fs::read_to_string(&file).unwrap()), [""; 0]);
    let done = run(&dir, &["run", "my-rig.toml", "--out", "out", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary: Value = serde_json::from_str(&done.stdout).unwrap();
    let planned: usize = scenario.phases().iter().map(|phase| phase.experiments).sum();
    assert_eq!((&summary["experiments"], &summary["failed"]), (&planned.into(), &0.into()));
    // The campaign finds better than its opening did.
    let best = |phase: usize| summary["phases"][phase]["best"]["value"].as_f64().unwrap();
    assert!(best(1) > 1.2 * best(0), "{summary:#}");
}

#[test]
fn every_scenario_is_valid_under_the_schema() {
    let schema = schema();
    let suites = ["suite", "suite-v2"].map(|name| root().join("scenarios").join(name));
    let suites = suites.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let suites = suites.map(|entry| entry.unwrap().path());
    let suites = suites.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    for file in scenario_files().into_iter().chain(suites) {
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
        (
            "width_mm = 1.6",
            "width_um = 1600.0",
            "/rig/segmentation: Additional properties are not allowed ('width_um'",
        ),
        (
            "ambient_c = 20.0",
            "ambient_c = \"warm\"",
            "/rig/ambient_c: \"warm\" is not of type \"number\"",
        ),
        ("[objective]", "[objectivs]", "Additional properties are not allowed ('objectivs'"),
        ("[objective]", "[objectives]", "/objectives: {"),
        ("surrogate = \"gp\"", "surrogate = \"gpp\"", "/twin/surrogate: \"gpp\" is not"),
        ("policy = \"sobol\"", "policy = \"soboll\"", "/phases/0/policy: \"soboll\" is not"),
        ("of = \"mb\"\n", "", ""),
        ("name = \"coil\"\n", "", "/rig/tube/0: \"name\" is a required property"),
        ("schema = 1", "schema = 2", "/schema: 1 was expected"),
        ("experiments = 6\n", "", "/phases/0: \"experiments\" is a required property"),
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
    let extending = "schema = 1\nextends = \"x.toml\"\nnoise = false\nobjectives = false\n[rig.pumps]\ncui = false";
    assert_eq!(complaints(&schema(), extending), [""; 0]);
    assert!(!complaints(&schema(), &extending.replace("false", "true")).is_empty());
}

/// What is wrong with a scenario under a schema: where, and what.
fn complaints(schema: &Value, text: &str) -> Vec<String> {
    let table: toml::Table = text.parse().unwrap();
    let value = serde_json::to_value(table).unwrap();
    let validator = jsonschema::validator_for(schema).unwrap();
    validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}
