//! The instruments on one cable or several, and their commands.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Instant;

use flowtwin_lab::{
    AnalyserId, Command, FaultKind, Frames, HeaterId, LightId, PumpId, SensorId, SensorKind,
    Setting, Span, SpectrometerId, SpectrometerInfo, Temperature, ValveId,
};

use crate::instrument::{Analyser, Heater, Light, Permit, Probe, Pump, Spectrometer, Valve};
use crate::transport::Hurry;

/// The instruments of a rig, each by its name in the manifest.
#[derive(Default)]
pub struct Instruments {
    /// Syringe pumps.
    pub pumps: BTreeMap<PumpId, Box<dyn Pump>>,
    /// Valves.
    pub valves: BTreeMap<ValveId, Box<dyn Valve>>,
    /// Heated zones.
    pub heaters: BTreeMap<HeaterId, Box<dyn Heater>>,
    /// Light sources.
    pub lights: BTreeMap<LightId, Box<dyn Light>>,
    /// Spectrometers.
    pub spectrometers: BTreeMap<SpectrometerId, Box<dyn Spectrometer>>,
    /// Analysers.
    pub analysers: BTreeMap<AnalyserId, Box<dyn Analyser>>,
    /// Sensors in the line.
    pub probes: BTreeMap<SensorId, Box<dyn Probe>>,
    /// Switches that permit to run.
    pub permits: BTreeMap<SensorId, Box<dyn Permit>>,
}

impl fmt::Debug for Instruments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instruments")
            .field("pumps", &self.pumps.keys())
            .field("valves", &self.valves.keys())
            .field("heaters", &self.heaters.keys())
            .field("lights", &self.lights.keys())
            .field("spectrometers", &self.spectrometers.keys())
            .field("analysers", &self.analysers.keys())
            .field("probes", &self.probes.keys())
            .field("permits", &self.permits.keys())
            .finish()
    }
}

/// A part of a rig, by its name. Heaters come first: so they do when the rig is made safe.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Heater(HeaterId),
    Pump(PumpId),
    Valve(ValveId),
    Light(LightId),
    Spectrometer(SpectrometerId),
    Analyser(AnalyserId),
    Probe(SensorId),
    Permit(SensorId),
}

impl Part {
    /// Whether it must be brought to a safe state.
    pub(super) fn can_harm(&self) -> bool {
        matches!(self, Self::Heater(_) | Self::Pump(_) | Self::Light(_))
    }

    /// What measures this, or is read to know it.
    pub(super) fn read_by(kind: &SensorKind, sensor: &SensorId) -> Self {
        match kind {
            SensorKind::Temperature(heater) | SensorKind::Power(heater) => {
                Self::Heater(heater.clone())
            }
            SensorKind::Status(pump) | SensorKind::Dispensed(pump) => Self::Pump(pump.clone()),
            SensorKind::Permit | SensorKind::Leak => Self::Permit(sensor.clone()),
            SensorKind::Probe(_) => Self::Probe(sensor.clone()),
        }
    }

    fn that_keeps(setting: &Setting) -> Self {
        match setting {
            Setting::SetPoint(heater) | Setting::Mode(heater) => Self::Heater(heater.clone()),
            Setting::Rate(pump) => Self::Pump(pump.clone()),
            Setting::Position(valve) => Self::Valve(valve.clone()),
            Setting::Light(light) => Self::Light(light.clone()),
            Setting::Integration(spectrometer) => Self::Spectrometer(spectrometer.clone()),
        }
    }

    /// What a command is for; none where it is for the whole rig.
    pub(super) fn told_by(command: &Command) -> Option<Self> {
        match command {
            Command::Dispense { pump, .. }
            | Command::Withdraw { pump, .. }
            | Command::Stop { pump } => Some(Self::Pump(pump.clone())),
            Command::Heat { heater, .. } | Command::HeaterOff { heater } => {
                Some(Self::Heater(heater.clone()))
            }
            Command::Light { light, .. } => Some(Self::Light(light.clone())),
            Command::Arm { spectrometer, .. } | Command::Fetch { spectrometer } => {
                Some(Self::Spectrometer(spectrometer.clone()))
            }
            Command::Inject { analyser } | Command::Results { analyser } => {
                Some(Self::Analyser(analyser.clone()))
            }
            Command::ReadBack { setting } => Some(Self::that_keeps(setting)),
            _ => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Heater(name) => name.fmt(f),
            Self::Pump(name) => name.fmt(f),
            Self::Valve(name) => name.fmt(f),
            Self::Light(name) => name.fmt(f),
            Self::Spectrometer(name) => name.fmt(f),
            Self::Analyser(name) => name.fmt(f),
            Self::Probe(name) | Self::Permit(name) => name.fmt(f),
        }
    }
}

