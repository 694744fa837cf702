//! Whatever happens, the rig is left safe and the journal whole.

use std::process::{Command, Stdio};
use std::time::Duration;

use flowtwin::folder::read_journal;
use flowtwin_lab::journal::Record;
use flowtwin_lab::{Command as Act, FaultKind};

use crate::support::{done, flowtwin, folder, root, run};

#[test]
fn a_stall_stops_the_campaign_safe_and_it_can_go_on() {
    let dir = folder("stall");
    let file = root().join("scenarios/pump-stall.toml");
    let file = file.to_str().unwrap();
    let stopped = run(&dir, &["run", file, "--out", "run"]);
    assert_eq!(stopped.code, Some(3), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("stalled") && stopped.stderr.contains("--resume"));
    let journal = read_journal(&dir.join("run")).unwrap();
    let last = journal.experiments().last().expect("the failed experiment is recorded");
    assert_eq!(last.fault.as_ref().map(|fault| &fault.kind), Some(&FaultKind::Stalled));
    match journal.records().last() {
        Some(Record::Command(command)) => assert_eq!(command.send, Act::MakeSafe),
        other => panic!("the last record is {other:?}"),
    }
    let failed = last.experiment;
    let resumed = run(&dir, &["run", file, "--out", "run", "--resume"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    let journal = read_journal(&dir.join("run")).unwrap();
    assert!(journal.complete());
    let faults = journal.experiments().filter(|e| e.fault.is_some());
    assert_eq!(faults.map(|e| e.experiment).collect::<Vec<_>>(), [failed]);
}

#[test]
fn failed_experiments_are_kept_and_the_campaign_goes_on() {
    let dir = folder("weak");
    let file = root().join("scenarios/weak-heater.toml");
    let done = run(&dir, &["run", file.to_str().unwrap(), "--out", "run", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert!(summary["failed"].as_u64().unwrap() > 0, "{summary}");
    assert_eq!(summary["complete"], true);
}

#[test]
fn an_interrupted_run_ends_safe_and_can_go_on() {
    let dir = folder("interrupted");
    let file = root().join("scenarios/cs3cu2i5.toml");
    let mut command = flowtwin(&dir);
    command.arg("run").arg(&file).args(["--out", "run"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let journal = dir.join("run/journal.jsonl");
    while std::fs::metadata(&journal).map_or(0, |m| m.len()) < 200_000 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let stopped = done(child.wait_with_output().unwrap());
    assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("--resume"), "{}", stopped.stderr);
    let journal = read_journal(&dir.join("run")).unwrap();
    assert_eq!(journal.torn(), 0);
    assert!(!journal.complete() && journal.experiments().all(|e| e.fault.is_none()));
    match journal.records().last() {
        Some(Record::Command(command)) => assert_eq!(command.send, Act::MakeSafe),
        other => panic!("the last record is {other:?}"),
    }
}
