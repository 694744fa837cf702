//! A rig that is driven by something else takes part through a folder.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use flowtwin_campaign::folder::read_journal;

use crate::support::{folder, run, scenario};

const BODY: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 3\n";
const WIRING: &str =
    "schema = 1\n[folder]\npath = \"handoff\"\nexpected_s = 0.0\npatience_s = 86400.0\n";
/// Plays the rig of one experiment: its PLI is ten times its temperature, unless it fails.
fn measure(handoff: &Path, number: usize, why_not: &str, ended: &AtomicBool) {
    let place = handoff.join(format!("{number:04}"));
    let asked = place.join("conditions.csv");
    while !asked.exists() {
        assert!(!ended.load(Ordering::SeqCst), "experiment {number} was never asked for");
        thread::sleep(Duration::from_millis(5));
    }
    let conditions = fs::read_to_string(asked).unwrap();
    let row = conditions.lines().find_map(|line| line.strip_prefix("temperature_c,")).unwrap();
    let pli = 10.0 * row.parse::<f64>().unwrap();
    fs::write(place.join("features.csv"), format!("name,value\npli,{pli}\n")).unwrap();
    fs::write(place.join("done"), why_not).unwrap();
}

#[test]
fn a_campaign_runs_on_a_rig_behind_a_folder() {
    let dir = folder("handoff");
    scenario(&dir, "three", "cs3cu2i5.toml", BODY);
    fs::write(dir.join("rig.toml"), WIRING).unwrap();
    let handoff = dir.join("handoff");
    let ended = Arc::new(AtomicBool::new(false));
    let over = ended.clone();
    let rig = thread::spawn(move || {
        measure(&handoff, 1, "", &over);
        measure(&handoff, 2, "the vial was empty", &over);
        measure(&handoff, 3, "", &over);
    });
    let args = ["run", "three.toml", "--backend", "hardware", "--wiring", "rig.toml", "--yes"];
    let done = run(&dir, &[&args[..], &["--out", "run"]].concat());
    ended.store(true, Ordering::SeqCst);
    rig.join().unwrap();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let journal = read_journal(&dir.join("run")).unwrap();
    assert!(!journal.header().simulated && journal.complete());
    let experiments: Vec<_> = journal.experiments().collect();
    assert_eq!(experiments.len(), 3);
    for experiment in &experiments {
        let pli = experiment.features.iter().find(|(name, _)| name == "pli").and_then(|f| f.1);
        let celsius = experiment.conditions.get("temperature_c").unwrap();
        let expected = experiment.fault.is_none().then_some(10.0 * celsius);
        assert_eq!(pli, expected, "experiment {}", experiment.experiment);
    }
    assert!(experiments[1].fault.as_ref().unwrap().to_string().contains("the vial was empty"));
    assert_eq!(run(&dir, &["check", "rig.toml", "--connect"]).code, Some(0));
}

#[test]
fn nothing_else_is_wired_beside_a_folder() {
    let dir = folder("handoff-beside");
    fs::write(dir.join("rig.toml"), format!("{WIRING}[chemyx.cui]\n")).unwrap();
    let done = run(&dir, &["check", "rig.toml"]);
    assert_eq!(done.code, Some(2));
    assert!(
        done.stderr.contains("cui is wired, but the rig is behind a folder"),
        "{}",
        done.stderr
    );
}
