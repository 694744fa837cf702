//! Whether a wiring file makes sense, alone and with the lab it is for.

use std::collections::BTreeSet;

use flowtwin_lab::{Manifest, SensorKind};

use super::{Job, Link, Ranged, SCHEMA, Wired, Wiring, WiringError};
use crate::emulator::faulty::Mischief;

impl Wiring {
    /// What can be seen without a lab: version, ranges, names used twice.
    pub(super) fn check_alone(&self) -> Result<(), WiringError> {
        if self.schema != SCHEMA {
            return Err(WiringError::Schema { found: self.schema });
        }
        in_range("patience_s", self.patience_s, 0.01, 60.0)?;
        if self.clock.is_some() && !self.simulated {
            return Err(WiringError::RealClock);
        }
        if let Some(folder) = &self.folder {
            in_range("folder.expected_s", folder.expected_s, 0.0, 1e6)?;
            in_range("folder.patience_s", folder.patience_s, folder.expected_s.max(0.01), 1e7)?;
            if let Some(what) = self.names().next() {
                return Err(WiringError::BesideFolder { what });
            }
        }
        for wired in self.wired() {
            if let Some(problem) = wired.instrument.problem() {
                let (section, name) = (wired.section.to_owned(), wired.name.to_owned());
                return Err(WiringError::Section { section, name, problem });
            }
            for Ranged { key, value, low, high } in wired.instrument.ranges() {
                in_range(&format!("{}.{}.{key}", wired.section, wired.name), value, low, high)?;
            }
        }
        once(self.names())?;
        once(self.places())?;
        self.check_faults()
    }

