//! A recorded campaign repeats bit for bit, and the first difference is named.

use std::fs;

use flowtwin_campaign::folder::{JOURNAL, read_journal};
use flowtwin_lab::journal::{Record, Writer};

use crate::support::{folder, run, scenario};

const BODY: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 3\n";

#[test]
fn a_run_repeats_bit_for_bit() {
    let dir = folder("repeats");
    scenario(&dir, "three", "cs3cu2i5.toml", BODY);
    assert_eq!(run(&dir, &["run", "three.toml", "--out", "run"]).code, Some(0));
    let done = run(&dir, &["replay", "run"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.starts_with("3 experiments"), "{}", done.stdout);
    let json = run(&dir, &["replay", "run", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["identical"], true);
}

#[test]
fn a_surrogate_of_the_command_line_is_part_of_the_record() {
    let dir = folder("repeats-surrogate");
    let guided = "[[phases]]\nname = \"ei\"\npolicy = \"ei\"\nexperiments = 1\nfrom = \"start\"\n";
    scenario(&dir, "four", "cs3cu2i5.toml", &format!("{BODY}{guided}"));
    let learns = |with: &[&str], out: &str| {
        let ran = run(&dir, &[&["run", "four.toml", "--out", out], with].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let journal = read_journal(&dir.join(out)).unwrap();
        let last = journal.experiments().last().unwrap().conditions.clone();
        assert_eq!(run(&dir, &["replay", out]).code, Some(0));
        last
    };
    assert_ne!(learns(&["--surrogate", "forest"], "forest"), learns(&[], "modern"));
}

#[test]
fn an_unfinished_run_repeats_as_far_as_it_went() {
    let dir = folder("repeats-part");
    scenario(&dir, "three", "cs3cu2i5.toml", BODY);
    assert_eq!(run(&dir, &["run", "three.toml", "--out", "run"]).code, Some(0));
    let path = dir.join("run").join(JOURNAL);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - bytes.len() / 8]).unwrap();
    let done = run(&dir, &["replay", "run"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.starts_with("2 experiments"), "{}", done.stdout);
}

#[test]
fn the_first_difference_is_named() {
    let dir = folder("differs");
    scenario(&dir, "three", "cs3cu2i5.toml", BODY);
    assert_eq!(run(&dir, &["run", "three.toml", "--out", "run"]).code, Some(0));
    let journal = read_journal(&dir.join("run")).unwrap();
    let mut writer = Writer::new(Vec::new());
    for record in journal.records() {
        let mut record = record.clone();
        if let Record::Experiment(experiment) = &mut record
            && experiment.experiment == 2
        {
            experiment.features[1].1 = Some(1234.5);
        }
        writer.write(&record).unwrap();
    }
    fs::write(dir.join("run").join(JOURNAL), writer.sink()).unwrap();
    // It vouches for the last line of the other journal.
    fs::remove_file(dir.join("run/journal.seal")).unwrap();
    let done = run(&dir, &["replay", "run"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    let named = "(experiment 2) differs at experiment.features.1.1: recorded 1234.5, now ";
    assert!(done.stderr.contains(named), "{}", done.stderr);
}

/// Differences of every feature in the summary of a repeated run.
fn shifts(dir: &std::path::Path, run: &str) -> Vec<(f64, f64, f64)> {
    let text = fs::read_to_string(dir.join(run).join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(summary["repeat"]["repeated"], 3);
    let number = |shift: &serde_json::Value, end: &str| shift[end].as_f64().unwrap();
    let features = summary["repeat"]["features"].as_array().unwrap().iter();
    let shifts = features.map(|feature| &feature["shift"]);
    shifts.map(|s| (number(s, "low"), number(s, "value"), number(s, "high"))).collect()
}

#[test]
fn on_emulated_instruments_nothing_differs() {
    let dir = folder("repeats-emulated");
    scenario(&dir, "three", "cs3cu2i5.toml", BODY);
    assert_eq!(run(&dir, &["run", "three.toml", "--out", "run"]).code, Some(0));
    let done = run(&dir, &["replay", "run", "--backend", "emulated", "--out", "again"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("Repeats 3 experiments."), "{}", done.stdout);
    let none = |(low, value, high): &(f64, f64, f64)| [low, value, high].iter().all(|x| **x == 0.0);
    assert!(shifts(&dir, "again").iter().all(none));
}

#[test]
fn on_another_rig_every_feature_differs_within_an_interval() {
    let dir = folder("repeats-elsewhere");
    scenario(&dir, "three", "cs3cu2i5.toml", BODY);
    assert_eq!(run(&dir, &["run", "three.toml", "--out", "run"]).code, Some(0));
    let done = run(&dir, &["replay", "run", "--seed", "9", "--out", "again"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let conditions = |run: &str| -> Vec<_> {
        let journal = read_journal(&dir.join(run)).unwrap();
        journal.experiments().map(|e| e.conditions.clone()).collect()
    };
    assert_eq!(conditions("run"), conditions("again"));
    let before = shifts(&dir, "again");
    assert!(before.iter().all(|(low, value, high)| low < value && value < high));
    // The report is made anew from what the folder holds.
    fs::remove_file(dir.join("again/report.html")).unwrap();
    assert_eq!(run(&dir, &["report", "again"]).code, Some(0));
    assert_eq!(shifts(&dir, "again"), before);
    assert!(fs::read_to_string(dir.join("again/report.html")).unwrap().contains("Then and now"));
    // What was measured again is a run like any other.
    assert_eq!(run(&dir, &["replay", "again"]).code, Some(0));
}
