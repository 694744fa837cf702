//! One trial of the table: something befalls the rig in its second experiment, and what becomes of it.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use flowtwin_backends::Wiring;
use flowtwin_backends::emulator::Ailment;
use flowtwin_backends::emulator::faulty::Mischief;
use flowtwin_campaign::campaign::{Campaign as InSimulation, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Journal, Record, Writer, read};
use flowtwin_lab::{Command, Instant, PumpId};

use super::others::meddle;
use super::rig::{Fate, Rig, signal};
use super::world::{Lie, Seen, Truth};
use crate::support::{folder, root, scenario};

const BODY: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\n";

/// How often a trial is made that the machine has spoiled.
const TRIES: usize = 5;
/// Frames are no farther from what an observation without a flag says, also where a thermometer slips by 0.8 K/min and is found
/// up to 20 minutes later [K].
const MOST_K: f64 = 3.0;
/// How long a fault of a wire lasts, in lab time, and how long somebody lies: until frames are taken \[s\].
const LASTS_S: f64 = 60.0;
const LIES_S: f64 = 900.0;
/// How long a thermometer sticks or slips \[s\].
const SLOW_LIES_S: f64 = 1_800.0;
/// So long after the pumps have started the fault begins \[s\].
const AFTER_S: f64 = 40.0;
/// So long after the heater has been turned on a thermometer sticks \[s\].
const HEATING_S: f64 = 120.0;

/// By which cables instruments are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cables {
    Tcp,
    Serial,
    /// Serial, with a heater and a pump whose protocols are files.
    Files,
    /// Serial, with a heater and a pump behind programs.
    Programs,
}

/// To whom it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    Heater,
    Pump,
    Spectrometer,
    Light,
    Everything,
    Campaign,
    Watch,
    Both,
    /// The program in front of the heater.
    Program,
}

/// The programs of the trials, of `examples/instruments`.
const HEATER_PROGRAM: &str = "eurotherm.py";
const PUMP_PROGRAM: &str = "chemyx.py";

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Hang,
    Kill,
    Cut,
    Garble,
    Lie(Lie),
    /// Somebody else changes a set point or a rate, at the same cable.
    Meddle,
    /// Ctrl-C.
    Ask,
}

/// A trial.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) whom: Whom,
    pub(crate) what: What,
    pub(crate) cables: Cables,
}

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// From the fault until the heater was off, on the clock of the rig \[s\]; none where it stayed on because nothing was
    /// wrong with what matters.
    pub(crate) off_s: Option<f64>,
    pub(crate) end: String,
}

/// The wiring of the reference rig with one kind of cables.
pub(crate) fn wiring(cables: Cables) -> Wiring {
    let name = match cables {
        Cables::Tcp => "cs3cu2i5.toml",
        Cables::Serial => "serial-only.toml",
        Cables::Files | Cables::Programs => return without_rust(cables == Cables::Programs),
    };
    let text = fs::read_to_string(root().join("scenarios/wirings").join(name)).unwrap();
    let mut wiring = Wiring::parse(&text).unwrap();
    if cables == Cables::Tcp {
        let pumps: Vec<String> = wiring.chemyx.keys().cloned().collect();
        for pump in pumps {
            wiring.set_link(&pump, flowtwin_backends::wiring::Link::Tcp("emulated".into()));
        }
    }
    wiring
}

