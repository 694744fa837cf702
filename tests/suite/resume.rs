//! A run that was stopped anywhere goes on to the same bytes.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::folder::{Identity, JOURNAL, RunFolder, read_journal};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Record, read};
use flowtwin_lab::journal::{Volumes, delivered};
use flowtwin_lab::{Command, Instant, Streams};

use crate::support::{files, flowtwin, folder, run, scenario};

const SHORT: &str = r#"
[[phases]]
name = "start"
policy = "lhs"
experiments = 4

[[phases]]
name = "improve"
policy = "ei"
experiments = 2
from = "start"
"#;

/// Runs or resumes in this process, and returns the journal.
fn complete(scenario: &Scenario, path: &Path, resume: bool) -> Vec<u8> {
    let seed = scenario.file().seed;
    let identity = Identity::new(scenario, seed, true);
    let folder = match resume {
        true => RunFolder::resume(path, &identity),
        false => RunFolder::begin(path, &identity),
    };
    let folder = folder.expect("the folder belongs to this run");
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, seed, NonZeroUsize::MIN, &never);
    let writer = folder.open().expect("the journal can be written");
    let ran = campaign.run(
        scenario.simulated().unwrap().lab(seed),
        writer,
        folder.recorded(),
        &mut Silent,
    );
    assert_eq!(ran.expect("a policy answers").0.fault, None);
    fs::read(path.join(JOURNAL)).expect("a journal was written")
}

#[test]
fn a_journal_cut_at_any_byte_is_completed_to_the_byte() {
    let dir = folder("cut");
    let scenario = Scenario::load(&scenario(&dir, "short", "cs3cu2i5.toml", SHORT)).unwrap();
    let whole = complete(&scenario, &dir.join("whole"), false);
    let newlines: Vec<usize> = (0..whole.len()).filter(|&i| whole[i] == b'\n').collect();
    let mut cuts: Vec<usize> = vec![0, 1, whole.len() - 1, whole.len()];
    // Just before, at and after ends of lines, and in the midst of them.
    cuts.extend(newlines.iter().step_by(newlines.len() / 12).flat_map(|&i| [i, i + 1]));
    cuts.extend((1..12).map(|i| i * whole.len() / 12));
    let path = dir.join("cut");
    for cut in cuts {
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join(JOURNAL), &whole[..cut]).unwrap();
        let now = complete(&scenario, &path, true);
        assert!(now == whole, "cut at byte {cut} of {}", whole.len());
    }
}

/// Starts the run, kills it after some time, resumes it, and compares.
fn kill_and_resume(
    dir: &Path,
    file: &Path,
    name: &str,
    after: Duration,
    whole: &[(String, Vec<u8>)],
) {
    let mut command = flowtwin(dir);
    command.arg("run").arg(file).args(["--out", name]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the command starts");
    std::thread::sleep(after);
    child.kill().expect("a child can be killed");
    child.wait().expect("a killed child ends");
    let file = file.to_str().expect("a path of letters");
    let resume: &[&str] = match dir.join(name).exists() {
        true => &["run", file, "--out", name, "--resume"],
        false => &["run", file, "--out", name],
    };
    let done = run(dir, resume);
    assert_eq!(done.code, Some(0), "after {after:?}: {}", done.stderr);
    let now = files(&dir.join(name));
    for ((name, before), (_, now)) in whole.iter().zip(&now) {
        assert!(before == now, "after {after:?}: {name} differs");
    }
    let journal = read_journal(&dir.join(name)).expect("the journal is whole");
    let numbers: Vec<u64> = journal.experiments().map(|e| e.experiment).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "each once: {numbers:?}");
}

#[test]
fn a_killed_run_is_completed_to_the_byte() {
    let dir = folder("killed");
    let file: PathBuf = scenario(&dir, "short", "cs3cu2i5.toml", SHORT);
    let started = std::time::Instant::now();
    let done = run(&dir, &["run", file.to_str().unwrap(), "--out", "whole"]);
    let lasts = started.elapsed();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let whole = files(&dir.join("whole"));
    let mut moments = Streams::new(7).open("kill", 0);
    for i in 0..5 {
        let after = lasts.mul_f64(moments.uniform());
        kill_and_resume(&dir, &file, &format!("killed-{i}"), after, &whole);
    }
}

