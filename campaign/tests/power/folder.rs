//! What a run folder takes, what it refuses, and what it never cuts.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use flowtwin_campaign::folder::{
    FolderError, Identity, JOURNAL, LOCK, LOCK_BY, REPLAYED, RunFolder, SEAL, make_folders,
    salvage_on,
};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Journal, Record, Seal, delivered, read};

use crate::drive::Drive;
use crate::{FOLDER, Trial, scenario};

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name)
}

/// A complete run: its scenario and its journal.
pub(crate) fn whole() -> (Scenario, Vec<u8>) {
    let scenario = scenario();
    let mut trial = Trial::new(&scenario, false);
    assert!(trial.lives());
    let bytes = trial.drive.bytes(&path(JOURNAL)).expect("a journal");
    (scenario, bytes)
}

pub(crate) fn simulated(scenario: &Scenario) -> Identity {
    Identity::new(scenario, scenario.file().seed, true)
}

/// A drive with a run folder in which these files are.
pub(crate) fn drive(files: &[(&str, &[u8])]) -> Drive {
    let drive = Drive::default();
    make_folders(&drive, Path::new(FOLDER)).expect("the power is on");
    files.iter().for_each(|(name, bytes)| drive.damage(&path(name), bytes));
    drive
}

fn begin(drive: &Drive, identity: &Identity) -> Result<RunFolder, FolderError> {
    RunFolder::begin_on(Rc::new(drive.clone()), Path::new(FOLDER), identity)
}

fn resume(drive: &Drive, identity: &Identity) -> Result<RunFolder, FolderError> {
    RunFolder::resume_on(Rc::new(drive.clone()), Path::new(FOLDER), identity)
}

fn taken(result: Result<RunFolder, FolderError>) -> String {
    match result {
        Err(FolderError::Taken(diagnostic)) => diagnostic.to_string(),
        other => panic!("it is taken: {other:?}"),
    }
}

fn unusable(result: Result<RunFolder, FolderError>) -> String {
    match result {
        Err(FolderError::Unusable(diagnostic)) => diagnostic.to_string(),
        other => panic!("it is unusable: {other:?}"),
    }
}

pub(crate) fn lines(bytes: &[u8], count: usize) -> &[u8] {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(i, _)| i + 1);
    &bytes[..ends.take(count).last().unwrap_or(0)]
}

pub(crate) fn seal(bytes: &[u8]) -> Vec<u8> {
    Seal::of(&read(bytes).expect("it is whole")).text().into_bytes()
}

/// Number of lines up to and with the first record of a kind.
pub(crate) fn until(bytes: &[u8], kind: impl Fn(&Record) -> bool) -> usize {
    let journal = read(bytes).expect("it is whole");
    journal.records().iter().position(kind).expect("there is one") + 1
}

#[test]
fn what_is_no_run_of_the_same_name_is_never_taken_over() {
    let (scenario, bytes) = whole();
    let same = simulated(&scenario);
    let there = drive(&[(JOURNAL, &bytes)]);
    for (identity, expected) in [
        (Identity { scenario: "other".into(), ..same.clone() }, "scenario power"),
        (Identity { seed: same.seed + 1, ..same.clone() }, "seed "),
        (Identity { sha256: "0".into(), ..same.clone() }, "another version"),
        (Identity { simulated: false, ..same.clone() }, "a simulation"),
        (same.clone().in_wall_time(), "this run, complete"),
    ] {
        assert!(taken(begin(&there, &identity)).contains(expected), "{expected}");
        if expected != "this run, complete" {
            assert!(taken(resume(&there, &identity)).contains(expected), "{expected}");
        }
    }
    let partial = drive(&[(JOURNAL, lines(&bytes, 9))]);
    assert!(unusable(begin(&partial, &same.clone().in_wall_time())).contains("--resume"));
    let thesis = drive(&[("thesis.txt", b"years of work")]);
    assert!(taken(begin(&thesis, &same)).contains("another kind"));
    assert!(unusable(resume(&thesis, &same)).contains("no run to resume"));
    assert!(unusable(resume(&Drive::default(), &same)).contains("no run to resume"));
    let mut damaged = bytes.clone();
    damaged[lines(&bytes, 4).len() + 40] ^= 1;
    let damaged = drive(&[(JOURNAL, &damaged)]);
    assert!(taken(begin(&damaged, &same)).contains("a damaged run (line "));
    assert!(unusable(resume(&damaged, &same)).contains("report --salvage"));
    assert_eq!(there.bytes(&path(JOURNAL)), Some(bytes), "looking changes nothing");
}

