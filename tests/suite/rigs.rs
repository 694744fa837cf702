//! `--rigs N`: the same rigs everywhere, drawn from what a calibration knows, and how far results spread over them.

use std::fs;
use std::path::Path;

use flowtwin_campaign::folder::JOURNAL;
use serde_json::Value;

use crate::support::{folder, run, scenario};

/// A stock that is known to 20 %, and a light that is known well.
const KNOWN: &str = r#"
[[calibration.free]]
key = "stocks.amaranth.concentrations_mm.am"
low = 0.05
high = 0.5

[calibration.posterior]
keys = ["stocks.amaranth.concentrations_mm.am"]
covariance = [[0.04]]

[[phases]]
name = "survey"
policy = "lhs"
experiments = 3
"#;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn stock(rig: &Value) -> f64 {
    rig["values"]["stocks.amaranth.concentrations_mm.am"].as_f64().unwrap()
}

#[test]
fn an_experiment_on_rigs_tells_their_spread_apart_from_that_of_seeds() {
    let dir = folder("rigs-experiment");
    scenario(&dir, "rig", "dye-mixing.toml", KNOWN);
    let args = ["experiment", "rig.toml", "--rigs", "6", "--seeds", "2", "--out", "out"];
    let done = run(&dir, &args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    for words in ["spread over rigs (95 %)", "spread over seeds (95 %)"] {
        assert!(done.stdout.contains(words), "{}", done.stdout);
    }
    let found = json(&fs::read_to_string(dir.join("out/rigs.json")).unwrap());
    let rigs = found["rigs"].as_array().unwrap();
    assert_eq!((rigs.len(), rigs[0]["found"].as_array().unwrap().len()), (6, 2));
    assert_eq!(rigs[5]["name"], "rig-rig-6");
    // A stock that is known to 20 % shows: seeds differ by less than rigs do.
    let numbers = found["numbers"].as_array().unwrap();
    let spread = |number: &Value, over: &str| number[over]["deviation"]["value"].as_f64().unwrap();
    let told = |n: &&Value| spread(n, "rigs") > 3.0 * spread(n, "seeds");
    let number = numbers.iter().find(told).expect("a feature that the stock moves");
    assert_eq!((&number["rigs"]["n"], &number["seeds"]["n"]), (&6.into(), &2.into()));
    let low = number["rigs"]["deviation"]["low"].as_f64().unwrap();
    assert!(low > 0.0 && low < spread(number, "rigs"), "{number}");
    // One row for each rig and seed, with the values that were drawn.
    let csv = fs::read_to_string(dir.join("out/rigs.csv")).unwrap();
    assert_eq!(csv.lines().count(), 13);
    assert!(csv.starts_with("rig,seed,\"stocks.amaranth.concentrations_mm.am\","), "{csv}");
    // The same again, and the first of many rigs are the few.
    let again = run(&dir, &[&args[..6], &["--json"]].concat());
    assert_eq!(json(&again.stdout), found);
    let few = run(&dir, &["experiment", "rig.toml", "--rigs", "2", "--seeds", "1", "--json"]);
    let few = json(&few.stdout);
    assert_eq!(few["rigs"][1]["values"], rigs[1]["values"]);
    assert_eq!(few["numbers"][0]["rigs"]["deviation"], Value::Null);
}

#[test]
fn rigs_are_drawn_only_from_what_is_known() {
    let dir = folder("rigs-refused");
    scenario(&dir, "rig", "dye-mixing.toml", KNOWN);
    scenario(&dir, "unknown", "dye-mixing.toml", "");
    for command in ["run", "experiment"] {
        let refused = run(&dir, &[command, "unknown.toml", "--rigs", "2"]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains("no posterior to draw rigs from"), "{}", refused.stderr);
        assert!(refused.stderr.contains("flowtwin calibrate"), "{}", refused.stderr);
    }
    let paper = run(&dir, &["paper", "--scenario", "unknown.toml", "--rigs", "2"]);
    assert!(paper.stderr.contains("no posterior to draw rigs from"), "{}", paper.stderr);
    let idle = run(&dir, &["run", "rig.toml", "--seeds", "2"]);
    assert_eq!(idle.code, Some(2), "{}", idle.stderr);
    for more in [["--review", "--quiet"], ["--backend", "hardware"]] {
        let wired = ["--wiring", "none.toml"];
        let wiring = if more[0] == "--backend" { &wired[..] } else { &[] };
        let refused = run(&dir, &[&["run", "rig.toml", "--rigs", "2"], &more[..], wiring].concat());
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains("is for one alone"), "{}", refused.stderr);
    }
    assert!(!dir.join("runs").exists());
}

