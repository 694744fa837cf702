//! The flag that leads to a rig: rehearsal, certificate, question, and the mark of what is simulated, tried on emulated
//! instruments in a process of their own.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use flowtwin_backends::wiring::Link;
use flowtwin_campaign::folder::read_journal;

use crate::served::Served;
use crate::support::{Done, done, flowtwin, folder, root, run, scenario};

/// Lab time in a second of wall time.
const SPEED: f64 = 1000.0;

fn body(experiments: u32) -> String {
    format!("[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = {experiments}\n")
}

/// A folder with a scenario, and the rig it is for.
struct Rig {
    dir: PathBuf,
    file: PathBuf,
    served: Served,
}

impl Rig {
    fn new(name: &str, experiments: u32) -> Self {
        let dir = folder(name);
        let file = scenario(&dir, "few", "cs3cu2i5.toml", &body(experiments));
        let wiring_file = root().join("scenarios/wirings/cs3cu2i5.toml");
        let served = Served::start(&dir, &file, &wiring_file, SPEED);
        Self { dir, file, served }
    }

    /// Runs the campaign, or goes on with it.
    fn campaign(&self) -> Done {
        done(self.served.campaign(&self.dir, &self.file).output().expect("it starts"))
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).expect("a file")
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.dir.join(name), text).expect("a file can be written");
    }
}

#[test]
fn a_campaign_is_rehearsed_first_and_shown_beside_what_was_expected() {
    let rig = Rig::new("rig-rehearsed", 2);
    let ran = rig.campaign();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let order = ["Rehearsed in simulation", "set points", "needs mL", "limits  ", "expected)"];
    let places: Vec<_> = order.iter().filter_map(|words| ran.stderr.find(words)).collect();
    assert!(places.len() == order.len() && places.is_sorted(), "{}", ran.stderr);
    let journal = read_journal(&rig.dir.join("run")).unwrap();
    assert!(journal.header().simulated && journal.complete());
    let summary: serde_json::Value = serde_json::from_str(&rig.text("run/summary.json")).unwrap();
    assert_eq!((&summary["backend"], &summary["simulated"]), (&"hardware".into(), &true.into()));

    // The same conditions on the rig once more: differences per feature, in the terminal and the report.
    let wired = rig.dir.join("wired.toml");
    let wired = wired.to_str().expect("a path");
    let args = ["replay", "run", "--backend", "hardware", "--yes", "--out", "again", "--wiring"];
    let again = run(&rig.dir, &[&args[..], &[wired]].concat());
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert!(again.stdout.contains("Repeats 2 experiments."), "{}", again.stdout);
    assert!(rig.text("again/report.html").contains("Then and now"));
    let summary: serde_json::Value = serde_json::from_str(&rig.text("again/summary.json")).unwrap();
    let shift = &summary["repeat"]["features"][0]["shift"];
    assert!(["low", "value", "high"].iter().all(|end| shift[end].is_number()), "{shift}");
}

/// The second would lead the campaigns of the first to its own instruments.
#[test]
fn the_wiring_file_of_emulated_instruments_has_one_writer() {
    let rig = Rig::new("wired-twice", 1);
    let before = rig.text("wired.toml");
    let wiring = root().join("scenarios/wirings/cs3cu2i5.toml");
    let args = ["emulate", wiring.to_str().unwrap(), "--scenario", rig.file.to_str().unwrap()];
    for wired in ["wired.toml", "./wired.toml"] {
        let second = run(&rig.dir, &[&args[..], &["--wired", wired]].concat());
        assert_eq!(second.code, Some(2), "{}", second.stderr);
        let holder = format!("wired.toml: in use by process {} since 20", rig.served.process.id());
        assert!(second.stderr.contains(&holder), "{}", second.stderr);
        assert!(second.stdout.is_empty() && rig.text("wired.toml") == before);
    }
}

