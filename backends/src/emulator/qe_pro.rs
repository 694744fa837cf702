//! An emulated Ocean QE Pro, by Ocean Binary Protocol (*QE Pro Data Sheet*, 891-00000-000-05-201604, "Messages").
//!
//! It begins a spectrum when it is asked for one, and keeps no others: what a real one measures while nobody asks, this one does
//! not.

use flowtwin_lab::{Lab, Setting, SpectrometerId, SpectrometerInfo};

use super::exposure::{Frame, Single};
use super::{Ailment, Emulator, Line};
use crate::codec::obp::{self, Checksum, Header, Message, kind};
use crate::codec::qe_pro::{self, DIVISOR, LONGEST_US, SHORTEST_US};
use crate::codec::take;

/// Most spectra its buffer holds.
const CAPACITY: u32 = 15_698;
/// Coefficients of the response that it stores.
const RESPONSE: usize = 8;
/// Integration time out of the box \[µs\].
const DEFAULT_US: u32 = 100_000;

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

/// What a request yields: data, none where it is only acknowledged, or an error number.
type Answer = Result<Option<Vec<u8>>, u16>;

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
    powered: bool,
    busy: bool,
}

impl QeProEmulator {
    /// A spectrometer of the lab behind.
    pub fn new(spectrometer: SpectrometerId, serial_number: &str) -> Self {
        Self {
            single: Single::new(spectrometer),
            serial_number: serial_number.to_owned(),
            settings: Settings::default(),
            spectra: 0,
            powered: true,
            busy: false,
        }
    }

    fn info<'a>(&self, world: &'a dyn Lab) -> Option<&'a SpectrometerInfo> {
        world.manifest().spectrometer(&self.single.spectrometer)
    }

    fn answer(&mut self, message: &Message, world: &mut dyn Lab) -> Answer {
        if !message.intact {
            return Err(error::CHECKSUM);
        }
        if self.busy {
            return Err(error::NOT_READY);
        }
        let (kind, data) = (message.header.kind, &message.data[..]);
        if matches!(kind, kind::WAVELENGTH | kind::NONLINEARITY) {
            return self.coefficient(kind, data, world).map(Some);
        }
        if kind == kind::INTEGRATION {
            super::look_behind(Setting::Integration(self.single.spectrometer.clone()), world);
        }
        match self.told(kind) {
            Some(bytes) => Ok(Some(bytes)),
            None => self.take(kind, data).map(|()| None),
        }
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
            kind::NONLINEARITY_COUNT => vec![RESPONSE as u8],
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

    /// A coefficient; those of the response are for counts of 18 bits.
    fn coefficient(&self, kind: u32, data: &[u8], world: &dyn Lab) -> Result<Vec<u8>, u16> {
        let (Some(info), &[i]) = (self.info(world), data) else { return Err(error::LENGTH) };
        let at = usize::from(i);
        let value = match (kind, &info.nonlinearity[..]) {
            (kind::WAVELENGTH, _) => info.wavelength_coefficients.get(at).copied(),
            _ if at >= RESPONSE => None,
            (_, []) => Some(f32::from(u8::from(at == 0))),
            (_, terms) => {
                let term = terms.get(at).copied().unwrap_or(0.0);
                Some(term / (DIVISOR as f32).powi(i.into()))
            }
        };
        value.map(|value| value.to_le_bytes().to_vec()).ok_or(error::MISSING)
    }

    /// The next spectrum; none before it is complete. Triggers from outside are not emulated: nothing ever comes.
    fn spectrum(&mut self, measuring: &mut bool, world: &mut dyn Lab) -> Option<Answer> {
        let Settings { integration_us, trigger, measures, .. } = self.settings;
        if self.busy || !measures {
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

/// Appends the reply to `message`.
fn reply(message: &Message, answer: &Answer, out: &mut Vec<u8>) {
    let request = message.header;
    let wants_ack = request.flags & obp::ACK_REQUESTED != 0;
    let ack = if wants_ack { obp::ACK } else { 0 };
    let header = |flags, error| Header {
        flags: obp::RESPONSE | flags,
        error,
        checksum: Checksum::None,
        ..request
    };
    match answer {
        Ok(Some(data)) => {
            obp::write(out, header(ack, 0), data.len(), |out| out.extend_from_slice(data));
        }
        Ok(None) if wants_ack => obp::write(out, header(ack, 0), 0, |_| {}),
        Ok(None) => {}
        Err(number) => obp::write(out, header(obp::NACK, *number), 0, |_| {}),
    }
}

impl Emulator for QeProEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        if !self.powered {
            line.input.clear();
            line.waiting = None;
            return;
        }
        loop {
            if let Some(message) = line.waiting.take() {
                match self.spectrum(&mut line.measuring, world) {
                    Some(answer) => reply(&message, &answer, &mut line.output),
                    None => line.waiting = Some(message),
                }
            }
            let Some(message) = take(&mut line.input, obp::scan) else { return };
            if message.header.kind == kind::BUFFERED && message.intact && line.waiting.is_none() {
                line.waiting = Some(message);
                continue;
            }
            let answer = match message.header.kind {
                kind::BUFFERED => Err(error::NOT_READY),
                _ => self.answer(&message, world),
            };
            reply(&message, &answer, &mut line.output);
        }
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, _world: &mut dyn Lab) -> bool {
        match ailment {
            Ailment::Busy => self.busy = begins,
            Ailment::Saturated => self.single.saturated = begins,
            Ailment::PowerLoss => {
                self.powered = !begins;
                self.single.give_up();
                self.settings = Settings::default();
            }
            Ailment::Stall | Ailment::SensorOpen | Ailment::Alarm => return false,
        }
        true
    }
}
