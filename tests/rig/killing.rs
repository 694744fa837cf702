//! Campaigns on an emulated rig that are killed, again and again.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use flowtwin_backends::codec::f4t as register;
use flowtwin_backends::codec::modbus::Framing;
use flowtwin_backends::codec::modbus::WordOrder;
use flowtwin_backends::driver::chemyx::Chemyx;
use flowtwin_backends::driver::modbus::ModbusHost;
use flowtwin_backends::instrument::Pump as _;
use flowtwin_backends::transport::{Dialog, SerialPort, TcpWire};
use flowtwin_backends::wiring::Link;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Journal, Record, read};
use flowtwin_lab::{Command, Streams};

use crate::served::{Served, simulated};
use crate::support::{done, root};

/// Longest time that an instrument which is in order takes to answer on a machine that is busy with something else.
const PATIENT: Duration = Duration::from_secs(60);

/// How much a campaign writes on from a moment that is worth a kill, at most: what one experiment does.
const MOST_BYTES: f64 = 60_000.0;

/// What a kill found and what it left.
#[derive(Debug)]
pub(crate) struct Kill {
    /// Wall time from the start of the program \[s\].
    pub(crate) after_s: f64,
    /// Set point of the heater when it was killed [°C]; none where control was off.
    pub(crate) set_point_c: Option<f32>,
    /// Pumps that had last been told to run.
    pub(crate) pumps: usize,
    /// Experiments in the journal.
    pub(crate) experiments: usize,
    /// Bytes of a torn last line.
    pub(crate) torn: usize,
    /// Wall time from the kill until the heater was at its safe set point or off \[s\].
    pub(crate) heater_s: f64,
    /// Wall time from the kill until every pump had shown that it stands still \[s\].
    pub(crate) pumps_s: f64,
}

impl std::fmt::Display for Kill {
    /// A row of a table: moment, set point, pumps, experiments, torn bytes, time until cold, time until still.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let set_point = self.set_point_c.map_or("off".into(), |c| format!("{c:.1}"));
        let Self { after_s, pumps, experiments, torn, heater_s, pumps_s, .. } = self;
        write!(f, "| {after_s:.2} | {set_point} | {pumps} | {experiments} | {torn} | ")?;
        write!(f, "{heater_s:.2} | {pumps_s:.2} |")
    }
}

/// A third party at the instruments: neither the campaign nor its watch.
struct Witness {
    oven: ModbusHost,
    pumps: Vec<String>,
    safe_c: f32,
}

impl Witness {
    fn new(served: &Served, scenario: &Path) -> Self {
        let wiring = served.wiring();
        let Some(Link::Tcp(oven)) = &wiring.f4t["oven"].link else { panic!("an oven on TCP") };
        let dialog = Dialog::new(Box::new(TcpWire::new(oven, PATIENT)), PATIENT);
        let port = |link: &Option<Link>| match link {
            Some(Link::Serial(settings)) => settings.port.clone(),
            other => panic!("a pump at {other:?}"),
        };
        let scenario = Scenario::load(scenario).expect("a scenario");
        Self {
            oven: ModbusHost::new(dialog, Framing::Tcp, 1),
            pumps: wiring.chemyx.values().map(|pump| port(&pump.link)).collect(),
            safe_c: scenario.manifest().heaters[0].safe_c as f32,
        }
    }

    /// The set point in the controller, and whether it controls.
    fn oven(&mut self) -> (f32, bool) {
        let words = self.oven.read(register::SET_POINT, 2).expect("the oven answers");
        let mode = self.oven.read(register::MODE, 1).expect("the oven answers")[0];
        (WordOrder::LowFirst.join([words[0], words[1]]), mode != register::OFF)
    }

