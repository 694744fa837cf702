//! A study is a run like any other: the same bytes on every backend, one writer, and safe at every end.

use std::fs;
use std::path::Path;

use flowtwin_backends::lock::Lock;
use flowtwin_campaign::folder::{JOURNAL, LOCK, read_journal};
use flowtwin_lab::Command;
use flowtwin_lab::journal::{Answer, Record};
use serde_json::Value;

use crate::support::{folder, run, scenario};

fn found(dir: &Path, study: &str) -> Value {
    let text = fs::read_to_string(dir.join(study).join("study.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_study_writes_the_same_journal_on_emulated_instruments_as_on_the_simulator() {
    let dir = folder("studies-backends");
    let (heat, flows) = ("snar.toml", "dye-mixing.toml");
    for (kind, base) in [("heat", heat), ("light", flows), ("replicates", flows), ("ramp", flows)] {
        let file = scenario(&dir, kind, base, "").display().to_string();
        let done = |backend: &str| {
            let out = format!("{kind}-{backend}");
            let done = run(&dir, &["study", kind, &file, "--backend", backend, "--out", &out]);
            assert_eq!(done.code, Some(0), "{kind} {backend}: {}{}", done.stdout, done.stderr);
            assert!(done.stderr.contains(" min of lab time and "), "{}", done.stderr);
            let journal = read_journal(&dir.join(&out)).unwrap();
            assert!(journal.complete());
            let summary = fs::read_to_string(dir.join(&out).join("summary.json")).unwrap();
            let summary: Value = serde_json::from_str(&summary).unwrap();
            assert_eq!(summary["lab_time_s"].as_f64(), Some(journal.last_at().as_secs()));
            (fs::read(dir.join(&out).join(JOURNAL)).unwrap(), found(&dir, &out))
        };
        let (simulated, emulated) = (done("sim"), done("emulated"));
        assert!(simulated.0 == emulated.0, "{kind}: other bytes");
        assert_eq!(simulated.1, emulated.1);
        assert!(!simulated.1["findings"].as_array().unwrap().is_empty(), "{:#}", simulated.1);
    }
    // The same study again finds itself, and another one has another folder.
    let again = run(&dir, &["study", "light", "light.toml", "--out", "light-sim"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(!dir.join("light-sim-2").exists());
    let usual = run(&dir, &["study", "replicates", "light.toml", "--count", "2"]);
    assert_eq!(usual.code, Some(0), "{}", usual.stderr);
    assert!(dir.join("runs/light-3-replicates/study.json").exists(), "{}", usual.stderr);
    // What it recorded comes out again.
    let replayed = run(&dir, &["replay", "ramp-sim"]);
    assert!(replayed.stdout.ends_with("identical\n"), "{}{}", replayed.stdout, replayed.stderr);
}

#[test]
fn a_fault_leaves_the_rig_safe_and_what_was_read_before_it_is_kept() {
    let dir = folder("studies-fault");
    let stall = "[faults]\nscheduled = [{ at_s = 330.0, for_s = 60.0, mishap = { stall = { pump = \"red\" } } }]\n";
    scenario(&dir, "stalls", "dye-mixing.toml", stall);
    let done = run(&dir, &["study", "ramp", "stalls.toml", "--out", "ramp"]);
    assert_eq!(done.code, Some(3), "{}{}", done.stdout, done.stderr);
    let journal = read_journal(&dir.join("ramp")).unwrap();
    let last = journal.records().iter().rev().find_map(|record| match record {
        Record::Command(command) => Some((command.send.clone(), command.answer.clone())),
        _ => None,
    });
    assert_eq!(last, Some((Command::MakeSafe, Answer::Done)));
    let readings = journal.records().iter().filter(|it| matches!(it, Record::Reading(_))).count();
    assert!(readings > 0, "none was taken before");
    let rows = fs::read_to_string(dir.join("ramp/ramp.csv")).unwrap().lines().count();
    // With the header, where it begins, and where it ends.
    assert_eq!(rows, readings + 3, "every one of them is in the table");
    assert!(!journal.complete());
}

/// A study that goes on without the rig that it was begun on, or with another, names the option.
#[test]
fn a_study_that_goes_on_needs_the_rig_that_it_was_begun_on() {
    let dir = folder("studies-resume");
    scenario(&dir, "dye", "dye-mixing.toml", "");
    scenario(&dir, "truth", "dye-mixing.toml", "[rig.lights.white]\nbrightness_percent = 80.0\n");
    let study = ["study", "light", "dye.toml", "--minutes", "2", "--out", "here"];
    let on = ["--as-it-is", "truth.toml"];
    assert_eq!(run(&dir, &[&study[..], &on].concat()).code, Some(0));
    let whole = fs::read(dir.join("here").join(JOURNAL)).unwrap();
    // It was ended when half of it was done.
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let half = lines[..lines.len() / 2].concat();
    fs::write(dir.join("here").join(JOURNAL), &half).unwrap();
    let resume = |on: &[&str]| run(&dir, &[&study[..], on, &["--resume"]].concat());
    let without = resume(&[]);
    assert_ne!(without.code, Some(0), "{}", without.stderr);
    assert!(without.stderr.contains("departs from the journal"), "{}", without.stderr);
    assert!(
        without.stderr.contains("give the --as-it-is FILE that it was begun with"),
        "{}",
        without.stderr
    );
    // What is kept of it is as it was; a task that was not done begins again.
    assert!(half.starts_with(&fs::read(dir.join("here").join(JOURNAL)).unwrap()));
    let other = resume(&["--as-it-is", "dye.toml"]);
    assert!(
        other.stderr.contains("give the --as-it-is FILE that it was begun with"),
        "{}",
        other.stderr
    );
    let done = resume(&on);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(fs::read(dir.join("here").join(JOURNAL)).unwrap() == whole, "other bytes");
}

#[test]
fn a_study_does_not_write_where_another_process_writes_nor_over_another_run() {
    let dir = folder("studies-folder");
    scenario(&dir, "dye", "dye-mixing.toml", "");
    let study = ["study", "replicates", "dye.toml", "--count", "2", "--out", "here"];
    fs::create_dir_all(dir.join("here")).unwrap();
    let lock = Lock::take(&dir.join("here").join(LOCK)).unwrap();
    let done = run(&dir, &study);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("in use by process"), "{}", done.stderr);
    assert!(!dir.join("here").join(JOURNAL).exists());
    drop(lock);
    assert_eq!(run(&dir, &study).code, Some(0));
    let other = run(&dir, &["study", "light", "dye.toml", "--minutes", "2", "--out", "here"]);
    assert_eq!(other.code, Some(0), "{}", other.stderr);
    assert_eq!(
        (found(&dir, "here")["study"].as_str(), found(&dir, "here-2")["study"].as_str()),
        (Some("replicates"), Some("light"))
    );
}

#[test]
fn what_a_study_cannot_do_is_refused_before_anything_is_measured() {
    let dir = folder("studies-refused");
    scenario(&dir, "dye", "dye-mixing.toml", "");
    scenario(&dir, "other", "dye-mixing.toml", "[rig.pumps]\nred = { fill_ml = 9.0 }\n");
    let refused = |args: &[&str], why: &str| {
        let done = run(&dir, &[&["study"], args].concat());
        assert_eq!(done.code, Some(2), "{args:?}: {}{}", done.stdout, done.stderr);
        assert!(done.stderr.contains(why), "{args:?}: {}", done.stderr);
    };
    refused(&["heat", "dye.toml"], "heat: the rig has no heater");
    refused(&["heat", "dye.toml", "--count", "3"], "count says nothing to the study heat");
    refused(&["light", "dye.toml", "--minutes", "0"], "minutes = 0 is out of range: 1 to 1440 min");
    refused(&["replicates", "dye.toml", "--at", "red=1"], "red");
    refused(&["light", "dye.toml", "--design"], "--design says nothing to the study light");
    refused(&["ramp", "dye.toml", "--design"], "no key is free");
    refused(&["ramp", "dye.toml", "--free", "a.b"], "--free says nothing to the study ramp");
    refused(&["ramp", "dye.toml", "--adaptive"], "--design");
    scenario(&dir, "bath", "snar.toml", "");
    let ends = |from, to| ["ramp", "bath.toml", "--from", from, "--to", to];
    refused(
        &ends("bath_c=60", "bath_c=90"),
        "bath is at 60 °C in the beginning and at 90 °C in the end",
    );
    refused(&ends("bath_c=60", "bath_c=60"), "it ends as it begins: no flow changes");
    refused(&["light", "dye.toml", "--backend", "twin"], "a twin has no lights");
    refused(&["light", "dye.toml", "--as-it-is", "other.toml"], "other instruments");
    refused(&["light", "dye.toml", "--wiring", "w.toml"], "--wiring says nothing");
    assert!(!dir.join("runs").exists());
}

#[test]
fn a_plan_says_what_a_study_takes_and_measures_nothing() {
    let dir = folder("studies-plan");
    scenario(&dir, "dye", "dye-mixing.toml", "");
    let args = ["study", "replicates", "dye.toml", "--count", "3", "--plan", "--json"];
    let plan = run(&dir, &args);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert!(plan["takes"]["lab_time_s"].as_f64().unwrap() > 60.0, "{plan:#}");
    assert!(plan["takes"]["syringes"][0]["needs_ml"].as_f64().unwrap() > 0.0, "{plan:#}");
    assert!(!dir.join("runs").exists());
}

/// Ramps are chosen by what they tell of the keys, and done.
#[test]
fn ramps_are_chosen_for_what_they_tell() {
    let dir = folder("studies-design");
    scenario(&dir, "dye", "dye-mixing.toml", "[refill]\ntakes_min = 5.0\n");
    let key = "rig.pumps.red.delivers_percent";
    let args = ["study", "ramp", "dye.toml", "--design", "2", "--free", key, "--minutes", "4"];
    let done = run(&dir, &[&args[..], &["--out", "ramps"]].concat());
    assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
    let chosen = done.stderr.lines().filter(|line| line.starts_with("ramp: "));
    assert!(chosen.clone().all(|line| line.ends_with(" in 4 min")), "{}", done.stderr);
    assert_eq!(chosen.count(), 2, "{}", done.stderr);
    assert!(done.stderr.contains(&format!("expected: {key} within ")), "{}", done.stderr);
    let journal = read_journal(&dir.join("ramps")).unwrap();
    let ramps = journal.records().iter().filter(|it| matches!(it, Record::Task(_))).count();
    assert_eq!(ramps, 2);
    let fitted = run(&dir, &["calibrate", "dye.toml", "--data", "ramps", "--free", key, "--json"]);
    assert_eq!(fitted.code, Some(0), "{}", fitted.stderr);
    let fitted: Value = serde_json::from_str(&fitted.stdout).unwrap();
    assert_eq!(fitted["parameters"][0]["identifiable"], true, "{fitted:#}");
    assert_eq!(fitted["tasks"].as_array().unwrap().len(), 2, "{fitted:#}");
}

/// What a new rig does first finds what the scenario does not know of it, and leads to a calibrated scenario.
#[test]
fn a_new_rig_is_commissioned_to_the_same_bytes_on_every_backend() {
    let dir = folder("studies-commission");
    scenario(&dir, "rig", "dye-mixing.toml", "[refill]\ntakes_min = 10.0\n");
    let body = "[refill]\ntakes_min = 10.0\n[rig.pumps]\nred = { delivers_percent = 103.0 }\n";
    scenario(&dir, "truth", "dye-mixing.toml", body);
    let key = "optics.absorption[1].epsilon_per_m_cm";
    let refused = run(&dir, &["study", "commission", "rig.toml"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("no key is free"), "{}", refused.stderr);
    let done = |backend: &str| {
        let args = ["study", "commission", "rig.toml", "--as-it-is", "truth.toml", "--free", key];
        let done =
            run(&dir, &[&args[..], &["--json", "--backend", backend, "--out", backend]].concat());
        assert_eq!(done.code, Some(0), "{}{}", done.stdout, done.stderr);
        assert!(done.stderr.contains("left out: heat: the rig has no heater"), "{}", done.stderr);
        let told: Value = serde_json::from_str(&done.stdout).unwrap();
        (told, fs::read(dir.join(backend).join(JOURNAL)).unwrap())
    };
    let (simulated, emulated) = (done("sim"), done("emulated"));
    assert!(simulated.1 == emulated.1, "other bytes");
    assert_eq!(simulated.0["findings"], emulated.0["findings"]);
    let told = &simulated.0["calibration"]["parameters"][0];
    let value = told["value"].as_f64().unwrap();
    assert!((value / 74_000.0 - 1.0).abs() < 0.02, "{told:#}");
    let red = |it: &&Value| it["key"] == "rig.pumps.red.delivers_percent";
    let findings = simulated.0["findings"].as_array().unwrap();
    let red = findings.iter().find(red).unwrap();
    let [low, high] = ["low", "high"].map(|end| red[end].as_f64().unwrap());
    assert!(low < 103.0 && 103.0 < high && low > 100.0, "{red:#}");
    // The calibrated scenario extends what was studied, and that the scenario.
    let checked = run(&dir, &["check", "sim/calibrated/calibrated.toml"]);
    assert_eq!(checked.code, Some(0), "{}{}", checked.stdout, checked.stderr);
    let text = fs::read_to_string(dir.join("sim/calibrated/calibrated.toml")).unwrap();
    assert!(text.contains("extends = \"../studied.toml\""), "{text}");
}
