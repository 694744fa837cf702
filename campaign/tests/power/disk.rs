//! The disk of this computer, and what a folder on it keeps of a run.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flowtwin_campaign::folder::{
    Disk, FolderError, Identity, JOURNAL, OnDisk, REPLAYED, RunFolder, SEAL, default_folder,
    read_journal, replayed, salvage,
};
use flowtwin_lab::journal::{Record, read};

use crate::drive::Drive;
use crate::folder::{drive, lines, path, seal, simulated, until, whole};
use crate::{FOLDER, Trial, scenario};

/// An empty folder on the disk of this computer.
fn place(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("disk-{name}"));
    if path.exists() {
        fs::remove_dir_all(&path).expect("an old folder can be removed");
    }
    fs::create_dir_all(&path).expect("a folder can be made");
    path
}

#[test]
fn the_disk_of_this_computer_tells_what_is_not_there_from_what_cannot_be_done() {
    let dir = place("promises");
    let (folder, file) = (dir.join("folder"), dir.join("folder/file"));
    assert_eq!(OnDisk.list(&folder).unwrap(), None);
    assert_eq!(OnDisk.read(&file).unwrap(), None);
    OnDisk.make_folder(&folder).unwrap();
    assert!(folder.is_dir());
    OnDisk.make_folder(&folder).expect("it is there");
    assert_eq!(OnDisk.list(&folder).unwrap(), Some(Vec::new()));
    OnDisk.write(&file, b"some words").unwrap();
    assert_eq!(OnDisk.read(&file).unwrap().as_deref(), Some(&b"some words"[..]));
    assert_eq!(OnDisk.list(&folder).unwrap(), Some(vec![OsString::from("file")]));
    OnDisk.sync_folder(&folder).unwrap();

    // Behind what is kept, and nothing else.
    let mut sink = OnDisk.open(&file, 5).unwrap();
    sink.append(b"more").unwrap();
    sink.sync().unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"some more");
    let other = folder.join("other");
    OnDisk.rename(&file, &other).unwrap();
    assert!(!file.exists() && fs::read(&other).unwrap() == b"some more");

    let kind = |result: std::io::Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(OnDisk.make_folder(&other)), ErrorKind::AlreadyExists, "it is a file");
    assert_eq!(kind(OnDisk.make_folder(&dir.join("a/b"))), ErrorKind::NotFound);
    assert_eq!(kind(OnDisk.sync_folder(&dir.join("a"))), ErrorKind::NotFound);
    assert_eq!(kind(OnDisk.read(&folder).map(drop)), ErrorKind::IsADirectory);
    assert_eq!(kind(OnDisk.list(&other).map(drop)), ErrorKind::NotADirectory);
}

#[test]
fn a_damaged_run_on_this_computer_is_salvaged_and_a_sound_one_left_alone() {
    let (_, bytes) = whole();
    let dir = place("salvaged");
    fs::write(dir.join(JOURNAL), &bytes).unwrap();
    assert!(salvage(&dir).expect("a journal").is_none());
    let mut damaged = bytes.clone();
    damaged[lines(&bytes, 9).len() - 9] = b'#';
    fs::write(dir.join(JOURNAL), &damaged).unwrap();
    assert!(read_journal(&dir).is_err());
    let salvaged = salvage(&dir).expect("a journal").expect("it is damaged");
    assert_eq!(salvaged.lines, 8);
    assert_eq!(read_journal(&dir).expect("it is whole again").bytes(), lines(&bytes, 8));
    let aside = salvaged.aside.expect("the rest");
    assert_eq!(fs::read(aside).unwrap(), damaged[lines(&bytes, 8).len()..]);
}

#[test]
fn what_a_run_repeats_is_read_from_beside_it() {
    let (_, bytes) = whole();
    let dir = place("repeats");
    assert!(replayed(&dir).expect("nothing is wrong").is_none());
    fs::write(dir.join(REPLAYED), &bytes).unwrap();
    let there = replayed(&dir).expect("it is whole").expect("it is there");
    assert_eq!(there.bytes(), bytes);
    fs::write(dir.join(REPLAYED), b"{}\n").unwrap();
    assert!(replayed(&dir).is_err());
}

#[test]
fn a_run_has_a_folder_of_its_own_name_and_seed() {
    let scenario = scenario();
    let identity = simulated(&scenario);
    let expected = Path::new("runs").join(format!("power-{}", identity.seed));
    assert_eq!(identity.default_folder(), expected);
    assert_eq!(default_folder("power", identity.seed), expected);
}

#[test]
fn a_simulated_run_is_sealed_at_its_end() {
    let scenario = scenario();
    let mut trial = Trial::new(&scenario, false);
    assert!(trial.lives());
    let bytes = trial.drive.bytes(&path(JOURNAL)).expect("a journal");
    assert_eq!(trial.drive.bytes(&path(SEAL)), Some(seal(&bytes)));
}

type Opened = fn(Rc<dyn Disk>, &Path, &Identity) -> Result<RunFolder, FolderError>;

/// A torn header on a rig may tell somebody what was about to be done; where nothing is torn nothing is set aside.
#[test]
fn half_a_header_of_a_rig_is_set_aside() {
    let identity = simulated(&scenario()).in_wall_time();
    let openings: [Opened; 2] = [RunFolder::begin_on, RunFolder::resume_on];
    for opened in openings {
        for (torn, kept) in [(&b"{\"n\":0,"[..], true), (b"", false)] {
            let drive = drive(&[(JOURNAL, torn)]);
            let folder = opened(Rc::new(drive.clone()), Path::new(FOLDER), &identity);
            drop(folder.expect("nothing was begun").open().expect("the power is on"));
            let aside = drive.bytes(&path("journal.aside-1.jsonl"));
            assert_eq!(aside.as_deref(), kept.then_some(torn));
        }
    }
    // A simulation writes it again.
    let drive = drive(&[(JOURNAL, b"{\"n\":0,")]);
    let simulation = simulated(&scenario());
    let folder = RunFolder::begin_on(Rc::new(drive.clone()), Path::new(FOLDER), &simulation);
    drop(folder.expect("nothing was begun").open().expect("the power is on"));
    assert_eq!(drive.bytes(&path("journal.aside-1.jsonl")), None);
}

/// Whenever the power is cut while a run is taken up again, what the rig did is still there.
#[test]
fn nothing_that_a_rig_did_is_cut_while_its_journal_is_opened() {
    let (scenario, bytes) = whole();
    let rig = simulated(&scenario).in_wall_time();
    let amid = until(&bytes, |r| matches!(r, Record::Proposal(p) if p.experiment == 3)) + 4;
    let kept = lines(&bytes, amid);
    let mut luck = flowtwin_lab::Streams::new(5).open("cut", 0);
    let (mut requests, mut opened) = (0, false);
    while !opened {
        let drive: Drive = drive(&[(JOURNAL, kept), (SEAL, &seal(kept))]);
        let folder = RunFolder::resume_on(Rc::new(drive.clone()), Path::new(FOLDER), &rig);
        let folder = folder.expect("it is the same run");
        drive.sync_folder(Path::new(FOLDER)).expect("the power is on");
        drive.cut_after(requests);
        opened = folder.append().is_ok();
        let after = drive.after_a_cut(&mut luck);
        let now = after.bytes(&path(JOURNAL)).expect("a journal");
        assert!(now.starts_with(kept), "cut after {requests}: {} bytes", now.len());
        requests += 1;
    }
    assert!(requests > 3, "{requests}: it was cut in the midst of it");
    assert!(read(kept).is_ok());
}
