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

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flowtwin_lab::{HeaterId, LightId, Manifest, PumpId, SensorId};
use serde::{Deserialize, Serialize};

mod assemble;
mod check;
mod emulators;
mod error;

pub use emulators::{EmulatedInstrument, Face};
pub use error::WiringError;

use crate::codec::chemyx::Dialect;
pub use crate::codec::hdx::LampLine;
use crate::codec::modbus::WordOrder;
use crate::emulator::faulty::ScriptedFault;
use crate::transport::SerialSettings;

/// The only schema there is.
const SCHEMA: u32 = 1;

/// A wiring file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wiring {
    /// Version of the format: 1.
    pub schema: u32,
    /// Longest time an instrument may take to answer \[s\].
    #[serde(default = "default_patience_s")]
    pub patience_s: f64,
    /// Whether the instruments are emulated: then the results are marked as simulated. `flowtwin emulate --wired`
    /// sets it.
    #[serde(default)]
    pub simulated: bool,
    /// Where the process that emulates the instruments tells and shares its time, `host:port`; `flowtwin emulate --wired`
    /// sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Chemyx pumps, by the name of the pump, or any name where `channels` names the pumps.
    #[serde(default)]
    pub chemyx: BTreeMap<String, ChemyxWiring>,
    /// Watlow F4T controllers on Modbus, by any name.
    #[serde(default)]
    pub f4t: BTreeMap<String, F4tWiring>,
    /// Watlow F4T controllers by SCPI, by the name of the heater.
    #[serde(default)]
    pub f4t_scpi: BTreeMap<String, F4tScpiWiring>,
    /// Ocean HDX spectrometers, by the name of the spectrometer.
    #[serde(default)]
    pub hdx: BTreeMap<String, HdxWiring>,
    /// Thorlabs DC2200 LED drivers, by the name of the light.
    #[serde(default)]
    pub dc2200: BTreeMap<String, Dc2200Wiring>,
    /// Thorlabs DC4100 LED drivers, by any name.
    #[serde(default)]
    pub dc4100: BTreeMap<String, Dc4100Wiring>,
    /// A rig that something else drives: then there are no instruments here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<FolderWiring>,
    /// Faults of emulated instruments; real ones have their own.
    #[serde(default)]
    pub faults: Vec<ScriptedFault>,
    /// Seed of the faults.
    #[serde(default)]
    pub fault_seed: u64,
}

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

/// The cable of an instrument. Left out, the instrument can only be emulated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// A serial port.
    Serial(SerialSettings),
    /// A TCP address, `host:port`.
    Tcp(String),
    /// A USB device, by its serial number.
    Usb(String),
}

/// A Chemyx pump.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChemyxWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// How its firmware frames replies. The driver reads all dialects; an emulator speaks this one.
    #[serde(default)]
    pub dialect: Dialect,
    /// The pumps of a multi-channel model, from channel 1.
    pub channels: Option<Vec<PumpId>>,
}

/// A Watlow F4T on Modbus: TCP over a TCP link, RTU over a serial one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct F4tWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// Modbus address.
    #[serde(default = "default_unit")]
    pub unit: u8,
    /// Which half of a float comes first.
    #[serde(default)]
    pub word_order: WordOrder,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// The control loop of each heater, from 1.
    pub loops: BTreeMap<HeaterId, u16>,
    /// The digital input of each switch that permits to run.
    #[serde(default)]
    pub inputs: BTreeMap<SensorId, DigitalInput>,
}

fn default_unit() -> u8 {
    1
}

/// A digital input of an F4T.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitalInput {
    /// Module, from 1.
    pub module: u16,
    /// Input of the module, from 1.
    pub io: u16,
}

/// A Watlow F4T by SCPI: loop 1, switched by output 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct F4tScpiWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
}

/// An Ocean HDX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HdxWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// The light that one of its lines switches.
    pub lamp: Option<LightId>,
    /// Which line that is: the lamp-enable line, or a general-purpose pin.
    #[serde(default)]
    pub lamp_line: LampLine,
    /// Exposures that it averages to one frame. More than one makes frames longer, so that they resolve slugs less well.
    #[serde(default = "one")]
    pub average: u16,
}

impl Default for HdxWiring {
    fn default() -> Self {
        let lamp_line = LampLine::default();
        Self { link: None, serial_number: None, lamp: None, lamp_line, average: one() }
    }
}

