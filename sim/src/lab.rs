//! The simulated lab behind the trait that the rig shares.

use std::sync::Arc;

use flowtwin_lab::{
    AnalyserId, Command, Exposure, Fault, FaultKind, HeaterId, Instant, Lab, LightId, Manifest,
    PumpId, Reply, SensorId, SensorKind, Setting, Span, SpectrometerId, Streams, Temperature,
    ValveId, math,
};

use crate::plan::Plan;
use crate::work::Work;
use crate::world::{Acquisition, Sample, World};

/// A simulated lab.
///
/// The same plan and streams give the same answers to the same commands, to the last bit, however
/// waits are cut and whatever is read in between. A clone goes on from the same moment with the
/// same noise.
#[derive(Clone, Debug)]
pub struct SimLab {
    plan: Arc<Plan>,
    world: World,
}

impl SimLab {
    /// A lab at the start of its run: syringes full, plate at room temperature, tube full of
    /// carrier.
    pub fn new(plan: Arc<Plan>, streams: Streams) -> Self {
        Self { world: World::new(plan.clone(), streams), plan }
    }

    /// The plan it was built from.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Work done so far.
    pub fn work(&self) -> Work {
        self.world.work
    }

    /// The phase of the ripple of a pump's delivery once a turn of its screw, at the start of the run \[rad\]; none where there is no
    /// such pump.
    pub fn screw_phase(&self, pump: &PumpId) -> Option<f64> {
        let place = self.plan.pump_names.iter().position(|name| *name == pump.as_str())?;
        Some(self.world.pumps[place].screw_phase())
    }

