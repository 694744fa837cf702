//! What light does in slug and carrier.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::is_false;

/// What light does in slug and carrier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Optics {
    /// Wavelength of the excitation \[nm\].
    pub excitation_nm: f64,
    /// Which wavelengths excite.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = "line")))]
    pub excitation: Excitation,
    /// Counts of the exciting light, at the maximum of all its sources together, at which `counts_scale` holds: emission goes with the
    /// light's `counts` then. Not given, those counts only scatter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excitation_counts: Option<f64>,
    /// Whose absorption takes light from the emission.
    #[serde(default, skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = "own")))]
    pub inner_filter: InnerFilter,
    /// What absorbs in a slug.
    #[serde(default)]
    pub absorption: Vec<Absorber>,
    /// Scale of all emission: the signal of an amplitude of one, in one reference integration \[counts\].
    #[serde(default = "counts_scale")]
    pub counts_scale: f64,
    /// What a slug emits.
    #[serde(default)]
    pub emission: Vec<Emission>,
    /// Excitation light that is scattered into the emission spectrometer.
    #[serde(default)]
    pub scatter: Scatter,
}

/// Which wavelengths excite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Excitation {
    /// `excitation_nm` alone.
    #[default]
    Line,
    /// The spectrum of the light of the spectrometer, each wavelength by its share of the counts.
    Spectrum,
}

/// Whose absorption takes light from the emission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InnerFilter {
    /// That of the species that emits: each band sees the share that its own species absorbs.
    #[default]
    Own,
    /// That of everything in the slug: what absorbs shares the excitation in proportion to its absorbance, and emission passes half of
    /// the bore on its way out.
    All,
}

/// Something that absorbs, by Beer and Lambert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Absorber {
    /// The quantity that absorbs; the background of every slug if none is named.
    #[serde(default)]
    pub of: Option<String>,
    /// Decadic molar absorption coefficient at `at_nm` [1/(M·cm)], 0 to 1 000 000; for a background, the absorption coefficient of the
    /// slug [1/cm], 0 to 100.
    pub epsilon_per_m_cm: f64,
    /// Where that holds \[nm\].
    pub at_nm: f64,
    /// Shape of the band: a sum of these, scaled to one at `at_nm`.
    pub shape: Vec<Shape>,
    /// Whether it scatters light out of the beam and absorbs none: it dims what passes, and nothing emits by it.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub scatters: bool,
}

/// The shape of a band or of a lamp.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Shape {
    /// A Gaussian in wavelength.
    Gaussian {
        /// Centre \[nm\].
        centre_nm: f64,
        /// Full width at half maximum \[nm\].
        fwhm_nm: f64,
        /// Height.
        #[serde(default = "one")]
        height: f64,
    },
    /// A continuum that sets in below a wavelength: h/(1 + exp((λ − λ0)/w)).
    Edge {
        /// λ0 \[nm\].
        onset_nm: f64,
        /// w \[nm\].
        width_nm: f64,
        /// Height h.
        #[serde(default = "one")]
        height: f64,
    },
    /// The same at all wavelengths.
    Flat(f64),
    /// A power of the wavelength, h (λ0/λ)ⁿ: what small particles scatter out of a beam, with n = 4 (Rayleigh).
    Power {
        /// λ0 \[nm\].
        at_nm: f64,
        /// n.
        exponent: f64,
        /// Height h at λ0.
        #[serde(default = "one")]
        height: f64,
    },
    /// Straight lines between points of wavelength \[nm\], ascending, and height.
    Points(Vec<[f64; 2]>),
}

/// A band a slug emits: a Gaussian in energy, shown per wavelength (Jacobian hc/λ²).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Emission {
    /// Its name.
    pub name: String,
    /// Wavelength of its maximum, as a spectrometer shows it \[nm\]; not given where the band is `of_particles`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_nm: Option<f64>,
    /// Whether `[chemistry.particles]` emit it: their size and composition say where, and their spread widens it.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub of_particles: bool,
    /// Full width at half maximum, in energy \[eV\]; of particles, that of a single one.
    pub fwhm_ev: f64,
    /// Amplitude: this, times `optics.counts_scale`, times what follows.
    pub scale: f64,
    /// Times the share of the excitation that this quantity absorbs, 1 − 10^(−A).
    #[serde(default)]
    pub absorbed_by: Option<String>,
    /// Times each of these quantities.
    #[serde(default)]
    pub times: Vec<String>,
    /// Whether the wall of the tube emits it, in slugs and carrier alike: nothing absorbs the light for it then.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub of_tube: bool,
}

/// Excitation light that is scattered into the emission spectrometer, in parts of the light's own
/// counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Scatter {
    /// By the carrier.
    pub carrier: f64,
    /// By a slug.
    pub slug: f64,
    /// By what is in a slug, for one mM of each quantity.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by: BTreeMap<String, f64>,
}

impl Default for Scatter {
    fn default() -> Self {
        Self { carrier: 0.4, slug: 0.05, by: BTreeMap::new() }
    }
}

/// Whether a choice is the one that is made where none is: it is not written then.
fn is_default<T: Default + PartialEq>(choice: &T) -> bool {
    *choice == T::default()
}

fn counts_scale() -> f64 {
    60_000.0
}

fn one() -> f64 {
    1.0
}
