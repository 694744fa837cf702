//! What instruments were set to, and whether they still are.

use crate::command::{Command, Reply, Setting};
use crate::fault::{Fault, FaultKind};
use crate::id::ValveId;
use crate::lab::Lab;
use crate::manifest::Manifest;
use crate::math;
use crate::time::Instant;

/// Largest distance of a set point that is the same [K]: controllers show tenths.
const SAME_K: f64 = 0.05;
/// Largest relative distance of a rate that is the same: a pump may calculate in single precision.
const SAME_RATE: f64 = 1e-4;

/// What instruments were set to.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    all: Vec<Expected>,
}

#[derive(Clone, Debug)]
struct Expected {
    /// The question, ready to be sent.
    ask: Command,
    setting: Setting,
    /// What was set; none where that is not known.
    set: Option<f64>,
    /// Whether the instrument can report it.
    tells: bool,
    /// From when it is there: a valve takes time to turn.
    there_by: Instant,
}

impl Kept {
    /// Takes down what a command sets, once it has been carried out.
    pub(super) fn note(&mut self, command: &Command) {
        match command {
            Command::Dispense { pump, rate_ul_per_min, .. } => {
                // At a rate of zero the pump is stopped, and keeps its previous rate.
                let rate = rate_ul_per_min.ul_per_min();
                self.put(Setting::Rate(pump.clone()), (rate > 0.0).then_some(rate));
            }
            Command::Stop { pump } => self.put(Setting::Rate(pump.clone()), None),
            Command::Heat { heater, set_point_c } => {
                self.put(Setting::SetPoint(heater.clone()), Some(set_point_c.c()));
                self.put(Setting::Mode(heater.clone()), Some(Setting::AUTOMATIC));
            }
            Command::HeaterOff { heater } => {
                self.put(Setting::SetPoint(heater.clone()), None);
                self.put(Setting::Mode(heater.clone()), Some(Setting::OFF));
            }
            Command::Light { light, on } => {
                self.put(Setting::Light(light.clone()), Some(f64::from(u8::from(*on))));
            }
            Command::Arm { spectrometer, exposure } => {
                let us = f64::from(exposure.integration_us);
                self.put(Setting::Integration(spectrometer.clone()), Some(us));
            }
            // Nothing is measured on a rig that was made safe, and an instrument that has fallen silent must not end a
            // rinse.
            Command::MakeSafe => self.all.iter_mut().for_each(|expected| expected.set = None),
            _ => {}
        }
    }

    /// Takes down the position that a valve was turned to, in which it is by then.
    pub(super) fn turned(&mut self, valve: &ValveId, number: usize, there_by: Instant) {
        self.put_by(Setting::Position(valve.clone()), Some(number as f64), there_by);
    }

    fn put(&mut self, setting: Setting, set: Option<f64>) {
        self.put_by(setting, set, Instant::START);
    }

    fn put_by(&mut self, setting: Setting, set: Option<f64>, there_by: Instant) {
        match self.all.iter_mut().find(|expected| expected.setting == setting) {
            Some(expected) => (expected.set, expected.there_by) = (set, there_by),
            None => {
                let ask = Command::ReadBack { setting: setting.clone() };
                self.all.push(Expected { ask, setting, set, tells: true, there_by });
            }
        }
    }

    /// Reads back every setting that is known, and compares. An instrument that cannot report them is asked once.
    pub(super) fn look(&mut self, lab: &mut impl Lab) -> Result<(), Fault> {
        for expected in self.all.iter_mut().filter(|expected| expected.tells) {
            let Some(set) = expected.set.filter(|_| lab.now() >= expected.there_by) else {
                continue;
            };
            let kept = match lab.send(&expected.ask) {
                Ok(Reply::Reading(kept)) => kept,
                Ok(_) => return Err(no_reading(lab, &expected.setting)),
                Err(fault) if matches!(fault.kind, FaultKind::Unsupported { .. }) => {
                    expected.tells = false;
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            if !is_same(&expected.setting, set, kept) {
                let kind = changed(&expected.setting, set, kept, lab.manifest());
                return Err(Fault::new(lab.now(), expected.setting.instrument(), kind));
            }
        }
        Ok(())
    }
}

fn no_reading(lab: &impl Lab, setting: &Setting) -> Fault {
    let detail = "the lab answered a setting with something else".into();
    Fault::new(lab.now(), setting.instrument(), FaultKind::Garbled { detail })
}

/// Whether a setting is kept; what is not a number is not.
fn is_same(setting: &Setting, set: f64, kept: f64) -> bool {
    let off = (kept - set).abs();
    match setting {
        Setting::SetPoint(_) => off <= SAME_K,
        Setting::Rate(_) => off <= SAME_RATE * set.abs() + 1e-6,
        Setting::Mode(_) | Setting::Light(_) | Setting::Integration(_) | Setting::Position(_) => {
            off < 0.5
        }
    }
}

fn changed(setting: &Setting, set: f64, kept: f64, manifest: &Manifest) -> FaultKind {
    let holder = match setting {
        Setting::SetPoint(_) | Setting::Mode(_) => "controller",
        Setting::Rate(_) => "pump",
        Setting::Light(_) => "light",
        Setting::Integration(_) => "spectrometer",
        Setting::Position(_) => "valve",
    };
    if let Setting::Position(valve) = setting {
        let [set, kept] = [set, kept].map(|number| position(valve, number, manifest));
        let detail = format!(
            "it was turned to {set} and is in {kept}: is it stuck, or did somebody turn it?"
        );
        return FaultKind::Refused { detail };
    }
    let (set, kept) = (in_words(setting, set), in_words(setting, kept));
    FaultKind::Changed { holder: holder.into(), set, kept }
}

/// A position by its number and the name that the scenario gives it.
fn position(valve: &ValveId, number: f64, manifest: &Manifest) -> String {
    if number < 0.0 {
        return "no position".into();
    }
    let place = math::round_decimals(number, 0) as usize;
    let info = manifest.valves.iter().find(|info| info.name == *valve);
    match info.and_then(|info| info.positions.get(place)) {
        Some(known) => format!("position {} ({})", place + 1, known.name),
        None => in_words(&Setting::Position(valve.clone()), number),
    }
}

fn in_words(setting: &Setting, value: f64) -> String {
    let rounded = math::round_decimals(value, 3);
    match setting {
        Setting::SetPoint(_) => format!("{rounded} °C"),
        Setting::Rate(_) => format!("{rounded} µL/min"),
        Setting::Integration(_) => format!("{rounded} µs"),
        Setting::Mode(_) if value < 0.5 => "control off".into(),
        Setting::Mode(_) if value < 1.5 => "automatic control".into(),
        Setting::Mode(_) => "a fixed power".into(),
        Setting::Light(_) if value < 0.5 => "off".into(),
        Setting::Light(_) => "on".into(),
        Setting::Position(_) => format!("position {}", rounded + 1.0),
    }
}
