//! How a wiring file names a serial port.

use serde::{Deserialize, Serialize};

/// A serial port as a wiring file names it. 8 data bits, no parity, 1 stop bit, no flow control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SerialSettings {
    /// Path of the port, best one below `/dev/serial/by-id/`, which does not move when cables do.
    pub port: String,
    /// Baud rate; must match what the instrument is set to.
    #[serde(default = "default_baud")]
    pub baud: u32,
}

impl SerialSettings {
    /// The port at `path`, at the usual baud rate.
    pub fn at(path: &str) -> Self {
        Self { port: path.to_owned(), baud: default_baud() }
    }
}

fn default_baud() -> u32 {
    9600
}
