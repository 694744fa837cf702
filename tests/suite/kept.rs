//! Nothing is ever discarded: damaged journals are salvaged, and what is in the way stays where it is.

use std::fs;
use std::path::{Path, PathBuf};

use flowtwin_campaign::folder::{JOURNAL, read_journal};
use flowtwin_lab::journal::{Record, delivered, read};

use crate::support::{Done, files, folder, run, scenario};

const SHORT: &str = "[[phases]]\nname = \"look\"\npolicy = \"lhs\"\nexperiments = 3\n";

/// A run that is complete: its scenario file, and its journal.
fn complete(dir: &Path) -> (String, Vec<u8>) {
    let file = scenario(dir, "short", "cs3cu2i5.toml", SHORT).display().to_string();
    let done = run(dir, &["run", &file, "--out", "run"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    (file, journal(&dir.join("run")))
}

fn journal(folder: &Path) -> Vec<u8> {
    fs::read(folder.join(JOURNAL)).expect("there is a journal")
}

/// Changes a digit of a line, counted from 0, and returns the bytes.
fn damage(folder: &Path, line: usize) -> Vec<u8> {
    let bytes = journal(folder);
    let mut lines: Vec<Vec<u8>> =
        bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let digit = lines[line].iter().rposition(u8::is_ascii_digit).expect("a digit");
    lines[line][digit] = if lines[line][digit] == b'7' { b'3' } else { b'7' };
    let bytes = lines.concat();
    fs::write(folder.join(JOURNAL), &bytes).expect("it can be written");
    bytes
}

fn succeeds(dir: &Path, args: &[&str]) -> Done {
    let done = run(dir, args);
    assert_eq!(done.code, Some(0), "{args:?}: {}", done.stderr);
    done
}

#[test]
fn a_damaged_journal_is_salvaged_and_the_run_goes_on() {
    let dir = folder("salvage");
    let (file, whole) = complete(&dir);
    let path = dir.join("run");
    let second = read(&whole).unwrap().records().iter().position(
        |record| matches!(record, Record::Experiment(experiment) if experiment.experiment == 2),
    );
    let damaged = damage(&path, second.unwrap());
    let refused = run(&dir, &["run", &file, "--out", "run", "--resume"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("report --salvage"), "{}", refused.stderr);
    let done = succeeds(&dir, &["report", "--salvage", "run"]);
    assert!(done.stderr.contains("with 1 experiments"), "{}", done.stderr);
    let aside = fs::read(path.join("journal.aside-1.jsonl")).expect("the rest is there");
    let kept = journal(&path);
    assert!([kept, aside.clone()].concat() == damaged, "both together are what was there");
    assert_eq!(read_journal(&path).unwrap().experiments().count(), 1);
    // What is not damaged is not touched.
    let before = files(&path);
    assert!(succeeds(&dir, &["report", "--salvage", "run"]).stderr.contains("not damaged"));
    assert!(files(&path) == before);
    succeeds(&dir, &["run", &file, "--out", "run", "--resume"]);
    assert!(journal(&path) == whole, "it goes on to the same bytes");
    assert!(fs::read(path.join("journal.aside-1.jsonl")).unwrap() == aside, "it stays");
}

#[test]
fn a_changed_digit_in_the_very_last_line_is_noticed() {
    let dir = folder("salvage-last");
    let (file, whole) = complete(&dir);
    let path = dir.join("run");
    let lines = whole.iter().filter(|&&byte| byte == b'\n').count();
    damage(&path, lines - 1);
    for args in [&["run", &file, "--out", "run", "--resume"][..], &["report", "run"]] {
        let done = run(&dir, args);
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains(&format!("line {lines} of")), "{}", done.stderr);
    }
    succeeds(&dir, &["report", "--salvage", "run"]);
    assert_eq!(read_journal(&path).unwrap().experiments().count(), 3);
    succeeds(&dir, &["run", &file, "--out", "run", "--resume"]);
    assert!(journal(&path) == whole);
}

/// Whoever reads the report of a journal that was cut off learns of it.
#[test]
fn a_report_says_that_the_journal_was_cut_off() {
    let dir = folder("cut-off");
    let (file, whole) = complete(&dir);
    let path = dir.join("run");
    assert!(!succeeds(&dir, &["report", "run"]).stderr.contains("warning"));
    let lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
    fs::write(path.join("journal.jsonl"), lines[..lines.len() - 3].concat()).unwrap();
    let done = succeeds(&dir, &["report", "run"]);
    assert!(done.stderr.contains("the journal had 3 lines more"), "{}", done.stderr);
    succeeds(&dir, &["run", &file, "--out", "run", "--resume"]);
    assert!(!succeeds(&dir, &["report", "run"]).stderr.contains("warning"));
}

#[test]
fn without_a_header_a_journal_stays_as_it_is() {
    let dir = folder("salvage-header");
    complete(&dir);
    let path = dir.join("run");
    damage(&path, 0);
    let before = files(&path);
    let done = run(&dir, &["report", "--salvage", "run"]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("from a copy"), "{}", done.stderr);
    assert!(files(&path) == before, "nothing was written");
}

/// A program that is a lab, and not a simulated one.
fn real_lab(dir: &Path, file: &str) -> String {
    let flowtwin = env!("CARGO_BIN_EXE_flowtwin");
    let not_simulated = "s/\"simulated\":true/\"simulated\":false/";
    let script = format!("'{flowtwin}' lab '{file}' --seed 3 | sed -u '{not_simulated}'\n");
    fs::write(dir.join("real.sh"), script).expect("a script can be written");
    "sh real.sh".into()
}

#[test]
fn a_run_that_cannot_be_done_again_goes_on_behind_what_was_salvaged() {
    let dir = folder("salvage-real");
    let file = scenario(&dir, "short", "cs3cu2i5.toml", SHORT).display().to_string();
    let lab = real_lab(&dir, &file);
    let begin = ["run", &file, "--out", "run", "--lab-command", &lab];
    succeeds(&dir, &begin);
    let path = dir.join("run");
    let count = read_journal(&path).unwrap().records().len();
    let damaged = damage(&path, count - 2);
    succeeds(&dir, &["report", "--salvage", "run"]);
    let kept = journal(&path);
    let journal_now = read_journal(&path).unwrap();
    assert!(matches!(journal_now.records().last(), Some(Record::Resumed(_))));
    let aside = fs::read(path.join("journal.aside-1.jsonl")).unwrap();
    assert!(kept.starts_with(&damaged[..damaged.len() - aside.len()]), "what was good stays");
    succeeds(&dir, &[&begin[..], &["--resume"]].concat());
    assert!(journal(&path).starts_with(&kept), "nothing of it is cut away");
    let numbers: Vec<u64> =
        read_journal(&path).unwrap().experiments().map(|e| e.experiment).collect();
    assert_eq!(numbers, [1, 2, 3]);
    // Begun once more it is another run, since this one cannot be done again.
    let before = files(&path);
    let done = succeeds(&dir, &begin);
    assert!(done.stderr.contains("this run is in run-2"), "{}", done.stderr);
    assert!(files(&path) == before && dir.join("run-2").join(JOURNAL).exists());
}

#[test]
fn what_is_in_the_way_of_a_run_stays_and_the_run_gets_the_next_number() {
    let dir = folder("numbered");
    let (file, whole) = complete(&dir);
    let before = files(&dir.join("run"));
    let edited = format!("title = \"edited\"\n{SHORT}");
    let other = scenario(&dir, "other", "cs3cu2i5.toml", SHORT).display().to_string();
    for (args, expected) in [
        (&["run", &other, "--out", "run"][..], "run-2"),
        (&["run", &other, "--out", "run"], "run-2"),
        (&["run", &file, "--seed", "5", "--out", "run"], "run-3"),
        (&["run", &file, "--surrogate", "forest", "--out", "run"], "run-4"),
        (&["run", &other, "--out", "run", "--resume"], "run-2"),
        (&["run", &file, "--seed", "5", "--out", "run", "--resume"], "run-3"),
    ] {
        let done = succeeds(&dir, args);
        assert!(done.stderr.contains(&format!("this run is in {expected}\n")), "{}", done.stderr);
        assert!(dir.join(expected).join(JOURNAL).exists());
        assert!(files(&dir.join("run")) == before, "{args:?}: what was there stays");
    }
    scenario(&dir, "short", "cs3cu2i5.toml", &edited);
    succeeds(&dir, &["run", &file, "--out", "run"]);
    assert!(dir.join("run-5").join(JOURNAL).exists() && !dir.join("run-6").exists());
    let unknown = run(&dir, &["run", &file, "--seed", "9", "--out", "run", "--resume"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
    assert!(journal(&dir.join("run")) == whole && !dir.join("run-6").exists());
    fs::create_dir(dir.join("mine")).unwrap();
    fs::write(dir.join("mine/thesis.txt"), "years of work").unwrap();
    succeeds(&dir, &["run", &file, "--out", "mine"]);
    assert_eq!(files(&dir.join("mine")).len(), 1);
    assert!(dir.join("mine-2").join(JOURNAL).exists());
}

#[test]
fn other_outputs_replace_nothing_either() {
    let dir = folder("outputs");
    let file = scenario(&dir, "short", "cs3cu2i5.toml", SHORT).display().to_string();
    let experiment = |seed| ["experiment", file.as_str(), "--seed", seed, "--out", "one"];
    succeeds(&dir, &experiment("1"));
    let before = files(&dir.join("one"));
    let done = succeeds(&dir, &experiment("2"));
    assert!(done.stderr.contains("features and spectra: one-2"), "{}", done.stderr);
    let done = succeeds(&dir, &experiment("1"));
    assert!(done.stderr.contains("features and spectra: one\n"), "{}", done.stderr);
    assert!(files(&dir.join("one")) == before && !dir.join("one-3").exists());
    assert_eq!(files(&dir.join("one-2")).len(), before.len());

    fs::write(dir.join("model.json"), "mine").unwrap();
    succeeds(&dir, &["run", &file, "--out", "run"]);
    let fit = ["twin", "fit", "run", "--target", "pli", "--surrogate", "gp", "--out"];
    let done = succeeds(&dir, &[&fit[..], &["model.json"]].concat());
    assert!(done.stderr.contains("model: model-2.json"), "{}", done.stderr);
    assert_eq!(fs::read_to_string(dir.join("model.json")).unwrap(), "mine");
    let names: Vec<String> = files(&dir).into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.starts_with(".")), "nothing unfinished: {names:?}");

    let wiring = crate::support::root().join("scenarios/wirings/cs3cu2i5.toml");
    fs::copy(&wiring, dir.join("rig.toml")).unwrap();
    let wiring = wiring.display().to_string();
    let emulate = ["emulate", &wiring, "--scenario", &file, "--wired", "rig.toml"];
    let done = run(&dir, &emulate);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("rig.toml was not written by"), "{}", done.stderr);
}

#[test]
fn the_same_run_once_more_stays_in_its_folder() {
    let dir = folder("again");
    let (file, whole) = complete(&dir);
    let before = files(&dir.join("run"));
    let again = succeeds(&dir, &["run", &file, "--out", "run"]);
    assert!(!again.stderr.contains("this run is in"), "{}", again.stderr);
    assert!(files(&dir.join("run")) == before);
    // One that was stopped in its midst is completed.
    fs::write(dir.join("run").join(JOURNAL), &whole[..whole.len() / 2]).unwrap();
    succeeds(&dir, &["run", &file, "--out", "run"]);
    assert!(journal(&dir.join("run")) == whole);
}

/// A journal of the same scenario and seed that this version does not come to.
#[test]
fn a_run_with_other_results_stays_and_this_one_gets_the_next_number() {
    let dir = folder("departed");
    let file = scenario(&dir, "short", "cs3cu2i5.toml", SHORT).display().to_string();
    let command = format!("'{}' lab '{file}' --seed 8", env!("CARGO_BIN_EXE_flowtwin"));
    succeeds(&dir, &["run", &file, "--out", "run", "--lab-command", &command]);
    let before = files(&dir.join("run"));
    let done = succeeds(&dir, &["run", &file, "--out", "run"]);
    assert!(done.stderr.contains("with other results"), "{}", done.stderr);
    assert!(files(&dir.join("run")) == before, "they stay as they are");
    succeeds(&dir, &["run", &file, "--out", "fresh"]);
    assert!(journal(&dir.join("run-2")) == journal(&dir.join("fresh")));
    let resumed = run(&dir, &["run", &file, "--out", "run", "--resume"]);
    assert_ne!(resumed.code, Some(0), "{}", resumed.stderr);
}

/// What pumps are told in lines that were set aside still counts.
#[test]
fn what_was_set_aside_on_a_rig_counts_as_pumped() {
    let dir = folder("salvage-rig");
    let (_file, whole) = complete(&dir);
    let path: PathBuf = dir.join("run");
    // With a certificate it is the run of a rig.
    fs::write(path.join("rehearsal.json"), "{}").unwrap();
    let before = delivered(&read(&whole).unwrap());
    let journal = read(&whole).unwrap();
    let second = journal.records().iter().position(
        |record| matches!(record, Record::Experiment(experiment) if experiment.experiment == 2),
    );
    damage(&path, second.unwrap());
    let done = succeeds(&dir, &["report", "--salvage", "run"]);
    assert!(done.stderr.contains("counts as pumped: pfo"), "{}", done.stderr);
    let after = delivered(&read_journal(&path).unwrap());
    for (pump, ul) in &before {
        assert!((after[pump] - ul).abs() < 1e-6, "{pump}: {} of {ul} µL", after[pump]);
    }
}
