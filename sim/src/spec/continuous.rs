//! Pumps that are not emptied.

use serde::{Deserialize, Serialize};

/// An HPLC, gear or peristaltic pump: it draws from a bottle while it delivers, and has no syringe. Its flow pulses with its strokes, as
/// that of a syringe pump does with the turns of its screw: `noise.pumps.ripple_percent`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Continuous {
    /// Slowest rate [µL/min].
    pub slowest_ul_per_min: f64,
    /// Fastest rate [µL/min].
    pub fastest_ul_per_min: f64,
    /// Volume after which its flow repeats \[µL\]: of a stroke of its piston, a tooth of its gears, or what is between two rollers.
    pub stroke_ul: f64,
    /// Pressure at which it stops by itself, or its tube slips \[kPa\]; unknown if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_kpa: Option<f64>,
}
