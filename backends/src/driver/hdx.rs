//! The Ocean HDX spectrometer, by Ocean Binary Protocol.

use std::cell::RefCell;
use std::rc::Rc;

use flowtwin_lab::{Exposure, FaultKind, Frames, Span, SpectrometerInfo};

pub(crate) mod discovery;

use crate::codec::hdx::{LampLine, METADATA, MOST_AT_ONCE, SPECTRUM_CHECKSUM};
use crate::codec::obp::{self, Checksum, Header, Message, kind};
use crate::instrument::{Identity, Light, Spectrometer};
use crate::transport::{Dialog, garbled, read_again};

/// The error number of an instrument that has nothing yet.
const NOT_READY: u16 = 7;

/// A spectrometer with its buffer and its lamp-enable line.
#[derive(Debug)]
pub struct Hdx {
    dialog: Dialog,
    regarding: u32,
    at_once: u32,
    average: u16,
    asks_for_md5: bool,
    checksum: Checksum,
    buffer: Option<Buffer>,
    armed: Option<Exposure>,
}

/// What the instrument has been set to.
#[derive(Clone, Copy, Debug)]
struct Buffer {
    pixels: usize,
    most_frames: u32,
    exposure: Exposure,
}

impl Hdx {
    /// The spectrometer at the other end of `dialog`, asked for at most `at_once` buffered spectra
    /// in one message: [`MOST_AT_ONCE`] over TCP and USB, one over a serial line.
    pub fn new(dialog: Dialog, at_once: u32) -> Self {
        Self {
            dialog,
            regarding: 0,
            at_once: at_once.clamp(1, MOST_AT_ONCE),
            average: 1,
            asks_for_md5: false,
            checksum: Checksum::None,
            buffer: None,
            armed: None,
        }
    }

    /// The same spectrometer, asked to protect its messages by MD5: a line may flip a bit, and a count with a flipped
    /// bit is a count like any other.
    #[must_use]
    pub fn with_md5(self) -> Self {
        Self { asks_for_md5: true, ..self }
    }

    /// The same spectrometer, which averages this many exposures, at least one, to a frame.
    #[must_use]
    pub fn averaging(self, exposures: u16) -> Self {
        Self { average: exposures.max(1), ..self }
    }

