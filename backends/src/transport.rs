//! What carries bytes to an instrument and back.

use std::time::Duration;

use flowtwin_lab::FaultKind;

mod dialog;
mod hurry;
mod program;
mod scripted;
#[cfg_attr(not(feature = "serial"), path = "transport/no_serial.rs")]
mod serial;
mod serial_settings;
mod tcp;
#[cfg(feature = "usb")]
mod usb;
mod usb_port;

pub use dialog::Dialog;
pub(crate) use dialog::{garbled, read_again};
pub use hurry::{Hurry, LONGEST_REPLY};
pub use program::{Meanwhile, ProgramWire, Start, this_process};
pub use scripted::{Exchange, Scripted};
pub use serial::SerialPort;
pub use serial_settings::{Frame, SerialSettings};
pub use tcp::TcpWire;
pub(crate) use tcp::is_silence;
#[cfg(feature = "usb")]
pub use usb::UsbWire;
pub use usb_port::UsbPort;

/// A wire to an instrument.
///
/// A transport that has lost its connection tries to make a new one at the next `write`.
///
/// ```
/// use std::time::Duration;
///
/// use flowtwin_backends::transport::Transport;
/// use flowtwin_lab::FaultKind;
///
/// /// A wire that sends everything back.
/// #[derive(Debug, Default)]
/// struct Loop(Vec<u8>);
///
/// impl Transport for Loop {
///     fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
///         self.0.extend_from_slice(bytes);
///         Ok(())
///     }
///     fn read(&mut self, into: &mut Vec<u8>, _patience: Duration) -> Result<usize, FaultKind> {
///         into.append(&mut self.0);
///         Ok(into.len())
///     }
/// }
/// ```
pub trait Transport: std::fmt::Debug {
    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// If the link is lost.
    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind>;

    /// Appends what has arrived to `into`, waiting at most `patience` for the first byte; returns
    /// how many bytes came, zero where patience ran out.
    ///
    /// # Errors
    /// If the link is lost.
    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind>;

    /// How long [`Transport::read`] waits where `patience` is asked for: less, while the rig must be made safe.
    fn grants(&self, patience: Duration) -> Duration {
        patience
    }

    /// Makes the connection where there is none; the number of connections that were made so far. Another number than
    /// before may lead to another instrument.
    ///
    /// # Errors
    /// If there is none to be had.
    fn reach(&mut self) -> Result<u64, FaultKind> {
        Ok(0)
    }

    /// Called when nothing at all has come in answer to a request that may take `patience`, in the time that was
    /// [granted](Self::grants): gives a connection up that may be dead without anybody saying so, where there is one. What is
    /// known of why, in words.
    fn unheard(&mut self, patience: Duration) -> Option<String> {
        let _ = patience;
        None
    }

    /// Gives the connection up; the next write makes another.
    fn give_up(&mut self) {}
}

/// The fault of a lost link, in the words of the operating system.
pub(crate) fn lost(error: &impl std::fmt::Display) -> FaultKind {
    FaultKind::LinkLost { detail: error.to_string() }
}
