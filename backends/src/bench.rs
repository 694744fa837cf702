//! A lab over boxed instruments.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use flowtwin_lab::{
    Command, Fault, FaultKind, FlowRate, HeaterId, Instant, Lab, LightId, Manifest, PumpId, Reply,
    SensorId, SensorKind, Setting, SpectrometerId,
};

mod safe;

use crate::clock::Clock;
use crate::instrument::{Heater, Light, Permit, Pump, Spectrometer};

/// The instruments of a rig, each by its name in the manifest.
#[derive(Default)]
pub struct Instruments {
    /// Syringe pumps.
    pub pumps: BTreeMap<PumpId, Box<dyn Pump>>,
    /// Heated zones.
    pub heaters: BTreeMap<HeaterId, Box<dyn Heater>>,
    /// Light sources.
    pub lights: BTreeMap<LightId, Box<dyn Light>>,
    /// Spectrometers.
    pub spectrometers: BTreeMap<SpectrometerId, Box<dyn Spectrometer>>,
    /// Switches that permit to run.
    pub permits: BTreeMap<SensorId, Box<dyn Permit>>,
}

impl std::fmt::Debug for Instruments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instruments")
            .field("pumps", &self.pumps.keys())
            .field("heaters", &self.heaters.keys())
            .field("lights", &self.lights.keys())
            .field("spectrometers", &self.spectrometers.keys())
            .field("permits", &self.permits.keys())
            .finish()
    }
}

/// A lab over boxed instruments, in the time of its clock.
///
/// Dropped while the rig may be at work, it makes the rig safe as far as it can.
#[derive(Debug)]
pub struct Bench {
    pub(crate) manifest: Manifest,
    pub(crate) instruments: Instruments,
    clock: Box<dyn Clock>,
    at_work: bool,
    pulse: Option<Box<dyn Pulse>>,
}

/// Something that wants to know that the bench is alive.
pub trait Pulse: std::fmt::Debug {
    /// Called at every command and every tick of a wait.
    ///
    /// # Errors
    /// If nobody listens any more.
    fn beat(&mut self) -> Result<(), FaultKind>;
}

impl<P: Pulse> Pulse for Rc<RefCell<P>> {
    fn beat(&mut self) -> Result<(), FaultKind> {
        self.borrow_mut().beat()
    }
}

impl Bench {
    /// A lab that is described by `manifest` and made of `instruments`.
    pub fn new(manifest: Manifest, instruments: Instruments, clock: Box<dyn Clock>) -> Self {
        Self { manifest, instruments, clock, at_work: false, pulse: None }
    }

    /// The same bench, which shows `pulse` that it is alive.
    #[must_use]
    pub fn with_pulse(mut self, pulse: Box<dyn Pulse>) -> Self {
        self.pulse = Some(pulse);
        self
    }

    fn beat(&mut self) -> Result<(), Fault> {
        let beat = self.pulse.as_mut().map_or(Ok(()), |pulse| pulse.beat());
        beat.map_err(|kind| self.fault("heartbeat", kind))
    }

    pub(crate) fn fault(&self, origin: impl std::fmt::Display, kind: FaultKind) -> Fault {
        Fault::new(self.clock.now(), origin, kind)
    }

    /// Does something with the instrument `name`; its fault is completed with time and origin.
    pub(crate) fn with<K, I: ?Sized, T>(
        &mut self,
        pick: impl FnOnce(&mut Instruments) -> &mut BTreeMap<K, Box<I>>,
        name: &K,
        act: impl FnOnce(&mut I) -> Result<T, FaultKind>,
    ) -> Result<T, Fault>
    where
        K: Ord + std::fmt::Display,
    {
        let done = match pick(&mut self.instruments).get_mut(name) {
            Some(instrument) => act(&mut **instrument),
            None => Err(FaultKind::Unsupported { detail: format!("there is no {name}") }),
        };
        done.map_err(|kind| self.fault(name, kind))
    }

    /// Refuses a rate outside what the manifest says the pump can do, before anything is sent.
    fn check_rate(&self, pump: &PumpId, rate: FlowRate) -> Result<(), Fault> {
        let Some(info) = self.manifest.pump(pump) else { return Ok(()) };
        let (low, high) = (info.min_ul_per_min, info.max_ul_per_min);
        let value = rate.ul_per_min();
        if value.total_cmp(&0.0).is_eq() || (low..=high).contains(&value) {
            return Ok(());
        }
        let (quantity, unit) = ("rate".into(), "µL/min".into());
        Err(self.fault(pump, FaultKind::OutOfRange { quantity, value, low, high, unit }))
    }

