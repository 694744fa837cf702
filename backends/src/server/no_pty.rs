//! Pseudo-terminals on a system that has none.

use std::fs::File;
use std::io;

/// A pseudo-terminal that cannot be opened.
#[derive(Debug)]
pub(crate) struct Pty {
    pub(super) master: File,
    pub(super) path: String,
}

impl Pty {
    /// There is no mark to be taken away.
    pub(super) fn release(&self) {}

    /// Refuses: there are no pseudo-terminals.
    pub(super) fn open() -> io::Result<Self> {
        let why = "there are no pseudo-terminals on this operating system, so no instrument on a serial port can be \
                   emulated for other programs";
        Err(io::Error::new(io::ErrorKind::Unsupported, why))
    }
}
