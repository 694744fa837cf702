//! An emulated Ocean HDX, by Ocean Binary Protocol.

use flowtwin_lab::{
    Command, Exposure, FaultKind, Instant, Lab, LightId, Reply, Setting, SpectrometerId,
    SpectrometerInfo,
};

mod buffer;
mod settings;

use buffer::Buffer;
use settings::Settings;

use super::{Ailment, Emulator, Line};
use crate::codec::hdx::{LampLine, PRODUCT};
use crate::codec::obp::{self, Header, Message, error, kind};
use crate::codec::take;

/// Vendor id of Ocean Insight.
const VENDOR: u16 = 0x2457;
/// Coefficients of the response that it stores.
const RESPONSE: usize = 8;
/// General-purpose pins.
const PINS: u8 = 8;

/// What a request yields.
enum Answer {
    /// Data, for a query.
    Data(Vec<u8>),
    /// Number of buffered spectra.
    Spectra(u32),
    /// An acknowledgement, if asked for.
    Done,
    /// An error number.
    Error(u16),
    /// The answer is not due yet.
    Later,
}

/// A spectrometer, and the light its lamp-enable line switches.
#[derive(Debug)]
pub struct HdxEmulator {
    spectrometer: SpectrometerId,
    lamp: Option<(LightId, LampLine)>,
    serial_number: String,
    settings: Settings,
    buffer: Buffer,
    single: Option<Instant>,
    powered: bool,
    busy: bool,
    saturated: bool,
}

impl HdxEmulator {
    /// A spectrometer of the lab behind, with the light that one of its lines switches.
    pub fn new(
        spectrometer: SpectrometerId,
        lamp: Option<(LightId, LampLine)>,
        serial_number: &str,
    ) -> Self {
        Self {
            spectrometer,
            lamp,
            serial_number: serial_number.to_owned(),
            settings: Settings::default(),
            buffer: Buffer::default(),
            single: None,
            powered: true,
            busy: false,
            saturated: false,
        }
    }

    /// The answer to a discovery question: the product id, as an OBP message.
    pub(crate) fn discovery_reply(regarding: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let header =
            Header { kind: kind::PRODUCT_ID, flags: obp::RESPONSE, regarding, ..Header::default() };
        let id = PRODUCT.to_le_bytes();
        obp::write(&mut out, header, id.len(), |out| out.extend_from_slice(&id));
        out
    }