/// The wiring of the reference rig with a heater and a pump by file, or behind programs.
fn without_rust(programs: bool) -> Wiring {
    let folder = root().join("examples/instruments");
    let folder = folder.to_str().unwrap();
    let section = |name: &str, kind: &str, program: &str, file: &str| match programs {
        true => format!(
            "[program.{name}]\nkind = \"{kind}\"\ncommand = \"python3 {program} {{port}}\"\nfolder = {folder:?}\n\
             speaks.protocol = {{ file = \"{file}\" }}\n"
        ),
        false => format!("[protocol.{name}]\nfile = \"{file}\"\n"),
    };
    let built_in = ["oa_cu", "oam", "ode_cu", "cs", "oa_cs", "ode_cs", "pfo"];
    let mut text = "schema = 1\n".to_owned();
    text.extend(built_in.map(|pump| format!("[chemyx.{pump}]\n")));
    text += &section("cui", "pump", PUMP_PROGRAM, "chemyx-fusion");
    text += &section("plate", "heater", HEATER_PROGRAM, "eurotherm-2000");
    text += "[dc2200.led]\ncurrent_a = 0.35\n[hdx.emission]\n[hdx.absorption]\nlamp = \"lamp\"\n";
    Wiring::parse(&text).unwrap()
}

/// The instruments of a wiring file that something happens to.
pub(crate) fn instruments(wiring: &Wiring, whom: Whom) -> Vec<String> {
    let named = |name: &str| {
        let other = wiring.program.contains_key(name) || wiring.protocol.contains_key(name);
        other.then(|| name.to_owned())
    };
    let pumps = named("cui").into_iter().chain(wiring.chemyx.keys().cloned());
    let lights = || wiring.dc2200.keys().chain(wiring.dc4100.keys()).cloned();
    match whom {
        Whom::Heater => wiring.f4t.keys().cloned().chain(named("plate")).collect(),
        Whom::Pump => pumps.take(1).collect(),
        Whom::Spectrometer => vec!["absorption".into()],
        Whom::Light => lights().collect(),
        Whom::Everything => {
            let all = pumps.chain(wiring.f4t.keys().cloned()).chain(wiring.hdx.keys().cloned());
            all.chain(lights()).collect()
        }
        Whom::Campaign | Whom::Watch | Whom::Both | Whom::Program => Vec::new(),
    }
}

impl What {
    pub(crate) fn mischief(self) -> Option<Mischief> {
        match self {
            Self::Hang => Some(Mischief::Drop),
            Self::Kill => Some(Mischief::Device(Ailment::PowerLoss)),
            Self::Cut => Some(Mischief::Disconnect),
            Self::Garble => Some(Mischief::Corrupt),
            Self::Lie(_) | Self::Meddle | Self::Ask => None,
        }
    }
}

/// A folder for a trial, and its scenario.
pub(crate) fn place(name: &str) -> (PathBuf, PathBuf) {
    place_with(name, "")
}

/// The same with more keys before its phases, which change nothing before something befalls it.
pub(crate) fn place_with(name: &str, keys: &str) -> (PathBuf, PathBuf) {
    place_of(name, keys, 2)
}

fn place_of(name: &str, keys: &str, experiments: usize) -> (PathBuf, PathBuf) {
    let dir = folder(&format!("table-{name}"));
    let body = format!("{keys}{BODY}experiments = {experiments}\n");
    let file = scenario(&dir, "two", "cs3cu2i5.toml", &body);
    (dir, file)
}

/// The moment at which the fault begins, if nothing goes otherwise than in simulation: liquid flows in the second experiment.
pub(crate) fn moment_s(file: &std::path::Path) -> f64 {
    moments_s(file).1
}

/// The moment at which the plate warms up for the first experiment, and that at which liquid flows in the second \[s\].
fn moments_s(file: &std::path::Path) -> (f64, f64) {
    static KNOWN: OnceLock<(f64, f64)> = OnceLock::new();
    *KNOWN.get_or_init(|| simulated_moments_s(file))
}

