//! From a wiring file to emulated instruments.

use flowtwin_lab::{HeaterId, LightId, PumpId, SpectrometerId};

use super::{Link, Wiring};
use crate::codec::modbus::Framing;
use crate::emulator::Emulator;
use crate::emulator::chemyx::ChemyxEmulator;
use crate::emulator::dc2200::Dc2200Emulator;
use crate::emulator::dc4100::Dc4100Emulator;
use crate::emulator::f4t::{self, F4tEmulator};
use crate::emulator::f4t_scpi::F4tScpiEmulator;
use crate::emulator::faulty::Faulty;
use crate::emulator::hdx::HdxEmulator;

/// Serial number of an emulated controller that is expected to have no particular one.
const SERIAL_NUMBER: u32 = 4711;

/// What an emulated instrument is reached by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// A pseudo-terminal.
    Serial,
    /// A TCP port.
    Tcp,
    /// A TCP port, found by UDP discovery.
    Discovered,
}

/// An emulated instrument.
pub struct EmulatedInstrument {
    /// Its name in the wiring file.
    pub name: String,
    /// Its section in the wiring file.
    pub kind: &'static str,
    /// What it is reached by.
    pub face: Face,
    /// The instrument.
    pub emulator: Box<dyn Emulator>,
}

impl std::fmt::Debug for EmulatedInstrument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({:?})", self.kind, self.name, self.face)
    }
}

impl Wiring {
    /// An emulator for each instrument, at the address in the wiring file.
    pub fn emulators(&self) -> Vec<EmulatedInstrument> {
        let mut made = Vec::new();
        let mut add = |name: &str, kind, face, emulator| {
            let emulator = Faulty::wrap(name, emulator, &self.faults, self.fault_seed);
            made.push(EmulatedInstrument { name: name.to_owned(), kind, face, emulator });
        };
        for (name, wired) in &self.chemyx {
            let face = face(wired.link.as_ref(), Face::Serial);
            let emulator = match &wired.channels {
                Some(pumps) => ChemyxEmulator::multi(wired.dialect, pumps.clone()),
                None => ChemyxEmulator::single(wired.dialect, PumpId::new(name)),
            };
            add(name, "chemyx", face, Box::new(emulator) as Box<dyn Emulator>);
        }
        for (name, wired) in &self.f4t {
            let face = face(wired.link.as_ref(), Face::Tcp);
            add(name, "f4t", face, Box::new(wired.emulator(face)));
        }
        for (name, wired) in &self.f4t_scpi {
            let serial = number(wired.serial_number.as_deref());
            let emulator = F4tScpiEmulator::new(HeaterId::new(name), serial);
            add(name, "f4t_scpi", Face::Tcp, Box::new(emulator));
        }
        for (name, wired) in &self.hdx {
            let serial = wired.serial_number.as_deref().unwrap_or("HDX00042");
            let spectrometer = SpectrometerId::new(name);
            let lamp = wired.lamp.clone().map(|light| (light, wired.lamp_line));
            let emulator = HdxEmulator::new(spectrometer, lamp, serial);
            let face = face(wired.link.as_ref(), Face::Discovered);
            add(name, "hdx", face, Box::new(emulator));
        }
        for (name, wired) in &self.dc2200 {
            let serial = wired.serial_number.as_deref().unwrap_or("M00420042");
            let emulator = Dc2200Emulator::new(LightId::new(name), serial);
            let face = face(wired.link.as_ref(), Face::Tcp);
            add(name, "dc2200", face, Box::new(emulator));
        }
        for (name, wired) in &self.dc4100 {
            let face = face(wired.link.as_ref(), Face::Serial);
            add(name, "dc4100", face, Box::new(wired.emulator()));
        }
        made
    }
}

/// The face of an instrument: that of its link, or the usual one.
fn face(link: Option<&Link>, usual: Face) -> Face {
    match link {
        Some(Link::Serial(_)) => Face::Serial,
        Some(Link::Tcp(_) | Link::Usb(_)) if usual == Face::Serial => Face::Tcp,
        _ => usual,
    }
}

fn number(serial_number: Option<&str>) -> u32 {
    serial_number.and_then(|text| text.parse().ok()).unwrap_or(SERIAL_NUMBER)
}

impl super::F4tWiring {
    fn emulator(&self, face: Face) -> F4tEmulator {
        let loop_of = |number: u16| {
            self.loops.iter().find(|(_, n)| **n == number).map(|(heater, _)| heater.clone())
        };
        let framing = match face {
            Face::Serial => Framing::Rtu,
            Face::Tcp | Face::Discovered => Framing::Tcp,
        };
        let wiring = f4t::F4tWiring {
            loops: (1..=4).map(loop_of).collect(),
            inputs: self
                .inputs
                .iter()
                .map(|(sensor, input)| (input.module, input.io, sensor.clone()))
                .collect(),
            order: self.word_order,
            serial_number: number(self.serial_number.as_deref()),
        };
        F4tEmulator::new(framing, self.unit, wiring)
    }
}

impl super::Dc4100Wiring {
    fn emulator(&self) -> Dc4100Emulator {
        let mut lights = [const { None }; 4];
        for (light, led) in &self.lights {
            lights[usize::from(led.channel)] = Some(light.clone());
        }
        let serial = self.serial_number.as_deref().unwrap_or("M00410042");
        Dc4100Emulator::new(lights, serial)
    }
}