/// A command for the instruments of a cable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Order {
    /// A command to one of them.
    Do(Command),
    /// Turn a valve to a position, by its number from 0.
    Turn(ValveId, usize),
    /// Read what a sensor measures.
    Read(SensorKind, SensorId),
    /// Make a pump ready.
    GetReady(PumpId),
    /// Say what a spectrometer is.
    Describe(SpectrometerId),
    /// Bring everything to its safe state: heaters to these set points.
    MakeSafe(BTreeMap<HeaterId, Temperature>),
}

/// What they answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// It is done.
    Done,
    /// It takes this time.
    Takes(Span),
    /// Frames of a spectrometer.
    Frames(Frames),
    /// What an analyser found.
    Results(Vec<f64>),
    /// The value of a sensor.
    Reading(f64),
    /// What a spectrometer is.
    Info(Box<SpectrometerInfo>),
    /// What did not acknowledge its safe state, and why.
    Left(Vec<(Part, FaultKind)>),
}

impl Instruments {
    /// Their names.
    pub(super) fn parts(&self) -> Vec<Part> {
        let heaters = self.heaters.keys().cloned().map(Part::Heater);
        heaters
            .chain(self.pumps.keys().cloned().map(Part::Pump))
            .chain(self.valves.keys().cloned().map(Part::Valve))
            .chain(self.lights.keys().cloned().map(Part::Light))
            .chain(self.spectrometers.keys().cloned().map(Part::Spectrometer))
            .chain(self.analysers.keys().cloned().map(Part::Analyser))
            .chain(self.probes.keys().cloned().map(Part::Probe))
            .chain(self.permits.keys().cloned().map(Part::Permit))
            .collect()
    }

    /// Lets spectrometers go on that take their frames one by one; when that is to be done next, none where it is not.
    pub(super) fn attend(&mut self, now: flowtwin_lab::Instant) -> Option<flowtwin_lab::Instant> {
        self.spectrometers.values_mut().filter_map(|one| one.attend(now)).min()
    }

    /// Carries out an order; one to make safe within the time that `pace` leaves.
    pub(super) fn obey(&mut self, order: &Order, pace: &Pace) -> Result<Answer, FaultKind> {
        match order {
            Order::Do(command) => self.carry_out(command),
            Order::Turn(valve, number) => {
                with(&mut self.valves, valve, |v| v.turn(*number)).map(|()| Answer::Done)
            }
            Order::Read(kind, sensor) => self.read(kind, sensor).map(Answer::Reading),
            Order::GetReady(pump) => {
                with(&mut self.pumps, pump, |p| p.get_ready()).map(|()| Answer::Done)
            }
            Order::Describe(name) => {
                let info = with(&mut self.spectrometers, name, |s| s.describe(name.as_str()));
                info.map(|info| Answer::Info(Box::new(info)))
            }
            Order::MakeSafe(safe) => Ok(Answer::Left(self.make_safe(safe, pace))),
        }
    }

    fn carry_out(&mut self, command: &Command) -> Result<Answer, FaultKind> {
        let done = match command {
            Command::Dispense { pump, rate_ul_per_min, at_most_ul } => {
                with(&mut self.pumps, pump, |p| p.dispense(*rate_ul_per_min, *at_most_ul))
            }
            Command::Withdraw { pump, rate_ul_per_min, volume_ul } => {
                with(&mut self.pumps, pump, |p| p.withdraw(*rate_ul_per_min, *volume_ul))
            }
            Command::Stop { pump } => with(&mut self.pumps, pump, |p| p.stop()),
            Command::Heat { heater, set_point_c } => {
                with(&mut self.heaters, heater, |h| h.heat(*set_point_c))
            }
            Command::HeaterOff { heater } => with(&mut self.heaters, heater, |h| h.off()),
            Command::Light { light, on } => with(&mut self.lights, light, |l| l.switch(*on)),
            Command::Arm { spectrometer, exposure } => {
                let takes = with(&mut self.spectrometers, spectrometer, |s| s.arm(*exposure));
                return takes.map(Answer::Takes);
            }
            Command::Fetch { spectrometer } => {
                let frames = with(&mut self.spectrometers, spectrometer, |s| s.fetch());
                return frames.map(Answer::Frames);
            }
            Command::Inject { analyser } => {
                let takes = with(&mut self.analysers, analyser, |a| a.inject());
                return takes.map(Answer::Takes);
            }
            Command::Results { analyser } => {
                let found = with(&mut self.analysers, analyser, |a| a.results());
                return found.map(Answer::Results);
            }
            Command::ReadBack { setting } => return self.read_back(setting).map(Answer::Reading),
            _ => Err(FaultKind::Unsupported { detail: "that is no order to an instrument".into() }),
        };
        done.map(|()| Answer::Done)
    }

