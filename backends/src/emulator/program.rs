//! Instruments as their programs show them: the mirror image of the driver, without a program.

use std::collections::{BTreeMap, BTreeSet};

use flowtwin_lab::{
    Command, Exposure, FaultKind, FlowRate, Frames, Lab, PumpId, Reply, SensorId, SensorKind,
    Setting, Temperature, Volume,
};
use serde_json::{Value, json};

use super::{Ailment, Emulator, Line};
use crate::codec::program::{
    Answered, Asked, Kind, MODE, PROTOCOL, Request, STATUS, What, error, scan,
};
use crate::codec::take;

/// How the emulator calls itself.
const MODEL: &str = "instrument program emulated by flowtwin";

/// A program with its instruments.
#[derive(Debug)]
pub struct ProgramEmulator {
    parts: BTreeMap<String, Kind>,
    serial_number: String,
    powered: bool,
    ailments: BTreeSet<&'static str>,
    /// The frames that were handed over last, by the spectrometer.
    frames: BTreeMap<String, Frames>,
}

/// What an instrument answers.
type Answer = Result<Value, FaultKind>;

impl ProgramEmulator {
    /// A program for these instruments.
    pub fn new(parts: BTreeMap<String, Kind>, serial_number: impl Into<String>) -> Self {
        Self {
            parts,
            serial_number: serial_number.into(),
            powered: true,
            ailments: BTreeSet::new(),
            frames: BTreeMap::new(),
        }
    }

    fn answer(&mut self, line: &str, world: &mut dyn Lab) -> Answered {
        let asked: Asked = match serde_json::from_str(line) {
            Ok(asked) => asked,
            Err(problem) => {
                let id = serde_json::from_str::<Answered>(line).ok().and_then(|asked| asked.id);
                let error = Some(Value::String(problem.to_string()));
                return Answered { id, ok: None, error };
            }
        };
        let id = Some(asked.id);
        // One that drives a single instrument does not look at its name.
        let part = match self.parts.len() {
            1 => self.parts.first_key_value(),
            _ => self.parts.get_key_value(&asked.to),
        };
        let done = match part.map(|(name, kind)| (name.clone(), *kind)) {
            Some(_) if self.ailments.contains("busy") => Err(FaultKind::NotReady),
            Some((name, kind)) => self.carry_out(&name, kind, asked.request, world),
            None => Err(FaultKind::Unsupported { detail: format!("there is no {}", asked.to) }),
        };
        match done {
            Ok(ok) => Answered { id, ok: ok.as_object().cloned(), error: None },
            Err(kind) => Answered { id, ok: None, error: Some(error(&kind)) },
        }
    }

    fn carry_out(&mut self, to: &str, kind: Kind, request: Request, world: &mut dyn Lab) -> Answer {
        match request {
            Request::Identify { kind: asked, .. } if asked == kind => Ok(self.identity(kind)),
            Request::Identify { kind: asked, .. } => {
                Err(FaultKind::Refused { detail: format!("{to} is a {kind}, and no {asked}") })
            }
            Request::Read { what } => {
                self.read(to, what, world).map(|value| json!({"value": value}))
            }
            Request::Describe {} => describe(to, world),
            Request::Fetch { frame } => self.fetch(to, frame, world),
            Request::MakeSafe {} => make_safe(to, kind, world),
            Request::Turn { position } => turn(to, position, world),
            Request::Dispense { .. } | Request::Withdraw { .. }
                if self.ailments.contains("stall") =>
            {
                Err(FaultKind::Stalled)
            }
            request => match world.send(&command(to, request)) {
                Ok(Reply::Ready(at)) => Ok(json!({"takes_s": at.since(world.now()).as_secs()})),
                Ok(Reply::Results(found)) => Ok(json!({"concentrations_mm": found})),
                Ok(_) => Ok(json!({})),
                Err(fault) => Err(fault.kind),
            },
        }
    }

    fn identity(&self, kind: Kind) -> Value {
        let reads: Vec<What> = kind.must_read().iter().chain(kind.should_read()).copied().collect();
        json!({
            "protocol": PROTOCOL,
            "model": MODEL,
            "serial_number": self.serial_number,
            "reads": reads,
        })
    }

    fn read(&self, to: &str, what: What, world: &mut dyn Lab) -> Answer {
        let pump = || PumpId::new(to);
        let sick = |ailment| self.ailments.contains(ailment);
        let number = match what {
            What::Status if sick("stall") => return Ok(json!("stalled")),
            What::TemperatureC if sick("sensor open") => return Err(FaultKind::SensorOpen),
            What::Status => sensed(SensorKind::Status(pump()), world),
            What::DispensedUl => sensed(SensorKind::Dispensed(pump()), world),
            What::TemperatureC => sensed(SensorKind::Temperature(to.into()), world),
            What::PowerPercent => sensed(SensorKind::Power(to.into()), world),
            What::Value | What::Granted => sent(Command::Read { sensor: SensorId::new(to) }, world),
            What::RateUlPerMin => kept(Setting::Rate(pump()), world),
            What::Position => kept(Setting::Position(to.into()), world).map(|at| at + 1.0),
            What::SetPointC => kept(Setting::SetPoint(to.into()), world),
            What::Mode => kept(Setting::Mode(to.into()), world),
            What::On => kept(Setting::Light(to.into()), world),
            What::IntegrationUs => kept(Setting::Integration(to.into()), world),
        }?;
        let word = |words: &[&str]| json!(words.get(number as usize).copied().unwrap_or("unknown"));
        Ok(match what {
            What::Status => word(&STATUS),
            What::Mode => word(&MODE),
            What::On | What::Granted => json!(number > 0.5),
            What::IntegrationUs | What::Position => json!(number as u32),
            _ => json!(number),
        })
    }

