//! From raw frames to features.
//!
//! A channel is one spectrometer with its light: many short frames of a train of slugs are sorted into
//! phases, averaged, freed of dark and baseline, and turned into an absorbance or an emission spectrum. A
//! feature is one number read off a spectrum. Both are described by the scenario; nothing here knows a
//! particular dye or crystal.

mod bands;
mod channel;
mod computed;
mod feature;
mod readings;
mod source;
mod window;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use bands::Band;
pub(crate) use channel::average;
pub use channel::{Channel, ChannelKind, Counts, PhaseWindow};
pub use feature::{Feature, Measure};
pub use readings::Readings;
pub use window::Window;

use crate::conditions::Conditions;
use crate::formula::FormulaError;
use crate::frames::Frames;
use crate::id::SpectrometerId;
use crate::manifest::{AnalyserInfo, Manifest, SensorInfo, SpectrometerInfo};
use crate::observation::{Observation, Outcome, Quality, Spectrum};
use crate::path::FlowPath;
use crate::settings::Settings;
use bands::Laid;
use source::Source;

/// What is measured: the `[analysis]` table of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnalysisSpec {
    /// The spectrometers and how their frames become spectra; none where other instruments measure.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// The numbers read off spectra, results of analysers and readings of sensors, in the order of the observation.
    pub features: Vec<Feature>,
}

/// Why an analysis cannot be done on a rig.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnalysisError {
    /// A channel names a spectrometer that is not there.
    #[error("channel {channel} names the spectrometer {spectrometer}, which the rig does not have")]
    NoSpectrometer {
        /// Channel.
        channel: String,
        /// The name it gives.
        spectrometer: SpectrometerId,
    },
    /// A feature names a channel that is not there.
    #[error("feature {feature} names the channel {channel}, which the analysis does not have")]
    NoChannel {
        /// Feature.
        feature: String,
        /// The name it gives.
        channel: String,
    },
    /// A feature is of an instrument that cannot tell it.
    #[error("feature {feature}: {detail}")]
    Unfit {
        /// Feature.
        feature: String,
        /// What is wrong, and what could be asked.
        detail: String,
    },
    /// A window holds no pixel of the spectrometer.
    #[error(
        "{what}: the window {low_nm} to {high_nm} nm holds no pixel of {spectrometer}, which sees {first_nm:.1} to {last_nm:.1} nm"
    )]
    EmptyWindow {
        /// Whose window.
        what: String,
        /// Given lower end \[nm\].
        low_nm: f64,
        /// Given upper end \[nm\].
        high_nm: f64,
        /// Spectrometer.
        spectrometer: SpectrometerId,
        /// Its first wavelength \[nm\].
        first_nm: f64,
        /// Its last wavelength \[nm\].
        last_nm: f64,
    },
    /// A number of a feature is out of its range.
    #[error("{what} = {value} is outside 0 to {high}{unit}")]
    OutOfRange {
        /// Which number of which feature.
        what: String,
        /// Given value.
        value: f64,
        /// Largest value.
        high: f64,
        /// Unit, a space before it.
        unit: &'static str,
    },
    /// More frames are to be kept than are taken, or none.
    #[error("channel {channel} keeps {keep} of {frames} frames: it must keep 1 to {frames}")]
    Keep {
        /// Channel.
        channel: String,
        /// Frames to keep.
        keep: u32,
        /// Frames taken.
        frames: u32,
    },
}

/// An analysis fitted to the spectrometers of a rig.
#[derive(Clone, Debug)]
pub struct Analysis {
    spec: AnalysisSpec,
    grids: Vec<Arc<[f64]>>,
    detectors: Vec<SpectrometerInfo>,
    /// Where each feature comes from.
    sources: Vec<Source>,
    /// Analysers and sensors that features come from, each once.
    analysers: Vec<AnalyserInfo>,
    sensors: Vec<SensorInfo>,
    /// Whether each pixel of each channel matters to what is read off.
    needed: Vec<Vec<bool>>,
    /// Bands of each feature that is a component, on the pixels of its channel.
    laid: Vec<Option<Laid>>,
}

