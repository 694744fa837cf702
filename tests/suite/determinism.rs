//! The same scenario and seed: the same bytes, whatever the surroundings.

use std::path::Path;
use std::process::Command;

use crate::support::{done, files, flowtwin, folder, scenario};

/// A short campaign in which the twin decides.
const GUIDED: &str = r#"
[[phases]]
name = "start"
policy = "lhs"
experiments = 5

[[phases]]
name = "explore"
policy = "max_variance"
experiments = 2
from = "start"

[[phases]]
name = "improve"
policy = "ei"
experiments = 2
from = "explore"

[[phases]]
name = "chance"
policy = "random"
experiments = 2
from = "explore"
"#;

/// The run folder of the guided campaign, run by a command that `change` prepares.
fn run_folder(dir: &Path, out: &str, change: impl FnOnce(&mut Command)) -> Vec<(String, Vec<u8>)> {
    let file = scenario(dir, "guided", "cs3cu2i5.toml", GUIDED);
    let mut command = flowtwin(dir);
    command.arg("run").arg(file).args(["--out", out]);
    change(&mut command);
    let done = done(command.output().expect("the command starts"));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    files(&dir.join(out))
}

fn with(command: &mut Command, args: &[&str]) {
    command.args(args);
}

fn assert_same(a: &[(String, Vec<u8>)], b: &[(String, Vec<u8>)]) {
    let names =
        |files: &[(String, Vec<u8>)]| files.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
    assert_eq!(names(a), names(b));
    for ((name, before), (_, now)) in a.iter().zip(b) {
        assert!(before == now, "{name} differs");
    }
}

#[test]
fn surroundings_do_not_reach_a_run_folder() {
    let (here, there) = (folder("same-here"), folder("same-there"));
    let first = run_folder(&here, "first", |c| with(c, &["--jobs", "1"]));
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    let whole = [
        "journal.jsonl",
        "journal.seal",
        "observations.csv",
        "report.html",
        "spectra.parquet",
        "summary.json",
    ];
    assert_eq!(names, whole);
    assert_same(&first, &run_folder(&here, "again", |c| with(c, &["--jobs", "1"])));
    assert_same(&first, &run_folder(&here, "threads", |c| with(c, &["--jobs", "2"])));
    let elsewhere = |command: &mut Command| {
        command.envs([("LC_ALL", "de_DE.UTF-8"), ("LANG", "tr_TR.UTF-8"), ("TZ", "Asia/Tokyo")]);
    };
    assert_same(&first, &run_folder(&there, "deeper/elsewhere", elsewhere));
    let other = run_folder(&here, "other", |c| with(c, &["--seed", "2"]));
    assert!(first[0].1 != other[0].1, "another seed must yield another journal");
}

#[test]
fn a_report_is_rebuilt_to_the_byte() {
    let dir = folder("rebuilt");
    let before = run_folder(&dir, "run", |_| ());
    for name in ["observations.csv", "report.html", "spectra.parquet"] {
        std::fs::remove_file(dir.join("run").join(name)).unwrap();
    }
    let rebuilt = crate::support::run(&dir, &["report", "run"]);
    assert_eq!(rebuilt.code, Some(0), "{}", rebuilt.stderr);
    assert_same(&before, &files(&dir.join("run")));
}
