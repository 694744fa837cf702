//! One spectrometer and its light: from frames to a spectrum.

use serde::{Deserialize, Serialize};

use super::{AnalysisError, Window};
use crate::command::Exposure;
use crate::frames::Frames;
use crate::id::{LightId, SpectrometerId};
use crate::manifest::SpectrometerInfo;
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
    /// How frames of the reactive phase are distinguished from frames of the carrier.
    pub phase: PhaseWindow,
    /// Where the spectrum is zero by definition.
    pub baseline: Window,
    /// Decimals to which the spectrum is rounded before anything is read off it.
    pub decimals: u32,
    /// With less light than this the lamp is taken to be out, and the experiment fails \[counts above dark\]: in
    /// absorbance the mean over all wavelengths, in emission over `phase`, where the excitation is scattered.
    #[serde(default = "least_light_counts", skip_serializing_if = "is_usual_light")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = least_light_counts())))]
    pub least_light_counts: f64,
}

/// Read noise averaged over hundreds of frames is far below, a lamp that works far above.
fn least_light_counts() -> f64 {
    100.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_usual_light(counts: &f64) -> bool {
    counts.to_bits() == least_light_counts().to_bits()
}

/// What a spectrum is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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
pub struct PhaseWindow {
    /// Lower end of the window \[nm\].
    pub low_nm: f64,
    /// Upper end of the window \[nm\].
    pub high_nm: f64,
    /// Number of frames kept, those with the lowest mean.
    pub keep: u32,
}

impl PhaseWindow {
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
    /// Whether the frames kept mix phases, or slugs are of uneven lengths.
    pub(super) irregular: bool,
    /// Whether slugs pass faster than frames can show.
    pub(super) unresolved: bool,
}

/// Averaged counts of one channel \[pixels\]: of the sample, in the dark, and of the blank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lit<'a> {
    pub(super) sample: &'a [f64],
    pub(super) dark: &'a [f64],
    pub(super) reference: &'a [f64],
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
            low_nm: math::round_decimals(window.low_nm, 6),
            high_nm: math::round_decimals(window.high_nm, 6),
            spectrometer: self.spectrometer.clone(),
            first_nm: grid[0],
            last_nm: grid[grid.len() - 1],
        })
    }

    /// Pixels that see the lamp whatever flows.
    pub(super) fn lamp_pixels(&self, grid: &[f64]) -> std::ops::Range<usize> {
        match self.kind {
            ChannelKind::Absorbance => 0..grid.len(),
            ChannelKind::Emission => self.phase.window().pixels(grid),
        }
    }

    /// Counts of each frame in the phase window.
    fn sums(&self, frames: &Frames, grid: &[f64]) -> Vec<u64> {
        let window = self.phase.window().pixels(grid);
        let sum = |frame: &[u16]| frame[window.clone()].iter().map(|&c| u64::from(c)).sum();
        frames.iter().map(sum).collect()
    }

    /// Whether frames show slugs and carrier pass: they differ by more than noise.
    pub(super) fn shows_slugs(&self, frames: &Frames, grid: &[f64]) -> bool {
        contrast(&self.sums(frames, grid)).is_some()
    }

    /// Averages the frames of the reactive phase: those with the lowest mean in the phase window.
    pub(super) fn extract(&self, frames: &Frames, grid: &[f64]) -> Extract {
        let sums = self.sums(frames, grid);
        let mut order: Vec<usize> = (0..sums.len()).collect();
        order.sort_by_key(|&i| (sums[i], i));
        order.truncate(self.phase.keep as usize);
        let lengths = lengths(&sums);
        let irregular = mixes_phases(&order, &sums) || is_uneven(&lengths);
        let unresolved = is_cut_too_coarsely(&lengths);
        let (counts, peak) = average(frames, &order);
        Extract { counts, peak, irregular, unresolved }
    }

    /// The spectrum from sample, dark and reference counts: linear, rounded, its baseline at zero.
    pub(super) fn spectrum(
        &self,
        counts: &Lit<'_>,
        detector: &SpectrometerInfo,
        grid: &[f64],
    ) -> Vec<f64> {
        let mut values = self.exact(counts, detector, grid, None);
        values.iter_mut().for_each(|v| *v = math::round_decimals(*v, self.decimals));
        values
    }

    /// The same without rounding, and only at the pixels that are needed; elsewhere it is not a number.
    pub(super) fn exact(
        &self,
        counts: &Lit<'_>,
        detector: &SpectrometerInfo,
        grid: &[f64],
        needed: Option<&[bool]>,
    ) -> Vec<f64> {
        let Lit { sample, dark, reference } = counts;
        let light = |counts: f64, dark: f64| detector.linear(counts - dark);
        let mut values: Vec<f64> = match self.kind {
            ChannelKind::Absorbance => {
                // A pixel without light has no absorbance; half a count keeps the logarithm finite.
                let lit = |counts: f64, dark: f64| light(counts, dark).max(0.5);
                let absorbance =
                    |i: usize| -math::log10(lit(sample[i], dark[i]) / lit(reference[i], dark[i]));
                let is_needed = |i: usize| needed.is_none_or(|needed| needed[i]);
                let value = |i| if is_needed(i) { absorbance(i) } else { f64::NAN };
                (0..sample.len()).map(value).collect()
            }
            ChannelKind::Emission => {
                sample.iter().zip(dark.iter()).map(|(&s, &d)| light(s, d)).collect()
            }
        };
        let zero = self.baseline.mean(grid, &values);
        values.iter_mut().for_each(|value| *value -= zero);
        values
    }
}