    fn fetch(&mut self, to: &str, frame: u32, world: &mut dyn Lab) -> Answer {
        if frame == 0 {
            let taken = world.send(&Command::Fetch { spectrometer: to.into() });
            match taken.map_err(|fault| fault.kind)? {
                Reply::Frames(frames) => drop(self.frames.insert(to.to_owned(), frames)),
                _ => return Err(FaultKind::NotReady),
            }
        }
        let frames = self.frames.get(to).filter(|frames| (frame as usize) < frames.len());
        let counts =
            frames.map(|frames| frames.frame(frame as usize)).ok_or(FaultKind::NotReady)?;
        let clips = self.ailments.contains("saturated");
        let full = world.manifest().spectrometer(&to.into()).map_or(u16::MAX, |s| s.full_scale);
        let shown = if clips { vec![full; counts.len()] } else { counts.to_vec() };
        Ok(json!({ "counts": shown }))
    }
}

/// The command for what is asked of `to`.
fn command(to: &str, request: Request) -> Command {
    match request {
        Request::Dispense { rate_ul_per_min, volume_ul } => Command::Dispense {
            pump: to.into(),
            rate_ul_per_min: FlowRate::from_ul_per_min(rate_ul_per_min),
            at_most_ul: Volume::from_ul(volume_ul),
        },
        Request::Withdraw { rate_ul_per_min, volume_ul } => Command::Withdraw {
            pump: to.into(),
            rate_ul_per_min: FlowRate::from_ul_per_min(rate_ul_per_min),
            volume_ul: Volume::from_ul(volume_ul),
        },
        Request::Heat { set_point_c } => {
            Command::Heat { heater: to.into(), set_point_c: Temperature::from_c(set_point_c) }
        }
        Request::Off {} => Command::HeaterOff { heater: to.into() },
        Request::Switch { on } => Command::Light { light: to.into(), on },
        Request::Arm { integration_us, frames } => {
            Command::Arm { spectrometer: to.into(), exposure: Exposure { integration_us, frames } }
        }
        Request::Inject {} => Command::Inject { analyser: to.into() },
        Request::Results {} => Command::Results { analyser: to.into() },
        _ => Command::Stop { pump: to.into() },
    }
}

/// Turns a valve to a position, by its number from 1.
fn turn(to: &str, position: usize, world: &mut dyn Lab) -> Answer {
    let found = world.manifest().valve(&to.into()).and_then(|info| {
        let number = position.checked_sub(1)?;
        info.positions.get(number).map(|position| position.name.clone())
    });
    let detail = || format!("{to} has no position {position}");
    let position = found.ok_or_else(|| FaultKind::Unsupported { detail: detail() })?;
    let command = Command::Turn { valve: to.into(), position };
    world.send(&command).map(|_| json!({})).map_err(|fault| fault.kind)
}

fn describe(to: &str, world: &mut dyn Lab) -> Answer {
    let found = world.manifest().spectrometer(&to.into());
    let missing = || FaultKind::Unsupported { detail: format!("there is no {to}") };
    serde_json::to_value(found.ok_or_else(missing)?)
        .map_err(|error| FaultKind::Garbled { detail: error.to_string() })
}

fn make_safe(to: &str, kind: Kind, world: &mut dyn Lab) -> Answer {
    let request = match kind {
        Kind::Pump => Request::Stop {},
        Kind::Heater => Request::Off {},
        Kind::Light => Request::Switch { on: false },
        _ => return Ok(json!({})),
    };
    world.send(&command(to, request)).map(|_| json!({})).map_err(|fault| fault.kind)
}

/// What the lab behind senses.
fn sensed(kind: SensorKind, world: &mut dyn Lab) -> Result<f64, FaultKind> {
    let sensor = world.manifest().sensor(&kind).cloned();
    let missing = || FaultKind::Unsupported { detail: "the lab behind does not sense it".into() };
    sent(Command::Read { sensor: sensor.ok_or_else(missing)? }, world)
}

/// What the lab behind keeps.
fn kept(setting: Setting, world: &mut dyn Lab) -> Result<f64, FaultKind> {
    sent(Command::ReadBack { setting }, world)
}

fn sent(command: Command, world: &mut dyn Lab) -> Result<f64, FaultKind> {
    match world.send(&command) {
        Ok(Reply::Reading(value)) => Ok(value),
        Ok(_) => Err(FaultKind::Garbled { detail: "no reading".into() }),
        Err(fault) => Err(fault.kind),
    }
}

impl Emulator for ProgramEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        while let Some(sent) = take(&mut line.input, scan) {
            if !self.powered {
                continue;
            }
            let answered = self.answer(&sent, world);
            line.output.extend(serde_json::to_vec(&answered).unwrap_or_default());
            line.output.push(b'\n');
        }
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        let has = |kind| self.parts.values().any(|it| *it == kind);
        let name = match ailment {
            Ailment::PowerLoss => {
                self.powered = !begins;
                for (name, kind) in &self.parts {
                    // A lab behind that does not answer shows it by itself.
                    let _unheard = make_safe(name, *kind, world);
                }
                return true;
            }
            Ailment::Busy => "busy",
            Ailment::Stall if has(Kind::Pump) => "stall",
            Ailment::SensorOpen if has(Kind::Heater) => "sensor open",
            Ailment::Saturated if has(Kind::Spectrometer) => "saturated",
            _ => return false,
        };
        if name == "stall" && begins {
            for pump in self.parts.iter().filter(|(_, kind)| **kind == Kind::Pump) {
                let _unheard = world.send(&Command::Stop { pump: pump.0.as_str().into() });
            }
        }
        match begins {
            true => self.ailments.insert(name),
            false => self.ailments.remove(name),
        };
        true
    }
}
