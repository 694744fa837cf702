//! Whether the driver and the emulator that a protocol file makes understand each other. No instrument is needed.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Command, FaultKind, FlowRate, Lab as _, Probe as ProbeKind, Reply, SensorKind, Setting, Span,
    Steps, Temperature, Volume,
};

use crate::codec::modbus::Framing;
use crate::codec::program::Kind;
use crate::driver::protocol::{At, ProtocolDriver, ProtocolHost, SharedLine};
use crate::emulator::protocol::ProtocolEmulator;
use crate::emulator::{Emulator, MemoryWire, World, WorldBehind};
use crate::instrument::{Heater, Probe, Pump, Valve};
use crate::protocol::{Field, Means, Protocol, Value};
use crate::transport::Dialog;

/// The address on the line.
const ADDRESS: u16 = 1;
/// Nothing is waited for on a wire in memory.
const PATIENCE: Duration = Duration::from_millis(10);
/// The bore of the syringe \[mm\].
const BORE_MM: f64 = 10.0;
/// Rate and time of a run [µL/min] \[min\]; the pump of the toy lab runs at these rates [µL/min].
const RATE: f64 = 100.0;
const RUN_MIN: f64 = 0.25;
const TOY_RATES: [f64; 2] = [1.0, 1000.0];
/// Statuses of pumps: places in `codec::program::STATUS`.
const STOPPED: u8 = 0;
const RUNNING: u8 = 1;
/// The set point [°C], and those of the toy lab.
const WARM_C: f64 = 80.0;
const TOY_C: [f64; 2] = [20.0, 200.0];
/// What the sensor of the toy lab reads.
const READING: f64 = 120.0;
/// Relative difference that comes of rounding to few digits.
const NEAR: f64 = 0.02;

/// What does not fit, a line each; none where the driver understands the emulator and does with it what it is for.
pub fn examine_protocol(protocol: &Protocol) -> Vec<String> {
    let mut protocol = protocol.clone();
    if let Some(line) = &mut protocol.line {
        line.pause_ms = 0;
    }
    let table = Table::set(protocol);
    let misread = table.misread();
    if !misread.is_empty() {
        return misread;
    }
    let done = match table.protocol.kind {
        Kind::Pump => table.pumps(),
        Kind::Heater => table.heats(),
        Kind::Valve => table.turns(&mut table.driver()),
        _ => table.senses(),
    };
    done.err().into_iter().collect()
}

/// A driver, an emulator, and a lab behind it.
struct Table {
    protocol: Rc<Protocol>,
    world: World,
    line: SharedLine,
    bore_mm: f64,
}

impl Table {
    fn set(protocol: Protocol) -> Self {
        let protocol = Rc::new(protocol);
        let within = |means, value: f64| {
            let field = protocol.meaning(means).map(|(_, field)| field);
            field.map_or(value, |field| field.nearest(None, value))
        };
        let bore_mm = within(Means::BoreMm, BORE_MM);
        let travel = |means| protocol.meaning(means).and_then(|(_, field)| field.travel_um);
        let mut lab = ToyLab::new().with_valve();
        if let (Some(um), Some(um_per_s)) = (travel(Means::VolumeUl), travel(Means::RateUlPerMin)) {
            lab = lab.with_steps(bore_mm, Steps::of(bore_mm, um, um_per_s));
        }
        let reading = within(Means::Value, READING);
        let lab = lab.with_sensor("probe", SensorKind::Probe(ProbeKind::Mass), reading);
        let world: World = Rc::new(RefCell::new(WorldBehind::new(Box::new(lab))));
        let name = match protocol.kind {
            Kind::Pump => "water",
            Kind::Heater => "plate",
            Kind::Valve => "tap",
            _ => "probe",
        };
        let (parts, valves) = ([(name.to_owned(), ADDRESS)], [("water".into(), "tap".into())]);
        let emulator: Box<dyn Emulator> = Box::new(ProtocolEmulator::with_valves(
            protocol.clone(),
            Framing::Rtu,
            parts,
            &valves.into(),
        ));
        let wire = MemoryWire::new(Rc::new(RefCell::new(emulator)), world.clone());
        let dialog = Dialog::new(Box::new(wire), PATIENCE);
        let host = ProtocolHost::new(&protocol, dialog, Framing::Rtu, ADDRESS as u8);
        Self { protocol, world, line: ProtocolDriver::line(host), bore_mm }
    }

