//! What an Ocean STS calls its own, beside the messages of its protocol.
//!
//! Detector and interfaces are those of the *STS Data Sheet* (Ocean Optics 030-00000-003-05-201604, "Description"): 1024 elements,
//! RS-232 or USB, protocol version 0x1100. Messages, endpoints, the baud rate of the factory, and the integration times that
//! are allowed are those of the library that the maker has published (SeaBreeze 3.0: sample `demo-sts-api.c`,
//! `OBPMessageTypes.h`, `STSSpectrometerFeature.cpp`); python-seabreeze 2.11 uses the same.

/// Pixels of its detector.
pub const PIXELS: usize = 1024;
/// Largest count: 14 bits.
pub const FULL_SCALE: u16 = 16_383;
/// Shortest integration time \[µs\].
pub const SHORTEST_US: u32 = 10;
/// Longest integration time \[µs\].
pub const LONGEST_US: u32 = 85_000_000;
/// Product id on USB.
pub const PRODUCT: u16 = 0x4000;
/// Bytes of the reply with a spectrum: header, counts, checksum and footer.
pub const SPECTRUM_BYTES: usize = super::obp::HEADER + 2 * PIXELS + super::obp::TRAILER;
/// What reading a spectrum of all pixels takes over USB \[ms\] (*STS Data Sheet*, "Description").
pub const USB_MS: f64 = 17.0;
