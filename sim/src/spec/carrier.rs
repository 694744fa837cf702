//! What is between the slugs, and how they form.

use serde::{Deserialize, Serialize};

/// The carrier between the slugs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    /// The pump that delivers it, or the mass-flow controller of `rig.gases`.
    pub pump: String,
    /// The liquid that it is; for a gas nothing need be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liquid: Option<super::Liquid>,
    /// Interfacial tension between slugs and carrier, or surface tension of the slugs in a gas [mN/m].
    pub interfacial_tension_mn_per_m: f64,
    /// Whether bubbles of a gas leave a film of liquid at the wall, so that they are faster than the slugs. False in tubes that the
    /// liquid does not wet.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = true)))]
    pub film: bool,
    /// Volumetric mass transfer coefficient kLa between bubbles and slugs, for each volume of liquid [1/s]. By van Baten and Krishna
    /// (2004, DOI 10.1016/j.ces.2004.03.010) from bore, speed and lengths if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kla_per_s: Option<f64>,
    /// Volume of its line on the heated plate \[µL\].
    #[serde(default)]
    pub hot_ul: f64,
    /// The heater that line lies on.
    #[serde(default)]
    pub heater: Option<String>,
    /// Time constant of heat from the plate to the carrier \[s\].
    #[serde(default = "heating")]
    pub heating_s: f64,
}

/// How slugs form: L/w = ε + α Qd/Qc (squeezing; Garstecki et al. 2006, DOI 10.1039/b510841a).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Segmentation {
    /// Width w of the channel where slugs form \[mm\].
    pub width_mm: f64,
    /// Length of a slug at vanishing flow, in widths: ε.
    #[serde(default = "two")]
    pub epsilon: f64,
    /// Growth of the length with the ratio of flows: α.
    #[serde(default = "one")]
    pub alpha: f64,
    /// By how much the ratios between streams, and of carrier to streams, may be off one to one before slugs merge and the train turns
    /// irregular [%]: the faster flow may exceed the slower one by so much.
    #[serde(default = "off_ratio")]
    pub off_ratio_percent: f64,
    /// Whether the train stays regular whatever the ratios are; default false.
    #[serde(default, skip_serializing_if = "super::is_false")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub any_ratio: bool,
    /// Capillary number of the carrier where slugs form above which the train turns irregular. Above it in any stretch, the film law goes
    /// beyond its range.
    #[serde(default = "irregular_capillary")]
    pub irregular_capillary: f64,
    /// Spread of the volumes of slugs in a train that is wholly irregular, standard deviation of the logarithm [%].
    #[serde(default = "irregular_spread")]
    pub irregular_spread_percent: f64,
    /// By how much a ratio or the capillary number exceeds its limit where the train is irregular to 63 % [%].
    #[serde(default = "irregular_within")]
    pub irregular_within_percent: f64,
    /// How far slugs of uneven streams alternate in an irregular train: 0 for the composition that the pumps give, 1 for
    /// slugs of one stream or the other.
    #[serde(default = "half")]
    pub alternation: f64,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_yes(flag: &bool) -> bool {
    *flag
}

defaults! {
    heating: f64 = 1.6;
    one: f64 = 1.0;
    two: f64 = 2.0;
    off_ratio: f64 = 20.0;
    irregular_capillary: f64 = 0.1;
    irregular_spread: f64 = 80.0;
    irregular_within: f64 = 5.0;
    half: f64 = 0.5;
}
