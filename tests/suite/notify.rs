//! Somebody is told of a run that nobody watches.

use std::fs;

use serde_json::Value;

use crate::support::{files, folder, run, scenario};

/// CuI runs out before the last experiment; what the lines were filled with counts too.
const DRY: &str = r#"
[rig.pumps.cui]
fill_ml = 3.4

[[phases]]
name = "start"
policy = "lhs"
experiments = 24
"#;

const FEW: &str = r#"
[[phases]]
name = "start"
policy = "lhs"
experiments = 2
"#;

/// Somebody fills the syringes whenever one is too empty for the next experiment.
const REFILLED: &str = "\n[refill]\ntakes_min = 5.0\n";

#[test]
fn a_command_hears_of_the_end_and_of_what_is_nearly_used_up() {
    let dir = folder("notify");
    let dry = scenario(&dir, "dry", "cs3cu2i5.toml", DRY);
    let few = scenario(&dir, "few", "dye-mixing.toml", FEW);
    let filled = scenario(
        &dir,
        "filled",
        "cs3cu2i5.toml",
        &format!("{}{REFILLED}", DRY.replace("24", "40")),
    );
    let heard = |file: &std::path::Path, out: &str| -> Vec<(String, String)> {
        let note = dir.join(format!("{out}.txt"));
        // What it prints must not come between the data of the run.
        let command =
            format!("test \"$FLOWTWIN_RUN\" = {out} && cat >> {} && echo stray", note.display());
        let out = ["run", file.to_str().unwrap(), "--json", "--out", out, "--notify", &command];
        let done = run(&dir, &out);
        assert!(!done.stdout.contains("stray"), "{}", done.stdout);
        let lines = fs::read_to_string(note).unwrap();
        let line = |line: &str| {
            let told: Value = serde_json::from_str(line).expect(line);
            let text = |key: &str| told[key].as_str().unwrap().to_owned();
            (text("event"), text("text"))
        };
        let mut all: Vec<(String, String)> = lines.lines().map(line).collect();
        // The commands run beside each other.
        all.sort();
        all
    };
    let few = heard(&few, "few");
    assert_eq!(few, [("done".to_owned(), "the run is complete".to_owned())]);
    let dry = heard(&dry, "dry");
    assert!(dry.iter().any(|(event, text)| event == "stopped" && text.contains("cui")), "{dry:?}");
    assert!(dry.iter().all(|(event, _)| event != "done"));
    let low = |heard: &[(String, String)]| {
        let cui = |(event, text): &&(String, String)| event == "low" && text.starts_with("cui ");
        heard.iter().filter(cui).count()
    };
    assert_eq!(low(&dry), 1, "{dry:?}");
    let filled = heard(&filled, "filled");
    assert!(low(&filled) > 1, "after every filling: {filled:?}");
    assert!(filled.iter().any(|(event, _)| event == "done"), "{filled:?}");
}

/// The report cannot be written where a folder has its name.
#[test]
fn a_run_that_is_complete_is_not_said_to_have_stopped() {
    let dir = folder("notify-complete");
    let file = scenario(&dir, "few", "dye-mixing.toml", FEW);
    let note = dir.join("note.txt");
    let command = format!("cat >> {}", note.display());
    let args = ["run", file.to_str().unwrap(), "--out", "few"];
    assert_eq!(run(&dir, &args).code, Some(0));
    fs::remove_file(dir.join("few/report.html")).unwrap();
    fs::create_dir(dir.join("few/report.html")).unwrap();
    let again = run(&dir, &[&args[..], &["--resume", "--notify", &command]].concat());
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    let told = fs::read_to_string(note).unwrap();
    assert!(told.contains("\"done\"") && told.contains("cannot write"), "{told}");
    assert!(!told.contains("stopped"), "{told}");
}

/// A hand-off folder that is no folder: found out after somebody has said that the run may begin.
#[test]
fn a_command_hears_of_a_rig_that_cannot_begin() {
    let dir = folder("notify-rig");
    let file = scenario(&dir, "few", "cs3cu2i5.toml", FEW);
    let wiring = "schema = 1\n[folder]\npath = \"handoff\"\nexpected_s = 0.0\npatience_s = 60.0\n";
    fs::write(dir.join("rig.toml"), wiring).unwrap();
    fs::write(dir.join("handoff"), "a file").unwrap();
    let note = dir.join("note.txt");
    let command = format!("cat >> {}", note.display());
    let rig = ["--backend", "hardware", "--wiring", "rig.toml", "--yes", "--notify", &command];
    let done = run(&dir, &[&["run", file.to_str().unwrap()], &rig[..]].concat());
    assert_ne!(done.code, Some(0));
    let told = fs::read_to_string(&note).unwrap_or_default();
    assert!(told.contains("\"stopped\""), "{told}{}", done.stderr);
}

#[test]
fn a_command_that_fails_or_is_not_there_changes_nothing() {
    let dir = folder("notify-fails");
    let file = scenario(&dir, "few", "dye-mixing.toml", FEW);
    let file = file.to_str().unwrap();
    let alone = run(&dir, &["run", file, "--out", "alone"]);
    let failing = run(&dir, &["run", file, "--out", "failing", "--notify", "no-such-program"]);
    assert_eq!((alone.code, failing.code), (Some(0), Some(0)));
    assert!(failing.stderr.contains("--notify"), "{}", failing.stderr);
    assert_eq!(files(&dir.join("alone")), files(&dir.join("failing")));
}