    fn read(&mut self, sensor: &SensorId) -> Result<f64, Fault> {
        let found = self.manifest.sensors.iter().find(|s| s.name == *sensor);
        let Some(kind) = found.map(|info| info.kind.clone()) else {
            let detail = format!("there is no {sensor}");
            return Err(self.fault(sensor, FaultKind::Unsupported { detail }));
        };
        match &kind {
            SensorKind::Temperature(h) => self.with(|i| &mut i.heaters, h, |h| h.temperature_c()),
            SensorKind::Power(h) => self.with(|i| &mut i.heaters, h, |h| h.power_percent()),
            SensorKind::Status(p) => self.with(|i| &mut i.pumps, p, |p| p.status().map(f64::from)),
            SensorKind::Dispensed(p) => self.with(|i| &mut i.pumps, p, |p| p.dispensed_ul()),
            SensorKind::Permit => self.with(
                |i| &mut i.permits,
                sensor,
                |p| p.granted().map(|granted| f64::from(u8::from(granted))),
            ),
        }
    }

    fn read_back(&mut self, setting: &Setting) -> Result<f64, Fault> {
        match setting {
            Setting::SetPoint(h) => self.with(|i| &mut i.heaters, h, |h| h.set_point_c()),
            Setting::Mode(h) => self.with(|i| &mut i.heaters, h, |h| h.mode()),
            Setting::Rate(p) => self.with(|i| &mut i.pumps, p, |p| p.rate_ul_per_min()),
            Setting::Light(l) => {
                self.with(|i| &mut i.lights, l, |l| l.is_on().map(|on| f64::from(u8::from(on))))
            }
            Setting::Integration(s) => {
                self.with(|i| &mut i.spectrometers, s, |s| s.integration_us().map(f64::from))
            }
        }
    }

    fn dispatch(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Dispense { pump, rate_ul_per_min, at_most_ul } => {
                self.check_rate(pump, *rate_ul_per_min)?;
                let (rate, at_most) = (*rate_ul_per_min, *at_most_ul);
                self.with(|i| &mut i.pumps, pump, |p| p.dispense(rate, at_most))
                    .map(|()| Reply::Done)
            }
            Command::Stop { pump } => {
                self.with(|i| &mut i.pumps, pump, |p| p.stop()).map(|()| Reply::Done)
            }
            Command::Heat { heater, set_point_c } => self
                .with(|i| &mut i.heaters, heater, |h| h.heat(*set_point_c))
                .map(|()| Reply::Done),
            Command::HeaterOff { heater } => {
                self.with(|i| &mut i.heaters, heater, |h| h.off()).map(|()| Reply::Done)
            }
            Command::Light { light, on } => {
                self.with(|i| &mut i.lights, light, |l| l.switch(*on)).map(|()| Reply::Done)
            }
            Command::Arm { spectrometer, exposure } => self
                .with(|i| &mut i.spectrometers, spectrometer, |s| s.arm(*exposure))
                .map(|takes| Reply::Ready(self.clock.now() + takes)),
            Command::Fetch { spectrometer } => {
                self.with(|i| &mut i.spectrometers, spectrometer, |s| s.fetch()).map(Reply::Frames)
            }
            Command::Read { sensor } => self.read(sensor).map(Reply::Reading),
            Command::ReadBack { setting } => self.read_back(setting).map(Reply::Reading),
            Command::MakeSafe => self.make_safe().map(|()| Reply::Done),
            Command::Begin { .. } | Command::Collect => {
                let detail = "this rig is driven by commands to instruments".into();
                Err(self.fault("bench", FaultKind::Unsupported { detail }))
            }
        }
    }
}

impl Lab for Bench {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let heard = self.beat();
        if *command != Command::MakeSafe {
            heard?;
        }
        match command {
            Command::MakeSafe => self.at_work = false,
            Command::Dispense { .. } | Command::Heat { .. } | Command::Arm { .. } => {
                self.at_work = true;
            }
            Command::Light { on: true, .. } => self.at_work = true,
            // What stops something, or only looks, leaves no work: above all, a heater that was turned off at last
            // must not be given a set point again when the bench is dropped.
            _ => {}
        }
        self.dispatch(command)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        while self.clock.now() < deadline {
            self.beat()?;
            self.clock.tick(deadline)?;
        }
        Ok(())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if self.at_work {
            // There is nobody left to tell; the heartbeat process will find the rig as it is.
            let _ = self.make_safe();
        }
    }
}