/// Mean over the frames `which` [pixels], and the largest count among them.
pub(crate) fn average(frames: &Frames, which: &[usize]) -> (Counts, f64) {
    let mut means = vec![0.0; frames.pixels()];
    let mut peak = 0_u16;
    for some in which.chunks(SUMMED) {
        let mut sums = vec![0_u32; frames.pixels()];
        for &i in some {
            peak = frames.frame(i).iter().fold(peak, |peak, &count| peak.max(count));
            for (sum, &count) in sums.iter_mut().zip(frames.frame(i)) {
                *sum = sum.wrapping_add(u32::from(count));
            }
        }
        means.iter_mut().zip(sums).for_each(|(mean, sum)| *mean += f64::from(sum));
    }
    let n = which.len() as f64;
    means.iter_mut().for_each(|mean| *mean /= n);
    (means, f64::from(peak))
}

/// Frames whose counts can be added up in 32 bits: without a check for overflow the sums are vectorised.
const SUMMED: usize = 1 << 16;

/// Least contrast between slug and carrier: with less, the frames do not resolve the train.
const CONTRAST: f64 = 0.02;
/// Slugs that must have passed whole before their lengths are compared …
const SLUGS: usize = 8;
/// … and least mean length of them, in frames: shorter ones are cut too coarsely.
const FRAMES_PER_SLUG: f64 = 2.0;
/// Relative standard deviation of the lengths beyond which a train is uneven. Frames cut the lengths of equal slugs to
/// whole numbers: that alone is at most 0.5/2 = 0.25.
const UNEVEN: f64 = 0.4;

/// Lowest and highest; none where they differ by no more than noise.
fn contrast(sums: &[u64]) -> Option<(f64, f64)> {
    let (low, high) = (*sums.iter().min()? as f64, *sums.iter().max()? as f64);
    (high - low > CONTRAST * high).then_some((low, high))
}

/// Whether the frames kept spread over more than half of the range of all frames.
fn mixes_phases(kept: &[usize], sums: &[u64]) -> bool {
    let Some((low, high)) = contrast(sums) else { return false };
    let kept = || kept.iter().map(|&i| sums[i]);
    let (least, most) = (kept().min().unwrap_or(0) as f64, kept().max().unwrap_or(0) as f64);
    most - least > 0.5 * (high - low)
}

