//! From a wiring file to emulated instruments.

use super::{Face, Link, Wiring};
use crate::emulator::Emulator;
use crate::emulator::faulty::Faulty;

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
        let made = |wired: super::Wired<'_>| {
            let emulator = wired.instrument.served(wired.name);
            EmulatedInstrument {
                name: wired.name.to_owned(),
                kind: wired.section,
                face: face(wired.instrument.link(), wired.instrument.usual_face()),
                emulator: Faulty::wrap(wired.name, emulator, &self.faults, self.fault_seed),
            }
        };
        self.wired().map(made).collect()
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
