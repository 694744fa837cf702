//! A rig that does what a test has written for it, and takes down every command with its moment.

use crate::analysis::{Analysis, AnalysisSpec, Blank, Channel, ChannelKind, Feature, Measure};
use crate::analysis::{PhaseWindow, Window};
use crate::command::{Command, Exposure, Reply};
use crate::conditions::Conditions;
use crate::fault::{Fault, FaultKind};
use crate::frames::Frames;
use crate::lab::Lab;
use crate::linear::Linear;
use crate::manifest::{
    AnalyserInfo, HeaterInfo, LightInfo, Manifest, Probe, PumpInfo, SensorInfo, SensorKind,
    SpectrometerInfo,
};
use crate::path::{FlowPath, Stretch};
use crate::procedure::{FlushRate, FlushSpec, Procedure, ProcedureSpec};
use crate::settings::Recipe;
use crate::time::{Instant, Span};
use crate::toy::ToyLab;

/// The reference spectra of the rig: all its pixels are dark.
pub(super) fn blank() -> Blank {
    Blank { reference: vec![vec![0.0; 8]; 2], stale: false }
}

/// What a command does instead of what it usually does, at a moment [s].
type Played = Box<dyn FnMut(f64, &Command) -> Option<Result<Reply, FaultKind>>>;

/// Two pumps of one stock and one of oil, two heaters, two lights and two spectrometers.
pub(super) struct Rig {
    pub(super) manifest: Manifest,
    pub(super) log: Vec<(f64, Command)>,
    now: Instant,
    running: Vec<(String, Instant, f64, f64)>,
    lit: Vec<String>,
    armed: Vec<(String, Instant, Frames)>,
    pub(super) played: Played,
}

pub(super) fn rig() -> Rig {
    Rig {
        manifest: manifest(),
        log: Vec::new(),
        now: Instant::START,
        running: Vec::new(),
        lit: Vec::new(),
        armed: Vec::new(),
        played: Box::new(|_, _| None),
    }
}

impl Rig {
    /// The commands, one a line: when [s], what.
    pub(super) fn said(&self) -> Vec<String> {
        self.log
            .iter()
            .filter_map(|(at, command)| Some(format!("{at} {}", said(command)?)))
            .collect()
    }

    /// What is told of these commands [s].
    pub(super) fn times(&self, what: &str) -> Vec<f64> {
        let is = |(at, command): &(f64, Command)| {
            said(command).is_some_and(|said| said.starts_with(what)).then_some(*at)
        };
        self.log.iter().filter_map(is).collect()
    }

    fn dispensed(&self, pump: &str) -> f64 {
        let run = self.running.iter().rfind(|run| run.0 == pump);
        run.map_or(0.0, |(_, since, rate, at_most)| {
            (rate * self.now.since(*since).as_secs() / 60.0).min(*at_most)
        })
    }

    fn usual(&mut self, command: &Command) -> Reply {
        match command {
            Command::Dispense { pump, rate_ul_per_min, at_most_ul } => {
                let (rate, at_most) = (rate_ul_per_min.ul_per_min(), at_most_ul.ul());
                self.running.push((pump.to_string(), self.now, rate, at_most));
            }
            Command::Light { light, on } => {
                self.lit.retain(|lit| lit != light.as_str());
                self.lit.extend(on.then(|| light.to_string()));
            }
            Command::Arm { spectrometer, exposure } => {
                let us = u64::from(exposure.integration_us) * u64::from(exposure.frames);
                let ready = self.now + Span::from_nanos(us * 1_000);
                let light = if spectrometer.as_str() == "eye" { "lamp" } else { "led" };
                let level = if self.lit.iter().any(|lit| lit == light) { 1_000 } else { 100 };
                let frames = Frames::new(8, vec![level; 8 * exposure.frames as usize]);
                self.armed.push((spectrometer.to_string(), ready, frames));
                return Reply::Ready(ready);
            }
            Command::Fetch { spectrometer } => {
                let armed = self.armed.iter().position(|it| it.0 == spectrometer.as_str());
                let (_, ready, frames) = self.armed.remove(armed.expect("it was armed"));
                assert!(ready <= self.now, "fetched before its time");
                return Reply::Frames(frames);
            }
            Command::Read { sensor } => return Reply::Reading(self.read(sensor.as_str())),
            Command::Inject { .. } => return Reply::Ready(self.now + Span::from_secs(30.0)),
            Command::Results { .. } => return Reply::Results(vec![0.25]),
            _ => {}
        }
        Reply::Done
    }

    fn read(&self, sensor: &str) -> f64 {
        match sensor {
            "plate.temperature" => 80.0,
            "cell.temperature" => 30.0,
            "oil.dispensed" => self.dispensed("oil"),
            "gauge" => 12.5,
            other => panic!("there is no {other}"),
        }
    }
}

fn said(command: &Command) -> Option<String> {
    Some(match command {
        Command::Dispense { pump, rate_ul_per_min, at_most_ul } => {
            format!("{pump} runs at {} for {}", rate_ul_per_min.ul_per_min(), at_most_ul.ul())
        }
        Command::Stop { pump } => format!("{pump} stops"),
        Command::Heat { heater, set_point_c } => format!("{heater} to {}", set_point_c.c()),
        Command::HeaterOff { heater } => format!("{heater} off"),
        Command::Light { light, on } => format!("{light} {}", if *on { "on" } else { "dark" }),
        Command::Arm { spectrometer, exposure } => {
            format!("{spectrometer} takes {} of {}", exposure.frames, exposure.integration_us)
        }
        Command::Fetch { spectrometer } => format!("{spectrometer} hands over"),
        Command::Inject { analyser } => format!("{analyser} takes a sample"),
        Command::Results { analyser } => format!("{analyser} has results"),
        Command::MakeSafe => "all safe".into(),
        Command::Begin { .. } => "begins".into(),
        Command::Collect => "collects".into(),
        // Readings are many.
        _ => return None,
    })
}