/// Lengths of the slugs that passed whole, in frames: runs of frames below the middle of the range. None where frames tell
/// nothing of a train.
fn lengths(sums: &[u64]) -> Vec<f64> {
    let Some((low, high)) = contrast(sums) else { return Vec::new() };
    let dark: Vec<bool> = sums.iter().map(|&sum| (sum as f64) < 0.5 * (low + high)).collect();
    let runs: Vec<&[bool]> = dark.chunk_by(|a, b| a == b).collect();
    let whole = runs.get(1..runs.len() - 1).unwrap_or(&[]);
    whole.iter().filter(|run| run[0]).map(|run| run.len() as f64).collect()
}

fn mean(lengths: &[f64]) -> f64 {
    lengths.iter().sum::<f64>() / lengths.len() as f64
}

/// Whether slugs are of uneven lengths, as they are after merging.
fn is_uneven(lengths: &[f64]) -> bool {
    let (n, mean) = (lengths.len(), mean(lengths));
    let squares = lengths.iter().map(|length| (length - mean) * (length - mean)).sum::<f64>();
    n >= SLUGS && mean >= FRAMES_PER_SLUG && (squares / (n as f64 - 1.0)).sqrt() > UNEVEN * mean
}

/// Whether slugs are so short that most frames see carrier too.
fn is_cut_too_coarsely(lengths: &[f64]) -> bool {
    lengths.len() >= SLUGS && mean(lengths) < FRAMES_PER_SLUG
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Lab as _;

    fn channel(kind: ChannelKind, keep: u32) -> Channel {
        Channel {
            name: "test".into(),
            spectrometer: "s".into(),
            light: "l".into(),
            kind,
            exposure: Exposure { integration_us: 20_000, frames: 10 },
            phase: PhaseWindow { low_nm: 300.0, high_nm: 301.0, keep },
            baseline: Window { low_nm: 303.0, high_nm: 303.0 },
            decimals: 6,
            least_light_counts: 100.0,
        }
    }

    fn lit(sample: &[f64]) -> Lit<'_> {
        Lit { sample, dark: &[100.0; 4], reference: &[10_100.0; 4] }
    }

    fn detector(nonlinearity: &[f32]) -> SpectrometerInfo {
        let info = crate::toy::ToyLab::new().manifest().spectrometers[0].clone();
        SpectrometerInfo { nonlinearity: nonlinearity.to_vec(), ..info }
    }

    /// A detector that loses a tenth of its response at 10 000 counts above dark.
    #[test]
    fn a_bent_response_is_made_straight_before_anything_is_read_off() {
        let bent = detector(&[1.0, -1e-5]);
        assert!((bent.linear(9_000.0) - 9_000.0 / 0.91).abs() < 1e-3);
        let channel = channel(ChannelKind::Emission, 4);
        let spectrum = channel.spectrum(&lit(&[9_100.0, 5_100.0, 1_100.0, 100.0]), &bent, &GRID);
        let expected = [9_000.0 / 0.91, 5_000.0 / 0.95, 1_000.0 / 0.99, 0.0];
        assert!(spectrum.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3), "{spectrum:?}");
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

    /// More bright frames than 32 bits can add up.
    #[test]
    fn any_number_of_frames_is_averaged() {
        let frames = 70_000;
        let bright = Frames::new(2, [u16::MAX, 7].repeat(frames));
        let (means, peak) = average(&bright, &(0..frames).collect::<Vec<_>>());
        assert_eq!(means, [65_535.0, 7.0]);
        assert!((peak - 65_535.0).abs() < 1e-9);
    }

    #[test]
    fn phases_are_told_apart_and_beer_lambert_comes_out() {
        let channel = channel(ChannelKind::Absorbance, 4);
        let sample = channel.extract(&train(), &GRID);
        assert_eq!(sample.counts, [5_100.0, 5_100.0, 10_100.0, 10_100.0]);
        assert!(!sample.irregular);
        let spectrum = channel.spectrum(&lit(&sample.counts), &detector(&[]), &GRID);
        assert!((spectrum[0] - math::log10(2.0)).abs() < 1e-6);
        assert!(spectrum[3].abs() < 1e-12);
    }

    #[test]
    fn keeping_more_frames_than_the_phase_has_is_flagged() {
        assert!(channel(ChannelKind::Absorbance, 8).extract(&train(), &GRID).irregular);
    }

    /// Carrier alone flickers by a per cent; a train of pale slugs differs by three. Only the latter has phases to mix.
    #[test]
    fn frames_that_differ_by_noise_alone_tell_nothing_of_a_train() {
        let irregular = |low: u16| {
            let frame = |i: usize| [if i % 5 < 2 { low } else { 10_000 }; 4];
            let frames = Frames::new(4, (0..10).flat_map(frame).collect());
            channel(ChannelKind::Absorbance, 8).extract(&frames, &GRID).irregular
        };
        assert!(!irregular(10_000));
        assert!(!irregular(9_900));
        assert!(irregular(9_700));
    }

    /// The key may be left out; one of the usual value is not written, so that old journals stay as they are.
    #[test]
    fn the_least_light_is_a_hundred_counts_unless_a_scenario_says_otherwise() {
        let usual = channel(ChannelKind::Emission, 4);
        let written = serde_json::to_value(&usual).unwrap();
        assert!(written.get("least_light_counts").is_none());
        assert_eq!(serde_json::from_value::<Channel>(written).unwrap(), usual);
        let dim = Channel { least_light_counts: 5.0, ..usual };
        let written = serde_json::to_value(&dim).unwrap();
        assert_eq!(serde_json::from_value::<Channel>(written).unwrap(), dim);
    }

    /// Frames of a train whose slugs have these lengths, three frames of carrier between them.
    fn train_of(lengths: &[usize]) -> Frames {
        let frame = |dark: bool| if dark { [5_100; 4] } else { [10_100; 4] };
        let pair = |&length: &usize| [vec![frame(true); length], vec![frame(false); 3]].concat();
        Frames::new(4, lengths.iter().flat_map(pair).flatten().collect::<Vec<_>>())
    }

    #[test]
    fn slugs_of_uneven_lengths_are_flagged_and_even_ones_are_not() {
        let irregular = |lengths: &[usize]| {
            channel(ChannelKind::Absorbance, 4).extract(&train_of(lengths), &GRID)
        };
        assert!(!irregular(&[3, 4, 3, 4, 4, 3, 4, 3, 4, 3, 4]).irregular);
        assert!(!irregular(&[2, 3, 2, 2, 3, 2, 2, 3, 2, 3, 2]).irregular);
        assert!(irregular(&[3, 9, 2, 4, 1, 7, 3, 2, 12, 3, 1]).irregular);
        // Too few to tell.
        assert!(!irregular(&[3, 9, 2, 4]).irregular);
    }

    #[test]
    fn slugs_that_pass_within_a_frame_or_two_are_told() {
        let unresolved = |lengths: &[usize]| {
            channel(ChannelKind::Absorbance, 4).extract(&train_of(lengths), &GRID).unresolved
        };
        assert!(unresolved(&[1, 2, 1, 1, 2, 1, 1, 2, 1, 1, 2]));
        assert!(!unresolved(&[2, 3, 2, 2, 3, 2, 2, 3, 2, 3, 2]));
        // Too few to tell.
        assert!(!unresolved(&[1, 1, 1, 1]));
    }

    #[test]
    fn a_reference_shows_no_slugs_where_its_frames_are_alike() {
        let channel = channel(ChannelKind::Absorbance, 4);
        assert!(channel.shows_slugs(&train_of(&[3; 10]), &GRID));
        let alike = Frames::new(4, [10_000, 10_050].repeat(40));
        assert!(!channel.shows_slugs(&alike, &GRID));
    }

    #[test]
    fn keeping_more_frames_than_are_taken_is_refused() {
        let error = channel(ChannelKind::Emission, 11).check(&GRID).unwrap_err();
        assert!(error.to_string().contains("keeps 11 of 10 frames"));
    }
}
