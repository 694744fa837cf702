//! Campaigns after several things, after a target, and within limits.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{folder, root, run, scenario};

fn file(name: &str) -> String {
    root().join("scenarios").join(name).display().to_string()
}

fn ran(dir: &Path, args: &[&str]) -> String {
    let done = run(dir, args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    done.stdout
}

fn json(path: PathBuf) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The value of an outcome of one of the best compromises.
fn value(compromise: &Value, feature: &str) -> f64 {
    compromise["values"][feature].as_f64().unwrap()
}

#[test]
fn a_campaign_after_two_things_yields_a_front() {
    let dir = folder("goals-front");
    let text = ran(&dir, &["run", &file("trade-off.toml"), "--out", "out"]);
    assert!(text.contains("best compromises between blue and red"), "{text}");
    let summary = json(dir.join("out/summary.json"));
    assert_eq!(summary["objectives"][1]["feature"], "red");
    assert_eq!((&summary["best"], &summary["objective"]), (&Value::Null, &Value::Null));
    assert_eq!(summary["reference"], serde_json::json!([0.0, 0.0]));
    let front = summary["front"].as_array().unwrap();
    assert!(front.len() > 1, "{front:?}");
    // By falling blue and so by rising red; what they cover is the sum of the steps.
    let mut below = 0.0;
    let covered = front.iter().fold(0.0, |sum, compromise| {
        let (blue, red) = (value(compromise, "blue"), value(compromise, "red"));
        assert!(red > below && red >= 0.1, "{front:?}");
        let step = blue * (red - below);
        below = red;
        sum + step
    });
    let volume = summary["hypervolume"].as_f64().unwrap();
    assert!((covered - volume).abs() < 1e-9 * volume, "{covered} {volume}");
    let page = fs::read_to_string(dir.join("out/report.html")).unwrap();
    for part in ["The best compromises", "Hypervolume", "red against blue", "Shaded: not at least"]
    {
        assert!(page.contains(part), "{part} is not in the report");
    }
}

#[test]
fn such_a_campaign_goes_on_to_the_byte_and_replays_on_every_backend() {
    let dir = folder("goals-resume");
    let trade_off = file("trade-off.toml");
    ran(&dir, &["run", &trade_off, "--out", "whole"]);
    ran(&dir, &["run", &trade_off, "--out", "emulated", "--backend", "emulated"]);
    let whole = fs::read(dir.join("whole/journal.jsonl")).unwrap();
    assert!(fs::read(dir.join("emulated/journal.jsonl")).unwrap() == whole);
    for share in [0.3, 0.8] {
        let cut = dir.join(format!("cut-{share}"));
        fs::create_dir(&cut).unwrap();
        let kept = (share * whole.len() as f64) as usize;
        fs::write(cut.join("journal.jsonl"), &whole[..kept]).unwrap();
        ran(&dir, &["run", &trade_off, "--out", cut.to_str().unwrap(), "--resume"]);
        assert!(fs::read(cut.join("journal.jsonl")).unwrap() == whole, "cut at {share}");
    }
    assert!(ran(&dir, &["replay", "whole"]).contains("identical"));
}

#[test]
fn a_lab_and_a_policy_outside_are_told_what_is_wanted() {
    let dir = folder("goals-outside");
    let trade_off = file("trade-off.toml");
    let lab = format!("'{}' lab '{trade_off}' --seed 3", env!("CARGO_BIN_EXE_flowtwin"));
    ran(&dir, &["run", &trade_off, "--out", "direct"]);
    ran(&dir, &["run", &trade_off, "--out", "behind", "--lab-command", &lab]);
    let front = |run: &str| json(dir.join(run).join("summary.json"))["front"].clone();
    assert_eq!(front("direct"), front("behind"));
    let heard = "while read -r line; do\n  echo \"$line\" >> heard\n  case $line in\n    '{\"next\"'*) echo \
                 '{\"experiment\":{\"conditions\":{\"blue_ul_per_min\":200,\"red_ul_per_min\":100}}}' ;;\n    \
                 '{\"done\"'*) exit 0 ;;\n  esac\ndone\n";
    fs::write(dir.join("policy.sh"), heard).unwrap();
    ran(&dir, &["run", &trade_off, "--out", "policy", "--policy-command", "sh policy.sh"]);
    let heard = fs::read_to_string(dir.join("heard")).unwrap();
    let lines: Vec<Value> = heard.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["space"]["objectives"][1]["feature"], "red");
    assert_eq!(lines[0]["space"]["limits"][0]["at_least"], 0.1);
    let told = lines.iter().filter(|line| line["observation"]["features"]["red"].is_f64());
    assert!(told.count() >= 6, "{heard}");
    assert!(!heard.contains("the experiment failed"), "{heard}");
}