    /// Identifies the spectrometer; changes nothing.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        let serial = self.query(kind::SERIAL_NUMBER, &[])?;
        let firmware = number(&self.query(kind::FIRMWARE_REVISION, &[])?)?;
        let info = self.describe("")?;
        let nm = info.wavelengths_nm();
        let range = format!(
            "{} pixels, {:.1} to {:.1} nm",
            info.pixels,
            nm.first().copied().unwrap_or_default(),
            nm.last().copied().unwrap_or_default()
        );
        Ok(Identity {
            model: "Ocean HDX".into(),
            serial_number: Some(String::from_utf8_lossy(&serial).trim_matches('\0').to_owned()),
            firmware: Some(firmware.to_string()),
            notes: vec![range],
        })
    }

    fn query(&mut self, kind: u32, data: &[u8]) -> Result<Vec<u8>, FaultKind> {
        read_again(|| self.exchange(kind, 0, data))
    }

    fn query_number(&mut self, kind: u32) -> Result<u32, FaultKind> {
        number(&self.query(kind, &[])?)
    }

    /// Number of pixels; their number is sent in two bytes.
    fn pixels(&mut self) -> Result<usize, FaultKind> {
        match self.query_number(kind::PIXELS)? {
            pixels @ 1..=0xFFFF => Ok(pixels as usize),
            other => Err(garbled(format!("a spectrometer of {other} pixels"))),
        }
    }

    /// At most this many coefficients.
    fn coefficients(&mut self, count: u32, kind: u32, most: u32) -> Result<Vec<f32>, FaultKind> {
        let count = self.query_number(count)?.min(most) as u8;
        let one = |i| {
            let value = f32::from_bits(number(&self.query(kind, &[i])?)?);
            value
                .is_finite()
                .then_some(value)
                .ok_or_else(|| garbled(format!("coefficient {value}")))
        };
        (0..count).map(one).collect()
    }

    /// Sends a command; the instrument must acknowledge it.
    fn command(&mut self, kind: u32, data: &[u8]) -> Result<(), FaultKind> {
        self.exchange(kind, obp::ACK_REQUESTED, data).map(|_| ())
    }

    /// Sets a number, and where the acknowledgement was lost or refused, looks whether it was
    /// taken.
    fn set(&mut self, set: u32, get: u32, data: &[u8], quantity: &str) -> Result<(), FaultKind> {
        let sent = self.command(set, data);
        let asked = number(data)?;
        let kept = self.query_number(get);
        match (sent, kept) {
            (_, Ok(kept)) if kept == asked => Ok(()),
            (Err(kind), _) | (Ok(()), Err(kind)) => Err(kind),
            (Ok(()), Ok(kept)) => Err(kept_other(quantity, asked, kept)),
        }
    }

    fn exchange(&mut self, kind: u32, flags: u16, data: &[u8]) -> Result<Vec<u8>, FaultKind> {
        self.regarding = self.regarding.wrapping_add(1);
        let (regarding, checksum) = (self.regarding, self.checksum);
        let header = Header { kind, flags, regarding, checksum, ..Header::default() };
        let mut bytes = Vec::new();
        obp::write(&mut bytes, header, data.len(), |out| out.extend_from_slice(data));
        self.dialog.ask(&bytes, obp::scan, |message| answer(message, header))
    }

    /// Makes a pin an output and sets it; both are read back. The level comes first, so that an input that was low does
    /// not open a shutter on becoming an output.
    fn set_pin(&mut self, pin: u8, on: bool) -> Result<(), FaultKind> {
        let mask = 1_u32.checked_shl(u32::from(pin)).unwrap_or(0);
        let _unseen = self.set_bits((kind::SET_GPIO, kind::GPIO), (on, mask), "level");
        self.set_bits((kind::SET_GPIO_OUTPUTS, kind::GPIO_OUTPUTS), (true, mask), "direction")?;
        self.set_bits((kind::SET_GPIO, kind::GPIO), (on, mask), "level")
    }

    /// Sets the bits of `mask`, and looks whether they are set.
    fn set_bits(
        &mut self,
        (set, get): (u32, u32),
        (high, mask): (bool, u32),
        quantity: &str,
    ) -> Result<(), FaultKind> {
        let values = if high { mask } else { 0 };
        let sent = self.command(set, &[values.to_le_bytes(), mask.to_le_bytes()].concat());
        let kept = self.query_number(get)? & mask;
        if kept == values {
            return Ok(());
        }
        sent.and(Err(kept_other(&format!("{quantity} of pins"), values, kept)))
    }

    /// Has messages protected, where that is wanted and the instrument can.
    fn protect(&mut self) -> Result<(), FaultKind> {
        self.checksum = Checksum::None;
        if !self.asks_for_md5 {
            return Ok(());
        }
        match self.command(kind::SET_CHECKSUM, &[1]) {
            Ok(()) => self.checksum = Checksum::Md5,
            Err(FaultKind::Refused { .. }) => {}
            Err(kind) => return Err(kind),
        }
        Ok(())
    }

    /// Sets what never changes during a campaign, once.
    fn prepare(&mut self) -> Result<Buffer, FaultKind> {
        if let Some(buffer) = self.buffer {
            return Ok(buffer);
        }
        self.protect()?;
        let pixels = self.pixels()?;
        let most_frames = self.query_number(kind::BUFFER_MAXIMUM)?;
        self.set(kind::SET_TRIGGER, kind::TRIGGER, &[0], "trigger mode")?;
        let average = self.average.to_le_bytes();
        self.set(kind::SET_AVERAGE, kind::AVERAGE, &average, "scans to average")?;
        self.set(kind::SET_BOXCAR, kind::BOXCAR, &[0], "boxcar half width")?;
        let size = most_frames.to_le_bytes();
        self.set(kind::SET_BUFFER_SIZE, kind::BUFFER_SIZE, &size, "buffer size")?;
        self.set(kind::SET_BUFFERING, kind::BUFFERING, &[1], "buffering")?;
        let exposure = Exposure { integration_us: 0, frames: 0 };
        let buffer = Buffer { pixels, most_frames, exposure };
        self.buffer = Some(buffer);
        Ok(buffer)
    }

    /// Sets the exposure. What should be set already is looked up: a spectrometer that has lost power comes back with
    /// settings of its own, and its spectra would look like any other.
    fn expose(&mut self, buffer: Buffer, exposure: Exposure) -> Result<(), FaultKind> {
        let (before, numbers) = (buffer.exposure, (exposure.integration_us, exposure.frames));
        let (set, get) = (kind::SET_INTEGRATION, kind::INTEGRATION);
        self.keep(set, get, (before.integration_us, numbers.0), "integration time")?;
        let (set, get) = (kind::SET_BACK_TO_BACK, kind::BACK_TO_BACK);
        self.keep(set, get, (before.frames, numbers.1), "frames back to back")?;
        self.buffer = Some(Buffer { exposure, ..buffer });
        Ok(())
    }

    /// Sets a number, or where it was set before makes sure that it still is.
    fn keep(
        &mut self,
        set: u32,
        get: u32,
        (before, asked): (u32, u32),
        quantity: &str,
    ) -> Result<(), FaultKind> {
        if before != asked {
            return self.set(set, get, &asked.to_le_bytes(), quantity);
        }
        let kept = self.query_number(get)?;
        if kept == asked {
            return Ok(());
        }
        self.buffer = None;
        Err(kept_other(quantity, asked, kept))
    }

    /// Hands over all frames of the buffer, oldest first.
    fn read_buffer(&mut self, pixels: usize, frames: u32) -> Result<Vec<u16>, FaultKind> {
        let mut counts = Vec::with_capacity(pixels * frames as usize);
        let stride = METADATA + 2 * pixels + SPECTRUM_CHECKSUM;
        while counts.len() < pixels * frames as usize {
            let left = frames - (counts.len() / pixels) as u32;
            let some = left.min(self.at_once).to_le_bytes();
            // Not repeated: the instrument may have dropped what it handed over.
            let data = self.exchange(kind::BUFFER_GET, 0, &some)?;
            let most = stride * left.min(self.at_once) as usize;
            if data.is_empty() || !data.len().is_multiple_of(stride) || data.len() > most {
                return Err(garbled(format!(
                    "{} bytes are no spectra of {pixels} pixels",
                    data.len()
                )));
            }
            for spectrum in data.chunks_exact(stride) {
                let bytes = &spectrum[METADATA..METADATA + 2 * pixels];
                let words = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]]));
                counts.extend(words);
            }
        }
        Ok(counts)
    }
}

