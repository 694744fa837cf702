//! Inputs that are no settings: times, ratios and options, which formulas turn into rates.

use std::fs;
use std::path::Path;

use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::learnt::{Data, Selection};
use flowtwin_lab::Streams;
use flowtwin_twin::region::Region;

use crate::support::{folder, root, run, scenario};

const BASE: &str = "ester-equivalents.toml";

fn loaded() -> Scenario {
    Scenario::load(&root().join("scenarios").join(BASE)).unwrap()
}

/// The rates of a pump at conditions given as text [µL/min].
fn rate(scenario: &Scenario, pump: &str, set: &[&str]) -> f64 {
    let set: Vec<String> = set.iter().map(|&text| text.to_owned()).collect();
    let conditions = flowtwin_campaign::choice::conditions(scenario.space(), &set).unwrap();
    let recipe = scenario.procedure().recipe();
    // As a journal gives them back: options by name, without their numbers.
    let text = serde_json::to_string(&conditions).unwrap();
    let read = serde_json::from_str(&text).unwrap();
    assert_eq!(recipe.settings(&conditions), recipe.settings(&read));
    recipe.settings(&conditions).flow(&pump.into()).ul_per_min()
}

/// A coil of 1.5 mL in 300 s is 300 µL/min. Two equivalents of 8 M alcohol to 4 M acid take as much of one as of the other.
#[test]
fn times_and_equivalents_become_rates() {
    let scenario = loaded();
    let set = ["reaction_time_s=300", "equivalents=2", "catalyst=strong"];
    assert!((rate(&scenario, "alcohol", &set) - 150.0).abs() < 1e-6);
    assert!((rate(&scenario, "strong", &set) - 150.0).abs() < 1e-6);
    assert!(rate(&scenario, "acid", &set).abs() < 1e-9);
    let weak = ["reaction_time_s=300", "equivalents=4", "catalyst=weak"];
    assert!((rate(&scenario, "acid", &weak) - 100.0).abs() < 1e-6);
    assert!((rate(&scenario, "alcohol", &weak) - 200.0).abs() < 1e-6);
}

/// What is proposed can be set, whatever was asked for.
#[test]
fn every_proposal_keeps_what_formulas_bound() {
    let scenario = loaded();
    let region = Region::new(scenario.space()).unwrap();
    let mut stream = Streams::new(7).open("test", 0);
    let mut refused = 0;
    for _ in 0..500 {
        let u: Vec<f64> = (0..scenario.space().dim()).map(|_| stream.uniform()).collect();
        refused += usize::from(!scenario.space().contains(&scenario.space().from_unit(&u)));
        let snapped = region.snap(&u);
        assert!(scenario.space().contains(&snapped), "{snapped:?}");
    }
    assert!((10..250).contains(&refused), "{refused} of 500");
}

