//! Everything random or drifting, in one place; all zero in a noiseless world.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything random or drifting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Noise {
    /// Delivery of the pumps.
    pub pumps: PumpNoise,
    /// Temperature of the heaters about the set point.
    pub heaters: Jitter,
    /// Slugs among each other.
    pub slugs: SlugNoise,
    /// Lights, by name; a light that is not named is perfectly steady.
    pub lights: BTreeMap<String, LightNoise>,
    /// The window of transmission cells, newly drawn whenever the flow rates change.
    pub window: WindowNoise,
    /// Whether photons and electrons come one by one (shot noise).
    pub shot: bool,
    /// Read noise of spectrometers, root mean square \[counts\].
    pub read_counts: f64,
    /// Spectrometers for which some of this is other, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub spectrometers: BTreeMap<String, SpectrometerNoise>,
    /// Analysers, by name; one that is not named is exact.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub analysers: BTreeMap<String, AnalyserNoise>,
    /// Sensors in the line, by name; one that is not named is exact.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sensors: BTreeMap<String, SensorNoise>,
}

/// Errors of a sensor in the line, in the unit of its reading: y (1 + g) + b + d t + z.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SensorNoise {
    /// Error b of its zero, standard deviation; drawn once for a run.
    pub offset: f64,
    /// Error g of its slope, standard deviation [%]; drawn once for a run.
    pub gain_percent: f64,
    /// Noise z of each measurement, standard deviation.
    pub deviation: f64,
    /// Steady drift d [1/h].
    pub drift_per_h: f64,
}

/// Errors of an analyser: found = c (1 + b) (1 + v) + z, b for each species and run, v for each sample, z for each peak.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct AnalyserNoise {
    /// Error b of the calibration factor of each species, standard deviation [%].
    pub calibration_percent: f64,
    /// Spread v of the volume injected, standard deviation [%].
    pub injection_percent: f64,
    /// Error z of an area, as a concentration, standard deviation \[mM\].
    pub baseline_mm: f64,
}

/// Noise of one spectrometer and its cell, as far as it is not that of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SpectrometerNoise {
    /// Read noise, root mean square \[counts\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_counts: Option<f64>,
    /// Standard deviation of the change of its window \[AU\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_offset_au: Option<f64>,
    /// How far its wavelengths drift [nm/h]: a pixel shows light of a longer wavelength than it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wavelength_drift_nm_per_h: Option<f64>,
}

impl LightNoise {
    /// What is left of all light after some hours, in parts of what it was.
    pub(crate) fn left(&self, hours: f64) -> f64 {
        (1.0 - 0.01 * self.drift_percent_per_h * hours).max(0.0)
    }

    /// What is left of that of one source beside the loss of all.
    pub(crate) fn left_of(&self, source: usize, hours: f64) -> f64 {
        let own = self.each_drift_percent_per_h.get(source);
        own.map_or(1.0, |percent| (1.0 - 0.01 * percent * hours).max(0.0))
    }
}

impl Noise {
    /// How far the wavelengths of a spectrometer drift [nm/h].
    pub(crate) fn wavelength_drift_of(&self, spectrometer: &str) -> f64 {
        let own = self.spectrometers.get(spectrometer);
        own.and_then(|noise| noise.wavelength_drift_nm_per_h).unwrap_or(0.0)
    }

    /// Read noise of a spectrometer, root mean square \[counts\].
    pub(crate) fn read_counts_of(&self, spectrometer: &str) -> f64 {
        let own = self.spectrometers.get(spectrometer).and_then(|noise| noise.read_counts);
        own.unwrap_or(self.read_counts)
    }

    /// Standard deviation of the change of a spectrometer's window \[AU\].
    pub(crate) fn window_offset_au_of(&self, spectrometer: &str) -> f64 {
        let own = self.spectrometers.get(spectrometer).and_then(|noise| noise.window_offset_au);
        own.unwrap_or(self.window.offset_au)
    }
}

