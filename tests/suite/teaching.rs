//! The policy `calibrate` by the command line: a run that goes on, a benchmark, suggestions for a table.

use std::fs;

use flowtwin_campaign::folder::JOURNAL;
use serde_json::Value;

use crate::support::{folder, run, scenario};

const TEACH: &str = r#"
[[calibration.free]]
key = "rig.pumps.red.delivers_percent"
low = 80.0
high = 120.0

[[calibration.free]]
key = "optics.absorption[1].epsilon_per_m_cm"

[[phases]]
name = "teach"
policy = "calibrate"
experiments = 3
"#;

#[test]
fn a_run_that_teaches_goes_on_to_the_same_bytes() {
    let dir = folder("teaching-resume");
    scenario(&dir, "teach", "dye-mixing.toml", TEACH);
    let done = run(&dir, &["run", "teach.toml", "--out", "whole"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let whole = fs::read(dir.join("whole").join(JOURNAL)).unwrap();
    // After each experiment, and in the midst of the next.
    let ends: Vec<usize> = String::from_utf8_lossy(&whole)
        .match_indices("{\"experiment\":{")
        .map(|(at, _)| at + whole[at..].iter().position(|byte| *byte == b'\n').unwrap() + 1)
        .collect();
    assert_eq!(ends.len(), 3);
    for (number, cut) in [ends[0], ends[1], (ends[1] + ends[2]) / 2].into_iter().enumerate() {
        let name = format!("cut-{number}");
        fs::create_dir_all(dir.join(&name)).unwrap();
        fs::write(dir.join(&name).join(JOURNAL), &whole[..cut]).unwrap();
        let done = run(&dir, &["run", "teach.toml", "--out", &name, "--resume"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert!(fs::read(dir.join(&name).join(JOURNAL)).unwrap() == whole, "cut at byte {cut}");
    }
}

/// Both policies run the same opening, and each its own experiments.
#[test]
fn a_benchmark_compares_it_with_another_policy() {
    let dir = folder("teaching-benchmark");
    scenario(&dir, "teach", "dye-mixing.toml", TEACH);
    let args = ["benchmark", "teach.toml", "--policies", "calibrate,lhs", "--seeds", "2"];
    let args = [&args[..], &["--opening", "2", "--experiments", "2", "--out", "bench"]].concat();
    let done = run(&dir, &args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stdout.contains("\ncalibrate ") && done.stdout.contains("\nlhs "),
        "{}",
        done.stdout
    );
    let again = run(&dir, &[&args[..args.len() - 1], &["again"]].concat());
    assert_eq!(again.stdout.replace("again", "bench"), done.stdout, "the same seeds");
    // Without free keys there is nothing to tell of, and nothing is run.
    scenario(&dir, "none", "dye-mixing.toml", "");
    let args = ["benchmark", "none.toml", "--policies", "calibrate,lhs", "--seeds", "2"];
    let none = run(&dir, &args);
    assert_eq!(none.code, Some(2), "{}", none.stderr);
    assert!(none.stderr.contains("[[calibration.free]]"), "{}", none.stderr);
}

/// Rows that wait count as done: the next suggestion is another.
#[test]
fn it_suggests_what_tells_most_after_the_rows_of_a_table() {
    let dir = folder("teaching-suggest");
    scenario(&dir, "teach", "dye-mixing.toml", TEACH);
    let rows = "blue_ul_per_min,red_ul_per_min,red\n146,168,0.27\n116,128,0.276\n";
    fs::write(dir.join("table.csv"), rows).unwrap();
    let suggested = |table: &str| -> Value {
        let done = run(&dir, &["suggest", "teach.toml", "--data", table, "--json"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        serde_json::from_str(&done.stdout).unwrap()
    };
    let first = suggested("table.csv");
    assert_eq!((&first["policy"], &first["measured"]), (&"calibrate".into(), &2.into()));
    let next = &first["experiments"][0];
    let why = next["why"].as_str().unwrap();
    assert!(why.starts_with("tells most of the free keys; most like line "), "{why}");
    let at = &next["conditions"];
    let waiting = format!("{rows}{},{},\n", at["blue_ul_per_min"], at["red_ul_per_min"]);
    fs::write(dir.join("waiting.csv"), waiting).unwrap();
    let second = suggested("waiting.csv");
    assert_eq!((&second["pending"], &second["measured"]), (&1.into(), &2.into()));
    assert_ne!(&second["experiments"][0]["conditions"], at);
    // It is a pure function of the table.
    assert_eq!(suggested("table.csv")["experiments"], first["experiments"]);
}
