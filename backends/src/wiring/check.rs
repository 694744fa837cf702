//! Whether a wiring file makes sense, alone and with the lab it is for.

use std::collections::BTreeSet;

use flowtwin_lab::{Manifest, SensorKind};

use super::{DigitalInput, LampLine, Link, SCHEMA, Wiring, WiringError};
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
        for (name, f4t) in &self.f4t {
            for (heater, number) in &f4t.loops {
                let key = format!("f4t.{name}.loops.{heater}");
                in_range(&key, f64::from(*number), 1.0, 4.0)?;
            }
            for (sensor, input) in &f4t.inputs {
                let key = format!("f4t.{name}.inputs.{sensor}");
                in_range(&format!("{key}.module"), f64::from(input.module), 1.0, 6.0)?;
                in_range(&format!("{key}.io"), f64::from(input.io), 1.0, 6.0)?;
            }
            in_range(&format!("f4t.{name}.unit"), f64::from(f4t.unit), 1.0, 247.0)?;
        }
        for (name, hdx) in &self.hdx {
            in_range(&format!("hdx.{name}.average"), f64::from(hdx.average), 1.0, 5_000.0)?;
            if let LampLine::Gpio(pin) = hdx.lamp_line {
                in_range(&format!("hdx.{name}.lamp_line.gpio"), f64::from(pin), 0.0, 31.0)?;
            }
        }
        for (name, led) in &self.dc2200 {
            in_range(&format!("dc2200.{name}.current_a"), led.current_a, 0.0, 10.0)?;
        }
        for (name, driver) in &self.dc4100 {
            for (light, led) in &driver.lights {
                let key = format!("dc4100.{name}.lights.{light}");
                in_range(&format!("{key}.channel"), f64::from(led.channel), 0.0, 3.0)?;
                in_range(&format!("{key}.current_ma"), led.current_ma, 0.0, 1000.0)?;
            }
        }
        once(self.names())?;
        once(self.places())?;
        self.check_faults()
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
        let unit = |name: &str| self.f4t.get(name).map_or(0, |f4t| f4t.unit);
        self.links().map(|(name, link)| (name.to_owned(), cable(link, unit(name)))).collect()
    }

    /// The cable of each instrument that has one, by its name.
    pub(crate) fn links(&self) -> impl Iterator<Item = (&str, &Link)> {
        let links = self.chemyx.iter().map(|(name, w)| (name, &w.link));
        links
            .chain(self.f4t.iter().map(|(name, w)| (name, &w.link)))
            .chain(self.f4t_scpi.iter().map(|(name, w)| (name, &w.link)))
            .chain(self.hdx.iter().map(|(name, w)| (name, &w.link)))
            .chain(self.dc2200.iter().map(|(name, w)| (name, &w.link)))
            .chain(self.dc4100.iter().map(|(name, w)| (name, &w.link)))
            .filter_map(|(name, link)| Some((name.as_str(), link.as_ref()?)))
    }

    /// Every loop, input and output of an instrument that does several jobs.
    fn places(&self) -> Vec<String> {
        let mut places = Vec::new();
        for (name, f4t) in &self.f4t {
            places.extend(f4t.loops.values().map(|n| format!("loop {n} of {name}")));
            let input =
                |i: &DigitalInput| format!("input {} of module {} of {name}", i.io, i.module);
            places.extend(f4t.inputs.values().map(input));
        }
        for (name, driver) in &self.dc4100 {
            places
                .extend(driver.lights.values().map(|led| format!("LED {} of {name}", led.channel)));
        }
        places
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
        let wired = self.jobs();
        once(wired.iter().cloned())?;
        let wanted = jobs_of(manifest);
        let wired: BTreeSet<String> = wired.into_iter().collect();
        if let Some(what) = wanted.difference(&wired).next().cloned() {
            return Err(WiringError::Missing { what });
        }
        if let Some(what) = wired.difference(&wanted).next().cloned() {
            return Err(WiringError::Unknown { what });
        }
        Ok(())
    }

    /// Names of all instruments, in the order of the sections.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.chemyx
            .keys()
            .chain(self.f4t.keys())
            .chain(self.f4t_scpi.keys())
            .chain(self.hdx.keys())
            .chain(self.dc2200.keys())
            .chain(self.dc4100.keys())
            .cloned()
    }

    /// What the instruments do for the lab, in words.
    fn jobs(&self) -> Vec<String> {
        let mut jobs = Vec::new();
        for (name, pump) in &self.chemyx {
            match &pump.channels {
                Some(pumps) => jobs.extend(pumps.iter().map(|p| format!("pump {p}"))),
                None => jobs.push(format!("pump {name}")),
            }
        }
        for f4t in self.f4t.values() {
            jobs.extend(f4t.loops.keys().map(|h| format!("heater {h}")));
            jobs.extend(f4t.inputs.keys().map(|s| format!("switch {s}")));
        }
        jobs.extend(self.f4t_scpi.keys().map(|h| format!("heater {h}")));
        for (name, hdx) in &self.hdx {
            jobs.push(format!("spectrometer {name}"));
            jobs.extend(hdx.lamp.iter().map(|l| format!("light {l}")));
        }
        jobs.extend(self.dc2200.keys().map(|l| format!("light {l}")));
        for driver in self.dc4100.values() {
            jobs.extend(driver.lights.keys().map(|l| format!("light {l}")));
        }
        jobs
    }
}

fn jobs_of(manifest: &Manifest) -> BTreeSet<String> {
    let permits = manifest.sensors.iter().filter(|s| s.kind == SensorKind::Permit);
    let pumps = manifest.pumps.iter().map(|p| format!("pump {}", p.name));
    pumps
        .chain(manifest.heaters.iter().map(|h| format!("heater {}", h.name)))
        .chain(permits.map(|s| format!("switch {}", s.name)))
        .chain(manifest.lights.iter().map(|l| format!("light {}", l.name)))
        .chain(manifest.spectrometers.iter().map(|s| format!("spectrometer {}", s.name)))
        .collect()
}

/// A cable in words, the same for the same.
fn cable(link: &Link, unit: u8) -> String {
    match link {
        // A port can be opened once, and paths that differ may lead to one.
        Link::Serial(serial) => {
            let port = &serial.port;
            let real = std::fs::canonicalize(port).unwrap_or_else(|_| port.into());
            format!("the port {}", real.display())
        }
        Link::Tcp(address) if unit > 0 => format!("the address {address}, unit {unit},"),
        Link::Tcp(address) => format!("the address {address}"),
        Link::Usb(serial_number) => format!("the USB device {serial_number}"),
    }
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
