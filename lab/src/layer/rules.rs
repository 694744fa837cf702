//! The limits a guard enforces: the `[guard]` table of a scenario or wiring file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{PumpId, SensorId};
use crate::manifest::Manifest;
use crate::observation::is_false;
use crate::range::Ranged;
use crate::ranges;

ranges! {
    /// The ranges of the tables of a guard, by the name of the type.
    pub const RANGES;

    struct Limits {
        tick_s: 0.01, 3_600.0, "s";
        max_total_ul_per_min: 0.001, 1e7, "µL/min";
        max_temperature_c: -100.0, 2_000.0, "°C";
        max_rise_k_per_min: 0.01, 1e5, "K/min";
        set_point_margin_k: 0.0, 1_000.0, "K";
        no_heat_without_flow_above_c: -100.0, 2_000.0, "°C";
        no_flow_grace_s: 0.0, 1e7, "s";
        out_of_step_k: 0.01, 10_000.0, "K";
        out_of_step_s: 0.0, 1e7, "s";
        frozen_s: 1.0, 1e7, "s";
        loop_tolerance: 0.001, 1_000.0, "";
        loop_drift: 0.001, 1_000.0, "";
        no_reading_s: 1.0, 1e5, "s";
        least_delivered: 0.0, 1.0, "";
        most_delivered: 1.0, 1_000.0, "";
        lag_ul: 0.001, 1e6, "µL";
        delivered_every_s: 0.1, 1e5, "s";
        max_pressure_kpa: 0.1, 1e6, "kPa";
        flow_tolerance: 0.001, 1_000.0, "";
        flow_grace_s: 0.0, 1e6, "s";
        reserve_ul: 0.0, 1e7, "µL";
        ratio_grace_s: 0.0, 1e6, "s";
        max_light_s: 0.1, 1e7, "s";
    }
    struct RatioRule {
        low: 0.0, 1e9, "";
        high: 0.0, 1e9, "";
    }
    struct SensorRule {
        for_s: 0.0, 1e6, "s";
        low: -1e9, 1e9, "";
        high: -1e9, 1e9, "";
    }
}

/// Limits of a rig beyond those of its single instruments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Time between two looks at the instruments while time passes \[s\].
    pub tick_s: f64,
    /// Sum of all rates must not exceed this [µL/min].
    pub max_total_ul_per_min: f64,
    /// A temperature above this makes the rig safe [°C].
    pub max_temperature_c: f64,
    /// A temperature that rises or falls faster makes the rig safe [K/min].
    pub max_rise_k_per_min: f64,
    /// Set points stay this far below `max_temperature_c` \[K\].
    pub set_point_margin_k: f64,
    /// Above this temperature something must flow [°C]; 60 if not given, unless `heat_without_flow` says otherwise.
    pub no_heat_without_flow_above_c: Option<f64>,
    /// Whether the rig may stay hot without flow for any time. Reagents that rest in a hot tube clog it.
    #[serde(skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub heat_without_flow: bool,
    /// For how long it may stand still above that temperature after a heater was given its set point \[s\].
    pub no_flow_grace_s: f64,
    /// A process value may be this far from its set point \[K\] …
    pub out_of_step_k: f64,
    /// … for this long \[s\].
    pub out_of_step_s: f64,
    /// A reading that has not moved by a single digit for this long is stale \[s\], while the heater works.
    pub frozen_s: f64,
    /// How far power and loss of a heated zone may be from those of the scenario, as a share: a temperature that
    /// does not answer the power within that makes the rig safe. 1 or more: nothing is compared.
    #[serde(skip_serializing_if = "is_default_tolerance")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = LOOP_TOLERANCE)))]
    pub loop_tolerance: f64,
    /// How far they may be from what this rig has shown before at like temperatures, as a share. 1 or more: nothing is
    /// compared.
    #[serde(skip_serializing_if = "is_default_drift")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = LOOP_DRIFT)))]
    pub loop_drift: f64,
    /// Longest time without a check of the instruments while something is on; after that the rig is made safe \[s\].
    pub no_reading_s: f64,
    /// A pump that has delivered less than this share of its rate, and lags more than `lag_ul`, has stalled,
    /// whatever its status.
    pub least_delivered: f64,
    /// A pump that has delivered more than this many times its rate, and is ahead by more than `lag_ul`, does
    /// not follow its command.
    #[serde(skip_serializing_if = "is_default_most")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = MOST_DELIVERED)))]
    pub most_delivered: f64,
    /// How far a pump may lag or be ahead whatever its rate \[µL\].
    pub lag_ul: f64,
    /// How often the delivered volume is read \[s\].
    pub delivered_every_s: f64,
    /// Highest pressure that the weakest part of the flow path bears \[kPa\]: a pump that stalls at a higher one is not
    /// started, and a pressure sensor that reads more makes the rig safe; none if unknown. Without it, pressure sensors are
    /// held to `rig.max_pressure_kpa`.
    pub max_pressure_kpa: Option<f64>,
    /// What sensors may read, by their names; beyond that the rig is made safe.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sensors: BTreeMap<SensorId, SensorRule>,
    /// How far what a flow sensor reads may be from what its pumps were told, as a share of that. 1 or more: nothing is
    /// compared.
    #[serde(skip_serializing_if = "is_default_flow")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = FLOW_TOLERANCE)))]
    pub flow_tolerance: f64,
    /// For how long a flow may be further off, as it is while pumps start and stop \[s\].
    #[serde(skip_serializing_if = "is_default_grace")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = FLOW_GRACE_S)))]
    pub flow_grace_s: f64,
    /// Volume left in a syringe below which its pump is not started \[µL\].
    pub reserve_ul: f64,
    /// Ratios of flows that must hold while liquid flows.
    pub ratios: Vec<RatioRule>,
    /// For how long a ratio may be off, as it is while the pumps are set one after the other \[s\].
    pub ratio_grace_s: f64,
    /// A light may be on for this long \[s\].
    pub max_light_s: f64,
}

