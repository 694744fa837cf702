//! `flowtwin suggest`: what to try next, from the table that people keep.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Done, folder, root, run};

const HEAD: &str = "Ligand;Temperature (°C);Residence time (min);Base (equiv)";

/// A folder with the example, and its arguments.
fn example(name: &str) -> std::path::PathBuf {
    let dir = folder(name);
    for file in ["coupling.toml", "coupling.csv"] {
        fs::copy(root().join("scenarios/by-hand").join(file), dir.join(file)).unwrap();
    }
    dir
}

fn suggest(dir: &Path, more: &[&str]) -> Done {
    run(dir, &[&["suggest", "coupling.toml", "--data", "coupling.csv"], more].concat())
}

fn change(dir: &Path, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(dir.join(file)).unwrap();
    assert!(text.contains(from), "{from}");
    fs::write(dir.join(file), text.replacen(from, to, 1)).unwrap();
}

#[test]
fn suggestions_are_rows_of_the_same_table() {
    let dir = example("suggest-rows");
    let before = fs::read(dir.join("coupling.csv")).unwrap();
    let done = suggest(&dir, &["--count", "5"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(
        done.stdout
            .contains("5 experiments to try next, from 10 rows: 8 measured, 1 failed, 1 waiting"),
        "{}",
        done.stdout
    );
    assert!(fs::read(dir.join("coupling.csv")).unwrap() == before);
    let text = fs::read_to_string(dir.join("coupling-next.csv")).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    let header = lines[0].strip_prefix('\u{feff}').unwrap();
    assert!(header.starts_with(&format!("No;Date;{HEAD};Yield (%);")), "{header}");
    assert!(header.ends_with(";why"), "{header}");
    assert_eq!(lines.len(), 7, "{text}");
    let mut ligands = Vec::new();
    for line in &lines[1..6] {
        let cells: Vec<&str> = line.split(';').collect();
        assert_eq!((cells[0], cells[6], cells[7]), ("", "", ""), "{line}");
        assert!(["XPhos", "SPhos", "dppf"].contains(&cells[2]), "{line}");
        let number = |cell: &str| cell.replace(',', ".").parse::<f64>().unwrap();
        assert!((60.0..=110.0).contains(&number(cells[3])) && !cells[3].contains('.'), "{line}");
        assert!((1.0..=10.0).contains(&number(cells[4])) && !cells[4].contains('.'), "{line}");
        assert!(["1", "1,5", "2", "3"].contains(&cells[5]), "{line}");
        let [mean, low, high] = [10, 11, 12].map(|place| number(cells[place]));
        assert!(low < mean && mean < high, "{line}");
        assert!(line.contains("likely to better everything so far"), "{line}");
        ligands.push((
            cells[2].to_owned(),
            cells[3].to_owned(),
            cells[4].to_owned(),
            cells[5].to_owned(),
        ));
    }
    ligands.sort();
    ligands.dedup();
    assert_eq!(ligands.len(), 5, "every suggestion is another experiment: {text}");
    let page = fs::read_to_string(dir.join("coupling-next.html")).unwrap();
    for part in ["What to try next", "What is expected", "Must hold: Impurity (%) at most 5"] {
        assert!(page.contains(part), "{part} is not on the page");
    }
}

#[test]
fn nothing_is_written_over_and_the_same_question_has_the_same_answer() {
    let dir = example("suggest-again");
    assert_eq!(suggest(&dir, &["--count", "2", "--jobs", "1"]).code, Some(0));
    assert_eq!(suggest(&dir, &["--count", "2", "--jobs", "2"]).code, Some(0));
    let file = |name: &str| fs::read(dir.join(name)).unwrap();
    assert!(file("coupling-next.csv") == file("coupling-next-2.csv"));
    assert!(file("coupling-next.html") == file("coupling-next-2.html"));
    let there = suggest(&dir, &["--out", "coupling.csv"]);
    assert_eq!(there.code, Some(2));
    assert!(there.stderr.contains("coupling.csv is there already"), "{}", there.stderr);
}

#[test]
fn what_waits_for_an_outcome_is_not_suggested_again() {
    let dir = example("suggest-pending");
    let proposals = |done: &Done| -> Vec<Value> {
        let object: Value = serde_json::from_str(&done.stdout).unwrap();
        object["experiments"].as_array().unwrap().iter().map(|e| e["conditions"].clone()).collect()
    };
    let first = proposals(&suggest(&dir, &["--json"]));
    let row = &first[0];
    let comma = |name: &str| row[name].to_string().replace('.', ",");
    let waiting = format!(
        "11;;{};{};{};{};;;;\r\n",
        row["Ligand"].as_str().unwrap(),
        comma("Temperature (°C)"),
        comma("Residence time (min)"),
        comma("Base (equiv)"),
    );
    let mut text = fs::read_to_string(dir.join("coupling.csv")).unwrap();
    text.push_str(&waiting);
    fs::write(dir.join("coupling.csv"), text).unwrap();
    let next = proposals(&suggest(&dir, &["--json"]));
    assert_ne!(first, next, "{waiting}");
}

#[test]
fn before_anything_is_done_there_is_a_first_look() {
    let dir = example("suggest-first");
    let done = run(&dir, &["suggest", "coupling.toml", "--count", "8"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let text = fs::read_to_string(dir.join("coupling-next.csv")).unwrap();
    assert_eq!(text.lines().count(), 9, "{text}");
    assert!(text.lines().skip(1).all(|line| line.contains("first look: spread evenly")), "{text}");
}

#[test]
fn slips_in_the_table_are_shown_at_their_cell() {
    for (name, from, to, said) in [
        ("option", ";sphos;", ";sphso;", "`sphso` is not an option of Ligand"),
        ("number", ";88;", ";88 °C;", "`88 °C` is not a number"),
        ("mixed", ";2,5;", ";2.5;", "decimal comma"),
        ("far", ";88;", ";9,91e37;", "`9,91e37` is far outside the range 60 to 110"),
        ("column", "Yield (%)", "Yeld (%)", "no column `Yield (%)` for the outcome"),
        ("outcome", ";failed;", ";bad;", "`bad` is not a number"),
    ] {
        let dir = example(&format!("suggest-{name}"));
        change(&dir, "coupling.csv", from, to);
        let done = suggest(&dir, &[]);
        assert_eq!(done.code, Some(2), "{name}: {}{}", done.stdout, done.stderr);
        assert!(done.stderr.contains(said), "{name}: {}", done.stderr);
        assert!(!dir.join("coupling-next.csv").exists(), "{name}");
    }
}

#[test]
fn a_scenario_without_a_rig_is_run_by_a_program_and_by_nothing_else() {
    let dir = example("suggest-outside");
    let check = run(&dir, &["check", "coupling.toml"]);
    assert_eq!(check.code, Some(0), "{}", check.stderr);
    for command in [&["run", "coupling.toml"][..], &["lab", "coupling.toml"]] {
        let done = run(&dir, command);
        assert_eq!(done.code, Some(2), "{command:?}: {}", done.stderr);
        assert!(done.stderr.contains("coupling has no rig"), "{}", done.stderr);
    }
    let space = r#"{"space":{"protocol":1,"scenario":"coupling","seed":1,"inputs":[
        {"name":"Ligand","low":0,"high":2,"options":["XPhos","SPhos","dppf"]},
        {"name":"Temperature (°C)","low":60,"high":110,"resolution":1},
        {"name":"Residence time (min)","low":1,"high":10,"resolution":0.1,"logarithmic":true},
        {"name":"Base (equiv)","low":1,"high":3,"levels":[1,1.5,2,3]}],
        "objective":{"feature":"Yield (%)","goal":"maximize"}}}"#;
    let space: String = space.lines().map(str::trim).collect();
    let script = format!(
        "echo '{space}'\nn=0\nwhile true; do\n  echo '{{\"next\":{{\"experiment\":1,\"left\":{{}}}}}}'\n  read -r line || exit 0\n  \
         echo \"$line\" >> heard\n  case $line in '{{\"done\"'*) exit 0 ;; esac\n  n=$((n+1))\n  \
         echo '{{\"observation\":{{\"features\":{{\"Yield (%)\":'$((40 + n))',\"Palladium (ppm)\":'$((200 + n))',\"Impurity (%)\":2}}}}}}'\ndone\n"
    );
    fs::write(dir.join("lab.sh"), script).unwrap();
    change(&dir, "coupling.toml", "experiments = 32", "experiments = 2");
    let done = run(&dir, &["run", "coupling.toml", "--lab-command", "sh lab.sh", "--out", "out"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let heard = fs::read_to_string(dir.join("heard")).unwrap();
    assert!(
        heard.contains("\"Ligand\":\"XPhos\"") && heard.contains("\"Ligand\":\"dppf\""),
        "{heard}"
    );
    let table = fs::read_to_string(dir.join("out/observations.csv")).unwrap();
    assert!(table.contains(",SPhos,"), "{table}");
    let page = fs::read_to_string(dir.join("out/report.html")).unwrap();
    assert!(page.contains("dppf"));
    let summary: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("out/summary.json")).unwrap()).unwrap();
    assert!(summary["front"][0]["conditions"]["Ligand"].is_string(), "{summary}");
}

#[test]
fn without_phases_and_twin_auto_decides_and_opens_with_a_first_look() {
    let dir = example("suggest-auto");
    let path = dir.join("coupling.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (kept, _) = text.split_once("[twin]").unwrap();
    fs::write(&path, kept).unwrap();
    let done = suggest(&dir, &["--count", "3", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let object: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(object["policy"], "auto");
    assert_eq!(object["experiments"].as_array().unwrap().len(), 3);
    let done = run(&dir, &["suggest", "coupling.toml", "--count", "7", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let object: Value = serde_json::from_str(&done.stdout).unwrap();
    let experiments = object["experiments"].as_array().unwrap();
    let why = |e: &Value| e["why"].as_str().unwrap().starts_with("first look: spread evenly");
    assert!(experiments.len() == 7 && experiments.iter().all(why), "{object:#}");
}

/// Shares that sum to one: designs put all of them on the same corner.
#[test]
fn mixtures_are_spread_over_all_that_sum_to_one() {
    let dir = folder("suggest-mixture");
    let text = r#"
        schema = 1
        name = "blend"
        title = "Three solvents"
        seed = 1
        [objective]
        feature = "y"
        goal = "maximize"
        [space.inputs]
        a = { low = 0.0, high = 1.0, resolution = 0.05 }
        b = { low = 0.0, high = 1.0, resolution = 0.05 }
        c = { low = 0.0, high = 1.0, resolution = 0.05 }
        [space.constraints.formulas]
        shares = { formula = "a + b + c", at_least = 1.0, at_most = 1.0 }
    "#;
    fs::write(dir.join("blend.toml"), text).unwrap();
    let check = run(&dir, &["check", "blend.toml"]);
    assert!(check.stdout.contains("shares is held at 1 by every proposal"), "{}", check.stdout);
    let done = run(&dir, &["suggest", "blend.toml", "--count", "8"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let text = fs::read_to_string(dir.join("blend-next.csv")).unwrap();
    let shares = |line: &str| -> Vec<i64> {
        let cells = line.split(',').take(3);
        cells.map(|cell| (cell.parse::<f64>().unwrap() * 20.0).round() as i64).collect()
    };
    let mut all: Vec<Vec<i64>> = text.lines().skip(1).map(shares).collect();
    assert!(all.iter().all(|shares| shares.iter().sum::<i64>() == 20), "{text}");
    all.sort();
    all.dedup();
    assert!(all.len() >= 7, "{text}");
}