    fn driver(&self) -> ProtocolDriver {
        let driver = ProtocolDriver::new(self.protocol.clone(), self.line.clone(), ADDRESS);
        driver.with_bore(Some(self.bore_mm))
    }

    /// Fields that the driver does not read as the emulator says them.
    fn misread(&self) -> Vec<String> {
        let at = At { address: ADDRESS, bore_mm: Some(self.bore_mm) };
        let read = |(name, field): (&String, &Field)| {
            let came = self.line.borrow_mut().get(&self.protocol, at, name);
            let wrong = match (&came, &field.text) {
                (Err(kind), _) => Some(kind.to_string()),
                (Ok(Value::Word(came)), Some(text)) if came != text.trim() => {
                    Some(format!("{text:?} is read as {came:?}"))
                }
                _ => None,
            };
            wrong.map(|why| {
                format!("fields.{name}: the driver does not read what it is told: {why}")
            })
        };
        self.protocol.fields.iter().filter(|(_, field)| field.is_read()).filter_map(read).collect()
    }

    fn passes(&self, s: f64) {
        let passed = self.world.borrow_mut().wait(Span::from_secs(s));
        debug_assert!(passed.is_ok(), "a toy lab waits");
    }

    /// What the lab behind reads.
    fn sensed(&self, kind: &SensorKind) -> f64 {
        let sensor = self.world.borrow().manifest().sensor(kind).cloned();
        let reply = sensor.map(|sensor| self.world.borrow_mut().send(&Command::Read { sensor }));
        if let Some(Ok(Reply::Reading(value))) = reply { value } else { f64::NAN }
    }

    /// What a setting is in the lab behind.
    fn behind(&self, setting: Setting) -> f64 {
        match self.world.borrow_mut().send(&Command::ReadBack { setting }) {
            Ok(Reply::Reading(value)) => value,
            _ => f64::NAN,
        }
    }

    /// Rate and volume of a run; none where the toy lab does not run so.
    fn run(&self) -> Option<(f64, f64)> {
        let nearest = |means, value: f64| {
            let field = self.protocol.meaning(means).map(|(_, field)| field);
            field.map_or(value, |field| field.nearest(Some(self.bore_mm), value))
        };
        let rate = nearest(Means::RateUlPerMin, RATE);
        let fits = (TOY_RATES[0]..=TOY_RATES[1]).contains(&rate);
        fits.then(|| (rate, nearest(Means::VolumeUl, rate * RUN_MIN)))
    }

    fn pumps(&self) -> Result<(), String> {
        let mut pump = self.driver();
        pump.identify().map_err(|kind| format!("identify: {kind}"))?;
        pump.get_ready().map_err(|kind| format!("steps.ready: {kind}"))?;
        let Some(run) = self.run() else { return Ok(()) };
        self.runs(&mut pump, "dispense", run, |pump, rate, ul| pump.dispense(rate, ul))?;
        if !self.protocol.steps.withdraw.is_empty() {
            self.runs(&mut pump, "withdraw", run, |pump, rate, ul| pump.withdraw(rate, ul))?;
        }
        match self.protocol.meaning(Means::Position) {
            Some(_) => self.turns(&mut pump.beside()),
            None => Ok(()),
        }
    }

