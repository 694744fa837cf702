//! The Ocean QE Pro spectrometer, by Ocean Binary Protocol. It measures by itself and keeps its spectra: they are asked for one
//! after the other.

use std::time::Duration;

use flowtwin_lab::{FaultKind, SpectrometerInfo};

use crate::codec::obp::kind;
use crate::codec::qe_pro::{self, DIVISOR, LONGEST_US, PIXELS, SHORTEST_US};
use crate::driver::obp::{ObpHost, kept_other, reach, text};
use crate::driver::one_by_one::Exposes;
use crate::instrument::Identity;
use crate::transport::{Dialog, garbled};

/// A QE Pro. Its lamp-enable line follows with the next spectrum (data sheet, "Other Acquisition Parameter Messages"), so that no
/// light is switched by it here.
#[derive(Debug)]
pub struct QePro {
    host: ObpHost,
    /// What it was set to \[µs\].
    integration_us: u32,
    /// Whether it measures.
    measures: bool,
}

impl QePro {
    /// The spectrometer at the other end of `dialog`.
    pub fn new(dialog: Dialog) -> Self {
        Self { host: ObpHost::new(dialog), integration_us: 0, measures: false }
    }

    /// Identifies the spectrometer; changes nothing.
    ///
    /// # Errors
    /// If it does not answer, or its shortest integration time is not that of a QE Pro.
    pub fn identify(&mut self) -> Result<Identity, FaultKind> {
        let serial = self.host.query(kind::SERIAL_NUMBER, &[])?;
        match self.host.query_number(kind::INTEGRATION_MINIMUM) {
            Ok(SHORTEST_US) => {}
            Ok(us) => return Err(garbled(format!("what measures {us} µs at least is no QE Pro"))),
            Err(_) if self.host.did_not_know() => return Err(garbled("it is no QE Pro")),
            Err(kind) => return Err(kind),
        }
        let firmware = self.host.query_number(kind::FIRMWARE_REVISION)?;
        Ok(Identity {
            model: "Ocean QE Pro".into(),
            serial_number: Some(text(&serial)),
            firmware: Some(firmware.to_string()),
            notes: vec![reach(&self.describe("")?)],
        })
    }
}

impl Exposes for QePro {
    fn describe(&mut self, name: &str) -> Result<SpectrometerInfo, FaultKind> {
        let (wavelength_coefficients, mut nonlinearity) = self.host.calibration()?;
        // They are for counts of 18 bits.
        for (power, term) in (0..).zip(&mut nonlinearity) {
            *term *= (DIVISOR as f32).powi(power);
        }
        Ok(SpectrometerInfo {
            name: name.into(),
            pixels: PIXELS,
            wavelength_coefficients,
            full_scale: u16::MAX,
            min_integration_us: SHORTEST_US,
            max_integration_us: LONGEST_US,
            nonlinearity,
        })
    }

    fn integrates_us(&self) -> (u32, u32) {
        (SHORTEST_US, LONGEST_US)
    }

    /// In the order of the data sheet, "Acquire Spectra Into Buffer Timing": what it has in its buffer is older.
    fn set(&mut self, integration_us: u32) -> Result<(), FaultKind> {
        self.measures = false;
        self.host.command(kind::ABORT, &[])?;
        self.host.command(kind::BUFFER_CLEAR, &[])?;
        self.host.set(kind::SET_TRIGGER, kind::TRIGGER, &[0], "trigger mode")?;
        let (set, get) = (kind::SET_INTEGRATION, kind::INTEGRATION);
        self.host.set(set, get, &integration_us.to_le_bytes(), "integration time")?;
        self.integration_us = integration_us;
        Ok(())
    }

    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        self.host.query_number(kind::INTEGRATION)
    }

    fn request(&mut self) -> Result<(), FaultKind> {
        if !self.measures {
            self.host.command(kind::BUFFER_ACQUIRE, &[])?;
            self.measures = true;
        }
        self.host.begin(kind::BUFFERED)
    }

    fn hear(&mut self, patience: Duration) -> Result<Option<Vec<u16>>, FaultKind> {
        let Some(data) = self.host.hear(patience)? else { return Ok(None) };
        let (us, counts) = qe_pro::counts(&data)
            .ok_or_else(|| garbled(format!("{} bytes are no spectrum of a QE Pro", data.len())))?;
        if us != self.integration_us {
            return Err(kept_other("integration time", self.integration_us, us));
        }
        let shown = |n: u32| ((n + DIVISOR / 2) / DIVISOR).min(u16::MAX.into()) as u16;
        Ok(Some(counts.into_iter().map(shown).collect()))
    }

    fn patience(&self) -> Duration {
        self.host.dialog.patience()
    }

    fn switch_lamp(&mut self, _on: bool) -> Result<(), FaultKind> {
        Err(no_lamp())
    }

    fn lamp_is_on(&mut self) -> Result<bool, FaultKind> {
        Err(no_lamp())
    }
}

fn no_lamp() -> FaultKind {
    FaultKind::Unsupported { detail: "a QE Pro switches no light".into() }
}
