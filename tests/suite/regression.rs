//! `flowtwin check --snapshots` and `flowtwin diff`, as people and services of continuous integration use them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{done, folder, run, scenario, typed};

const SURVEY: &str = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 3\n";

/// A scenario of three experiments whose red stock is this strong [mM].
fn dye(dir: &Path, name: &str, red_mm: f64) -> String {
    let stock = format!("[stocks]\namaranth = {{ concentrations_mm = {{ am = {red_mm:.3} }} }}\n");
    scenario(dir, name, "dye-mixing.toml", &format!("{stock}{SURVEY}")).display().to_string()
}

/// Two scenarios with snapshots, of which the second has a weaker stock since then.
fn changed(dir: &Path) -> [String; 2] {
    let files = [dye(dir, "same", 0.15), dye(dir, "weaker", 0.15)];
    let taken = run(dir, &["check", &files[0], &files[1], "--snapshots", "snaps", "--accept"]);
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    [files[0].clone(), dye(dir, "weaker", 0.12)]
}

fn digest(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join("snaps").join(name).join("digest.snap")).unwrap()
}

#[test]
fn a_review_explains_what_moved_and_takes_what_is_explained() {
    let dir = folder("review-explains");
    let [_, weaker] = changed(&dir);
    let before = digest(&dir, "weaker");
    let args = ["check", &weaker, "--snapshots", "snaps", "--review"];
    let kept = typed(&dir, &args, "what\ne\nk\n");
    assert_eq!(kept.code, Some(1), "{}", kept.stderr);
    for words in [
        "weaker (1 of 1): not as in its snapshots",
        "a, k, e or q",
        "Why: each key changed alone",
        "100 %  stocks.amaranth.concentrations_mm.am",
        "kept as it was: not to the last bit as it was",
    ] {
        assert!(kept.stderr.contains(words), "{words} is missing: {}", kept.stderr);
    }
    assert_eq!(kept.stderr.matches("They part at").count(), 1, "{}", kept.stderr);
    assert_eq!(digest(&dir, "weaker"), before);
    let taken = typed(&dir, &args, "a\n");
    assert_eq!(taken.code, Some(0), "{}", taken.stderr);
    assert_ne!(digest(&dir, "weaker"), before);
}

#[test]
fn a_review_does_not_take_what_no_key_explains() {
    let dir = folder("review-unexplained");
    let [same, _] = changed(&dir);
    let path = dir.join("snaps/same/digest.snap");
    let other = digest(&dir, "same").replace("sha256  ", "sha256  0");
    fs::write(&path, &other).unwrap();
    let reviewed = typed(&dir, &["check", &same, "--snapshots", "snaps", "--review"], "a\nq\n");
    assert_eq!(reviewed.code, Some(1), "{}", reviewed.stderr);
    assert!(reviewed.stderr.contains("not taken: no key differs"), "{}", reviewed.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), other);
}

#[test]
fn a_review_that_was_quit_asks_no_more_and_keeps_the_rest() {
    let dir = folder("review-quit");
    let [_, weaker] = changed(&dir);
    let again = dye(&dir, "same", 0.10);
    let args = ["check", &weaker, &again, "--snapshots", "snaps", "--review"];
    let reviewed = typed(&dir, &args, "q\na\n");
    assert_eq!(reviewed.code, Some(1), "{}", reviewed.stderr);
    assert_eq!(reviewed.stderr.matches("(a)ccept").count(), 1, "{}", reviewed.stderr);
    assert!(reviewed.stderr.contains("2 of 2 files did not pass"), "{}", reviewed.stderr);
}

#[test]
fn results_are_written_for_services_of_continuous_integration() {
    let dir = folder("services");
    let [same, weaker] = changed(&dir);
    fs::write(dir.join("wrong.toml"), "schema = 1\nnames = \"x\"\n").unwrap();
    let files = ["check", &same, &weaker, "wrong.toml", "--snapshots", "snaps"];
    let args = [&files[..], &["--junit", "results.xml", "--annotations", "--json"]].concat();
    let checked = run(&dir, &args);
    assert_eq!(checked.code, Some(2), "{}", checked.stderr);
    let json: Value = serde_json::from_str(&checked.stdout).unwrap();
    let file = |place: usize| &json["files"][place];
    assert_eq!((file(0)["ok"].as_bool(), file(0)["scenario"].as_str()), (Some(true), Some("same")));
    assert_eq!(file(1)["scenario"].as_str(), Some("weaker"));
    assert!(file(1)["reasons"][0].as_str().unwrap().starts_with("not to the last bit"));
    let key = &file(1)["comparison"]["keys"][0]["key"];
    assert_eq!(key.as_str(), Some("stocks.amaranth.concentrations_mm.am"));
    assert_eq!(file(2)["line"].as_u64(), Some(2), "{}", file(2));
    let annotation =
        |of: &str| checked.stderr.lines().find(|l| l.starts_with(of)).map(str::to_owned);
    assert!(annotation("::error file=wrong.toml,line=2,").is_some(), "{}", checked.stderr);
    let error = annotation(&format!("::error file={weaker},title=weaker::"));
    assert!(error.is_some(), "{}", checked.stderr);
    let xml = fs::read_to_string(dir.join("results.xml")).unwrap();
    assert!(xml.contains("tests=\"3\" failures=\"2\""), "{xml}");
    assert!(xml.contains("name=\"weaker\">\n    <failure message=\"not to the last bit"), "{xml}");
    assert!(xml.contains("name=\"same\"/>"), "{xml}");
}