fn one() -> u16 {
    1
}

/// A Thorlabs DC2200.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dc2200Wiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// Current of the LED \[A\].
    pub current_a: f64,
}

/// A Thorlabs DC4100.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dc4100Wiring {
    /// Its cable.
    pub link: Option<Link>,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// Its LEDs.
    pub lights: BTreeMap<LightId, Led>,
}

/// An LED of a DC4100.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Led {
    /// Channel, 0 to 3.
    pub channel: u8,
    /// Current \[mA\].
    pub current_ma: f64,
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
        let wired = (self.chemyx.get_mut(name).map(|w| &mut w.link))
            .or_else(|| self.f4t.get_mut(name).map(|w| &mut w.link))
            .or_else(|| self.f4t_scpi.get_mut(name).map(|w| &mut w.link))
            .or_else(|| self.hdx.get_mut(name).map(|w| &mut w.link))
            .or_else(|| self.dc2200.get_mut(name).map(|w| &mut w.link))
            .or_else(|| self.dc4100.get_mut(name).map(|w| &mut w.link));
        let Some(old) = wired else { return };
        *old = Some(match (old.take(), link) {
            (Some(Link::Serial(old)), Link::Serial(new)) => {
                Link::Serial(SerialSettings { baud: old.baud, ..new })
            }
            (_, link) => link,
        });
    }

    /// The same wiring with nothing but the instrument `name`.
    pub(crate) fn only(&self, name: &str) -> Self {
        let mut only = self.clone();
        only.chemyx.retain(|other, _| other == name);
        only.f4t.retain(|other, _| other == name);
        only.f4t_scpi.retain(|other, _| other == name);
        only.hdx.retain(|other, _| other == name);
        only.dc2200.retain(|other, _| other == name);
        only.dc4100.retain(|other, _| other == name);
        only
    }

    /// Heaters whose controller allows a second connection: those that are not on a serial port.
    pub fn shared_heaters(&self) -> Vec<HeaterId> {
        let is_shared = |link: &Option<Link>| !matches!(link, Some(Link::Serial(_)));
        let modbus = self.f4t.values().filter(|f4t| is_shared(&f4t.link));
        let scpi = self.f4t_scpi.iter().filter(|(_, f4t)| is_shared(&f4t.link));
        modbus
            .flat_map(|f4t| f4t.loops.keys().cloned())
            .chain(scpi.map(|(name, _)| HeaterId::new(name)))
            .collect()
    }

    /// Whether there is a heater whose controller allows no second connection.
    pub(crate) fn has_lone_heaters(&self) -> bool {
        let heaters: usize = self.f4t.values().map(|f4t| f4t.loops.len()).sum();
        self.shared_heaters().len() < heaters + self.f4t_scpi.len()
    }

    /// A wiring for any lab, for emulation: a pump to a port, a controller for all heaters and
    /// switches, and an LED driver for each light.
    pub fn of(manifest: &Manifest) -> Self {
        let heaters = manifest.heaters.iter().map(|h| h.name.clone());
        let permits =
            manifest.sensors.iter().filter(|s| s.kind == flowtwin_lab::SensorKind::Permit);
        let oven = F4tWiring {
            link: None,
            unit: default_unit(),
            word_order: WordOrder::default(),
            serial_number: None,
            loops: heaters.zip(1..).collect(),
            inputs: permits
                .zip(1..)
                .map(|(s, io)| (s.name.clone(), DigitalInput { module: 1, io }))
                .collect(),
        };
        let led = Dc2200Wiring { link: None, serial_number: None, current_a: 0.35 };
        let pumps = manifest.pumps.iter().map(|p| p.name.to_string());
        let spectrometers = manifest.spectrometers.iter().map(|s| s.name.to_string());
        let lights = manifest.lights.iter().map(|l| l.name.to_string());
        Self {
            schema: SCHEMA,
            patience_s: default_patience_s(),
            chemyx: pumps.map(|p| (p, ChemyxWiring::default())).collect(),
            f4t: [("f4t".to_owned(), oven)].into(),
            f4t_scpi: BTreeMap::new(),
            hdx: spectrometers.map(|s| (s, HdxWiring::default())).collect(),
            dc2200: lights.map(|l| (l, led.clone())).collect(),
            dc4100: BTreeMap::new(),
            folder: None,
            faults: Vec::new(),
            fault_seed: 0,
            simulated: false,
            clock: None,
        }
    }
}