    /// Where models have been used outside their range of validity so far, in words.
    pub fn extrapolated(&self) -> Vec<&'static str> {
        self.world.extrapolated.iter().copied().collect()
    }

    /// What instruments beside the rig find in a vial of the last `slugs` slugs that have come to the middle of this
    /// stretch of tube; none where there is no such stretch, or not that many have.
    pub fn sample(&self, stretch: &str, slugs: usize) -> Option<Sample> {
        let place = self.plan.tube.iter().position(|s| s.spec.name == stretch)?;
        self.world.sample(place, slugs, self.now())
    }

    fn place<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
        kind: &str,
        name: &str,
    ) -> Result<usize, Fault> {
        let place = self.find(names, kind, name)?;
        match self.world.mishaps.silence_s(name) {
            Some(waited_s) => Err(Fault::new(self.now(), name, FaultKind::NoReply { waited_s })),
            None => Ok(place),
        }
    }

    /// The place of a part, whether or not it answers.
    fn find<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
        kind: &str,
        name: &str,
    ) -> Result<usize, Fault> {
        names.into_iter().position(|n| n == name).ok_or_else(|| {
            let detail = format!("there is no {kind} \"{name}\"");
            Fault::new(self.now(), name, FaultKind::Unsupported { detail })
        })
    }

    /// Somebody fills a syringe, whatever its pump says to that.
    fn fill(&mut self, pump: &PumpId, holds_ul: f64) -> Result<Reply, Fault> {
        let names = self.plan.pump_names.iter().map(String::as_str);
        let pump = self.find(names, "pump", pump.as_str())?;
        self.world.fill(self.now(), pump, holds_ul);
        Ok(Reply::Done)
    }

    fn pump(&self, pump: &PumpId) -> Result<usize, Fault> {
        self.place(self.plan.pump_names.iter().map(String::as_str), "pump", pump.as_str())
    }

    fn heater(&self, heater: &HeaterId) -> Result<usize, Fault> {
        self.place(self.plan.heater_names.iter().map(String::as_str), "heater", heater.as_str())
    }

    fn light(&self, light: &LightId) -> Result<usize, Fault> {
        self.place(self.plan.light_names.iter().map(String::as_str), "light", light.as_str())
    }

    fn spectrometer(&self, name: &SpectrometerId) -> Result<usize, Fault> {
        let names = self.plan.channels.iter().map(|c| c.name.as_str());
        self.place(names, "spectrometer", name.as_str())
    }

    fn within(
        &self,
        origin: &str,
        quantity: &str,
        value: f64,
        unit: &str,
        (low, high): (f64, f64),
    ) -> Result<(), Fault> {
        if (low..=high).contains(&value) {
            return Ok(());
        }
        let (quantity, unit) = (quantity.to_owned(), unit.to_owned());
        let kind = FaultKind::OutOfRange { quantity, value, low, high, unit };
        Err(Fault::new(self.now(), origin, kind))
    }

    /// Rates go over the wire with six decimals, volumes with five.
    fn dispense(&mut self, id: &PumpId, rate: f64, at_most_ul: f64) -> Result<Reply, Fault> {
        let pump = self.pump(id)?;
        let (rate, ul) = (math::round_decimals(rate, 6), math::round_decimals(at_most_ul, 5));
        let info = &self.plan.manifest().pumps[pump];
        if rate.total_cmp(&0.0).is_eq() {
            self.world.stop(self.now(), pump);
            return Ok(Reply::Done);
        }
        let limits = (info.min_ul_per_min, info.max_ul_per_min);
        self.within(id.as_str(), "flow rate", rate, "µL/min", limits)?;
        self.within(id.as_str(), "volume", ul, "µL", (1e-5, 1e9))?;
        self.world.dispense(self.now(), pump, rate, ul);
        Ok(Reply::Done)
    }

    /// Rates and volumes go over the wire as those of a delivery.
    fn withdraw(&mut self, id: &PumpId, rate: f64, ul: f64) -> Result<Reply, Fault> {
        let (pump, now) = (self.pump(id)?, self.now());
        let (rate, ul) = (math::round_decimals(rate, 6), math::round_decimals(ul, 5));
        let info = &self.plan.manifest().pumps[pump];
        let limits = (info.min_ul_per_min, info.max_ul_per_min);
        self.within(id.as_str(), "flow rate", rate, "µL/min", limits)?;
        self.within(id.as_str(), "volume", ul, "µL", (1e-5, 1e9))?;
        if !self.world.at_bottle(now, pump) {
            let detail = "its syringe is not at a bottle: it would draw from the line".into();
            return Err(Fault::new(now, id, FaultKind::Refused { detail }));
        }
        self.world.withdraw(now, pump, rate, ul);
        Ok(Reply::Done)
    }

    fn valve(&self, valve: &ValveId) -> Result<usize, Fault> {
        let names = self.plan.manifest().valves.iter().map(|info| info.name.as_str());
        self.place(names, "valve", valve.as_str())
    }

    fn turn(&mut self, id: &ValveId, position: &str) -> Result<Reply, Fault> {
        let valve = self.valve(id)?;
        let Some(number) = self.plan.manifest().valves[valve].number(position) else {
            let detail = format!("it has no position \"{position}\"");
            return Err(Fault::new(self.now(), id, FaultKind::Unsupported { detail }));
        };
        self.world.turn(self.now(), valve, number);
        Ok(Reply::Done)
    }

    /// Set points go over the wire in single precision.
    fn heat(&mut self, id: &HeaterId, set_point: Temperature) -> Result<Reply, Fault> {
        let heater = self.heater(id)?;
        let celsius = f64::from(set_point.c() as f32);
        let info = &self.plan.manifest().heaters[heater];
        self.within(id.as_str(), "set point", celsius, "°C", (info.low_c, info.high_c))?;
        self.world.heaters[heater].set(Some(celsius));
        Ok(Reply::Done)
    }

    fn arm(&mut self, id: &SpectrometerId, exposure: Exposure) -> Result<Reply, Fault> {
        let number = self.spectrometer(id)?;
        let info = &self.plan.manifest().spectrometers[number];
        let limits = (f64::from(info.min_integration_us), f64::from(info.max_integration_us));
        let integration = f64::from(exposure.integration_us);
        self.within(id.as_str(), "integration time", integration, "µs", limits)?;
        self.within(id.as_str(), "frames", f64::from(exposure.frames), "", (1.0, 1e6))?;
        let acquisition = Acquisition {
            number: self.world.armed[number],
            began: self.now(),
            exposure,
            condition: self.world.condition(),
        };
        self.world.integration_us[number] = exposure.integration_us;
        self.world.armed[number] += 1;
        self.world.acquisitions[number] = Some(acquisition);
        Ok(Reply::Ready(acquisition.ready()))
    }

    fn fetch(&mut self, id: &SpectrometerId) -> Result<Reply, Fault> {
        let number = self.spectrometer(id)?;
        let complete = |a: &Acquisition| a.ready() <= self.now();
        if !self.world.acquisitions[number].as_ref().is_some_and(complete) {
            return Err(Fault::new(self.now(), id, FaultKind::NotReady));
        }
        let acquisition = self.world.acquisitions[number].take().expect("it is complete");
        Ok(Reply::Frames(self.world.record(number, acquisition)))
    }

    fn analyser(&self, name: &AnalyserId) -> Result<usize, Fault> {
        let names = self.plan.analysers.iter().map(|a| a.name.as_str());
        self.place(names, "analyser", name.as_str())
    }

    fn inject(&mut self, id: &AnalyserId) -> Result<Reply, Fault> {
        let (number, now) = (self.analyser(id)?, self.now());
        if self.world.analyses[number].is_busy(now) {
            return Err(Fault::new(now, id, FaultKind::NotReady));
        }
        Ok(Reply::Ready(self.world.inject(number, now)))
    }

    fn results(&mut self, id: &AnalyserId) -> Result<Reply, Fault> {
        let (number, now) = (self.analyser(id)?, self.now());
        let found = self.world.analyses[number].hand_over(now);
        found.map(Reply::Results).ok_or_else(|| Fault::new(now, id, FaultKind::NotReady))
    }

    fn read(&mut self, sensor: &SensorId) -> Result<Reply, Fault> {
        let sensors = &self.plan.manifest().sensors;
        let Some(info) = sensors.iter().find(|s| s.name == *sensor) else {
            let detail = format!("there is no sensor \"{sensor}\"");
            return Err(Fault::new(self.now(), sensor, FaultKind::Unsupported { detail }));
        };
        let now = self.now();
        let value = match &info.kind {
            SensorKind::Temperature(heater) => self.world.heaters[self.heater(heater)?].reading_c(),
            SensorKind::Power(heater) => self.world.heaters[self.heater(heater)?].power_percent(),
            SensorKind::Status(pump) => self.world.pumps[self.pump(pump)?].status(),
            SensorKind::Dispensed(pump) => self.world.pumps[self.pump(pump)?].dispensed_ul(now),
            SensorKind::Permit | SensorKind::Leak => {
                let names = self.plan.world().rig.switches.keys().map(String::as_str);
                self.place(names, "switch", sensor.as_str())?;
                f64::from(u8::from(!self.world.mishaps.is_open(sensor.as_str())))
            }
            SensorKind::Probe(_) => {
                let names = self.plan.sensors.iter().map(|s| s.name.as_str());
                let number = self.place(names, "sensor", sensor.as_str())?;
                self.world.probe(number, now)
            }
        };
        Ok(Reply::Reading(value))
    }

    fn read_back(&self, setting: &Setting) -> Result<Reply, Fault> {
        let world = &self.world;
        let value = match setting {
            Setting::SetPoint(heater) => world.heaters[self.heater(heater)?].kept_c().1,
            Setting::Mode(heater) => match world.heaters[self.heater(heater)?].kept_c() {
                (true, _) => Setting::AUTOMATIC,
                (false, _) => Setting::OFF,
            },
            Setting::Rate(pump) => world.pumps[self.pump(pump)?].kept_ul_per_min(),
            Setting::Light(light) => f64::from(u8::from(world.lights[self.light(light)?].is_on())),
            Setting::Position(valve) => world.valves[self.valve(valve)?].told(self.now()),
            Setting::Integration(name) => f64::from(world.integration_us[self.spectrometer(name)?]),
        };
        Ok(Reply::Reading(value))
    }

    /// Pumps stop, heaters go to their safe set points, lights go off: whatever else is broken.
    fn make_safe(&mut self) -> Reply {
        let now = self.now();
        (0..self.plan.pump_names.len()).for_each(|pump| self.world.stop(now, pump));
        for (heater, info) in self.world.heaters.iter_mut().zip(&self.plan.manifest().heaters) {
            heater.set(Some(info.safe_c));
        }
        self.world.lights.iter_mut().for_each(|light| light.switch(now, false));
        Reply::Done
    }
}

