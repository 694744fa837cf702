//! A pump may be off: chosen, derived, in a flush, and on every way to the rig. What priming takes counts.

use std::fs;
use std::path::Path;

use flowtwin_campaign::scenario::Scenario;
use serde_json::Value;

use crate::support::{folder, run, scenario};

/// Two dyes, either of which may be off, and a make-up pump whose rate follows: zero where the others give all.
const OFF: &str = r#"
noise = false

[space.inputs]
blue_ul_per_min = { low = 0.0, high = 300.0, resolution = 0.1, sets = { pump = "blue" } }
red_ul_per_min = { low = 150.0, high = 300.0, resolution = 1.0, sets = { pump = "red" } }

[space.derived]
oil = { sum_of = ["blue", "red"], times = 1.5 }

[space]
constraints = false

[procedure]
fill = { flush_s = 60.0, rates = [{ pump = "blue", ul_per_min = 100.0 }, { pump = "red", ul_per_min = 0.0 }, { pump = "oil", ul_per_min = 150.0 }] }

[objective]
feature = "red"

[[phases]]
name = "listed"
experiments = 3
policy.list.conditions = [
  { blue_ul_per_min = 0.0, red_ul_per_min = 300.0 },
  { blue_ul_per_min = 150.0, red_ul_per_min = 150.0 },
  { blue_ul_per_min = 300.0, red_ul_per_min = 150.0 },
]
"#;

fn journal(folder: &Path) -> String {
    fs::read_to_string(folder.join("journal.jsonl")).unwrap()
}

