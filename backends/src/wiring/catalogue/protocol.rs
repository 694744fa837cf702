//! Instruments whose protocol is a file: `docs/protocol-files.md`.

use std::collections::BTreeMap;
use std::rc::Rc;

use flowtwin_lab::{FaultKind, Manifest};
use serde::{Deserialize, Serialize};

use crate::bench::Instruments;
use crate::codec::modbus::Framing;
use crate::codec::program::Kind;
use crate::driver::protocol::{ProtocolDriver, ProtocolHost};
use crate::emulator::Emulator;
use crate::emulator::protocol::ProtocolEmulator;
use crate::examination::examine_protocol;
use crate::instrument::Identity;
use crate::protocol::{Means, Protocol};
use crate::transport::Dialog;
use crate::wiring::{Face, InstrumentWiring, Job, Link, Ranged};

/// The Modbus address of an instrument that is alone.
const UNIT: u16 = 1;

/// One instrument, or several on one line, whose protocol is a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolWiring {
    /// The name of a protocol that comes with flowtwin, or the path of a file beside the wiring file.
    pub file: String,
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// Its address on the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<u16>,
    /// The instruments of a line with several, and the address of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, u16>,
    /// The valves of pumps that have one: the name of each pump, and that of its valve.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub valves: BTreeMap<String, String>,
    /// The text of the file, once it has been read.
    #[serde(skip)]
    pub text: Option<String>,
}

impl ProtocolWiring {
    fn protocol(&self) -> Result<Protocol, String> {
        let loaded = match &self.text {
            Some(text) => Protocol::parse(text, &self.file),
            None => Protocol::load(&self.file, std::path::Path::new("")),
        };
        loaded.map_err(|error| error.to_string())
    }

    /// The protocol, which has been looked at when the wiring file was read.
    fn known(&self) -> Option<Rc<Protocol>> {
        self.protocol().ok().map(Rc::new)
    }

    fn parts(&self, name: &str) -> BTreeMap<String, u16> {
        if !self.parts.is_empty() {
            return self.parts.clone();
        }
        let usual = self.known().map_or(0, |it| it.line.as_ref().map_or(UNIT, |line| line.address));
        [(name.to_owned(), self.address.unwrap_or(usual))].into()
    }

    /// Modbus RTU on a serial line, Modbus TCP on a network.
    fn framing(&self) -> Framing {
        match self.link {
            Some(Link::Tcp(_)) => Framing::Tcp,
            _ => Framing::Rtu,
        }
    }

    /// What is wrong with the valves of pumps, in words.
    fn wrong_valve(&self, protocol: &Protocol) -> Option<String> {
        let (pump, valve) = self.valves.iter().next()?;
        if protocol.kind != Kind::Pump || protocol.meaning(Means::Position).is_none() {
            let name = &protocol.name;
            return Some(format!(
                "valves: {name} is not a pump with a valve, so {pump} has no {valve}"
            ));
        }
        let stranger = self.valves.keys().find(|pump| !self.parts.contains_key(*pump));
        let stranger = stranger.filter(|_| !self.parts.is_empty());
        stranger.map(|pump| format!("valves: {pump} is none of the `parts`"))
    }

    fn drivers(&self, name: &str, dialog: Dialog) -> Vec<(String, ProtocolDriver)> {
        let Some(protocol) = self.known() else { return Vec::new() };
        let parts = self.parts(name);
        let unit = parts.values().next().and_then(|unit| u8::try_from(*unit).ok()).unwrap_or(1);
        let host = ProtocolHost::new(&protocol, dialog, self.framing(), unit);
        let line = ProtocolDriver::line(host);
        let driver =
            |(name, address)| (name, ProtocolDriver::new(protocol.clone(), line.clone(), address));
        parts.into_iter().map(driver).collect()
    }
}

impl InstrumentWiring for ProtocolWiring {
    crate::reached_by!(link, serial_number);

    fn unit(&self) -> u8 {
        self.address.and_then(|address| u8::try_from(address).ok()).unwrap_or(0)
    }

