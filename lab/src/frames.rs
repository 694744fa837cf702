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

    /// The counts, unless somebody else holds this block too: room for the next frames.
    pub fn into_counts(self) -> Option<Vec<u16>> {
        Arc::into_inner(self.counts)
    }

    /// A 64-bit checksum over all counts, by which a journal recognises a block it does not store.
    ///
    /// Multiply and fold over words of four counts, in four lanes that do not wait for each other: fast, integer, the
    /// same on every machine. It finds accidents, not forgeries.
    pub fn checksum(&self) -> u64 {
        let seed = fold(FACTOR, self.pixels as u64);
        let mut lanes = [0, 1, 2, 3].map(|lane| seed.wrapping_add(lane));
        let (blocks, rest) = self.counts.as_chunks::<16>();
        for block in blocks {
            for (lane, c) in lanes.iter_mut().zip(block.as_chunks::<4>().0) {
                let [a, b, c, d] = c.map(u64::from);
                *lane = fold(*lane, a | b << 16 | c << 32 | d << 48);
            }
        }
        let rest = rest.iter().map(|&count| u64::from(count));
        lanes.into_iter().chain(rest).fold(seed, fold)
    }
}

/// An odd number without pattern, 2⁶⁴ over the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Takes a word into a state.
fn fold(state: u64, word: u64) -> u64 {
    let wide = u128::from(state ^ word) * u128::from(FACTOR);
    ((wide as u64) ^ ((wide >> 64) as u64)).wrapping_add(FACTOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_changed_count_changes_the_checksum() {
        let counts: Vec<u16> = (0..55).map(|i| i * 7).collect();
        let reference = Frames::new(11, counts.clone()).checksum();
        for i in 0..counts.len() {
            let mut changed = counts.clone();
            changed[i] ^= 1;
            assert_ne!(Frames::new(11, changed).checksum(), reference, "count {i}");
        }
    }

    #[test]
    fn counts_in_another_order_have_another_checksum() {
        let counts: Vec<u16> = (0..66).map(|i| i * 7).collect();
        let reference = Frames::new(11, counts.clone()).checksum();
        for (a, b) in [(0, 1), (0, 4), (3, 16), (5, 21), (20, 63), (64, 65)] {
            let mut changed = counts.clone();
            changed.swap(a, b);
            assert_ne!(Frames::new(11, changed).checksum(), reference, "counts {a} and {b}");
        }
        assert_ne!(Frames::new(33, counts).checksum(), reference);
    }

    #[test]
    fn counts_are_given_back_by_whoever_holds_them_last() {
        let frames = Frames::new(2, vec![1, 2, 3, 4]);
        let held = frames.clone();
        assert_eq!(frames.into_counts(), None);
        assert_eq!(held.into_counts(), Some(vec![1, 2, 3, 4]));
    }

    #[test]
    #[should_panic(expected = "whole number of frames")]
    fn a_torn_frame_is_refused() {
        let _ = Frames::new(4, vec![1_u16; 6]);
    }
}
