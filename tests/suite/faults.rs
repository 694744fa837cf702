//! Whatever happens, the rig is left safe and the journal whole.

use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Record, Sink, Writer};
use flowtwin_lab::{Command as Act, Fault, FaultKind, Instant, Lab, Manifest, Reply};
use flowtwin_sim::SimLab;

use crate::support::{done, flowtwin, folder, root, run, scenario};

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

const SHORT: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 2\n";

/// A rig whose heater acknowledges its safe state no more, once it has been told to heat.
struct Stuck {
    lab: SimLab,
    told: Vec<Act>,
}

impl Lab for Stuck {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }
    fn now(&self) -> Instant {
        self.lab.now()
    }
    fn send(&mut self, command: &Act) -> Result<Reply, Fault> {
        self.told.push(command.clone());
        if *command == Act::MakeSafe {
            let kind = FaultKind::NotSafe { because: None, left: "plate (no reply)".into() };
            return Err(Fault::new(self.now(), "bench", kind));
        }
        self.lab.send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}

/// A disk with so many bytes left.
struct Disk(usize);

impl Sink for Disk {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(())
    }
    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The fault that ends a campaign on such a rig.
fn stuck(name: &str, asked_to_stop: bool, disk: Disk) -> (FaultKind, Vec<Act>) {
    let dir = folder(name);
    let scenario = Scenario::load(&scenario(&dir, "short", "cs3cu2i5.toml", SHORT)).unwrap();
    let (seed, stop) = (scenario.file().seed, AtomicBool::new(asked_to_stop));
    let mut rig = Stuck { lab: scenario.sim_lab(seed), told: Vec::new() };
    let campaign = Campaign::new(&scenario, seed, NonZeroUsize::MIN, &stop);
    let ran = campaign.run(&mut rig, Writer::new(disk), None, &mut Silent);
    (ran.unwrap().0.fault.expect("it cannot go on").kind, rig.told)
}

#[test]
fn who_interrupts_a_rig_that_cannot_be_made_safe_is_told_so() {
    let (kind, _) = stuck("stuck-interrupted", true, Disk(usize::MAX));
    match kind {
        FaultKind::NotSafe { because, left } => {
            assert_eq!(
                (because.as_deref(), &*left),
                (Some(&FaultKind::Interrupted), "plate (no reply)")
            );
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_full_disk_makes_the_rig_safe_and_hides_no_danger() {
    // Behind the header, the blank, and in the midst of an experiment.
    for bytes in [20_000, 60_000, 150_000] {
        let (kind, told) = stuck("stuck-full", false, Disk(bytes));
        assert_eq!(told.last(), Some(&Act::MakeSafe), "{bytes}");
        match kind {
            FaultKind::NotSafe { because: Some(because), .. } => {
                assert!(matches!(*because, FaultKind::LinkLost { .. }), "{bytes}: {because}");
            }
            other => panic!("{bytes}: {other}"),
        }
    }
}

#[test]
fn a_run_whose_files_cannot_be_written_tells_first_how_it_ended() {
    let dir = folder("full");
    let file = scenario(&dir, "short", "cs3cu2i5.toml", SHORT);
    let limited = format!(
        "trap '' XFSZ; ulimit -f 64; exec {} run {} --out run",
        env!("CARGO_BIN_EXE_flowtwin"),
        file.display()
    );
    let ended =
        done(Command::new("bash").args(["-c", &limited]).current_dir(&dir).output().unwrap());
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    let last = ended.stderr.lines().rfind(|line| line.starts_with("error: ")).unwrap();
    assert!(last.contains("journal: the link is lost"), "{}", ended.stderr);
}