#[test]
fn rigs_that_cannot_be_are_drawn_again_and_that_is_told() {
    let dir = folder("rigs-again");
    let narrow = KNOWN.replace("low = 0.05", "low = 0.125").replace("high = 0.5", "high = 0.2");
    scenario(&dir, "rig", "dye-mixing.toml", &narrow);
    let done = run(&dir, &["experiment", "rig.toml", "--rigs", "30", "--seeds", "1", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("drawn again, which cannot be"), "{}", done.stderr);
    let found = json(&done.stdout);
    assert!(found["drawn_again"].as_object().unwrap().keys().any(|why| why.contains("outside")));
    for rig in found["rigs"].as_array().unwrap() {
        assert!(stock(rig) > 0.125 && stock(rig) < 0.2, "{rig}");
    }
}

#[test]
fn a_campaign_has_a_folder_for_each_rig_and_seed_and_goes_on_to_the_same_bytes() {
    let dir = folder("rigs-run");
    scenario(&dir, "rig", "dye-mixing.toml", KNOWN);
    let args = ["run", "rig.toml", "--rigs", "2", "--seeds", "2"];
    let done = run(&dir, &args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("spread over rigs (95 %)"), "{}", done.stdout);
    assert!(done.stdout.contains("lab time [h]"), "{}", done.stdout);
    let base = dir.join("runs/rig-rigs-3");
    let journal = |run: &str| fs::read(base.join(run).join(JOURNAL)).unwrap();
    let names = ["rig-1-seed-3", "rig-1-seed-4", "rig-2-seed-3", "rig-2-seed-4"];
    let before: Vec<Vec<u8>> = names.iter().map(|run| journal(run)).collect();
    let text = |place: usize| String::from_utf8(before[place].clone()).unwrap();
    assert!(text(0).contains("\"rig-rig-1\"") && text(3).contains("\"rig-rig-2\""));
    let table = fs::read(base.join("rigs.csv")).unwrap();
    // What is missing is done, the rest is taken up.
    fs::remove_dir_all(base.join("rig-2-seed-3")).unwrap();
    let on = run(&dir, &[&args[..], &["--resume"]].concat());
    assert_eq!(on.code, Some(0), "{}", on.stderr);
    assert!(names.iter().map(|run| journal(run)).eq(before));
    assert_eq!(fs::read(base.join("rigs.csv")).unwrap(), table);
    // The drawn rig can be run by itself: it is a scenario like any other.
    assert!(has_report(&base.join("rig-2-seed-3")));
}

fn has_report(run: &Path) -> bool {
    run.join("report.html").is_file() && run.join("summary.json").is_file()
}

#[test]
fn a_benchmark_judges_policies_over_rigs() {
    let dir = folder("rigs-benchmark");
    scenario(&dir, "rig", "dye-mixing.toml", KNOWN);
    let args = ["benchmark", "rig.toml", "--policies", "random,lhs", "--opening", "2"];
    let more = ["--experiments", "2", "--seeds", "2", "--rigs", "3", "--json"];
    let done = run(&dir, &[&args[..], &more].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let found = json(&done.stdout);
    assert_eq!(found["findings"].as_array().unwrap().len(), 3);
    let over = &found["over_rigs"][0];
    assert_eq!(over["scenario"], "rig");
    assert!(over["sentence"].as_str().unwrap().contains("3 rigs, 2 seeds on each"), "{over}");
    let policies = over["policies"].as_array().unwrap();
    let n = |over: &str| policies[0][over]["n"].as_u64();
    assert_eq!((policies.len(), n("rigs"), n("seeds")), (2, Some(3), Some(2)));
    let report = fs::read_to_string(dir.join("benchmark/report.html")).unwrap();
    assert!(report.contains("rig, over its rigs"));
}
