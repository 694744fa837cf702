//! The tables of a scenario file that describe a simulated world.
//!
//! Plain data, one struct for each table. Nothing here knows a chemical or counts pumps: stocks
//! hold species, pumps join into streams, streams meet the carrier, the slugs pass stretches of
//! tube, and product and optics are lists of terms on the concentrations in a slug. Every key ends
//! in its unit; every choice is a table with one key; unknown keys are refused.
//! [`crate::Plan::new`] checks all values against their ranges, [`RANGES`], which `docs/scenario-keys.md` shows.

/// Functions that return the defaults of keys, as serde asks for them.
macro_rules! defaults {
    ($($name:ident: $kind:ty = $value:expr;)*) => {
        $(fn $name() -> $kind { $value })*
    };
}

mod analysers;
mod carrier;
mod chemistry;
mod continuous;
mod factors;
mod faults;
mod gases;
mod liquid;
mod noise;
mod optics;
mod particles;
mod ranges;
mod reactions;
mod rig;
mod valves;

pub use analysers::{Analyser, Measures, Peak, Sensor, Switch, Watches};
pub use carrier::{Carrier, Segmentation};
pub use chemistry::{Chemistry, Growth, Part, Population, Product, Size, TimeBase};
pub use continuous::Continuous;
pub use factors::{Factor, Rate, Sensitivity};
pub use faults::{Faults, Mishap, Precipitation, RandomFault, ScheduledFault};
pub use gases::Gas;
pub use liquid::Liquid;
pub use noise::{
    AnalyserNoise, Jitter, LightNoise, Noise, OneJitter, OnePumpNoise, PumpNoise, SensorNoise,
    SlugNoise, SpectrometerNoise, WindowNoise,
};
pub use optics::{Absorber, Emission, Excitation, InnerFilter, Optics, Scatter, Shape};
pub use particles::{Body, Bowing, Deposition, Nucleation, Particles, Pure};
pub use ranges::RANGES;
pub use reactions::{RateFactor, Reaction, Reverse, Species};
pub use rig::{
    Bed, Heater, LARGEST_SYRINGE_ML, Light, LightSource, Mixing, Pump, PumpSteps, Rig, Signal,
    SpectralLine, Spectrometer, Stream, Stretch,
};
pub use valves::{Position, PumpRefill, Valve};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A whole world: one field for each table of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct World {
    /// The apparatus.
    pub rig: Rig,
    /// The liquids in the syringes, by name.
    pub stocks: Stocks,
    /// What happens in a slug.
    #[serde(default)]
    pub chemistry: Chemistry,
    /// What light does in a slug; needed where there is a spectrometer.
    #[serde(default)]
    pub optics: Optics,
    /// Everything random or drifting.
    #[serde(default)]
    pub noise: Noise,
    /// What goes wrong, and when.
    #[serde(default)]
    pub faults: Faults,
}

/// The stocks, by name.
pub type Stocks = BTreeMap<String, Stock>;

/// A liquid in a syringe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stock {
    /// Concentration of each species in it \[mM\]. A species that is not named is not there.
    #[serde(default)]
    pub concentrations_mm: BTreeMap<String, f64>,
    /// Mole fraction of each species in a gas; what is left of one is inert. For stocks of `rig.gases`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mole_fractions: BTreeMap<String, f64>,
    /// Whether it counts as hazardous in the metrics of a lab.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub hazardous: bool,
    /// Whether it counts as of high value there.
    #[serde(default, skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub high_value: bool,
    /// How long it can be used once it is made \[h\]. Metrics use it; nothing ages in the simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps_h: Option<f64>,
}

/// Whether a flag says nothing that its absence would not say: it is not written then.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}
