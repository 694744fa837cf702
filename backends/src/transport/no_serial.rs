//! Serial ports in a program that was built without them.

use std::time::Duration;

use flowtwin_lab::FaultKind;

use super::{Hurry, SerialSettings, Transport, lost};

/// A serial port that cannot be opened: the feature `serial` is off.
#[derive(Debug)]
pub struct SerialPort {
    settings: SerialSettings,
}

impl SerialPort {
    /// The port with these settings.
    pub fn new(settings: SerialSettings) -> Self {
        Self { settings }
    }

    /// The same port; there is nothing that could wait.
    #[must_use]
    pub fn heeding(self, _hurry: Hurry) -> Self {
        self
    }
}

impl Transport for SerialPort {
    fn write(&mut self, _bytes: &[u8]) -> Result<(), FaultKind> {
        let port = &self.settings.port;
        Err(lost(&format!(
            "{port}: this program was built without serial ports (feature `serial`)"
        )))
    }

    fn read(&mut self, _into: &mut Vec<u8>, _patience: Duration) -> Result<usize, FaultKind> {
        Ok(0)
    }
}
