//! What the command line says.

use serde_json::Value;

use crate::support::{compare, compare_layout, files, folder, root, run};

#[test]
fn the_reference_of_the_command_line() {
    let dir = folder("help");
    let top = run(&dir, &["--help"]);
    assert_eq!(top.code, Some(0));
    let mut reference = top.stdout.clone();
    let commands = top.stdout.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in commands.take_while(|line| !line.is_empty()) {
        let name = line.split_whitespace().next().unwrap();
        let done = run(&dir, &[name, "--help"]);
        assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
        reference.push_str(&format!("\n\n# flowtwin {name}\n\n{}", done.stdout));
    }
    compare("cli", "reference", &reference);
}

#[test]
fn a_slip_on_the_command_line_is_bad_input() {
    let dir = folder("slip");
    for args in [&["rum"][..], &["run"], &["run", "x.toml", "--sed", "1"], &[]] {
        let done = run(&dir, args);
        assert_eq!(done.code, Some(2), "{args:?}");
        assert!(done.stdout.is_empty());
    }
}

fn path(scenario: &str) -> String {
    root().join("scenarios").join(scenario).display().to_string()
}

#[test]
fn an_experiment_shows_what_it_measured() {
    let dir = folder("experiment");
    let args = ["experiment", &path("noise-free.toml"), "--set", "temperature_c=145"];
    let done = run(&dir, &args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    compare_layout("cli", "experiment", &done.stdout);
    let written = run(&dir, &[&args[..], &["--out", "here"]].concat());
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let names: Vec<String> = files(&dir.join("here")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["absorbance.svg", "emission.svg", "features.csv", "spectra.csv"]);
}

#[test]
fn an_experiment_is_data_for_programs() {
    let dir = folder("experiment-json");
    let args = ["experiment", &path("noise-free.toml"), "--json"];
    let value = |args: &[&str]| -> Value { serde_json::from_str(&run(&dir, args).stdout).unwrap() };
    let plain = value(&args);
    assert_eq!(plain["simulated"], true);
    assert_eq!(plain["conditions"]["temperature_c"], 135.0);
    assert!(plain["features"]["pli"]["value"].as_f64().unwrap() > 1000.0);
    assert_eq!(plain["features"]["pli"]["unit"], "counts");
    assert!(plain.get("spectra").is_none());
    let spectra = value(&[&args[..], &["--spectra"]].concat());
    let first = &spectra["spectra"][0];
    assert_eq!(first["values"].as_array().unwrap().len(), 2068);
    assert_eq!(first["wavelengths_nm"].as_array().unwrap().len(), 2068);
}

#[test]
fn a_summary_has_what_programs_rely_on() {
    let dir = folder("summary");
    let done = run(&dir, &["run", &path("noise-free.toml"), "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary: Value = serde_json::from_str(&done.stdout).unwrap();
    for key in [
        "scenario",
        "seed",
        "backend",
        "journal_sha256",
        "phases",
        "twin",
        "lab_time_s",
        "simulated_events",
    ] {
        assert!(summary.get(key).is_some(), "no {key}");
    }
    let phase = &summary["phases"][0];
    for key in ["name", "policy", "experiments", "failed", "best", "lab_time_s", "reagent_ml"] {
        assert!(phase.get(key).is_some(), "no {key} of a phase");
    }
    for key in ["value", "experiment", "conditions"] {
        assert!(phase["best"].get(key).is_some(), "no {key} of the best");
    }
    let file = std::fs::read_to_string(dir.join("runs/noise-free-1/summary.json")).unwrap();
    assert_eq!(done.stdout, file);
    assert!(!done.stderr.contains("\x1b["), "no renewing line where there is no terminal");
}

#[test]
fn the_closing_table_reads_well() {
    let dir = folder("closing");
    let done = run(&dir, &["run", &path("noise-free.toml")]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    compare_layout("cli", "closing-table", &done.stdout);
    compare_layout("cli", "narration", &done.stderr);
}

#[test]
fn check_counts_what_did_not_pass() {
    let dir = folder("check");
    std::fs::write(dir.join("bad.toml"), "schema = 1\nsede = 2\n").unwrap();
    let good = run(&dir, &["check", &path("noise-free.toml"), &path("low-flow.toml")]);
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    assert_eq!(good.stdout.lines().filter(|line| line.contains(".toml: ok (")).count(), 2);
    let mixed = run(&dir, &["check", "bad.toml", &path("noise-free.toml"), "--json"]);
    assert_eq!(mixed.code, Some(2));
    assert!(mixed.stderr.contains("1 of 2 files did not pass"), "{}", mixed.stderr);
    let value: Value = serde_json::from_str(&mixed.stdout).unwrap();
    assert_eq!(
        (&value["files"][0]["ok"], &value["files"][1]["ok"]),
        (&Value::from(false), &Value::from(true))
    );
}

/// Runs the command with standard output going to `sink`.
#[cfg(target_os = "linux")]
fn into(sink: std::process::Stdio, dir: &std::path::Path) -> crate::support::Done {
    let mut command = crate::support::flowtwin(dir);
    let child =
        command.args(["check", "--schema"]).stdout(sink).stderr(std::process::Stdio::piped());
    crate::support::done(child.spawn().unwrap().wait_with_output().unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_standard_output_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let done = into(full.into(), &folder("full"));
    assert_eq!(done.code, Some(1));
    assert!(done.stderr.starts_with("error: cannot write to standard output"), "{}", done.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn a_reader_that_has_had_enough_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let done = into(writer.into(), &folder("enough"));
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
}

#[test]
fn the_names_of_an_earlier_version_still_work() {
    let dir = folder("cli-old-names");
    let benchmark = run(&dir, &["bench", "--help"]);
    assert_eq!(benchmark.code, Some(0));
    assert!(benchmark.stdout.contains("Compare policies"), "{}", benchmark.stdout);
    let wiring = run(&dir, &["run", "x.toml", "--backend", "hardware", "--bench", "y.toml"]);
    assert!(wiring.stderr.contains("cannot read x.toml"), "{}", wiring.stderr);
}