#[test]
fn what_was_written_before_the_first_record_makes_no_run() {
    let scenario = scenario();
    let same = simulated(&scenario);
    let names = [REPLAYED, LOCK, LOCK_BY, SEAL, "rehearsal.json", ".journal.seal.part"];
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"{}"[..])).collect();
    for identity in [same.clone(), same.clone().in_wall_time()] {
        for drive in [drive(&files), drive(&[]), drive(&[(JOURNAL, b"")])] {
            assert!(begin(&drive, &identity).is_ok() && resume(&drive, &identity).is_ok());
        }
    }
    assert!(begin(&Drive::default(), &same).is_ok());
    assert!(taken(begin(&drive(&[(".journal.part", b"")]), &same)).contains("another kind"));
}

#[test]
fn a_simulation_done_again_is_compared_and_only_what_was_not_finished_is_cut() {
    let (scenario, bytes) = whole();
    let same = simulated(&scenario);
    let second = until(&bytes, |r| matches!(r, Record::Experiment(e) if e.experiment == 2));
    let kept = lines(&bytes, second);
    let torn = &bytes[..lines(&bytes, second + 2).len() + 7];
    for folder in [begin, resume] {
        let drive = drive(&[(JOURNAL, torn), (SEAL, &seal(&bytes))]);
        let opened = folder(&drive, &same).expect("it is the same run");
        assert_eq!(drive.bytes(&path(JOURNAL)).as_deref(), Some(torn), "not before it is opened");
        drop(opened.open().expect("the power is on"));
        assert_eq!(drive.bytes(&path(JOURNAL)).as_deref(), Some(kept));
        assert_eq!(drive.bytes(&path(SEAL)), Some(Vec::new()), "it was on a line that is cut");
        assert!(!opened.goes_on() && !opened.has_departed());
    }
    let again = begin(&drive(&[(JOURNAL, torn)]), &same).expect("it is the same run");
    assert!(again.recorded().is_none(), "policies are asked again");
    let again = resume(&drive(&[(JOURNAL, torn)]), &same).expect("it is the same run");
    assert_eq!(again.recorded().map(Journal::bytes), Some(kept));
    let early = seal(kept);
    let drive = drive(&[(JOURNAL, torn), (SEAL, &early)]);
    drop(resume(&drive, &same).expect("it is the same run").open());
    assert_eq!(drive.bytes(&path(SEAL)), Some(early), "it is on a line that stays");
}

#[test]
fn a_run_that_departs_from_what_is_there_says_so_and_changes_nothing() {
    let (scenario, bytes) = whole();
    let same = simulated(&scenario);
    let there = drive(&[(JOURNAL, &bytes)]);
    let folder = begin(&there, &same).expect("it is the same run");
    let mut writer = folder.open().expect("the power is on");
    let journal = read(&bytes).expect("it is whole");
    for record in &journal.records()[..3] {
        writer.write(record).expect("it is the same run");
    }
    assert!(!folder.has_departed());
    assert!(writer.write(&journal.records()[4]).is_err());
    assert!(folder.has_departed());
    assert!(writer.write(&journal.records()[3]).is_err());
    assert!(folder.has_departed(), "for good");
    drop(writer);
    assert_eq!(there.bytes(&path(JOURNAL)), Some(bytes));
}

#[test]
fn on_a_rig_nothing_is_cut() {
    let (scenario, bytes) = whole();
    let rig = simulated(&scenario).in_wall_time();
    let starts = |r: &Record| matches!(r, Record::Proposal(p) if p.experiment == 3);
    let amid = until(&bytes, starts) + 4;
    let (kept, torn) = (lines(&bytes, amid), &bytes[..lines(&bytes, amid).len() + 5]);
    let drive = drive(&[(JOURNAL, torn), (SEAL, &seal(lines(&bytes, amid - 1)))]);
    let folder = resume(&drive, &rig).expect("it is the same run");
    assert!(folder.goes_on());
    drop(folder.append().expect("the power is on"));
    let now = drive.bytes(&path(JOURNAL)).expect("a journal");
    assert!(now.starts_with(kept));
    let journal = read(&now).expect("it is whole");
    assert_eq!(journal.records().len(), amid + 1);
    assert!(matches!(journal.records().last(), Some(Record::Resumed(_))));
    assert_eq!(drive.bytes(&path(SEAL)), Some(seal(&now)));
    let aside = drive.bytes(&path("journal.aside-1.jsonl"));
    assert_eq!(aside.as_deref(), Some(&torn[kept.len()..]));
    // The same again is not set aside again; something else is.
    for (torn, count) in [(&torn[kept.len()..], 1), (b"{", 2)] {
        drive.damage(&path(JOURNAL), &[&now[..], torn].concat());
        drop(resume(&drive, &rig).expect("the same run").append().expect("the power is on"));
        assert_eq!(drive.bytes(&path(JOURNAL)).as_deref(), Some(&now[..]), "it ends as it is");
        assert!(drive.bytes(&path(&format!("journal.aside-{count}.jsonl"))).is_some());
        assert!(drive.bytes(&path(&format!("journal.aside-{}.jsonl", count + 1))).is_none());
    }
}

