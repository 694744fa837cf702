//! A golden run says what has moved on the rig, by name, and is a run like any other.

use std::fs;

use flowtwin_campaign::folder::JOURNAL;
use serde_json::Value;

use crate::support::{folder, run, scenario};

const BODY: &str = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 6\n";
const WEAK: &str = "[stocks]\namaranth = { concentrations_mm = { am = 0.1425 } }\n";

#[test]
fn a_rig_that_has_not_moved_is_as_it_was_and_one_that_has_is_told_by_name_on_both_backends() {
    let dir = folder("golden");
    scenario(&dir, "six", "dye-mixing.toml", BODY);
    scenario(&dir, "weak", "dye-mixing.toml", &format!("{WEAK}{BODY}"));
    assert_eq!(run(&dir, &["run", "six.toml", "--out", "run"]).code, Some(0));
    let still = run(&dir, &["golden", "run", "--minutes", "4", "--out", "still"]);
    assert_eq!(still.code, Some(0), "{}{}", still.stdout, still.stderr);
    assert!(still.stdout.starts_with("As it was in run"), "{}", still.stdout);
    assert!(still.stdout.lines().all(|line| line.chars().count() <= 80), "{}", still.stdout);
    let moved = |backend: &str| {
        let args = ["golden", "run", "--minutes", "4", "--as-it-is", "weak.toml", "--json"];
        let moved = run(&dir, &[&args[..], &["--backend", backend, "--out", backend]].concat());
        assert_eq!(moved.code, Some(1), "{}{}", moved.stdout, moved.stderr);
        assert!(moved.stderr.contains("the rig is not as it was in run"), "{}", moved.stderr);
        let told: Value = serde_json::from_str(&moved.stdout).unwrap();
        let kept = fs::read_to_string(dir.join(backend).join("golden.json")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), told);
        let first = &told["moved"][0];
        assert_eq!(first["cause"]["stock"], "amaranth", "{told:#}");
        let amount = first["amount"].as_f64().unwrap();
        assert!((amount + 5.0).abs() < 1.0, "{amount}");
        fs::read(dir.join(backend).join(JOURNAL)).unwrap()
    };
    assert_eq!(moved("sim"), moved("emulated"));
    // A golden run can be what the next one is compared with.
    let next = run(&dir, &["golden", "still", "--minutes", "4", "--out", "next"]);
    assert!(next.stdout.starts_with("As it was in still"), "{}{}", next.stdout, next.stderr);
    // Less time than the fewest experiments take is said before anything is measured.
    let short = run(&dir, &["golden", "run", "--minutes", "1", "--out", "short"]);
    assert!(short.stderr.contains(": no 2 experiments of the run take 1 min"), "{}", short.stderr);
    assert!(!next.stderr.contains("of the run take"), "{}", next.stderr);
}

#[test]
fn a_golden_run_that_goes_on_without_the_rig_that_it_was_begun_on_names_the_option() {
    let dir = folder("golden-resume");
    scenario(&dir, "six", "dye-mixing.toml", BODY);
    scenario(&dir, "weak", "dye-mixing.toml", &format!("{WEAK}{BODY}"));
    assert_eq!(run(&dir, &["run", "six.toml", "--out", "run"]).code, Some(0));
    let golden = ["golden", "run", "--minutes", "4", "--out", "here"];
    let moved = run(&dir, &[&golden[..], &["--as-it-is", "weak.toml"]].concat());
    assert_eq!(moved.code, Some(1), "{}", moved.stderr);
    // It was ended when half of it was done.
    let journal = dir.join("here").join(JOURNAL);
    let whole = fs::read(&journal).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    fs::write(&journal, lines[..lines.len() / 2].concat()).unwrap();
    let without = run(&dir, &[&golden[..], &["--resume"]].concat());
    assert_ne!(without.code, Some(0), "{}", without.stderr);
    let hint = "give the --as-it-is FILE that it was begun with";
    assert!(without.stderr.contains(hint), "{}", without.stderr);
}

#[test]
fn what_has_no_golden_run_is_refused_before_anything_is_measured() {
    let dir = folder("golden-refused");
    scenario(&dir, "one", "dye-mixing.toml", &BODY.replace('6', "1"));
    scenario(&dir, "fewer", "dye-mixing.toml", "[rig.pumps]\nred = { fill_ml = 9.0 }\n");
    assert_eq!(run(&dir, &["run", "one.toml", "--out", "run"]).code, Some(0));
    let refused = |args: &[&str], why: &str| {
        let done = run(&dir, &[&["golden"], args].concat());
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains(why), "{args:?}: {}", done.stderr);
    };
    refused(&["run"], "1 of its experiments did not fail: a golden run needs 2 at least");
    refused(&["run", "--minutes", "0"], "--minutes 0 is out of range: 1 to 600 min");
    refused(&["run", "--minutes", "NaN"], "--minutes NaN is out of range");
    refused(&["run", "--backend", "twin"], "a twin has no lights");
    refused(&["nowhere"], "nowhere");
    scenario(&dir, "two", "dye-mixing.toml", &BODY.replace('6', "2"));
    assert_eq!(run(&dir, &["run", "two.toml", "--out", "two"]).code, Some(0));
    refused(&["two", "--as-it-is", "fewer.toml"], "another rig than that of the run");
    assert!(!dir.join("runs").exists());
}
