//! Somebody is told of a run that nobody watches.

use std::fs;

use serde_json::Value;

use crate::support::{files, folder, run, scenario};

/// The syringe of CuI is nearly empty after one experiment, and too empty for a third.
const DRY: &str = r#"
[rig.pumps.cui]
fill_ml = 0.9

[[phases]]
name = "start"
policy = "lhs"
experiments = 6
"#;

const FEW: &str = r#"
[[phases]]
name = "start"
policy = "lhs"
experiments = 2
"#;

#[test]
fn a_command_hears_of_the_end_and_of_what_is_nearly_used_up() {
    let dir = folder("notify");
    let dry = scenario(&dir, "dry", "cs3cu2i5.toml", DRY);
    let few = scenario(&dir, "few", "dye-mixing.toml", FEW);
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
