//! Moving one pump a little, so that a person sees which one it is.

use flowtwin_lab::{FaultKind, Manifest, PumpId};

use crate::bench::Instruments;
use crate::wiring::{Job, Wiring};

impl Wiring {
    /// The pumps that are wired, in the order of the wiring file.
    pub fn pumps(&self) -> Vec<PumpId> {
        let pump = |job| match job {
            Job::Pump(pump) => Some(pump),
            _ => None,
        };
        self.wired().flat_map(|wired| wired.jobs()).filter_map(pump).collect()
    }
}

/// Lets a pump deliver a few microlitres with the syringe that it is set to, and returns once it stands still; how much that
/// was \[µL\].
///
/// # Errors
/// If the pump is not wired, runs already, or does not follow the command.
pub fn nudge(wiring: &Wiring, pump: &PumpId) -> Result<f64, FaultKind> {
    let job = Job::Pump(pump.clone());
    let unwired = || FaultKind::Unsupported { detail: format!("no pump {pump} is wired") };
    let wired = wiring.wired().find(|wired| wired.jobs().contains(&job)).ok_or_else(unwired)?;
    let dialog = wiring.dialog(wired.name, wired.instrument.link())?;
    let mut drivers = Instruments::default();
    wired.instrument.drive(wired.name, dialog, &Manifest::of_experiments("one pump"), &mut drivers);
    drivers.pumps.remove(pump).ok_or_else(unwired)?.nudge()
}
