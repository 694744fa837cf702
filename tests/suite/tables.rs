//! Campaigns on tables of measured outcomes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{folder, root, run};

/// A scenario of a table in `dir`: a ridge over two inputs, every condition measured twice.
fn table(dir: &Path) -> String {
    let mut csv = String::from("width_mm,speed_mm_per_s,strength_n,n_replicates\n");
    for i in 0..12 {
        for j in 0..12 {
            let (x, y) = (f64::from(i) - 8.3, f64::from(j) - 3.4);
            for error in [-0.1, 0.1] {
                let strength = 20.0 - 0.3 * x * x - 0.2 * y * y + error;
                csv += &format!("{i},{j},{strength},1\n");
            }
        }
    }
    fs::write(dir.join("ridge.csv"), csv).unwrap();
    scenario(dir, "ridge", "ridge.csv", "strength_n", 30)
}

fn scenario(dir: &Path, name: &str, data: &str, feature: &str, experiments: usize) -> String {
    let text = format!(
        "schema = 1\nname = \"{name}\"\ntitle = \"Measured before\"\nseed = 1\n\n[table]\ndata = \"{data}\"\n\n\
         [objective]\nfeature = \"{feature}\"\n\n[twin]\nsurrogate = \"gp\"\n\n\
         [[phases]]\nname = \"start\"\npolicy = \"random\"\nexperiments = 5\n\n\
         [[phases]]\nname = \"search\"\npolicy = \"top\"\nexperiments = {experiments}\nfrom = \"start\"\n"
    );
    let path = dir.join(format!("{name}.toml"));
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_run_looks_outcomes_up_and_its_files_are_those_of_any_run() {
    let dir = folder("tables-run");
    let table = table(&dir);
    let done = run(&dir, &["run", &table, "--out", "out"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let observations = fs::read_to_string(dir.join("out/observations.csv")).unwrap();
    assert_eq!(observations.lines().count(), 1 + 35);
    for file in ["summary.json", "report.html", "journal.jsonl"] {
        assert!(dir.join("out").join(file).exists(), "{file}");
    }
    let replayed = run(&dir, &["replay", "out"]);
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    let again = run(&dir, &["run", &table, "--out", "out", "--resume"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(observations, fs::read_to_string(dir.join("out/observations.csv")).unwrap());
}

#[test]
fn every_policy_takes_part_and_the_report_says_how_fast_the_best_are_found() {
    let dir = folder("tables-bench");
    let table = table(&dir);
    let policies = "random,lhs,sobol,exploit,ucb,log_ei,thompson,balanced,top,max_variance";
    let seeds = ["--seeds", "3", "--csv", "--json", "--out", "out"];
    let done = run(&dir, &[&["benchmark", &table, "--policies", policies], &seeds[..]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let findings: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let sentence = findings[0]["sentence"].as_str().unwrap();
    assert!(sentence.contains("80 % of the best 5 % (8 of 144 conditions)"), "{sentence}");
    let searches = findings[0]["searches"].as_array().unwrap();
    let found = |policy: &str| {
        let search = searches.iter().find(|search| search["policy"] == policy).unwrap();
        search["found"].as_f64().unwrap()
    };
    assert!(found("top") > 0.7 && found("random") < 0.6, "{}", done.stdout);
    let csv = fs::read_to_string(dir.join("out/table.csv")).unwrap();
    assert!(csv.lines().next().unwrap().contains(",top_share"), "{csv}");
    assert_eq!(csv.lines().count(), 1 + 10 * 3 * 35);
}

#[test]
fn what_needs_a_rig_says_that_a_table_has_none() {
    let dir = folder("tables-slips");
    let table = table(&dir);
    for args in [vec!["experiment"], vec!["run", "--backend", "emulated"]] {
        let done = run(&dir, &[&[args[0], &table], &args[1..]].concat());
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        assert!(done.stderr.contains("table of outcomes"), "{}", done.stderr);
    }
    let text = fs::read_to_string(&table).unwrap();
    fs::write(&table, text.replace("strength_n", "toughness")).unwrap();
    let done = run(&dir, &["check", &table]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("toughness"), "{}", done.stderr);
}

/// The real data sets, which are beside the repository and no part of it.
fn shared() -> Option<PathBuf> {
    let path = root().join("../shared/data");
    path.is_dir().then_some(path)
}

#[test]
fn one_policy_is_as_fast_as_the_best_published_on_every_real_table() {
    let Some(data) = shared() else {
        eprintln!("skipped: the data sets of docs/tables.md are not in ../shared/data");
        return;
    };
    let dir = folder("tables-real");
    // Five seeds of the smallest table here; docs/tables.md has twenty seeds of all three.
    fs::copy(data.join("autoam.csv"), dir.join("autoam.csv")).unwrap();
    fs::copy(root().join("scenarios/tables/autoam.toml"), dir.join("autoam.toml")).unwrap();
    let seeds = ["--seeds", "5", "--experiments", "40", "--json", "--out", "out"];
    let done =
        run(&dir, &[&["benchmark", "autoam.toml", "--policies", "top"], &seeds[..]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let findings: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let median = findings[0]["searches"][0]["evaluations"]["median"].as_f64().unwrap();
    assert!(median <= 32.0, "{median}");
}