    fn info<'a>(&self, world: &'a dyn Lab) -> Option<&'a SpectrometerInfo> {
        world.manifest().spectrometer(&self.spectrometer)
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
            kind::SPECTRUM | kind::RAW_SPECTRUM => self.spectrum_now(measuring, world),
            kind::BUFFER_ACQUIRE => self.acquire(world),
            kind::BUFFER_CLEAR | kind::ABORT => {
                self.buffer.clear();
                Answer::Done
            }
            kind::BUFFER_DROP => number(data, |n| {
                self.buffer.drop_oldest(n as usize);
                Answer::Done
            }),
            kind::BUFFER_COUNT => self.count(world),
            kind::BUFFER_GET => number(data, Answer::Spectra),
            kind::SET_LAMP => number(data, |n| self.switch_lamp(n, world)),
            kind::WAVELENGTH => number(data, |i| self.wavelength(i as usize, world)),
            kind::NONLINEARITY => number(data, |i| self.nonlinearity(i as usize, world)),
            kind::SET_GPIO_OUTPUTS | kind::SET_GPIO => self.set_pins(message, world),
            other => match self.told(other, world) {
                Some(bytes) => Answer::Data(bytes),
                None => self.settings.answer(other, data, self.info(world)),
            },
        }
    }

    /// Replies that change nothing; whether the lab behind answers shows here too.
    fn told(&self, kind: u32, world: &mut dyn Lab) -> Option<Vec<u8>> {
        match (kind, &self.lamp) {
            (kind::LAMP | kind::GPIO, Some((light, _))) => {
                super::look_behind(Setting::Light(light.clone()), world);
            }
            (kind::INTEGRATION, _) => {
                super::look_behind(Setting::Integration(self.spectrometer.clone()), world);
            }
            _ => {}
        }
        self.constant(kind, world)
    }

    /// What never changes.
    fn constant(&self, kind: u32, world: &dyn Lab) -> Option<Vec<u8>> {
        let info = self.info(world)?;
        let pixels = info.pixels as u16;
        Some(match kind {
            kind::HARDWARE_REVISION => vec![1],
            kind::FIRMWARE_REVISION => 0x0105_u16.to_le_bytes().to_vec(),
            kind::SUPPORTED => settings::SUPPORTED.iter().flat_map(|k| k.to_le_bytes()).collect(),
            kind::SERIAL_NUMBER => self.serial_number.as_bytes().to_vec(),
            kind::SERIAL_LENGTH => vec![self.serial_number.len() as u8],
            kind::VENDOR_ID => VENDOR.to_le_bytes().to_vec(),
            kind::PRODUCT_ID => PRODUCT.to_le_bytes().to_vec(),
            kind::DEVICE_NAME => b"HDX".to_vec(),
            kind::MAXIMUM_COUNTS => info.full_scale.to_le_bytes().to_vec(),
            kind::SATURATION => u32::from(info.full_scale).to_le_bytes().to_vec(),
            kind::INTEGRATION_MINIMUM => info.min_integration_us.to_le_bytes().to_vec(),
            kind::INTEGRATION_MAXIMUM => info.max_integration_us.to_le_bytes().to_vec(),
            kind::INTEGRATION_STEP => 1_u32.to_le_bytes().to_vec(),
            kind::PIXELS => pixels.to_le_bytes().to_vec(),
            kind::ACTIVE_PIXELS => [0, pixels - 1].iter().flat_map(|p| p.to_le_bytes()).collect(),
            kind::OPTICAL_DARK_PIXELS | kind::ELECTRIC_DARK_PIXELS => Vec::new(),
            kind::BUFFER_MAXIMUM => buffer::CAPACITY.to_le_bytes().to_vec(),
            kind::WAVELENGTH_COUNT => vec![4],
            kind::NONLINEARITY_COUNT => vec![RESPONSE as u8],
            kind::GPIO_COUNT => vec![PINS],
            kind::TEMPERATURE_COUNT => vec![1],
            kind::TEMPERATURE => 25.0_f32.to_le_bytes().to_vec(),
            _ => return None,
        })
    }

    fn wavelength(&self, i: usize, world: &dyn Lab) -> Answer {
        match self.info(world) {
            Some(info) => coefficient(&info.wavelength_coefficients, i),
            None => Answer::Error(error::INTERNAL),
        }
    }

    fn switch_lamp(&mut self, state: u32, world: &mut dyn Lab) -> Answer {
        if state > 1 {
            return Answer::Error(error::INVALID);
        }
        self.settings.lamp = state as u8;
        self.light(LampLine::LampEnable, state == 1, world)
    }

    /// Switches the light if it hangs on this line.
    fn light(&self, line: LampLine, on: bool, world: &mut dyn Lab) -> Answer {
        let mine = self.lamp.as_ref().filter(|(_, its)| *its == line);
        let lit = mine.map(|(light, _)| world.send(&Command::Light { light: light.clone(), on }));
        match lit {
            Some(Err(_)) => Answer::Error(error::INTERNAL),
            _ => Answer::Done,
        }
    }

    /// Sets direction or level of pins. A light hangs on a pin that is an output, and high.
    fn set_pins(&mut self, message: &Message, world: &mut dyn Lab) -> Answer {
        let Ok(data) = <[u8; 8]>::try_from(&message.data[..]) else {
            return Answer::Error(error::LENGTH);
        };
        let word =
            |at: usize| u32::from_le_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]);
        let (values, mask) = (word(0), word(4));
        if mask >> PINS != 0 {
            return Answer::Error(error::INVALID);
        }
        let settings = &mut self.settings;
        let before = settings.driven();
        let pins = match message.header.kind {
            kind::SET_GPIO => &mut settings.levels,
            _ => &mut settings.outputs,
        };
        *pins = *pins & !mask | values & mask;
        let (now, changed) = (settings.driven(), settings.driven() ^ before);
        match self.lamp {
            Some((_, LampLine::Gpio(pin))) if changed >> pin & 1 == 1 => {
                self.light(LampLine::Gpio(pin), now >> pin & 1 == 1, world)
            }
            _ => Answer::Done,
        }
    }

    fn nonlinearity(&self, i: usize, world: &dyn Lab) -> Answer {
        let Some(info) = self.info(world) else { return Answer::Error(error::INTERNAL) };
        let mut stored = [0.0; RESPONSE];
        stored[0] = 1.0;
        let known = info.nonlinearity.len().min(RESPONSE);
        stored[..known].copy_from_slice(&info.nonlinearity[..known]);
        coefficient(&stored, i)
    }

    fn arm(&self, frames: u32, world: &mut dyn Lab) -> Result<Instant, u16> {
        let integration_us = self.settings.integration_us(self.info(world));
        // Every exposure is one of the lab behind; they are averaged when they are fetched.
        let exposures = frames.saturating_mul(u32::from(self.settings.average));
        let exposure = Exposure { integration_us, frames: exposures };
        let spectrometer = self.spectrometer.clone();
        match world.send(&Command::Arm { spectrometer, exposure }) {
            Ok(Reply::Ready(at)) => Ok(at),
            Ok(_) => Ok(world.now()),
            Err(_) => Err(error::INTERNAL),
        }
    }

    fn acquire(&mut self, world: &mut dyn Lab) -> Answer {
        let frames = self.settings.back_to_back;
        if frames > self.settings.buffer_size {
            return Answer::Error(error::INVALID);
        }
        match self.arm(frames, world) {
            Ok(_) => {
                self.buffer.begin(frames);
                Answer::Done
            }
            Err(number) => Answer::Error(number),
        }
    }

    /// Spectra in the buffer: those of a running acquisition appear together when it is complete.
    fn count(&mut self, world: &mut dyn Lab) -> Answer {
        if self.buffer.is_acquiring() {
            match self.fetch(world) {
                Ok(Some(counts)) => self.buffer.complete(counts),
                Ok(None) => {}
                Err(number) => return Answer::Error(number),
            }
        }
        Answer::Data(self.buffer.count().to_le_bytes().to_vec())
    }

    /// The frames of the lab behind, once they are there.
    fn fetch(&mut self, world: &mut dyn Lab) -> Result<Option<buffer::Counts>, u16> {
        let spectrometer = self.spectrometer.clone();
        match world.send(&Command::Fetch { spectrometer }) {
            Ok(Reply::Frames(frames)) => {
                let smoothing = (self.settings.average, self.settings.boxcar);
                Ok(Some(buffer::Counts::new(&frames, smoothing, self.saturated)))
            }
            Err(fault) if fault.kind == FaultKind::NotReady => Ok(None),
            _ => Err(error::INTERNAL),
        }
    }

    /// A spectrum taken after the request: begun when the request comes, answered when it is
    /// complete.
    fn spectrum_now(&mut self, measuring: &mut bool, world: &mut dyn Lab) -> Answer {
        if self.single.is_some() && !*measuring {
            return Answer::Later;
        }
        if !*measuring {
            match self.arm(1, world) {
                Ok(ready) => (self.single, *measuring) = (Some(ready), true),
                Err(number) => return Answer::Error(number),
            }
        }
        if self.single.is_some_and(|ready| world.now() < ready) {
            return Answer::Later;
        }
        let fetched = self.fetch(world);
        match fetched {
            Ok(None) => return Answer::Later,
            _ => (self.single, *measuring) = (None, false),
        }
        match fetched {
            Ok(Some(counts)) => Answer::Data(counts.bytes(0).to_vec()),
            _ => Answer::Error(error::INTERNAL),
        }
    }

    fn reply(&mut self, message: &Message, answer: &Answer, out: &mut Vec<u8>) {
        let request = message.header;
        let wants_ack = request.flags & obp::ACK_REQUESTED != 0;
        let mut header =
            Header { flags: obp::RESPONSE, checksum: self.settings.checksum, ..request };
        match answer {
            Answer::Later => {}
            Answer::Data(data) => {
                obp::write(out, header, data.len(), |out| out.extend_from_slice(data));
            }
            Answer::Spectra(some) => self.buffer.write(out, header, *some),
            Answer::Done if !wants_ack => {}
            Answer::Done => {
                header.flags |= obp::ACK;
                obp::write(out, header, 0, |_| {});
            }
            Answer::Error(number) => {
                header.flags |= obp::NACK;
                header.error = *number;
                obp::write(out, header, 0, |_| {});
            }
        }
    }
}