#[test]
fn two_scenarios_are_laid_over_each_other_and_explained() {
    let dir = folder("laid-over");
    let files = [dye(&dir, "a", 0.15), dye(&dir, "b", 0.12)];
    let args = ["diff", &files[0], &files[1], "--explain", "--page", "page.html"];
    let found = run(&dir, &args);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    assert!(
        found.stdout.contains("100 %  stocks.amaranth.concentrations_mm.am"),
        "{}",
        found.stdout
    );
    assert!(found.stdout.contains("changed by 0.0"), "{}", found.stdout);
    assert!(found.stdout.lines().all(|line| line.chars().count() <= 80), "{}", found.stdout);
    let page = fs::read_to_string(dir.join("page.html")).unwrap();
    assert!(page.contains("Feature by feature") && page.contains("each key changed alone"));
}

#[test]
fn what_cannot_be_explained_is_compared_all_the_same() {
    let dir = folder("not-explained");
    let a = dye(&dir, "a", 0.15);
    let range = "[space.inputs]\nblue_ul_per_min = { low = 500.0, high = 600.0, resolution = 1.0, sets = { pump = \"blue\" } }\n";
    let b = scenario(&dir, "b", "dye-mixing.toml", &format!("{range}{SURVEY}"));
    let found = run(&dir, &["diff", &a, &b.display().to_string(), "--explain"]);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    assert!(found.stdout.contains("3 of 3 proposals differ"), "{}", found.stdout);
    assert!(found.stdout.contains("Not explained: no experiment of"), "{}", found.stdout);
}

#[test]
fn a_scenario_without_a_rig_is_refused_and_nothing_panics() {
    let dir = folder("no-rig");
    let coupling = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/by-hand/coupling.toml");
    let a = dye(&dir, "a", 0.15);
    for args in [vec!["diff", coupling, &a], vec!["check", coupling, "--sensitivity"]] {
        let refused = run(&dir, &args);
        assert_eq!(refused.code, Some(2), "{args:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("has no rig"), "{args:?}: {}", refused.stderr);
    }
}

#[test]
fn a_tolerance_of_a_feature_that_is_not_there_is_refused() {
    let dir = folder("no-feature");
    let table = "[snapshot]\nfeatures_percent = { rod = 1.0 }\n";
    let file = scenario(&dir, "a", "dye-mixing.toml", &format!("{table}{SURVEY}"));
    let refused = run(&dir, &["check", &file.display().to_string()]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("there is no feature `rod`"), "{}", refused.stderr);
}

/// The lines of docs/continuous-integration.md that run flowtwin, in a repository of somebody's own.
#[test]
fn the_page_on_continuous_integration_works_in_a_folder_of_scenarios() {
    let dir = folder("integration");
    fs::create_dir(dir.join("scenarios")).unwrap();
    let (a, b) = (dye(&dir, "a", 0.15), dye(&dir, "b", 0.14));
    fs::rename(&a, dir.join("scenarios/a.toml")).unwrap();
    fs::rename(&b, dir.join("scenarios/b.toml")).unwrap();
    let page = include_str!("../../docs/continuous-integration.md");
    let lines =
        page.lines().map(|line| line.trim().trim_start_matches("- ").trim_start_matches("run: "));
    let commands: Vec<&str> = lines
        .map(|line| line.trim_start_matches("$ "))
        .filter(|l| l.starts_with("flowtwin check "))
        .collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    let bin = Path::new(env!("CARGO_BIN_EXE_flowtwin")).parent().unwrap().display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
    for command in commands {
        let mut shell = std::process::Command::new("sh");
        let told = done(
            shell.args(["-c", command]).current_dir(&dir).env("PATH", &path).output().unwrap(),
        );
        assert_eq!(told.code, Some(0), "{command}: {}", told.stderr);
    }
    let xml = fs::read_to_string(dir.join("campaigns.xml")).unwrap();
    assert!(xml.contains("tests=\"2\" failures=\"0\""), "{xml}");
}
