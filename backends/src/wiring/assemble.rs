//! From a wiring file to drivers.

use std::time::Duration;

use flowtwin_lab::{Manifest, SpectrometerId};

use super::{Job, Link, Wiring, WiringError};
use crate::bench::Instruments;
use crate::transport::{Dialog, Transport};

/// Opens a wire to the instrument of this name.
pub(crate) type Open<'a> =
    dyn FnMut(&str, Option<&Link>) -> Result<Box<dyn Transport>, WiringError> + 'a;

impl Wiring {
    /// Drivers for all instruments of `manifest`, over wires from `open`.
    ///
    /// # Errors
    /// If the wiring does not fit the manifest, or a wire cannot be opened.
    pub(crate) fn instruments(
        &self,
        manifest: &Manifest,
        open: &mut Open<'_>,
    ) -> Result<Instruments, WiringError> {
        self.check(manifest)?;
        self.drivers(manifest, open)
    }

    /// Drivers for what is wired, whatever else `manifest` has.
    ///
    /// # Errors
    /// If a wire cannot be opened.
    pub(crate) fn drivers(
        &self,
        manifest: &Manifest,
        open: &mut Open<'_>,
    ) -> Result<Instruments, WiringError> {
        let mut drivers = Instruments::default();
        for wired in self.wired() {
            let transport = open(wired.name, wired.instrument.link())?;
            let dialog = Dialog::new(transport, self.patience());
            wired.instrument.drive(wired.name, dialog, manifest, &mut drivers);
        }
        Ok(drivers)
    }

    /// Longest time an instrument may take to answer.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs_f64(self.patience_s)
    }

    /// How long frames of a spectrometer are under way on its cable \[s\]; none where that is a network or USB, which need
    /// no time to speak of.
    pub fn transmission_s(&self, spectrometer: &SpectrometerId, frames: u32) -> Option<f64> {
        let job = Job::Spectrometer(spectrometer.clone());
        self.wired()
            .find(|wired| wired.jobs().contains(&job))
            .and_then(|wired| wired.instrument.transmission_s(frames))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::rc::Rc;

    use flowtwin_lab::toy::ToyLab;

    use super::*;
    use crate::emulator::{MemoryWire, WorldBehind};

    /// What there is a driver for.
    fn driven(drivers: &Instruments) -> BTreeSet<Job> {
        let pumps = drivers.pumps.keys().cloned().map(Job::Pump);
        pumps
            .chain(drivers.valves.keys().cloned().map(Job::Valve))
            .chain(drivers.heaters.keys().cloned().map(Job::Heater))
            .chain(drivers.permits.keys().cloned().map(Job::Switch))
            .chain(drivers.lights.keys().cloned().map(Job::Light))
            .chain(drivers.spectrometers.keys().cloned().map(Job::Spectrometer))
            .chain(drivers.analysers.keys().cloned().map(Job::Analyser))
            .chain(drivers.probes.keys().cloned().map(Job::Probe))
            .collect()
    }

    /// Tries each instrument of the catalogue: its name, what it does, and a line to its emulator.
    fn each(mut test: impl FnMut(super::super::Wired<'_>, Dialog)) {
        let wiring = Wiring::parse(&Wiring::examples()).unwrap();
        let world = Rc::new(RefCell::new(WorldBehind::new(Box::new(ToyLab::new()))));
        let names: Vec<&str> = wiring.wired().map(|wired| wired.section).collect();
        assert_eq!([&names[..], &["folder"]].concat(), Wiring::SECTIONS);
        for wired in wiring.wired() {
            // A spectrometer says what the one of this name in the lab behind is.
            let emulator = Rc::new(RefCell::new(wired.instrument.emulator("eye")));
            let wire = MemoryWire::new(emulator, world.clone());
            test(wired, Dialog::new(Box::new(wire), wiring.patience()));
        }
    }

    #[test]
    fn every_instrument_has_a_driver_for_each_of_its_jobs_and_no_other() {
        each(|wired, dialog| {
            let mut drivers = Instruments::default();
            let manifest = Manifest::of_experiments("any");
            wired.instrument.drive(wired.name, dialog, &manifest, &mut drivers);
            let jobs: BTreeSet<Job> = wired.jobs().into_iter().collect();
            assert!(!jobs.is_empty(), "{} does nothing", wired.name);
            assert_eq!(driven(&drivers), jobs, "{}", wired.name);
        });
    }

    #[test]
    fn every_instrument_recognises_its_emulator() {
        each(|wired, dialog| {
            let who = wired.instrument.identify(dialog);
            let who = who.unwrap_or_else(|fault| panic!("{}: {fault}", wired.name));
            let expected = wired.instrument.serial_number();
            assert!(expected.is_none() || who.serial_number.as_deref() == expected, "{who}");
        });
    }
}
