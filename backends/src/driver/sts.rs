//! The Ocean STS spectrometer, by Ocean Binary Protocol: one frame for each request.

use std::time::Duration;

use flowtwin_lab::{FaultKind, SpectrometerInfo};

use crate::codec::obp::kind;
use crate::codec::sts::{FULL_SCALE, LONGEST_US, PIXELS, SHORTEST_US};
use crate::driver::obp::{ObpHost, reach, text};
use crate::driver::one_by_one::Exposes;
use crate::instrument::Identity;
use crate::transport::{Dialog, garbled};

/// An STS. It does not tell its integration time, and has no more than one spectrum.
#[derive(Debug)]
pub struct Sts {
    host: ObpHost,
    is_ready: bool,
}

impl Sts {
    /// The spectrometer at the other end of `dialog`.
    pub fn new(dialog: Dialog) -> Self {
        Self { host: ObpHost::new(dialog), is_ready: false }
    }

    /// Identifies the spectrometer; changes nothing.
    ///
    /// # Errors
    /// If it does not answer, or is another spectrometer that speaks this protocol: those with a buffer tell how much it holds.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        let serial = self.host.query(kind::SERIAL_NUMBER, &[])?;
        match self.host.query_number(kind::BUFFER_MAXIMUM) {
            Ok(_) => return Err(garbled("a spectrometer with a buffer is no STS")),
            Err(_) if self.host.did_not_know() => {}
            Err(kind) => return Err(kind),
        }
        let firmware = self.host.query_number(kind::FIRMWARE_REVISION)?;
        Ok(Identity {
            model: "Ocean STS".into(),
            serial_number: Some(text(&serial)),
            firmware: Some(format!("{firmware:04X}")),
            notes: vec![reach(&self.describe("")?)],
        })
    }

    /// Sets what never changes during a campaign, once: frames as they are, of all pixels.
    fn prepare(&mut self) -> Result<(), FaultKind> {
        if self.is_ready {
            return Ok(());
        }
        self.host.command(kind::SET_TRIGGER, &[0])?;
        self.host.set(kind::SET_BOXCAR, kind::BOXCAR, &[0], "boxcar half width")?;
        self.host.set(kind::SET_BINNING, kind::BINNING, &[0], "binning of pixels")?;
        let average = self.host.set(kind::SET_AVERAGE, kind::AVERAGE, &[1, 0], "scans to average");
        match average {
            // Firmware that does not average gives every scan as it is.
            Err(_) if self.host.did_not_know() => {}
            set => set?,
        }
        self.is_ready = true;
        Ok(())
    }
}

impl Exposes for Sts {
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind> {
        let (wavelength_coefficients, nonlinearity) = self.host.calibration()?;
        Ok(SpectrometerInfo {
            name: name.into(),
            pixels: PIXELS,
            wavelength_coefficients,
            full_scale: FULL_SCALE,
            min_integration_us: SHORTEST_US,
            max_integration_us: LONGEST_US,
            nonlinearity,
        })
    }

    fn integrates_us(&self) -> (u32, u32) {
        (SHORTEST_US, LONGEST_US)
    }

    /// The integration time is set before each exposure: it cannot be read back, and an STS that has lost power takes no
    /// spectrum before it is set (`demo-sts-api.c`).
    fn set(&mut self, integration_us: u32) -> Result<(), FaultKind> {
        self.prepare()?;
        let set = self.host.command(kind::SET_INTEGRATION, &integration_us.to_le_bytes());
        set.inspect_err(|_| self.is_ready = false)
    }

    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        Err(silent("its integration time"))
    }

    fn request(&mut self) -> Result<(), FaultKind> {
        self.host.begin(kind::RAW_SPECTRUM)
    }

    fn hear(&mut self, patience: Duration) -> Result<Option<Vec<u16>>, FaultKind> {
        let heard = self.host.hear(patience).inspect_err(|_| self.is_ready = false)?;
        let Some(data) = heard else { return Ok(None) };
        if data.len() != 2 * PIXELS {
            return Err(garbled(format!("{} bytes are no spectrum of an STS", data.len())));
        }
        Ok(Some(data.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()))
    }

    fn patience(&self) -> Duration {
        self.host.dialog.patience()
    }

    fn switch_lamp(&mut self, on: bool) -> Result<(), FaultKind> {
        self.host.command(kind::SET_LAMP, &[u8::from(on)])
    }

    fn lamp_is_on(&mut self) -> Result<bool, FaultKind> {
        Err(silent("whether its lamp-enable line is on"))
    }
}

fn silent(what: &str) -> FaultKind {
    FaultKind::Unsupported { detail: format!("an STS does not tell {what}") }
}