#[test]
fn a_certificate_that_does_not_fit_stops_everything() {
    let rig = Rig::new("rig-certificate", 1);
    assert_eq!(rig.campaign().code, Some(0));
    let certificate = rig.text("run/rehearsal.json");
    let journal = rig.text("run/journal.jsonl");

    rig.put(
        "run/rehearsal.json",
        &certificate.replacen("\"experiments\": 1", "\"experiments\": 9", 1),
    );
    let edited = rig.campaign();
    assert_eq!(edited.code, Some(2), "{}", edited.stderr);
    assert!(edited.stderr.contains("changed by hand"), "{}", edited.stderr);

    rig.put("run/rehearsal.json", &certificate);
    let wired = rig.text("wired.toml");
    rig.put("wired.toml", &format!("{wired}\n# another cable\n"));
    let other_wiring = rig.campaign();
    assert_eq!(other_wiring.code, Some(2), "{}", other_wiring.stderr);
    assert!(
        other_wiring.stderr.contains("another version of the wiring file"),
        "{}",
        other_wiring.stderr
    );

    assert!(other_wiring.stderr.contains("remove the certificate"), "{}", other_wiring.stderr);

    rig.put("wired.toml", &wired);
    scenario(&rig.dir, "few", "cs3cu2i5.toml", &format!("{}\n[guard]\ntick_s = 4.0\n", body(1)));
    let other_limits = rig.campaign();
    assert_eq!(other_limits.code, Some(2), "{}", other_limits.stderr);
    assert_eq!(rig.text("run/journal.jsonl"), journal, "nothing was done");

    // Another cable that is meant is rehearsed anew.
    scenario(&rig.dir, "few", "cs3cu2i5.toml", &body(1));
    rig.put("wired.toml", &format!("{wired}\n# another cable\n"));
    fs::remove_file(rig.dir.join("run/rehearsal.json")).unwrap();
    let anew = rig.campaign();
    assert_eq!(anew.code, Some(0), "{}", anew.stderr);
}

#[test]
fn nobody_to_ask_is_no_yes() {
    let rig = Rig::new("rig-asked", 1);
    let mut command = flowtwin(&rig.dir);
    command.arg("run").arg(&rig.file).args(["--backend", "hardware", "--out", "run"]);
    command.args(["--wiring", "wired.toml"]).stdin(Stdio::null());
    let asked = done(command.output().unwrap());
    assert_eq!(asked.code, Some(2), "{}", asked.stderr);
    assert!(asked.stderr.contains("nobody is there to be asked"), "{}", asked.stderr);
    assert!(!rig.dir.join("run/journal.jsonl").exists());
}

#[test]
fn the_mark_of_emulated_instruments_cannot_be_taken_off() {
    let rig = Rig::new("rig-marked", 1);
    let is_mark = |line: &&str| line.starts_with("simulated") || line.starts_with("clock");
    let wired = rig.text("wired.toml");
    let real: Vec<&str> = wired.lines().filter(|line| !is_mark(line)).collect();
    rig.put("wired.toml", &real.join("\n"));
    let passed_off = rig.campaign();
    assert_eq!(passed_off.code, Some(2), "{}", passed_off.stderr);
    assert!(passed_off.stderr.contains("an emulated instrument"), "{}", passed_off.stderr);
    assert!(!rig.dir.join("run/journal.jsonl").exists());

    // What a run has recorded is chained: another word breaks it.
    rig.put("wired.toml", &wired);
    assert_eq!(rig.campaign().code, Some(0));
    let journal = rig.text("run/journal.jsonl");
    rig.put("run/journal.jsonl", &journal.replacen("\"simulated\":true", "\"simulated\":false", 1));
    let report = run(&rig.dir, &["report", "run"]);
    assert_ne!(report.code, Some(0), "{}", report.stdout);
}

#[test]
fn instruments_are_found_without_a_wiring_file() {
    let rig = Rig::new("rig-discovered", 1);
    let Some(Link::Serial(port)) = &rig.served.wiring().chemyx["cui"].link else {
        panic!("a pump on a serial port")
    };
    let lines = format!("[chemyx.NAME]\nlink.serial = {{ port = {:?}, baud = 9600 }}", port.port);
    let asked = || run(&rig.dir, &["discover", &port.port, "--adapter", "127.0.0.1"]);
    // A busy machine may hold up the instruments longer than this question waits.
    let mut found = asked();
    for _ in 0..20 {
        if [&lines, "[hdx.NAME]\nlink.tcp = \"127.0.0.1:"].iter().all(|l| found.stdout.contains(*l))
        {
            break;
        }
        found = asked();
    }
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    assert!(found.stdout.contains(&lines), "{}", found.stdout);
    assert!(found.stdout.contains("[hdx.NAME]\nlink.tcp = \"127.0.0.1:"), "{}", found.stdout);
}

#[test]
fn a_cable_too_slow_for_spectra_is_refused_before_anything_is_done() {
    let dir = folder("rig-slow");
    let file = scenario(&dir, "few", "cs3cu2i5.toml", &body(1));
    let wiring_file = root().join("scenarios/wirings/serial-only.toml");
    let (file, wiring_file) = (file.to_str().unwrap(), wiring_file.to_str().unwrap());
    let slow = run(&dir, &["run", file, "--backend", "hardware", "--yes", "--wiring", wiring_file]);
    assert_eq!(slow.code, Some(2), "{}", slow.stderr);
    assert!(slow.stderr.contains("300 spectra take 14 s"), "{}", slow.stderr);
    assert!(!dir.join("runs").exists());
}
