//! A serial port.

use std::io::Write as _;
use std::time::Duration;

use flowtwin_lab::FaultKind;
use serialport::{DataBits, Parity};

use super::hurry::in_pieces;
use super::tcp::is_silence;
use super::{Frame, Hurry, SerialSettings, Transport, lost};

const CHUNK: usize = 4096;

/// Longest time in which a request is sent.
const WRITE: Duration = Duration::from_secs(1);

/// A serial port that is opened when it is first used, and again after it was lost.
pub struct SerialPort {
    settings: SerialSettings,
    hurry: Hurry,
    port: Option<Box<dyn serialport::SerialPort>>,
    /// How often it was opened.
    openings: u64,
}

impl std::fmt::Debug for SerialPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SerialPort").field(&self.settings).finish()
    }
}

impl SerialPort {
    /// The port with these settings.
    pub fn new(settings: SerialSettings) -> Self {
        Self { settings, hurry: Hurry::default(), port: None, openings: 0 }
    }

    /// The same port, which waits no longer than `hurry` grants.
    #[must_use]
    pub fn heeding(self, hurry: Hurry) -> Self {
        Self { hurry, ..self }
    }

    fn opened(&mut self) -> Result<&mut Box<dyn serialport::SerialPort>, FaultKind> {
        if self.port.is_none() {
            let SerialSettings { port, baud, frame } = &self.settings;
            let (bits, parity) = match frame {
                Frame::EightNoneOne => (8, Parity::None),
                Frame::SevenEvenOne => (7, Parity::Even),
                Frame::EightEvenOne => (8, Parity::Even),
            };
            let opened = serialport::new(port.as_str(), *baud)
                .data_bits(DataBits::try_from(bits).unwrap_or(DataBits::Eight))
                .parity(parity)
                .timeout(WRITE)
                .open()
                .map_err(|error| lost(&format!("{port}: {error}")))?;
            self.port = Some(opened);
            self.openings += 1;
        }
        Ok(self.port.as_mut().expect("opened just now"))
    }

    fn drop_link(&mut self, detail: &impl std::fmt::Display) -> FaultKind {
        self.port = None;
        lost(&format!("{}: {detail}", self.settings.port))
    }
}

impl Transport for SerialPort {
    fn reach(&mut self) -> Result<u64, FaultKind> {
        self.opened()?;
        Ok(self.openings)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        let granted = self.hurry.grants(WRITE).max(Duration::from_millis(1));
        let port = self.opened()?;
        let set = port.set_timeout(granted).map_err(std::io::Error::from);
        let sent = set.and_then(|()| port.write_all(bytes)).and_then(|()| port.flush());
        sent.map_err(|error| self.drop_link(&error))
    }

    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        let Some(port) = &mut self.port else {
            return Ok(0);
        };
        match in_pieces(&self.hurry, patience, |piece| read_once(&mut **port, into, piece)) {
            Ok(came) => Ok(came.unwrap_or(0)),
            Err(error) => Err(self.drop_link(&error)),
        }
    }

    fn give_up(&mut self) {
        self.port = None;
    }

    fn grants(&self, patience: Duration) -> Duration {
        self.hurry.grants(patience)
    }
}

/// Appends what arrives within `patience`; none where nothing did.
fn read_once(
    port: &mut dyn serialport::SerialPort,
    into: &mut Vec<u8>,
    patience: Duration,
) -> std::io::Result<Option<usize>> {
    port.set_timeout(patience)?;
    let start = into.len();
    into.resize(start + CHUNK, 0);
    let got = port.read(&mut into[start..]);
    into.truncate(start + *got.as_ref().unwrap_or(&0));
    match got {
        Err(error) if is_silence(&error) => Ok(None),
        got => got.map(Some),
    }
}