impl Acquisition {
    /// When the last frame is complete.
    fn ready(&self) -> Instant {
        let one = Span::from_nanos(1_000 * u64::from(self.exposure.integration_us));
        self.began + one.times(u64::from(self.exposure.frames))
    }
}

impl Lab for SimLab {
    fn manifest(&self) -> &Manifest {
        self.plan.manifest()
    }

    fn now(&self) -> Instant {
        self.world.engine.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let now = self.now();
        match command {
            Command::Dispense { pump, rate_ul_per_min, at_most_ul } => {
                self.dispense(pump, rate_ul_per_min.ul_per_min(), at_most_ul.ul())
            }
            Command::Stop { pump } => {
                let pump = self.pump(pump)?;
                self.world.stop(now, pump);
                Ok(Reply::Done)
            }
            Command::Withdraw { pump, rate_ul_per_min, volume_ul } => {
                self.withdraw(pump, rate_ul_per_min.ul_per_min(), volume_ul.ul())
            }
            Command::Turn { valve, position } => self.turn(valve, position),
            Command::Fill { pump, holds_ul } => self.fill(pump, holds_ul.ul()),
            Command::Heat { heater, set_point_c } => self.heat(heater, *set_point_c),
            Command::HeaterOff { heater } => {
                let heater = self.heater(heater)?;
                self.world.heaters[heater].set(None);
                Ok(Reply::Done)
            }
            Command::Light { light, on } => {
                let light = self.light(light)?;
                self.world.lights[light].switch(now, *on);
                Ok(Reply::Done)
            }
            Command::Arm { spectrometer, exposure } => self.arm(spectrometer, *exposure),
            Command::Fetch { spectrometer } => self.fetch(spectrometer),
            Command::Inject { analyser } => self.inject(analyser),
            Command::Results { analyser } => self.results(analyser),
            Command::Read { sensor } => self.read(sensor),
            Command::ReadBack { setting } => self.read_back(setting),
            Command::MakeSafe => Ok(self.make_safe()),
            // Whole experiments, and what later versions may add.
            _ => {
                let detail = "this lab is driven by instruments, not by whole experiments".into();
                Err(Fault::new(now, "simulator", FaultKind::Unsupported { detail }))
            }
        }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.world.run_until(deadline).map_err(|at| {
            let detail = "the simulated link was cut".into();
            Fault::new(at, "link", FaultKind::LinkLost { detail })
        })
    }
}