/// Averaged counts of every channel with nothing but the carrier in the flow cell, and in the dark.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blank {
    /// Reference counts of each channel \[channel\]\[pixels\].
    pub reference: Vec<Counts>,
    /// Whether slugs still passed while it was taken.
    pub stale: bool,
}

impl Analysis {
    /// Fits `spec` to the rig of `manifest`.
    ///
    /// # Errors
    /// If a name is unknown, a window lies outside a spectrometer's range, no frame would be kept, or a feature is of an
    /// instrument that cannot tell it.
    pub fn new(spec: AnalysisSpec, manifest: &Manifest) -> Result<Self, AnalysisError> {
        let (mut grids, mut detectors) = (Vec::new(), Vec::new());
        for channel in &spec.channels {
            let info = manifest.spectrometer(&channel.spectrometer).ok_or_else(|| {
                AnalysisError::NoSpectrometer {
                    channel: channel.name.clone(),
                    spectrometer: channel.spectrometer.clone(),
                }
            })?;
            let grid: Arc<[f64]> = info.wavelengths_nm().into();
            channel.check(&grid)?;
            grids.push(grid);
            detectors.push(info.clone());
        }
        let (sources, analysers, sensors) = (Vec::new(), Vec::new(), Vec::new());
        let (needed, laid) = (Vec::new(), Vec::new());
        let mut analysis =
            Self { spec, grids, detectors, sources, analysers, sensors, needed, laid };
        for feature in analysis.spec.features.clone() {
            let source = analysis.source(&feature, manifest)?;
            let laid = match source {
                Source::Channel(channel) => feature.measure.laid(&analysis.grids[channel]),
                _ => None,
            };
            analysis.laid.push(laid);
            analysis.sources.push(source);
        }
        analysis.needed = (0..analysis.grids.len()).map(|i| analysis.needed(i)).collect();
        Ok(analysis)
    }

    /// The channels.
    pub fn channels(&self) -> &[Channel] {
        &self.spec.channels
    }

    /// The features, in the order of an outcome.
    pub fn features(&self) -> &[Feature] {
        &self.spec.features
    }