    /// A run to its end, and one that is stopped.
    fn runs(
        &self,
        pump: &mut ProtocolDriver,
        steps: &str,
        (rate, ul): (f64, f64),
        start: impl Fn(&mut ProtocolDriver, FlowRate, Volume) -> Result<(), FaultKind>,
    ) -> Result<(), String> {
        let place = |what: &str| format!("steps.{steps}: {what}");
        let started = |pump: &mut ProtocolDriver| {
            let (rate, ul) = (FlowRate::from_ul_per_min(rate), Volume::from_ul(ul));
            start(pump, rate, ul).map_err(|kind| place(&kind.to_string()))
        };
        let is = |pump: &mut ProtocolDriver, status: u8, moved_ul: f64, when: &str| {
            let said = |kind: FaultKind| place(&format!("{when}: {kind}"));
            let (at, moved) = (pump.status().map_err(said)?, pump.dispensed_ul().map_err(said)?);
            let runs = self.sensed(&SensorKind::Status("water".into()));
            same(&place(&format!("status {when}")), at.into(), status.into())?;
            same(&place(&format!("whether it runs {when}")), runs, status.into())?;
            same(&place(&format!("µL {when}")), moved, moved_ul)
        };
        started(pump)?;
        self.passes(0.4 * 60.0 * ul / rate);
        is(pump, RUNNING, 0.4 * ul, "in the middle of a run")?;
        if steps == "dispense" {
            let told = pump.rate_ul_per_min().map_err(|kind| place(&kind.to_string()))?;
            same(&place("µL/min"), told, rate)?;
        }
        self.passes(60.0 * ul / rate);
        is(pump, STOPPED, ul, "after a run")?;
        started(pump)?;
        self.passes(0.4 * 60.0 * ul / rate);
        pump.stop().map_err(|kind| format!("steps.stop: {kind}"))?;
        is(pump, STOPPED, 0.4 * ul, "after a stop")
    }

    fn heats(&self) -> Result<(), String> {
        let mut heater = self.driver();
        let said = |place: &'static str| move |kind: FaultKind| format!("{place}: {kind}");
        heater.identify().map_err(said("identify"))?;
        let field = self.protocol.meaning(Means::SetPointC).map(|(_, field)| field);
        let warm_c = field.map_or(WARM_C, |field| field.nearest(None, WARM_C));
        if !(TOY_C[0]..=TOY_C[1]).contains(&warm_c) {
            return Ok(());
        }
        heater.heat(Temperature::from_c(warm_c)).map_err(said("steps.heat"))?;
        let set_point = self.behind(Setting::SetPoint("plate".into()));
        same("steps.heat: set point, °C", set_point, warm_c)?;
        let mode = || self.behind(Setting::Mode("plate".into()));
        same("steps.heat: mode", mode(), Setting::AUTOMATIC)?;
        self.passes(30.0);
        let told_c = heater.temperature_c().map_err(said("temperature"))?;
        let is_c = self.sensed(&SensorKind::Temperature("plate".into()));
        same("the temperature, °C", told_c, self.rounded(Means::TemperatureC, is_c))?;
        heater.off().map_err(said("steps.off"))?;
        same("steps.off: mode", mode(), Setting::OFF)
    }

    fn turns(&self, valve: &mut ProtocolDriver) -> Result<(), String> {
        let said = |kind: FaultKind| format!("position: {kind}");
        valve.identify().map_err(|kind| format!("identify: {kind}"))?;
        for position in [1, 0] {
            valve.turn(position).map_err(said)?;
            let told = valve.position().map_err(said)?.map_or(f64::NAN, |at| at as f64);
            same("position", told, position as f64)?;
            same("position of the valve", self.behind(Setting::Position("tap".into())), told)?;
        }
        Ok(())
    }

    fn senses(&self) -> Result<(), String> {
        let mut probe = self.driver();
        probe.identify().map_err(|kind| format!("identify: {kind}"))?;
        let told = probe.value().map_err(|kind| format!("the value: {kind}"))?;
        let reads = self.sensed(&SensorKind::Probe(ProbeKind::Mass));
        same("the value", told, self.rounded(Means::Value, reads))
    }

    /// What is left of a value when the instrument tells it.
    fn rounded(&self, means: Means, value: f64) -> f64 {
        let Some((_, field)) = self.protocol.meaning(means) else { return value };
        let size = field.scale(Some(self.bore_mm)).unwrap_or(1.0);
        if field.register.is_some() { value } else { field.rounded(value / size) * size }
    }
}

/// Whether a number is what it must be, but for rounding.
fn same(what: &str, found: f64, must_be: f64) -> Result<(), String> {
    match (found - must_be).abs() <= 0.06_f64.max(NEAR * must_be.abs()) {
        true => Ok(()),
        false => Err(format!("{what}: it is {found}, and must be {must_be}")),
    }
}