#[test]
fn the_best_for_a_target_is_the_nearest_that_keeps_the_limits() {
    let dir = folder("goals-target");
    ran(&dir, &["run", &file("colour-target.toml"), "--out", "out"]);
    let summary = json(dir.join("out/summary.json"));
    let table = fs::read_to_string(dir.join("out/observations.csv")).unwrap();
    let header: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|cell| cell.starts_with(name)).unwrap();
    let (blue, red) = (column("blue_au"), column("red_au"));
    let off = table.lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let (blue, red): (f64, f64) = (cells[blue].parse().ok()?, cells[red].parse().ok()?);
        (red <= 0.18).then_some((blue - 0.4).abs())
    });
    let nearest = off.fold(f64::INFINITY, f64::min);
    let best = summary["best"]["value"].as_f64().unwrap();
    assert!(((best - 0.4).abs() - nearest).abs() < 1e-9, "{best} is not {nearest} away");
    assert_eq!(summary["objectives"][0]["goal"]["target"], 0.4);
    assert_eq!(summary["limits"][0]["feature"], "red");
    let page = fs::read_to_string(dir.join("out/report.html")).unwrap();
    assert!(page.contains("Distance of blue from its target"));
}

#[test]
fn a_list_of_the_scenario_below_is_taken_away_by_false() {
    let dir = folder("goals-taken-away");
    let body =
        "objectives = false\nlimits = false\n[objective]\nfeature = \"red\"\ngoal = \"minimize\"\n";
    let one = scenario(&dir, "one", "trade-off.toml", body);
    ran(&dir, &["run", &one.display().to_string(), "--out", "one"]);
    let summary = json(dir.join("one/summary.json"));
    assert_eq!(summary["objective"]["feature"], "red", "{summary}");
    assert_eq!((&summary["objectives"], &summary["limits"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_makes_no_sense_is_refused_at_its_place() {
    let dir = folder("goals-refused");
    let twice = "[[objectives]]\nfeature = \"blue\"\n\n[[objectives]]\nfeature = \"red\"\n";
    let alone = "objective = false\n";
    for (name, body, said) in [
        ("both", twice.to_owned(), "[objective] and [[objectives]] both say"),
        ("none", alone.to_owned(), "missing key `objective`"),
        ("same", format!("{alone}{}", twice.replace("red", "blue")), "two objectives are of blue"),
        ("unknown", format!("{alone}{}", twice.replace("red", "rad")), "no feature `rad`"),
        ("open", "[[limits]]\nfeature = \"hue_nm\"\n".into(), "neither at_least nor at_most"),
        (
            "crossed",
            "[[limits]]\nfeature = \"hue_nm\"\nat_least = 600.0\nat_most = 500.0\n".into(),
            "at_least must be below at_most",
        ),
        (
            "worst",
            "[objective]\nfeature = \"red\"\nworst = 1.0\n".into(),
            "worst = 1 means nothing where there is one objective",
        ),
        (
            "stop",
            format!(
                "{alone}{twice}[[phases]]\nname = \"a\"\npolicy = \"random\"\nexperiments = 2\n\
                 stop = {{ target = 1.0 }}\n"
            ),
            "target is about one objective",
        ),
    ] {
        let path = scenario(&dir, name, "dye-mixing.toml", &body);
        let done = run(&dir, &["check", path.to_str().unwrap()]);
        assert_eq!(done.code, Some(2), "{name}: {}{}", done.stdout, done.stderr);
        let text = done.stdout + &done.stderr;
        assert!(text.contains(said) && text.contains(&format!("{name}.toml")), "{name}: {text}");
    }
}

/// The dyes with a feature that a formula computes.
fn computed(dir: &Path, name: &str, formula: &str) -> PathBuf {
    let read = |name: &str, nm: f64| {
        format!(
            "[[analysis.features]]\nname = \"{name}\"\nchannel = \"colour\"\nmeasure = {{ value_at = {{ nm = {nm:?}, width_nm = 6.0 }} }}\n\n"
        )
    };
    let body = format!(
        "objective.feature = \"{name}\"\nobjective.goal = \"maximize\"\n\n{}{}[[analysis.features]]\nname = \"{name}\"\nformula = \"{formula}\"\n",
        read("blue", 664.0),
        read("red", 520.0)
    );
    scenario(dir, "computed", "dye-mixing.toml", &body)
}

#[test]
fn a_feature_may_be_a_formula_of_what_else_is_known() {
    let dir = folder("goals-formula");
    let formula = "(blue - red) / (methylene_blue_ml * residence_time_s)";
    let path = computed(&dir, "blue_per_ml_h", formula).display().to_string();
    ran(&dir, &["run", &path, "--out", "out"]);
    ran(&dir, &["run", &path, "--out", "emulated", "--backend", "emulated"]);
    let journal = |run: &str| fs::read(dir.join(run).join("journal.jsonl")).unwrap();
    assert!(journal("out") == journal("emulated"));
    let header = String::from_utf8(journal("out")).unwrap();
    assert!(header.lines().next().unwrap().contains("[\"blue_per_ml_h\",\"1/(mL·h)\"]"));
    let csv = fs::read_to_string(dir.join("out/observations.csv")).unwrap();
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 10);
    for row in rows {
        let number = |name: &str| -> f64 {
            let place = header.iter().position(|column| *column == name);
            let place = place.unwrap_or_else(|| panic!("{name}: {header:?}"));
            row[place].parse().unwrap()
        };
        let hours = number("residence_time_s") / 3600.0;
        let expected =
            (number("blue_au") - number("red_au")) / (number("consumed_methylene_blue_ml") * hours);
        let computed = number("blue_per_ml_h");
        assert!(
            (computed - expected).abs() < 1e-3 * expected.abs().max(0.1),
            "{computed} {expected}"
        );
    }
}

#[test]
fn a_formula_that_cannot_be_computed_is_refused_with_its_place() {
    let dir = folder("goals-formula-slips");
    for (name, formula, said) in [
        ("blue_per_ml", "blue / methylene_blu_ml", "did you mean `methylene_blue_ml`?"),
        ("blue_per_ml", "2 * blue", "this is a plain number"),
        ("blue_per_ml", "blue / blue_per_ml", "there is no `blue_per_ml` here"),
        ("blue_per_ml", "blue / (methylene_blue_ml", "computed.toml"),
    ] {
        let path = computed(&dir, name, formula).display().to_string();
        let done = run(&dir, &["check", &path]);
        assert_eq!(done.code, Some(2), "{formula}: {}", done.stderr);
        assert!(done.stderr.contains(said), "{formula}: {}", done.stderr);
        assert!(done.stderr.contains("computed.toml:"), "{formula}: {}", done.stderr);
    }
}

/// Before, both were refused where a campaign is after several things.
#[test]
fn twins_and_earlier_experiments_tell_of_every_outcome() {
    let dir = folder("goals-twins");
    let text = "schema = 1\nname = \"two\"\ntitle = \"Two\"\nseed = 2\n\
         [space.inputs.t_c]\nlow = 20.0\nhigh = 100.0\n[space.inputs.eq]\nlow = 1.0\nhigh = 3.0\n\
         [[objectives]]\nfeature = \"yield\"\ngoal = \"maximize\"\n\
         [[objectives]]\nfeature = \"cost\"\ngoal = \"minimize\"\n\
         [[phases]]\nname = \"all\"\npolicy = \"ei\"\nexperiments = 5\n[twin]\nsurrogate = \"gp\"\n";
    std::fs::write(dir.join("two.toml"), text).unwrap();
    let mut table = "t_c,eq,yield,cost\n".to_owned();
    for i in 0..24_i32 {
        let (t, eq) = (20.0 + f64::from(i * 7 % 24) * 80.0 / 23.0, 1.0 + f64::from(i) * 2.0 / 23.0);
        let (yields, cost) = (90.0 - (t - 70.0).abs() - 5.0 / eq, 3.0 * eq + 0.01 * t);
        table += &format!("{t},{eq},{yields},{cost}\n");
    }
    std::fs::write(dir.join("old.csv"), table).unwrap();
    for target in ["yield", "cost"] {
        let (inputs, out) = ("t_c,eq", format!("{target}.json"));
        let args = ["twin", "fit", "old.csv", "--target", target, "--inputs", inputs];
        ran(&dir, &[&args[..], &["--surrogate", "gp", "--out", &out]].concat());
    }
    let twin = ["run", "two.toml", "--backend", "twin", "--model", "yield.json"];
    let missing = run(&dir, &twin);
    assert_eq!(missing.code, Some(2), "{}", missing.stderr);
    assert!(missing.stderr.contains("no model predicts `cost`"), "{}", missing.stderr);
    let both = [&twin[..], &["--model", "cost.json", "--out"]].concat();
    ran(&dir, &[&both[..], &["alone"]].concat());
    let told = run(&dir, &[&both[..], &["known", "--prior", "old.csv"]].concat());
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let journal = |out: &str| flowtwin_campaign::folder::read_journal(&dir.join(out)).unwrap();
    let known = journal("known");
    let both_measured =
        known.experiments().all(|e| e.features.iter().all(|(_, value)| value.is_some()));
    assert!(both_measured && known.experiments().count() == 5 && known.complete());
    let conditions = |out: &str| journal(out).experiments().map(|e| e.conditions.clone()).last();
    assert_ne!(conditions("known"), conditions("alone"));
    let cost = "24 experiments with `cost` read";
    assert!(told.stderr.contains(cost), "{}", told.stderr);
    let again = [&both[..], &["known", "--prior", "old.csv", "--resume"]].concat();
    ran(&dir, &again);
    assert!(journal("known").bytes() == known.bytes());
}
