//! The smallest lab there is, for tests of layers, drivers and procedures.
//!
//! One pump, one heater that follows its set point at 1 K/s, one lamp, one spectrometer of eight pixels whose
//! counts follow the flow. No noise, no physics.

use crate::command::{Command, Exposure, Reply, Setting};
use crate::fault::{Fault, FaultKind};
use crate::frames::Frames;
use crate::id::{PumpId, ValveId};
use crate::lab::Lab;
use crate::manifest::{
    AnalyserInfo, HeaterInfo, Level, LightInfo, Manifest, Position, Probe, PumpInfo, RefillInfo,
    SensorInfo, SensorKind, SpectrometerInfo, ValveInfo,
};
use crate::math;
use crate::path::{FlowPath, Stretch};
use crate::steps::Steps;
use crate::time::{Instant, Span};

/// A lab of one pump, one heater, one lamp and one spectrometer.
#[derive(Clone, Debug)]
pub struct ToyLab {
    manifest: Manifest,
    now: Instant,
    run: Option<(Instant, f64, f64)>,
    delivered_ul: f64,
    set_point_c: Option<f64>,
    temperature_c: f64,
    lit: bool,
    rate: f64,
    integration_us: u32,
    armed: Option<(Instant, Exposure)>,
    injected: Option<(Instant, f64)>,
    /// The number of the position that its valve is in.
    at: usize,
    /// Whether the pump draws.
    draws: bool,
    /// Whether its valve does not turn, whatever it acknowledges.
    pub stuck: bool,
    /// What the pump reports next instead of its own status.
    pub forced_status: Option<f64>,
    /// What the thermometer reports instead of the temperature.
    pub forced_temperature_c: Option<f64>,
    /// What settings read back instead of what was set: changes by somebody else.
    pub forced_settings: Vec<(Setting, f64)>,
    /// What the door switch reports.
    pub permit: f64,
    /// What further sensors report.
    pub sensed: Vec<(&'static str, f64)>,
    /// Number of commands it was sent.
    pub commands: u64,
}

const SAFE_C: f64 = 25.0;

impl Default for ToyLab {
    fn default() -> Self {
        Self::new()
    }
}

impl ToyLab {
    /// A cold, dark lab at rest.
    pub fn new() -> Self {
        Self {
            manifest: manifest(),
            now: Instant::START,
            run: None,
            delivered_ul: 0.0,
            set_point_c: None,
            temperature_c: SAFE_C,
            lit: false,
            rate: 0.0,
            integration_us: 10_000,
            armed: None,
            injected: None,
            at: 0,
            draws: false,
            stuck: false,
            forced_status: None,
            forced_temperature_c: None,
            forced_settings: Vec::new(),
            permit: 1.0,
            sensed: Vec::new(),
            commands: 0,
        }
    }

    /// The same lab with an analyser that finds as much salt as the pump runs fast, and a pressure gauge in the line.
    #[must_use]
    pub fn with_analyser(mut self) -> Self {
        let species = vec!["salt".into()];
        self.manifest.analysers.push(AnalyserInfo { name: "column".into(), species, run_s: 30.0 });
        let kind = SensorKind::Probe(Probe::Pressure);
        self.manifest.sensors.push(SensorInfo { name: "gauge".into(), kind });
        self
    }

    /// The same lab with a valve, through which its pump refills itself from a bottle of 1.5 mL.
    #[must_use]
    pub fn with_valve(mut self) -> Self {
        let position = |name: &str, opens| Position { name: name.into(), opens };
        let positions =
            vec![position("line", vec!["water".into()]), position("bottle", Vec::new())];
        self.manifest.valves.push(ValveInfo { name: "tap".into(), positions, turns_s: 2.0 });
        self.manifest.pumps[0].refill = Some(RefillInfo {
            valve: "tap".into(),
            at: "bottle".into(),
            ul_per_min: 600.0,
            settle_s: 5.0,
            bottle_ml: Some(1.5),
        });
        self
    }

