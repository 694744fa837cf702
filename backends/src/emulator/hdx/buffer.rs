//! The spectrum buffer of an emulated HDX.

use std::borrow::Cow;

use flowtwin_lab::Frames;

use crate::codec::hdx::{METADATA, MOST_AT_ONCE, SPECTRUM_CHECKSUM};
use crate::codec::obp::{self, Header};

/// Most spectra the buffer holds.
pub(super) const CAPACITY: u32 = 50_000;

/// Frames as the bytes of the wire.
#[derive(Debug, Default)]
pub(super) struct Counts {
    frame_bytes: usize,
    bytes: Vec<u8>,
}

impl Counts {
    /// The bytes of `frames`: averaged in groups, then smoothed over neighbours on either side;
    /// all full scale where the detector is saturated.
    pub(super) fn new(frames: &Frames, (average, boxcar): (u16, u8), saturated: bool) -> Self {
        let plain = average <= 1 && boxcar == 0;
        let counts: Cow<'_, [u16]> = match (saturated, plain) {
            (true, _) => vec![u16::MAX; frames.counts().len() / usize::from(average.max(1))].into(),
            (false, true) => frames.counts().into(),
            (false, false) => averaged(frames, usize::from(average.max(1)))
                .chunks(frames.pixels())
                .flat_map(|frame| smoothed(frame, usize::from(boxcar)))
                .collect::<Vec<_>>()
                .into(),
        };
        let bytes = counts.iter().flat_map(|c| c.to_le_bytes()).collect();
        Self { frame_bytes: 2 * frames.pixels(), bytes }
    }

    /// The bytes of a frame.
    pub(super) fn bytes(&self, frame: usize) -> &[u8] {
        &self.bytes[frame * self.frame_bytes..(frame + 1) * self.frame_bytes]
    }

    fn len(&self) -> usize {
        self.bytes.len().checked_div(self.frame_bytes).unwrap_or(0)
    }
}

/// Mean of every `some` frames, rounded.
fn averaged(frames: &Frames, some: usize) -> Vec<u16> {
    let pixels = frames.pixels();
    let mean = |block: &[u16], pixel: usize| {
        let sum: u64 = block.iter().skip(pixel).step_by(pixels).map(|&c| u64::from(c)).sum();
        ((sum + some as u64 / 2) / some as u64) as u16
    };
    let blocks = frames.counts().chunks_exact(some * pixels);
    blocks.flat_map(|block| (0..pixels).map(move |pixel| mean(block, pixel))).collect()
}

/// Mean over `half` neighbours on either side of each pixel, fewer at the ends, rounded.
fn smoothed(frame: &[u16], half: usize) -> Vec<u16> {
    let mean = |i: usize| {
        let some = &frame[i.saturating_sub(half)..(i + half + 1).min(frame.len())];
        let sum: u64 = some.iter().map(|&c| u64::from(c)).sum();
        ((sum + some.len() as u64 / 2) / some.len() as u64) as u16
    };
    (0..frame.len()).map(mean).collect()
}

/// The buffer: frames of one acquisition, handed over oldest first.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    acquiring: Option<u32>,
    counts: Counts,
    handed_over: usize,
}

impl Buffer {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// An acquisition of this many frames has begun; the old content of the buffer is gone.
    pub(super) fn begin(&mut self, frames: u32) {
        *self = Self { acquiring: Some(frames), ..Self::default() };
    }

    pub(super) fn is_acquiring(&self) -> bool {
        self.acquiring.is_some()
    }

    pub(super) fn complete(&mut self, counts: Counts) {
        *self = Self { counts, ..Self::default() };
    }

    pub(super) fn count(&self) -> u32 {
        (self.counts.len() - self.handed_over) as u32
    }

    pub(super) fn drop_oldest(&mut self, frames: usize) {
        self.handed_over = (self.handed_over + frames).min(self.counts.len());
    }

    /// Appends a message with up to `some` spectra, and drops them.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, header: Header, some: u32) {
        let frames = some.min(self.count()).min(MOST_AT_ONCE) as usize;
        let stride = METADATA + self.counts.frame_bytes + SPECTRUM_CHECKSUM;
        let first = self.handed_over;
        obp::write(out, header, frames * stride, |out| {
            for frame in first..first + frames {
                out.extend_from_slice(&metadata(frame as u32, self.counts.frame_bytes as u32));
                out.extend_from_slice(self.counts.bytes(frame));
                out.extend_from_slice(&[0; SPECTRUM_CHECKSUM]);
            }
        });
        self.handed_over += frames;
    }
}

/// The metadata of a spectrum: version, its own length, length of the counts, and the number of the
/// frame.
fn metadata(frame: u32, bytes: u32) -> [u8; METADATA] {
    let mut block = [0; METADATA];
    block[0..2].copy_from_slice(&1_u16.to_le_bytes());
    block[2..4].copy_from_slice(&(METADATA as u16).to_le_bytes());
    block[4..8].copy_from_slice(&bytes.to_le_bytes());
    block[24..28].copy_from_slice(&frame.to_le_bytes());
    block
}