#[test]
fn lines_that_are_missing_are_noticed_where_they_cannot_be_written_again() {
    let (scenario, bytes) = whole();
    let same = simulated(&scenario);
    let rig = same.clone().in_wall_time();
    let short = lines(&bytes, 12);
    let files = [(JOURNAL, short), (SEAL, &seal(&bytes)[..]), ("rehearsal.json", b"{}")];
    let there = drive(&files);
    assert!(resume(&there, &same).is_ok(), "a simulation writes them again");
    assert!(unusable(resume(&there, &rig)).contains("line 13 of the journal is damaged"));
    let missing = read(&bytes).expect("it is whole").records().len() - 12;
    let salvaged = salvage_on(&there, Path::new(FOLDER)).expect("a header").expect("damaged");
    assert!(salvaged.why.to_string().contains(&format!("had {missing} lines more")));
    assert_eq!((salvaged.lines, salvaged.aside), (12, None));
    assert!(resume(&there, &rig).is_ok());
    let exact = drive(&[(JOURNAL, short), (SEAL, &seal(short)[..])]);
    assert!(resume(&exact, &rig).is_ok());
    let simulation = drive(&files[..2]);
    assert!(salvage_on(&simulation, Path::new(FOLDER)).expect("a header").is_none());
}

#[test]
fn what_a_rig_pumped_in_lines_that_are_set_aside_is_known_to_the_journal() {
    let (scenario, bytes) = whole();
    let pumped = delivered(&read(&bytes).expect("it is whole"));
    let second = until(&bytes, |r| matches!(r, Record::Experiment(e) if e.experiment == 2));
    let mut damaged = bytes.clone();
    damaged[lines(&bytes, second).len() - 9] = b'#';
    let files = [(JOURNAL, &damaged[..]), ("rehearsal.json", b"{}")];
    for on_a_rig in [true, false] {
        let there = drive(if on_a_rig { &files } else { &files[..1] });
        let salvaged = salvage_on(&there, Path::new(FOLDER)).expect("a header").expect("damaged");
        assert_eq!((salvaged.lines, salvaged.experiments), (second - 1, 1));
        assert_eq!(salvaged.legible.illegible, 1);
        assert_eq!(salvaged.pumped_ul.is_some(), on_a_rig);
        if let Some(told) = &salvaged.pumped_ul {
            assert!(told.iter().any(|(_, ul)| *ul > 0.0), "{told:?}");
        }
        let now = there.bytes(&path(JOURNAL)).expect("a journal");
        let journal = read(&now).expect("it is whole");
        assert_eq!(there.bytes(&path(SEAL)), Some(seal(&now)));
        let kept = lines(&bytes, second - 1);
        assert_eq!(now == kept, !on_a_rig);
        let aside = there.bytes(&path("journal.aside-1.jsonl"));
        assert_eq!(aside.as_deref(), Some(&damaged[kept.len()..]));
        if on_a_rig {
            for (pump, ul) in &pumped {
                let known = delivered(&journal)[pump];
                assert!((known - ul).abs() < 1e-6, "{pump}: {known} of {ul}");
            }
        }
        let identity = simulated(&scenario);
        let identity = if on_a_rig { identity.in_wall_time() } else { identity };
        assert!(resume(&there, &identity).is_ok());
    }
}

#[test]
fn a_folder_repeats_one_run() {
    let (scenario, bytes) = whole();
    let same = simulated(&scenario);
    let whole = read(&bytes).expect("it is whole");
    let part = read(lines(&bytes, 2)).expect("it is whole");
    let there = drive(&[]);
    let folder = begin(&there, &same).expect("nothing is there");
    folder.repeats(&part).expect("nothing is there");
    assert_eq!(there.bytes(&path(REPLAYED)).as_deref(), Some(part.durable_bytes()));
    folder.repeats(&whole).expect("it was not begun");
    assert_eq!(there.bytes(&path(REPLAYED)).as_deref(), Some(whole.durable_bytes()));
    there.damage(&path(JOURNAL), &bytes);
    let folder = begin(&there, &same).expect("it is the same run");
    folder.repeats(&whole).expect("it is the one that it repeats");
    assert!(matches!(folder.repeats(&part), Err(FolderError::Taken(_))));
    assert_eq!(there.bytes(&path(REPLAYED)).as_deref(), Some(whole.durable_bytes()));
}
