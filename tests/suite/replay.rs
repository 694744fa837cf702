//! A recorded campaign repeats bit for bit, and the first difference is named.

use std::fs;

use flowtwin::folder::{JOURNAL, read_journal};
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
    let done = run(&dir, &["replay", "run"]);
    assert_eq!(done.code, Some(1), "{}", done.stderr);
    let named = "(experiment 2) differs at experiment.features.1.1: recorded 1234.5, now ";
    assert!(done.stderr.contains(named), "{}", done.stderr);
}
