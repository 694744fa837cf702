//! A shadow says what has moved, changes no byte of the run beside which it looks, and stops it where it is asked to.

use std::fs;

use flowtwin_campaign::folder::JOURNAL;
use serde_json::Value;

use crate::support::{folder, run, scenario};

const BODY: &str = "[[phases]]\nname = \"survey\"\npolicy = \"lhs\"\nexperiments = 14\n";
const WEAK: &str = "[stocks]\namaranth = { concentrations_mm = { am = 0.13 } }\n";

#[test]
fn a_shadow_changes_no_byte_and_says_what_has_moved() {
    let dir = folder("shadow");
    scenario(&dir, "rig", "dye-mixing.toml", BODY);
    scenario(&dir, "weak", "dye-mixing.toml", &format!("{WEAK}{BODY}"));
    assert_eq!(run(&dir, &["run", "rig.toml", "--out", "alone"]).code, Some(0));
    let beside = run(&dir, &["run", "rig.toml", "--out", "beside", "--shadow", "rig.toml"]);
    assert_eq!(beside.code, Some(0), "{}", beside.stderr);
    assert!(beside.stderr.contains("nothing has moved"), "{}", beside.stderr);
    let journal = |run: &str| fs::read(dir.join(run).join(JOURNAL)).unwrap();
    assert_eq!(journal("alone"), journal("beside"));
    // The same afterwards, from the journal alone.
    let kept = fs::read_to_string(dir.join("beside/shadow.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    let later = run(&dir, &["shadow", "rig.toml", "beside", "--out", "later.csv", "--json"]);
    let later: Value = serde_json::from_str(&later.stdout).unwrap();
    assert_eq!(later[0]["features"], kept["features"]);
    let table = fs::read_to_string(dir.join("beside/shadow.csv")).unwrap();
    assert_eq!(fs::read_to_string(dir.join("later.csv")).unwrap(), table);
    // The rig has a weaker stock than the scenario that it is held against.
    let moved = run(&dir, &["run", "weak.toml", "--out", "weak", "--shadow", "rig.toml"]);
    assert_eq!(moved.code, Some(0), "{}", moved.stderr);
    assert!(moved.stderr.contains("the rig is not as it was"), "{}", moved.stderr);
    let told = run(&dir, &["shadow", "rig.toml", "weak"]).stdout;
    assert!(told.contains("stock amaranth is"), "{told}");
    assert!(told.contains("% weaker"), "{told}");
    assert!(told.lines().all(|line| !line.contains("NaN")), "{told}");
}

#[test]
fn an_alarm_stops_the_run_where_it_is_asked_to_and_a_resumed_one_goes_on() {
    let dir = folder("shadow-stop");
    scenario(&dir, "rig", "dye-mixing.toml", BODY);
    scenario(&dir, "weak", "dye-mixing.toml", &format!("{WEAK}{BODY}"));
    let args = ["run", "weak.toml", "--shadow", "rig.toml", "--on-drift", "stop", "--out", "weak"];
    let stopped = run(&dir, &args);
    assert_eq!(stopped.code, Some(3), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("the rig is not as it was"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("--resume"), "{}", stopped.stderr);
    let account = |_: ()| -> Value {
        let text = fs::read_to_string(dir.join("weak/shadow.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let before = account(());
    assert!(before["experiments"].as_u64().unwrap() < 14, "{before}");
    // Without it the run goes on as it would have, and the report says how far the shadow has seen.
    let report = || fs::read_to_string(dir.join("weak/report.html")).unwrap();
    let unseen = "at the end of the run ended without it";
    assert!(report().contains("something has moved") && !report().contains(unseen));
    let alone = run(&dir, &["run", "weak.toml", "--out", "weak", "--resume"]);
    assert_eq!(alone.code, Some(0), "{}", alone.stderr);
    assert!(report().contains(unseen));
    let on = run(&dir, &[&args[..], &["--resume"]].concat());
    assert!(!report().contains(unseen));
    let after = account(());
    // What it was stopped for is known; only something else would stop it again.
    assert_eq!(after["alarms"][0], before["alarms"][0]);
    assert!(after["experiments"].as_u64() > before["experiments"].as_u64(), "{}", on.stderr);
}

#[test]
fn a_shadow_of_another_rig_is_refused_before_anything_begins() {
    let dir = folder("shadow-other");
    scenario(&dir, "rig", "dye-mixing.toml", BODY);
    scenario(&dir, "other", "snar.toml", "");
    let refused = run(&dir, &["run", "rig.toml", "--shadow", "other.toml", "--out", "run"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("other inputs or features"), "{}", refused.stderr);
    assert!(!dir.join("run").exists());
    let alone = run(&dir, &["run", "rig.toml", "--on-drift", "stop"]);
    assert_eq!(alone.code, Some(2), "{}", alone.stderr);
}