    fn read_back(&mut self, setting: &Setting) -> Result<f64, FaultKind> {
        match setting {
            Setting::SetPoint(name) => with(&mut self.heaters, name, |h| h.set_point_c()),
            Setting::Mode(name) => with(&mut self.heaters, name, |h| h.mode()),
            Setting::Rate(name) => with(&mut self.pumps, name, |p| p.rate_ul_per_min()),
            Setting::Position(name) => with(&mut self.valves, name, |v| {
                v.position().map(|number| number.map_or(Setting::BETWEEN, |n| n as f64))
            }),
            Setting::Light(name) => {
                with(&mut self.lights, name, |l| l.is_on().map(|on| f64::from(u8::from(on))))
            }
            Setting::Integration(name) => {
                with(&mut self.spectrometers, name, |s| s.integration_us().map(f64::from))
            }
        }
    }

    fn read(&mut self, kind: &SensorKind, sensor: &SensorId) -> Result<f64, FaultKind> {
        match kind {
            SensorKind::Temperature(name) => {
                with(&mut self.heaters, name, |heater| heater.temperature_c())
            }
            SensorKind::Power(name) => {
                with(&mut self.heaters, name, |heater| heater.power_percent())
            }
            SensorKind::Status(name) => {
                with(&mut self.pumps, name, |pump| pump.status().map(f64::from))
            }
            SensorKind::Dispensed(name) => with(&mut self.pumps, name, |pump| pump.dispensed_ul()),
            SensorKind::Probe(_) => with(&mut self.probes, sensor, |probe| probe.value()),
            SensorKind::Permit | SensorKind::Leak => with(&mut self.permits, sensor, |permit| {
                permit.granted().map(|granted| f64::from(u8::from(granted)))
            }),
        }
    }

    /// Heaters to their safe set point (or off, where they do not take it), pumps stopped, lights off, in this order;
    /// every step is read back by its driver, and tried whether or not those before succeeded. Returns what did not
    /// acknowledge.
    fn make_safe(
        &mut self,
        safe: &BTreeMap<HeaterId, Temperature>,
        pace: &Pace,
    ) -> Vec<(Part, FaultKind)> {
        let mut left = Vec::new();
        let mut note = |part: Part, done: Result<(), FaultKind>| {
            left.extend(done.err().map(|kind| (part, kind)));
        };
        for (name, heater) in &mut self.heaters {
            let set = safe.get(name).map_or(Err(FaultKind::NotReady), |safe_c| {
                pace.half();
                heater.heat(*safe_c)
            });
            pace.whole();
            note(Part::Heater(name.clone()), set.or_else(|_| heater.off()));
        }
        for (name, pump) in &mut self.pumps {
            note(Part::Pump(name.clone()), pump.stop());
        }
        for (name, light) in &mut self.lights {
            note(Part::Light(name.clone()), light.switch(false));
        }
        left
    }
}

/// How much time making safe may take: none is left for what cannot be reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    pub(super) hurry: Hurry,
    pub(super) until: Option<Instant>,
}

impl Pace {
    /// For what has a second way: that must have its time too.
    fn half(&self) {
        if let Some(until) = self.until {
            let now = Instant::now();
            self.hurry.until(now + until.saturating_duration_since(now) / 2);
        }
    }

    fn whole(&self) {
        if let Some(until) = self.until {
            self.hurry.until(until);
        }
    }
}

/// Does something with the instrument `name`.
fn with<K: Ord + fmt::Display, I: ?Sized, T>(
    instruments: &mut BTreeMap<K, Box<I>>,
    name: &K,
    act: impl FnOnce(&mut I) -> Result<T, FaultKind>,
) -> Result<T, FaultKind> {
    match instruments.get_mut(name) {
        Some(instrument) => act(&mut **instrument),
        None => Err(FaultKind::Unsupported { detail: format!("there is no {name}") }),
    }
}