    /// Unit of each feature, in order.
    pub fn units(&self) -> Vec<&'static str> {
        let unit = |(feature, source): (&Feature, &Source)| match *source {
            Source::Channel(channel) => feature.measure.unit(self.spec.channels[channel].kind),
            Source::Analyser { .. } => "mM",
            Source::Sensor(sensor) => self.sensors[sensor].kind.unit(),
            // It is in the name.
            Source::Formula => "",
        };
        self.spec.features.iter().zip(&self.sources).map(unit).collect()
    }

    /// The analysers that features come from, each of which takes a sample.
    pub fn analysers(&self) -> &[AnalyserInfo] {
        &self.analysers
    }

    /// The sensors that features come from.
    pub fn sensors(&self) -> &[SensorInfo] {
        &self.sensors
    }

    /// Wavelengths of each channel \[nm\].
    pub fn wavelengths_nm(&self, channel: usize) -> &Arc<[f64]> {
        &self.grids[channel]
    }

    /// Mean light that a channel sees of its own lamp \[counts above dark\]: at all wavelengths in transmission, of the
    /// excitation that carrier and slugs scatter in emission.
    pub(crate) fn light_counts(&self, channel: usize, sample: &[f64], dark: &[f64]) -> f64 {
        let pixels = self.spec.channels[channel].lamp_pixels(&self.grids[channel]);
        let light: f64 = pixels.clone().map(|i| sample[i] - dark[i]).sum();
        light / pixels.len() as f64
    }

    /// Whether frames of a channel show slugs and carrier pass, as those of a reference must not.
    pub(crate) fn shows_slugs(&self, channel: usize, frames: &Frames) -> bool {
        self.spec.channels[channel].shows_slugs(frames, &self.grids[channel])
    }

    /// Whether every formula among its features can be computed, of these `inputs` on the rig of `manifest`.
    ///
    /// # Errors
    /// The place of the first that cannot, and why.
    pub fn check_formulas(
        &self,
        inputs: &[String],
        manifest: &Manifest,
    ) -> Result<(), (usize, FormulaError)> {
        computed::check(&self.spec.features, inputs, manifest)
    }

    /// Computes the features that have a formula, once all else of an experiment with these settings is known.
    pub fn complete(&self, observation: &mut Observation, settings: &Settings) {
        computed::complete(&self.spec.features, observation, settings);
    }

    /// Computes the features that have a formula from what a model predicts of an experiment with these conditions and
    /// settings. Those of lab time or of what was taken of stocks are no number: nobody has predicted that.
    pub fn complete_expected(
        &self,
        outcome: &mut Outcome,
        conditions: &Conditions,
        settings: &Settings,
        path: &FlowPath,
    ) {
        computed::complete_expected(&self.spec.features, outcome, conditions, settings, path);
    }

    /// Features and spectra from the frames of each channel, its dark counts and the blank. Features of other instruments
    /// are missing.
    ///
    /// # Panics
    /// If the number of channels differs.
    pub fn outcome(&self, frames: &[Frames], dark: &[Counts], blank: &Blank) -> Outcome {
        self.outcome_with(frames, dark, blank, &Readings::default())
    }

    /// Features and spectra from the frames of each channel, its dark counts and the blank, and from what other instruments
    /// have found.
    ///
    /// # Panics
    /// If the number of channels differs.
    pub fn outcome_with(
        &self,
        frames: &[Frames],
        dark: &[Counts],
        blank: &Blank,
        readings: &Readings,
    ) -> Outcome {
        let mut quality = Quality { stale_blank: blank.stale, ..Quality::default() };
        let mut spectra = Vec::new();
        for (i, channel) in self.spec.channels.iter().enumerate() {
            let detector = &self.detectors[i];
            let sample = channel.extract(&frames[i], &self.grids[i]);
            quality.irregular |= sample.irregular;
            quality.unresolved |= sample.unresolved;
            let clips = 0.98 * f64::from(detector.full_scale);
            quality.saturated |= sample.peak >= clips;
            // A reference that clips makes every absorbance too small, though no sample clips.
            if channel.kind == ChannelKind::Absorbance {
                quality.saturated |= blank.reference[i].iter().any(|&counts| counts >= clips);
            }
            let counts = channel::Lit {
                sample: &sample.counts,
                dark: &dark[i],
                reference: &blank.reference[i],
            };
            spectra.push(self.named(i, channel.spectrum(&counts, detector, &self.grids[i])));
        }
        let features = self.read_off(&spectra, readings);
        quality.unreadable = self.lacks(&features);
        Outcome { features, spectra, quality }
    }

    /// Features of spectra from mean counts that a model predicts, one set for each channel \[pixels\]: nothing is rounded,
    /// so that small changes show, and pixels that no feature depends on are left out. Other instruments read what
    /// `readings` says. Features that are computed are missing; see [`Analysis::complete_expected`].
    ///
    /// # Panics
    /// If the number of channels differs.
    pub fn expected(
        &self,
        sample: &[Counts],
        dark: &[Counts],
        reference: &[Counts],
        readings: &Readings,
    ) -> Outcome {
        let spectrum = |(i, channel): (usize, &Channel)| {
            let counts =
                channel::Lit { sample: &sample[i], dark: &dark[i], reference: &reference[i] };
            let (detector, grid) = (&self.detectors[i], &self.grids[i]);
            self.named(i, channel.exact(&counts, detector, grid, Some(&self.needed[i])))
        };
        let spectra: Vec<Spectrum> = self.spec.channels.iter().enumerate().map(spectrum).collect();
        let features = self.read_off(&spectra, readings);
        let unreadable = self.lacks(&features);
        let quality = Quality { unreadable, ..Quality::default() };
        Outcome { features, spectra: Vec::new(), quality }
    }

    /// Spectra from mean counts that a model predicts, one set for each channel \[pixels\]: all pixels, and nothing is rounded.
    ///
    /// # Panics
    /// If the number of channels differs.
    pub fn expected_spectra(
        &self,
        sample: &[Counts],
        dark: &[Counts],
        reference: &[Counts],
    ) -> Vec<Spectrum> {
        let spectrum = |(i, channel): (usize, &Channel)| {
            let counts =
                channel::Lit { sample: &sample[i], dark: &dark[i], reference: &reference[i] };
            self.named(i, channel.exact(&counts, &self.detectors[i], &self.grids[i], None))
        };
        self.spec.channels.iter().enumerate().map(spectrum).collect()
    }

    /// Whether the baseline or a feature of a channel depends on each of its pixels.
    fn needed(&self, channel: usize) -> Vec<bool> {
        let (spec, grid) = (&self.spec.channels[channel], &self.grids[channel]);
        let own = self.spec.features.iter().filter(|feature| feature.channel == spec.name);
        let mut needed = vec![false; grid.len()];
        for window in own.map(|f| f.measure.reach()).chain([spec.baseline]) {
            // A point is read between the pixels on both its sides.
            let pixels = window.pixels(grid);
            let last = (pixels.end + 1).min(grid.len());
            needed[pixels.start.saturating_sub(1)..last].fill(true);
        }
        needed
    }

    /// Whether one of the `features` that are not computed is missing.
    fn lacks(&self, features: &[(String, f64)]) -> bool {
        let mut read = self.spec.features.iter().zip(features).filter(|(f, _)| !f.is_computed());
        read.any(|(_, (_, value))| !value.is_finite())
    }

    fn named(&self, channel: usize, values: Vec<f64>) -> Spectrum {
        let spec = &self.spec.channels[channel];
        Spectrum {
            name: spec.name.clone(),
            unit: spec.kind.unit().into(),
            wavelengths_nm: self.grids[channel].clone(),
            values,
        }
    }

    fn read_off(&self, spectra: &[Spectrum], readings: &Readings) -> Vec<(String, f64)> {
        let value = |((feature, source), laid): ((&Feature, &Source), &Option<Laid>)| {
            let value = match *source {
                Source::Channel(channel) => feature.measure.with(laid.as_ref(), &spectra[channel]),
                Source::Analyser { analyser, species } => readings.result(analyser, species),
                Source::Sensor(sensor) => readings.sensor(sensor),
                // It is computed when all else is known.
                Source::Formula => f64::NAN,
            };
            (feature.name.clone(), value)
        };
        self.spec.features.iter().zip(&self.sources).zip(&self.laid).map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Exposure;
    use crate::lab::Lab as _;
    use crate::toy::ToyLab;

    /// An absorber that takes nine tenths of the light: the sample is far from clipping where the blank is not.
    #[test]
    fn a_reference_that_clips_is_flagged_in_absorbance_only() {
        let flagged = |kind, reference: f64| {
            let channel = Channel {
                name: "a".into(),
                spectrometer: "eye".into(),
                light: "lamp".into(),
                kind,
                exposure: Exposure { integration_us: 20_000, frames: 4 },
                phase: PhaseWindow { low_nm: 300.0, high_nm: 320.0, keep: 2 },
                baseline: Window { low_nm: 350.0, high_nm: 370.0 },
                decimals: 6,
                least_light_counts: 100.0,
            };
            let spec = AnalysisSpec { channels: vec![channel], features: Vec::new() };
            let analysis = Analysis::new(spec, ToyLab::new().manifest()).unwrap();
            let frames = [Frames::new(8, vec![6_500; 32])];
            let blank = Blank { reference: vec![vec![reference; 8]], stale: false };
            analysis.outcome(&frames, &[vec![100.0; 8]], &blank).quality.saturated
        };
        assert!(flagged(ChannelKind::Absorbance, 65_300.0));
        assert!(!flagged(ChannelKind::Absorbance, 60_000.0));
        assert!(!flagged(ChannelKind::Emission, 65_300.0));
    }
}