    /// What does not fit between driver and emulator of each instrument whose protocol is a file, a line each: the driver is
    /// tried against the emulator, and no instrument is asked.
    pub fn mismatches(&self) -> Vec<String> {
        let of = |wired: Wired<'_>| {
            let place = format!("{}.{}", wired.section, wired.name);
            let lines = wired.instrument.mismatches();
            lines.into_iter().map(move |line| format!("{place}: {line}")).collect::<Vec<_>>()
        };
        self.wired().flat_map(of).collect()
    }

    /// Names of the instruments that programs drive.
    pub fn programs(&self) -> Vec<String> {
        let by_program = self.wired().filter(|wired| wired.instrument.program().is_some());
        by_program.map(|wired| wired.name.to_owned()).collect()
    }

    /// Names of the instruments whose programs are not started where their instruments are emulated.
    pub fn programs_left_out(&self) -> Vec<String> {
        let left_out = |wired: &Wired<'_>| {
            wired.instrument.program().is_some() && !wired.instrument.tries_its_program()
        };
        self.wired().filter(left_out).map(|wired| wired.name.to_owned()).collect()
    }

    /// Whether every instrument has a cable of its own: two at the end of one would be one.
    ///
    /// # Errors
    /// The first cable that leads to two.
    pub(crate) fn check_cables(&self) -> Result<(), WiringError> {
        once(self.cables().into_iter().map(|(_, cable)| cable))
    }

    /// The cable of each instrument by its name, and who of those that can share it is asked.
    pub(crate) fn cables(&self) -> Vec<(String, String)> {
        let cable = |wired: Wired<'_>| {
            let by_program = || wired.instrument.program().map(|it| format!("`{}`", it.command));
            let link = wired.instrument.link();
            let cable = link.map(|link| link.in_words(wired.instrument.unit()));
            Some((wired.name.to_owned(), cable.or_else(by_program)?))
        };
        self.wired().filter_map(cable).collect()
    }

    /// The cable of each instrument that has one, by its name.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&str, &Link)> {
        self.wired().filter_map(|wired| Some((wired.name, wired.instrument.link()?)))
    }

    /// Every loop, input and output of an instrument that does several jobs.
    fn places(&self) -> impl Iterator<Item = String> {
        let of = |wired: Wired<'_>| {
            let at = |place| format!("{place} of {}", wired.name);
            wired.instrument.places().into_iter().map(at).collect::<Vec<_>>()
        };
        self.wired().flat_map(of)
    }

    fn check_faults(&self) -> Result<(), WiringError> {
        for (i, fault) in self.faults.iter().enumerate() {
            in_range(&format!("faults[{i}].at_s"), fault.at_s, 0.0, 1e9)?;
            in_range(&format!("faults[{i}].for_s"), fault.for_s, 0.0, 1e9)?;
            in_range(&format!("faults[{i}].share"), fault.share, 0.0, 1.0)?;
            if let Mischief::DelayS(delay_s) = fault.what {
                in_range(&format!("faults[{i}].what.delay_s"), delay_s, 0.0, 1e6)?;
            }
            if !self.names().any(|name| name == fault.instrument) {
                let what = format!("faults[{i}].instrument = {:?}", fault.instrument);
                return Err(WiringError::NoInstrument { what });
            }
        }
        Ok(())
    }

    /// Whether every instrument of the lab is wired, each once, and nothing else is.
    ///
    /// # Errors
    /// The first name that does not fit.
    pub fn check(&self, manifest: &Manifest) -> Result<(), WiringError> {
        self.check_alone()?;
        let wired: Vec<Job> = self.wired().flat_map(|wired| wired.jobs()).collect();
        once(wired.iter().map(Job::to_string))?;
        let wanted = jobs_of(manifest);
        let wired: BTreeSet<Job> = wired.into_iter().collect();
        if let Some(job) = wanted.difference(&wired).next() {
            return Err(WiringError::Missing { what: job.to_string() });
        }
        if let Some(job) = wired.difference(&wanted).next() {
            return Err(WiringError::Unknown { what: job.to_string() });
        }
        for wired in self.wired() {
            if let Some(problem) = wired.instrument.misfit(wired.name, manifest) {
                let (section, name) = (wired.section.to_owned(), wired.name.to_owned());
                return Err(WiringError::Section { section, name, problem });
            }
        }
        self.check_syringes(manifest)
    }

    /// Whether a pump that is told the bore of its syringe has one.
    fn check_syringes(&self, manifest: &Manifest) -> Result<(), WiringError> {
        for wired in self.wired().filter(|wired| wired.instrument.has_syringes()) {
            for job in wired.jobs() {
                let Job::Pump(name) = job else { continue };
                if manifest.pump(&name).is_some_and(|info| !info.has_syringe()) {
                    let (section, instrument) = (wired.section.to_owned(), wired.name.to_owned());
                    return Err(WiringError::NoSyringe { section, instrument, name });
                }
            }
        }
        Ok(())
    }

    /// Names of all instruments, in the order of the sections.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.wired().map(|wired| wired.name.to_owned())
    }
}

/// What instruments must do for a lab.
fn jobs_of(manifest: &Manifest) -> BTreeSet<Job> {
    let permits = manifest.sensors.iter().filter(|s| s.kind.is_switch());
    let probes = manifest.sensors.iter().filter(|s| matches!(s.kind, SensorKind::Probe(_)));
    let pumps = manifest.pumps.iter().map(|p| Job::Pump(p.name.clone()));
    pumps
        .chain(manifest.valves.iter().map(|v| Job::Valve(v.name.clone())))
        .chain(manifest.heaters.iter().map(|h| Job::Heater(h.name.clone())))
        .chain(permits.map(|s| Job::Switch(s.name.clone())))
        .chain(probes.map(|s| Job::Probe(s.name.clone())))
        .chain(manifest.analysers.iter().map(|a| Job::Analyser(a.name.clone())))
        .chain(manifest.lights.iter().map(|l| Job::Light(l.name.clone())))
        .chain(manifest.spectrometers.iter().map(|s| Job::Spectrometer(s.name.clone())))
        .collect()
}

fn in_range(key: &str, value: f64, low: f64, high: f64) -> Result<(), WiringError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(WiringError::Range { key: key.to_owned(), value, low, high })
}

fn once(names: impl IntoIterator<Item = String>) -> Result<(), WiringError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.clone()) {
            return Err(WiringError::Twice { what: name });
        }
    }
    Ok(())
}