    /// The same lab with a pump that counts steps, and a syringe of this bore \[mm\].
    #[must_use]
    pub fn with_steps(mut self, bore_mm: f64, steps: Steps) -> Self {
        let pump = &mut self.manifest.pumps[0];
        (pump.bore_mm, pump.steps) = (bore_mm, Some(steps));
        self
    }

    /// The same lab with a further sensor, which reports this first.
    #[must_use]
    pub fn with_sensor(mut self, name: &'static str, kind: SensorKind, value: f64) -> Self {
        self.manifest.sensors.push(SensorInfo { name: name.into(), kind });
        self.sensed.push((name, value));
        self
    }

    /// Whether the pump stands still, the heater is at its safe set point or off, and the lamp is off.
    pub fn is_safe(&self) -> bool {
        let cool = self.set_point_c.is_none_or(|c| c <= SAFE_C);
        self.flow() <= 0.0 && cool && !self.lit
    }

    /// The set point in force [°C].
    pub fn set_point_c(&self) -> Option<f64> {
        self.set_point_c
    }

    /// Rate at which liquid moves now [µL/min].
    pub fn flow(&self) -> f64 {
        if self.draws { 0.0 } else { self.rate_now() }
    }

    fn rate_now(&self) -> f64 {
        self.run.filter(|_| self.dispensed() < self.at_most()).map_or(0.0, |(_, rate, _)| rate)
    }

    fn at_most(&self) -> f64 {
        self.run.map_or(0.0, |(_, _, at_most)| at_most)
    }

    fn dispensed(&self) -> f64 {
        self.run.map_or(self.delivered_ul, |(since, rate, at_most)| {
            (rate * self.now.since(since).as_secs() / 60.0).min(at_most)
        })
    }

    fn fault(&self, origin: &str, kind: FaultKind) -> Fault {
        Fault::new(self.now, origin, kind)
    }

    fn dispense(&mut self, pump: &PumpId, rate: f64, at_most: f64) -> Result<Reply, Fault> {
        let info = self.manifest.pump(pump).ok_or_else(|| self.unknown(pump.as_str()))?;
        let (low, high) = (info.min_ul_per_min, info.max_ul_per_min);
        if rate.total_cmp(&0.0).is_eq() {
            self.delivered_ul = 0.0;
            self.run = None;
            return Ok(Reply::Done);
        }
        if !(low..=high).contains(&rate) {
            let (quantity, unit) = ("rate".into(), "µL/min".into());
            let kind = FaultKind::OutOfRange { quantity, value: rate, low, high, unit };
            return Err(self.fault(pump.as_str(), kind));
        }
        let at_most = info.steps.map_or(at_most, |steps| steps.whole_ul(at_most));
        self.rate = rate;
        self.draws = false;
        self.run = Some((self.now, rate, at_most));
        Ok(Reply::Done)
    }

    fn withdraw(&mut self, pump: &PumpId, rate: f64, ul: f64) -> Result<Reply, Fault> {
        if self.manifest.pump(pump).is_none_or(|info| info.refill.is_none()) {
            return Err(self.unknown(pump.as_str()));
        }
        self.dispense(pump, rate, ul)?;
        self.draws = true;
        Ok(Reply::Done)
    }

    fn turn(&mut self, valve: &ValveId, position: &str) -> Result<Reply, Fault> {
        let number = self.manifest.valve(valve).and_then(|info| info.number(position));
        let number = number.ok_or_else(|| self.unknown(valve.as_str()))?;
        if !self.stuck {
            self.at = number;
        }
        Ok(Reply::Done)
    }

    fn unknown(&self, name: &str) -> Fault {
        let detail = format!("there is no {name}");
        self.fault(name, FaultKind::Unsupported { detail })
    }

    fn arm(&mut self, exposure: Exposure) -> Result<Reply, Fault> {
        let each = Span::from_nanos(u64::from(exposure.integration_us) * 1_000);
        let ready = self.now + each.times(u64::from(exposure.frames));
        self.armed = Some((ready, exposure));
        self.integration_us = exposure.integration_us;
        Ok(Reply::Ready(ready))
    }

