//! What an Ocean QE Pro calls its own, beside the messages of its protocol.
//!
//! Source: *QE Pro Data Sheet* (Ocean Optics 891-00000-000-05-201604), "USB", "Metadata", "Spectrometer Messages".

/// Pixels of its detector.
pub const PIXELS: usize = 1044;
/// Bits of a count.
pub const BITS: u32 = 18;
/// What its counts are divided by: those of flowtwin have 16 bits.
pub const DIVISOR: u32 = 4;
/// Shortest integration time \[µs\].
pub const SHORTEST_US: u32 = 8_000;
/// Longest integration time \[µs\].
pub const LONGEST_US: u32 = 3_600_000_000;
/// Product id on USB.
pub const PRODUCT: u16 = 0x4004;
/// Bytes before the counts of a spectrum: its number (4), the time in µs (8), its integration time in µs (4), 2 that are reserved,
/// the trigger mode, and 13 that are reserved.
pub const METADATA: usize = 32;
/// Bytes of a spectrum with its metadata: four for each pixel.
pub const SPECTRUM: usize = METADATA + 4 * PIXELS;
/// Bytes of the reply with a spectrum.
pub const SPECTRUM_BYTES: usize = super::obp::HEADER + SPECTRUM + super::obp::TRAILER;
/// What binning the columns of the detector takes after each integration \[ms\] ("Trigger Resolution").
pub const BINNING_MS: f64 = 0.7;

/// The bytes of a spectrum.
pub fn spectrum(number: u32, time_us: u64, integration_us: u32, counts: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0; METADATA];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    bytes[4..12].copy_from_slice(&time_us.to_le_bytes());
    bytes[12..16].copy_from_slice(&integration_us.to_le_bytes());
    bytes.extend(counts.iter().flat_map(|n| n.to_le_bytes()));
    bytes
}

/// Integration time \[µs\] and counts of a spectrum; none where its length is another.
pub fn counts(bytes: &[u8]) -> Option<(u32, Vec<u32>)> {
    let (metadata, pixels) = bytes.split_at_checked(METADATA)?;
    if pixels.len() != 4 * PIXELS {
        return None;
    }
    let integration = [metadata[12], metadata[13], metadata[14], metadata[15]];
    let count = |b: &[u8]| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) & ((1 << BITS) - 1);
    Some((u32::from_le_bytes(integration), pixels.chunks_exact(4).map(count).collect()))
}
