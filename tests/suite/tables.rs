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

/// A scenario of a table of 60 couplings: what a ligand yields, and what it costs.
fn couplings(dir: &Path, objectives: &str) -> String {
    let mut csv = String::from("ligand,temperature_c,yield_percent,cost_usd,n_replicates\n");
    for (ligand, best, cost) in
        [("XPhos", 90.0, 5.0), ("SPhos", 75.0, 3.0), ("dppf", 50.0, 1.0), ("none", 5.0, 0.2)]
    {
        for i in 0..15 {
            let celsius = 40.0 + 5.0 * f64::from(i);
            let off = (celsius - 85.0) / 30.0;
            let yields = best * (1.0 - off * off);
            let cost = cost + 0.01 * celsius;
            csv += &format!("{ligand},{celsius},{yields},{cost},1\n");
        }
    }
    fs::write(dir.join("couplings.csv"), csv).unwrap();
    let text = format!(
        "schema = 1\nname = \"couplings\"\ntitle = \"Couplings\"\nseed = 1\n\n[table]\n\
         data = \"couplings.csv\"\ninputs = [\"ligand\", \"temperature_c\"]\n\n{objectives}\n\
         [[phases]]\nname = \"start\"\npolicy = \"random\"\nexperiments = 4\n\n\
         [[phases]]\nname = \"search\"\npolicy = \"ei\"\nexperiments = 12\nfrom = \"start\"\n"
    );
    let path = dir.join("couplings.toml");
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

const YIELD_AND_COST: &str = "[[objectives]]\nfeature = \"yield_percent\"\nworst = 0.0\n\n\
     [[objectives]]\nfeature = \"cost_usd\"\ngoal = \"minimize\"\nworst = 7.0\n";

#[test]
fn a_table_may_have_words_as_inputs_and_several_outcomes() {
    let dir = folder("tables-several");
    let table = couplings(&dir, YIELD_AND_COST);
    let done = run(&dir, &["run", &table, "--out", "out", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let front = summary["front"].as_array().unwrap();
    assert!(front.len() > 2, "{front:?}");
    assert!(front.iter().any(|best| best["conditions"]["ligand"] == "XPhos"), "{front:?}");
    let replayed = run(&dir, &["replay", "out"]);
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
}

#[test]
fn policies_are_compared_by_the_hypervolume_of_what_they_found() {
    let dir = folder("tables-hypervolume");
    let table = couplings(&dir, YIELD_AND_COST);
    let args = ["--policies", "random,ei", "--seeds", "8", "--csv", "--json", "--out", "out"];
    let done = run(&dir, &[&["benchmark", &table], &args[..]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let findings: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(findings[0]["leader"], "ei");
    let standing = |policy: &str| {
        let all = findings[0]["standings"].as_array().unwrap();
        all.iter().find(|standing| standing["policy"] == policy).unwrap().clone()
    };
    let share = |policy: &str| standing(policy)["hypervolume_share"].as_f64().unwrap();
    assert!(share("ei") > 0.95 && share("random") < share("ei"), "{}", done.stdout);
    let csv = fs::read_to_string(dir.join("out/table.csv")).unwrap();
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let place = header.iter().position(|name| *name == "true_best").unwrap();
    let so_far: Vec<f64> = csv
        .lines()
        .skip(1)
        .take(16)
        .filter_map(|line| line.split(',').nth(place)?.parse().ok())
        .collect();
    assert!(so_far.windows(2).all(|pair| pair[0] <= pair[1]), "{so_far:?}");
}

#[test]
fn a_limit_holds_in_a_table_and_in_its_benchmark() {
    let dir = folder("tables-limit");
    let limited = "[objective]\nfeature = \"yield_percent\"\n\n[[limits]]\nfeature = \"cost_usd\"\nat_most = 4.0\n";
    let table = couplings(&dir, limited);
    let done = run(&dir, &["run", &table, "--out", "out", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    let best = &summary["phases"][1]["best"];
    assert_eq!(best["conditions"]["ligand"], "SPhos", "{best}");
    let args = ["--policies", "random,ei", "--seeds", "2", "--json", "--out", "bench"];
    let done = run(&dir, &[&["benchmark", &table], &args[..]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let findings: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    // SPhos at 85 °C costs 3.85.
    let optimum = findings[0]["optimum"].as_f64().unwrap();
    assert!((optimum - 75.0).abs() < 1e-9, "{optimum}");
}
