//! No experiment begins that the syringes cannot finish, and somebody can refill them on every backend.

use std::fs;
use std::path::Path;

use flowtwin_campaign::folder::{JOURNAL, read_journal};
use flowtwin_lab::Command as Act;
use flowtwin_lab::journal::{Journal, Record};
use serde_json::Value;

use crate::served::Served;
use crate::support::{done, flowtwin, folder, root, run, scenario};

/// The syringe of CuI lasts for two experiments of six.
const DRY: &str = r#"
[rig.pumps.cui]
fill_ml = 0.9

[[phases]]
name = "start"
policy = "lhs"
experiments = 6
"#;

fn journal(path: &Path) -> Journal {
    read_journal(path).expect("the journal is whole")
}

/// What was filled and when [s].
fn fills(journal: &Journal) -> Vec<(String, f64)> {
    let fill = |record: &Record| match record {
        Record::Command(command) => match &command.send {
            Act::Fill { pump, .. } => Some((pump.to_string(), command.at_ns.as_secs())),
            _ => None,
        },
        _ => None,
    };
    journal.records().iter().filter_map(fill).collect()
}

/// Every experiment once, in order, and none failed.
fn is_without_failure(journal: &Journal, experiments: u64) {
    let numbers: Vec<u64> = journal.experiments().map(|e| e.experiment).collect();
    assert!(numbers.iter().copied().eq(1..=experiments), "{numbers:?}");
    assert!(journal.experiments().all(|e| e.fault.is_none()));
    assert_eq!(journal.spoiled().count(), 0);
}

