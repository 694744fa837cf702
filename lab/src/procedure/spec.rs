//! The numbers of a procedure: the `[procedure]` table of a scenario.

use serde::{Deserialize, Serialize};

use super::collect::CollectSpec;
use crate::id::PumpId;
use crate::ranges;

ranges! {
    /// The ranges of the tables of a procedure, by the name of the type.
    pub const RANGES;

    struct ProcedureSpec {
        settle_band_k: 0.01, 100.0, "K";
        settle_for_s: 0.0, 86_400.0, "s";
        settle_timeout_s: 1.0, 86_400.0, "s";
        poll_s: 0.01, 3_600.0, "s";
        pump_gap_s: 0.0, 60.0, "s";
        light_settle_s: 0.0, 3_600.0, "s";
        dark_frames: 1.0, 100_000.0, "frames";
        volume_margin: 1.0, 10.0, "";
        patience_s: 0.0, 3_600.0, "s";
    }
    struct SteadySpec {
        band: 1e-6, 1.0, "";
        window: 2.0, 1_000.0, "readings";
        every_residence_times: 0.001, 100.0, "residence times";
        from_residence_times: 0.0, 100.0, "residence times";
        at_most_residence_times: 0.0, 100.0, "residence times";
    }
    struct RinseSpec {
        volume_ul: 1.0, 100_000.0, "µL";
    }
    struct CollectSpec {
        volume_ul: 1.0, 1_000_000.0, "µL";
        behind_ul: 0.0, 100_000.0, "µL";
    }
    struct FlushSpec {
        flush_s: 0.0, 86_400.0, "s";
    }
    enum WaitSpec {
        ResidenceTimes("residence_times"): 0.0, 100.0, "residence times";
    }
}

/// How an experiment is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ProcedureSpec {
    /// A temperature is settled within this distance of its set point \[K\].
    pub settle_band_k: f64,
    /// … for this long \[s\].
    pub settle_for_s: f64,
    /// An experiment fails where it has not settled by then \[s\].
    pub settle_timeout_s: f64,
    /// Time between two readings of a temperature that is settling \[s\].
    pub poll_s: f64,
    /// Time between the commands to two pumps \[s\].
    pub pump_gap_s: f64,
    /// When the reactor is taken to be at steady state.
    pub wait: WaitSpec,
    /// Time a light needs to be steady after it has been switched on or its shutter opened \[s\].
    pub light_settle_s: f64,
    /// Frames averaged for the dark of each channel.
    pub dark_frames: u32,
    /// Pumps are given this many times the volume that the experiment needs at most, then stop by themselves.
    pub volume_margin: f64,
    /// How long an instrument may be late \[s\].
    pub patience_s: f64,
    /// How the lines are filled with stocks before anything else. Without it the first experiment follows on lines full of
    /// blank liquid, and reads low by what 1.2 residence times leave of them: 5 %.
    pub fill: FlushSpec,
    /// How the flow cells are then filled with carrier, for the reference spectra.
    pub blank: FlushSpec,
    /// Where the liquid of each experiment is collected, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collect: Option<CollectSpec>,
    /// What flows after a fault that stops the campaign, once the rig is safe.
    #[serde(skip_serializing_if = "OnFault::is_stop")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = OnFault::Stop)))]
    pub on_fault: OnFault,
}

impl Default for ProcedureSpec {
    fn default() -> Self {
        Self {
            settle_band_k: 1.0,
            settle_for_s: 60.0,
            settle_timeout_s: 3_600.0,
            poll_s: 5.0,
            pump_gap_s: 0.4,
            wait: WaitSpec::ResidenceTimes(1.2),
            light_settle_s: 0.5,
            dark_frames: 50,
            volume_margin: 1.25,
            patience_s: 10.0,
            fill: FlushSpec::default(),
            blank: FlushSpec::default(),
            collect: None,
            on_fault: OnFault::Stop,
        }
    }
}

/// When the reactor is taken to be at steady state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WaitSpec {
    /// After so many residence times; 1.2 in the paper (Sadeghi et al. 2024, Fig. 3A).
    ResidenceTimes(f64),
    /// When the features have been steady for a while.
    Steady(SteadySpec),
}

/// Steady means: the last `window` readings of every watched feature lie within `band` of their mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SteadySpec {
    /// Watched features.
    pub features: Vec<String>,
    /// Largest relative distance from the mean of the window.
    pub band: f64,
    /// Number of readings.
    pub window: usize,
    /// Time from the start of one reading to that of the next, in residence times; where that is less than a reading takes, one follows the
    /// other.
    pub every_residence_times: f64,
    /// First reading, in residence times after the flow has started.
    pub from_residence_times: f64,
    /// The last reading begins by then, steady or not (then flagged), in residence times; from the first reading to 100.
    pub at_most_residence_times: f64,
}

/// What flows after a fault that stops the campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OnFault {
    /// Nothing: what is in the tube stays there.
    #[default]
    Stop,
    /// A finite volume that washes reagents out of the tube, heaters off. Not after faults of pressure, a leak, an open door,
    /// or of the pump itself, and not where a heater or a pump is not safe; nor where somebody stops the run.
    Flush(RinseSpec),
}

impl OnFault {
    fn is_stop(&self) -> bool {
        *self == Self::Stop
    }
}

/// What washes reagents out of the tube after a fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RinseSpec {
    /// The pump of the carrier or a solvent.
    pub pump: PumpId,
    /// Its rate [µL/min].
    pub ul_per_min: f64,
    /// How much it delivers \[µL\].
    pub volume_ul: f64,
}

/// What flows before the first experiment, and for how long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct FlushSpec {
    /// Pumps that run. None: nothing flows.
    pub rates: Vec<FlushRate>,
    /// For how long \[s\].
    pub flush_s: f64,
}

/// A pump that runs before the first experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FlushRate {
    /// The pump.
    pub pump: PumpId,
    /// Its rate [µL/min].
    pub ul_per_min: f64,
}
