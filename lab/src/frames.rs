//! Raw frames of a spectrometer, as counts.

use std::sync::Arc;

/// A block of frames: `frames × pixels` counts, frame after frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames {
    pixels: usize,
    counts: Arc<Vec<u16>>,
}

impl Frames {
    /// A block of frames from its counts, frame after frame.
    ///
    /// # Panics
    /// If `counts` is not a whole number of frames of `pixels` pixels.
    pub fn new(pixels: usize, counts: Vec<u16>) -> Self {
        assert!(
            pixels > 0 && counts.len().is_multiple_of(pixels),
            "{} counts are no whole number of frames of {pixels} pixels",
            counts.len()
        );
        Self { pixels, counts: Arc::new(counts) }
    }

    /// Pixels in a frame.
    pub fn pixels(&self) -> usize {
        self.pixels
    }

    /// Number of frames.
    pub fn len(&self) -> usize {
        self.counts.len() / self.pixels
    }

    /// Whether there is no frame.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The counts of frame `index` \[pixels\].
    pub fn frame(&self, index: usize) -> &[u16] {
        &self.counts[index * self.pixels..(index + 1) * self.pixels]
    }

    /// All frames in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u16]> {
        self.counts.chunks_exact(self.pixels)
    }

    /// All counts, frame after frame.
    pub fn counts(&self) -> &[u16] {
        &self.counts
    }

    /// A 64-bit checksum over all counts, by which a journal recognises a block it does not store.
    ///
    /// Multiply and fold over words of four counts: fast, integer, the same on every machine. It finds
    /// accidents, not forgeries.
    pub fn checksum(&self) -> u64 {
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let fold = |state: u64, word: u64| {
            let wide = u128::from(state ^ word) * u128::from(FACTOR);
            (wide as u64) ^ ((wide >> 64) as u64)
        };
        let mut chunks = self.counts.chunks_exact(4);
        let mut state = fold(FACTOR, self.pixels as u64);
        for c in &mut chunks {
            let word = u64::from(c[0])
                | u64::from(c[1]) << 16
                | u64::from(c[2]) << 32
                | u64::from(c[3]) << 48;
            state = fold(state, word).wrapping_add(FACTOR);
        }
        for &count in chunks.remainder() {
            state = fold(state, u64::from(count)).wrapping_add(FACTOR);
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_count_changes_the_checksum() {
        let counts: Vec<u16> = (0..22).map(|i| i * 7).collect();
        let reference = Frames::new(11, counts.clone()).checksum();
        for i in 0..counts.len() {
            let mut changed = counts.clone();
            changed[i] ^= 1;
            assert_ne!(Frames::new(11, changed).checksum(), reference, "count {i}");
        }
    }

    #[test]
    #[should_panic(expected = "whole number of frames")]
    fn a_torn_frame_is_refused() {
        let _ = Frames::new(4, vec![1_u16; 6]);
    }
}