#[test]
fn a_campaign_over_times_and_options_is_the_same_on_emulated_instruments() {
    let dir = folder("quantities");
    let file = root().join("scenarios").join(BASE);
    let file = file.to_str().unwrap();
    for backend in ["sim", "emulated"] {
        let done = run(&dir, &["run", file, "--backend", backend, "--out", backend]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    let journal = |of: &str| fs::read_to_string(dir.join(of).join("journal.jsonl")).unwrap();
    assert!(journal("sim") == journal("emulated"));
    let csv = fs::read_to_string(dir.join("sim/observations.csv")).unwrap();
    let column = |name: &str| {
        let place = csv.lines().next().unwrap().split(',').position(|n| n == name).unwrap();
        csv.lines().skip(1).map(|line| line.split(',').nth(place).unwrap()).collect::<Vec<_>>()
    };
    let number = |text: &&str| text.parse::<f64>().unwrap();
    let asked = column("reaction_time_s");
    for (asked, reached) in asked.iter().zip(column("actual_reaction_time_s")) {
        assert!((number(asked) - number(&reached)).abs() < 1e-3, "{asked} s, {reached} s");
    }
    let used = column("catalyst");
    assert!(used.contains(&"weak") && used.contains(&"strong"), "{used:?}");
    let mut strong = used.iter().zip(column("consumed_strong_acid_ml"));
    assert!(strong.all(|(catalyst, ml)| (*catalyst == "strong") == (number(&ml) > 0.0)));
    let again = run(&dir, &["diff", "sim", "emulated"]);
    assert!(again.stdout.contains("Equal: 10 experiments."), "{}", again.stdout);
}

/// A journal knows an option by its name. Whoever reads it must not take every option for the first.
#[test]
fn options_of_a_recorded_run_are_what_was_chosen() {
    let dir = folder("quantities-recorded");
    let two = |first: &str| {
        let listed = |catalyst: &str| {
            format!(
                "{{ oven_c = 100.0, reaction_time_s = 300.0, equivalents = 2.0, catalyst = \"{catalyst}\" }}"
            )
        };
        let other = if first == "weak" { "strong" } else { "weak" };
        format!(
            "[[phases]]\nname = \"two\"\nexperiments = 2\npolicy.list.conditions = [{}, {}]\n",
            listed(first),
            listed(other)
        )
    };
    for first in ["weak", "strong"] {
        let file = scenario(&dir, first, BASE, &two(first));
        let done = run(&dir, &["run", file.to_str().unwrap(), "--out", first]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    let diff = run(&dir, &["diff", "weak", "strong"]).stdout;
    assert!(diff.contains("2 of 2 proposals differ"), "{diff}");
    assert!(diff.contains("catalyst: weak → strong, 1.0 of the range"), "{diff}");
    let journal = read_journal(&dir.join("weak")).unwrap();
    let table = flowtwin_campaign::observations::table(&loaded(), &journal);
    let chosen = |line: &str| line.split_whitespace().any(|cell| cell == "strong");
    assert_eq!(table.lines().filter(|line| chosen(line)).count(), 1, "{table}");
    let selection = Selection { target: "ester".into(), ..Selection::default() };
    let data = Data::read(&dir.join("weak"), &selection).unwrap();
    let place = data.inputs().position(|name| name == "catalyst").unwrap();
    let learnt: Vec<f64> = data.measured().map(|(row, _)| row.inputs[place]).collect();
    assert_eq!(learnt, [0.0, 1.0]);
}

fn refused(dir: &Path, name: &str, body: &str) -> String {
    let file = scenario(dir, name, BASE, body);
    let done = run(dir, &["check", file.to_str().unwrap()]);
    assert_eq!(done.code, Some(2), "{}{}", done.stdout, done.stderr);
    done.stdout + &done.stderr
}

#[test]
fn what_a_formula_cannot_mean_is_told_at_its_place() {
    let dir = folder("quantities-refused");
    let cases = [
        (
            "unit",
            "[space.derived]\nfeed_ul_per_min = { formula = \"3 * reaction_time_s\" }",
            "this is a time",
        ),
        (
            "name",
            "[space.derived]\nacid = { formula = \"feed_ul_per_mim\" }",
            "did you mean `feed_ul_per_min`?",
        ),
        (
            "circle",
            "[space.derived]\nfeed_ul_per_min = { formula = \"acid_ul_per_min\" }\nacid = { formula = \"feed_ul_per_min\" }",
            "follows from itself",
        ),
        (
            "both",
            "[space.derived]\nacid = { sum_of = [\"alcohol\"], formula = \"feed_ul_per_min\" }",
            "from a formula or from sums, not from both",
        ),
        ("idle", "[space.inputs]\nidle_s = { low = 1.0, high = 2.0 }", "idle_s sets nothing"),
        (
            "options",
            "[space.inputs]\nsolvent = { options = [\"THF\", \"MeCN\"] }",
            "no formula of [space.derived] uses `solvent_THF` or another of its options",
        ),
        (
            "twins",
            "[space.inputs]\nsolvent = { options = [\"A-1\", \"A 1\"] }",
            "formulas would know `A 1` as `solvent_A_1`, which has another meaning",
        ),
        (
            "stocks",
            "[stocks]\nacetic = { concentrations_mm = { acid_acid = 1.0 } }",
            "two things of the rig are `acetic_acid_acid_mol_per_l` to a formula",
        ),
        (
            "word",
            "[analysis]\nfeatures = [{ name = \"ester\", channel = \"gc\", measure = { concentration = { of = \"ester\" } } }, { name = \"odd\", formula = \"2 * catalyst\" }]",
            "there is no `catalyst` here",
        ),
        (
            "nothing",
            "[space.constraints.formulas]\nalcohol_ml_per_h = { formula = \"alcohol_ul_per_min\" }\nnone = { formula = \"1\" }",
            "it bounds nothing",
        ),
        (
            "empty",
            "[space.constraints.formulas]\nleast_ml_per_h = { formula = \"alcohol_ul_per_min\", at_least = 31.0 }",
            "no conditions were found that meet all constraints together",
        ),
    ];
    for (name, body, told) in cases {
        let message = refused(&dir, name, body);
        let one_line = message.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(one_line.contains(told), "{name}: {message}");
    }
}

/// A rig that cannot reach a corner says so before the night, with the rate that it would take.
#[test]
fn check_tells_what_the_pumps_cannot_do() {
    let file = root().join("scenarios").join(BASE);
    let done = run(&folder("quantities-check"), &["check", file.to_str().unwrap()]);
    let one_line = done.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(one_line.contains("94 % of the space can be set."), "{one_line}");
    assert!(
        one_line.contains(": alcohol_ml_per_h would be 39.8, allowed is at most 30"),
        "{one_line}"
    );
}

/// The guide's example of several wishes in one number is a scenario, and means what it says.
#[test]
fn wishes_in_one_number_are_features_with_formulas() {
    let dir = folder("quantities-wishes");
    let guide = fs::read_to_string(root().join("docs/goals.md")).unwrap();
    let (_, section) = guide.split_once("## Several wishes in one number").unwrap();
    let example = section.split("```").nth(1).unwrap().strip_prefix("text").unwrap();
    let measured = |name: &str, of: &str| {
        format!(
            "[[analysis.features]]\nname = \"{name}\"\nchannel = \"gc\"\nmeasure = {{ concentration = {{ of = \"{of}\" }} }}\n"
        )
    };
    let body = measured("ester", "ester") + &measured("acid_left", "acid") + example;
    let file = scenario(&dir, "wishes", "ester.toml", &body);
    let done = run(&dir, &["experiment", file.to_str().unwrap(), "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let seen: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let value = |name: &str| seen["features"][name]["value"].as_f64().unwrap();
    let (ester, left) = (value("ester"), value("acid_left"));
    let parts = ((ester - 500.0) / 1500.0).clamp(0.0, 1.0) * (1.0 - left / 1000.0).clamp(0.0, 1.0);
    assert!((value("desirability") - parts.sqrt()).abs() < 1e-9, "{seen:#}");
    let tiers = if left > 300.0 { -left / 300.0 } else { ester / 2000.0 };
    assert!((value("first_clean_then_much") - tiers).abs() < 1e-9, "{seen:#}");
}

/// Without a rig formulas may bound inputs of a lab outside.
#[test]
fn a_lab_outside_may_have_bounds_by_formulas() {
    let dir = folder("quantities-outside");
    let body = r#"
schema = 1
name = "outside"
title = "A lab outside"
description = "Two inputs and a bound on their product."
seed = 1
objective = { feature = "yield_percent", goal = "maximize" }

[space.inputs]
time_min = { low = 1.0, high = 60.0, resolution = 1.0 }
power_w = { low = 10.0, high = 200.0, resolution = 1.0 }

[space.constraints.formulas]
energy_kj = { formula = "time_min * power_w", at_most = 120.0 }

[[phases]]
name = "look"
policy = "lhs"
experiments = 8
"#;
    let file = dir.join("outside.toml");
    fs::write(&file, body).unwrap();
    let scenario = Scenario::load(&file).unwrap();
    let space = scenario.space();
    assert!(space.contains(&space.conditions(vec![20.0, 100.0])));
    assert!(!space.contains(&space.conditions(vec![20.0, 101.0])));
    let region = Region::new(space).unwrap();
    let mut stream = Streams::new(3).open("test", 0);
    for _ in 0..200 {
        assert!(space.contains(&region.snap(&region.sample(&mut stream))));
    }
}
