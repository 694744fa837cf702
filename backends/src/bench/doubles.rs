//! Instruments for tests.

use flowtwin_lab::{FaultKind, Temperature};

use crate::instrument::Heater;

/// A heater of 20 °C that does what a test says, told `heat`, `cool` (50 °C and below) or `off`.
pub(super) struct Acts<F>(pub(super) F);

impl<F: FnMut(&'static str) -> Result<(), FaultKind>> Heater for Acts<F> {
    fn heat(&mut self, to: Temperature) -> Result<(), FaultKind> {
        self.0(if to.c() > 50.0 { "heat" } else { "cool" })
    }
    fn off(&mut self) -> Result<(), FaultKind> {
        self.0("off")
    }
    fn temperature_c(&mut self) -> Result<f64, FaultKind> {
        Ok(20.0)
    }
    fn power_percent(&mut self) -> Result<f64, FaultKind> {
        Ok(0.0)
    }
}
