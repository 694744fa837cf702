//! How somebody starts: a scenario from nothing, completions, manual pages, hints at what was meant.

use std::fs;
use std::path::Path;

use flowtwin_campaign::scenario::Scenario;

use crate::support::{files, folder, root, run};

#[test]
fn every_starter_passes_check_and_runs() {
    let reacting =
        ["slugs", "coil", "tanks", "hplc", "ester", "two-stage", "quantum-dots", "gas-liquid"];
    for rig in ["plain", "paper", "dye", "table"].into_iter().chain(reacting) {
        let dir = folder(&format!("init-{rig}"));
        let done = run(&dir, &["init", "new/My_Start.toml", "--rig", rig]);
        assert_eq!(done.code, Some(0), "{rig}: {}", done.stderr);
        assert!(done.stdout.is_empty());
        let scenario = dir.join("new/My_Start.toml");
        let text = fs::read_to_string(&scenario).unwrap();
        assert!(text.contains("\nname = \"my-start\"\n"), "{rig}");
        let comments = text.lines().filter(|line| line.contains("# ")).count();
        assert!(comments >= 7, "{rig}: {comments} comments");
        let checked = run(&dir, &["check", "new/My_Start.toml"]);
        assert_eq!(checked.code, Some(0), "{rig}: {}", checked.stderr);
        // A few experiments of the first phase are enough to see that it runs.
        let short = first_phase_only(&text);
        fs::write(&scenario, short).unwrap();
        let ran = run(&dir, &["run", "new/My_Start.toml", "--out", "run"]);
        assert_eq!(ran.code, Some(0), "{rig}: {}", ran.stderr);
        assert!(dir.join("run/report.html").exists());
    }
}

/// The starter is complete in one file; the scenario says what differs from another.
#[test]
fn the_starter_with_tanks_is_the_scenario_with_tanks() {
    let dir = folder("init-same-tanks");
    let done = run(&dir, &["init", "fading-tanks.toml", "--rig", "tanks"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let definition = |folder: &Path| {
        let scenario = Scenario::load(&folder.join("fading-tanks.toml")).unwrap();
        let mut definition = scenario.definition();
        // That of the scenario names the file that it extends.
        definition.as_object_mut().unwrap().remove("description").unwrap();
        definition
    };
    assert_eq!(definition(&dir), definition(&root().join("scenarios")));
}

/// The scenario with two experiments of its first phase and without the others.
fn first_phase_only(text: &str) -> String {
    let start = text.find("[[phases]]").unwrap();
    let end = text[start + 1..].find("[[phases]]").map_or(text.len(), |at| start + 1 + at);
    let phase = text[start..end].lines().map(|line| match line.starts_with("experiments") {
        true => "experiments = 2",
        false => line,
    });
    text[..start].to_owned() + &phase.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn a_starter_overwrites_nothing() {
    let dir = folder("init-there");
    fs::write(dir.join("mine.csv"), "my data").unwrap();
    let done = run(&dir, &["init", "mine.toml", "--rig", "table"]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("mine.csv exists already"), "{}", done.stderr);
    assert_eq!(files(&dir), [("mine.csv".to_owned(), b"my data".to_vec())]);
    fs::write(dir.join("mine.toml"), "").unwrap();
    let done = run(&dir, &["init", "mine.toml"]);
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("mine.toml exists already"), "{}", done.stderr);
}

#[test]
fn shells_and_man_know_every_command() {
    let dir = folder("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = run(&dir, &["completions", shell]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert!(done.stdout.contains("benchmark") && done.stdout.contains("policy-command"));
    }
    assert!(run(&dir, &["man"]).stdout.starts_with(".ie"));
    assert_eq!(run(&dir, &["man", "--out", "man1"]).code, Some(0));
    let pages: Vec<String> = files(&dir.join("man1")).into_iter().map(|(name, _)| name).collect();
    for page in ["flowtwin.1", "flowtwin-run.1", "flowtwin-twin-fit.1"] {
        assert!(pages.iter().any(|name| name == page), "{page}: {pages:?}");
    }
}

#[test]
fn what_is_misspelt_gets_a_hint() {
    let dir = folder("did-you-mean");
    let paper = root().join("scenarios/cs3cu2i5.toml").display().to_string();
    let file = root().join("scenario/cs3cu2i5.toml").display().to_string();
    let wiring = root().join("scenarios/wirings/cs3cu2i6.toml").display().to_string();
    fs::write(dir.join("data.csv"), "x,y\n1,2\n2,3\n").unwrap();
    for (args, hint) in [
        (&["check", &file][..], "scenarios/cs3cu2i5.toml`?"),
        (&["emulate", &wiring], "wirings/cs3cu2i5.toml`?"),
        (&["twin", "fit", "dta.csv", "--target", "y"], "did you mean `data.csv`?"),
        (&["run", &paper, "--surrogate", "modren"], "did you mean modern?"),
        (&["benchmark", &paper, "--policies", "exploitt"], "did you mean `exploit`?"),
        (&["benchmark", &paper, "--policies", "ei@forrest"], "did you mean forest?"),
        (&["chekc", &paper], "'check'"),
    ] {
        let done = run(&dir, args);
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains(hint), "{args:?}: {}", done.stderr);
    }
}
