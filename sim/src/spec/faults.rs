//! What goes wrong: on schedule, at random, or by a rule of chemistry.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Mishaps at given moments.
    pub scheduled: Vec<ScheduledFault>,
    /// Mishaps that come at random.
    pub random: Vec<RandomFault>,
    /// Stocks that do not stay clear.
    pub precipitation: Vec<Precipitation>,
}

/// A mishap at a given moment of lab time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ScheduledFault {
    /// When, in lab time \[s\].
    pub at_s: f64,
    /// For how long \[s\], for ever if not given.
    #[serde(default)]
    pub for_s: Option<f64>,
    /// What.
    pub mishap: Mishap,
}

/// A mishap that comes at random, with exponential times between.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RandomFault {
    /// How often [1/h].
    pub rate_per_h: f64,
    /// For how long \[s\], for ever if not given.
    #[serde(default)]
    pub for_s: Option<f64>,
    /// What.
    pub mishap: Mishap,
}

/// What can go wrong with an instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Mishap {
    /// A pump is blocked and reports that it stalled.
    Stall {
        /// Which pump.
        pump: String,
    },
    /// Gas in a syringe: it gives way, and flow follows slowly.
    Bubble {
        /// Which pump.
        pump: String,
        /// The time constant while the gas is there \[s\].
        compliance_s: f64,
    },
    /// A light gives no light, switched on or not.
    Dark {
        /// Which light.
        light: String,
    },
    /// A light gives another amount of light (too bright, it saturates the spectrometer).
    Brightness {
        /// Which light.
        light: String,
        /// Times its normal light.
        factor: f64,
    },
    /// A heater's output is stuck at full power.
    Runaway {
        /// Which heater.
        heater: String,
    },
    /// The temperature sensor of a heater is open.
    SensorOpen {
        /// Which heater.
        heater: String,
    },
    /// A stretch of tube clogs: it resists the flow more. A pump stalls where that takes more pressure than its drive gives.
    Clog {
        /// Which stretch.
        stretch: String,
        /// Times its normal resistance.
        factor: f64,
    },
    /// A switch opens: somebody opens a door or presses an emergency stop, or a leak sensor becomes wet.
    Opens {
        /// Which switch.
        switch: String,
    },
    /// A valve does not turn any more, whatever it acknowledges.
    Sticks {
        /// Which valve.
        valve: String,
    },
    /// Slugs merge: the train is irregular.
    Coalescence {},
    /// An instrument (pump, valve, heater, light or spectrometer) does not answer.
    Silence {
        /// Which instrument, by name.
        instrument: String,
        /// How long the host waits for the answer \[s\].
        waited_s: f64,
    },
    /// The link to all instruments is lost while time passes.
    LinkLost {},
}

/// A stock that throws solids when it holds too little ligand: the line of its pump clogs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Precipitation {
    /// The species that falls out.
    pub solid: String,
    /// The species that keeps it dissolved.
    pub ligand: String,
    /// Least ratio of ligand to solid that stays clear, in moles.
    pub least_ratio: f64,
    /// Volume of the stock that passes before its line is clogged \[mL\].
    pub clogs_after_ml: f64,
}
