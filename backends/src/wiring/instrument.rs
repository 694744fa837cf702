//! What a section of a wiring file says of one instrument, and everything that follows from it.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use flowtwin_lab::argv::words;
use flowtwin_lab::{
    AnalyserId, FaultKind, HeaterId, LightId, Manifest, PumpId, SensorId, SpectrometerId, ValveId,
};

use super::Link;
use crate::bench::Instruments;
use crate::emulator::Emulator;
use crate::instrument::Identity;
use crate::transport::{Dialog, SerialSettings, UsbPort};

/// An instrument of a wiring file: its cable, what it does for the lab, its driver and its emulator.
///
/// `examples/own_driver/acme.rs` has one whole, with its driver and its emulator.
pub trait InstrumentWiring {
    /// Its cable.
    fn link(&self) -> Option<&Link>;

    /// Its cable, to be changed.
    fn link_mut(&mut self) -> &mut Option<Link>;

    /// Where it is found on USB; none where its driver does not know the bus.
    fn usb(&self) -> Option<UsbPort> {
        None
    }

    /// The program that is started to reach it; none where this program reaches it by itself.
    fn program(&self) -> Option<ProgramCommand> {
        None
    }

    /// Whether its program is started also where what is at its cable is emulated.
    fn tries_its_program(&self) -> bool {
        false
    }

    /// Whether it can be reached a second time while somebody drives it already.
    fn is_shared(&self) -> bool {
        !matches!(self.link(), Some(Link::Serial(_)))
    }

    /// Says where it is; a baud rate that was known is kept.
    fn lead_to(&mut self, link: Link) {
        let old = self.link_mut().take();
        *self.link_mut() = Some(renewed(old, link));
    }

    /// Reads the files that its section names, from the folder of the wiring file.
    fn read_beside(&mut self, folder: &std::path::Path) {
        let _ = folder;
    }

    /// What is wrong with its section, in words, other than the [ranges](Self::ranges).
    fn problem(&self) -> Option<String> {
        None
    }

    /// What does not fit between it and the lab, in words: a detector of another number of pixels.
    fn misfit(&self, name: &str, manifest: &Manifest) -> Option<String> {
        let _ = (name, manifest);
        None
    }

    /// What does not fit between its driver and its emulator, where a file makes both; a line each.
    fn mismatches(&self) -> Vec<String> {
        Vec::new()
    }

    /// The serial number it must show.
    fn serial_number(&self) -> Option<&str> {
        None
    }

    /// Its number among those that share an address; 0 where it has one alone.
    fn unit(&self) -> u8 {
        0
    }

    /// The numbers in its section, by their keys below it, and what is allowed.
    fn ranges(&self) -> Vec<Ranged> {
        Vec::new()
    }

    /// What it does for the lab; `name` is its name in the wiring file.
    fn jobs(&self, name: &str) -> Vec<Job>;

    /// Whether its pumps have syringes, whose bore they are told.
    fn has_syringes(&self) -> bool {
        false
    }

    /// The loops, inputs and channels that its jobs are at, in words: each can be there once.
    fn places(&self) -> Vec<String> {
        Vec::new()
    }

    /// How long frames are under way on its cable \[s\]; none where that needs no time to speak of.
    fn transmission_s(&self, frames: u32) -> Option<f64> {
        let _ = frames;
        None
    }

    /// Puts a driver for each of its jobs among `drivers`. Sends nothing yet.
    fn drive(&self, name: &str, dialog: Dialog, manifest: &Manifest, drivers: &mut Instruments);

    /// Asks who it is. Nothing is moved, heated or lit.
    ///
    /// # Errors
    /// If it does not answer as such an instrument does.
    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind>;

    /// Its emulator.
    fn emulator(&self, name: &str) -> Box<dyn Emulator>;

    /// The emulator at its cable, for whoever is to be tried there: its own, where it is reached by no program.
    fn served(&self, name: &str) -> Box<dyn Emulator> {
        self.emulator(name)
    }

    /// Its section as it may stand in a wiring file, in TOML: the tests of the catalogue try it.
    fn example() -> &'static str
    where
        Self: Sized;

    /// What its emulator is reached by where the wiring file names no cable.
    fn usual_face(&self) -> Face {
        Face::Tcp
    }

    /// How to look for it at unknown serial ports; none if it never has a serial port.
    fn serial_try() -> Option<SerialTry>
    where
        Self: Sized,
    {
        None
    }

    /// The instruments of this sort that answer on the network of the adapter with this address.
    ///
    /// # Errors
    /// If the network cannot be asked.
    fn on_network(adapter: Ipv4Addr) -> io::Result<Vec<Found>>
    where
        Self: Sized,
    {
        let _ = adapter;
        Ok(Vec::new())
    }
}

