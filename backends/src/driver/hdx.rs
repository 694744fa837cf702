//! The Ocean HDX spectrometer, by Ocean Binary Protocol.

use std::cell::RefCell;
use std::rc::Rc;

use flowtwin_lab::{Exposure, FaultKind, Frames, Span, SpectrometerInfo};

pub(crate) mod discovery;

use crate::codec::hdx::{LampLine, METADATA, MOST_AT_ONCE, SPECTRUM_CHECKSUM};
use crate::codec::obp::{Checksum, kind};
use crate::driver::obp::{ObpHost, kept_other, reach, text};
use crate::instrument::{Identity, Light, Spectrometer};
use crate::transport::{Dialog, garbled};

/// A spectrometer with its buffer and its lamp-enable line.
#[derive(Debug)]
pub struct Hdx {
    host: ObpHost,
    at_once: u32,
    average: u16,
    asks_for_md5: bool,
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
            host: ObpHost::new(dialog),
            at_once: at_once.clamp(1, MOST_AT_ONCE),
            average: 1,
            asks_for_md5: false,
            buffer: None,
            armed: None,
        }
    }

    /// The same spectrometer, asked to protect its messages by MD5: a line may flip a bit, and a count with a flipped
    /// bit is a count like any other.
    #[must_use]
    pub(crate) fn with_md5(self) -> Self {
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
        let serial = self.host.query(kind::SERIAL_NUMBER, &[])?;
        let firmware = self.host.query_number(kind::FIRMWARE_REVISION)?;
        Ok(Identity {
            model: "Ocean HDX".into(),
            serial_number: Some(text(&serial)),
            firmware: Some(firmware.to_string()),
            notes: vec![reach(&self.describe("")?)],
        })
    }

    /// Number of pixels; their number is sent in two bytes.
    fn pixels(&mut self) -> Result<usize, FaultKind> {
        match self.host.query_number(kind::PIXELS)? {
            pixels @ 1..=0xFFFF => Ok(pixels as usize),
            other => Err(garbled(format!("a spectrometer of {other} pixels"))),
        }
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
        let sent = self.host.command(set, &[values.to_le_bytes(), mask.to_le_bytes()].concat());
        let kept = self.host.query_number(get)? & mask;
        if kept == values {
            return Ok(());
        }
        sent.and(Err(kept_other(&format!("{quantity} of pins"), values, kept)))
    }

    /// Has messages protected, where that is wanted and the instrument can.
    fn protect(&mut self) -> Result<(), FaultKind> {
        self.host.checksum = Checksum::None;
        if !self.asks_for_md5 {
            return Ok(());
        }
        match self.host.command(kind::SET_CHECKSUM, &[1]) {
            Ok(()) => self.host.checksum = Checksum::Md5,
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
        let most_frames = self.host.query_number(kind::BUFFER_MAXIMUM)?;
        self.host.set(kind::SET_TRIGGER, kind::TRIGGER, &[0], "trigger mode")?;
        let average = self.average.to_le_bytes();
        self.host.set(kind::SET_AVERAGE, kind::AVERAGE, &average, "scans to average")?;
        self.host.set(kind::SET_BOXCAR, kind::BOXCAR, &[0], "boxcar half width")?;
        let size = most_frames.to_le_bytes();
        self.host.set(kind::SET_BUFFER_SIZE, kind::BUFFER_SIZE, &size, "buffer size")?;
        self.host.set(kind::SET_BUFFERING, kind::BUFFERING, &[1], "buffering")?;
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
            return self.host.set(set, get, &asked.to_le_bytes(), quantity);
        }
        let kept = self.host.query_number(get)?;
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
            let data = self.host.exchange(kind::BUFFER_GET, 0, &some)?;
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

impl Spectrometer for Hdx {
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind> {
        let (wavelength_coefficients, nonlinearity) = self.host.calibration()?;
        Ok(SpectrometerInfo {
            name: name.into(),
            pixels: self.pixels()?,
            wavelength_coefficients,
            full_scale: self.host.query_number(kind::MAXIMUM_COUNTS)?.min(0xFFFF) as u16,
            min_integration_us: self.host.query_number(kind::INTEGRATION_MINIMUM)?,
            max_integration_us: self.host.query_number(kind::INTEGRATION_MAXIMUM)?,
            nonlinearity,
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
        self.host.command(kind::BUFFER_CLEAR, &[])?;
        self.host.command(kind::BUFFER_ACQUIRE, &[])?;
        self.armed = Some(exposure);
        let frame = Span::from_nanos(u64::from(exposure.integration_us) * 1000);
        Ok(frame.times(u64::from(exposure.frames) * u64::from(self.average)))
    }

    fn fetch(&mut self) -> Result<Frames, FaultKind> {
        let (Some(exposure), Some(buffer)) = (self.armed, self.buffer) else {
            return Err(FaultKind::NotReady);
        };
        if self.host.query_number(kind::BUFFER_COUNT)? < exposure.frames {
            return Err(FaultKind::NotReady);
        }
        self.armed = None;
        let counts = self.read_buffer(buffer.pixels, exposure.frames)?;
        Ok(Frames::new(buffer.pixels, counts))
    }

    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        self.host.query_number(kind::INTEGRATION)
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
                hdx.host.set(kind::SET_LAMP, kind::LAMP, &state, "lamp-enable line")
            }
            LampLine::Gpio(pin) => hdx.set_pin(pin, on),
        }
    }

    fn is_on(&mut self) -> Result<bool, FaultKind> {
        let mut hdx = self.spectrometer.borrow_mut();
        match self.line {
            LampLine::LampEnable => Ok(hdx.host.query_number(kind::LAMP)? != 0),
            LampLine::Gpio(pin) => {
                let mask = 1_u32.checked_shl(u32::from(pin)).unwrap_or(0);
                Ok(hdx.host.query_number(kind::GPIO)? & mask != 0)
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
