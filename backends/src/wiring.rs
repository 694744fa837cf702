//! Wiring files: which instrument is at the end of which cable.
//!
//! ```toml
//! schema = 1
//!
//! [chemyx.cui]                         # the pump called `cui`
//! link.serial = { port = "/dev/serial/by-id/usb-FTDI_A1-if00", baud = 9600 }
//!
//! [f4t.oven]
//! link.tcp = "192.168.1.20:502"
//! loops = { plate = 1 }
//!
//! [hdx.absorption]
//! link.tcp = "192.168.1.200:57357"
//! serial_number = "HDX00042"
//! lamp = "halogen"
//!
//! [dc2200.led]
//! link.tcp = "192.168.1.30:5025"
//! current_a = 0.35
//! ```

use std::path::{Path, PathBuf};

use flowtwin_lab::HeaterId;
use serde::{Deserialize, Serialize};

mod assemble;
pub mod catalogue;
mod check;
mod emulators;
mod error;
mod instrument;
mod link;
mod usual;

pub use catalogue::Wiring;
pub use emulators::EmulatedInstrument;
pub use error::WiringError;
pub(crate) use instrument::Wired;
pub use instrument::{Face, Found, InstrumentWiring, Job, ProgramCommand, Ranged, SerialTry};
pub use link::Link;

pub use crate::codec::hdx::LampLine;

/// The only schema there is.
const SCHEMA: u32 = 1;

fn default_patience_s() -> f64 {
    1.0
}

/// A rig behind a folder; see [`crate::folder`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderWiring {
    /// The folder, relative to the wiring file.
    pub path: PathBuf,
    /// How long an experiment usually takes \[s\]: nothing is looked for earlier.
    pub expected_s: f64,
    /// How long to wait for a result before the experiment counts as lost \[s\].
    pub patience_s: f64,
}

impl FolderWiring {
    /// Where the folder is, for the wiring file at `bench`.
    pub fn beside(&self, bench: &Path) -> PathBuf {
        bench.parent().unwrap_or(Path::new("")).join(&self.path)
    }
}

impl Wiring {
    /// Reads a wiring file.
    ///
    /// # Errors
    /// With the place in the text, if a key is unknown or a value is wrong.
    pub fn parse(text: &str) -> Result<Self, WiringError> {
        let wiring: Self = toml::from_str(text)?;
        wiring.check_alone()?;
        Ok(wiring)
    }

    /// Reads a wiring file that is in `folder`: paths in it are relative to that.
    ///
    /// # Errors
    /// As [`Wiring::parse`]; or if a file that it names cannot be read.
    pub fn parse_beside(text: &str, folder: &Path) -> Result<Self, WiringError> {
        let wiring: Self = toml::from_str(text)?;
        // What is written into another folder leads to the same places.
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder = std::path::absolute(here).unwrap_or_else(|_| folder.to_owned());
        let wiring = wiring.reading_beside(&folder);
        wiring.check_alone()?;
        Ok(wiring)
    }

    /// Who is at the end of which cable, and nothing else, in words that are the same for the same: names and values, no
    /// comments, patience, clock or faults.
    pub fn cables_in_words(&self) -> String {
        let only = Self {
            patience_s: default_patience_s(),
            clock: None,
            faults: Vec::new(),
            fault_seed: 0,
            ..self.clone()
        };
        toml::to_string(&only).unwrap_or_else(|_| format!("{only:?}"))
    }

    /// Says where the instrument `name` is; a baud rate that was known is kept. Does nothing where
    /// there is no instrument of that name.
    pub fn set_link(&mut self, name: &str, link: Link) {
        if let Some(wired) = self.wired_mut(name) {
            wired.lead_to(link);
        }
    }

    /// The instrument of this name.
    pub(crate) fn find(&self, name: &str) -> Option<Wired<'_>> {
        self.wired().find(|wired| wired.name == name)
    }

    /// Heaters whose controller allows a second connection: those that are not on a serial port.
    pub(crate) fn shared_heaters(&self) -> Vec<HeaterId> {
        self.heaters(true)
    }

    /// Whether there is a heater whose controller allows no second connection.
    pub(crate) fn has_lone_heaters(&self) -> bool {
        !self.heaters(false).is_empty()
    }

    /// The heaters whose controller allows a second connection, or those whose controller does not.
    fn heaters(&self, shared: bool) -> Vec<HeaterId> {
        let such = self.wired().filter(|wired| wired.instrument.is_shared() == shared);
        let heater = |job| match job {
            Job::Heater(heater) => Some(heater),
            _ => None,
        };
        such.flat_map(|wired| wired.jobs()).filter_map(heater).collect()
    }
}
