//! Twins learnt from data: what they say is true, repeatable, and refuses to be about something
//! else.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Done, folder, root, run, scenario};

/// A table of `rows` experiments in which `a` and `b` make the yield, `c` does nothing and the rest
/// are no inputs.
fn table(rows: usize) -> String {
    let mut text = String::from("id,a_c,b_s,c,solvent,fixed,yield [%]\n");
    for k in 0..rows {
        // Three irrational steps spread the points evenly, with no two alike.
        let [a, b, c] = [0.618_034, 0.414_214, 0.302_776].map(|step| (k as f64 * step).fract());
        let noise = 0.3 * ((k * 37 % 11) as f64 / 5.0 - 1.0);
        let measured = 20.0 + 30.0 * a - 25.0 * (b - 0.5) * (b - 0.5) + 20.0 * a * b + noise;
        let (a, b) = (20.0 + 80.0 * a, 60.0 * b);
        writeln!(text, "{k},{a},{b},{c},DMF,5,{measured}").expect("text takes text");
    }
    text
}

/// A folder with that table in `data.csv`.
fn with_table(name: &str) -> std::path::PathBuf {
    let dir = folder(name);
    fs::write(dir.join("data.csv"), table(40)).expect("a table can be written");
    dir
}

fn ok(dir: &Path, args: &[&str]) -> Done {
    let done = run(dir, args);
    assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
    done
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).expect("stdout is JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

const EVALUATE: [&str; 12] = [
    "twin",
    "evaluate",
    "data.csv",
    "--target",
    "yield",
    "--surrogate",
    "gp,stack",
    "--folds",
    "5",
    "--repeats",
    "2",
    "--json",
];

#[test]
fn an_evaluation_says_how_well_each_surrogate_predicts_what_it_has_not_seen() {
    let dir = with_table("twin-evaluate");
    let done = ok(&dir, &[&EVALUATE[..], &["--out", "out"]].concat());
    let value = json(&done);
    assert_eq!((number(&value["folds"]), number(&value["repeats"])), (5.0, 2.0));
    let names: Vec<&Value> = value["surrogates"].as_array().expect("a list").iter().collect();
    assert_eq!(names.len(), 2);
    for surrogate in names {
        assert!(number(&surrogate["r2"]) > 0.9, "{surrogate}");
        for score in ["r2", "pearson_r2", "rmse", "nll", "coverage_95"] {
            let interval = &surrogate[format!("{score}_interval")];
            let (low, high) = (number(&interval[0]), number(&interval[1]));
            assert!((low..=high).contains(&number(&surrogate[score])), "{score}: {surrogate}");
        }
    }
    assert!(done.stderr.contains("`solvent` is not an input: it holds words"), "{}", done.stderr);
    for file in ["scores.csv", "predictions.csv", "evaluation.html"] {
        assert!(dir.join("out").join(file).exists(), "{file} is missing");
    }
}

#[test]
fn threads_change_no_byte_of_an_evaluation() {
    let dir = with_table("twin-threads");
    let with = |jobs| ok(&dir, &[&EVALUATE[..], &["--jobs", jobs]].concat()).stdout;
    assert_eq!(with("1"), with("2"));
}

#[test]
fn an_explanation_finds_what_made_the_data() {
    let dir = with_table("twin-explain");
    let args = ["twin", "explain", "data.csv", "--target", "yield [%]", "--surrogate", "gp"];
    let value = json(&ok(&dir, &[&args[..], &["--json", "--out", "out"]].concat()));
    let order: Vec<&str> = value["importance"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["input"].as_str().expect("a name"))
        .collect();
    assert_eq!(order, ["a_c", "b_s", "c"], "the input that does nothing comes last");
    assert_eq!(value["interactions"][0]["inputs"], serde_json::json!(["a_c", "b_s"]));
    let base = number(&value["base"]);
    for row in value["shapley"].as_array().expect("a list") {
        let shares: f64 = row["values"].as_array().expect("a list").iter().map(number).sum();
        assert!((base + shares - number(&row["predicted"])).abs() < 1e-9, "{row}");
    }
    let page = fs::read_to_string(dir.join("out/explanation.html")).expect("the page is there");
    assert!(page.contains("</html>") && !page.contains("http-equiv"));
    assert!(!page.contains("src=\"http"), "a page stands on its own");
}

#[test]
fn a_model_is_rehearsed_with_the_same_luck_for_the_same_seed() {
    let dir = with_table("twin-rehearse");
    let fit = ["twin", "fit", "data.csv", "--target", "yield", "--surrogate", "gp"];
    ok(&dir, &[&fit[..], &["--out", "one.json"]].concat());
    ok(&dir, &[&fit[..], &["--out", "two.json"]].concat());
    let read = |name: &str| fs::read(dir.join(name)).expect("the model is there");
    assert_eq!(read("one.json"), read("two.json"), "a fit is a function of data and seed");
    let rehearse = |seed| {
        let args = ["twin", "rehearse", "one.json", "--experiments", "9", "--json", "--seed"];
        ok(&dir, &[&args[..], &[seed]].concat()).stdout
    };
    assert_eq!(rehearse("4"), rehearse("4"));
    assert_ne!(rehearse("4"), rehearse("5"));
}

/// Bad input is refused with exit code 2, and says what is wrong and where.
#[test]
fn a_table_that_cannot_be_learnt_from_is_refused_at_its_place() {
    let dir = with_table("twin-bad-input");
    let write = |name: &str, text: &str| fs::write(dir.join(name), text).expect("written");
    write("slip.csv", "a,b,y\n1,2,3\n2,3x,4\n5,6,7\n");
    write("short.csv", "a,b,y\n1,2,3\n2,3\n");
    write("flat.csv", "a,y\n1,2\n3,2\n");
    write("tiny.csv", "a,y\n1,1e-300\n2,3e-300\n3,2e-300\n");
    write("comma.csv", "a;y\n1,5;2\n2,5;3\n");
    write("model.json", "{\"schema\": 1}");
    let fit = |file: &str, target: &str| run(&dir, &["twin", "fit", file, "--target", target]);
    let cases = [
        (fit("slip.csv", "y"), "`3x` in column `b` is not a number\n --> slip.csv:3:3"),
        (fit("short.csv", "y"), "short.csv:3:3"),
        (fit("flat.csv", "y"), "every value of `y` is 2"),
        (fit("tiny.csv", "y"), "of which no square can be computed"),
        (
            run(&dir, &["twin", "fit", "comma.csv", "--target", "y", "--inputs", "a"]),
            "write decimals with a point: 1.5",
        ),
        (fit("data.csv", "yeild"), "has no column `yeild` for the target"),
        (fit("nothing.csv", "y"), "cannot read nothing.csv"),
        (run(&dir, &["twin", "rehearse", "model.json"]), "model.json is not a model"),
    ];
    for (done, words) in cases {
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        assert!(done.stderr.contains(words), "{words:?} is not in {:?}", done.stderr);
        assert_eq!(done.stdout, "");
    }
}

const PHASES: &str = "[[phases]]\nname = \"explore\"\npolicy = \"lhs\"\nexperiments = 8\n";

#[test]
fn a_campaign_is_rehearsed_on_what_another_has_taught() {
    let dir = folder("twin-backend");
    scenario(&dir, "taught", "noise-free.toml", PHASES);
    ok(&dir, &["run", "taught.toml", "--out", "first"]);
    ok(&dir, &["twin", "fit", "first", "--target", "pli", "--surrogate", "gp", "--out", "model"]);
    let guided = "[[phases]]\nname = \"exploit\"\npolicy = \"ei\"\nexperiments = 4\n";
    scenario(&dir, "rehearsed", "noise-free.toml", guided);
    let args = ["run", "rehearsed.toml", "--backend", "twin", "--model", "model"];
    let rehearse = |out| ok(&dir, &[&args[..], &["--prior", "first", "--out", out]].concat());
    rehearse("once");
    rehearse("again");
    let journal = |out: &str| fs::read(dir.join(out).join("journal.jsonl")).expect("a journal");
    assert_eq!(journal("once"), journal("again"));
    let summary = fs::read_to_string(dir.join("once/summary.json")).expect("a summary");
    assert!(summary.contains("\"backend\": \"twin\""), "{summary}");
    let text = String::from_utf8(journal("once")).expect("text");
    assert!(text.contains("\"prior\""), "what was learnt before is in the journal");
    let other = run(&dir, &["run", "rehearsed.toml", "--backend", "twin"]);
    assert_eq!(other.code, Some(2), "a twin needs a model: {}", other.stderr);
}

#[test]
fn what_others_measured_is_predicted() {
    let sets = [("autoam.csv", "score"), ("fullerenes_flow.csv", "product")];
    for (file, target) in sets {
        let path = root().join("../shared/data").join(file);
        if !path.exists() {
            eprintln!("skipped: {} is not there", path.display());
            continue;
        }
        let path = path.display().to_string();
        let args = ["twin", "evaluate", &path, "--target", target, "--surrogate", "gp"];
        let value =
            json(&ok(root(), &[&args[..], &["--folds", "5", "--repeats", "1", "--json"]].concat()));
        assert!(number(&value["surrogates"][0]["r2"]) > 0.85, "{file}: {value}");
    }
}
