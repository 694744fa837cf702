//! Instruments that take samples of the liquid, and sensors in the line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An instrument that takes samples from the tube and parts them into peaks, one sample at a time: HPLC, GC. Of slugs in a
/// carrier it takes the slugs alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Analyser {
    /// The stretch it takes samples from, in the middle of its length.
    pub stretch: String,
    /// Volume of a sample \[µL\]: the mean of what passed last.
    #[serde(default = "five")]
    pub sample_ul: f64,
    /// Time from the injection to the results, in whole milliseconds \[s\].
    pub run_s: f64,
    /// Number of theoretical plates of its column, which makes peaks narrow.
    #[serde(default = "plates")]
    pub plates: f64,
    /// What is left of a sample in the one after it [%].
    #[serde(default)]
    pub carry_over_percent: f64,
    /// The species that it finds.
    pub peaks: Vec<Peak>,
}

/// A peak of a chromatogram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Peak {
    /// The species.
    pub of: String,
    /// Its retention time \[s\]; 0.1 to `run_s`.
    pub at_s: f64,
    /// Area for a concentration of one, relative to other peaks. It matters where peaks overlap.
    #[serde(default = "one")]
    pub response: f64,
    /// Smallest concentration that it detects \[mM\]. Less is reported as 0.
    #[serde(default)]
    pub detects_mm: f64,
}

/// A sensor in the line, which shows the liquid that passes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sensor {
    /// The stretch it sits in, in the middle of its length.
    pub stretch: String,
    /// What it measures.
    pub measures: Measures,
    /// Time constant of its response \[s\]; 0 follows at once.
    #[serde(default)]
    pub response_s: f64,
    /// How often it measures anew \[s\].
    #[serde(default = "one")]
    pub every_s: f64,
}

/// What a sensor in the line measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Measures {
    /// Concentration of a species \[mM\], as infrared or NMR do.
    Concentration {
        /// The species.
        of: String,
    },
    /// Temperature of the liquid [°C].
    Temperature,
    /// Pressure above that of the room \[kPa\].
    Pressure,
    /// Flow of all that passes [µL/min].
    Flow,
    /// Volume in the bottle that the stretch ends in, such as the waste bottle \[mL\].
    Level {
        /// What is in it at the start of a run \[mL\].
        #[serde(default)]
        begins_ml: f64,
    },
    /// Mass of that bottle on a balance \[g\]: liquids by their densities at 25 °C.
    Mass {
        /// What the balance shows at the start of a run \[g\].
        #[serde(default)]
        begins_g: f64,
    },
    /// Electrical conductivity [mS/cm]: κ = Σ Λ c (Kohlrausch, dilute).
    Conductivity {
        /// Molar conductivity Λ of each species \[S·cm²/mol\]: those of its ions, added.
        s_cm2_per_mol: BTreeMap<String, f64>,
    },
}

/// A switch that permits to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// What opens it.
    pub of: Watches,
}

/// What opens a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Watches {
    /// A door that is opened.
    Door,
    /// An emergency stop that is pressed.
    EmergencyStop,
    /// Liquid where there should be none.
    Leak,
    /// A gas in the room: the alarm contact of a detector.
    Gas,
}

fn one() -> f64 {
    1.0
}

fn five() -> f64 {
    5.0
}

fn plates() -> f64 {
    10_000.0
}
