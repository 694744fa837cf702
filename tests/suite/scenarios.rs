//! Every file in `scenarios/` yields what its snapshots say.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::Checked;

use crate::support::{folder, root, run, scenario_files};

const THREADS: usize = 2;

#[test]
fn every_scenario_yields_its_snapshots() {
    let files = scenario_files();
    assert!(files.len() >= 6, "only {} scenarios", files.len());
    let next = AtomicUsize::new(0);
    let taken = |_| {
        let mut taken: Vec<Checked> = Vec::new();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            taken.push(take(file));
        }
        taken
    };
    let taken: Vec<Checked> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|i| scope.spawn(move || taken(i))).collect();
        workers.into_iter().flat_map(|w| w.join().expect("a scenario runs")).collect()
    });
    // As for the other snapshots: INSTA_UPDATE=always takes what the scenarios yield now.
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        taken.iter().for_each(|checked| _ = checked.accept().unwrap());
        return;
    }
    let failed = taken.iter().filter(|checked| !checked.passed());
    let told: Vec<String> =
        failed.map(|checked| format!("{}\n{}", checked.scenario, checked.text())).collect();
    assert!(told.is_empty(), "not as in snapshots/:\n\n{}", told.join("\n"));
}

fn take(file: &Path) -> Checked {
    let scenario = Scenario::load(file).unwrap_or_else(|error| panic!("{error}"));
    let folder = root().join("snapshots").join(scenario.name());
    let spec = &scenario.file().snapshot;
    let checked = Checked::of(&scenario, &folder, spec, NonZeroUsize::MIN);
    checked.unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn a_scenario_is_named_like_its_file_and_listed() {
    let listed = std::fs::read_to_string(root().join("scenarios/README.md")).unwrap();
    for file in scenario_files() {
        let scenario = Scenario::load(&file).unwrap();
        assert_eq!(file.file_stem().unwrap().to_str(), Some(scenario.name()));
        let name = format!("`{}.toml`", scenario.name());
        assert!(listed.contains(&name), "scenarios/README.md does not list {name}");
    }
}

#[test]
fn no_snapshot_is_left_behind() {
    let scenarios: Vec<PathBuf> = scenario_files();
    let known = |name: &str| scenarios.iter().any(|s| s.file_stem().is_some_and(|s| s == name));
    for entry in std::fs::read_dir(root().join("snapshots")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let others = ["cli", "messages"];
        if entry.path().is_dir() && !others.contains(&name.as_str()) {
            assert!(known(&name), "snapshots/{name} belongs to no scenario");
        }
    }
}

#[test]
fn a_folder_of_ones_own_is_tested_the_same_way() {
    let dir = folder("own-snapshots");
    let file = root().join("scenarios/noise-free.toml");
    let check = ["check", "--snapshots", "snaps", file.to_str().unwrap()];
    let missing = run(&dir, &check);
    assert_eq!(missing.code, Some(1), "{}", missing.stderr);
    assert!(missing.stderr.contains("there is no snapshot"), "{}", missing.stderr);
    let accepted = run(&dir, &[&check[..], &["--accept"]].concat());
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    assert_eq!(run(&dir, &check).code, Some(0));
    let work = dir.join("snaps/noise-free/work.snap");
    let text = std::fs::read_to_string(&work).unwrap();
    std::fs::write(&work, text.replace("frames", "flames")).unwrap();
    let changed = run(&dir, &check);
    assert_eq!(changed.code, Some(1));
    assert!(changed.stderr.contains("not to the last bit as it was: work"), "{}", changed.stderr);
    assert!(changed.stderr.contains("flames"), "{}", changed.stderr);
}

#[test]
fn the_repository_keeps_the_snapshots_that_check_would_take() {
    let dir = folder("repository-snapshots");
    let (file, snapshots) = (root().join("scenarios/noise-free.toml"), root().join("snapshots"));
    let args = ["check", file.to_str().unwrap(), "--snapshots", snapshots.to_str().unwrap()];
    let done = run(&dir, &args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}