fn simulated_moments_s(file: &std::path::Path) -> (f64, f64) {
    let scenario = Scenario::load(file).unwrap();
    let (seed, never) = (scenario.file().seed, std::sync::atomic::AtomicBool::new(false));
    let campaign = InSimulation::new(&scenario, seed, std::num::NonZeroUsize::MIN, &never);
    let ran = campaign.run(
        scenario.simulated().unwrap().lab(seed),
        Writer::new(Vec::new()),
        None,
        &mut Silent,
    );
    let journal = read(ran.unwrap().1.sink()).unwrap();
    let second = journal.experiments().nth(1).unwrap().started_ns;
    let pumped = |record: &Record| match record {
        Record::Command(c) if c.at_ns > second => {
            matches!(c.send, Command::Dispense { .. }).then_some(c.at_ns)
        }
        _ => None,
    };
    let heated = |record: &Record| match record {
        Record::Command(c) => matches!(c.send, Command::Heat { .. }).then_some(c.at_ns),
        _ => None,
    };
    let warms = journal.records().iter().find_map(heated).expect("the plate is heated");
    let flows = journal.records().iter().find_map(pumped).expect("liquid flows");
    (warms.as_secs() + HEATING_S, flows.as_secs() + AFTER_S)
}

impl Cell {
    /// What it is called.
    pub(crate) fn name(&self) -> String {
        format!("{:?}-{:?}-{:?}", self.whom, self.what, self.cables).replace(['(', ')'], "-")
    }

    /// Lets it happen. Where the machine was so busy that instruments in order did not answer before, the heater is off when
    /// it happens: that is no trial, and it is made again.
    pub(crate) fn run(&self) -> Outcome {
        (0..TRIES).find_map(|_| self.tried()).expect("a machine that is not always too busy")
    }

    /// Number of experiments: a thermometer that slips is found after some of them.
    fn experiments(&self) -> usize {
        if self.what == What::Lie(Lie::Slips) { 5 } else { 2 }
    }

    fn tried(&self) -> Option<Outcome> {
        let (dir, file) = place_of(&self.name(), "", self.experiments());
        let (warms_s, flows_s) = match self.what {
            What::Lie(Lie::Slips) => simulated_moments_s(&file),
            _ => moments_s(&file),
        };
        let from = if self.what == What::Lie(Lie::Sticks) { warms_s } else { flows_s };
        let wiring = wiring(self.cables);
        let mischief = self.what.mischief();
        let wires = instruments(&wiring, self.whom);
        let wires = wires.into_iter().filter_map(|name| Some((name, mischief?))).collect();
        let lie = if let What::Lie(lie) = self.what { Some(lie) } else { None };
        let lasts_s = match lie {
            Some(Lie::Sticks | Lie::Slips) => SLOW_LIES_S,
            Some(_) => LIES_S,
            None => LASTS_S,
        };
        let when = (from, from + lasts_s);
        let rig = Rig::serve(dir, file, wiring, &Fate { when, wires, lie, in_real_time: false });
        let mut campaign = rig.start();
        rig.until("the fault", |known| known.first(0, |it| *it == Seen::Fault).is_some());
        let watch = campaign.watch();
        if !rig.known().was_hot {
            eprintln!("{}: once more, {}", self.name(), last_word(&rig));
            campaign.kill();
            return None;
        }
        self.strike(&rig, campaign.process(), watch);
        let code = campaign.ended(&rig, watch);
        Some(self.look(&rig, code))
    }

    /// Hangs or kills processes, or does what somebody else does; a process that hangs goes on when the heater is off.
    fn strike(&self, rig: &Rig, campaign: u32, watch: Option<u32>) {
        if self.what == What::Meddle {
            return meddle(rig, self.whom);
        }
        if self.whom == Whom::Program {
            let program = child_of(campaign, HEATER_PROGRAM).expect("it drives the heater");
            return signal(program, if self.what == What::Kill { "-KILL" } else { "-STOP" });
        }
        let watch = watch.expect("a watch");
        let struck = match self.whom {
            Whom::Campaign => vec![campaign],
            Whom::Watch => vec![watch],
            Whom::Both => vec![campaign, watch],
            _ => return,
        };
        match self.what {
            What::Kill => struck.iter().for_each(|process| signal(*process, "-KILL")),
            What::Ask => struck.iter().for_each(|process| signal(*process, "-INT")),
            _ if self.whom == Whom::Both => {
                struck.iter().for_each(|process| signal(*process, "-STOP"));
                let begun = rig.known().wall_s;
                rig.until("half a minute", |known| known.wall_s > begun + 30.0);
                struck.iter().for_each(|process| signal(*process, "-CONT"));
            }
            _ => {
                signal(struck[0], "-STOP");
                rig.until("the end of heat", |known| !known.hot);
                // A campaign that keeps the port of the heater may have been ended by its watch.
                let _gone = std::process::Command::new("kill")
                    .args(["-CONT", &struck[0].to_string()])
                    .stderr(std::process::Stdio::null())
                    .status();
            }
        }
    }