#[test]
fn a_run_stops_before_an_experiment_that_a_syringe_cannot_finish_and_goes_on_once_it_is_filled() {
    let dir = folder("dry");
    let file = scenario(&dir, "dry", "cs3cu2i5.toml", DRY);
    let file = file.to_str().unwrap();
    let told = "the syringe of pump cui has 0.3 mL left, the next experiment needs up to 0.32 mL: \
                refill, then `--resume --filled cui`";
    for backend in ["sim", "emulated"] {
        let flowtwin = |more: &[&str]| {
            let args = ["run", file, "--backend", backend, "--out", backend];
            run(&dir, &[&args, more].concat())
        };
        // However often it is resumed, nothing is done, and nothing is complete.
        for more in [&[][..], &["--resume"], &["--resume"]] {
            let stopped = flowtwin(more);
            assert_eq!(stopped.code, Some(3), "{}", stopped.stderr);
            assert!(stopped.stderr.contains(told), "{}", stopped.stderr);
            assert!(stopped.stdout.contains("Not complete"), "{}", stopped.stdout);
            let stopped = journal(&dir.join(backend));
            is_without_failure(&stopped, 2);
            assert!(!stopped.complete());
        }
        let unknown = flowtwin(&["--resume", "--filled", "cuu"]);
        assert_eq!(unknown.code, Some(2));
        assert!(
            unknown.stderr.contains("--filled cuu: there is no such pump"),
            "{}",
            unknown.stderr
        );
        let some = flowtwin(&["--resume", "--filled", "cui=0.5"]);
        assert_eq!(some.code, Some(3), "{}", some.stderr);
        is_without_failure(&journal(&dir.join(backend)), 4);
        let whole = flowtwin(&["--resume", "--filled", "cui"]);
        assert_eq!(whole.code, Some(0), "{}", whole.stderr);
        let journal = journal(&dir.join(backend));
        is_without_failure(&journal, 6);
        assert!(journal.complete() && fills(&journal).len() == 2);
    }
    let bytes = |name: &str| fs::read(dir.join(name).join(JOURNAL)).unwrap();
    let whole = bytes("sim");
    assert!(bytes("emulated") == whole, "driver and emulator change nothing");
    for args in [&["replay", "sim"][..], &["run", file, "--out", "sim", "--resume"]] {
        let same = run(&dir, args);
        assert_eq!(same.code, Some(0), "{}", same.stderr);
    }
    assert!(bytes("sim") == whole);
    // Wherever it is stopped, it goes on to the same bytes, and needs not be told again.
    let cut = |at: usize| fs::write(dir.join("emulated").join(JOURNAL), &whole[..at]).unwrap();
    let filled = journal(&dir.join("sim"));
    let place = filled.records().iter().rposition(|r| matches!(r, Record::Filled(_))).unwrap();
    let ends: Vec<usize> = (0..whole.len()).filter(|&i| whole[i] == b'\n').collect();
    for line in [place, place + 1, place + 40] {
        cut(ends[line] + 7);
        let resumed = run(&dir, &["run", file, "--out", "emulated", "--resume"]);
        assert_eq!(resumed.code, Some(0), "{line}: {}", resumed.stderr);
        assert!(bytes("emulated") == whole, "cut behind line {line}");
    }
    // On another rig the same syringes are filled before the same experiments.
    let again = run(&dir, &["replay", "sim", "--seed", "2", "--out", "again"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    is_without_failure(&journal(&dir.join("again")), 6);
}

#[test]
fn somebody_refills_in_simulation_where_the_scenario_says_so() {
    let dir = folder("refilled");
    let refill =
        "[refill]\ntakes_min = 20\nfrom = \"08:00\"\nto = \"18:00\"\nbegins = \"mon 17:30\"\n";
    let file = scenario(&dir, "refilled", "cs3cu2i5.toml", &format!("{DRY}{refill}"));
    let file = file.to_str().unwrap();
    for backend in ["sim", "emulated"] {
        let done = run(&dir, &["run", file, "--backend", backend, "--out", backend]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    let whole = journal(&dir.join("sim"));
    is_without_failure(&whole, 6);
    assert!(whole.complete() && whole.bytes() == journal(&dir.join("emulated")).bytes());
    // The syringe is found short after 24 min, at 17:54: somebody comes at 8:00 and is done at 8:20.
    let at: Vec<f64> = fills(&whole).iter().filter(|(p, _)| p == "cui").map(|(_, s)| *s).collect();
    assert_eq!(at.len(), 1, "{at:?}");
    let morning_s = 60.0 * (6.5 + 8.0) * 60.0 + 20.0 * 60.0;
    assert!((at[0] - morning_s).abs() < 1e-6, "{at:?}");
    let third = whole.experiments().nth(2).unwrap();
    assert!(third.started_ns.as_secs() >= morning_s, "it begins once the syringe is full");
    // Until then the rig is safe.
    let mut records = whole.records().iter();
    let filled =
        records.position(|r| matches!(r, Record::Command(c) if matches!(c.send, Act::Fill { .. })));
    let before = &whole.records()[filled.unwrap() - 1];
    assert!(matches!(before, Record::Command(c) if c.send == Act::MakeSafe), "{before:?}");
    let same = run(&dir, &["replay", "sim"]);
    assert_eq!(same.code, Some(0), "{}", same.stderr);
    let summary = fs::read_to_string(dir.join("sim/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let last = whole.experiments().last().unwrap().ended_ns.as_secs();
    assert_eq!(summary["lab_time_s"].as_f64(), Some(last), "nights count");
}

/// The lab behind lines is another process too. Before, it was never told, and stopped before the same experiment for ever.
#[test]
fn a_simulated_lab_behind_lines_is_told_which_syringe_somebody_has_filled() {
    let dir = folder("dry-behind");
    let file = scenario(&dir, "dry", "cs3cu2i5.toml", DRY);
    let file = file.to_str().unwrap();
    let lab = format!("'{}' lab '{file}'", env!("CARGO_BIN_EXE_flowtwin"));
    let behind = ["run", file, "--lab-command", &lab, "--out", "behind"];
    for (args, out) in [(&behind[..], "behind"), (&["run", file, "--out", "direct"], "direct")] {
        for (more, code, experiments) in [
            (&[][..], 3, 2),
            (&["--resume", "--filled", "cui=0.5"], 3, 4),
            (&["--resume", "--filled", "cui"], 0, 6),
        ] {
            let ran = run(&dir, &[args, more].concat());
            assert_eq!(ran.code, Some(code), "{out} {more:?}: {}", ran.stderr);
            is_without_failure(&journal(&dir.join(out)), experiments);
        }
    }
    let observations = |run: &str| fs::read_to_string(dir.join(run).join("observations.csv"));
    assert_eq!(observations("behind").unwrap(), observations("direct").unwrap());
    let again = run(&dir, &[&behind[..], &["--resume"]].concat());
    assert_eq!(again.code, Some(0), "{}", again.stderr);
}

/// The syringes of emulated instruments are in another process: without it the pump is empty in the midst of the next
/// experiment.
#[test]
fn syringes_that_another_process_emulates_are_filled_with_those_of_the_campaign() {
    let dir = folder("filled-elsewhere");
    let body = format!("{DRY}[refill]\ntakes_min = 20\n");
    let file = scenario(&dir, "dry", "cs3cu2i5.toml", &body);
    let wiring = root().join("scenarios/wirings/cs3cu2i5.toml");
    let served = Served::start(&dir, &file, &wiring, 500.0);
    for (filled, experiments) in [(None, 2), (Some("cui=0.5"), 4), (Some("all"), 6)] {
        let mut campaign = served.campaign(&dir, &file);
        campaign.args(filled.map(|filled| format!("--filled={filled}")));
        let ran = done(campaign.output().unwrap());
        let code = if experiments == 6 { 0 } else { 3 };
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        is_without_failure(&journal(&dir.join("run")), experiments);
    }
    assert!(journal(&dir.join("run")).complete());
}

#[test]
fn what_is_no_time_to_refill_is_marked_at_its_key() {
    let dir = folder("refill-refused");
    for (body, caret) in [
        ("takes_min = 20\nfrom = \"8 am\"", "from = \"8 am\""),
        ("takes_min = 601\nfrom = \"08:00\"\nto = \"18:00\"", "takes_min = 601"),
        ("takes_min = 20\ndays = [\"monday\"]", "monday"),
        ("takes_min = 20\nbegins = \"09:00\"", "begins = \"09:00\""),
        ("takes_min = 20\nuntil = \"18:00\"", "until"),
    ] {
        let file = scenario(&dir, "refused", "cs3cu2i5.toml", &format!("{DRY}[refill]\n{body}\n"));
        let checked = run(&dir, &["check", file.to_str().unwrap()]);
        assert_eq!(checked.code, Some(2), "{body}: {}", checked.stderr);
        assert!(
            checked.stderr.contains(caret) && checked.stderr.contains('^'),
            "{}",
            checked.stderr
        );
    }
}

#[test]
fn a_run_whose_experiments_all_failed_is_not_complete_however_often_it_is_resumed() {
    let dir = folder("fruitless");
    let body = "[procedure]\nsettle_timeout_s = 61.0\n\
                [[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 3\n";
    let file = scenario(&dir, "fruitless", "cs3cu2i5.toml", body);
    let file = file.to_str().unwrap();
    for more in [&[][..], &["--resume"], &["--resume"]] {
        let failed = run(&dir, &[&["run", file, "--out", "run"], more].concat());
        assert_eq!(failed.code, Some(1), "{}", failed.stderr);
        let told = "all 3 experiments failed: the run is not complete";
        assert!(failed.stderr.contains(told), "{}", failed.stderr);
        assert!(failed.stdout.contains("Not complete"), "{}", failed.stdout);
        let summary = fs::read_to_string(dir.join("run/summary.json")).unwrap();
        let summary: Value = serde_json::from_str(&summary).unwrap();
        assert_eq!(summary["complete"], Value::Bool(false));
        assert_eq!(summary["failed"], 3);
        assert!(!journal(&dir.join("run")).complete());
    }
}

#[test]
fn check_says_for_how_many_experiments_the_syringes_last() {
    let dir = folder("lasts");
    let file = scenario(&dir, "lasts", "cs3cu2i5.toml", DRY);
    let checked = run(&dir, &["check", file.to_str().unwrap()]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let told = "full ones last for about 2 experiments (2 if all are demanding; planned are 6), cui is empty first: 0.9 mL, \
                0.19 mL each; a run that needs more stops before it, until somebody refills";
    assert!(checked.stdout.contains(told), "{}", checked.stdout);
    // In the whole campaign of the paper all syringes last.
    let paper = scenario(&dir, "paper", "cs3cu2i5.toml", "");
    let checked = run(&dir, &["check", paper.to_str().unwrap()]);
    assert!(checked.stdout.contains("pfo is empty first: 100 mL"), "{}", checked.stdout);
}

#[test]
fn a_scenario_that_heats_without_flow_must_ask_for_it_and_check_says_so() {
    let dir = folder("dry-heat");
    let phases = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 1\n";
    for (guard, code, told) in [
        ("heat_without_flow = true", 0, "heating without flow is allowed"),
        ("no_flow_grace_s = 1800.0", 0, "heating without flow is refused above 60 °C after 1800 s"),
        (
            "heat_without_flow = true\nno_heat_without_flow_above_c = 50.0",
            2,
            "forbids what heat_without_flow allows",
        ),
    ] {
        let file =
            scenario(&dir, "dry-heat", "cs3cu2i5.toml", &format!("[guard]\n{guard}\n{phases}"));
        let checked = run(&dir, &["check", file.to_str().unwrap()]);
        assert_eq!(checked.code, Some(code), "{}", checked.stderr);
        let said = checked.stdout + &checked.stderr;
        assert!(said.contains(told), "{said}");
    }
    // A plate that never settles stands hot without flow for longer than it may.
    let body =
        format!("[guard]\nno_flow_grace_s = 300.0\n[procedure]\nsettle_for_s = 1500.0\n{phases}");
    let file = scenario(&dir, "cooked", "cs3cu2i5.toml", &body);
    let stopped = run(&dir, &["run", file.to_str().unwrap(), "--out", "cooked"]);
    assert_eq!(stopped.code, Some(3), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("no heat without flow"), "{}", stopped.stderr);
}

/// Before, the experiment began and its pump was refused in the midst of it.
#[test]
fn a_lab_for_other_programs_begins_no_experiment_that_a_syringe_cannot_finish() {
    let dir = folder("dry-lab");
    let point = "{\"experiment\":{\"conditions\":{\"temperature_c\":135,\"cui_ul_per_min\":90,\"cs_ul_per_min\":90,\
                 \"oa_cs_ul_per_min\":20,\"oa_cu_ul_per_min\":12,\"oam_ul_per_min\":12,\"ode_cu_ul_per_min\":92}}}\n";
    fs::write(dir.join("asked"), point.repeat(6)).unwrap();
    let refilled = format!("{DRY}[refill]\ntakes_min = 20\n");
    for (name, body, code, most) in [("dry", DRY, 3, 3), ("refilled", &refilled, 0, 6)] {
        let file = scenario(&dir, name, "cs3cu2i5.toml", body);
        let mut command = flowtwin(&dir);
        command.arg("lab").arg(&file).stdin(fs::File::open(dir.join("asked")).unwrap());
        let ran = done(command.output().unwrap());
        assert_eq!(ran.code, Some(code), "{name}: {}", ran.stderr);
        let told: Vec<&str> =
            ran.stdout.lines().filter(|line| line.starts_with("{\"observation\"")).collect();
        assert!((1..=most).contains(&told.len()), "{name}: {} of {most}", told.len());
        assert!(code == 3 || told.len() == most, "{name}: {} of {most}", told.len());
        assert!(told.iter().all(|line| line.contains("\"fault\":null")), "{name}: {told:?}");
        assert_eq!(ran.stderr.contains("the syringe of pump cui has"), code == 3, "{}", ran.stderr);
    }
}