    fn ranges(&self) -> Vec<Ranged> {
        let one = self.address.map(|address| Ranged::new("address", address, 0.0, 247.0));
        let part = |(name, address): (&String, &u16)| {
            Ranged::new(format!("parts.{name}"), *address, 0.0, 247.0)
        };
        one.into_iter().chain(self.parts.iter().map(part)).collect()
    }

    fn problem(&self) -> Option<String> {
        match self.protocol() {
            Err(problem) => Some(problem),
            Ok(it) if it.line.is_none() && self.parts.len() > 1 => {
                Some("parts: a Modbus line has one instrument for each section".into())
            }
            Ok(_) if self.address.is_some() && !self.parts.is_empty() => {
                Some("say either `address`, or the address of each of its `parts`".into())
            }
            Ok(it) => self.wrong_valve(&it),
        }
    }

    fn mismatches(&self) -> Vec<String> {
        let of = |protocol: Rc<Protocol>| examine_protocol(&protocol);
        self.known().map(of).unwrap_or_default()
    }

    fn read_beside(&mut self, folder: &std::path::Path) {
        if crate::protocol::built_in(&self.file).is_none() {
            self.file = folder.join(&self.file).display().to_string();
            // Where it cannot be read, the check of the section says so.
            self.text = std::fs::read_to_string(&self.file).ok();
        }
    }

    fn jobs(&self, name: &str) -> Vec<Job> {
        let kind = self.known().map(|protocol| protocol.kind);
        let job = |name: String| match kind? {
            Kind::Pump => Some(Job::Pump(name.as_str().into())),
            Kind::Heater => Some(Job::Heater(name.as_str().into())),
            Kind::Valve => Some(Job::Valve(name.as_str().into())),
            Kind::Sensor => Some(Job::Probe(name.as_str().into())),
            _ => None,
        };
        let parts = self.parts(name);
        let valves = parts.keys().filter_map(|pump| self.valves.get(pump));
        let valves = valves.map(|valve| Job::Valve(valve.as_str().into()));
        parts.keys().cloned().filter_map(job).chain(valves).collect()
    }

    fn has_syringes(&self) -> bool {
        self.known().is_some_and(|protocol| protocol.needs_bore())
    }

    fn places(&self) -> Vec<String> {
        self.parts.values().map(|address| format!("address {address}")).collect()
    }

    fn drive(&self, name: &str, dialog: Dialog, manifest: &Manifest, drivers: &mut Instruments) {
        let kind = self.known().map(|protocol| protocol.kind);
        for (name, driver) in self.drivers(name, dialog) {
            let key = name.as_str();
            match kind {
                Some(Kind::Pump) => {
                    let bore_mm = manifest
                        .pump(&key.into())
                        .map(|info| info.bore_mm)
                        .filter(|bore| *bore > 0.0);
                    if let Some(valve) = self.valves.get(key) {
                        drivers.valves.insert(valve.as_str().into(), Box::new(driver.beside()));
                    }
                    drivers.pumps.insert(key.into(), Box::new(driver.with_bore(bore_mm)));
                }
                Some(Kind::Heater) => drop(drivers.heaters.insert(key.into(), Box::new(driver))),
                Some(Kind::Valve) => drop(drivers.valves.insert(key.into(), Box::new(driver))),
                _ => drop(drivers.probes.insert(key.into(), Box::new(driver))),
            }
        }
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        let mut found = Identity::default();
        let mut notes = Vec::new();
        let drivers = self.drivers("it", dialog);
        let several = drivers.len() > 1;
        for (name, mut driver) in drivers {
            found = driver.identify()?;
            let note = |note: String| if several { format!("{name}: {note}") } else { note };
            notes.extend(found.notes.drain(..).map(note));
        }
        Ok(Identity { notes, ..found })
    }

    fn emulator(&self, name: &str) -> Box<dyn Emulator> {
        let protocol = self.known().expect("the section was checked when the file was read");
        let (framing, parts) = (self.framing(), self.parts(name));
        Box::new(ProtocolEmulator::with_valves(protocol, framing, parts, &self.valves))
    }

    fn example() -> &'static str {
        "file = \"new-era-ne1000\""
    }

    fn usual_face(&self) -> Face {
        Face::Serial
    }
}
