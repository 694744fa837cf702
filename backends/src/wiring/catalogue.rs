//! The catalogue: every instrument that wiring files know, listed once.
//!
//! An instrument is a file of this folder, with a struct for its section of the wiring file and its [`InstrumentWiring`];
//! driver and emulator stand in the same file, or in `driver/`, `emulator/` and `codec/` where they are long. A `mod` and a
//! line in the list below make it known: to wiring files and their checks, to drivers, emulators, `discover` and `check`.
//! `examples/own_driver/acme.rs` is such a file.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{FolderWiring, Found, InstrumentWiring, SCHEMA, SerialTry, Wired, default_patience_s};
use crate::emulator::faulty::ScriptedFault;

pub mod analyser;
pub mod chemyx;
pub mod dc2200;
pub mod dc4100;
pub mod f4t;
pub mod f4t_scpi;
pub mod hdx;
mod lines;
pub mod ocean_usb;
pub mod probe;
pub mod program;
pub mod protocol;
pub mod qe_pro;
mod single;
pub mod sts;

/// Lists every instrument once: its section in wiring files, and the struct that says what stands there.
macro_rules! catalogue {
    ($( $(#[$about:meta])+ $section:ident: $instrument:ty; )+) => {
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
            /// Where the process that emulates the instruments tells and shares its time, `host:port`; `flowtwin emulate
            /// --wired` sets it.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub clock: Option<String>,
            $( $(#[$about])+ #[serde(default)] pub $section: BTreeMap<String, $instrument>, )+
            /// A rig that something else drives: then there are no instruments here.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub folder: Option<FolderWiring>,
            /// Faults of emulated instruments; real ones have their own.
            #[serde(default)]
            pub faults: Vec<ScriptedFault>,
            /// Seed of the faults.
            #[serde(default)]
            pub fault_seed: u64,
            /// The folder of the wiring file, which paths in it are relative to; set by whoever has read it.
            #[serde(skip)]
            pub beside: PathBuf,
            /// Whose programs are ended where others must drive their instruments: set by a watch.
            #[serde(skip)]
            pub instead_of: Option<String>,
        }

        impl Wiring {
            /// The sections that say which instrument is on which port.
            pub const SECTIONS: &[&str] = &[$( stringify!($section), )+ "folder"];

            /// A wiring of nothing.
            pub(crate) fn empty() -> Self {
                Self {
                    schema: SCHEMA,
                    patience_s: default_patience_s(),
                    simulated: false,
                    clock: None,
                    $( $section: BTreeMap::new(), )+
                    folder: None,
                    faults: Vec::new(),
                    fault_seed: 0,
                    beside: PathBuf::new(),
                    instead_of: None,
                }
            }

            /// Every instrument, in the order of the sections.
            pub(crate) fn wired(&self) -> impl Iterator<Item = Wired<'_>> {
                let all = std::iter::empty();
                $( let all = all.chain(self.$section.iter().map(|(name, instrument)| Wired {
                    section: stringify!($section),
                    name,
                    instrument: instrument as &dyn InstrumentWiring,
                })); )+
                all
            }

            /// Every instrument, to be changed.
            fn each_mut(&mut self) -> impl Iterator<Item = &mut dyn InstrumentWiring> {
                let all = std::iter::empty();
                $( let all = all.chain(self.$section.values_mut().map(|instrument| {
                    instrument as &mut dyn InstrumentWiring
                })); )+
                all
            }

            /// Reads what stands in files beside the wiring file, which is in this folder.
            #[must_use]
            pub(super) fn reading_beside(mut self, folder: &std::path::Path) -> Self {
                folder.clone_into(&mut self.beside);
                self.each_mut().for_each(|instrument| instrument.read_beside(folder));
                self
            }

            /// The first instrument of this name.
            pub(super) fn wired_mut(&mut self, name: &str) -> Option<&mut dyn InstrumentWiring> {
                $( if let Some(instrument) = self.$section.get_mut(name) {
                    return Some(instrument);
                } )+
                None
            }

            /// The same wiring with nothing but the instrument `name`.
            pub(crate) fn only(&self, name: &str) -> Self {
                let mut only = self.clone();
                $( only.$section.retain(|other, _| other == name); )+
                only
            }

            /// A wiring file with an example of every instrument, each called as its section.
            pub fn examples() -> String {
                let mut text = format!("schema = {SCHEMA}\n");
                $( text += &format!(
                    "[{0}.{0}]\n{1}\n", stringify!($section), <$instrument>::example(),
                ); )+
                text
            }

            /// An instrument of a section, from what stands there.
            ///
            /// # Errors
            /// In words, if there is no such section, or something else stands there.
            fn by_section(
                section: &str,
                table: &toml::Table,
            ) -> Result<Box<dyn InstrumentWiring>, String> {
                $( if section == stringify!($section) {
                    let instrument: Result<$instrument, _> = table.clone().try_into();
                    return match instrument {
                        Ok(instrument) => Ok(Box::new(instrument)),
                        Err(error) => Err(flowtwin_lab::in_plain_words(error.message())),
                    };
                } )+
                Err("there is no such section in a wiring file".into())
            }

            /// What may be at a serial port, in the order in which it is asked for.
            pub(crate) fn serial_tries() -> Vec<(&'static str, SerialTry)> {
                let mut tries = Vec::new();
                $( tries.extend(<$instrument>::serial_try().map(|it| (stringify!($section), it))); )+
                tries.sort_by_key(|(_, it)| it.turn);
                tries
            }

            /// What answers on the network of the adapter with this address.
            ///
            /// # Errors
            /// If the network cannot be asked.
            pub(crate) fn on_network(adapter: Ipv4Addr) -> io::Result<Vec<(&'static str, Found)>> {
                let mut found = Vec::new();
                $( let answers = <$instrument>::on_network(adapter)?;
                found.extend(answers.into_iter().map(|it| (stringify!($section), it))); )+
                Ok(found)
            }
        }
    };
}

/// An instrument of a section, from what stands there.
///
/// # Errors
/// In words, if there is no such section, or something else stands there.
fn by_section(section: &str, table: &toml::Table) -> Result<Box<dyn InstrumentWiring>, String> {
    Wiring::by_section(section, table)
}

catalogue! {
    /// Chemyx pumps, by the name of the pump, or any name where `channels` names the pumps.
    chemyx: chemyx::ChemyxWiring;

    /// Watlow F4T controllers on Modbus, by any name.
    f4t: f4t::F4tWiring;

    /// Watlow F4T controllers by SCPI, by the name of the heater.
    f4t_scpi: f4t_scpi::F4tScpiWiring;

    /// Ocean HDX spectrometers, by the name of the spectrometer.
    hdx: hdx::HdxWiring;

    /// Ocean STS spectrometers, by the name of the spectrometer.
    sts: sts::StsWiring;

    /// Ocean USB2000, USB2000+ and USB4000 spectrometers, by the name of the spectrometer.
    ocean_usb: ocean_usb::OceanUsbWiring;

    /// Ocean QE Pro spectrometers, by the name of the spectrometer.
    qe_pro: qe_pro::QeProWiring;

    /// Thorlabs DC2200 LED drivers, by the name of the light.
    dc2200: dc2200::Dc2200Wiring;

    /// Thorlabs DC4100 LED drivers, by any name.
    dc4100: dc4100::Dc4100Wiring;

    /// Analysers behind a program that speaks lines, by the name of the analyser.
    analyser: analyser::AnalyserWiring;

    /// Sensors in the line behind a program that speaks lines, by the name of the sensor.
    probe: probe::ProbeWiring;

    /// Instruments behind a program in any language, by the name of the instrument, or any name where `parts` names them.
    program: program::ProgramWiring;

    /// Instruments whose protocol is a file, by the name of the instrument, or any name where `parts` names them.
    protocol: protocol::ProtocolWiring;
}