/// Delivery of syringe pumps: Q = Qset (1 + b) (1 + ripple(x) + n(t)), x the plunger's position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PumpNoise {
    /// Bias b of one fill, standard deviation [%].
    pub bias_percent: f64,
    /// Ripple once a turn of the lead screw, amplitude [%].
    pub ripple_percent: f64,
    /// Ripple twice a turn, amplitude [%].
    pub second_ripple_percent: f64,
    /// Random part n (Ornstein–Uhlenbeck), standard deviation [%].
    pub jitter_percent: f64,
    /// Its correlation time \[s\].
    pub jitter_s: f64,
    /// Pumps for which some of these are others, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub each: BTreeMap<String, OnePumpNoise>,
}

/// Delivery of one pump, as far as it is not that of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct OnePumpNoise {
    /// Bias b of one fill, standard deviation [%].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias_percent: Option<f64>,
    /// Ripple once a turn of the lead screw, amplitude [%].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ripple_percent: Option<f64>,
    /// Ripple twice a turn, amplitude [%].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_ripple_percent: Option<f64>,
    /// Random part n (Ornstein–Uhlenbeck), standard deviation [%].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_percent: Option<f64>,
    /// Its correlation time \[s\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_s: Option<f64>,
}

impl PumpNoise {
    /// The delivery of one pump.
    pub fn of(&self, pump: &str) -> Self {
        let one = self.each.get(pump).cloned().unwrap_or_default();
        Self {
            bias_percent: one.bias_percent.unwrap_or(self.bias_percent),
            ripple_percent: one.ripple_percent.unwrap_or(self.ripple_percent),
            second_ripple_percent: one.second_ripple_percent.unwrap_or(self.second_ripple_percent),
            jitter_percent: one.jitter_percent.unwrap_or(self.jitter_percent),
            jitter_s: one.jitter_s.unwrap_or(self.jitter_s),
            each: BTreeMap::new(),
        }
    }

    /// The same without the ripple of a screw: a mass-flow controller has none.
    pub(crate) fn without_screw(self) -> Self {
        Self { ripple_percent: 0.0, second_ripple_percent: 0.0, ..self }
    }
}

/// A random deviation that returns to zero (Ornstein–Uhlenbeck).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Jitter {
    /// Standard deviation \[K\].
    pub deviation_k: f64,
    /// Correlation time \[s\].
    pub correlation_s: f64,
    /// Heaters for which some of these are others, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub each: BTreeMap<String, OneJitter>,
}

/// The deviation of one heater, as far as it is not that of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct OneJitter {
    /// Standard deviation \[K\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation_k: Option<f64>,
    /// Correlation time \[s\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_s: Option<f64>,
}

impl Jitter {
    /// The deviation of one heater.
    pub fn of(&self, heater: &str) -> Self {
        let one = self.each.get(heater).cloned().unwrap_or_default();
        Self {
            deviation_k: one.deviation_k.unwrap_or(self.deviation_k),
            correlation_s: one.correlation_s.unwrap_or(self.correlation_s),
            each: BTreeMap::new(),
        }
    }
}

/// Differences between slugs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SlugNoise {
    /// Volume, standard deviation [%].
    pub volume_percent: f64,
    /// Residence time, standard deviation [%].
    pub time_percent: f64,
}

/// Instability of a light.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct LightNoise {
    /// From frame to frame, standard deviation [%], all sources alike.
    pub flicker_percent: f64,
    /// From one acquisition to the next, standard deviation [%], each source on its own.
    pub set_percent: f64,
    /// Steady loss of light [%/h].
    pub drift_percent_per_h: f64,
    /// Steady loss of light of each source, in the order of `sources`, beside the loss of all [%/h]: lamps of a pair age apart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub each_drift_percent_per_h: Vec<f64>,
}

/// Change of a cell window between conditions: absorbance z·a·exp(−(λ − λ0)/w), z normal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct WindowNoise {
    /// Standard deviation a at λ0 \[AU\].
    pub offset_au: f64,
    /// λ0 \[nm\].
    pub at_nm: f64,
    /// w, over which it falls towards long wavelengths \[nm\], 0 for the same everywhere.
    pub decay_nm: f64,
}