#[test]
fn a_run_stopped_before_its_first_record_begins() {
    let dir = folder("early");
    let file = scenario(&dir, "short", "cs3cu2i5.toml", SHORT);
    let loaded = Scenario::load(&file).unwrap();
    let whole = complete(&loaded, &dir.join("whole"), false);
    let file = file.to_str().unwrap();
    // What is there when a run is killed between making its folder and its journal.
    fs::create_dir(dir.join("made")).unwrap();
    fs::create_dir(dir.join("certified")).unwrap();
    fs::write(dir.join("certified/rehearsal.json"), "{}").unwrap();
    for name in ["made", "certified"] {
        let done = run(&dir, &["run", file, "--out", name, "--resume"]);
        assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
        assert!(fs::read(dir.join(name).join(JOURNAL)).unwrap() == whole, "{name}");
    }
    // A folder of anything else is not a run that was stopped.
    fs::create_dir(dir.join("mine")).unwrap();
    fs::write(dir.join("mine/thesis.txt"), "years of work").unwrap();
    let done = run(&dir, &["run", file, "--out", "mine", "--resume"]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert_eq!(files(&dir.join("mine")).len(), 1);
}

#[test]
fn a_torn_journal_is_recognised_and_resumed() {
    let dir = folder("torn");
    let scenario = Scenario::load(&scenario(&dir, "short", "cs3cu2i5.toml", SHORT)).unwrap();
    let whole = complete(&scenario, &dir.join("run"), false);
    let path = dir.join("run").join(JOURNAL);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let torn = read_journal(&dir.join("run")).unwrap();
    assert!(torn.torn() > 0 && !torn.complete());
    assert!(torn.records().len() > 2);
    assert!(complete(&scenario, &dir.join("run"), true) == whole);
}

#[test]
fn a_flipped_byte_is_found_and_named() {
    let dir = folder("flipped");
    let file = scenario(&dir, "short", "cs3cu2i5.toml", SHORT);
    let scenario = Scenario::load(&file).unwrap();
    let mut bytes = complete(&scenario, &dir.join("run"), false);
    let middle = bytes.len() / 2;
    let digit = (middle..).find(|&i| bytes[i].is_ascii_digit()).unwrap();
    bytes[digit] = if bytes[digit] == b'7' { b'3' } else { b'7' };
    fs::write(dir.join("run").join(JOURNAL), &bytes).unwrap();
    let before = files(&dir.join("run"));
    for args in [
        &["run", file.to_str().unwrap(), "--out", "run", "--resume"][..],
        &["report", "run"],
        &["replay", "run"],
    ] {
        let done = run(&dir, args);
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        assert!(done.stderr.contains("of the journal is damaged"), "{}", done.stderr);
    }
    assert_eq!(files(&dir.join("run")), before, "nothing may be written");
}

#[test]
fn a_folder_of_another_run_is_left_alone() {
    let dir = folder("another");
    let file = scenario(&dir, "short", "cs3cu2i5.toml", SHORT);
    let loaded = Scenario::load(&file).unwrap();
    complete(&loaded, &dir.join("run"), false);
    let other = scenario(&dir, "other", "cs3cu2i5.toml", SHORT);
    let before = files(&dir.join("run"));
    let (file, other) = (file.to_str().unwrap(), other.to_str().unwrap());
    for args in [
        &["run", other, "--out", "run", "--resume"][..],
        &["run", file, "--seed", "5", "--out", "run", "--resume"],
        &["run", file, "--out", "nowhere", "--resume"],
    ] {
        let done = run(&dir, args);
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains("hint: "), "{}", done.stderr);
    }
    assert_eq!(files(&dir.join("run")), before, "nothing may be written");
}

#[test]
fn lab_time_goes_on_where_it_stopped() {
    let dir = folder("time");
    let scenario = Scenario::load(&scenario(&dir, "short", "cs3cu2i5.toml", SHORT)).unwrap();
    complete(&scenario, &dir.join("run"), false);
    let journal = read_journal(&dir.join("run")).unwrap();
    let mut now = Instant::START;
    for experiment in journal.experiments() {
        assert!(experiment.started_ns >= now && experiment.ended_ns > experiment.started_ns);
        now = experiment.ended_ns;
    }
}

/// What is in the book of a rig's run that goes on, and stays in it.
fn book(path: &Path, identity: &Identity, filled: &[&str]) -> Volumes {
    let resumed = RunFolder::resume(path, identity).expect("a run to go on with");
    let resumed = resumed.going_on(filled.iter().map(|pump| (*pump).into()).collect());
    drop(resumed.append().expect("the journal can be written"));
    let book = delivered(resumed.recorded().expect("a journal"));
    assert_eq!(delivered(&read_journal(path).unwrap()), book);
    book
}

