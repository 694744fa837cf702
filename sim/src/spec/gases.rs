//! Gases: what brings them, and how they dissolve.

use flowtwin_lab::path::Standard;
use serde::{Deserialize, Serialize};

/// A mass-flow controller that brings a gas from a cylinder. It is named, set and read like a pump, in standard volumes: 1000 µL/min are
/// 1 standard mL/min.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Gas {
    /// The stock in its cylinder.
    pub stock: String,
    /// Slowest flow that it controls, standard [mL/min].
    pub slowest_ml_per_min: f64,
    /// Fastest flow, standard [mL/min].
    pub fastest_ml_per_min: f64,
    /// What the cylinder holds at the start of the run, as a standard volume \[L\].
    #[serde(default = "cylinder")]
    pub holds_l: f64,
    /// Temperature of its standard conditions [°C]. Makers differ: 0, 20 and 25 °C are in use.
    #[serde(default)]
    pub standard_c: f64,
    /// Pressure of its standard conditions \[kPa\].
    #[serde(default = "atmosphere")]
    pub standard_kpa: f64,
    /// Time constant with which the flow follows its set point \[s\].
    #[serde(default = "response")]
    pub response_s: f64,
    /// What it delivers of what it is told [%]. So are rigs that have moved: the campaign does not know.
    #[serde(default = "hundred")]
    pub delivers_percent: f64,
}

impl Gas {
    /// Its standard conditions.
    pub(crate) fn standard(&self) -> Standard {
        Standard { celsius: self.standard_c, kpa: self.standard_kpa }
    }
}

fn cylinder() -> f64 {
    1000.0
}

fn atmosphere() -> f64 {
    101.325
}

fn response() -> f64 {
    1.0
}

fn hundred() -> f64 {
    100.0
}
