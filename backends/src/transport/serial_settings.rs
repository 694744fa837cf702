//! How a wiring file names a serial port.

use serde::{Deserialize, Serialize};

/// Data bits, parity and stop bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Frame {
    /// 8 data bits, no parity, 1 stop bit.
    #[default]
    #[serde(rename = "8N1")]
    EightNoneOne,
    /// 7 data bits, even parity, 1 stop bit.
    #[serde(rename = "7E1")]
    SevenEvenOne,
    /// 8 data bits, even parity, 1 stop bit.
    #[serde(rename = "8E1")]
    EightEvenOne,
}

impl Frame {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// A serial port as a wiring file names it. No flow control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SerialSettings {
    /// Path of the port, best one below `/dev/serial/by-id/`, which does not move when cables do.
    pub port: String,
    /// Baud rate; must match what the instrument is set to.
    #[serde(default = "default_baud")]
    pub baud: u32,
    /// Data bits, parity and stop bits; must match what the instrument is set to.
    #[serde(default, skip_serializing_if = "Frame::is_usual")]
    pub frame: Frame,
}

impl SerialSettings {
    /// The port at `path`, at the usual baud rate.
    pub fn at(path: &str) -> Self {
        Self { port: path.to_owned(), baud: default_baud(), frame: Frame::default() }
    }
}

fn default_baud() -> u32 {
    9600
}
