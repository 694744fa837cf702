//! An emulated Ocean QE Pro, by Ocean Binary Protocol (*QE Pro Data Sheet*, 891-00000-000-05-201604, "Messages").
//!
//! It begins a spectrum when it is asked for one, and keeps no others: what a real one measures while nobody asks, this one does
//! not.

use flowtwin_lab::{Lab, Setting, SpectrometerId, SpectrometerInfo};

use super::exposure::{Frame, Single};
use super::obp::{self, Answer, Condition, OneForEach, RESPONSE};
use super::{Ailment, Emulator, Line};
use crate::codec::obp::{error, kind};
use crate::codec::qe_pro::{self, DIVISOR, LONGEST_US, SHORTEST_US};

/// Most spectra its buffer holds.
const CAPACITY: u32 = 15_698;
/// Integration time out of the box \[µs\].
const DEFAULT_US: u32 = 100_000;

/// What it has been set to.
#[derive(Debug)]
struct Settings {
    integration_us: u32,
    trigger: u8,
    buffer: u32,
    lamp: u8,
    /// Whether it measures: it does until somebody stops it.
    measures: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let (integration_us, buffer) = (DEFAULT_US, CAPACITY);
        Self { integration_us, trigger: 0, buffer, lamp: 0, measures: true }
    }
}

/// A spectrometer.
#[derive(Debug)]
pub struct QeProEmulator {
    single: Single,
    serial_number: String,
    settings: Settings,
    /// Spectra since it has power.
    spectra: u32,
    condition: Condition,
}

impl QeProEmulator {
    /// A spectrometer of the lab behind.
    pub fn new(spectrometer: SpectrometerId, serial_number: &str) -> Self {
        Self {
            single: Single::new(spectrometer),
            serial_number: serial_number.to_owned(),
            settings: Settings::default(),
            spectra: 0,
            condition: Condition { powered: true, busy: false },
        }
    }

    fn info<'a>(&self, world: &'a dyn Lab) -> Option<&'a SpectrometerInfo> {
        world.manifest().spectrometer(&self.single.spectrometer)
    }

    fn told(&self, kind: u32) -> Option<Vec<u8>> {
        let settings = &self.settings;
        Some(match kind {
            kind::HARDWARE_REVISION => vec![1],
            kind::FIRMWARE_REVISION => 0x0102_u16.to_le_bytes().to_vec(),
            kind::SERIAL_NUMBER => self.serial_number.as_bytes().to_vec(),
            kind::SERIAL_LENGTH => vec![self.serial_number.len() as u8],
            kind::BUFFER_MAXIMUM => CAPACITY.to_le_bytes().to_vec(),
            kind::BUFFER_SIZE => settings.buffer.to_le_bytes().to_vec(),
            kind::BUFFER_COUNT => vec![0; 4],
            kind::INTEGRATION => settings.integration_us.to_le_bytes().to_vec(),
            kind::INTEGRATION_MINIMUM => SHORTEST_US.to_le_bytes().to_vec(),
            kind::INTEGRATION_MAXIMUM => LONGEST_US.to_le_bytes().to_vec(),
            kind::INTEGRATION_STEP => 1_u32.to_le_bytes().to_vec(),
            kind::TRIGGER => vec![settings.trigger],
            kind::LAMP => vec![settings.lamp],
            kind::WAVELENGTH_COUNT => vec![4],
            kind::NONLINEARITY_COUNT => vec![RESPONSE],
            _ => return None,
        })
    }

    fn take(&mut self, kind: u32, data: &[u8]) -> Result<(), u16> {
        let settings = &mut self.settings;
        let value = match *data {
            [] => 0,
            [a] => u32::from(a),
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => return Err(error::LENGTH),
        };
        match (kind, data.len()) {
            (kind::ABORT, 0) => {
                settings.measures = false;
                self.single.give_up();
            }
            (kind::BUFFER_CLEAR, 0) | (kind::BUFFER_DROP, 4) => {}
            (kind::BUFFER_ACQUIRE, 0) => settings.measures = true,
            (kind::SET_BUFFER_SIZE, 4) if (1..=CAPACITY).contains(&value) => {
                settings.buffer = value;
            }
            (kind::SET_INTEGRATION, 4) if (SHORTEST_US..=LONGEST_US).contains(&value) => {
                settings.integration_us = value;
            }
            (kind::SET_TRIGGER, 1) if value <= 3 => settings.trigger = value as u8,
            (kind::SET_LAMP, 1) if value <= 1 => settings.lamp = value as u8,
            (kind::SET_BUFFER_SIZE | kind::SET_INTEGRATION, 4)
            | (kind::SET_TRIGGER | kind::SET_LAMP, 1) => return Err(error::INVALID),
            (kind, _) if TAKEN.contains(&kind) => return Err(error::LENGTH),
            _ => return Err(error::UNKNOWN),
        }
        Ok(())
    }
}

/// Messages that do or set something.
const TAKEN: [u32; 8] = [
    kind::ABORT,
    kind::BUFFER_CLEAR,
    kind::BUFFER_DROP,
    kind::BUFFER_ACQUIRE,
    kind::SET_BUFFER_SIZE,
    kind::SET_INTEGRATION,
    kind::SET_TRIGGER,
    kind::SET_LAMP,
];

impl OneForEach for QeProEmulator {
    fn condition(&self) -> Condition {
        self.condition
    }

    fn is_for_spectrum(&self, kind: u32) -> bool {
        kind == kind::BUFFERED
    }

    /// The next spectrum. Triggers from outside are not emulated: nothing ever comes.
    fn spectrum(&mut self, measuring: &mut bool, world: &mut dyn Lab) -> Option<Answer> {
        let Settings { integration_us, trigger, measures, .. } = self.settings;
        if !measures {
            *measuring = false;
            return Some(Err(error::NOT_READY));
        }
        if trigger != 0 {
            return None;
        }
        match self.single.take(integration_us, u16::MAX, measuring, world) {
            Frame::Later => None,
            Frame::Failed => Some(Err(error::INTERNAL)),
            Frame::Counts(counts) => {
                self.spectra = self.spectra.wrapping_add(1);
                let counts: Vec<u32> = counts.iter().map(|n| DIVISOR * u32::from(*n)).collect();
                let us = world.now().as_nanos() / 1_000;
                Some(Ok(Some(qe_pro::spectrum(self.spectra, us, integration_us, &counts))))
            }
        }
    }

    /// Coefficients of the response are for counts of 18 bits.
    fn answer(&mut self, kind: u32, data: &[u8], world: &mut dyn Lab) -> Answer {
        if matches!(kind, kind::WAVELENGTH | kind::NONLINEARITY) {
            return obp::coefficient(self.info(world), kind, data, DIVISOR as f32);
        }
        if kind == kind::INTEGRATION {
            super::look_behind(Setting::Integration(self.single.spectrometer.clone()), world);
        }
        match self.told(kind) {
            Some(bytes) => Ok(Some(bytes)),
            None => self.take(kind, data).map(|()| None),
        }
    }
}

impl Emulator for QeProEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        obp::serve(self, line, world);
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, _world: &mut dyn Lab) -> bool {
        match ailment {
            Ailment::Busy => self.condition.busy = begins,
            Ailment::Saturated => self.single.saturated = begins,
            Ailment::PowerLoss => {
                self.condition.powered = !begins;
                self.single.give_up();
                self.settings = Settings::default();
            }
            Ailment::Stall | Ailment::SensorOpen | Ailment::Alarm => return false,
        }
        true
    }
}
