//! A shadow says what has moved, changes no byte of the run beside which it looks, and stops it where it is asked to.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use flowtwin_campaign::folder::{JOURNAL, read_journal};
use serde_json::Value;

use crate::support::{Done, done, flowtwin, folder, run, scenario};

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

/// Runs the command with these lines on its standard input.
fn typed(dir: &Path, args: &[&str], lines: &str) -> Done {
    let mut command = flowtwin(dir);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    done(child.wait_with_output().unwrap())
}

#[test]
fn without_an_alarm_no_byte_depends_on_what_an_alarm_would_do() {
    let dir = folder("shadow-quiet");
    scenario(&dir, "rig", "dye-mixing.toml", BODY);
    assert_eq!(run(&dir, &["run", "rig.toml", "--out", "alone"]).code, Some(0));
    let journal = |run: &str| fs::read(dir.join(run).join(JOURNAL)).unwrap();
    for on_drift in ["flag", "recalibrate", "pause", "stop"] {
        let args = ["run", "rig.toml", "--shadow", "rig.toml", "--on-drift", on_drift];
        let done = run(&dir, &[&args[..], &["--out", on_drift]].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert!(journal(on_drift) == journal("alone"), "{on_drift} changes the journal");
    }
}

#[test]
fn an_alarm_holds_the_run_back_until_somebody_decides() {
    let dir = folder("shadow-pause");
    scenario(&dir, "rig", "dye-mixing.toml", BODY);
    scenario(&dir, "weak", "dye-mixing.toml", &format!("{WEAK}{BODY}"));
    let args = ["run", "weak.toml", "--shadow", "rig.toml", "--on-drift", "pause", "--out", "weak"];
    // Nobody is there: the run stops at the alarm, and asks again when it goes on.
    let stopped = typed(&dir, &args, "");
    assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("The rig is not as it was"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("nothing runs before you decide"), "{}", stopped.stderr);
    let recorded = || read_journal(&dir.join("weak")).unwrap();
    let (before, number) = (recorded(), recorded().experiments().count());
    assert!(number < 14 && before.decided().next().is_none());
    let on = typed(&dir, &[&args[..], &["--resume"]].concat(), "s\na\na\na\n");
    assert_eq!(on.code, Some(0), "{}", on.stderr);
    let whole = recorded();
    let words: Vec<&str> = whole.decided().map(|decided| decided.decision.word()).collect();
    assert_eq!(words[..2], ["skipped", "accepted"], "asked again after a skip");
    let about: Vec<u64> = whole.decided().map(|decided| decided.experiment).collect();
    assert_eq!(about[..2], [number as u64 + 1; 2]);
    let text = fs::read_to_string(dir.join("weak/shadow.json")).unwrap();
    let account: Value = serde_json::from_str(&text).unwrap();
    let alarms = account["alarms"].as_array().unwrap().iter();
    let followed = alarms.filter(|alarm| alarm["experiment"].as_u64() < Some(14)).count();
    assert_eq!(about.len(), 1 + followed, "once for each that an experiment follows");
    // A run that was killed behind the decisions goes on to the same bytes, and asks nobody.
    let cut = whole.experiments().count() - 2;
    let bytes = fs::read(dir.join("weak").join(JOURNAL)).unwrap();
    let at = |n: usize| {
        let mark = format!("\"experiment\":{{\"experiment\":{n},");
        let text = String::from_utf8(bytes.clone()).unwrap();
        let place = text.find(&mark).unwrap_or_else(|| panic!("no {mark}"));
        place + text[place..].find('\n').unwrap() + 1
    };
    fs::create_dir(dir.join("killed")).unwrap();
    fs::write(dir.join("killed").join(JOURNAL), &bytes[..at(cut)]).unwrap();
    let args = [&args[..7], &["killed", "--resume"]].concat();
    let resumed = typed(&dir, &args, "");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(fs::read(dir.join("killed").join(JOURNAL)).unwrap() == bytes);
}

#[test]
fn an_alarm_calibrates_the_shadow_anew_and_that_is_in_the_journal() {
    let dir = folder("shadow-anew");
    scenario(&dir, "rig", "dye-mixing.toml", BODY);
    scenario(&dir, "weak", "dye-mixing.toml", &format!("{WEAK}{BODY}"));
    let args = ["run", "weak.toml", "--shadow", "rig.toml", "--on-drift", "recalibrate"];
    let done = run(&dir, &[&args[..], &["--out", "weak"]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("the shadow was calibrated anew"), "{}", done.stderr);
    let journal = read_journal(&dir.join("weak")).unwrap();
    let recorded: Vec<_> = journal.recalibrated().collect();
    let text = fs::read_to_string(dir.join("weak/shadow.json")).unwrap();
    let account: Value = serde_json::from_str(&text).unwrap();
    let told = account["recalibrations"].as_array().unwrap();
    assert_eq!(recorded.len(), told.len());
    assert_eq!(told[0]["experiment"], recorded[0].experiment);
    assert_eq!(told[0]["values"][0]["key"], recorded[0].values[0].0.as_str());
    assert_eq!(told[0]["values"][0]["after"], recorded[0].values[0].1);
    let report = fs::read_to_string(dir.join("weak/report.html")).unwrap();
    assert!(report.contains("the shadow was calibrated anew"));
    // The lab does what it would have done, and the run goes on to the same bytes from wherever it was cut.
    let bytes = fs::read(dir.join("weak").join(JOURNAL)).unwrap();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    for cut in [lines.len() / 3, 2 * lines.len() / 3] {
        let folder = dir.join(format!("cut-{cut}"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(JOURNAL), lines[..cut].concat()).unwrap();
        let out = folder.display().to_string();
        let on = run(&dir, &[&args[..], &["--out", &out, "--resume"]].concat());
        assert_eq!(on.code, Some(0), "{}", on.stderr);
        assert!(fs::read(folder.join(JOURNAL)).unwrap() == bytes, "cut at {cut}");
    }
    // A repeated simulation is the same bit for bit.
    let replayed = run(&dir, &["replay", "weak", "--out", "again"]);
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
}
