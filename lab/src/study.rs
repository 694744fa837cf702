//! What a study does on a lab, so that its simulator can be calibrated: tasks, and what is read in them.
//!
//! A task is carried out by [`crate::Procedure::carry_out`]; experiments are those of a phase.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::conditions::Conditions;
use crate::id::{HeaterId, PumpId, SensorId};
use crate::math;
use crate::observation::Quality;
use crate::time::Instant;

/// One part of a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// The experiments of a phase.
    Experiments {
        /// Its name.
        phase: String,
    },
    /// A heater is heated to set points and cools.
    Heat(HeatTask),
    /// The lights are watched.
    Light(LightTask),
    /// A pump delivers onto a balance.
    Deliver(DeliverTask),
    /// One liquid is replaced by another.
    Tracer(TracerTask),
    /// Inputs are ramped.
    Ramp(RampTask),
    /// Inputs are ramped as seems best once all tasks before it are done.
    ChosenRamp(ChosenRampTask),
}

impl Task {
    /// What it is, in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Experiments { .. } => "experiments",
            Self::Heat(_) => "heat",
            Self::Light(_) => "light",
            Self::Deliver(_) => "flow",
            Self::Tracer(_) => "tracer",
            Self::Ramp(_) | Self::ChosenRamp(_) => "ramp",
        }
    }

    /// Whether it needs reference spectra, and lines full of their stocks.
    pub fn needs_blank(&self) -> bool {
        !matches!(self, Self::Heat(_) | Self::Deliver(_))
    }
}

/// A heating curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeatTask {
    /// The heater.
    pub heater: HeaterId,
    /// Its set points, in order \[°C\].
    pub set_points_c: Vec<f64>,
    /// How long each is held once it has settled \[s\].
    pub hold_s: f64,
    /// How long it cools in the end, switched off \[s\].
    pub cool_s: f64,
    /// Time between two readings \[s\].
    pub every_s: f64,
}

/// Lights that are watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LightTask {
    /// For how long \[s\].
    pub duration_s: f64,
    /// Time from the start of one reading to that of the next \[s\].
    pub every_s: f64,
}

/// Deliveries of a pump that are weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliverTask {
    /// The pump.
    pub pump: PumpId,
    /// The balance.
    pub balance: SensorId,
    /// Rates, in order [µL/min].
    pub rates_ul_per_min: Vec<f64>,
    /// How long each delivery lasts \[s\].
    pub seconds: f64,
    /// How long the liquid comes to rest before it is weighed \[s\].
    pub rest_s: f64,
}

/// A step from one set of conditions to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TracerTask {
    /// What flows first, until it is steady.
    pub from: Conditions,
    /// What replaces it, at once.
    pub to: Conditions,
    /// For how long that is read \[s\].
    pub lasts_s: f64,
    /// Time from the start of one reading to that of the next \[s\].
    pub every_s: f64,
}

/// A ramp of inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RampTask {
    /// Where it begins, from steady state.
    pub from: Conditions,
    /// Where it ends.
    pub to: Conditions,
    /// Its times.
    pub times: RampSpec,
}

/// Inputs in the order of the space, and how long the ramp takes: `flow = 100 to 300, bath_c = 80 in 12 min`.
impl fmt::Display for RampTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, ((name, from), (_, to))) in self.from.words().zip(self.to.words()).enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            let (from, to) = (from.to_string(), to.to_string());
            let until = if from == to { String::new() } else { format!(" to {to}") };
            write!(f, "{comma}{name} = {from}{until}")?;
        }
        write!(f, " in {} min", math::round_decimals(self.times.duration_s / 60.0, 1))
    }
}

/// A ramp that is chosen when its turn comes. The journal records the [`RampTask`] that was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChosenRampTask {
    /// Keys of the scenario of which it is to tell most.
    pub free: Vec<String>,
    /// How long it takes, where that is fixed \[min\].
    pub minutes: Option<f64>,
}

/// How flows are ramped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RampSpec {
    /// Length of the ramp \[s\]; 0.001 to 1e6.
    pub duration_s: f64,
    /// Time between two changes of the rates \[s\]; 0.001 to 1e6.
    pub step_s: f64,
    /// Time from the start of one reading to that of the next \[s\]; 0.001 to 1e6.
    pub every_s: f64,
}

/// What was read once in a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// When.
    pub at_ns: Instant,
    /// What, by names that end in their units; none where it was no number.
    pub values: Vec<(String, Option<f64>)>,
    /// The conditions that it stands for, where it is one of a ramp.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// Flags.
    #[serde(default, skip_serializing_if = "is_good")]
    pub quality: Quality,
    /// Spectra by channel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spectra: Vec<(String, Vec<f64>)>,
}

fn is_good(quality: &Quality) -> bool {
    quality.flags().is_empty()
}

impl Reading {
    /// Some numbers that were read at a moment.
    pub fn of(at_ns: Instant, values: &[(&str, f64)]) -> Self {
        let value = |(name, value): &(&str, f64)| {
            ((*name).to_owned(), Some(*value).filter(|value| value.is_finite()))
        };
        Self {
            at_ns,
            values: values.iter().map(value).collect(),
            conditions: None,
            quality: Quality::default(),
            spectra: Vec::new(),
        }
    }

    /// A value by its name.
    pub fn value(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(known, _)| known == name).and_then(|(_, value)| *value)
    }
}