    /// What became of it; then the campaign goes on, and must come to its end.
    fn look(&self, rig: &Rig, code: Option<i32>) -> Outcome {
        let name = self.name();
        let (off_s, hot, running) = {
            let known = rig.known();
            // What a watch waits for is told by the clock on the wall, however fast lab time passes.
            let process = matches!(self.whom, Whom::Campaign | Whom::Watch | Whom::Both);
            (known.off_s(process), known.hot, known.flows(known.now))
        };
        assert!(!hot, "{name}: the heater is on when everybody has gone: {}", rig.said());
        assert!(running.is_empty(), "{name}: {running:?} run when everybody has gone");
        let journal = rig.journal();
        nothing_false(&name, rig, &journal, 0);
        nothing_untold(&name, rig, &journal, usize::from(self.what == What::Meddle));
        let killed = self.whom == Whom::Campaign || self.whom == Whom::Both;
        let mut end = match code {
            Some(0) => "completed".to_owned(),
            Some(3) => format!("safe: {}", last_word(rig)),
            Some(130) if self.what == What::Ask => "interrupted, safe".into(),
            None if killed => "killed, safe".into(),
            other => panic!("{name}: ended with {other:?}: {}", rig.said()),
        };
        let spoiled = journal.spoiled().count();
        let failed = journal.experiments().filter(|e| e.fault.is_some()).count();
        for (count, word) in [(spoiled, "repeated"), (failed, "failed")] {
            if count > 0 {
                end += &format!(", {count} {word}");
            }
        }
        if code != Some(0) {
            rig.until("the end of the fault", |known| {
                known.first(0, |it| *it == Seen::Cured).is_some()
            });
            let again = rig.start().ended(rig, None);
            assert_eq!(again, Some(0), "{name}, resumed: {}", rig.said());
            let resumed = rig.journal();
            assert!(resumed.bytes().starts_with(journal.bytes()), "{name}: what was done is lost");
            nothing_false(&name, rig, &resumed, journal.records().len());
            nothing_untold(&name, rig, &resumed, usize::from(self.what == What::Meddle));
        }
        whole(&name, &rig.journal(), self.experiments());
        Outcome { off_s, end }
    }
}

/// The process that `parent` has started and whose command contains `word`.
fn child_of(parent: u32, word: &str) -> Option<u32> {
    // Programs are started by the threads of their cables.
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).ok()?.filter_map(Result::ok);
    let of_task = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let all: Vec<String> = of_task.collect();
    all.join(" ").split_whitespace().filter_map(|process| process.parse().ok()).find(
        |process: &u32| {
            let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).contains(word)
        },
    )
}

/// The last error that the campaign told.
pub(crate) fn last_word(rig: &Rig) -> String {
    let said = rig.said();
    let line = said.lines().rev().find(|line| line.starts_with("error: ")).unwrap_or_default();
    line.chars().skip(7).take(90).collect()
}

