//! An emulated Ocean STS, by Ocean Binary Protocol. It knows the messages of the maker's sample `demo-sts-api.c` and
//! `OBPMessageTypes.h` (see [`crate::codec::sts`]), and refuses those of an HDX. It answers while
//! it takes a spectrum; no manual that we have read says whether an STS does.

use flowtwin_lab::{Command, Lab, LightId, SpectrometerId, SpectrometerInfo};

use super::exposure::{Frame, Single};
use super::obp::{self, Answer, Condition, OneForEach, RESPONSE};
use super::{Ailment, Emulator, Line};
use crate::codec::obp::{error, kind};
use crate::codec::sts::{FULL_SCALE, LONGEST_US, SHORTEST_US};

/// Largest half width of the smoothing, and largest number of pixels averaged to one, as a power of 2.
const MOST: (u8, u8) = (15, 3);

/// What it has been set to.
#[derive(Debug, Default)]
struct Settings {
    /// Integration time \[µs\]; none before it is set for the first time.
    integration_us: Option<u32>,
    trigger: u8,
    average: u16,
    boxcar: u8,
    binning: u8,
}

/// A spectrometer, and the light that its lamp-enable line switches.
#[derive(Debug)]
pub struct StsEmulator {
    single: Single,
    lamp: Option<LightId>,
    serial_number: String,
    settings: Settings,
    condition: Condition,
}

impl StsEmulator {
    /// A spectrometer of the lab behind, with the light that its lamp-enable line switches.
    pub fn new(spectrometer: SpectrometerId, lamp: Option<LightId>, serial_number: &str) -> Self {
        Self {
            single: Single::new(spectrometer),
            lamp,
            serial_number: serial_number.to_owned(),
            settings: Settings { average: 1, ..Settings::default() },
            condition: Condition { powered: true, busy: false },
        }
    }

    fn info<'a>(&self, world: &'a dyn Lab) -> Option<&'a SpectrometerInfo> {
        world.manifest().spectrometer(&self.single.spectrometer)
    }

    fn told(&self, kind: u32) -> Option<Vec<u8>> {
        Some(match kind {
            kind::HARDWARE_REVISION => vec![3],
            kind::FIRMWARE_REVISION => 0x0036_u16.to_le_bytes().to_vec(),
            kind::SERIAL_NUMBER => self.serial_number.as_bytes().to_vec(),
            kind::SERIAL_LENGTH => vec![self.serial_number.len() as u8],
            kind::WAVELENGTH_COUNT => vec![4],
            kind::NONLINEARITY_COUNT => vec![RESPONSE],
            kind::BOXCAR => vec![self.settings.boxcar],
            kind::BINNING => vec![self.settings.binning],
            kind::AVERAGE => self.settings.average.to_le_bytes().to_vec(),
            _ => return None,
        })
    }

    fn take(&mut self, kind: u32, data: &[u8]) -> Answer {
        let settings = &mut self.settings;
        let value = match (kind, data) {
            (kind::SET_TRIGGER | kind::SET_BOXCAR | kind::SET_BINNING, &[a]) => u32::from(a),
            (kind::SET_AVERAGE, &[a, b]) => u32::from(u16::from_le_bytes([a, b])),
            (kind::SET_INTEGRATION, &[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
            (kind, _) if SET.contains(&kind) => return Err(error::LENGTH),
            _ => return Err(error::UNKNOWN),
        };
        let byte = value as u8;
        match kind {
            kind::SET_INTEGRATION if (SHORTEST_US..=LONGEST_US).contains(&value) => {
                settings.integration_us = Some(value);
            }
            kind::SET_TRIGGER if value <= 2 => settings.trigger = byte,
            kind::SET_BOXCAR if byte <= MOST.0 => settings.boxcar = byte,
            kind::SET_BINNING if byte <= MOST.1 => settings.binning = byte,
            kind::SET_AVERAGE if (1..=5000).contains(&value) => settings.average = value as u16,
            _ => return Err(error::INVALID),
        }
        Ok(None)
    }

    fn light(&self, on: bool, world: &mut dyn Lab) -> Answer {
        let lit = self.lamp.clone().map(|light| world.send(&Command::Light { light, on }));
        match lit {
            Some(Err(_)) => Err(error::INTERNAL),
            _ => Ok(None),
        }
    }
}

/// Messages that set something.
const SET: [u32; 5] = [
    kind::SET_TRIGGER,
    kind::SET_BOXCAR,
    kind::SET_BINNING,
    kind::SET_AVERAGE,
    kind::SET_INTEGRATION,
];

impl OneForEach for StsEmulator {
    fn condition(&self) -> Condition {
        self.condition
    }

    fn is_for_spectrum(&self, kind: u32) -> bool {
        matches!(kind, kind::SPECTRUM | kind::RAW_SPECTRUM)
    }

    /// A spectrum taken after the request. Averages, smoothed and binned spectra, and triggers from outside, are not
    /// emulated: they are refused.
    fn spectrum(&mut self, measuring: &mut bool, world: &mut dyn Lab) -> Option<Answer> {
        let Settings { integration_us, trigger, average, boxcar, binning } = self.settings;
        let Some(us) = integration_us else { return Some(Err(error::NOT_READY)) };
        if (trigger, average, boxcar, binning) != (0, 1, 0, 0) {
            return Some(Err(error::INTERNAL));
        }
        match self.single.take(us, FULL_SCALE, measuring, world) {
            Frame::Later => None,
            Frame::Failed => Some(Err(error::INTERNAL)),
            Frame::Counts(counts) => {
                Some(Ok(Some(counts.iter().flat_map(|n| n.to_le_bytes()).collect())))
            }
        }
    }

    fn answer(&mut self, kind: u32, data: &[u8], world: &mut dyn Lab) -> Answer {
        match (kind, data) {
            (kind::SET_LAMP, [state @ (0 | 1)]) => self.light(*state == 1, world),
            (kind::SET_LAMP, [_]) => Err(error::INVALID),
            (kind::SET_LAMP, _) => Err(error::LENGTH),
            (kind::WAVELENGTH | kind::NONLINEARITY, _) => {
                obp::coefficient(self.info(world), kind, data, 1.0)
            }
            _ => match self.told(kind) {
                Some(bytes) => Ok(Some(bytes)),
                None => self.take(kind, data),
            },
        }
    }
}

impl Emulator for StsEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        obp::serve(self, line, world);
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        match ailment {
            Ailment::Busy => self.condition.busy = begins,
            Ailment::Saturated => self.single.saturated = begins,
            Ailment::PowerLoss => {
                self.condition.powered = !begins;
                self.single.give_up();
                self.settings = Settings { average: 1, ..Settings::default() };
                let _ = self.light(false, world);
            }
            Ailment::Stall | Ailment::SensorOpen | Ailment::Alarm => return false,
        }
        true
    }
}