impl Lab for Rig {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let at = self.now.as_secs();
        self.log.push((at, command.clone()));
        match (self.played)(at, command) {
            Some(Ok(reply)) => Ok(reply),
            Some(Err(kind)) => Err(Fault::new(self.now, origin(command), kind)),
            None => Ok(self.usual(command)),
        }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.now = self.now.max(deadline);
        Ok(())
    }
}

fn origin(command: &Command) -> String {
    match command {
        Command::Dispense { pump, .. } | Command::Stop { pump } => pump.to_string(),
        Command::Light { light, .. } => light.to_string(),
        Command::Fetch { spectrometer } => spectrometer.to_string(),
        Command::Read { sensor } => sensor.to_string(),
        Command::Inject { analyser } | Command::Results { analyser } => analyser.to_string(),
        _ => "rig".into(),
    }
}

fn manifest() -> Manifest {
    let toy = ToyLab::new().manifest().clone();
    let pump = |name: &str, stock: &str| PumpInfo {
        name: name.into(),
        stock: stock.into(),
        ..toy.pumps[0].clone()
    };
    let heater = |name: &str| HeaterInfo { name: name.into(), ..toy.heaters[0].clone() };
    let eye = |name: &str| SpectrometerInfo { name: name.into(), ..toy.spectrometers[0].clone() };
    let sensor = |name: &str, kind| SensorInfo { name: name.into(), kind };
    let stretch = |name: &str, volume_ul, pumps: &[&str], reacts| Stretch {
        name: name.into(),
        volume_ul,
        pumps: pumps.iter().map(|&pump| pump.into()).collect(),
        reacts,
    };
    Manifest {
        pumps: vec![pump("a", "salt"), pump("b", "salt"), pump("oil", "oil")],
        heaters: vec![heater("plate"), heater("cell")],
        lights: vec![LightInfo { name: "lamp".into() }, LightInfo { name: "led".into() }],
        spectrometers: vec![eye("eye"), eye("ear")],
        analysers: vec![AnalyserInfo {
            name: "column".into(),
            species: vec!["salt".into()],
            run_s: 30.0,
        }],
        sensors: vec![
            sensor("plate.temperature", SensorKind::Temperature("plate".into())),
            sensor("cell.temperature", SensorKind::Temperature("cell".into())),
            sensor("oil.dispensed", SensorKind::Dispensed("oil".into())),
            sensor("gauge", SensorKind::Probe(Probe::Pressure)),
        ],
        path: FlowPath {
            stretches: vec![
                stretch("line", 40.0, &["a", "b"], false),
                stretch("tube", 80.0, &["a", "b", "oil"], true),
            ],
            ..FlowPath::default()
        },
        ..toy
    }
}

/// What a procedure of this rig measures: two spectra of the eye, one of the ear.
pub(super) fn analysis(features: Vec<Feature>, manifest: &Manifest) -> Analysis {
    let channel = |name: &str, spectrometer: &str, light: &str, integration_us, frames| Channel {
        name: name.into(),
        spectrometer: spectrometer.into(),
        light: light.into(),
        kind: ChannelKind::Emission,
        exposure: Exposure { integration_us, frames },
        phase: PhaseWindow { low_nm: 300.0, high_nm: 320.0, keep: 5 },
        baseline: Window { low_nm: 370.0, high_nm: 370.0 },
        decimals: 2,
        least_light_counts: 900.0,
    };
    let channels =
        vec![channel("seen", "eye", "lamp", 20_000, 10), channel("heard", "ear", "led", 50_000, 8)];
    Analysis::new(AnalysisSpec { channels, features }, manifest).expect("it fits")
}

pub(super) fn level() -> Feature {
    let measure = Measure::ValueAt { nm: 330.0, width_nm: 0.0 };
    Feature { name: "level".into(), channel: "seen".into(), measure }
}

/// Rates of the pumps are the inputs; the plate is at 80 °C, the cell at 30 °C.
pub(super) fn recipe() -> Recipe {
    let constant = |constant| Linear { constant, factors: vec![0.0; 3] }.into();
    let input = |i: usize| {
        let factors = (0..3).map(|j| if i == j { 1.0 } else { 0.0 }).collect();
        Linear { constant: 0.0, factors }.into()
    };
    Recipe {
        heaters: vec![("plate".into(), constant(80.0)), ("cell".into(), constant(30.0))],
        pumps: vec![("a".into(), input(0)), ("b".into(), input(1)), ("oil".into(), input(2))],
        slowest: vec![],
        steps: vec![],
        options: vec![],
    }
}

pub(super) fn procedure_of(spec: ProcedureSpec) -> Procedure {
    Procedure::new(spec, recipe(), analysis(vec![level()], &manifest()))
}

pub(super) fn procedure() -> Procedure {
    procedure_of(ProcedureSpec::default())
}

/// Rates of a, b and oil [µL/min].
pub(super) fn rates(a: f64, b: f64, oil: f64) -> Conditions {
    let names = ["a", "b", "oil"].map(|name| format!("{name}_ul_per_min"));
    Conditions::new(names.to_vec().into(), vec![a, b, oil])
}

/// A flush of these pumps at these rates [µL/min] for so long [s].
pub(super) fn flush(rates: &[(&str, f64)], flush_s: f64) -> FlushSpec {
    let rate = |(pump, ul_per_min): &(&str, f64)| FlushRate {
        pump: (*pump).into(),
        ul_per_min: *ul_per_min,
    };
    FlushSpec { rates: rates.iter().map(rate).collect(), flush_s }
}

pub(super) fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * b.abs().max(1.0)
}
