//! An emulated Ocean STS, by Ocean Binary Protocol. It knows the messages of the maker's sample `demo-sts-api.c` and
//! `OBPMessageTypes.h` (see [`crate::codec::sts`]), and refuses those of an HDX. It answers while
//! it takes a spectrum; no manual that we have read says whether an STS does.

use flowtwin_lab::{Command, Lab, LightId, SpectrometerId, SpectrometerInfo};

use super::exposure::{Frame, Single};
use super::{Ailment, Emulator, Line};
use crate::codec::obp::{self, Checksum, Header, Message, kind};
use crate::codec::sts::{FULL_SCALE, LONGEST_US, SHORTEST_US};
use crate::codec::take;

/// Coefficients of the response that it stores.
const RESPONSE: usize = 8;
/// Largest half width of the smoothing, and largest number of pixels averaged to one, as a power of 2.
const MOST: (u8, u8) = (15, 3);

/// Error numbers of the protocol.
mod error {
    pub(super) const UNKNOWN: u16 = 2;
    pub(super) const CHECKSUM: u16 = 3;
    pub(super) const LENGTH: u16 = 5;
    pub(super) const INVALID: u16 = 6;
    pub(super) const NOT_READY: u16 = 7;
    pub(super) const MISSING: u16 = 12;
    pub(super) const INTERNAL: u16 = 13;
}

/// What a request yields.
enum Answer {
    Data(Vec<u8>),
    /// An acknowledgement, if asked for.
    Done,
    Error(u16),
    /// The answer is not due yet.
    Later,
}

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
    powered: bool,
    busy: bool,
}

impl StsEmulator {
    /// A spectrometer of the lab behind, with the light that its lamp-enable line switches.
    pub fn new(spectrometer: SpectrometerId, lamp: Option<LightId>, serial_number: &str) -> Self {
        Self {
            single: Single::new(spectrometer),
            lamp,
            serial_number: serial_number.to_owned(),
            settings: Settings { average: 1, ..Settings::default() },
            powered: true,
            busy: false,
        }
    }

