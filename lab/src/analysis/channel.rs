//! One spectrometer and its light: from frames to a spectrum.

use serde::{Deserialize, Serialize};

use super::{AnalysisError, Window};
use crate::command::Exposure;
use crate::frames::Frames;
use crate::id::{LightId, SpectrometerId};
use crate::math;

/// Averaged counts, one for each pixel.
pub type Counts = Vec<f64>;

/// A spectrometer, its light, and how its frames become a spectrum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Name of the spectrum.
    pub name: String,
    /// Spectrometer that takes the frames.
    pub spectrometer: SpectrometerId,
    /// Light that must be on for a sample and off for the dark.
    pub light: LightId,
    /// What the spectrum is.
    pub kind: ChannelKind,
    /// Frames of a sample.
    pub exposure: Exposure,
    /// How the frames of the reactive phase are told from those of the carrier.
    pub phase: Phase,
    /// Where the spectrum is zero by definition.
    pub baseline: Window,
    /// Decimals to which the spectrum is rounded before anything is read off it.
    pub decimals: u32,
}

/// What a spectrum is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Decadic absorbance against the blank: A = −log10((S − D)/(L − D)), in AU.
    Absorbance,
    /// Emission: S − D, in counts.
    Emission,
}

impl ChannelKind {
    /// Unit of the spectrum.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Absorbance => "AU",
            Self::Emission => "counts",
        }
    }
}

/// The reactive phase is the part of the frames with the lowest mean in a window.
///
/// In transmission it absorbs the light; at 90° it scatters less of the excitation than the carrier does
/// (the group's published Smart-Dope code ranks frames this way).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Lower end of the window \[nm\].
    pub low_nm: f64,
    /// Upper end of the window \[nm\].
    pub high_nm: f64,
    /// Number of frames kept, those with the lowest mean.
    pub keep: u32,
}

impl Phase {
    fn window(&self) -> Window {
        Window { low_nm: self.low_nm, high_nm: self.high_nm }
    }
}

/// Counts of the reactive phase.
#[derive(Clone, Debug)]
pub(super) struct Extract {
    /// Mean over the frames kept [pixels].
    pub(super) counts: Counts,
    /// Largest count of the frames kept.
    pub(super) peak: f64,
    /// Whether the frames kept are no uniform population.
    pub(super) irregular: bool,
}

impl Channel {
    pub(super) fn check(&self, grid: &[f64]) -> Result<(), AnalysisError> {
        let Exposure { frames, .. } = self.exposure;
        if self.phase.keep == 0 || self.phase.keep > frames {
            return Err(AnalysisError::Keep {
                channel: self.name.clone(),
                keep: self.phase.keep,
                frames,
            });
        }
        self.check_window("phase", self.phase.window(), grid)?;
        self.check_window("baseline", self.baseline, grid)
    }

    pub(super) fn check_window(
        &self,
        what: &str,
        window: Window,
        grid: &[f64],
    ) -> Result<(), AnalysisError> {
        if !window.pixels(grid).is_empty() {
            return Ok(());
        }
        Err(AnalysisError::EmptyWindow {
            what: format!("{} of {}", what, self.name),
            low_nm: window.low_nm,
            high_nm: window.high_nm,
            spectrometer: self.spectrometer.clone(),
            first_nm: grid[0],
            last_nm: grid[grid.len() - 1],
        })
    }

    /// Averages the frames of the reactive phase: those with the lowest mean in the phase window.
    pub(super) fn extract(&self, frames: &Frames, grid: &[f64]) -> Extract {
        let window = self.phase.window().pixels(grid);
        let sums: Vec<u64> = frames
            .iter()
            .map(|frame| frame[window.clone()].iter().map(|&c| u64::from(c)).sum())
            .collect();
        let mut order: Vec<usize> = (0..sums.len()).collect();
        order.sort_by_key(|&i| (sums[i], i));
        order.truncate(self.phase.keep as usize);
        let irregular = is_irregular(&order.iter().map(|&i| sums[i]).collect::<Vec<_>>(), &sums);
        let (counts, peak) = average(frames, &order);
        Extract { counts, peak, irregular }
    }