    fn fetch(&mut self) -> Result<Reply, Fault> {
        match self.armed {
            Some((ready, exposure)) if ready <= self.now => {
                self.armed = None;
                let level = if self.lit { 1_000.0 + 10.0 * self.flow() } else { 100.0 };
                let counts = vec![level as u16; 8 * exposure.frames as usize];
                Ok(Reply::Frames(Frames::new(8, counts)))
            }
            _ => Err(self.fault("eye", FaultKind::NotReady)),
        }
    }

    fn inject(&mut self, analyser: &str) -> Result<Reply, Fault> {
        let Some(info) = self.manifest.analyser(analyser) else {
            return Err(self.unknown(analyser));
        };
        let ready = self.now + Span::from_secs(info.run_s);
        match self.injected {
            Some((ready, _)) if self.now < ready => Err(self.fault(analyser, FaultKind::NotReady)),
            _ => {
                self.injected = Some((ready, self.flow()));
                Ok(Reply::Ready(ready))
            }
        }
    }

    fn results(&mut self, analyser: &str) -> Result<Reply, Fault> {
        if self.manifest.analyser(analyser).is_none() {
            return Err(self.unknown(analyser));
        }
        match self.injected {
            Some((ready, mm)) if ready <= self.now => {
                self.injected = None;
                Ok(Reply::Results(vec![mm]))
            }
            _ => Err(self.fault(analyser, FaultKind::NotReady)),
        }
    }

    fn read(&mut self, sensor: &str) -> Result<Reply, Fault> {
        let running = f64::from(u8::from(self.rate_now() > 0.0));
        if let Some((_, value)) = self.sensed.iter().find(|(name, _)| *name == sensor) {
            return Ok(Reply::Reading(*value));
        }
        match sensor {
            "plate.temperature" => {
                let c = self.forced_temperature_c.unwrap_or(self.temperature_c);
                Ok(Reply::Reading(f64::from(c as f32)))
            }
            "water.status" => Ok(Reply::Reading(self.forced_status.unwrap_or(running))),
            "water.dispensed" => {
                let (steps, ul) = (self.manifest.pumps[0].steps, self.dispensed());
                let told = steps.map_or(math::round_decimals(ul, 4), |steps| steps.whole_ul(ul));
                Ok(Reply::Reading(told))
            }
            "door" => Ok(Reply::Reading(self.permit)),
            "gauge" if !self.manifest.analysers.is_empty() => Ok(Reply::Reading(self.flow())),
            _ => Err(self.unknown(sensor)),
        }
    }

    fn read_back(&self, setting: &Setting) -> Result<Reply, Fault> {
        let forced = self.forced_settings.iter().find(|(forced, _)| forced == setting);
        if let Some((_, kept)) = forced {
            return Ok(Reply::Reading(*kept));
        }
        let kept = match (setting, setting.instrument()) {
            (Setting::SetPoint(_), "plate") => self.set_point_c.unwrap_or(SAFE_C),
            (Setting::Mode(_), "plate") => {
                self.set_point_c.map_or(Setting::OFF, |_| Setting::AUTOMATIC)
            }
            (Setting::Position(_), "tap") if !self.manifest.valves.is_empty() => self.at as f64,
            (Setting::Rate(_), "water") => self.rate,
            (Setting::Light(_), "lamp") => f64::from(u8::from(self.lit)),
            (Setting::Integration(_), "eye") => f64::from(self.integration_us),
            (_, name) => return Err(self.unknown(name)),
        };
        Ok(Reply::Reading(kept))
    }