const MOST_DELIVERED: f64 = 1.02;
/// Above this temperature something must flow, unless a scenario says otherwise [°C].
const FLOW_ABOVE_C: f64 = 60.0;
const LOOP_TOLERANCE: f64 = 0.25;
const LOOP_DRIFT: f64 = 0.06;

const FLOW_TOLERANCE: f64 = 0.2;
const FLOW_GRACE_S: f64 = 60.0;

// Scenarios that leave these keys as they are have the digest that they had before there were any.
fn is_default_most(value: &f64) -> bool {
    value.to_bits() == MOST_DELIVERED.to_bits()
}

fn is_default_tolerance(value: &f64) -> bool {
    value.to_bits() == LOOP_TOLERANCE.to_bits()
}

fn is_default_drift(value: &f64) -> bool {
    value.to_bits() == LOOP_DRIFT.to_bits()
}

fn is_default_flow(value: &f64) -> bool {
    value.to_bits() == FLOW_TOLERANCE.to_bits()
}

fn is_default_grace(value: &f64) -> bool {
    value.to_bits() == FLOW_GRACE_S.to_bits()
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tick_s: 5.0,
            max_total_ul_per_min: 5_000.0,
            max_temperature_c: 220.0,
            max_rise_k_per_min: 60.0,
            set_point_margin_k: 10.0,
            no_heat_without_flow_above_c: None,
            heat_without_flow: false,
            no_flow_grace_s: 3_600.0,
            out_of_step_k: 10.0,
            out_of_step_s: 3_600.0,
            frozen_s: 600.0,
            loop_tolerance: LOOP_TOLERANCE,
            loop_drift: LOOP_DRIFT,
            no_reading_s: 60.0,
            least_delivered: 0.98,
            most_delivered: MOST_DELIVERED,
            lag_ul: 10.0,
            delivered_every_s: 30.0,
            max_pressure_kpa: None,
            sensors: BTreeMap::new(),
            flow_tolerance: FLOW_TOLERANCE,
            flow_grace_s: FLOW_GRACE_S,
            reserve_ul: 0.0,
            ratios: Vec::new(),
            ratio_grace_s: 30.0,
            max_light_s: 600.0,
        }
    }
}

impl Limits {
    /// The highest pressure that a sensor may read \[kPa\]: what is said here, or else what the rig bears.
    pub(crate) fn highest_pressure_kpa(&self, manifest: &Manifest) -> Option<f64> {
        let bears = || manifest.path.train.as_ref().map(|train| train.bears_kpa);
        self.max_pressure_kpa.or_else(bears)
    }

    /// Time between two looks \[s\]: the default where it is outside its range, so that a guard looks and time goes on also with
    /// limits that nobody has checked.
    pub(super) fn tick(&self) -> f64 {
        let range = <Self as Ranged>::range("tick_s");
        let within = (range.low..=range.high).contains(&self.tick_s);
        if within { self.tick_s } else { Self::default().tick_s }
    }

    /// The temperature above which something must flow [°C]; none where heating without flow is allowed.
    pub fn needs_flow_above_c(&self) -> Option<f64> {
        let default = (!self.heat_without_flow).then_some(FLOW_ABOVE_C);
        self.no_heat_without_flow_above_c.or(default)
    }
}

/// The flow of some pumps over that of others must lie in a range, such as "the two streams are one to one".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RatioRule {
    /// Its name.
    pub name: String,
    /// Pumps above the line.
    pub of: Vec<PumpId>,
    /// Pumps below the line.
    pub to: Vec<PumpId>,
    /// Lowest ratio.
    pub low: f64,
    /// Highest ratio.
    pub high: f64,
}

/// What a sensor may read, in the unit of its kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SensorRule {
    /// A lower reading makes the rig safe.
    pub low: Option<f64>,
    /// A higher reading makes the rig safe.
    pub high: Option<f64>,
    /// For how long it may be beyond that \[s\].
    pub for_s: f64,
    /// Whether this holds only while something flows.
    #[serde(skip_serializing_if = "is_false")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = false)))]
    pub while_flowing: bool,
}