    /// The spectrum from sample, dark and reference counts: rounded, its baseline at zero.
    pub(super) fn spectrum(
        &self,
        sample: &[f64],
        dark: &[f64],
        reference: &[f64],
        grid: &[f64],
    ) -> Vec<f64> {
        let mut values: Vec<f64> = match self.kind {
            ChannelKind::Absorbance => {
                // A pixel without light has no absorbance; half a count keeps the logarithm finite.
                let lit = |counts: f64, dark: f64| (counts - dark).max(0.5);
                (0..sample.len())
                    .map(|i| -math::log10(lit(sample[i], dark[i]) / lit(reference[i], dark[i])))
                    .collect()
            }
            ChannelKind::Emission => sample.iter().zip(dark).map(|(s, d)| s - d).collect(),
        };
        let zero = self.baseline.mean(grid, &values);
        for value in &mut values {
            *value = math::round_decimals(*value - zero, self.decimals);
        }
        values
    }
}

/// Mean over the frames `which` [pixels], and the largest count among them.
pub(crate) fn average(frames: &Frames, which: &[usize]) -> (Counts, f64) {
    let mut sums = vec![0_u32; frames.pixels()];
    let mut peak = 0_u16;
    for &i in which {
        for (sum, &count) in sums.iter_mut().zip(frames.frame(i)) {
            *sum += u32::from(count);
            peak = peak.max(count);
        }
    }
    let n = which.len() as f64;
    (sums.iter().map(|&sum| f64::from(sum) / n).collect(), f64::from(peak))
}

/// Whether the frames kept spread over more than half of the range of all frames: then they mix phases.
///
/// A train without contrast (nothing absorbs) is regular: its range is no more than its noise.
fn is_irregular(kept: &[u64], all: &[u64]) -> bool {
    let range = |sums: &[u64]| match (sums.iter().min(), sums.iter().max()) {
        (Some(low), Some(high)) => (high - low) as f64,
        _ => 0.0,
    };
    let level = all.iter().copied().max().unwrap_or(0) as f64;
    range(all) > 0.02 * level && range(kept) > 0.5 * range(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(kind: ChannelKind, keep: u32) -> Channel {
        Channel {
            name: "test".into(),
            spectrometer: "s".into(),
            light: "l".into(),
            kind,
            exposure: Exposure { integration_us: 20_000, frames: 10 },
            phase: Phase { low_nm: 300.0, high_nm: 301.0, keep },
            baseline: Window { low_nm: 303.0, high_nm: 303.0 },
            decimals: 6,
        }
    }

    const GRID: [f64; 4] = [300.0, 301.0, 302.0, 303.0];

    /// Six carrier frames of 10 000 counts and four slug frames whose first pixels absorb half of the light.
    fn train() -> Frames {
        let mut counts = Vec::new();
        for i in 0..10 {
            let slug = i % 5 < 2;
            let (dip, rest) = (if slug { 5_100 } else { 10_100 }, 10_100);
            counts.extend([dip, dip, rest, rest]);
        }
        Frames::new(4, counts)
    }

    #[test]
    fn phases_are_told_apart_and_beer_lambert_comes_out() {
        let channel = channel(ChannelKind::Absorbance, 4);
        let sample = channel.extract(&train(), &GRID);
        assert_eq!(sample.counts, [5_100.0, 5_100.0, 10_100.0, 10_100.0]);
        assert!(!sample.irregular);
        let spectrum = channel.spectrum(&sample.counts, &[100.0; 4], &[10_100.0; 4], &GRID);
        assert!((spectrum[0] - math::log10(2.0)).abs() < 1e-6);
        assert!(spectrum[3].abs() < 1e-12);
    }

    #[test]
    fn keeping_more_frames_than_the_phase_has_is_flagged() {
        assert!(channel(ChannelKind::Absorbance, 8).extract(&train(), &GRID).irregular);
    }

    #[test]
    fn keeping_more_frames_than_are_taken_is_refused() {
        let error = channel(ChannelKind::Emission, 11).check(&GRID).unwrap_err();
        assert!(error.to_string().contains("keeps 11 of 10 frames"));
    }
}