/// A stream that is off brings nothing: the other dye alone absorbs, and its line is the one that is waited for.
#[test]
fn an_input_can_turn_a_pump_off_on_every_backend() {
    let dir = folder("off");
    let file = scenario(&dir, "off", "dye-mixing.toml", OFF);
    let file = file.to_str().unwrap();
    for backend in ["sim", "emulated"] {
        let done = run(&dir, &["run", file, "--backend", backend, "--out", backend, "--json"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let summary: Value = serde_json::from_str(&done.stdout).unwrap();
        assert_eq!(summary["failed"], 0, "{summary:#}");
    }
    assert!(journal(&dir.join("sim")) == journal(&dir.join("emulated")));
    let csv = fs::read_to_string(dir.join("sim/observations.csv")).unwrap();
    let column = |name: &str| {
        let place = csv.lines().next().unwrap().split(',').position(|n| n == name).unwrap();
        let cell = |line: &str| line.split(',').nth(place).unwrap().parse::<f64>().unwrap();
        csv.lines().skip(1).map(cell).collect::<Vec<_>>()
    };
    let (blue, red) = (column("blue_au"), column("red_au"));
    assert!(blue[0].abs() < 0.02 * blue[2], "{blue:?}");
    assert!((red[0] / red[1] - 2.0).abs() < 0.2, "{red:?}");
    // 25 µL of the other line and 1 of its junction at 300 µL/min, 960 µL of tube at 750.
    let tau = column("residence_time_s");
    assert!((tau[0] - 60.0 * (26.0 / 300.0 + 960.0 / 750.0)).abs() < 1e-6, "{tau:?}");
}

/// Between off and the slowest there is nothing: 0.1 µL/min becomes off or 0.125, and is refused where it is written down.
#[test]
fn what_is_slower_than_a_pump_can_run_is_off_or_its_slowest() {
    let dir = folder("slow");
    let file = scenario(&dir, "slow", "dye-mixing.toml", OFF);
    let space = Scenario::load(&file).unwrap().space().clone();
    let slowest = space.least()[0];
    assert!(slowest > 0.1 && slowest < 0.3, "{slowest}");
    let drawn = |u: f64| space.from_unit(&[u, 0.5]).values()[0];
    assert!(drawn(0.0) <= 0.0 && (drawn(0.0004) - slowest).abs() < 1e-12);
    let set = ["experiment", file.to_str().unwrap(), "--set", "blue_ul_per_min=0.01"];
    let done = run(&dir, &set);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("it must be 0, which is off, or at least"), "{}", done.stderr);
    let listed = OFF.replace("{ blue_ul_per_min = 0.0,", "{ blue_ul_per_min = 0.01,");
    let file = scenario(&dir, "listed", "dye-mixing.toml", &listed);
    let error = Scenario::load(&file).unwrap_err().to_string();
    assert!(error.contains("must be 0, which is off, or at least"), "{error}");
}

/// The make-up of the reference rig gives nothing where caesium and its acid fill the stream.
#[test]
fn a_derived_rate_of_zero_is_an_experiment_like_any_other() {
    let dir = folder("nothing-left");
    let file = scenario(&dir, "nothing-left", "cs3cu2i5.toml", "");
    let args = ["experiment", file.to_str().unwrap(), "--json"];
    let sets =
        ["cui_ul_per_min=60", "oa_cu_ul_per_min=5", "oam_ul_per_min=5", "ode_cu_ul_per_min=85"]
            .into_iter()
            .chain(["cs_ul_per_min=120", "oa_cs_ul_per_min=35"]);
    let sets: Vec<&str> = sets.flat_map(|set| ["--set", set]).collect();
    let done = run(&dir, &[&args[..], &sets].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let seen: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((&seen["fault"], seen["flags"].as_array().unwrap().len()), (&Value::Null, 0));
}

/// Filling the lines and the reference take liquid and time: the run's totals have them, its phases do not.
#[test]
fn the_totals_of_a_run_count_what_priming_took() {
    let dir = folder("primed");
    let file = scenario(&dir, "primed", "dye-mixing.toml", OFF);
    let done = run(&dir, &["run", file.to_str().unwrap(), "--out", "out", "--json"]);
    let summary: Value = serde_json::from_str(&done.stdout).unwrap();
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{summary:#}"));
    let (priming, phase) = (&summary["priming"], &summary["phases"][0]);
    // A minute of 100 µL/min of blue, two minutes of 900 µL/min of oil for the reference.
    let blue = number(&priming["reagent_ml"]["methylene_blue"]);
    assert!((blue - 0.1).abs() < 0.002, "{blue} mL");
    assert!(number(&priming["reagent_ml"]["oil"]) > 1.9);
    for stock in ["methylene_blue", "oil"] {
        let (all, primed) = (&summary["reagent_ml"][stock], &priming["reagent_ml"][stock]);
        let left = number(all) - number(primed) - number(&phase["reagent_ml"][stock]);
        assert!(left.abs() < 1e-6, "{stock}: {left} mL");
    }
    // By the procedure alone it is the same: a benchmark counts it so.
    let scenario = Scenario::load(&file).unwrap();
    for (stock, ml) in scenario.procedure().primes_ml(scenario.manifest()) {
        let told = priming["reagent_ml"][&stock].as_f64().unwrap_or(0.0);
        assert!((ml - told).abs() < 1e-5, "{stock}: {ml} mL against {told} mL");
    }
    let (all, primed) = (number(&summary["lab_time_s"]), number(&priming["lab_time_s"]));
    assert!(primed > 180.0 && primed < 200.0, "{primed} s");
    let left = all - primed - number(&phase["lab_time_s"]);
    assert!(left.abs() < 1e-6, "{left} s");
}

/// A plate that is simulated without noise stands still to the last digit, which is no frozen sensor.
#[test]
fn a_world_without_noise_can_wait_for_an_hour() {
    let dir = folder("still");
    let waits = "noise = false\n[procedure]\nsettle_for_s = 3000.0\nsettle_timeout_s = 7200.0\n";
    let file = scenario(&dir, "still", "cs3cu2i5.toml", waits);
    let done = run(&dir, &["experiment", file.to_str().unwrap(), "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}