    fn info<'a>(&self, world: &'a dyn Lab) -> Option<&'a SpectrometerInfo> {
        world.manifest().spectrometer(&self.single.spectrometer)
    }

    fn answer(&mut self, message: &Message, measuring: &mut bool, world: &mut dyn Lab) -> Answer {
        if !message.intact {
            return Answer::Error(error::CHECKSUM);
        }
        if self.busy {
            return Answer::Error(error::NOT_READY);
        }
        let data = &message.data[..];
        match message.header.kind {
            kind::SPECTRUM | kind::RAW_SPECTRUM => self.spectrum(measuring, world),
            kind::SET_LAMP => match *data {
                [state @ (0 | 1)] => self.light(state == 1, world),
                [_] => Answer::Error(error::INVALID),
                _ => Answer::Error(error::LENGTH),
            },
            kind::WAVELENGTH | kind::NONLINEARITY => {
                self.coefficient(message.header.kind, data, world)
            }
            other => match self.told(other) {
                Some(bytes) => Answer::Data(bytes),
                None => self.take(other, data),
            },
        }
    }

    fn told(&self, kind: u32) -> Option<Vec<u8>> {
        Some(match kind {
            kind::HARDWARE_REVISION => vec![3],
            kind::FIRMWARE_REVISION => 0x0036_u16.to_le_bytes().to_vec(),
            kind::SERIAL_NUMBER => self.serial_number.as_bytes().to_vec(),
            kind::SERIAL_LENGTH => vec![self.serial_number.len() as u8],
            kind::WAVELENGTH_COUNT => vec![4],
            kind::NONLINEARITY_COUNT => vec![RESPONSE as u8],
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
            (kind, _) if SET.contains(&kind) => return Answer::Error(error::LENGTH),
            _ => return Answer::Error(error::UNKNOWN),
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
            _ => return Answer::Error(error::INVALID),
        }
        Answer::Done
    }

    fn coefficient(&self, kind: u32, data: &[u8], world: &dyn Lab) -> Answer {
        let (Some(info), &[i]) = (self.info(world), data) else {
            return Answer::Error(error::LENGTH);
        };
        let mut stored = [0.0; RESPONSE];
        let known = match kind {
            kind::WAVELENGTH => &info.wavelength_coefficients[..],
            _ if info.nonlinearity.is_empty() => &[1.0],
            _ => &info.nonlinearity[..info.nonlinearity.len().min(RESPONSE)],
        };
        stored[..known.len()].copy_from_slice(known);
        let count = if kind == kind::WAVELENGTH { known.len() } else { RESPONSE };
        match stored[..count].get(usize::from(i)) {
            Some(value) => Answer::Data(value.to_le_bytes().to_vec()),
            None => Answer::Error(error::MISSING),
        }
    }

    fn light(&self, on: bool, world: &mut dyn Lab) -> Answer {
        let lit = self.lamp.clone().map(|light| world.send(&Command::Light { light, on }));
        match lit {
            Some(Err(_)) => Answer::Error(error::INTERNAL),
            _ => Answer::Done,
        }
    }

    /// A spectrum taken after the request. Averages, smoothed and binned spectra, and triggers from outside, are not
    /// emulated: they are refused.
    fn spectrum(&mut self, measuring: &mut bool, world: &mut dyn Lab) -> Answer {
        let Settings { integration_us, trigger, average, boxcar, binning } = self.settings;
        let Some(us) = integration_us else { return Answer::Error(error::NOT_READY) };
        if (trigger, average, boxcar, binning) != (0, 1, 0, 0) {
            return Answer::Error(error::INTERNAL);
        }
        match self.single.take(us, FULL_SCALE, measuring, world) {
            Frame::Later => Answer::Later,
            Frame::Failed => Answer::Error(error::INTERNAL),
            Frame::Counts(counts) => {
                Answer::Data(counts.iter().flat_map(|n| n.to_le_bytes()).collect())
            }
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

/// Appends the reply to `message`.
fn reply(message: &Message, answer: &Answer, out: &mut Vec<u8>) {
    let request = message.header;
    let header = |flags, error| Header {
        flags: obp::RESPONSE | flags,
        error,
        checksum: Checksum::None,
        ..request
    };
    match answer {
        Answer::Data(data) => {
            obp::write(out, header(0, 0), data.len(), |out| out.extend_from_slice(data));
        }
        Answer::Done if request.flags & obp::ACK_REQUESTED != 0 => {
            obp::write(out, header(obp::ACK, 0), 0, |_| {});
        }
        Answer::Error(number) => obp::write(out, header(obp::NACK, *number), 0, |_| {}),
        Answer::Done | Answer::Later => {}
    }
}

impl Emulator for StsEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        if !self.powered {
            line.input.clear();
            line.waiting = None;
            return;
        }
        loop {
            if let Some(message) = line.waiting.take() {
                match self.answer(&message, &mut line.measuring, world) {
                    Answer::Later => line.waiting = Some(message),
                    answer => reply(&message, &answer, &mut line.output),
                }
            }
            let Some(message) = take(&mut line.input, obp::scan) else { return };
            let asks = matches!(message.header.kind, kind::SPECTRUM | kind::RAW_SPECTRUM);
            if asks && line.waiting.is_none() {
                line.waiting = Some(message);
                continue;
            }
            let answer = match asks {
                true => Answer::Error(error::NOT_READY),
                false => self.answer(&message, &mut line.measuring, world),
            };
            reply(&message, &answer, &mut line.output);
        }
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        match ailment {
            Ailment::Busy => self.busy = begins,
            Ailment::Saturated => self.single.saturated = begins,
            Ailment::PowerLoss => {
                self.powered = !begins;
                self.single.give_up();
                self.settings = Settings { average: 1, ..Settings::default() };
                self.light(false, world);
            }
            Ailment::Stall | Ailment::SensorOpen | Ailment::Alarm => return false,
        }
        true
    }
}