/// Every start of a pump that really happened is in the journal, but for so many of somebody else's.
pub(crate) fn nothing_untold(name: &str, rig: &Rig, journal: &Journal, others: usize) {
    let told = |pump: &PumpId| {
        let starts = journal.records().iter().filter(|record| match record {
            Record::Intended(it) => {
                matches!(&it.send, Command::Dispense { pump: p, .. } if p == pump)
            }
            _ => false,
        });
        starts.count()
    };
    for (pump, starts) in &rig.known().starts {
        let told = told(pump);
        assert!(*starts <= told + others, "{name}: {pump} was started {starts} times, told {told}");
    }
}

/// Every experiment once and in order.
fn whole(name: &str, journal: &Journal, experiments: usize) {
    let numbers: Vec<u64> = journal.experiments().map(|e| e.experiment).collect();
    let each_once = numbers.iter().copied().eq(1..=experiments as u64);
    assert!(journal.complete() && each_once, "{name}: {numbers:?}");
    let proposed = journal.records().iter().filter(|r| matches!(r, Record::Proposal(_))).count();
    assert!(proposed >= experiments, "{name}: {proposed} proposals");
}

/// No observation without a flag whose conditions were not what it says: wherever frames were taken the world was as it had
/// been told to be. Looks at what stands behind the first `from` records, which one process has written.
fn nothing_false(name: &str, rig: &Rig, journal: &Journal, from: usize) {
    let mine = &journal.records()[from..];
    let Some(shift) = shift(rig, mine) else { return };
    let good = mine.iter().filter_map(|record| match record {
        Record::Experiment(e) if e.fault.is_none() && e.quality.flags().is_empty() => Some(e),
        _ => None,
    });
    for experiment in good {
        let (mut set_c, mut rates) = (f64::NAN, std::collections::BTreeMap::new());
        for record in mine {
            let Record::Command(command) = record else { continue };
            match &command.send {
                Command::Heat { set_point_c, .. } => set_c = set_point_c.c(),
                Command::Dispense { pump, rate_ul_per_min, .. } => {
                    rates.insert(pump.clone(), rate_ul_per_min.ul_per_min());
                }
                Command::Stop { pump } => drop(rates.remove(pump)),
                Command::MakeSafe => rates.clear(),
                Command::Arm { .. } if command.at_ns >= experiment.started_ns => {
                    if command.at_ns > experiment.ended_ns {
                        break;
                    }
                    let Some(truth) = truth(rig, command.at_ns.as_secs() + shift) else { continue };
                    let number = experiment.experiment;
                    let off_k = (truth.plate_c - set_c).abs();
                    assert!(off_k < MOST_K, "{name}: experiment {number} is ok, {off_k:.1} K off");
                    for (pump, rate) in &rates {
                        let really = truth.rates.get(pump).copied().unwrap_or(0.0);
                        assert!(
                            (really - rate).abs() <= 0.01 * rate,
                            "{name}: experiment {number} is ok, {pump} ran at {really}, not {rate}"
                        );
                    }
                }
                _ => {}
            }
        }
    }
}

/// From the time of a campaign to that of the world \[s\], by the last frames of both.
fn shift(rig: &Rig, mine: &[Record]) -> Option<f64> {
    let armed = |record: &Record| match record {
        Record::Command(c) if matches!(c.send, Command::Arm { .. }) => Some(c.at_ns.as_secs()),
        _ => None,
    };
    let told = mine.iter().rev().find_map(armed)?;
    let known = rig.known();
    let frames = known.log.iter().rev().find(|entry| matches!(entry.what, Seen::Frames(_)));
    frames.map(|entry| entry.at.as_secs() - told)
}

/// What the world was like when frames were begun at this moment, if any were.
fn truth(rig: &Rig, at_s: f64) -> Option<Truth> {
    let near = |at: Instant| (at.as_secs() - at_s).abs() < 1.0;
    rig.known().log.iter().find_map(|entry| match &entry.what {
        Seen::Frames(truth) if near(entry.at) => Some(truth.clone()),
        _ => None,
    })
}
