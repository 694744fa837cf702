//! Valves, and syringes that are refilled through them.

use serde::{Deserialize, Serialize};

/// A valve that is turned. It stands in its first position at the start of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Valve {
    /// Its positions, in the order of its ports.
    pub positions: Vec<Position>,
    /// Longest time in which it turns \[s\].
    #[serde(default = "two")]
    pub turns_s: f64,
}

/// A position of a valve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Its name.
    pub name: String,
    /// The pumps whose way to the rig is open in it. Every other pump of this valve presses against a closed way.
    #[serde(default)]
    pub opens: Vec<String>,
}

/// How a syringe pump refills itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PumpRefill {
    /// The valve between the syringe, its bottle and the line.
    pub valve: String,
    /// The position of that valve in which the syringe is at its bottle.
    pub at: String,
    /// How fast the pump draws [µL/min].
    pub ul_per_min: f64,
    /// Time after drawing in which the liquid comes to rest, before the valve is turned back \[s\].
    #[serde(default = "five")]
    pub settle_s: f64,
    /// Volume in the bottle at the start of the run \[mL\]; nobody keeps count of it if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bottle_ml: Option<f64>,
}

fn two() -> f64 {
    2.0
}

fn five() -> f64 {
    5.0
}