fn number(data: &[u8], act: impl FnOnce(u32) -> Answer) -> Answer {
    match *data {
        [a] => act(u32::from(a)),
        [a, b] => act(u32::from(u16::from_le_bytes([a, b]))),
        [a, b, c, d] => act(u32::from_le_bytes([a, b, c, d])),
        _ => Answer::Error(error::LENGTH),
    }
}

fn coefficient(coefficients: &[f32], i: usize) -> Answer {
    match coefficients.get(i) {
        Some(value) => Answer::Data(value.to_le_bytes().to_vec()),
        None => Answer::Error(error::INVALID),
    }
}

impl Emulator for HdxEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        if !self.powered {
            line.input.clear();
            return;
        }
        if line.waiting.is_none() {
            line.waiting = take(&mut line.input, obp::scan);
        }
        while let Some(message) = line.waiting.take() {
            let answer = self.answer(&message, &mut line.measuring, world);
            if matches!(answer, Answer::Later) {
                line.waiting = Some(message);
                return;
            }
            self.reply(&message, &answer, &mut line.output);
            line.waiting = take(&mut line.input, obp::scan);
        }
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        match ailment {
            Ailment::Busy => self.busy = begins,
            Ailment::Saturated => self.saturated = begins,
            Ailment::PowerLoss => {
                self.powered = !begins;
                self.single = None;
                self.buffer = Buffer::default();
                self.switch_lamp(0, world);
                if let Some((_, line)) = self.lamp {
                    self.light(line, false, world);
                }
                self.settings = Settings::default();
            }
            Ailment::Stall | Ailment::SensorOpen | Ailment::Alarm => return false,
        }
        true
    }
}
