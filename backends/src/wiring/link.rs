//! Cables.

use serde::{Deserialize, Serialize};

use crate::transport::SerialSettings;

/// The cable of an instrument. Left out, the instrument can only be emulated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// A serial port.
    Serial(SerialSettings),
    /// A TCP address, `host:port`.
    Tcp(String),
    /// A USB device, by its serial number.
    Usb(String),
}

impl Link {
    /// A cable in words, the same for the same; `unit` is who of several at one address is asked, 0 where there is one.
    pub(super) fn in_words(&self, unit: u8) -> String {
        match self {
            // A port can be opened once, and paths that differ may lead to one.
            Self::Serial(serial) => {
                let port = &serial.port;
                let real = std::fs::canonicalize(port).unwrap_or_else(|_| port.into());
                format!("the port {}", real.display())
            }
            Self::Tcp(address) if unit > 0 => format!("the address {address}, unit {unit},"),
            Self::Tcp(address) => format!("the address {address}"),
            Self::Usb(serial_number) => format!("the USB device {serial_number}"),
        }
    }
}