#[test]
fn what_a_killed_experiment_has_pumped_is_missing_in_the_syringes_until_they_are_filled() {
    let dir = folder("syringes");
    let scenario = Scenario::load(&scenario(&dir, "short", "cs3cu2i5.toml", SHORT)).unwrap();
    let whole = complete(&scenario, &dir.join("whole"), false);
    let journal = read(&whole).unwrap();
    let starts =
        |r: &Record| matches!(r, Record::Command(c) if matches!(c.send, Command::Dispense { .. }));
    let last = journal.records().iter().rposition(starts).expect("pumps have run");
    let end = whole.iter().enumerate().filter(|(_, b)| **b == b'\n').nth(last + 1).unwrap().0;
    let path = dir.join("killed");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join(JOURNAL), &whole[..=end]).unwrap();

    let identity = Identity::new(&scenario, scenario.file().seed, true).in_wall_time();
    let pumped = delivered(&read_journal(&path).unwrap());
    let first = book(&path, &identity, &[]);
    for (pump, ul) in &pumped {
        assert!((first[pump] - ul).abs() < 1e-6, "{pump}: {} of {ul} µL", first[pump]);
    }
    assert_eq!(book(&path, &identity, &[]), first, "resumed again, it is still so");
    let filled = book(&path, &identity, &["pfo"]);
    assert!(!filled.contains_key("pfo") && filled.len() == first.len() - 1);
    // A run that counted experiments alone would believe the syringes fuller.
    let experiments: f64 =
        journal.experiments().flat_map(|e| &e.consumed_ml).map(|(_, ml)| ml).sum();
    let all: f64 = delivered(&journal).values().sum();
    assert!(all > 1e3 * experiments + 1e3, "lines and blank: {all} µL, {experiments} mL");
}

#[test]
fn what_a_rig_did_in_an_experiment_that_was_interrupted_stays_in_its_journal() {
    let dir = folder("interrupted-rig");
    let scenario = Scenario::load(&scenario(&dir, "short", "cs3cu2i5.toml", SHORT)).unwrap();
    let whole = complete(&scenario, &dir.join("whole"), false);
    let ends: Vec<usize> =
        whole.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect();
    let identity = Identity::new(&scenario, scenario.file().seed, true);
    let path = dir.join("cut");
    fs::create_dir_all(&path).unwrap();
    let mut cut = 2;
    while cut < ends.len() - 1 {
        let there = &whole[..ends[cut]];
        // A torn line is no record of anything.
        fs::write(path.join(JOURNAL), &whole[..ends[cut] + 1]).unwrap();
        let simulated = RunFolder::resume(&path, &identity).unwrap();
        let kept = simulated.recorded().unwrap().bytes();
        assert!(there.starts_with(kept), "a simulation is repeated from its last experiment");
        let rig = RunFolder::resume(&path, &identity.clone().in_wall_time()).unwrap();
        drop(rig.append().unwrap());
        let now = fs::read(path.join(JOURNAL)).unwrap();
        assert!(now.starts_with(there), "record {cut} and what is before it stay");
        let journal = read(&now).unwrap();
        let last = journal.records().last().unwrap();
        assert!(last.is_durable(), "it says that it goes on: {last:?}");
        assert!(journal.last_at() >= read(there).unwrap().last_at(), "time does not run back");
        cut += 7;
    }
}

#[test]
fn a_complete_run_of_a_rig_that_is_resumed_stays_as_it_is() {
    let dir = folder("complete");
    let scenario = Scenario::load(&scenario(&dir, "short", "cs3cu2i5.toml", SHORT)).unwrap();
    let path = dir.join("run");
    let whole = complete(&scenario, &path, false);
    let seed = scenario.file().seed;
    let identity = Identity::new(&scenario, seed, true).in_wall_time();
    let resumed = RunFolder::resume(&path, &identity).expect("a run to go on with");
    let resumed = resumed.going_on(vec!["pfo".into()]);
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(&scenario, seed, NonZeroUsize::MIN, &never).goes_on();
    let (lab, writer) = (scenario.simulated().unwrap().lab(seed), resumed.append().unwrap());
    let ran = campaign.run(lab, writer, resumed.recorded(), &mut Silent);
    assert_eq!(ran.expect("a policy answers").0.fault, None);
    assert!(fs::read(path.join(JOURNAL)).unwrap() == whole, "another end was recorded");
}