/// The coefficients of a response; none where it is linear, or none are stored.
fn response(mut coefficients: Vec<f32>) -> Result<Vec<f32>, FaultKind> {
    while coefficients.last().is_some_and(|n| *n == 0.0) {
        coefficients.pop();
    }
    match coefficients[..] {
        [] => Ok(coefficients),
        [1.0] => Ok(Vec::new()),
        // A response that is far from 1 at low light is no response.
        [n0, ..] if (0.5..=2.0).contains(&n0) => Ok(coefficients),
        _ => Err(garbled(format!("{coefficients:?} are no coefficients of a detector's response"))),
    }
}

fn kept_other(quantity: &str, asked: u32, kept: u32) -> FaultKind {
    let (asked, kept) = (f64::from(asked), f64::from(kept));
    FaultKind::KeptOther { quantity: quantity.into(), asked, kept, unit: String::new() }
}

/// The data of the reply to a request; none if the message answers another.
fn answer(message: Message, request: Header) -> Result<Option<Vec<u8>>, FaultKind> {
    let Header { kind, flags, error, regarding, .. } = message.header;
    if flags & obp::RESPONSE == 0 || regarding != request.regarding || kind != request.kind {
        return Ok(None);
    }
    if !message.intact {
        return Err(garbled(format!("wrong checksum in the reply to 0x{kind:06X}")));
    }
    if request.checksum == Checksum::Md5 && message.header.checksum == Checksum::None {
        // It has lost its settings with its power, or this byte was hit.
        return Err(garbled(format!("no checksum in the reply to 0x{kind:06X}")));
    }
    if error == NOT_READY {
        return Err(FaultKind::NotReady);
    }
    if flags & obp::NACK != 0 || error != 0 {
        let text = obp::error_text(error);
        return Err(FaultKind::Refused {
            detail: format!("message 0x{kind:06X}: error {error}, {text}"),
        });
    }
    Ok(Some(message.data))
}

/// A little-endian number of one, two or four bytes.
fn number(data: &[u8]) -> Result<u32, FaultKind> {
    match *data {
        [a] => Ok(u32::from(a)),
        [a, b] => Ok(u32::from(u16::from_le_bytes([a, b]))),
        [a, b, c, d] => Ok(u32::from_le_bytes([a, b, c, d])),
        _ => Err(garbled(format!("{data:02X?} is not a number"))),
    }
}

