//! Whatever happens, the rig is left safe and the journal whole.

use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Record, Sink, Writer, stopped_by};
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
    let told = stopped_by(&journal).expect("a fault has stopped it");
    assert_eq!((told.origin.as_str(), &told.kind), ("cui", &FaultKind::Stalled));
    let failed = last.experiment;
    let resumed = run(&dir, &["run", file, "--out", "run", "--resume"]);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    let journal = read_journal(&dir.join("run")).unwrap();
    assert!(journal.complete() && stopped_by(&journal).is_none());
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

const LONG: &str = "[[phases]]\nname = \"start\"\npolicy = \"random\"\nexperiments = 100000\n";

#[test]
fn an_interrupted_run_ends_safe_and_can_go_on() {
    let dir = folder("interrupted");
    // So long that it cannot have ended by the time it is interrupted.
    let file = scenario(&dir, "long", "cs3cu2i5.toml", LONG);
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
    assert_eq!(stopped_by(&journal).map(|fault| fault.kind), Some(FaultKind::Interrupted));
    match journal.records().last() {
        Some(Record::Command(command)) => assert_eq!(command.send, Act::MakeSafe),
        other => panic!("the last record is {other:?}"),
    }
}

/// What ends the first experiment, after which the tube is rinsed.
const SILENT: &str = "silence = { instrument = \"absorption\", waited_s = 1.0 }";
const OPEN: &str = "sensor_open = { heater = \"plate\" }";
const RINSED: &str = "[procedure]\non_fault = { flush = { pump = \"pfo\", ul_per_min = 300.0, volume_ul = 500.0 } }\n\
                      [[faults.scheduled]]\nat_s = 500.0\n\
                      mishap = { MISHAP }\n\
                      [[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 2\n";

#[test]
fn after_a_fault_a_finite_volume_rinses_the_tube_with_the_heater_off_on_every_backend() {
    let dir = folder("rinsed");
    let runs = [("sim", SILENT), ("emulated", SILENT), ("sim", OPEN), ("emulated", OPEN)];
    for (i, (backend, mishap)) in runs.into_iter().enumerate() {
        let body = RINSED.replace("MISHAP", mishap);
        let file = scenario(&dir, &format!("rinsed-{i}"), "cs3cu2i5.toml", &body);
        let out = format!("{backend}-{i}");
        let args = ["run", file.to_str().unwrap(), "--backend", backend, "--out", &out];
        let stopped = run(&dir, &args);
        assert_eq!(stopped.code, Some(3), "{backend}: {}", stopped.stderr);
        let journal = read_journal(&dir.join(&out)).unwrap();
        let spoiled = journal.spoiled().next().expect("no outcome of its conditions");
        let after = journal.records().iter().filter_map(|record| match record {
            Record::Command(c) if c.at_ns >= spoiled.fault.at => Some(&c.send),
            _ => None,
        });
        let after: Vec<&Act> = after.collect();
        let safe = after.iter().position(|act| **act == Act::MakeSafe).expect("first it is safe");
        assert!(matches!(after[safe + 1], Act::HeaterOff { .. }), "{backend}: {after:?}");
        let volumes = after[safe..].iter().filter_map(|act| match act {
            Act::Dispense { pump, at_most_ul, .. } => Some((pump.as_str(), at_most_ul.ul())),
            _ => None,
        });
        assert_eq!(volumes.collect::<Vec<_>>(), [("pfo", 500.0)], "{backend}");
        let rinsed_s = spoiled.ended_ns.since(spoiled.fault.at).as_secs();
        assert!((100.0..110.0).contains(&rinsed_s), "{backend}: {rinsed_s} s");
        assert_eq!(after.last(), Some(&&Act::MakeSafe), "{backend}");
    }
}

#[test]
fn a_rinse_that_no_pump_can_do_is_refused_by_check() {
    let dir = folder("rinse-refused");
    for (key, wrong, told) in [
        ("pfo", "pf0", "there is no pump `pf0`"),
        ("volume_ul = 500.0", "volume_ul = 0.0", "volume_ul = 0 is outside 1 to 100000 µL"),
    ] {
        let body = RINSED.replace("MISHAP", SILENT).replacen(key, wrong, 1);
        let file = scenario(&dir, "refused", "cs3cu2i5.toml", &body);
        let checked = run(&dir, &["check", file.to_str().unwrap()]);
        assert_eq!(checked.code, Some(2), "{}", checked.stderr);
        assert!(checked.stderr.contains(told), "{}", checked.stderr);
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
    let mut rig = Stuck { lab: scenario.simulated().unwrap().lab(seed), told: Vec::new() };
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
