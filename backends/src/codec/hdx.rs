//! What an Ocean HDX calls its own, beside the messages of its protocol.

use serde::{Deserialize, Serialize};

/// Product id of the HDX (python-seabreeze, class HDX).
pub const PRODUCT: u16 = 0x2003;
/// Bytes of metadata before the counts of a buffered spectrum.
pub const METADATA: usize = 64;
/// Bytes of checksum after them.
pub const SPECTRUM_CHECKSUM: usize = 4;
/// Most buffered spectra in one message: as many as 64 KiB hold.
pub const MOST_AT_ONCE: u32 = 15;

/// A line of a spectrometer by which it switches a light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LampLine {
    /// The lamp-enable line.
    #[default]
    LampEnable,
    /// A general-purpose pin, from 0.
    Gpio(u8),
}