impl Spectrometer for Hdx {
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind> {
        let mut wavelength_coefficients = [0.0; 4];
        let told = self.coefficients(kind::WAVELENGTH_COUNT, kind::WAVELENGTH, 4)?;
        wavelength_coefficients[..told.len()].copy_from_slice(&told);
        let nonlinearity = self.coefficients(kind::NONLINEARITY_COUNT, kind::NONLINEARITY, 8)?;
        Ok(SpectrometerInfo {
            name: name.into(),
            pixels: self.pixels()?,
            wavelength_coefficients,
            full_scale: self.query_number(kind::MAXIMUM_COUNTS)?.min(0xFFFF) as u16,
            min_integration_us: self.query_number(kind::INTEGRATION_MINIMUM)?,
            max_integration_us: self.query_number(kind::INTEGRATION_MAXIMUM)?,
            nonlinearity: response(nonlinearity)?,
        })
    }

    fn arm(&mut self, exposure: Exposure) -> Result<Span, FaultKind> {
        let buffer = self.prepare()?;
        if !(1..=buffer.most_frames).contains(&exposure.frames) {
            return Err(FaultKind::OutOfRange {
                quantity: "frames".into(),
                value: f64::from(exposure.frames),
                low: 1.0,
                high: f64::from(buffer.most_frames),
                unit: String::new(),
            });
        }
        self.armed = None;
        self.expose(buffer, exposure).inspect_err(|_| self.buffer = None)?;
        self.command(kind::BUFFER_CLEAR, &[])?;
        self.command(kind::BUFFER_ACQUIRE, &[])?;
        self.armed = Some(exposure);
        let frame = Span::from_nanos(u64::from(exposure.integration_us) * 1000);
        Ok(frame.times(u64::from(exposure.frames) * u64::from(self.average)))
    }

    fn fetch(&mut self) -> Result<Frames, FaultKind> {
        let (Some(exposure), Some(buffer)) = (self.armed, self.buffer) else {
            return Err(FaultKind::NotReady);
        };
        if self.query_number(kind::BUFFER_COUNT)? < exposure.frames {
            return Err(FaultKind::NotReady);
        }
        self.armed = None;
        let counts = self.read_buffer(buffer.pixels, exposure.frames)?;
        Ok(Frames::new(buffer.pixels, counts))
    }

    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        self.query_number(kind::INTEGRATION)
    }
}

/// A line of a spectrometer that switches a light: the shutter of a DH-2000-BAL, or the gate of an LED.
#[derive(Debug)]
pub struct HdxLamp {
    spectrometer: Rc<RefCell<Hdx>>,
    line: LampLine,
}

impl HdxLamp {
    /// This line of this spectrometer.
    pub fn new(spectrometer: Rc<RefCell<Hdx>>, line: LampLine) -> Self {
        Self { spectrometer, line }
    }
}

impl Light for HdxLamp {
    fn switch(&mut self, on: bool) -> Result<(), FaultKind> {
        let mut hdx = self.spectrometer.borrow_mut();
        match self.line {
            LampLine::LampEnable => {
                let state = [u8::from(on)];
                hdx.set(kind::SET_LAMP, kind::LAMP, &state, "lamp-enable line")
            }
            LampLine::Gpio(pin) => hdx.set_pin(pin, on),
        }
    }

    fn is_on(&mut self) -> Result<bool, FaultKind> {
        let mut hdx = self.spectrometer.borrow_mut();
        match self.line {
            LampLine::LampEnable => Ok(hdx.query_number(kind::LAMP)? != 0),
            LampLine::Gpio(pin) => {
                let mask = 1_u32.checked_shl(u32::from(pin)).unwrap_or(0);
                Ok(hdx.query_number(kind::GPIO)? & mask != 0)
            }
        }
    }
}

/// A spectrometer whose lamp-enable line is used by a light.
#[derive(Debug)]
pub struct SharedHdx(Rc<RefCell<Hdx>>);

impl SharedHdx {
    /// This spectrometer.
    pub fn new(spectrometer: Rc<RefCell<Hdx>>) -> Self {
        Self(spectrometer)
    }
}

impl Spectrometer for SharedHdx {
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind> {
        self.0.borrow_mut().describe(name)
    }

    fn arm(&mut self, exposure: Exposure) -> Result<Span, FaultKind> {
        self.0.borrow_mut().arm(exposure)
    }

    fn fetch(&mut self) -> Result<Frames, FaultKind> {
        self.0.borrow_mut().fetch()
    }

    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        self.0.borrow_mut().integration_us()
    }
}