    fn stop(&mut self) {
        self.delivered_ul = self.dispensed();
        self.run = None;
    }
}

impl Lab for ToyLab {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.commands += 1;
        match command {
            Command::Dispense { pump, rate_ul_per_min, at_most_ul } => {
                self.dispense(pump, rate_ul_per_min.ul_per_min(), at_most_ul.ul())
            }
            Command::Stop { pump } if pump.as_str() == "water" => {
                self.stop();
                Ok(Reply::Done)
            }
            Command::Stop { pump } => Err(self.unknown(pump.as_str())),
            Command::Fill { pump, .. } if pump.as_str() == "water" => Ok(Reply::Done),
            Command::Fill { pump, .. } => Err(self.unknown(pump.as_str())),
            Command::Heat { heater, set_point_c } if heater.as_str() == "plate" => {
                self.set_point_c = Some(set_point_c.c());
                Ok(Reply::Done)
            }
            Command::HeaterOff { heater } if heater.as_str() == "plate" => {
                self.set_point_c = None;
                Ok(Reply::Done)
            }
            Command::Heat { heater, .. } | Command::HeaterOff { heater } => {
                Err(self.unknown(heater.as_str()))
            }
            Command::Light { light, on } if light.as_str() == "lamp" => {
                self.lit = *on;
                Ok(Reply::Done)
            }
            Command::Light { light, .. } => Err(self.unknown(light.as_str())),
            Command::Arm { spectrometer, exposure } if spectrometer.as_str() == "eye" => {
                self.arm(*exposure)
            }
            Command::Fetch { spectrometer } if spectrometer.as_str() == "eye" => self.fetch(),
            Command::Arm { spectrometer, .. } | Command::Fetch { spectrometer } => {
                Err(self.unknown(spectrometer.as_str()))
            }
            Command::Inject { analyser } => self.inject(analyser.as_str()),
            Command::Results { analyser } => self.results(analyser.as_str()),
            Command::Read { sensor } => self.read(sensor.as_str()),
            Command::ReadBack { setting } => self.read_back(setting),
            Command::MakeSafe => {
                self.stop();
                self.set_point_c = Some(SAFE_C);
                self.lit = false;
                Ok(Reply::Done)
            }
            Command::Withdraw { pump, rate_ul_per_min, volume_ul } => {
                self.withdraw(pump, rate_ul_per_min.ul_per_min(), volume_ul.ul())
            }
            Command::Turn { valve, position } => self.turn(valve, position),
            Command::Begin { .. }
            | Command::Collect
            | Command::Request { .. }
            | Command::Receive
            | Command::Forget { .. } => Err(self.unknown("whole experiment")),
        }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        let passed = deadline.since(self.now).as_secs();
        let target = self.set_point_c.unwrap_or(SAFE_C);
        let step = (target - self.temperature_c).clamp(-passed, passed);
        self.temperature_c += step;
        self.now = self.now.max(deadline);
        Ok(())
    }
}

fn manifest() -> Manifest {
    let sensor = |name: &str, kind| SensorInfo { name: name.into(), kind };
    Manifest {
        rig: "toy".into(),
        simulated: true,
        level: Level::Instruments,
        at_once: None,
        pumps: vec![PumpInfo {
            name: "water".into(),
            stock: "water".into(),
            bore_mm: 20.0,
            fill_ml: 1.0,
            min_ul_per_min: 1.0,
            max_ul_per_min: 1_000.0,
            stall_kpa: None,
            steps: None,
            refill: None,
            gas: None,
        }],
        valves: Vec::new(),
        heaters: vec![HeaterInfo {
            name: "plate".into(),
            low_c: 20.0,
            high_c: 200.0,
            safe_c: SAFE_C,
            still: false,
        }],
        lights: vec![LightInfo { name: "lamp".into() }],
        spectrometers: vec![SpectrometerInfo {
            name: "eye".into(),
            pixels: 8,
            wavelength_coefficients: [300.0, 10.0, 0.0, 0.0],
            full_scale: u16::MAX,
            min_integration_us: 1_000,
            max_integration_us: 1_000_000,
            nonlinearity: Vec::new(),
        }],
        analysers: Vec::new(),
        sensors: vec![
            sensor("plate.temperature", SensorKind::Temperature("plate".into())),
            sensor("water.status", SensorKind::Status("water".into())),
            sensor("water.dispensed", SensorKind::Dispensed("water".into())),
            sensor("door", SensorKind::Permit),
        ],
        path: FlowPath {
            stretches: vec![Stretch {
                name: "tube".into(),
                volume_ul: 100.0,
                pumps: vec!["water".into()],
                reacts: true,
            }],
            ..FlowPath::default()
        },
    }
}