/// How an instrument is reached whose section of a wiring file has a key `link` and, where it is named here, a key
/// `serial_number`: for its [`InstrumentWiring`].
#[macro_export]
macro_rules! reached_by {
    (link) => {
        fn link(&self) -> Option<&$crate::wiring::Link> {
            self.link.as_ref()
        }

        fn link_mut(&mut self) -> &mut Option<$crate::wiring::Link> {
            &mut self.link
        }
    };
    (link, serial_number) => {
        $crate::reached_by!(link);

        fn serial_number(&self) -> Option<&str> {
            self.serial_number.as_deref()
        }
    };
}

/// A new link in place of an old one, with the baud rate of the old one.
pub(super) fn renewed(old: Option<Link>, new: Link) -> Link {
    match (old, new) {
        (Some(Link::Serial(old)), Link::Serial(new)) => {
            Link::Serial(SerialSettings { baud: old.baud, frame: old.frame, ..new })
        }
        (_, new) => new,
    }
}

/// A program that drives an instrument, as a wiring file names it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramCommand {
    /// How it is started. `{port}`, `{baud}` and `{address}` stand for those of the link.
    pub command: String,
    /// The folder in which it runs, relative to the wiring file.
    pub folder: PathBuf,
    /// How long it may take to start \[s\].
    pub starts_within_s: f64,
}

impl ProgramCommand {
    /// The words of the command, with the link in their places; none where a word needs what the link does not have.
    pub(crate) fn words(&self, link: Option<&Link>) -> Option<Vec<String>> {
        let (port, baud, address) = match link {
            Some(Link::Serial(s)) => (Some(s.port.clone()), Some(s.baud.to_string()), None),
            Some(Link::Tcp(address)) => (None, None, Some(address.clone())),
            Some(Link::Usb(number)) => (None, None, Some(number.clone())),
            None => (None, None, None),
        };
        let filled = |mut word: String| {
            for (name, value) in [("{port}", &port), ("{baud}", &baud), ("{address}", &address)] {
                if word.contains(name) {
                    word = word.replace(name, value.as_ref()?);
                }
            }
            Some(word)
        };
        words(&self.command).ok()?.into_iter().map(filled).collect()
    }
}

/// A number of a wiring file, and what is allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranged {
    /// Its key, below the section of the instrument.
    pub key: String,
    /// Its value.
    pub value: f64,
    /// Lowest allowed.
    pub low: f64,
    /// Highest allowed.
    pub high: f64,
}

impl Ranged {
    /// A number at `key` that must be from `low` to `high`.
    pub fn new(key: impl Into<String>, value: impl Into<f64>, low: f64, high: f64) -> Self {
        Self { key: key.into(), value: value.into(), low, high }
    }
}

/// What an instrument does for the lab.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Job {
    /// It is this analyser.
    Analyser(AnalyserId),
    /// It is this heater.
    Heater(HeaterId),
    /// It is this light.
    Light(LightId),
    /// It is this sensor in the line.
    Probe(SensorId),
    /// It is this pump.
    Pump(PumpId),
    /// It is this spectrometer.
    Spectrometer(SpectrometerId),
    /// It is this switch that permits to run.
    Switch(SensorId),
    /// It is this valve.
    Valve(ValveId),
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Analyser(name) => write!(f, "analyser {name}"),
            Self::Probe(name) => write!(f, "sensor {name}"),
            Self::Heater(name) => write!(f, "heater {name}"),
            Self::Light(name) => write!(f, "light {name}"),
            Self::Pump(name) => write!(f, "pump {name}"),
            Self::Spectrometer(name) => write!(f, "spectrometer {name}"),
            Self::Switch(name) => write!(f, "switch {name}"),
            Self::Valve(name) => write!(f, "valve {name}"),
        }
    }
}

/// What an emulated instrument is reached by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Face {
    /// A pseudo-terminal.
    Serial,
    /// A TCP port.
    Tcp,
    /// A TCP port, found by UDP discovery.
    Discovered,
}

/// How an instrument is looked for at a serial port.
#[expect(missing_debug_implementations, reason = "a wiring need not be shown")]
pub struct SerialTry {
    /// The instrument with nothing but defaults.
    pub instrument: Box<dyn InstrumentWiring>,
    /// The baud rates at which it may be, the likeliest first.
    pub bauds: &'static [u32],
    /// Its turn among the instruments, the smallest first: what one does not understand can confuse it.
    pub turn: u8,
}

/// An instrument that has answered on the network.
#[expect(missing_debug_implementations, reason = "a wiring need not be shown")]
pub struct Found {
    /// The instrument with nothing but defaults.
    pub instrument: Box<dyn InstrumentWiring>,
    /// Where it serves.
    pub address: SocketAddr,
}

/// An instrument in its wiring file.
pub(crate) struct Wired<'a> {
    /// Its section.
    pub(crate) section: &'static str,
    /// Its name.
    pub(crate) name: &'a str,
    /// What its section says.
    pub(crate) instrument: &'a dyn InstrumentWiring,
}

impl Wired<'_> {
    /// What it does for the lab.
    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.instrument.jobs(self.name)
    }
}