    /// Waits until the heater is at its safe set point or off, as long as the watch is there to see to it.
    fn until_cold(&mut self, killed: Instant, watch: Option<u32>) -> f64 {
        loop {
            let watched = watch.is_some_and(is_alive);
            let (set_point, on) = self.oven();
            if !on || set_point <= self.safe_c {
                return killed.elapsed().as_secs_f64();
            }
            assert!(watched, "nobody is there any more, and the heater is on, at {set_point} °C");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the watch has gone, which holds the ports of the pumps: then every pump must stand still and the heater
    /// be off.
    fn until_still(&mut self, killed: Instant, watch: Option<u32>) -> f64 {
        while watch.is_some_and(is_alive) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let (set_point, on) = self.oven();
        assert!(!on, "the watch has gone and left the heater on, at {set_point} °C");
        for port in &self.pumps {
            let settings = flowtwin_backends::transport::SerialSettings::at(port);
            let dialog = Dialog::new(Box::new(SerialPort::new(settings)), PATIENT);
            let status = Chemyx::new(dialog, 20.0).status();
            assert_eq!(status, Ok(0), "{port}: the watch has gone");
        }
        killed.elapsed().as_secs_f64()
    }
}

/// The watch that a program has started.
pub(crate) fn watch_of(program: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{program}/task/{program}/children"));
    children.ok()?.split_whitespace().next()?.parse().ok()
}

/// Whether a process is there and has not ended.
pub(crate) fn is_alive(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

/// Pumps that have last been told to run.
fn running(journal: &Journal) -> usize {
    let mut running = BTreeSet::new();
    for record in journal.records() {
        let Record::Command(command) = record else { continue };
        match &command.send {
            Command::Dispense { pump, .. } => drop(running.insert(pump.clone())),
            Command::Stop { pump } => drop(running.remove(pump)),
            Command::MakeSafe => running.clear(),
            _ => {}
        }
    }
    running.len()
}

/// Bytes of the journal.
fn length(dir: &Path) -> u64 {
    std::fs::metadata(dir.join("run/journal.jsonl")).map_or(0, |file| file.len())
}

/// Waits until `program` is worth killing: one in four at any moment, one in four once the rig is hot, the others once
/// the campaign has gone on by so many bytes.
fn wait_for_work(witness: &mut Witness, dir: &Path, turn: usize, more: u64, program: u32) {
    let there = length(dir);
    let mut at_work = || match turn % 4 {
        0 => true,
        1 => witness.oven().1,
        _ => length(dir) > there + more,
    };
    while !at_work() && is_alive(program) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs a campaign on a rig of emulated instruments in another process, kills it at random moments, those in the beginning up
/// to `within` after its start, each time looks whether the rig becomes safe, and resumes it, until it is done.
pub(crate) fn kill_again_and_again(
    dir: &Path,
    scenario: &Path,
    speed: f64,
    (times, within): (usize, Duration),
) -> Vec<Kill> {
    let wiring_file = root().join("scenarios/wirings/cs3cu2i5.toml");
    let served = Served::start(dir, scenario, &wiring_file, speed);
    let mut witness = Witness::new(&served, scenario);
    let mut moments = Streams::new(20).open("kill", 0);
    let (mut kills, mut kept) = (Vec::new(), Vec::new());
    while kills.len() < times {
        let mut command = served.campaign(dir, scenario);
        let log = std::fs::File::create(dir.join("killed.log")).expect("a log");
        let begun = Instant::now();
        let mut program = command.stdout(Stdio::null()).stderr(log).spawn().expect("it starts");
        let (turn, moment) = (kills.len(), moments.uniform());
        wait_for_work(&mut witness, dir, turn, (MOST_BYTES * moment) as u64, program.id());
        if turn % 4 == 0 {
            std::thread::sleep(within.mul_f64(moment));
        }
        let (set_point, on) = witness.oven();
        let watch = watch_of(program.id());
        program.kill().expect("a child can be killed");
        let killed = Instant::now();
        let status = program.wait().expect("a killed child ends");
        match status.code() {
            None => {}
            // A fault has ended it, safe.
            Some(3) => continue,
            // It had come to its end: what is left to kill is a new campaign.
            Some(0) => {
                nothing_is_lost_or_done_twice(&journal(dir).expect("a journal"), &kept, scenario);
                std::fs::remove_dir_all(dir.join("run")).expect("a folder can be removed");
                kept.clear();
                continue;
            }
            Some(_) => panic!("{}", log_of(dir)),
        }
        let heater_s = witness.until_cold(killed, watch);
        let pumps_s = witness.until_still(killed, watch);
        let journal = journal(dir);
        let whole: &[u8] = journal.as_ref().map_or(&[], |j| j.bytes());
        assert!(whole.starts_with(&kept), "something that the rig did is lost");
        kept = whole.to_vec();
        let kill = Kill {
            after_s: (killed - begun).as_secs_f64(),
            set_point_c: on.then_some(set_point),
            pumps: journal.as_ref().map_or(0, running),
            experiments: journal.as_ref().map_or(0, |j| j.experiments().count()),
            torn: journal.as_ref().map_or(0, Journal::torn),
            heater_s,
            pumps_s,
        };
        println!("{kill}");
        kills.push(kill);
    }
    for _ in 0..20 {
        let last = done(served.campaign(dir, scenario).output().expect("the command starts"));
        match last.code {
            Some(0) => break,
            Some(3) => eprintln!("{}", last.stderr.lines().rev().nth(1).unwrap_or_default()),
            _ => panic!("{}", last.stderr),
        }
    }
    nothing_is_lost_or_done_twice(&journal(dir).expect("a journal"), &kept, scenario);
    kills
}

/// Runs a campaign in a process group of its own, as a terminal does, and sends a signal to the whole group once the heater
/// is on; returns its exit code and what it said, once the rig has become safe.
pub(crate) fn signalled(dir: &Path, scenario: &Path, signal: &str) -> (Option<i32>, String) {
    let wiring_file = root().join("scenarios/wirings/cs3cu2i5.toml");
    let served = Served::start(dir, scenario, &wiring_file, 100.0);
    let mut witness = Witness::new(&served, scenario);
    let mut command = served.campaign(dir, scenario);
    let log = std::fs::File::create(dir.join("killed.log")).expect("a log");
    let mut program = command
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("the campaign starts");
    wait_for_work(&mut witness, dir, 1, 0, program.id());
    assert!(witness.oven().1, "{}", log_of(dir));
    let watch = watch_of(program.id());
    let group = format!("-{}", program.id());
    let sent = std::process::Command::new("kill").args([signal, "--", &group]).status();
    assert!(sent.expect("kill is there").success());
    let when = Instant::now();
    witness.until_cold(when, watch);
    let status = program.wait().expect("the campaign ends");
    witness.until_still(when, watch);
    (status.code(), log_of(dir))
}

fn log_of(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("killed.log")).expect("a log")
}

fn journal(dir: &Path) -> Option<Journal> {
    read(&std::fs::read(dir.join("run/journal.jsonl")).ok()?).ok()
}

/// The finished journal goes on from what was kept, holds every experiment once, and those of the simulation.
fn nothing_is_lost_or_done_twice(journal: &Journal, kept: &[u8], scenario: &Path) {
    assert!(journal.complete() && journal.bytes().starts_with(kept));
    let numbers: Vec<u64> = journal.experiments().map(|e| e.experiment).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "each once: {numbers:?}");
    let proposed = journal.records().iter().filter_map(|record| match record {
        Record::Proposal(proposal) => Some(proposal.experiment),
        _ => None,
    });
    let proposed: Vec<u64> = proposed.collect();
    assert!(proposed.is_sorted(), "what was interrupted is proposed again at once: {proposed:?}");
    let distinct: BTreeSet<u64> = proposed.into_iter().collect();
    assert_eq!(distinct.len(), numbers.len(), "nothing else is proposed");
    let conditions: Vec<_> = journal.experiments().map(|e| e.conditions.clone()).collect();
    let first = Scenario::load(scenario).expect("a scenario").phases()[0].experiments;
    let expected = simulated(scenario, first);
    assert_eq!(conditions[..first], expected, "the design is that of the simulation");
    let failed = journal.experiments().filter(|e| e.fault.is_some()).count();
    println!("{} experiments, each once, {failed} of them failed", numbers.len());
}
